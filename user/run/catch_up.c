// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/catch_up.h"

static void go_on(struct rp_catch_up *c)
{
	uint64_t next = rp_screen__catch_up(c->screen);

	c->is_set = next != UINT64_MAX;
	rp_timer__set(c->timer, c->is_set ? next : RP_LOOP_NEVER);
}

static int on_timer(void *ctx, uint64_t now)
{
	(void)now;
	go_on(ctx);
	return 0;
}

/* Whatever was drawn in this round. */
static int before_wait(void *ctx)
{
	struct rp_catch_up *c = ctx;

	if (!c->is_set)
		go_on(c);
	return 0;
}

int rp_catch_up__watch(struct rp_catch_up *c, struct rp_loop *loop, struct rp_screen *screen)
{
	int rc = rp_loop__timer(loop, on_timer, c, &c->timer);

	c->screen = screen;
	return rc ? rc : rp_loop__before_wait(loop, before_wait, c);
}

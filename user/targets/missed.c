// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Events were lost: what the kernel could not tell is looked for. */
#include <stdlib.h>

#include "targets/internal.h"
#include "util/clock.h"

/* For a fiftieth of the time at most. */
#define LOOK_REST   50
#define LOOK_REST_S 0.02

/* Before the first one the kernel's word of what happened earlier may not have been read yet. */
#define LOOKS 2

static void find_process(void *ctx, pid_t pid)
{
	struct rp_process *p = rp_process__get(ctx, pid);

	if (p)
		p->tracked = true;
}

/*
 * The kernel knows which processes are traced: what was lost is the word of it. Those that it does
 * not know any more have ended, though another process may have their number by now. What the
 * others map is for a rescan to find.
 */
static void look_at_tracked(struct rp_targets *t)
{
	struct rp_process *p, *next;
	bool all;

	for (p = t->processes; p; p = p->hh.next)
		p->tracked = false;
	all = t->ops->tracked(t->session, find_process, t);
	HASH_ITER (hh, t->processes, p, next) {
		if (all && !p->tracked) {
			rp_process__free(t, p);
			continue;
		}
		p->rescans = p->rescans ? p->rescans : 1;
		p->due = p->rested;
	}
}

static void look_at_everything(struct rp_targets *t)
{
	if (!t->system) {
		look_at_tracked(t);
		return;
	}
	rp_targets__begin_event(t, rp_clock__now());
	rp_targets__look_at_system(t, NULL);
	rp_targets__end_event(t, 0);
}

void rp_targets__missed_mappings(struct rp_targets *t)
{
	t->looks = LOOKS;
}

double rp_targets__look_again(struct rp_targets *t)
{
	uint64_t lost = t->session ? t->ops->lost(t->session, RP_LOST_EVENTS) : 0;
	double began = rp_targets__now();

	if (lost != t->events_lost)
		t->looks = LOOKS;
	t->events_lost = lost;
	if (!t->looks || began < t->rested)
		return t->looks ? t->rested : 0;
	t->looks--;
	look_at_everything(t);
	t->rested = began + LOOK_REST_S + (rp_targets__now() - began) * LOOK_REST;
	return t->looks ? t->rested : 0;
}

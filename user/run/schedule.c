// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/schedule.h"

#include "util/clock.h"

/* The first figures on the screen are next to nothing: the second come within this time. */
#define SECOND_PICTURE_NS RP_NS_PER_S

static uint64_t step_of(const struct rp_schedule *s)
{
	double ns = s->seconds * RP_NS_PER_S;

	return ns > RP_NS_PER_MS ? (uint64_t)ns : RP_NS_PER_MS;
}

uint64_t rp_schedule__first(const struct rp_schedule *s)
{
	return s->began + (s->on_screen ? 0 : step_of(s));
}

uint64_t rp_schedule__next(const struct rp_schedule *s, uint64_t due, uint64_t now)
{
	uint64_t step = step_of(s), second = s->began + SECOND_PICTURE_NS;
	/* Times that have passed meanwhile are skipped. */
	uint64_t next = now >= due ? due + step * ((now - due) / step + 1) : now + step;

	return s->on_screen && now < second && next > second ? second : next;
}

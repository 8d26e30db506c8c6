/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* When figures are due: at multiples of the interval, whatever it takes to show them. Pure. */
#ifndef RP_SCHEDULE_H
#define RP_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct rp_schedule {
	uint64_t began; /* ns, of the trace */
	double seconds; /* between figures */
	bool on_screen; /* rather than printed tables */
};

/* ns. A screen has figures at once, a table those of an interval. */
uint64_t rp_schedule__first(const struct rp_schedule *schedule);

/* The next time after figures that were due at a time, or asked for before it, are shown. */
uint64_t rp_schedule__next(const struct rp_schedule *schedule, uint64_t due, uint64_t now);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What was read of a run at one moment. Figures of a period are those of two readings. Pure. */
#ifndef RP_READING_H
#define RP_READING_H

#include "aggregate/snapshot.h"

struct rp_reading {
	struct rp_counts *counts; /* NULL: of the moment when the trace began */
	uint64_t cpu;		  /* ns of CPU time that the target has used since then */
};

/* Exchange the two. */
void rp_reading__swap(struct rp_reading *a, struct rp_reading *b);

/*
 * From one reading to a later one, with what the probes took of the target's CPU time in between.
 * NULL: out of memory.
 */
struct rp_snapshot *rp_reading__snapshot(const struct rp_reading *now,
					 const struct rp_reading *before,
					 const struct rp_snapshot_opts *opts);

#endif

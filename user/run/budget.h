/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * --max-overhead: which regions to leave out because their probes take too much of the target's CPU
 * time. Judged by periods, so that a region that turns hot late is found as soon. Pure.
 */
#ifndef RP_BUDGET_H
#define RP_BUDGET_H

#include "run/reading.h"

#define RP_BUDGET_AT_ONCE 64

struct rp_budget {
	double share;		  /* of the target's CPU time that probes may take */
	struct rp_reading before; /* the period begins there */
};

struct rp_verdict {
	struct rp_snapshot *period;		      /* owns the rows */
	double share;				      /* that the probes took in it */
	const struct rp_row *rows[RP_BUDGET_AT_ONCE]; /* to be left out */
	size_t n;
	double alone; /* share that the last of them takes alone, where nothing else was called */
};

/* The target has used enough CPU time, with this much in all (ns), to judge the period. */
bool rp_budget__can_judge(const struct rp_budget *budget, uint64_t cpu);

/*
 * Judge the period and begin the next: `now` is exchanged for the reading that is not needed any
 * more. -ENOMEM: nothing has changed.
 */
int rp_budget__judge(struct rp_budget *budget, struct rp_reading *now,
		     const struct rp_snapshot_opts *opts, struct rp_verdict *out);

#endif

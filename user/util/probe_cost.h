/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What probes cost, in ns a call of the region they are on. */
#ifndef RP_PROBE_COST_H
#define RP_PROBE_COST_H

struct rp_probe_cost {
	double inside; /* within the region's own time */
	double whole;  /* in all: the rest falls to what encloses it */
};

struct rp_costs {
	struct rp_probe_cost
		call; /* a function, its entry emulated, its return probed by the kernel */
	struct rp_probe_cost mark; /* a pair of probes on nops */
	double step;		   /* on top, where a probed instruction is single-stepped */
};

/* From the means of three kinds: a function, nops, a function whose entry is single-stepped. */
static inline struct rp_costs rp_costs__of(struct rp_probe_cost call, struct rp_probe_cost mark,
					   struct rp_probe_cost stepped)
{
	double step = stepped.whole - call.whole;

	return (struct rp_costs){.call = call, .mark = mark, .step = step > 0 ? step : 0};
}

#endif

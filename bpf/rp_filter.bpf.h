/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * --min-duration and --where: what is measured of what is entered. The rest is counted as skipped.
 * Arguments are compared at the entry, and the frame keeps the outcomes; all else at the exit.
 */
#ifndef RP_FILTER_BPF_H
#define RP_FILTER_BPF_H

#include "rp_filter.h"
#include "rp_nodes.bpf.h"

/* The outcomes of the arguments leave it open. */
static __always_inline bool where_may_hold(__u32 outcomes)
{
	return !cfg_where.n || rp_filter__may_hold(&cfg_where, outcomes, 1u << RP_OPERAND_ARG);
}

/* Calls of the calibration are measured whatever is asked for: they tell what probes cost. */
static __noinline bool is_unwanted(__u32 region, __u64 ns, __u32 outcomes)
{
	if (ns >= cfg_min_duration && (!cfg_where.n || rp_filter__holds(&cfg_where, outcomes, ns)))
		return false;
	return !rp_region_is_own(region);
}

static __always_inline bool is_filtered(__u32 region, __u64 ns, __u32 outcomes)
{
	return (cfg_min_duration || cfg_where.n) && is_unwanted(region, ns, outcomes);
}

#endif

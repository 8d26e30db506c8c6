/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * --min-duration and --where: what is measured of what is entered. The rest is counted as skipped.
 * Arguments are compared at the entry, and the frame keeps the outcomes; all else at the exit.
 */
#ifndef RP_FILTER_BPF_H
#define RP_FILTER_BPF_H

#include "rp_filter.h"
#include "rp_nodes.bpf.h"

/*
 * What is told by now (RP_TOLD_*) rules a call out, whatever its duration and its return value will
 * be. Such a call is in no figure: not open, unwound or unmatched, nor lost.
 */
static __always_inline bool is_ruled_out(__u32 region, __u32 outcomes, __u32 told)
{
	return cfg_where.n && !rp_filter__may_hold(&cfg_where, outcomes, told) &&
	       !rp_region_is_own(region);
}

static __always_inline bool entry_is_ruled_out(const struct rp_hit *hit)
{
	return is_ruled_out(hit->region, hit->outcomes,
			    rp_role_is_function(hit->role) ? RP_TOLD_AT_CALL : RP_TOLD_AT_BEGIN);
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

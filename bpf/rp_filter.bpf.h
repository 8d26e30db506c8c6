/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * --min-duration and --where: what is measured of what is entered. The rest is counted as skipped.
 * Arguments are compared at the entry, and the frame keeps the outcomes; all else at the exit.
 *
 * --within: what is entered outside of some regions is in no figure and has no node; its frame,
 * which is there for the rules of the stack, has that of the frame below it. A frame is inside
 * where it is of such a region, or the frame below it is inside when it is entered. So a thread
 * that is begun inside is not, and what goes on when the region has ended still is.
 */
#ifndef RP_FILTER_BPF_H
#define RP_FILTER_BPF_H

#include "rp_filter.h"
#include "rp_nodes.bpf.h"
#include "rp_stack.h"

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

static __always_inline bool region_is_within(__u32 region)
{
	return rp_region_is_own(region) || bpf_map_lookup_elem(&within, &region);
}

/* Does a region count that is entered above this frame? */
static __always_inline bool is_inside(const struct rp_frame *below, __u32 region)
{
	return !cfg_within || (below && rp_frame__is_inside(below)) || region_is_within(region);
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

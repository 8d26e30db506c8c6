/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * --min-duration and --where: what is measured of what is entered. The rest is counted as skipped.
 * Arguments are compared at the entry, and the frame keeps the outcome; all else at the exit.
 */
#ifndef RP_FILTER_BPF_H
#define RP_FILTER_BPF_H

#include "rp_nodes.bpf.h"

/* Does comparison k hold for a value? */
static __always_inline bool atom_holds(__u32 k, __u64 value, bool is_signed)
{
	bool negative = is_signed && (__s64)value < 0, below = cfg_where.atom[k].negative;
	__u64 number = cfg_where.atom[k].value;
	__u32 order = RP_EQUAL;

	if (negative != below)
		order = negative ? RP_LESS : RP_GREATER;
	else if (value != number)
		order = value < number ? RP_LESS : RP_GREATER;
	return cfg_where.atom[k].accepts & order;
}

/* The outcomes make up what is asked for, all being told. */
static __always_inline bool where_holds(__u32 outcomes, __u64 ns)
{
	for (__u32 k = 0; k < RP_ATOMS_MAX; k++)
		if (k < cfg_where.n && cfg_where.atom[k].kind == RP_OPERAND_DUR &&
		    atom_holds(k, ns, false))
			outcomes |= 1u << k;
	return cfg_where.table >> (outcomes & 63) & 1;
}

/* The outcomes of the arguments leave it open. */
static __always_inline bool where_may_hold(__u32 outcomes)
{
	return !cfg_where.n || cfg_where.possible >> (outcomes & 63) & 1;
}

/* Of rptrace's own calibration. */
static __always_inline bool region_is_own(__u32 region)
{
	return region >= RP_REGION_CALIBRATE && region < RP_REGION_DYNAMIC;
}

/* Not asked for. What calibrates counts all the same: it tells what probes cost. */
static __noinline bool is_unwanted(__u32 region, __u64 ns, __u32 outcomes)
{
	if (ns >= cfg_min_duration && (!cfg_where.n || where_holds(outcomes, ns)))
		return false;
	return !region_is_own(region);
}

static __always_inline bool is_filtered(__u32 region, __u64 ns, __u32 outcomes)
{
	return (cfg_min_duration || cfg_where.n) && is_unwanted(region, ns, outcomes);
}

static __always_inline void figures_skip(__u32 node)
{
	struct rp_figures *f = node_figures(node);

	if (f)
		__sync_fetch_and_add(&f->skipped, 1);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What one process may take of a bound that all traced processes share (--max-nodes and others).
 *
 * A process may take as many as it leaves free. So whatever one does, there is something left for
 * the next: the first that wants all gets a half, the second a quarter. It needs no number of
 * processes, which nobody knows beforehand, and a process that wants little never notices. What was
 * taken stays with who took it first, though others may use it, too.
 */
#ifndef RP_SHARES_H
#define RP_SHARES_H

#include "rp_types.h"

enum rp_shared {
	RP_SHARED_NODES,
	RP_SHARED_NAMES,
	RP_SHARED_SPANS,
	RP_SHARED_LABELS,
	RP_SHARED_LATE_LABELS, /* past the bound, but frequent */
	RP_SHARED_TEXTS,       /* strings of labels */
	RP_SHARED_COUNT
};

/* What a process has of each. */
struct rp_shares {
	__rp_u32 taken[RP_SHARED_COUNT];
	__rp_u32 told; /* bit (enum rp_shared): user space knows that it wanted more */
	__rp_u32 reserved;
};
_Static_assert(sizeof(struct rp_shares) == 32, "rp_shares is a map value");

/* May a process that has `taken` take one more, where so many are left for all? */
RP_INLINE bool rp_shares__allow(__rp_u32 taken, __rp_u32 left)
{
	return taken < left;
}

/* Of what kind a user hears: labels are bounded in three ways, by one option. */
RP_INLINE enum rp_shared rp_shared__told_as(enum rp_shared kind)
{
	return kind > RP_SHARED_LABELS ? RP_SHARED_LABELS : kind;
}

#endif

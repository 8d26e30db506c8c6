/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What one process may take of a bound that all traced processes share: --max-nodes and others,
 * room for deep stacks and goroutines, and the ring of events.
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
	RP_SHARED_WAKERS, /* pairs of a path that sleeps and who wakes it */
	RP_SHARED_LABELS,
	RP_SHARED_LATE_LABELS, /* past the bound, but frequent */
	RP_SHARED_TEXTS,       /* strings of labels */
	RP_SHARED_SEGMENTS,    /* of region stacks that are deeper */
	RP_SHARED_GOROUTINES,
	RP_SHARED_COUNTED,
	RP_SHARED_EVENTS = RP_SHARED_COUNTED, /* bytes of the ring: struct rp_ring_share */
	RP_SHARED_COUNT
};

/*
 * What a process has in a ring, as far as the positions of its reader and its writers tell, which
 * only go up. What the process has put there before `mark` is gone as soon as the reader is past
 * it; then what came since is what was before the next mark. So at worst what the reader has taken
 * since the last mark counts as still there.
 */
struct rp_ring_share {
	__rp_u64 mark;
	__rp_u32 before, since; /* bytes */
};

/* What a process has of each. */
struct rp_shares {
	__rp_u32 taken[RP_SHARED_COUNTED];
	__rp_u32 told; /* bit (enum rp_shared): user space knows that it wanted more */
	struct rp_ring_share events;
};
_Static_assert(sizeof(struct rp_shares) == 56, "rp_shares is a map value");

/* May a process that has `taken` take one more, where so many are left for all? */
RP_INLINE bool rp_shares__allow(__rp_u32 taken, __rp_u32 left)
{
	return taken < left;
}

/* May a process put so many bytes into a ring of that size? They count as its own then. */
RP_INLINE bool rp_ring_share__take(struct rp_ring_share *share, __rp_u64 read, __rp_u64 written,
				   __rp_u32 size, __rp_u32 bytes)
{
	__rp_u32 used = written - read;

	if (read >= share->mark) {
		share->before = share->since;
		share->since = 0;
		share->mark = written;
	}
	if (used >= size || !rp_shares__allow(share->before + share->since, size - used))
		return false;
	share->since += bytes;
	return true;
}

/* Of what kind a user hears: labels are bounded in three ways, by one option. */
RP_INLINE enum rp_shared rp_shared__told_as(enum rp_shared kind)
{
	return kind == RP_SHARED_LATE_LABELS || kind == RP_SHARED_TEXTS ? RP_SHARED_LABELS : kind;
}

#endif

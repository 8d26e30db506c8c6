/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What one process, and one user, may take of a bound that all traced processes share: --max-nodes
 * and others, room for deep stacks and goroutines, and the ring of events.
 *
 * A process may take as many as it leaves free. So whatever one does, there is something left for
 * the next: the first that wants all gets a half, the second a quarter. It needs no number of
 * processes, which nobody knows beforehand, and a process that wants little never notices. What was
 * taken stays with who took it first, though others may use it, too.
 *
 * A user can start any number of processes, at once or one after the other, and together they would
 * leave nothing. So all processes of a user may take three times as many as they leave free: three
 * quarters of all, and of the rest the next user the same. It is more than what one process may
 * have, so that the first one of a user leaves something to the second.
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
 * What a process or user has in a ring, as far as the positions of its reader and its writers tell,
 * which only go up. What that one has put there before `mark` is gone as soon as the reader is past
 * it; then what came since is what was before the next mark. So at worst what the reader has taken
 * since the last mark counts as still there.
 */
struct rp_ring_share {
	__rp_u64 mark;
	__rp_u32 before, since; /* bytes */
};

/* What a process, or a user, has of each. */
struct rp_shares {
	__rp_u32 taken[RP_SHARED_COUNTED];
	__rp_u32 told;	/* bit (enum rp_shared): user space knows that it wanted more */
	__rp_u32 payer; /* of a process: the user that its takings are counted for, + 1; 0: none */
	__rp_u32 unused;
	struct rp_ring_share events;
};
_Static_assert(sizeof(struct rp_shares) == 64, "rp_shares is a map value");

/* Whose share it is: so many times what is left may each have. */
enum rp_sharer { RP_SHARER_PROCESS = 1, RP_SHARER_USER = 3 };

/* May it take one more, if it has `taken` so far, and so many are left for all? */
RP_INLINE bool rp_shares__allow(__rp_u32 taken, __rp_u32 left, enum rp_sharer sharer)
{
	return taken < (__rp_u64)left * sharer;
}

/* May it put so many bytes into a ring of that size? They count as its own then. */
RP_INLINE bool rp_ring_share__take(struct rp_ring_share *share, __rp_u64 read, __rp_u64 written,
				   __rp_u32 size, __rp_u32 bytes, enum rp_sharer sharer)
{
	__rp_u32 used = written - read;

	if (read >= share->mark) {
		share->before = share->since;
		share->since = 0;
		share->mark = written;
	}
	if (used >= size || !rp_shares__allow(share->before + share->since, size - used, sharer))
		return false;
	__sync_fetch_and_add(&share->since, bytes);
	return true;
}

/* Of what kind a user hears: labels are bounded in three ways, by one option. */
RP_INLINE enum rp_shared rp_shared__told_as(enum rp_shared kind)
{
	return kind == RP_SHARED_LATE_LABELS || kind == RP_SHARED_TEXTS ? RP_SHARED_LABELS : kind;
}

#endif

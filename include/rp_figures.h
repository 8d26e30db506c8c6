/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What is added up for a node, and the arithmetic of it. Additions are atomic: a uprobe program can
 * be preempted by another one on the same CPU.
 */
#ifndef RP_FIGURES_H
#define RP_FIGURES_H

#include "rp_types.h"

/*
 * Figures of a node on one CPU shard; sum over the shards. All zero at first.
 * entries = count + skipped + unwound + open.
 */
struct rp_figures {
	__rp_u64 entries;
	__rp_u64 count;	     /* frames left by their exit and timed */
	__rp_u64 unwound;    /* frames left without their exit */
	__rp_u64 skipped;    /* frames shorter than --min-duration: in no other figure */
	__rp_u64 total;	     /* ns, all frames of this path */
	__rp_u64 self;	     /* ns, less the time in child frames */
	__rp_u64 cpu;	     /* ns on a CPU, children included */
	__rp_u64 wait;	     /* ns runnable but waiting for a CPU, children included */
	__rp_u64 sq_lo;	     /* sum of squares of the frames' ns: low half ... */
	__rp_u64 sq_hi;	     /* ... and high half of 128 bits */
	__rp_u64 min_inv;    /* ~ of the shortest frame, so that zero means none */
	__rp_u64 max;	     /* the longest frame, ns */
	__rp_u64 unrecorded; /* of count and unwound: those that the record lacks */
	__rp_u64 unsampled;  /* of these likewise: those that --every left out of it */
	/* ns that threads slept with this path innermost, told where that is asked for ... */
	__rp_u64 asleep;
	__rp_u64 asleep_untold; /* ... and of these, such that are in no stack */
};
_Static_assert(sizeof(struct rp_figures) == 128, "two cache lines a shard");

/* Keep the greatest value seen; zero means none yet. Gives up where others keep being faster. */
RP_INLINE void rp_keep_max(__rp_u64 *max, __rp_u64 value)
{
	__rp_u64 seen = *(volatile __rp_u64 *)max;

	for (int i = 0; i < 8 && value > seen; i++) {
		__rp_u64 old = __sync_val_compare_and_swap(max, seen, value);

		if (old == seen)
			break;
		seen = old;
	}
}

/* 128-bit sum of squares: exact for hours and for nanoseconds alike. BPF multiplies 64 bits. */
RP_INLINE void rp_add_square(struct rp_figures *f, __rp_u64 ns)
{
	__rp_u64 hi = 0, lo, old;

	if (ns >> 32) {
		/* (h * 2^32 + l)^2 = h^2 * 2^64 + h * l * 2^33 + l^2 */
		__rp_u64 h = ns >> 32, l = (__rp_u32)ns, mid = h * l;

		lo = l * l;
		hi = h * h + (mid >> 31);
		mid <<= 33;
		lo += mid;
		hi += lo < mid;
	} else {
		lo = ns * ns;
	}
	old = __sync_fetch_and_add(&f->sq_lo, lo);
	hi += old + lo < old;
	if (hi)
		__sync_fetch_and_add(&f->sq_hi, hi);
}

/* What a frame took: all of it, and the parts of that. */
struct rp_taken {
	__rp_u64 ns, child, cpu, wait;
};

/* The parts are told by clocks of their own: hold them within the whole. */
RP_INLINE void rp_taken__clamp(struct rp_taken *t)
{
	if ((__rp_s64)t->cpu < 0)
		t->cpu = 0;
	if (t->cpu > t->ns)
		t->cpu = t->ns;
	if (t->wait > t->ns - t->cpu)
		t->wait = t->ns - t->cpu;
	if (t->child > t->ns)
		t->child = t->ns;
}

/* A frame that was left by its exit. */
RP_INLINE void rp_figures__add(struct rp_figures *f, const struct rp_taken *t)
{
	__sync_fetch_and_add(&f->count, 1);
	__sync_fetch_and_add(&f->total, t->ns);
	__sync_fetch_and_add(&f->self, t->ns - t->child);
	__sync_fetch_and_add(&f->cpu, t->cpu);
	if (t->wait)
		__sync_fetch_and_add(&f->wait, t->wait);
	rp_add_square(f, t->ns);
	rp_keep_max(&f->min_inv, ~t->ns);
	rp_keep_max(&f->max, t->ns);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The latency histogram: log-linear, 8 buckets an octave, compiled for BPF and for user space.
 * Values below 16 ns have a bucket each; above, a bucket is at most 1/8 of its lower bound wide.
 * Values of 2^42 ns (73 minutes) and more share the last bucket.
 */
#ifndef RP_HIST_H
#define RP_HIST_H

#include "rp_types.h"

#define RP_HIST_SUB_BITS 3
#define RP_HIST_MAX_EXP	 41 /* of the last octave that has buckets of its own */
#define RP_HIST_BUCKETS                                                                            \
	(((RP_HIST_MAX_EXP - RP_HIST_SUB_BITS) << RP_HIST_SUB_BITS) + (2 << RP_HIST_SUB_BITS))

struct rp_hist {
	__rp_u64 bucket[RP_HIST_BUCKETS];
};

/* Bucket of a duration in ns: 0 to RP_HIST_BUCKETS - 1. */
RP_INLINE __rp_u32 rp_hist_index(__rp_u64 ns)
{
	__rp_u64 v = ns;
	__rp_u32 exp = 0;

	if (v < (2u << RP_HIST_SUB_BITS))
		return (__rp_u32)v;
	/* BPF has no instruction that counts leading zeros. */
	if (v >> 32) {
		exp += 32;
		v >>= 32;
	}
	if (v >> 16) {
		exp += 16;
		v >>= 16;
	}
	if (v >> 8) {
		exp += 8;
		v >>= 8;
	}
	if (v >> 4) {
		exp += 4;
		v >>= 4;
	}
	if (v >> 2) {
		exp += 2;
		v >>= 2;
	}
	exp += (__rp_u32)(v >> 1);
	if (exp > RP_HIST_MAX_EXP)
		return RP_HIST_BUCKETS - 1;
	exp -= RP_HIST_SUB_BITS;
	return (exp << RP_HIST_SUB_BITS) + (__rp_u32)(ns >> exp);
}

/* Smallest duration of a bucket, in ns; for RP_HIST_BUCKETS the end of the last one. */
RP_INLINE __rp_u64 rp_hist_floor(__rp_u32 index)
{
	__rp_u32 exp;

	if (index < (2u << RP_HIST_SUB_BITS))
		return index;
	exp = (index >> RP_HIST_SUB_BITS) - 1;
	return (__rp_u64)(index - (exp << RP_HIST_SUB_BITS)) << exp;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A sample: what a thread was doing at one moment, as it comes through the ring of samples. */
#ifndef RP_SAMPLE_H
#define RP_SAMPLE_H

#include "rp_unwind.h"

#define RP_SAMPLE_KERNEL    1u /* in the kernel: a system call, a fault, a probe */
#define RP_SAMPLE_PROBE	    2u /* at code that the kernel put there for a probe */
#define RP_SAMPLE_UNSAMPLED 4u /* in a tree of calls that the record leaves out */

struct rp_sample {
	__rp_u64 time; /* ns, CLOCK_MONOTONIC */
	__rp_u32 tgid;
	__rp_u32 tid;
	__rp_u32 thread; /* its serial, where the run is recorded; 0: not introduced yet */
	__rp_u32 node;	 /* of the innermost open region; 0: outside, or its node is lost */
	__rp_u32 reserved;
	__rp_u8 flags;	    /* RP_SAMPLE_* */
	__rp_u8 end;	    /* enum rp_unwind_end: why there are no more addresses */
	__rp_u16 addresses; /* how many follow */
	/* Of instructions that were running, the innermost first: of callers, within the call. */
	__rp_u64 address[RP_UNWIND_FRAMES_MAX];
};
#define RP_SAMPLE_BYTES(addresses) (32 + 8 * (addresses))
_Static_assert(sizeof(struct rp_sample) == RP_SAMPLE_BYTES(RP_UNWIND_FRAMES_MAX),
	       "rp_sample is shared with BPF");

#endif

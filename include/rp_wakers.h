/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Who ended the sleep of threads in regions: see bpf/rp_wakers.bpf.h. */
#ifndef RP_WAKERS_H
#define RP_WAKERS_H

#include "rp_sites.h"

/* Wakers beside regions, which stand for themselves by their ids. */
enum rp_waker {
	RP_WAKER_UNKNOWN = RP_REGION_MASK + 1, /* nobody was seen */
	RP_WAKER_OUTSIDE,		       /* a thread that is traced, and was in no region */
	RP_WAKER_UNTRACED,		       /* a process that is not traced, or the kernel */
	RP_WAKER_INTERRUPT,		       /* an interrupt: a timer, a disk, the network */
	RP_WAKER_END,
};

/* As in linux/preempt.h: the softirq that runs, all hard ones, and those that cannot be masked. */
#define RP_PREEMPT_INTERRUPT 0x00ff0100u
#define RP_PREEMPT_NEVER     0x7f000000u /* never set: whatever was read is something else */

/* What wakes by how deep its CPU is in interrupts; 0: the thread that is current there. */
RP_INLINE __rp_u32 rp_waker__of_preempt_count(__rp_u32 count)
{
	if (count & RP_PREEMPT_NEVER)
		return RP_WAKER_UNKNOWN;
	return count & RP_PREEMPT_INTERRUPT ? RP_WAKER_INTERRUPT : 0;
}

/* Sleeps of threads in the region of one node, its own and not of what is called from there. */
struct rp_waker_key {
	__rp_u32 node;
	__rp_u32 waker; /* region id, or enum rp_waker */
};

struct rp_waker_figures {
	__rp_u64 count; /* of sleeps */
	__rp_u64 ns;	/* asleep */
};
_Static_assert(sizeof(struct rp_waker_key) == 8, "rp_waker_key is hashed as bytes");
_Static_assert(sizeof(struct rp_waker_figures) == 16, "rp_waker_figures is shared with BPF");

#endif

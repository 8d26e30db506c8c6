/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The call stack of the current thread by its frame pointers. */
#ifndef RP_FRAME_POINTERS_BPF_H
#define RP_FRAME_POINTERS_BPF_H

#include "rp_maps.bpf.h"

struct rp_unwind_regs {
	__u64 ip, sp, fp;
};

struct rp_unwind_walk {
	struct rp_unwind_regs regs;
	__u64 *out;
	__u32 n;
	bool whole;
};

struct rp_call {
	__u64 fp, ip;
};

static long caller_step(__u32 i, struct rp_unwind_walk *w)
{
	struct rp_call call;
	__u32 n = w->n;

	if (n >= RP_SAMPLE_ADDRESSES_MAX)
		return 1;
	w->out[n] = w->regs.ip;
	w->n = n + 1;
	w->whole = true;
	if (w->regs.fp < w->regs.sp || w->regs.fp % 8 ||
	    bpf_probe_read_user(&call, sizeof(call), (void *)(unsigned long)w->regs.fp) || !call.ip)
		return 1;
	w->whole = false;
	w->regs.ip = call.ip;
	w->regs.sp = w->regs.fp + sizeof(call);
	w->regs.fp = call.fp;
	return 0;
}

/* Addresses from where the thread was outwards; returns how many. *whole: the stack ends there. */
static __always_inline __u32 unwind_user(const struct rp_unwind_regs *regs,
					 __u64 out[RP_SAMPLE_ADDRESSES_MAX], bool *whole)
{
	struct rp_unwind_walk w = {.regs = *regs, .out = out};

	bpf_loop(RP_SAMPLE_ADDRESSES_MAX, caller_step, &w, 0);
	*whole = w.whole;
	return w.n;
}

#endif

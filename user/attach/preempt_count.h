/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Where the kernel counts how deep a CPU is in interrupts: bpf/rp_wakers.bpf.h reads it. */
#ifndef RP_PREEMPT_COUNT_H
#define RP_PREEMPT_COUNT_H

#include <stdint.h>

struct btf;

/*
 * The distance from a CPU's run queue to what has its count, or 0 where the count is in the thread
 * instead. -ENODATA: the types of this kernel do not tell.
 */
int rp_preempt_count__find(const struct btf *kernel, int64_t *at);

#endif

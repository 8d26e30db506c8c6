/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The few kernel types read, only the fields used: libbpf relocates them (CO-RE). */
#ifndef RP_KERN_BPF_H
#define RP_KERN_BPF_H

#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include <stdbool.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct rq {
	__u64 clock;
	__u64 clock_task;
};

struct cfs_rq {
	struct rq *rq;
};

struct sched_entity {
	struct cfs_rq *cfs_rq;
	__u64 exec_start;
	__u64 sum_exec_runtime;
};

struct sched_info {
	unsigned long long run_delay;
};

struct uprobe_task {
	unsigned int depth;
};

struct xol_area {
	unsigned long vaddr;
};

struct uprobes_state {
	struct xol_area *xol_area;
};

struct mm_struct {
	struct uprobes_state uprobes_state;
};

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
};

struct task_struct {
	struct sched_entity se;
	struct sched_info sched_info;
	struct mm_struct *mm;
	int pid;
	int tgid;
	struct task_struct *group_leader;
	__u64 start_time;
	char comm[16];
	struct signal_struct *signal;
	unsigned long sas_ss_sp;
	unsigned long sas_ss_size;
	struct uprobe_task *utask;
};

#pragma clang attribute pop

/* The session kfuncs gained an argument in 7.0; one of the two flavours resolves, or none
 * before 6.13. */
extern bool bpf_session_is_return___v1(void) __weak __ksym;
extern bool bpf_session_is_return___v2(void *ctx) __weak __ksym;

extern void bpf_preempt_disable(void) __weak __ksym; /* 6.10 */
extern void bpf_preempt_enable(void) __weak __ksym;

static __always_inline bool session_is_return(void *ctx)
{
	if (bpf_ksym_exists(bpf_session_is_return___v1))
		return bpf_session_is_return___v1();
	if (bpf_ksym_exists(bpf_session_is_return___v2))
		return bpf_session_is_return___v2(ctx);
	return false;
}

#endif

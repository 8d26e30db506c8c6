/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Numbers of processes and threads. A container has a pid namespace: a process in it has one number
 * there and others in the namespaces around it. The kernel's own, in task->pid and task->tgid, are
 * those of the outermost. User space names processes, and is told of them, by the numbers of the
 * namespace that rptrace runs in; so these are the keys of `tracked`, of spans and of goroutines.
 */
#ifndef RP_PIDS_BPF_H
#define RP_PIDS_BPF_H

#include "rp_maps.bpf.h"

#define PID_NAMESPACES_MAX 33 /* one within the other: MAX_PID_NS_LEVEL and the outermost */

/* The number in rptrace's namespace; 0: it is not in there. */
static __always_inline __u32 look_up_number(struct pid *pid)
{
	__u32 level = BPF_CORE_READ(pid, level);
	char *numbers = (char *)pid + bpf_core_field_offset(struct pid, numbers);

	for (__u32 i = 0; i < PID_NAMESPACES_MAX; i++) {
		struct upid *at = (struct upid *)(numbers + i * bpf_core_type_size(struct upid));

		if (i > level)
			break;
		if (BPF_CORE_READ(at, ns, ns.inum) == cfg_pid_namespace)
			return BPF_CORE_READ(at, nr);
	}
	return 0;
}

static __noinline __u32 number_in_namespace(struct pid *pid)
{
	return look_up_number(pid);
}

/* Of a thread, and of its process. */
static __always_inline __u32 tid_of(struct task_struct *task)
{
	if (!cfg_pid_namespace)
		return task->pid;
	return number_in_namespace(BPF_CORE_READ(task, thread_pid));
}

static __always_inline __u32 tgid_of(struct task_struct *task)
{
	if (!cfg_pid_namespace)
		return task->tgid;
	return number_in_namespace(BPF_CORE_READ(task, group_leader, thread_pid));
}

/* The same where no further call may be nested. */
static __always_inline __u32 tgid_inline(struct task_struct *task)
{
	if (!cfg_pid_namespace)
		return task->tgid;
	return look_up_number(BPF_CORE_READ(task, group_leader, thread_pid));
}

static __always_inline __u32 current_tgid(void)
{
	return tgid_of(bpf_get_current_task_btf());
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Who threads wait for. When a thread falls asleep in a region and somebody wakes it, the time
 * asleep is charged to the region that the waker is in at that moment: to "locked", say, in which
 * another thread held the mutex.
 *
 * The scheduler tells of a wake-up (sched_waking) on the CPU and in the thread that wakes, while
 * its region stack is what it was: it may have left the region by the time the sleeper runs. So the
 * waker is noted there with the sleeper, and the time is added up when that gets a CPU again. A
 * thread that does not sleep may be woken, too. That does no harm: its next sleep is ended by
 * another wake-up, and the last one before a thread runs is the one that counts.
 *
 * An interrupt borrows the thread that it interrupts, which has nothing to do with it. The kernel
 * counts how deep it is in interrupts in a variable of the CPU; what runs with softirqs merely
 * disabled is the thread's own work.
 *
 * The time is that of --off-cpu (rp_asleep.bpf.h), which takes stacks and therefore costs more. All
 * clocks but the scheduler's cancel out in it: the sleeps of a region add up to its blocked time,
 * but for interrupts and stolen time while it ran, and for what another CPU is just adding to them.
 */
#ifndef RP_WAKERS_BPF_H
#define RP_WAKERS_BPF_H

#include "rp_asleep.bpf.h"

const volatile __u32 cfg_max_wakers = 0;

__u32 wakers_used = 0;

struct {
	__uint(type,
	       BPF_MAP_TYPE_HASH); /* preallocated, as it is filled under the scheduler's locks */
	__uint(max_entries, 1);	   /* user space sets it */
	__type(key, struct rp_waker_key);
	__type(value, struct rp_waker_figures);
} wakers SEC(".maps");

/* ---- who wakes ------------------------------------------------------------------------------- */

/*
 * How deep this CPU is in interrupts. Kernels for x86 have it in a variable of the CPU, whose place
 * user space learns from their BTF, as a distance from the CPU's run queue: that one a thread
 * knows.
 */
__s64 preempt_count_at = 0;

#ifdef __TARGET_ARCH_x86
/* From 6.2 to 6.14 the variable is one of these. */
struct pcpu_hot {
	int preempt_count;
} __attribute__((preserve_access_index));

static __always_inline bool preempt_count(struct task_struct *task, __u32 *count)
{
	__u64 at;

	if (!bpf_core_field_exists(task->se.cfs_rq))
		return false;
	at = (__u64)BPF_CORE_READ(task, se.cfs_rq, rq) + preempt_count_at;
	if (bpf_core_type_exists(struct pcpu_hot))
		at += bpf_core_field_offset(struct pcpu_hot, preempt_count);
	return !bpf_probe_read_kernel(count, sizeof(*count), (void *)at);
}
#else
struct thread_info {
	__u64 preempt_count;
} __attribute__((preserve_access_index));

struct task_struct___info {
	struct thread_info thread_info;
} __attribute__((preserve_access_index));

static __always_inline bool preempt_count(struct task_struct *task, __u32 *count)
{
	*count = BPF_CORE_READ((struct task_struct___info *)task, thread_info.preempt_count);
	return true;
}
#endif

/* The region that the current thread is in, or what else it is. */
static __always_inline __u32 current_waker(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct rp_thread *t;
	struct rp_frame *f;
	__u32 count, other;

	if (!preempt_count(task, &count))
		return RP_WAKER_UNKNOWN;
	other = rp_waker__of_preempt_count(count);
	if (other)
		return other;
	t = thread_of(task);
	f = t && t->grouping_serial && t->depth ? frame_at(t, t->depth) : NULL;
	if (f && !rp_region_is_own(rp_frame__region(f)))
		return rp_frame__region(f);
	return is_tracked(tgid_of(task)) ? RP_WAKER_OUTSIDE : RP_WAKER_UNTRACED;
}

SEC("?tp_btf/sched_waking")
int BPF_PROG(rp_waking, struct task_struct *task)
{
	struct rp_thread *t = ready ? thread_of(task) : NULL;

	if (t && t->depth)
		t->woken_by = current_waker();
	return 0;
}

/* ---- who sleeps, and for how long ----------------------------------------------------------- */

/*
 * asleep_clock() of a thread when it was put in the queue for a CPU, if it has just come to the end
 * of that.
 */
static __always_inline __u64 clock_when_queued(struct task_struct *task)
{
	__u64 now = bpf_ktime_get_ns();

	return asleep_clock(task, now) - wait_to_come(task, now);
}

static __always_inline struct rp_waker_figures *waker_figures(struct task_struct *task,
							      const struct rp_waker_key *key)
{
	const struct rp_waker_figures none = {};
	struct rp_waker_figures *figures = bpf_map_lookup_elem(&wakers, key);

	if (figures)
		return figures;
	if (!place_take_for(task, RP_SHARED_WAKERS, &wakers_used, cfg_max_wakers))
		return NULL;
	if (bpf_map_update_elem(&wakers, key, &none, BPF_NOEXIST))
		place_give_back_for(task, RP_SHARED_WAKERS, &wakers_used);
	return bpf_map_lookup_elem(&wakers, key);
}

/* The thread was asleep until its clock stood at `ended`. */
static __always_inline void sleep_ends(struct task_struct *task, struct rp_thread *t, __u64 ended)
{
	struct rp_waker_key key = {.node = t->sleep_in,
				   .waker = t->woken_by ? t->woken_by : RP_WAKER_UNKNOWN};
	__s64 ns = ended - t->sleep_since;
	struct rp_waker_figures *figures = waker_figures(task, &key);

	t->sleep_in = 0;
	t->woken_by = 0;
	if (!figures) {
		count_lost(RP_LOST_WAKERS);
		return;
	}
	__sync_fetch_and_add(&figures->count, 1);
	if (ns > 0)
		__sync_fetch_and_add(&figures->ns, ns);
}

static __always_inline void sleep_begins(struct task_struct *task, struct rp_thread *t)
{
	struct rp_frame *f = t->grouping_serial && t->depth ? frame_at(t, t->depth) : NULL;

	if (!f || !f->node || rp_frame__is_left_out(f) || rp_region_is_own(rp_frame__region(f)))
		return;
	t->sleep_since = asleep_clock(task, 0);
	t->sleep_in = f->node;
}

/*
 * Runs with interrupts off, so that nothing comes between, and before `prev` has left the CPU. Some
 * kernels call no programs in some processes of their own: where it was not seen that a thread got
 * its CPU, its sleep ends when it leaves that, which by its clock is as good.
 */
SEC("?tp_btf/sched_switch")
int BPF_PROG(rp_waker_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	struct rp_thread *t;

	if (!ready)
		return 0;
	t = prev->pid ? thread_of(prev) : NULL;
	if (t) {
		if (t->sleep_in)
			sleep_ends(prev, t, asleep_clock(prev, 0));
		if (!preempt && prev_state)
			sleep_begins(prev, t);
	}
	t = next->pid ? thread_of(next) : NULL;
	if (t) {
		if (t->sleep_in)
			sleep_ends(next, t, clock_when_queued(next));
		t->woken_by = 0;
	}
	return 0;
}

#endif

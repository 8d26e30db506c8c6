/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * --off-cpu: where threads sleep inside regions, and for how long.
 *
 * What a region was blocked for is its total time less that on a CPU and that waiting for one. Each
 * of the three is a clock of the thread, and so is what is left of the first: it goes on while the
 * thread sleeps. Here that clock is read when the thread leaves its CPU in order to sleep, and when
 * it comes back to one. So all times asleep add up to what the regions were blocked for, less what
 * interrupts and a hypervisor took while the thread was on a CPU.
 *
 * The stack can only be looked at when the thread goes to sleep, as its memory is not there when
 * the other thread's switch brings it back. How long it will sleep is not known yet. The stack is
 * told at once, and the time when it is over: user space brings them together. If there are so many
 * sleeps that their stacks would cost too much, some go without: their time is known, and counted.
 */
#ifndef RP_ASLEEP_BPF_H
#define RP_ASLEEP_BPF_H

#include "rp_sample.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_sleeps);
} sleeps_taken SEC(".maps");

/* ns that the thread neither ran nor waited for a CPU; its differences tell how long. */
static __always_inline __u64 asleep_clock(struct task_struct *task, __u64 now)
{
	return now - task_cpu(task, now) - task_wait(task);
}

/*
 * The scheduler adds the time from the wakeup to now to the thread's waiting time only after the
 * tracepoint. It is going to read the same clock.
 */
static __always_inline __u64 wait_to_come(struct task_struct *task, __u64 now)
{
	__u64 queued = task->sched_info.last_queued;

	if (!queued)
		return 0;
	if (bpf_core_field_exists(task->se.cfs_rq))
		return untrusted(task)->se.cfs_rq->rq->clock - queued;
	return now - clock_ahead - queued;
}

/* The region stack of a thread, where it is not empty. Kernel threads have none. */
static __always_inline struct rp_thread *stack_of_sleeper(struct task_struct *task)
{
	struct rp_thread *t = untrusted(task)->mm ? sampled_stack(task, tgid_of(task)) : NULL;

	return t && t->grouping_serial ? t : NULL;
}

static __always_inline bool may_take_stack(__u64 now)
{
	__u32 only = 0;
	struct rp_sleeps *sleeps = bpf_map_lookup_elem(&sleeps_taken, &only);

	if (!sleeps)
		return false;
	if (rp_sleeps__take(sleeps, now, cfg_sleeps_max))
		return true;
	count_lost(RP_LOST_SLEEPS);
	return false;
}

/* Behind the other frames of the current thread. Returns how many. */
static __always_inline __u32 add_kernel_frames(void *ctx, struct rp_sample *s)
{
	__u64 behind = below(s->addresses, RP_UNWIND_FRAMES_MAX + 1) +
		       RP_PYTHON_WORDS * below(s->python, RP_PYTHON_FRAMES_MAX + 1);
	long bytes = cfg_kernel_frames
			     ? bpf_get_stack(ctx, &s->address[behind],
					     RP_SAMPLE_KERNEL_MAX * sizeof(s->address[0]), 0)
			     : 0;

	return bytes > 0 ? bytes / sizeof(s->address[0]) : 0;
}

static __always_inline bool tell_sleep(void *ctx, struct task_struct *task, struct rp_thread *t)
{
	__u32 only = 0;
	struct rp_sample *s = bpf_map_lookup_elem(&sample_rooms, &only);

	if (!s)
		return false;
	look_at_thread(s, task, tgid_of(task), t);
	return send_sample(s, RP_SAMPLE_KIND_SLEEP, add_kernel_frames(ctx, s));
}

static __always_inline bool tell_woken(struct task_struct *task, __u64 ns)
{
	struct rp_woken woken = {.kind = RP_SAMPLE_KIND_WOKEN, .tid = tid_of(task), .ns = ns};

	if (!bpf_ringbuf_output(&samples, &woken, sizeof(woken), BPF_RB_NO_WAKEUP))
		return true;
	count_lost(RP_LOST_SAMPLES);
	return false;
}

static __always_inline void wake_up(struct task_struct *task, struct rp_thread *t, __u64 now)
{
	struct rp_figures *figures;
	__s64 ns;
	bool told;

	if (!t || !t->asleep)
		return;
	ns = asleep_clock(task, now) - wait_to_come(task, now) - t->asleep_from;
	told = t->asleep == RP_ASLEEP_TOLD;
	t->asleep = RP_ASLEEP_NOT;
	if (ns <= 0)
		return;
	told = told && tell_woken(task, ns);
	figures = node_figures(t->asleep_node);
	if (!figures)
		return;
	__sync_fetch_and_add(&figures->asleep, ns);
	if (!told)
		__sync_fetch_and_add(&figures->asleep_untold, ns);
}

/*
 * Some kernels do not tell of each switch. A thread that was not seen to come back has been awake
 * since: its clock stood still, and so its sleep is as long now as it was then.
 */
static __always_inline void fall_asleep(void *ctx, struct task_struct *task, __u64 now)
{
	struct rp_thread *t = stack_of_sleeper(task);
	struct rp_frame *f = t && t->depth ? frame_at(t, t->depth) : NULL;

	wake_up(task, t, now);
	if (!f || !f->node || is_outside(f))
		return;
	t->asleep_node = f->node;
	t->asleep = RP_ASLEEP_UNTOLD;
	if (may_take_stack(now) && tell_sleep(ctx, task, t))
		t->asleep = RP_ASLEEP_TOLD;
	t->asleep_from = asleep_clock(task, now);
}

/* A thread that is preempted does not sleep, whatever it was about to do. */
SEC("?tp_btf/sched_switch")
int BPF_PROG(rp_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	__u64 now = bpf_ktime_get_ns();

	if (!ready)
		return 0;
	wake_up(next, stack_of_sleeper(next), now);
	if (!preempt && prev_state)
		fall_asleep(ctx, prev, now);
	return 0;
}

#endif

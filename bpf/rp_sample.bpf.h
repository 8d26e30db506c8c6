/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Samples: a clock of the thread's CPU time, a perf event of user space's (user/sample/threads.c),
 * interrupts it at a fixed rate. The program below writes down which region is open, and the call
 * stack. Nothing is added up here: whole stacks hardly repeat.
 *
 * The thread that is looked at is the one that is interrupted, be it in the middle of one of the
 * other programs: its region stack is whole at any moment (rp_frames.bpf.h).
 */
#ifndef RP_SAMPLE_BPF_H
#define RP_SAMPLE_BPF_H

#include <linux/bpf_perf_event.h>

#include "rp_processes.bpf.h"
#include "rp_python.bpf.h"
#include "rp_unwind.bpf.h"

/* Bytes of samples that user space has not taken when it is woken for more. */
#define SAMPLES_WAKE_BYTES (256 * 1024)

/* Where a sample is made: it is too large for a program's stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_sample);
} sample_rooms SEC(".maps");

/* CPU time of threads when they were sampled last. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, __u64);
} sampled_at SEC(".maps");

#ifdef __TARGET_ARCH_x86
#define IN_USER_MODE(regs) (((regs)->cs & 3) == 3)
#else
#define IN_USER_MODE(regs) (((regs)->pstate & 0xf) == 0)
#endif

/*
 * A thread that was started while others got their events may have two: one of its own and one that
 * it inherited. Together they come more often than one alone can.
 */
static __always_inline bool is_sampled_twice(struct task_struct *task, __u64 period)
{
	__u32 tid = task->pid;
	__u64 cpu = task_cpu(task, bpf_ktime_get_ns());
	__u64 *last = bpf_map_lookup_elem(&sampled_at, &tid);

	if (last && rp_sample__is_doubled(cpu, *last, period))
		return true;
	bpf_map_update_elem(&sampled_at, &tid, &cpu, BPF_ANY);
	return false;
}

/* The region stack that is in use: Go code keeps the address of its goroutine in a register. */
static __always_inline struct rp_thread *sampled_stack(struct task_struct *task, __u32 tgid)
{
	const struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	struct rp_goroutine_key key = {.tgid = tgid};
	struct rp_thread *t = NULL;

	if (goroutines_used) {
		bpf_probe_read_kernel(&key.goroutine, sizeof(key.goroutine), &GOROUTINE(regs));
		t = bpf_map_lookup_elem(&goroutines, &key);
	}
	return t && t->depth ? t : thread_of(task);
}

/* Its innermost region, and what the record knows the thread by. */
static __always_inline void sample_region(struct rp_sample *s, struct rp_thread *t)
{
	struct rp_frame *f = t && t->grouping_serial && t->depth ? frame_at(t, t->depth) : NULL;

	s->thread = t ? t->serial : 0;
	s->node = f ? f->node : 0;
	if (f && f->flags & RP_FRAME_UNSAMPLED)
		s->flags |= RP_SAMPLE_UNSAMPLED;
}

/* Single steps and returns of probed code are done on a page that the kernel has added. */
static __always_inline bool is_probe_code(struct task_struct *task, __u64 ip)
{
	struct xol_area *area = untrusted(task)->mm->uprobes_state.xol_area;
	__u64 start = area ? area->vaddr : 0;

	return start && ip - start < 4096;
}

/* Behind its addresses. Returns how many. */
static __always_inline __u32 add_python_frames(struct rp_sample *s, __u32 addresses, __u32 frames)
{
	__u32 only = 0;
	struct rp_python_walk *walk = bpf_map_lookup_elem(&python_walks, &only);

	if (!walk || bpf_probe_read_kernel(&s->address[below(addresses, RP_UNWIND_FRAMES_MAX + 1)],
					   below(frames, RP_PYTHON_FRAMES_MAX + 1) *
						   RP_PYTHON_WORDS * sizeof(walk->word[0]),
					   walk->word))
		return 0;
	return frames;
}

/* kernel: frames of its, which are behind the others. false: its ring is full, which is counted. */
static __always_inline bool send_sample(struct rp_sample *s, __u32 kind, __u32 kernel)
{
	__u64 waiting = bpf_ringbuf_query(&samples, BPF_RB_AVAIL_DATA);
	__u64 words = below(s->addresses, RP_UNWIND_FRAMES_MAX + 1) +
		      RP_PYTHON_WORDS * below(s->python, RP_PYTHON_FRAMES_MAX + 1) +
		      below(kernel, RP_SAMPLE_KERNEL_MAX + 1);

	s->kind = kind;
	if (!bpf_ringbuf_output(&samples, s, RP_SAMPLE_BYTES(words),
				waiting < SAMPLES_WAKE_BYTES ? BPF_RB_NO_WAKEUP
							     : BPF_RB_FORCE_WAKEUP))
		return true;
	count_lost(RP_LOST_SAMPLES);
	return false;
}

/* The current thread, as it came into the kernel or was interrupted just now. */
static __always_inline void look_at_thread(struct rp_sample *s, struct task_struct *task,
					   __u32 tgid, struct rp_thread *t)
{
	__u32 n, python, end = RP_UNWIND_END_NO_ROW;
	struct rp_unwind_regs at;

	forget_memory();
	unwind_regs(task, &at);
	python = walk_python(tgid);
	n = unwind_user(tgid, &at, (struct rp_unwind_out *)s->address, &end);
	s->time = bpf_ktime_get_ns();
	s->tgid = tgid;
	s->tid = tid_of(task);
	s->flags = is_probe_code(task, at.ip) ? RP_SAMPLE_PROBE : 0;
	sample_region(s, t);
	s->end = end;
	if (python > RP_PYTHON_FRAMES_MAX) {
		python -= RP_PYTHON_CUT;
		s->end = end == RP_UNWIND_END_COMPLETE ? RP_UNWIND_END_DEPTH : end;
	}
	s->addresses = n;
	s->python = add_python_frames(s, n, python);
}

SEC("?perf_event")
int rp_take_sample(struct bpf_perf_event_data *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 tgid = tgid_of(task), only = 0;
	struct rp_sample *s = bpf_map_lookup_elem(&sample_rooms, &only);

	if (!ready || !s || !is_tracked(tgid))
		return 0;
	if (samples_may_double && is_sampled_twice(task, ctx->sample_period))
		return 0;
	look_at_thread(s, task, tgid, sampled_stack(task, tgid));
	if (!IN_USER_MODE(&ctx->regs))
		s->flags |= RP_SAMPLE_KERNEL;
	send_sample(s, RP_SAMPLE_KIND_SAMPLE, 0);
	return 0;
}

/* A child has the code of its parent where that has it: it need not wait for user space. */
SEC("?tp_btf/sched_process_fork")
int BPF_PROG(rp_fork_tables, struct task_struct *parent, struct task_struct *child)
{
	__u32 tgid = tgid_of(child), from = tgid_of(parent);
	struct rp_unwind_process *process;

	if (!cfg_follow || child->pid != child->tgid || !is_tracked(from))
		return 0;
	process = bpf_map_lookup_elem(&unwind_processes, &from);
	if (process)
		bpf_map_update_elem(&unwind_processes, &tgid, process, BPF_NOEXIST);
	return 0;
}

/* Another program is at the same addresses. */
SEC("?tp_btf/sched_process_exec")
int BPF_PROG(rp_exec_tables, struct task_struct *task)
{
	__u32 tgid = tgid_of(task);

	bpf_map_delete_elem(&unwind_processes, &tgid);
	return 0;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What is open now: an iterator that copies the region stacks of all threads while user space reads
 * it (user/attach/open_stacks.c, which sees to those of goroutines). Else nothing of this runs.
 *
 * The owner of a stack goes on meanwhile. It writes the start of a frame after the rest of it, and
 * the depth after that; it lowers the depth before it writes over a frame. So a frame whose depth
 * still holds, and whose start is the same, after the rest was read, is copied whole. This takes
 * loads and stores to stay in order, as they do on x86. What fails that was left: a moment ago it
 * was open.
 */
#ifndef RP_OPEN_BPF_H
#define RP_OPEN_BPF_H

#include "rp_frames.bpf.h"

#define LOAD_ONCE(x) (*(volatile typeof(x) *)&(x))

struct rp_open_walk {
	struct seq_file *seq;
	struct rp_thread *t;
	__u64 task;  /* whose it is: its address */
	__u64 owner; /* of the stack when the walk began: another thread may take the slot over */
};

static long open_step(__u32 i, struct rp_open_walk *w)
{
	struct rp_open_frame copy = {};
	struct rp_frame *f = thread_frame(w->t, w->task, ++i);
	__u64 start;

	if (f) {
		start = LOAD_ONCE(f->start);
		copy.node = LOAD_ONCE(f->node);
		copy.region = LOAD_ONCE(f->region);
		copy.flags = LOAD_ONCE(f->flags);
		if (LOAD_ONCE(w->t->depth) >= i && LOAD_ONCE(f->start) == start &&
		    LOAD_ONCE(w->t->owner) == w->owner)
			copy.start = start;
	}
	return bpf_seq_write(w->seq, &copy, sizeof(copy)) != 0;
}

SEC("?iter/task")
int rp_open_threads(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct rp_open_stack stack = {};
	struct rp_open_walk w;

	if (!task)
		return 0;
	w.seq = ctx->meta->seq;
	w.t = thread_of(task);
	w.task = (__u64)task;
	if (!w.t)
		return 0;
	w.owner = LOAD_ONCE(w.t->owner);
	if (w.owner && w.owner != w.task)
		return 0;
	stack.frames = LOAD_ONCE(w.t->depth);
	if (!stack.frames)
		return 0;
	stack.tgid = tgid_of(task);
	stack.tid = tid_of(task);
	stack.serial = LOAD_ONCE(w.t->serial);
	bpf_probe_read_kernel_str(stack.comm, sizeof(stack.comm), task->comm);
	/* Where there is no room for all of it the kernel takes back the part, and comes again. */
	if (!bpf_seq_write(w.seq, &stack, sizeof(stack)))
		bpf_loop(stack.frames, open_step, &w, 0);
	return 0;
}

#endif

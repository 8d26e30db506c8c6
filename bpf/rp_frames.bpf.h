/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The region stack of a thread. Only the thread itself changes it (its own probes, its own exit),
 * so it needs no lock; a sampler that interrupts sees it whole, as depth is published last. For
 * what reads it from another CPU see rp_open.bpf.h.
 *
 * Frames that are left without their exit (longjmp, exceptions, errors) are found by the stack
 * pointer: the kernel applies the same rule to its return probes. What is found so is popped as
 * unwound, never timed.
 */
#ifndef RP_FRAMES_BPF_H
#define RP_FRAMES_BPF_H

#include "rp_filter.bpf.h"
#include "rp_threads.bpf.h"

/* Where the mapping of a stack is not known: stack pointers further apart are on different ones. */
#define RP_STACK_SPAN (64ull << 20)

static __always_inline bool role_is_function(__u32 role)
{
	return role == RP_ROLE_CALL || role == RP_ROLE_CALL_SITE;
}

/*
 * ns on a CPU of the current task up to now. sum_exec_runtime alone is stale by up to a tick. What
 * is added runs by a clock that leaves out interrupts and stolen time, differently on each CPU.
 */
static __always_inline __u64 task_cpu(struct task_struct *task, __u64 now)
{
	if (bpf_core_field_exists(task->se.cfs_rq)) {
		struct rq *rq = task->se.cfs_rq->rq;

		now -= rq->clock - rq->clock_task;
	}
	return task->se.sum_exec_runtime + (now - task->se.exec_start);
}

static __always_inline __u64 task_wait(struct task_struct *task)
{
	return task->sched_info.run_delay;
}

/*
 * Walks over the stack run in bpf_loop(), which the verifier checks once, whatever the depth. The
 * functions that start one are global, so that it checks them apart from their callers: some
 * kernels (7.0) give up on all of it at once. Such functions must check their pointers, and return
 * a number.
 * `t` is what the walk is on; the rest is its own.
 */
struct rp_walk {
	struct rp_thread *t;
	const struct rp_query *q;
	__u32 depth; /* frame to look at next */
	__u32 bound; /* look at frames above this one only */
	__u32 found;
	__u64 floor; /* stack pointers below it are on other stacks */
	__u64 now;
};

static long unwind_step(__u32 i, struct rp_walk *w)
{
	__u32 top = w->t->depth;
	struct rp_figures *figures;
	struct rp_frame *f;

	if (top <= w->bound)
		return 1;
	f = frame_at(w->t, top);
	if (f && f->node) {
		figures = node_figures(f->node);
		if (figures)
			__sync_fetch_and_add(&figures->unwound, 1);
	}
	w->t->depth = top - 1;
	return 0;
}

/* Pop all frames above `depth` as left without an exit. */
__noinline int frames_unwind(struct rp_thread *t, __u32 depth)
{
	struct rp_walk w = {.t = t, .bound = depth};

	return t ? bpf_loop(RP_FRAMES_MAX, unwind_step, &w, 0) : 0;
}

/* The current thread ends, or its program does: what comes next finds no state, and its slot free.
 */
static __always_inline void thread_end(struct rp_thread *t)
{
	frames_unwind(t, 0);
	thread_drop_pieces(t);
	t->grouping_serial = 0;
	__sync_lock_test_and_set(&t->owner, 0);
}

/* What a probe hit knows of the stack: an entry of the frame that it opens, an exit of the one that
 * it closes. */
struct rp_query {
	__u64 sp;
	__u64 ip;	   /* of a begin probe; else 0 */
	__u64 key;	   /* to find: sp of a function frame, key of a scope */
	__u64 label;	   /* of the frame to open, or what the one to close returns */
	__u32 label_flags; /* RP_NODE_LABELED: it has one */
	__u32 region;	   /* of the hit; RP_REGION_NONE: any */
	__u32 role;	   /* of the hit; to find: of the frame */
	__u32 loose;	   /* of the hit */
	__u32 outcomes;	   /* outcomes of the comparisons that can be told here */
};

static long find_floor(struct task_struct *task, struct vm_area_struct *vma, __u64 *floor)
{
	*floor = vma->vm_start;
	return 0;
}

/* Where the stack that sp is on begins: those of fibers are mappings of their own. */
static __noinline __u64 stack_floor(__u64 goroutine, __u64 sp)
{
	__u64 floor = sp > RP_STACK_SPAN ? sp - RP_STACK_SPAN : 0;

	if (!goroutine)
		bpf_find_vma(bpf_get_current_task_btf(), sp, find_floor, &floor, 0);
	return floor;
}

/* The word at the top of the user stack is the kernel's return trampoline: a tail call. */
static __noinline bool returns_to_trampoline(__u64 sp)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct xol_area *area = BPF_CORE_READ(task, mm, uprobes_state.xol_area);
	__u64 address = 0, trampoline = 0;

	if (!area || bpf_probe_read_user(&address, sizeof(address), (void *)(unsigned long)sp))
		return false;
	trampoline = BPF_CORE_READ(area, vaddr);
	return trampoline && address == trampoline;
}

/* Was this frame left without its exit, seen from a hit at q? */
static __always_inline bool frame_is_stale(const struct rp_frame *f, const struct rp_walk *w)
{
	const struct rp_query *q = w->q;
	__u32 role = FRAME_ROLE(f);

	if (f->sp < w->floor)
		return false;
	switch (role) {
	case RP_ROLE_CALL:
	case RP_ROLE_CALL_SITE:
		if (f->sp < q->sp)
			return true;
		/* Entered again from the same depth: only a tail call keeps the older frame. */
		if (!role_is_function(q->role))
			return false;
		return role == RP_ROLE_CALL_SITE || !returns_to_trampoline(q->sp);
	case RP_ROLE_SCOPE_BEGIN:
		return f->sp < q->sp;
	case RP_ROLE_BEGIN:
		/* The same site again from the same depth: the function was left and entered anew.
		 */
		return q->ip && f->ip == q->ip && FRAME_REGION(f) == q->region;
	}
	return false;
}

static long stale_step(__u32 i, struct rp_walk *w)
{
	struct rp_frame *f;

	if (!w->depth)
		return 1;
	f = frame_at(w->t, w->depth);
	if (!f || f->sp > w->q->sp)
		return 1;
	w->depth--;
	if (frame_is_stale(f, w))
		w->found = w->depth;
	return 0;
}

/*
 * Depth that is left once the frames that a hit proves stale are popped. Looks down as far as
 * frames were entered from no shallower than the hit: below, nothing can be stale.
 */
__noinline __u32 frames_stale(struct rp_thread *t, const struct rp_query *q)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct rp_walk w = {.t = t, .q = q};
	struct rp_frame *top;

	if (!t || !q)
		return 0;
	w.depth = w.found = t->depth;
	top = frame_at(t, t->depth);
	w.floor = top && top->sp < q->sp ? stack_floor(t->goroutine, q->sp) : q->sp;
	/* On the alternate signal stack the pointer says nothing of the frames below the signal. */
	if (q->sp - task->sas_ss_sp >= task->sas_ss_size)
		bpf_loop(RP_FRAMES_MAX, stale_step, &w, 0);
	return w.found;
}

static __always_inline bool frame_is_meant(const struct rp_frame *f, const struct rp_query *q)
{
	return FRAME_ROLE(f) == q->role && (!q->region || FRAME_REGION(f) == q->region) &&
	       (!q->key || (q->role == RP_ROLE_SCOPE_BEGIN ? f->ip : f->sp) == q->key);
}

static long find_step(__u32 i, struct rp_walk *w)
{
	struct rp_frame *f;

	if (!w->depth)
		return 1;
	f = frame_at(w->t, w->depth);
	if (!f)
		return 1;
	if (frame_is_meant(f, w->q)) {
		w->found = w->depth;
		return 1;
	}
	w->depth--;
	return 0;
}

/* Index of the nearest frame that an exit at q closes; 0: none. */
__noinline __u32 frames_find(struct rp_thread *t, const struct rp_query *q)
{
	struct rp_walk w = {.t = t, .q = q};

	if (!t || !q)
		return 0;
	w.depth = t->depth;
	bpf_loop(RP_FRAMES_MAX, find_step, &w, 0);
	return w.found;
}

/* Open a frame. 0: none could be had, counted. */
__noinline int frame_push(struct rp_thread *t, const struct rp_query *q)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct rp_frame *top, *f;
	struct rp_figures *figures;
	__u32 depth, node;
	__u64 now;

	if (!t || !q)
		return 0;
	depth = t->depth;
	top = frame_at(t, depth);
	if (!top)
		return 0;
	if (top->sp <= q->sp) {
		__u32 keep = frames_stale(t, q);

		if (keep < depth) {
			frames_unwind(t, keep);
			depth = t->depth;
			top = frame_at(t, depth);
			if (!top)
				return 0;
		}
	}
	if (!depth) {
		t->missed = 0;
		if (q->sp > t->shallowest && role_is_function(q->role))
			t->shallowest = q->sp;
		if (t->grouping_serial != grouping_serial)
			thread_regroup(task, t);
	}
	if (depth >= cfg_max_depth) {
		count_lost(RP_LOST_DEPTH);
		t->missed++;
		return 0;
	}
	if ((depth + 1) % RP_FRAMES_PIECE == 0)
		frame_make_room(t, depth + 1);
	f = frame_at(t, depth + 1);
	if (!f) {
		count_lost(RP_LOST_DEPTH);
		t->missed++;
		return 0;
	}

	if (!top->node)
		node = 0;
	else if (q->label_flags)
		node = node_below(top->node, q->region, q->label, q->label_flags);
	else
		node = node_child(top->node, q->region);
	figures = node ? node_figures(node) : NULL;
	if (figures) {
		__sync_fetch_and_add(&figures->entries, 1);
	} else {
		node = 0;
		if (!region_is_own(q->region))
			count_lost(RP_LOST_NODES);
	}

	t->begun |= 1ull << (q->region & 63);
	f->child = 0;
	f->outside = 0;
	f->sp = q->sp;
	f->ip = q->role == RP_ROLE_SCOPE_BEGIN ? q->key : q->ip;
	f->region = q->region | q->role << 24 | q->loose << 28;
	f->node = node;
	f->outcomes = q->outcomes;
	f->wait = task_wait(task);
	now = bpf_ktime_get_ns();
	f->cpu = task_cpu(task, now);
	f->start = now;
	barrier();
	t->depth = depth + 1;
	return 1;
}

/* Time a frame up to now and add it to its node. */
static __always_inline __u64 frame_time(struct task_struct *task, struct rp_frame *f, __u64 now)
{
	__u64 ns = now - f->start;
	__u64 cpu = task_cpu(task, now) - f->cpu;
	__u64 wait = task_wait(task) - f->wait;
	__u64 child = f->child;

	/* Clocks of their own: hold the parts within the whole. */
	if ((__s64)cpu < 0)
		cpu = 0;
	if (cpu > ns)
		cpu = ns;
	if (wait > ns - cpu)
		wait = ns - cpu;
	if (child > ns)
		child = ns;
	if (f->node && is_filtered(FRAME_REGION(f), ns, f->outcomes))
		figures_skip(f->node);
	else if (f->node)
		figures_add(f->node, ns, child, cpu, wait);
	return ns;
}

/* Close the top frame by its exit. */
static __always_inline void frame_pop(struct task_struct *task, struct rp_thread *t,
				      struct rp_frame *f, __u64 now)
{
	__u32 depth = t->depth;
	struct rp_frame *parent;
	__u64 ns = frame_time(task, f, now);

	if (!depth)
		return;
	parent = frame_at(t, depth - 1);
	t->depth = depth - 1;
	if (parent)
		parent->child += ns - f->outside;
}

static long outlive_step(__u32 i, struct rp_walk *w)
{
	struct rp_frame *f;
	bool call;

	if (w->depth <= w->bound)
		return 1;
	f = frame_at(w->t, w->depth);
	if (!f)
		return 1;
	call = role_is_function(FRAME_ROLE(f)) || FRAME_ROLE(f) == RP_ROLE_SCOPE_BEGIN;
	if (call && (f->sp >= w->q->sp || f->sp < w->floor))
		w->now = 1; /* what is below it goes on */
	else if (call || (!FRAME_LOOSE(f) && !w->now))
		w->found = w->depth;
	w->depth--;
	return 0;
}

/* Of the frames above `index`, pop those that do not outlive it. */
__noinline int frames_outlive(struct rp_thread *t, __u32 index, __u64 sp)
{
	struct rp_query q = {.sp = sp};
	struct rp_walk w = {.t = t, .q = &q, .bound = index};

	if (!t)
		return 0;
	w.depth = t->depth;
	w.floor = stack_floor(t->goroutine, sp);
	bpf_loop(RP_FRAMES_MAX, outlive_step, &w, 0);
	if (w.found)
		frames_unwind(t, w.found - 1);
	return 0;
}

/* The frame and its entry move to another node. */
static __always_inline void frame_move(struct rp_frame *f, __u32 node)
{
	struct rp_figures *from = node_figures(f->node), *to = node ? node_figures(node) : NULL;

	if (!from || !to)
		return;
	__sync_fetch_and_add(&from->entries, -1ull);
	__sync_fetch_and_add(&to->entries, 1);
	f->node = node;
}

/* The frame goes on under another parent node. */
__noinline int frame_reparent(struct rp_thread *t, __u32 index, __u32 parent)
{
	struct rp_frame *f;
	struct rp_node *info;
	__u32 node;

	if (!t || !parent)
		return 0;
	f = frame_at(t, index);
	node = f ? f->node : 0; /* on the stack: before 6.2 a key may not lie in a frame */
	info = node ? bpf_map_lookup_elem(&nodes, &node) : NULL;
	if (!f || !info)
		return 0;
	node = node_below(parent, FRAME_REGION(f), info->label, info->flags & RP_NODE_LABEL_FLAGS);
	frame_move(f, node);
	return 0;
}

static long shift_step(__u32 i, struct rp_walk *w)
{
	struct rp_frame *parent, *to, *from;

	if (w->depth >= w->t->depth)
		return 1;
	to = frame_at(w->t, w->depth);
	from = frame_at(w->t, w->depth + 1);
	if (!to || !from)
		return 1;
	/* The start last, as in frame_push(): another CPU may read the stack (rp_open.bpf.h). */
	to->start = 0;
	barrier();
	__builtin_memcpy(&to->child, &from->child, sizeof(*to) - sizeof(to->start));
	barrier();
	to->start = from->start;
	parent = frame_at(w->t, w->depth - 1);
	if (parent)
		frame_reparent(w->t, w->depth, parent->node);
	w->depth++;
	return 0;
}

/* Take frame `index` out from under those above it, which move down. */
__noinline int frames_shift(struct rp_thread *t, __u32 index)
{
	struct rp_walk w = {.t = t, .depth = index};

	if (!t)
		return 0;
	bpf_loop(RP_FRAMES_MAX, shift_step, &w, 0);
	t->depth--;
	return 0;
}

/*
 * Close frame `index` that lies below others. Most of those were left without their exits. Live
 * functions, and loose regions, go on: they move down to its parent, whose children they are from
 * now on.
 */
__noinline int frame_close(struct rp_thread *t, __u32 index, __u64 sp, __u64 now)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct rp_frame *f, *parent, *next;

	if (!t)
		return 0;
	frames_outlive(t, index, sp);
	f = frame_at(t, index);
	parent = frame_at(t, index - 1);
	if (!f || !parent)
		return 0;
	if (index == t->depth) {
		frame_pop(task, t, f, now);
		return 0;
	}
	next = frame_at(t, index + 1);
	if (next) {
		f->child += now - next->start - next->outside;
		next->outside = now - next->start;
	}
	parent->child += frame_time(task, f, now) - f->outside;
	frames_shift(t, index);
	return 0;
}

/* The frame gets the label that its exit tells: what was in it stays where it was. */
static __noinline void frame_relabel(struct rp_frame *f, const struct rp_query *q)
{
	__u32 node = f->node; /* on the stack: before 6.2 a key may not lie in a frame */
	struct rp_node *info = node ? bpf_map_lookup_elem(&nodes, &node) : NULL;

	if (info)
		frame_move(f, node_below(info->parent, FRAME_REGION(f), q->label, q->label_flags));
}

/* What is known of a frame at its exit only. */
static __always_inline void frame_learn(struct rp_frame *f, const struct rp_query *q, __u64 now)
{
	if (cfg_where.n)
		f->outcomes |= q->outcomes;
	if (cfg_label_returned && q->label_flags &&
	    !is_filtered(FRAME_REGION(f), now - f->start, f->outcomes))
		frame_relabel(f, q);
}

/* Close the frame that an exit at q is about, mostly the top one. 0: there is none. */
__noinline int frame_leave(struct rp_thread *t, const struct rp_query *q, __u64 now)
{
	struct rp_frame *f;
	__u32 index;

	if (!t || !q)
		return 0;
	f = frame_at(t, t->depth);
	if (f && frame_is_meant(f, q)) {
		frame_learn(f, q, now);
		frame_pop(bpf_get_current_task_btf(), t, f, now);
		return 1;
	}
	index = frames_find(t, q);
	f = index ? frame_at(t, index) : NULL;
	if (!f)
		return 0;
	frame_learn(f, q, now);
	frame_close(t, index, q->sp, now);
	return 1;
}

/*
 * Was that entered before tracing began, or before the fork that made the process? A function, if
 * all that was entered since is deeper on the stack; of another region the first end that has no
 * begin, on a thread that may have been there.
 */
static __always_inline bool entered_before(struct task_struct *task, struct rp_thread *t,
					   __u32 region, __u64 sp)
{
	__u64 bit = 1ull << (region & 63);

	if (sp)
		return sp > t->shallowest;
	if (t->begun & bit || (task->start_time >= ready_time && task->pid != task->tgid))
		return false;
	t->begun |= bit;
	return true;
}

static __noinline void count_unmatched(__u32 region)
{
	__u64 one = 1, *seen;

	count_lost(RP_LOST_UNMATCHED);
	seen = bpf_map_lookup_elem(&unmatched, &region);
	if (seen)
		__sync_fetch_and_add(seen, 1);
	else
		bpf_map_update_elem(&unmatched, &region, &one, BPF_NOEXIST);
}

/* An exit that closes nothing; sp: of a function, as it was at its entry, else 0. */
static __noinline void exit_unmatched(struct task_struct *task, struct rp_thread *t, __u32 region,
				      __u64 sp)
{
	if (t->missed) {
		t->missed--;
		return;
	}
	if (t->additions != additions) {
		t->additions = additions;
		t->shallowest = 0;
		t->begun = 0;
	}
	if (!entered_before(task, t, region, sp))
		count_unmatched(region);
}

#endif

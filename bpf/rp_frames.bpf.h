/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The region stack of a thread. Only the thread itself touches it (its own probes, its own exit),
 * so it needs no lock; a sampler that interrupts sees it whole, as depth is published last.
 *
 * Frames that are left without their exit (longjmp, exceptions, errors) are found by the stack
 * pointer: the kernel applies the same rule to its return probes. What is found so is popped as
 * unwound, never timed.
 */
#ifndef RP_FRAMES_BPF_H
#define RP_FRAMES_BPF_H

#include "rp_nodes.bpf.h"

/* Stack pointers further apart than this are on different stacks (fibers): nothing follows from
 * them. */
#define RP_STACK_SPAN (64ull << 20)

/* After the region was ended under a live frame of a function; start then is the time of the end.
 */
#define RP_ROLE_GONE	0xf

#define FRAME_REGION(f) ((f)->region & RP_REGION_MASK)
#define FRAME_ROLE(f)	((f)->region >> 24)

static __always_inline bool role_is_function(__u32 role)
{
	return role == RP_ROLE_CALL || role == RP_ROLE_CALL_SITE;
}

/*
 * ns on a CPU of the current task up to now. sum_exec_runtime alone is stale by up to a tick. What is
 * added runs by a clock that leaves out interrupts and stolen time, differently on each CPU.
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

static __noinline struct rp_frame *frame_deep(__u32 i)
{
	struct rp_thread_deep *deep;

	deep = bpf_task_storage_get(&threads_deep, bpf_get_current_task_btf(), NULL, 0);
	if (!deep)
		return NULL;
	barrier_var(deep); /* or the address is computed before the check */
	if (i >= RP_FRAMES_DEEP)
		return NULL;
	return &deep->frames[i];
}

/* Frame i of the current thread; past RP_FRAMES_BASE in the second, larger piece of storage. */
static __always_inline struct rp_frame *frame_at(struct rp_thread *t, __u32 i)
{
	if (i >= RP_FRAMES_BASE)
		return frame_deep(i - RP_FRAMES_BASE);
	return &t->frames[i & (RP_FRAMES_BASE - 1)]; /* the mask is for the verifier alone */
}

static __noinline struct rp_thread *thread_create(struct task_struct *task)
{
	__u32 tgid = task->tgid;
	struct rp_thread *t;
	__u32 root;

	if (!cfg_track_all && !bpf_map_lookup_elem(&tracked, &tgid))
		return NULL;
	root = node_root(task);
	if (!root) {
		count_lost(RP_LOST_NODES);
		return NULL;
	}
	t = bpf_task_storage_get(&threads, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!t) {
		count_lost(RP_LOST_THREADS);
		return NULL;
	}
	t->frames[0].node = root;
	t->frames[0].sp = ~0ull;
	t->frames[0].region = (__u32)RP_ROLE_GONE << 24;
	return t;
}

/* The state of the current thread; NULL: not traced, or counted as lost. */
static __always_inline struct rp_thread *thread_get(struct task_struct *task)
{
	struct rp_thread *t = bpf_task_storage_get(&threads, task, NULL, 0);

	return t ? t : thread_create(task);
}

/*
 * Walks over the stack run in bpf_loop(), which the verifier checks once, whatever the depth.
 * `t` is what the walk is on; the rest is its own.
 */
struct rp_walk {
	struct rp_thread *t;
	const struct rp_query *q;
	__u32 depth; /* frame to look at next */
	__u32 bound; /* look at frames above this one only */
	__u32 found;
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
	if (f && f->node && FRAME_ROLE(f) != RP_ROLE_GONE) {
		figures = node_figures(f->node);
		if (figures)
			__sync_fetch_and_add(&figures->unwound, 1);
	}
	w->t->depth = top - 1;
	return 0;
}

/* Pop all frames above `depth` as left without an exit. */
static __noinline void frames_unwind(struct rp_thread *t, __u32 depth)
{
	struct rp_walk w = {.t = t, .bound = depth};

	bpf_loop(RP_FRAMES_MAX, unwind_step, &w, 0);
}

/* What a probe hit knows of the stack, and asks of frames_stale and frames_find. */
struct rp_query {
	__u64 sp;
	__u64 ip;     /* of a begin probe; else 0 */
	__u64 key;    /* to find: sp of a function frame, key of a scope */
	__u32 region; /* of the hit; RP_REGION_NONE: any */
	__u32 role;   /* of the hit */
};

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
static __always_inline bool frame_is_stale(const struct rp_frame *f, const struct rp_query *q)
{
	__u32 role = FRAME_ROLE(f);

	if (q->sp - f->sp > RP_STACK_SPAN)
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
	if (frame_is_stale(f, w->q))
		w->found = w->depth;
	return 0;
}

/*
 * Depth that is left once the frames that a hit proves stale are popped. Looks down as far as
 * frames were entered from no shallower than the hit: below, nothing can be stale.
 */
static __noinline __u32 frames_stale(struct rp_thread *t, const struct rp_query *q)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct rp_walk w = {.t = t, .q = q, .depth = t->depth, .found = t->depth};

	/* On the alternate signal stack the pointer says nothing of the frames below the signal. */
	if (q->sp - task->sas_ss_sp >= task->sas_ss_size)
		bpf_loop(RP_FRAMES_MAX, stale_step, &w, 0);
	return w.found;
}

static long find_step(__u32 i, struct rp_walk *w)
{
	const struct rp_query *q = w->q;
	struct rp_frame *f;

	if (!w->depth)
		return 1;
	f = frame_at(w->t, w->depth);
	if (!f)
		return 1;
	if (FRAME_ROLE(f) == q->role && (!q->region || FRAME_REGION(f) == q->region) &&
	    (!q->key || (q->role == RP_ROLE_SCOPE_BEGIN ? f->ip : f->sp) == q->key)) {
		w->found = w->depth;
		return 1;
	}
	w->depth--;
	return 0;
}

/* Index of the nearest frame that an exit at q closes; 0: none. */
static __noinline __u32 frames_find(struct rp_thread *t, const struct rp_query *q)
{
	struct rp_walk w = {.t = t, .q = q, .depth = t->depth};

	bpf_loop(RP_FRAMES_MAX, find_step, &w, 0);
	return w.found;
}

static long live_step(__u32 i, struct rp_walk *w)
{
	struct rp_frame *f;

	if (w->depth <= w->bound)
		return 1;
	f = frame_at(w->t, w->depth--);
	if (f && role_is_function(FRAME_ROLE(f)) && f->sp >= w->q->sp)
		w->found = 1;
	return w->found;
}

/* Is a live function frame above `index`? Its own exit is still to come. */
static __noinline bool frames_live_above(struct rp_thread *t, __u32 index, __u64 sp)
{
	struct rp_query q = {.sp = sp};
	struct rp_walk w = {.t = t, .q = &q, .depth = t->depth, .bound = index};

	bpf_loop(RP_FRAMES_MAX, live_step, &w, 0);
	return w.found;
}

/* Open a frame. false: none could be had, counted. */
static __always_inline bool frame_push(struct task_struct *task, struct rp_thread *t,
				       const struct rp_query *q, __u64 label, __u32 label_flags)
{
	__u32 depth = t->depth, node;
	struct rp_frame *top = frame_at(t, depth), *f;
	struct rp_figures *figures;
	__u64 now;

	if (!top)
		return false;
	if (top->sp <= q->sp) {
		__u32 keep = frames_stale(t, q);

		if (keep < depth) {
			frames_unwind(t, keep);
			depth = t->depth;
			top = frame_at(t, depth);
			if (!top)
				return false;
		}
	}
	if (!depth)
		t->missed = 0;
	if (depth >= cfg_max_depth) {
		count_lost(RP_LOST_DEPTH);
		t->missed++;
		return false;
	}
	if (depth + 1 == RP_FRAMES_BASE)
		bpf_task_storage_get(&threads_deep, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	f = frame_at(t, depth + 1);
	if (!f) {
		count_lost(RP_LOST_DEPTH);
		t->missed++;
		return false;
	}

	if (top->child_region == q->region && !label_flags) {
		node = top->child_node;
	} else {
		node = top->node ? node_below(top->node, q->region, label, label_flags) : 0;
		if (node && !label_flags) {
			top->child_region = q->region;
			top->child_node = node;
		}
	}
	figures = node ? node_figures(node) : NULL;
	if (figures) {
		__sync_fetch_and_add(&figures->entries, 1);
	} else {
		node = 0;
		count_lost(RP_LOST_NODES);
	}

	t->begun |= 1ull << (q->region & 63);
	f->child = 0;
	f->sp = q->sp;
	f->ip = q->role == RP_ROLE_SCOPE_BEGIN ? q->key : q->ip;
	f->region = q->region | q->role << 24;
	f->node = node;
	f->child_region = RP_REGION_NONE;
	f->wait = task_wait(task);
	now = bpf_ktime_get_ns();
	f->cpu = task_cpu(task, now);
	f->start = now;
	barrier();
	t->depth = depth + 1;
	return true;
}

static long drop_step(__u32 i, struct rp_walk *w)
{
	struct rp_frame *f, *parent;

	if (!w->t->depth)
		return 1;
	f = frame_at(w->t, w->t->depth);
	if (!f || FRAME_ROLE(f) != RP_ROLE_GONE)
		return 1;
	w->t->depth--;
	parent = frame_at(w->t, w->t->depth);
	if (parent && w->now > f->start)
		parent->child += w->now - f->start;
	return 0;
}

/* Frames that were ended under a live one give way; the time since then belongs further down. */
static __noinline void frames_drop_gone(struct rp_thread *t, __u64 now)
{
	struct rp_walk w = {.t = t, .now = now};

	bpf_loop(RP_FRAMES_MAX, drop_step, &w, 0);
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
	if (f->node)
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
	if (!parent)
		return;
	if (depth > 1 && FRAME_ROLE(parent) == RP_ROLE_GONE)
		frames_drop_gone(t, now);
	else
		parent->child += ns;
}

/* Close frame `index` that may lie below others: those are unwound, or stay if they are live
 * functions. */
static __always_inline void frame_close(struct task_struct *task, struct rp_thread *t, __u32 index,
					__u64 sp, __u64 now)
{
	struct rp_frame *f, *parent;

	if (index != t->depth && frames_live_above(t, index, sp)) {
		f = frame_at(t, index);
		parent = index ? frame_at(t, index - 1) : NULL;
		if (!f || !parent)
			return;
		parent->child += frame_time(task, f, now);
		f->start = now;
		f->region = (__u32)RP_ROLE_GONE << 24;
		return;
	}
	frames_unwind(t, index);
	f = frame_at(t, index);
	if (f)
		frame_pop(task, t, f, now);
}

/* An exit that closes nothing. Of what was entered before tracing began, none is expected. */
static __noinline void exit_unmatched(struct task_struct *task, struct rp_thread *t, __u32 region)
{
	__u64 bit = 1ull << (region & 63), one = 1, *seen;

	if (t->missed) {
		t->missed--;
		return;
	}
	/*
	 * A thread that ran before, or that a fork made inside the region, ends once what it never
	 * began here.
	 */
	if (!(t->begun & bit) && (task->start_time < ready_time || task->pid == task->tgid)) {
		t->begun |= bit;
		return;
	}
	count_lost(RP_LOST_UNMATCHED);
	seen = bpf_map_lookup_elem(&unmatched, &region);
	if (seen)
		__sync_fetch_and_add(seen, 1);
	else
		bpf_map_update_elem(&unmatched, &region, &one, BPF_NOEXIST);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Walks over the region stack of the current thread, by the rules of rp_stack.h.
 *
 * A stack may be 1,023 frames deep, and a loop of so many rounds is more than the verifier follows.
 * bpf_loop() it checks once, whatever the depth. The functions that start a walk are global, so
 * that it checks them apart from their callers: some kernels (7.0) give up on all of it at once.
 * The price of a global function: it must check the pointers that it is given, and return a number.
 * Calls may be nested eight deep, callbacks included, and take 512 bytes of stack, each rounded up
 * to 32 before 6.8: which is why some of them are not global.
 */
#ifndef RP_WALKS_BPF_H
#define RP_WALKS_BPF_H

#include "rp_filter.bpf.h"
#include "rp_instances.bpf.h"
#include "rp_stacks.bpf.h"
#include "rp_threads.bpf.h"

/* Frames that are looked at for some that were left below calls which go on. */
#define STACKS_LOOK 64

/*
 * What a walk counts by is the upper half of a word, here and below: of that the verifier keeps no
 * value. Else it learns from the first comparison what the number may be, and goes through all
 * frames that a thread has, one by one.
 */
struct rp_walk {
	struct rp_thread *t;
	const struct rp_hit *hit;
	__u32 bound; /* look at frames above this one only; to find: the nearest elsewhere */
	__u32 depth; /* frame to look at next */
	__u32 found;
	bool live;	   /* a function that goes on was met */
	bool same_depth;   /* a function entered at the hit's stack pointer was met ... */
	bool jumped;	   /* ... and the first, which was the last to be entered, has jumped */
	bool others;	   /* one that goes on is on another stack than the hit */
	bool own_stack;	   /* the thread's bounds of a stack are those of the hit's */
	__u64 stack_start; /* of the mapping that the hit's stack pointer is in */
};

/* ---- unwinding ------------------------------------------------------------------------------ */

static __always_inline void count_unwound(struct rp_thread *t, const struct rp_frame *f, __u64 end)
{
	if (!f->node || rp_frame__is_left_out(f))
		return;
	figures_unwind(f->node);
	if (cfg_record && !rp_region_is_own(rp_frame__region(f)))
		frame_record_unwound(t, f, end);
}

/*
 * When a frame was left that is so many above one that goes on, or that the hit closes: before that
 * ends, and each before the one it was called from, so that they are inside of each other.
 */
static __always_inline __u64 left_at(const struct rp_hit *hit, __u32 above)
{
	return hit && hit->now ? hit->now - above : bpf_ktime_get_ns();
}

static long unwind_step(__u32 i, struct rp_walk *w)
{
	__u32 top = w->t->depth;
	struct rp_overlap *overlap;
	struct rp_frame *f;

	if (top <= w->bound)
		return 1;
	f = frame_at(w->t, top);
	if (f)
		count_unwound(w->t, f, left_at(w->hit, top - w->bound));
	/* Taken for a call that was left, when it may be one that others overlap. */
	overlap = f && rp_frame__is_loose(f) ? overlap_seen(rp_frame__region(f)) : NULL;
	if (overlap)
		__sync_fetch_and_add(&overlap->popped, 1);
	w->t->depth = top - 1;
	return 0;
}

/* Pop all frames above `depth` as left without an exit. hit: that proves it, or NULL. */
__noinline int frames_unwind(struct rp_thread *t, __u32 depth, const struct rp_hit *hit)
{
	struct rp_walk w = {.t = t, .hit = hit, .bound = depth};

	return t ? bpf_loop(RP_FRAMES_MAX, unwind_step, &w, 0) : 0;
}

/*
 * The current thread ends, or its program does. What comes next finds no state of it, and its slot
 * free.
 */
static __always_inline void thread_end(struct rp_thread *t)
{
	frames_unwind(t, 0, NULL);
	thread_drop_segments(t);
	t->grouping_serial = 0;
	__sync_lock_test_and_set(&t->owner, 0);
}

/* ---- the frame around another ---------------------------------------------------------------- */

struct rp_around_walk {
	struct rp_thread *t;
	__u64 sp;
	struct rp_stack_bounds stack;
	__u32 unused; /* see rp_walk */
	__u32 index;  /* of the frame to look at next */
};

/* Not by frame_at(), which calls: this is the deepest of all walks. */
static long around_step(__u32 i, struct rp_around_walk *w)
{
	__u64 task = bpf_get_current_task();
	struct rp_frame *f = w->index ? thread_frame(w->t, task, w->index) : NULL;

	if (!f || rp_frame__encloses(f, w->sp, w->stack.start, w->stack.end))
		return 1;
	w->index--;
	return 0;
}

/*
 * Index of the nearest frame below `index` that is on the stack of sp; 0: none. A handler on the
 * signal stack is around what it calls, and in what was entered last.
 */
__noinline __u32 frames_around(struct rp_thread *t, __u32 index, __u64 sp)
{
	struct rp_around_walk w = {.t = t, .sp = sp, .index = index - 1};

	if (!t || !index)
		return 0;
	if (t->goroutine || on_signal_stack(bpf_get_current_task_btf(), sp))
		return w.index;
	stack_around(t, sp, &w.stack);
	bpf_loop(RP_FRAMES_MAX, around_step, &w, 0);
	return w.index;
}

/* Index of the frame that encloses what is, or will be, frame `index`. */
static __always_inline __u32 index_around(struct rp_thread *t, __u32 index, __u64 sp)
{
	return t->has_coroutines ? frames_around(t, index, sp) : index - 1;
}

static __always_inline struct rp_frame *frame_around(struct rp_thread *t, __u32 index, __u64 sp)
{
	return frame_at(t, index_around(t, index, sp));
}

/* ---- frames that were left ------------------------------------------------------------------ */

/*
 * A call on one of several stacks in a mapping: its return address is still on the stack, or the
 * trampoline that the kernel has put there.
 */
static __always_inline bool awaits_return(const struct rp_thread *t, const struct rp_frame *f)
{
	__u64 address = 0;

	if (!t->stacks_share)
		return false;
	if (rp_frame__role(f) == RP_ROLE_CALL)
		return !(f->flags & RP_FRAME_NO_RETURN) && returns_to_trampoline(f->sp);
	if (!f->ip || rp_frame__role(f) != RP_ROLE_CALL_SITE)
		return false;
	return !bpf_probe_read_user(&address, sizeof(address), (void *)(unsigned long)f->sp) &&
	       address == f->ip;
}

/* A call that goes on, with what may lie below it: that is only marked if it was left. */
static __always_inline long pass_live(struct rp_walk *w)
{
	w->live = true;
	w->depth--;
	return 0;
}

static long left_step(__u32 i, struct rp_walk *w)
{
	enum rp_left left;
	struct rp_frame *f;

	if (!w->depth)
		return 1;
	f = frame_at(w->t, w->depth);
	if (!f)
		return 1;
	if (f->sp > w->hit->sp && !rp_frame__is_gone(f))
		return w->t->stacks_interleave ? pass_live(w) : 1;
	if (f->sp < w->hit->sp && awaits_return(w->t, f))
		return pass_live(w);
	w->depth--;
	left = rp_frame__is_left(f, w->hit, w->stack_start);
	if (left == RP_LEFT_UNLESS_TAIL_CALL && !returns_to_trampoline(w->hit->sp))
		left = RP_LEFT;
	if (left == RP_LEFT_UNLESS_JUMPED) {
		w->jumped |= !w->same_depth && rp_frame__has_jumped(f);
		w->same_depth = true;
		left = w->jumped ? RP_LEFT_NOT : RP_LEFT;
	}
	if (left == RP_LEFT && w->live)
		f->flags |= RP_FRAME_GONE;
	else if (left == RP_LEFT)
		w->found = w->depth;
	else if (f->sp < w->stack_start && rp_role_is_function(rp_frame__role(f)))
		w->live = true;
	return 0;
}

/*
 * Depth that is left once the frames that a hit proves left are popped. Looks down as far as frames
 * were entered from no shallower than the hit: below, nothing can have been left.
 */
__noinline __u32 frames_kept(struct rp_thread *t, const struct rp_hit *hit)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct rp_walk w = {.t = t, .hit = hit};
	struct rp_frame *top;

	if (!t || !hit)
		return 0;
	w.depth = w.found = t->depth;
	top = frame_at(t, t->depth);
	w.stack_start = top && (top->sp < hit->sp || t->stacks_interleave)
				? stack_start(t->goroutine, hit->sp)
				: hit->sp;
	/* On the alternate signal stack the pointer says nothing of the frames below the signal. */
	if (!on_signal_stack(task, hit->sp))
		bpf_loop(t->stacks_interleave ? STACKS_LOOK : RP_FRAMES_MAX, left_step, &w, 0);
	return w.found;
}

struct rp_aside_walk {
	struct rp_thread *t;
	struct rp_stack_bounds bounds; /* of the stack that the hit is on */
	bool on_signal;
	__u32 depth;
};

static long aside_step(__u32 i, struct rp_aside_walk *w)
{
	struct rp_frame *f = w->depth ? frame_at(w->t, w->depth) : NULL;

	if (!f || !rp_frame__is_aside(f) ||
	    rp_frame__shares_stack(f, w->on_signal, w->bounds.start, w->bounds.end))
		return 1;
	w->depth--;
	return 0;
}

/* Pop the top frames that are marked as on another stack than the hit. */
__noinline int frames_leave_aside(struct rp_thread *t, const struct rp_hit *hit)
{
	struct rp_aside_walk w = {.t = t};

	if (!t || !hit || t->goroutine)
		return 0;
	w.on_signal = on_signal_stack(bpf_get_current_task_btf(), hit->sp);
	stack_find(hit->sp, &w.bounds);
	w.depth = t->depth;
	bpf_loop(RP_FRAMES_MAX, aside_step, &w, 0);
	return frames_unwind(t, w.depth, hit);
}

/* ---- the frame that an exit closes ---------------------------------------------------------- */

/* Was it entered on another stack than the hit, where that is known? */
static __always_inline bool is_elsewhere(const struct rp_walk *w, const struct rp_frame *f)
{
	return w->own_stack && f->sp - w->t->stack_start >= w->t->stack_end - w->t->stack_start;
}

/* The bounds of the hit's stack become those that the thread knows. */
static __always_inline bool knows_stack(struct rp_thread *t, const struct rp_hit *hit)
{
	return !t->goroutine && on_one_stack(t, hit->sp, hit->sp, false);
}

/* What code marks as a region ends by its name alone, whose call it is. */
static __always_inline bool ends_by_name(const struct rp_hit *hit)
{
	return hit->role == RP_ROLE_BEGIN || hit->role == RP_ROLE_NAME_BEGIN;
}

/*
 * Would an end close what was begun on another stack, while other regions are open? Coroutines that
 * take turns in one region end it in any order.
 */
static __always_inline bool may_be_of_coroutine(struct rp_thread *t, const struct rp_frame *f,
						const struct rp_hit *hit)
{
	return ends_by_name(hit) && t->depth > 1 && f->sp != hit->sp && !t->goroutine &&
	       !on_one_stack(t, hit->sp, f->sp, true);
}

/* An end that names its call closes no other. */
static __always_inline bool frame_is_closed_by(const struct rp_frame *f, const struct rp_hit *hit)
{
	__u32 node = f->node; /* on the stack: before 6.2 a key may not lie in a frame */
	const struct rp_node *info;

	if (!rp_frame__is_closed_by(f, hit))
		return false;
	if (hit->role != RP_ROLE_BEGIN || !hit->label_flags || !node)
		return true;
	info = bpf_map_lookup_elem(&nodes, &node);
	return !info || rp_label__may_be(info->flags, info->label, hit->label_flags, hit->label);
}

static long find_step(__u32 i, struct rp_walk *w)
{
	struct rp_frame *f;

	if (!w->depth)
		return 1;
	f = frame_at(w->t, w->depth);
	if (!f)
		return 1;
	if (frame_is_closed_by(f, w->hit)) {
		w->found = w->depth;
		if (!is_elsewhere(w, f))
			return 1;
		if (!w->bound)
			w->bound = w->depth;
	}
	w->depth--;
	return rp_frame__ends_search(f, w->hit);
}

/* Nearer ones that it would close, too, are on another stack. */
#define FOUND_BELOW_OTHERS (1u << 31)

/*
 * Index of the nearest frame that an exit closes; 0: none. Of regions that code marks, one on the
 * stack of the exit comes before all others.
 */
__noinline __u32 frames_find(struct rp_thread *t, const struct rp_hit *hit)
{
	struct rp_walk w = {.t = t, .hit = hit};
	struct rp_frame *f;

	if (!t || !hit)
		return 0;
	w.own_stack = ends_by_name(hit) && knows_stack(t, hit);
	w.depth = t->depth;
	bpf_loop(RP_FRAMES_MAX, find_step, &w, 0);
	if (!w.bound)
		return w.found;
	f = frame_at(t, w.found);
	return f && !is_elsewhere(&w, f) ? w.found | FOUND_BELOW_OTHERS : w.bound;
}

static long end_step(__u32 i, struct rp_walk *w)
{
	struct rp_frame *f;

	if (w->depth <= w->bound)
		return 1;
	f = frame_at(w->t, w->depth);
	if (!f)
		return 1;
	if (awaits_return(w->t, f))
		return pass_live(w);
	if ((w->t->has_coroutines || rp_frame__role(f) == RP_ROLE_SCOPE_BEGIN) &&
	    is_elsewhere(w, f)) {
		w->others = true;
		w->depth--;
		return 0;
	}
	if (rp_frame__ends_with(f, w->hit, w->stack_start, &w->live)) {
		if (w->live || w->others)
			f->flags |= RP_FRAME_GONE;
		else
			w->found = w->depth;
	}
	w->depth--;
	return 0;
}

/*
 * Frame `index` is closed by an exit: pop those above it that end with it, or did before. 1: above
 * it are calls that go on, on another stack.
 */
__noinline int frames_end_above(struct rp_thread *t, __u32 index, const struct rp_hit *hit)
{
	struct rp_walk w = {.t = t, .hit = hit, .bound = index};

	if (!t || !hit)
		return 0;
	w.depth = t->depth;
	w.own_stack = (t->has_coroutines || hit->role == RP_ROLE_SCOPE_BEGIN) &&
		      knows_stack(t, hit);
	w.stack_start = stack_start(t->goroutine, hit->sp);
	bpf_loop(RP_FRAMES_MAX, end_step, &w, 0);
	if (w.live || w.others)
		t->stacks_interleave = 1;
	if (w.found)
		frames_unwind(t, w.found - 1, hit);
	/* A function returns before those that were called after it: these are on other stacks. */
	return w.others || (w.live && rp_role_is_function(hit->role));
}

#endif

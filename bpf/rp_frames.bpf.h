/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Opening and closing frames of a thread's region stack. Only the thread itself changes it (its own
 * probes, its own exit), so it needs no lock; a sampler that interrupts sees it whole, as depth is
 * published last. For what reads it from another CPU see rp_open.bpf.h.
 *
 * An entry first pops what it proves left (rp_stack.h). An exit closes the nearest frame that it
 * is about, nearly always the top one. Where others are above it, most of them were left without
 * their exit; those that go on move down in its place.
 */
#ifndef RP_FRAMES_BPF_H
#define RP_FRAMES_BPF_H

#include "rp_walks.bpf.h"

/* ---- parents -------------------------------------------------------------------------------- */

/* Its node, if it has one, is that of its parent. */
static __always_inline bool is_outside(const struct rp_frame *f)
{
	return cfg_within && !rp_frame__is_inside(f);
}

/*
 * The node that what is entered in a frame goes on below. A call that --where rules out is in no
 * figure, so it is on no path either: under recursion, calls in it would else be taken for inner
 * ones of those that share its node and are measured, and miss in the total.
 */
static __always_inline __u32 node_around(const struct rp_frame *f)
{
	__u32 node = f->node; /* on the stack: before 6.2 a key may not lie in a frame */
	struct rp_node *info;

	if (!node || is_outside(f) || !rp_frame__is_left_out(f))
		return node;
	info = bpf_map_lookup_elem(&nodes, &node);
	return info ? info->parent : 0;
}

/* The frame and its entry move to another node. */
static __always_inline void frame_move(struct rp_frame *f, __u32 node)
{
	struct rp_figures *from = node_figures(f->node), *to = node ? node_figures(node) : NULL;

	if (!from || !to || is_outside(f))
		return;
	__sync_fetch_and_add(&from->entries, -1ull);
	__sync_fetch_and_add(&to->entries, 1);
	if (rp_frame__is_left_out(f)) {
		__sync_fetch_and_add(&from->skipped, -1ull);
		__sync_fetch_and_add(&to->skipped, 1);
	}
	f->node = node;
}

/* The frame goes on under another parent node. */
static __always_inline void frame_reparent(struct rp_frame *f, __u32 parent)
{
	__u32 node = f->node; /* on the stack: before 6.2 a key may not lie in a frame */
	struct rp_node *info = node ? bpf_map_lookup_elem(&nodes, &node) : NULL;

	if (!parent)
		return;
	if (is_outside(f))
		f->node = parent;
	else if (info)
		frame_move(f, node_below(parent, rp_frame__region(f), info->label,
					 info->flags & RP_NODE_LABEL_FLAGS));
}

static long part_step(__u32 i, struct rp_thread **t)
{
	struct rp_frame *f, *parent;

	if (++i > (*t)->depth)
		return 1;
	f = frame_at(*t, i);
	parent = f ? frame_around(*t, i, f->sp) : NULL;
	if (parent)
		frame_reparent(f, node_around(parent));
	return 0;
}

/* Coroutines are noticed: what each of them has open goes on below its own calls. */
__noinline int frames_part(struct rp_thread *t)
{
	if (!t || t->has_coroutines)
		return 0;
	t->has_coroutines = 1;
	return bpf_loop(RP_FRAMES_MAX, part_step, &t, 0);
}

/*
 * Is something entered on a stack that has calls open below the last one, on another stack, which
 * goes on? Nested calls are not: a stack that is but lent for more room has none.
 */
static __always_inline bool takes_turn(struct task_struct *task, struct rp_thread *t,
				       const struct rp_frame *top, __u64 sp)
{
	__u32 depth = t->depth, around;

	if (!depth || t->has_coroutines || t->goroutine || on_signal_stack(task, sp) ||
	    (!t->stacks_share && on_one_stack(t, sp, top->sp, true)))
		return false;
	around = frames_around(t, depth + 1, sp);
	return around && around < depth;
}

/* ---- opening -------------------------------------------------------------------------------- */

/* Pops what the hit proves left; the frame that is the top then. */
static __always_inline struct rp_frame *frame_below(struct rp_thread *t, const struct rp_hit *hit)
{
	struct rp_frame *top = frame_at(t, t->depth);
	__u32 kept;

	if (top && rp_frame__is_aside(top)) {
		frames_leave_aside(t, hit);
		top = frame_at(t, t->depth);
	}
	if (!top || (top->sp > hit->sp && !t->stacks_interleave))
		return top;
	kept = frames_kept(t, hit);
	if (kept < t->depth) {
		frames_unwind(t, kept, hit);
		top = frame_at(t, t->depth);
	}
	return top;
}

/* The node of a frame to be opened, its entry counted. 0: none could be had, counted as lost. */
static __always_inline __u32 frame_node(__u32 parent, const struct rp_hit *hit, bool left_out)
{
	struct rp_figures *figures;
	__u32 node = 0;

	if (parent && hit->label_flags)
		node = node_below(parent, hit->region, hit->label, hit->label_flags);
	else if (parent)
		node = node_child(parent, hit->region);
	figures = node ? node_figures(node) : NULL;
	if (figures) {
		__sync_fetch_and_add(&figures->entries, 1);
		if (left_out)
			__sync_fetch_and_add(&figures->skipped, 1);
		return node;
	}
	if (!left_out && !rp_region_is_own(hit->region))
		count_lost(RP_LOST_NODES);
	count_stray(hit->region, 2, 0); /* its exit, too */
	return 0;
}

/* The same of a frame outside of what --within names. */
static __always_inline __u32 frame_node_outside(__u32 parent, const struct rp_hit *hit)
{
	count_stray(hit->region, 2, 0); /* its exit, too */
	return parent;
}

/* The first frame of a stack. */
static __always_inline void stack_begins(struct rp_thread *t, const struct rp_hit *hit)
{
	t->lost_entries = 0;
	t->stacks_interleave = 0;
	if (hit->sp > t->shallowest && rp_role_is_function(hit->role))
		t->shallowest = hit->sp;
	if (t->grouping_serial != grouping_serial)
		thread_regroup(t);
	if (cfg_record && !t->serial && !rp_region_is_own(hit->region))
		thread_introduce(t);
}

/* Room for one more frame; NULL: none could be had, counted as lost. */
static __always_inline struct rp_frame *frame_room(struct rp_thread *t, const struct rp_hit *hit,
						   __u32 depth, bool left_out)
{
	struct rp_frame *f = NULL;

	if (depth < cfg_max_depth) {
		if ((depth + 1) % RP_SEGMENT_FRAMES == 0)
			frame_make_room(t, depth + 1);
		f = frame_at(t, depth + 1);
	}
	if (!f) {
		if (!left_out)
			count_lost(RP_LOST_DEPTH);
		count_stray(hit->region, 1, 0);
		t->lost_entries++;
	}
	return f;
}

/* Open a frame. 0: none could be had, counted. */
__noinline int frame_push(struct rp_thread *t, const struct rp_hit *hit)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct rp_frame *top, *parent, *f;
	bool left_out, inside, is_tree;
	__u32 depth;
	__u64 now;

	if (!t || !hit)
		return 0;
	top = frame_below(t, hit);
	if (!top)
		return 0;
	if (top->sp < hit->sp && rp_role_is_function(rp_frame__role(top)) &&
	    !on_signal_stack(task, hit->sp))
		t->stacks_interleave = 1;
	if (takes_turn(task, t, top, hit->sp))
		frames_part(t);
	depth = t->depth;
	parent = frame_around(t, depth + 1, hit->sp);
	if (!parent)
		return 0;
	inside = is_inside(parent, hit->region);
	left_out = !inside || entry_is_ruled_out(hit);
	if (!depth)
		stack_begins(t, hit);
	f = frame_room(t, hit, depth, left_out);
	if (!f)
		return 0;
	t->begun |= 1ull << (hit->region & 63);
	f->node = inside ? frame_node(node_around(parent), hit, left_out)
			 : frame_node_outside(parent->node, hit);
	f->child = 0;
	f->before_parent = 0;
	f->sp = hit->sp;
	f->ip = hit->role == RP_ROLE_SCOPE_BEGIN ? hit->key : hit->ip;
	f->region = hit->region | hit->role << 24;
	f->flags = hit->flags | (left_out ? RP_FRAME_LEFT_OUT : 0) |
		   (cfg_within && inside ? RP_FRAME_INSIDE : 0);
	is_tree = rp_frame__role(parent) == FRAME_ROOT;
	if (cfg_every && (is_tree ? tree_is_unsampled() : parent->flags & RP_FRAME_UNSAMPLED))
		f->flags |= RP_FRAME_UNSAMPLED;
	if (!t->goroutine && on_signal_stack(task, hit->sp))
		f->flags |= RP_FRAME_ON_SIGNAL_STACK;
	f->outcomes = hit->outcomes;
	f->wait = task_wait(task);
	now = bpf_ktime_get_ns();
	f->cpu = task_cpu(task, now);
	f->start = now;
	barrier();
	t->depth = depth + 1;
	return 1;
}

/* ---- closing -------------------------------------------------------------------------------- */

/* Time a frame up to now and add it to its node. */
static __always_inline __u64 frame_time(struct task_struct *task, struct rp_thread *t,
					struct rp_frame *f, __u64 now)
{
	struct rp_taken taken = {
		.ns = now - f->start,
		.child = f->child,
		.cpu = task_cpu(task, now) - f->cpu,
		.wait = task_wait(task) - f->wait,
	};
	struct rp_instance *instance = NULL;

	rp_taken__clamp(&taken);
	if (!f->node || rp_frame__is_left_out(f))
		return taken.ns;
	if (is_filtered(rp_frame__region(f), taken.ns, f->outcomes)) {
		figures_skip(f->node);
		return taken.ns;
	}
	/* First of all, as the memory of the ring is then fetched while figures are added. */
	if (cfg_record && !rp_region_is_own(rp_frame__region(f))) {
		if (!t->serial)
			thread_introduce(t);
		instance = frame_reserve(t, f, taken.ns, 0);
	}
	figures_add(f->node, &taken);
	if (instance)
		frame_submit(instance, &taken);
	return taken.ns;
}

/* Close the top frame by its exit. */
static __always_inline void frame_pop(struct task_struct *task, struct rp_thread *t,
				      struct rp_frame *f, __u64 now)
{
	__u32 depth = t->depth;
	struct rp_frame *parent;
	__u64 ns = frame_time(task, t, f, now);

	if (!depth)
		return;
	parent = frame_around(t, depth, f->sp);
	t->depth = depth - 1;
	if (parent)
		parent->child += ns - f->before_parent;
}

struct rp_shift {
	struct rp_thread *t;
	__u32 index; /* of the frame that is taken out */
	__u32 to;
	__u32 node; /* of the frame that encloses the next one on its stack */
	__u32 from;
	struct rp_stack_bounds stack;
};

static long shift_step(__u32 i, struct rp_shift *s)
{
	struct rp_frame *to, *from;

	if (s->from > s->t->depth)
		return 1;
	to = frame_at(s->t, s->to);
	from = frame_at(s->t, s->from);
	if (!to || !from)
		return 1;
	s->from++;
	if (s->from - 1 == s->index)
		return 0;
	if (rp_frame__is_gone(from)) {
		count_unwound(s->t, from, bpf_ktime_get_ns());
		return 0;
	}
	s->to++;
	if (s->to == s->from)
		return 0;
	/* The start last, as in frame_push(): another CPU may read the stack (rp_open.bpf.h). */
	to->start = 0;
	barrier();
	__builtin_memcpy(&to->child, &from->child, sizeof(*to) - sizeof(to->start));
	barrier();
	to->start = from->start;
	if (s->from - 1 > s->index && to->sp >= s->stack.start && to->sp < s->stack.end) {
		frame_reparent(to, s->node);
		s->node = node_around(to);
	}
	return 0;
}

/*
 * Take frame `index` out from under those above it, and with it all that are gone: what is above
 * them moves down. Those that it enclosed, or which that did, go on below `parent`.
 */
__noinline int frames_shift(struct rp_thread *t, __u32 index, __u32 parent)
{
	struct rp_shift s = {.t = t, .index = index, .node = parent, .stack.end = ~0ull};
	struct rp_frame *f = t ? frame_at(t, index) : NULL;

	if (!f)
		return 0;
	if (t->has_coroutines && !t->goroutine)
		stack_around(t, f->sp, &s.stack);
	/* From frame 1 on: the flag is that 1. The verifier would follow a constant. */
	s.to = s.from = t->stacks_interleave ? t->stacks_interleave : index;
	bpf_loop(RP_FRAMES_MAX, shift_step, &s, 0);
	t->depth = s.to - 1;
	return 0;
}

/*
 * Close frame `index` that lies below others. Most of those were left without their exits. Live
 * functions, and loose regions, go on: they move down to its parent, whose children they are from
 * now on.
 */
static __always_inline void frame_close(struct task_struct *task, struct rp_thread *t, __u32 index,
					const struct rp_hit *hit)
{
	struct rp_frame *f, *parent, *next;
	__u64 now = hit->now, sp, ns;

	if (frames_end_above(t, index, hit))
		frames_part(t);
	f = frame_at(t, index);
	if (!f)
		return;
	if (index == t->depth) {
		frame_pop(task, t, f, now);
		return;
	}
	next = frame_at(t, index + 1);
	if (next && index_around(t, index + 1, next->sp) == index) {
		f->child += now - next->start - next->before_parent;
		next->before_parent = now - next->start;
	}
	sp = f->sp;
	ns = frame_time(task, t, f, now) - f->before_parent;
	parent = frame_around(t, index, sp);
	if (!parent)
		return;
	parent->child += ns;
	frames_shift(t, index, node_around(parent));
}

/* The frame gets the label that its exit tells: what was in it stays where it was. */
static __noinline void frame_relabel(struct rp_frame *f, const struct rp_hit *hit)
{
	__u32 node = f->node; /* on the stack: before 6.2 a key may not lie in a frame */
	struct rp_node *info = node ? bpf_map_lookup_elem(&nodes, &node) : NULL;

	if (info)
		frame_move(f, node_below(info->parent, rp_frame__region(f), hit->label,
					 hit->label_flags));
}

/* What is known of a frame at its exit only. */
static __always_inline void frame_learn(struct rp_frame *f, const struct rp_hit *hit)
{
	if (cfg_where.n)
		f->outcomes |= hit->outcomes;
	if (cfg_label_returned && hit->label_flags &&
	    !is_filtered(rp_frame__region(f), hit->now - f->start, f->outcomes))
		frame_relabel(f, hit);
}

/* Close the frame that an exit at hit is about, mostly the top one. 0: there is none. */
__noinline int frame_leave(struct rp_thread *t, const struct rp_hit *hit)
{
	struct rp_frame *f;
	bool crossed;
	__u32 index;

	if (!t || !hit)
		return 0;
	f = frame_at(t, t->depth);
	if (f && frame_is_closed_by(f, hit) && !may_be_of_coroutine(t, f, hit)) {
		frame_learn(f, hit);
		frame_pop(bpf_get_current_task_btf(), t, f, hit->now);
		return 1;
	}
	if (f && rp_frame__is_aside(f)) {
		frames_leave_aside(t, hit);
		f = frame_at(t, t->depth);
	}
	crossed = f && rp_frame__is_closed_by(f, hit);
	index = frames_find(t, hit);
	if (index & FOUND_BELOW_OTHERS) {
		index &= ~FOUND_BELOW_OTHERS;
		crossed = true;
		frames_part(t);
	}
	/* It is about another call than the one begun last, which fibers do. */
	if (crossed && index != t->depth)
		count_crossed(hit->region);
	f = index ? frame_at(t, index) : NULL;
	if (!f) {
		if (crossed)
			frames_unwind(t, t->depth - 1, hit);
		return 0;
	}
	frame_learn(f, hit);
	frame_close(bpf_get_current_task_btf(), t, index, hit);
	return 1;
}

struct rp_leaving {
	struct rp_thread *t;
	const struct rp_hit *hit;
};

static long leave_step(__u32 i, struct rp_leaving *l)
{
	int left = frame_leave(l->t, l->hit);

	barrier_var(left); /* to the verifier it is any number */
	return !left;
}

/* Close all frames that an exit at hit is about. */
static __always_inline void frames_leave(struct rp_thread *t, const struct rp_hit *hit)
{
	struct rp_leaving l = {.t = t, .hit = hit};

	bpf_loop(RP_FRAMES_MAX, leave_step, &l, 0);
}

/*
 * A function jumps to another one that returns for it: what is entered next with the same stack
 * pointer is that.
 */
static __always_inline void frame_jump(struct rp_thread *t, __u64 sp)
{
	struct rp_hit hit = {.role = RP_ROLE_CALL_SITE, .key = sp, .sp = sp};
	__u32 index = frames_find(t, &hit);
	struct rp_frame *f = index ? frame_at(t, index) : NULL;

	if (f)
		f->flags |= RP_FRAME_JUMPED;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Calls of USDT regions that overlap on one thread: several begin before any ends, as the memory
 * pools of a JVM do in one collection. A region stack takes the end of the first for that of the
 * last. An argument may tell them apart, and then they should be measured as spans by it; which one
 * does is seen by trying: once calls of a region were seen to overlap, its first arguments are each
 * taken for an id, of a begin and of its end, and it is counted how that goes. User space judges
 * (user/aggregate/overlap.h). A region without overlaps pays nothing, and of one that has them no
 * more than some hits are looked at.
 */
#ifndef RP_OVERLAPS_BPF_H
#define RP_OVERLAPS_BPF_H

#include "rp_values.bpf.h"
#include "rp_walks.bpf.h"

#define OVERLAP_HITS_MAX 4096u /* of a region */
#define OVERLAP_FRAMES	 16u   /* from the top of a stack that are searched for an open call */
#define OVERLAP_OPEN_IDS 8192u

/* A call that is open under an id or, with a thread, what this began last. */
struct overlap_key {
	__u64 id;
	__u32 tgid;
	__u32 tid;
	__u32 region;
	__u32 arg;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, OVERLAP_OPEN_IDS);
	__type(key, struct overlap_key);
	__type(value, __u64); /* the thread that began it; of a thread the id */
} overlap_ids SEC(".maps");

struct overlap_hit {
	void *ctx;
	struct rp_overlap *overlap;
	struct overlap_key open, last;
	__u32 spec; /* of the first argument */
	bool begins;
};

static __always_inline void overlap_begin(struct overlap_hit *h, struct rp_overlap_arg *counts)
{
	__u64 tid = h->last.tid;

	__sync_fetch_and_add(bpf_map_update_elem(&overlap_ids, &h->open, &tid, BPF_NOEXIST)
				     ? &counts->taken
				     : &counts->begun,
			     1);
	bpf_map_update_elem(&overlap_ids, &h->last, &h->open.id, BPF_ANY);
}

/* An end crosses if another thread, or this one later, has begun what is still open. */
static __always_inline void overlap_end(struct overlap_hit *h, struct rp_overlap_arg *counts)
{
	struct overlap_key other = h->open;
	__u64 *by = bpf_map_lookup_elem(&overlap_ids, &h->open), *last;
	bool crosses;

	if (!by) {
		__sync_fetch_and_add(&counts->missed, 1);
		return;
	}
	crosses = *by != h->last.tid;
	last = bpf_map_lookup_elem(&overlap_ids, &h->last);
	if (last && *last != h->open.id) {
		other.id = *last;
		crosses |= bpf_map_lookup_elem(&overlap_ids, &other) != NULL;
	}
	bpf_map_delete_elem(&overlap_ids, &h->open);
	__sync_fetch_and_add(&counts->matched, 1);
	if (crosses)
		__sync_fetch_and_add(&counts->crossed, 1);
}

static long overlap_step(__u32 k, struct overlap_hit *h)
{
	__u32 index = h->spec + k;
	const struct rp_arg *arg;

	if (k >= RP_OVERLAP_ARGS)
		return 1;
	arg = bpf_map_lookup_elem(&arg_specs, &index);
	if (!arg || !read_value(h->ctx, arg, &h->open.id))
		return 0;
	h->open.arg = h->last.arg = k;
	if (h->begins)
		overlap_begin(h, &h->overlap->arg[k]);
	else
		overlap_end(h, &h->overlap->arg[k]);
	return 0;
}

static long overlap_find_step(__u32 i, struct rp_walk *w)
{
	struct rp_frame *f = w->depth ? frame_at(w->t, w->depth) : NULL;

	if (!f)
		return 1;
	w->depth--;
	w->live = rp_frame__region(f) == w->hit->region && rp_frame__role(f) == RP_ROLE_BEGIN;
	return w->live;
}

/* Is a call of the region open among the last of the thread's? */
__noinline int overlap_is_open(struct rp_thread *t, const struct rp_hit *hit)
{
	struct rp_walk w = {.t = t, .hit = hit};

	if (!t || !hit || !(t->begun >> (hit->region & 63) & 1))
		return false;
	w.depth = t->depth;
	bpf_loop(OVERLAP_FRAMES, overlap_find_step, &w, 0);
	return w.live;
}

/* What is known of the region so far; NULL: its calls do not overlap. */
static __always_inline struct rp_overlap *overlap_of(struct rp_thread *t, const struct rp_hit *hit,
						     bool begins)
{
	__u32 region = hit->region; /* on the stack: before 6.2 a key may not lie elsewhere */
	struct rp_overlap *overlap = overlaps_seen ? bpf_map_lookup_elem(&overlaps, &region) : NULL;
	int is_open;

	if (overlap || !begins)
		return overlap;
	is_open = overlap_is_open(t, hit);
	barrier_var(is_open); /* to the verifier it is any number */
	return is_open ? overlap_seen(region) : NULL;
}

/* Before a begin or an end of a region changes the stack. spec: of the site. */
__noinline int overlap_look(struct bpf_user_pt_regs_t *ctx, struct rp_thread *t,
			    const struct rp_hit *hit, __u32 spec, int begins)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct overlap_hit h = {.ctx = ctx, .begins = begins, .spec = spec + ARGS_END};

	if (!t || !hit)
		return 0;
	h.overlap = overlap_of(t, hit, begins);
	if (!h.overlap || !spec || h.overlap->hits >= OVERLAP_HITS_MAX)
		return 0;
	__sync_fetch_and_add(&h.overlap->hits, 1);
	h.open.tgid = tgid_of(task);
	h.open.region = hit->region;
	h.last = h.open;
	h.last.tid = tid_of(task);
	return bpf_loop(RP_OVERLAP_ARGS, overlap_step, &h, 0);
}

#endif

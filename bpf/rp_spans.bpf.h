/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Spans: what begins on one thread and may end on another. They are on no region stack, so they
 * have no parent, no children and no CPU time, and need not nest: an id tells those of one region
 * and process apart. Whoever deletes a span has it, and counts it: of two that end it at once, one.
 */
#ifndef RP_SPANS_BPF_H
#define RP_SPANS_BPF_H

#include <linux/errno.h>

#include "rp_filter.bpf.h"
#include "rp_instances.bpf.h"
#include "rp_unmatched.bpf.h"

/* How often a begin tries to replace an open span that others may be replacing too. */
#define SPAN_TRIES 3

/* One of the current process is not open any more. */
static __always_inline void span_give_back(void)
{
	if (cfg_shares)
		place_give_back(RP_SHARED_SPANS, &spans_open);
}

static __always_inline bool span_take(const struct rp_span_key *key, struct rp_span *out)
{
	const struct rp_span *span = bpf_map_lookup_elem(&spans, key);

	if (!span)
		return false;
	*out = *span;
	/* Another one has it if its memory went on to another span. */
	if (out->key.id != key->id || out->key.tgid != key->tgid || out->key.region != key->region)
		return false;
	if (bpf_map_delete_elem(&spans, key))
		return false;
	span_give_back();
	return true;
}

/* ---- spans that began before tracing did ------------------------------------------------ */

/* Note that such a span has begun; true: one had before. */
static __always_inline bool span_note_begin(const struct rp_span_key *key)
{
	__u64 hash = (key->id ^ (__u64)key->tgid << 32 ^ key->region) * 0x9e3779b97f4a7c15ull;
	__u64 *word = &spans_begun[(hash >> 50) & (RP_SPANS_BEGUN_BITS / 64 - 1)];
	__u64 bit = 1ull << (hash >> 44 & 63);

	if (*word & bit)
		return true;
	__sync_fetch_and_or(word, bit);
	return false;
}

/* Was its program traced from the beginning? since: when what it has begun was first counted. */
static __always_inline bool process_is_new(struct task_struct *task, __u64 since)
{
	__u32 tgid = tgid_of(task), *known = bpf_map_lookup_elem(&tracked, &tgid);

	return task->group_leader->start_time >= since ||
	       (known && *known & ~RP_TRACKED_MAP_PENDING);
}

/* A begin was lost whose end is still to come: takes it off. */
static __always_inline bool lost_begin_is_due(void)
{
	if (!lost_span_begins)
		return false;
	if ((__s64)__sync_fetch_and_add(&lost_span_begins, -1ull) > 0)
		return true;
	__sync_fetch_and_add(&lost_span_begins, 1);
	return false;
}

/* An end that finds no span. */
static __noinline void span_unmatched(struct task_struct *task, const struct rp_span_key *key,
				      __u64 since)
{
	bool surprise = false;

	if (!lost_begin_is_due())
		/* Since probes were added it is not known what had begun before. */
		surprise = !additions && (span_note_begin(key) || process_is_new(task, since));
	count_stray(key->region, 1, surprise);
}

/* ---- begin and end ------------------------------------------------------------------------ */

static __always_inline void span_begin_lost(__u32 region)
{
	count_stray(region, 1, 0);
	count_lost(RP_LOST_SPANS);
	__sync_fetch_and_add(&lost_span_begins, 1);
}

/* Whose span this ends is not known. */
static __always_inline void span_end_lost(__u32 region)
{
	count_stray(region, 1, 0);
	count_lost(RP_LOST_SPANS);
}

/* The root that the thread's regions hang under from now on. */
static __always_inline __u32 span_root(struct rp_thread *t)
{
	if (t->grouping_serial != grouping_serial) {
		if (t->depth)
			return node_root();
		thread_regroup(t);
	}
	return t->frames[0].node;
}

/* It was left without its end, as a thread has noticed. */
static __always_inline void span_unwind(const struct rp_span *span, __u32 thread, __u64 now)
{
	if (span->node == RP_SPAN_OUTSIDE)
		return;
	figures_unwind(span->node);
	if (cfg_record)
		span_record(span, thread, now, RP_INSTANCE_UNWOUND);
}

/* 0, or a negative errno: no room. */
static __always_inline long span_insert(struct rp_span *span)
{
	__u32 tgid = span->key.tgid, one = 1;
	long rc = -EEXIST;
	struct rp_span old;

	/* The same id again leaves its place to this one: see below. */
	if (cfg_shares && span_take(&span->key, &old))
		span_unwind(&old, span->begun_by, bpf_ktime_get_ns());
	if (cfg_shares && !place_take(RP_SHARED_SPANS, &spans_open, cfg_max_spans))
		return -ENOSPC;
	if (!bpf_map_lookup_elem(&span_processes, &tgid) &&
	    bpf_map_update_elem(&span_processes, &tgid, &one, BPF_ANY))
		rc = -ENOMEM;
	for (int i = 0; i < SPAN_TRIES && rc == -EEXIST; i++) {
		span->start = bpf_ktime_get_ns();
		rc = bpf_map_update_elem(&spans, &span->key, span, BPF_NOEXIST);
		/* The same id again: the older one was left without its end. */
		if (rc == -EEXIST && span_take(&span->key, &old))
			span_unwind(&old, span->begun_by, span->start);
	}
	if (rc)
		span_give_back();
	return rc;
}

static __noinline void span_begin(struct task_struct *task, struct rp_thread *t,
				  const struct rp_span_key *key)
{
	struct rp_span span = {.key = *key, .tid = tid_of(task)};
	__u32 root = span_root(t);
	struct rp_figures *figures;

	if (cfg_record) {
		thread_introduce(t);
		span.begun_by = t->serial;
		span.unsampled = tree_is_unsampled();
	}
	span.node = root ? node_below(root, key->region, 0, 0) : 0;
	figures = span.node ? node_figures(span.node) : NULL;
	if (!figures)
		span.node = 0;
	span_note_begin(key);
	if (span_insert(&span)) {
		span_begin_lost(key->region);
		return;
	}
	if (figures) {
		__sync_fetch_and_add(&figures->entries, 1);
	} else {
		count_lost(RP_LOST_NODES);
		count_stray(key->region, 2, 0);
	}
}

/*
 * A begin outside of the regions of --within, or an end there that finds no span. The begin is
 * remembered, so that its end may come inside and still be no surprise.
 */
static __noinline void span_outside(const struct rp_span_key *key, bool begins,
				    struct task_struct *task)
{
	struct rp_span span = {.key = *key, .tid = tid_of(task), .node = RP_SPAN_OUTSIDE};

	count_stray(key->region, 1, 0);
	if (!begins)
		return;
	span_note_begin(key);
	if (span_insert(&span))
		__sync_fetch_and_add(&lost_span_begins, 1);
}

static __always_inline void span_record_end(struct task_struct *task, const struct rp_span *span,
					    __u64 now)
{
	struct rp_thread *t = thread_get(task);

	if (t)
		thread_introduce(t);
	span_record(span, t ? t->serial : 0, now, 0);
}

static __always_inline bool span_end(struct task_struct *task, const struct rp_span_key *key,
				     __u64 now)
{
	struct rp_span span;

	if (!span_take(key, &span))
		return false;
	if (!span.node || span.node == RP_SPAN_OUTSIDE) {
		count_stray(key->region, span.node != 0, 0);
		return true;
	}
	if (is_filtered(key->region, now - span.start, 0)) {
		figures_skip(span.node);
		return true;
	}
	figures_add(span.node, &(struct rp_taken){.ns = now - span.start});
	if (cfg_record)
		span_record_end(task, &span, now);
	return true;
}

/* ---- processes that end ------------------------------------------------------------------- */

static long span_drop(void *map, const struct rp_span_key *key, struct rp_span *span,
		      const __u32 *tgid)
{
	struct rp_span copy = *span;

	if (key->tgid == *tgid && !bpf_map_delete_elem(map, key)) {
		span_give_back();
		span_unwind(&copy, 0, bpf_ktime_get_ns());
	}
	return 0;
}

/* What the process has open will not be ended: children that it has forked have no part in it. */
static __always_inline void spans_end(__u32 tgid)
{
	if (!bpf_map_delete_elem(&span_processes, &tgid))
		bpf_for_each_map_elem(&spans, span_drop, &tgid, 0);
}

#endif

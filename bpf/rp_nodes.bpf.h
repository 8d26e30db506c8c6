/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The calling-context tree: finding and making nodes, and adding to their figures.
 *
 * All that is shown comes from nodes, one for each path of regions: a node's figures are added up
 * here, in the kernel, so that no event is sent for a call and none can be lost on the way. A path
 * is looked up by its parent's node and its region, which is one step whatever its depth.
 *
 * Nodes are made at probe hits, on any CPU, and never go away. Two CPUs may make one for the same
 * key; the hash takes the first, and the other's number is wasted (it never gets RP_NODE_VALID).
 * Figures are sharded by CPU to keep CPUs off each other's cache lines.
 */
#ifndef RP_NODES_BPF_H
#define RP_NODES_BPF_H

#include "rp_shares.bpf.h"

static __always_inline struct rp_figures *node_figures(__u32 node)
{
	__u32 chunk = node / RP_CHUNK_NODES;
	__u32 shard = bpf_get_smp_processor_id() & (cfg_figure_shards - 1);
	__u32 index = node % RP_CHUNK_NODES * cfg_figure_shards + shard;
	void *map = bpf_map_lookup_elem(&figure_chunks, &chunk);

	return map ? bpf_map_lookup_elem(map, &index) : NULL;
}

static __always_inline struct rp_hist *node_hist(__u32 node)
{
	__u32 chunk = node / RP_CHUNK_NODES;
	__u32 shard = bpf_get_smp_processor_id() & (cfg_hist_shards - 1);
	__u32 index = node % RP_CHUNK_NODES * cfg_hist_shards + shard;
	void *map = bpf_map_lookup_elem(&hist_chunks, &chunk);

	return map ? bpf_map_lookup_elem(map, &index) : NULL;
}

/*
 * Give the key a node, with flags that are not of the key, or take the one that another CPU gave it
 * meanwhile (*made: false). 0: none left.
 */
static __always_inline __u32 node_make(const struct rp_node_key *key, const char *comm, __u32 tgid,
				       __u32 flags, bool *made)
{
	/* Calibration's own paths take no room of the target's. */
	bool own = rp_region_is_own(key->region);
	__u32 id, *known, used = nodes_used - nodes_own + 1;
	struct rp_node *info;

	*made = false;
	if (!own && (used >= cfg_max_nodes || !share_take(RP_SHARED_NODES, cfg_max_nodes - used)))
		return 0;
	if (own)
		__sync_fetch_and_add(&nodes_own, 1);
	/* Parents have lower numbers: one that lost a race below is never used again. */
	id = __sync_fetch_and_add(&nodes_used, 1) + 1;
	if (id == nodes_grow_at)
		send_grow();
	info = bpf_map_lookup_elem(&nodes, &id);
	if (!info)
		return 0;
	info->parent = key->parent;
	info->region = key->parent ? key->region : RP_REGION_NONE;
	info->label = key->label;
	info->tgid = tgid;
	info->flags = key->flags; /* not valid yet, yet true for whoever finds the id */
	if (comm)
		__builtin_memcpy(info->comm, comm, RP_COMM_LEN);
	if (bpf_map_update_elem(&node_ids, key, &id, BPF_NOEXIST)) {
		known = bpf_map_lookup_elem(&node_ids, key);
		return known ? *known : 0;
	}
	info->flags |= RP_NODE_VALID | flags;
	*made = true;
	return id;
}

static __always_inline __u32 node_create(const struct rp_node_key *key, const char *comm,
					 __u32 tgid)
{
	bool made;

	return node_make(key, comm, tgid, 0, &made);
}

/* ---- labels ----------------------------------------------------------------------------- */

/* One more call of a label that has no place: is it frequent enough for one of the late ones? */
static __always_inline bool is_frequent(__u64 hash, __u32 used)
{
	__u32 slot = rp_vote_slot(hash), places = RP_LATE_LABELS(cfg_max_labels);
	__u64 *word = bpf_map_lookup_elem(&label_votes, &slot);

	return word && rp_vote(word, hash) >= rp_votes_needed(used, places);
}

/*
 * A node for a label that has none, where there is a place for it: among those of the labels that
 * come first, or of those that are frequent. 0: it goes with the others.
 */
static __always_inline __u32 node_of_label(const struct rp_node_key *key)
{
	__u32 flags = 0, *places = &labels_used, id;
	enum rp_shared kind = RP_SHARED_LABELS;
	__u64 hash;
	bool made;

	if (nodes_used - nodes_own >= RP_LABEL_NODES(cfg_max_nodes) ||
	    !place_take(kind, places, cfg_max_labels)) {
		hash = rp_label_hash(key, sizeof(*key));
		flags = RP_NODE_LATE;
		kind = RP_SHARED_LATE_LABELS;
		places = &late_labels_used;
		if (!is_frequent(hash, *places) ||
		    !place_take(kind, places, RP_LATE_LABELS(cfg_max_labels)))
			return 0;
	}
	id = node_make(key, NULL, 0, flags, &made);
	if (!made)
		place_give_back(kind, places);
	return id;
}

/* The node of a region below a parent, made when it is new; 0: counted as lost by the caller. */
__noinline __u32 node_below(__u32 parent, __u32 region, __u64 label, __u32 flags)
{
	struct rp_node_key key = {
		.parent = parent, .region = region, .label = label, .flags = flags};
	__u32 *known, node;

	known = bpf_map_lookup_elem(&node_ids, &key);
	if (known)
		return *known;
	if (flags & RP_NODE_LABELED && !(flags & RP_NODE_OTHER)) {
		node = node_of_label(&key);
		if (node)
			return node;
		/* Another CPU may have given this very label the last place meanwhile. */
		known = bpf_map_lookup_elem(&node_ids, &key);
		if (known)
			return *known;
		key.label = 0;
		key.flags = RP_NODE_LABELED | RP_NODE_OTHER;
		known = bpf_map_lookup_elem(&node_ids, &key);
		if (known)
			return *known;
	}
	return node_create(&key, NULL, 0);
}

/* The same without a label, which is mostly known already. */
static __always_inline __u32 node_child(__u32 parent, __u32 region)
{
	__u32 slot = rp_recent_slot(parent, region), node;
	volatile __u64 *recent = bpf_map_lookup_elem(&nodes_recent, &slot);

	if (!recent)
		return 0;
	node = rp_recent_node(*recent, parent, region);
	if (node)
		return node;
	node = node_below(parent, region, 0, 0);
	if (node)
		*recent = rp_recent_word(parent, region, node);
	return node;
}

/* A number that comes again is that of another: when it was started tells them apart. */
static __always_inline __u64 id_over_time(__u32 number, struct task_struct *task)
{
	return number ? RP_ID_OVER_TIME(number, task->start_time) : 0;
}

/* The root of the current thread under the grouping asked for. */
__noinline __u32 node_root(void)
{
	struct task_struct *task = bpf_get_current_task_btf(),
			   *leader = untrusted(task)->group_leader;
	struct rp_node_key key = {};
	char comm[RP_COMM_LEN] = {};
	__u32 *known;

	switch (group_by) {
	case RP_GROUP_PROCESS:
		key.label = id_over_time(tgid_of(task), leader);
		break;
	case RP_GROUP_THREAD:
		key.label = id_over_time(tid_of(task), task);
		leader = task;
		break;
	case RP_GROUP_CGROUP:
		key.label = bpf_get_current_cgroup_id();
		break;
	}
	bpf_probe_read_kernel_str(comm, sizeof(comm), leader->comm);
	if (group_by == RP_GROUP_COMMAND)
		rp_node_key__set_command(&key, comm);
	known = bpf_map_lookup_elem(&node_ids, &key);
	if (known)
		return *known;
	if (group_by == RP_GROUP_CGROUP)
		send_event(RP_EVENT_CGROUP, tgid_of(task), 0);
	return node_create(&key, comm, tgid_of(task));
}

__noinline int figures_add(__u32 node, const struct rp_taken *taken)
{
	struct rp_figures *f = node_figures(node);
	struct rp_hist *hist;
	__u32 bucket;

	if (!f || !taken)
		return 0;
	rp_figures__add(f, taken);
	hist = node_hist(node);
	bucket = rp_hist_index(taken->ns);
	if (hist && bucket < RP_HIST_BUCKETS)
		__sync_fetch_and_add(&hist->bucket[bucket], 1);
	return 0;
}

static __always_inline void figures_skip(__u32 node)
{
	struct rp_figures *f = node_figures(node);

	if (f)
		__sync_fetch_and_add(&f->skipped, 1);
}

/* Left without an exit; node 0: figures are lost. */
static __always_inline void figures_unwind(__u32 node)
{
	struct rp_figures *f = node ? node_figures(node) : NULL;

	if (f)
		__sync_fetch_and_add(&f->unwound, 1);
}

#endif

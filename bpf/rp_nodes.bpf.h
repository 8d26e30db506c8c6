/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The calling-context tree: finding and making nodes, and adding to their figures.
 *
 * Figures are sharded by CPU to keep CPUs off each other's cache lines, yet every addition is
 * atomic: a uprobe program can be preempted by another one on the same CPU.
 */
#ifndef RP_NODES_BPF_H
#define RP_NODES_BPF_H

#include "rp_maps.bpf.h"

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

/* Give the key a node, or take the one that another CPU gave it meanwhile. 0: none left. */
static __always_inline __u32 node_create(const struct rp_node_key *key, const char *comm,
					 __u32 tgid)
{
	struct rp_node *info;
	__u32 id, *known;

	id = number_take(SPARE_NODE, &nodes_used, cfg_max_nodes - 1);
	if (!id)
		return 0;
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
		number_give_back(SPARE_NODE, id);
		known = bpf_map_lookup_elem(&node_ids, key);
		return known ? *known : 0;
	}
	info->flags |= RP_NODE_VALID;
	if (key->flags & RP_NODE_LABELED && !(key->flags & RP_NODE_OTHER))
		__sync_fetch_and_add(&labels_used, 1);
	return id;
}

/* The node of a region below a parent, made when it is new; 0: counted as lost by the caller. */
static __noinline __u32 node_below(__u32 parent, __u32 region, __u64 label, __u32 flags)
{
	struct rp_node_key key = {
		.parent = parent, .region = region, .label = label, .flags = flags};
	__u32 *known;

	known = bpf_map_lookup_elem(&node_ids, &key);
	if (known)
		return *known;
	if (flags & RP_NODE_LABELED && labels_used >= cfg_max_labels) {
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

/*
 * The same of one without a label. Those met last are in an array, each of them one word, which is
 * whole whoever writes there meanwhile: region, parent and node.
 */
static __always_inline __u32 node_child(__u32 parent, __u32 region)
{
	__u64 word = (__u64)region << 32 | parent << 16, seen;
	__u32 slot = word * 0x9e3779b97f4a7c15ull >> (64 - NODES_RECENT_BITS), node;
	volatile __u64 *recent = bpf_map_lookup_elem(&nodes_recent, &slot);

	_Static_assert(RP_NODES_MAX <= 1 << 16, "nodes fit");
	if (!recent)
		return 0;
	seen = *recent;
	if (seen >> 16 == word >> 16)
		return (__u16)seen;
	node = node_below(parent, region, 0, 0);
	if (node)
		*recent = word | node;
	return node;
}

/* The root of a thread under the grouping asked for. */
static __noinline __u32 node_root(struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;
	struct rp_node_key key = {};
	char comm[RP_COMM_LEN] = {};
	__u32 *known;

	switch (group_by) {
	case RP_GROUP_PROCESS:
		key.label = task->tgid;
		break;
	case RP_GROUP_THREAD:
		key.label = task->pid;
		leader = task;
		break;
	case RP_GROUP_CGROUP:
		key.label = bpf_get_current_cgroup_id();
		break;
	}
	bpf_probe_read_kernel_str(comm, sizeof(comm), leader->comm);
	if (group_by == RP_GROUP_COMMAND) {
		/* Only roots have no parent, so region and pad are free to hold the rest of the
		 * name. */
		__builtin_memcpy(&key.label, comm, 8);
		__builtin_memcpy(&key.region, comm + 8, 4);
		__builtin_memcpy(&key.pad, comm + 12, 4);
	}
	known = bpf_map_lookup_elem(&node_ids, &key);
	if (known)
		return *known;
	if (group_by == RP_GROUP_CGROUP)
		send_event(RP_EVENT_CGROUP, task->tgid, 0);
	return node_create(&key, comm, task->tgid);
}

/* Keep the greatest value seen; zero means none yet. */
static __always_inline void keep_max(__u64 *max, __u64 value)
{
	__u64 seen = *(volatile __u64 *)max;

	for (int i = 0; i < 8 && value > seen; i++) {
		__u64 old = __sync_val_compare_and_swap(max, seen, value);

		if (old == seen)
			break;
		seen = old;
	}
}

/* 128-bit sum of squares: exact for hours and for nanoseconds alike. */
static __always_inline void add_square(struct rp_figures *f, __u64 ns)
{
	__u64 hi = 0, lo, old;

	if (ns >> 32) {
		__u64 h = ns >> 32, l = (__u32)ns, mid = h * l;

		lo = l * l;
		hi = h * h + (mid >> 31);
		mid <<= 33;
		lo += mid;
		hi += lo < mid;
	} else {
		lo = ns * ns;
	}
	old = __sync_fetch_and_add(&f->sq_lo, lo);
	hi += old + lo < old;
	if (hi)
		__sync_fetch_and_add(&f->sq_hi, hi);
}

/* Global, so that the verifier looks at it once, whoever calls. */
__noinline int figures_add(__u32 node, __u64 ns, __u64 child, __u64 cpu, __u64 wait)
{
	struct rp_figures *f = node_figures(node);
	struct rp_hist *hist;
	__u32 bucket;

	if (!f)
		return 0;
	__sync_fetch_and_add(&f->count, 1);
	__sync_fetch_and_add(&f->total, ns);
	__sync_fetch_and_add(&f->self, ns - child);
	__sync_fetch_and_add(&f->cpu, cpu);
	if (wait)
		__sync_fetch_and_add(&f->wait, wait);
	add_square(f, ns);
	keep_max(&f->min_inv, ~ns);
	keep_max(&f->max, ns);
	hist = node_hist(node);
	bucket = rp_hist_index(ns);
	if (hist && bucket < RP_HIST_BUCKETS)
		__sync_fetch_and_add(&hist->bucket[bucket], 1);
	return 0;
}

#endif

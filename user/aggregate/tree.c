// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * From the kernel's nodes to paths. The kernel grows a tree for each process, thread, command or
 * control group, as was asked for, and regions of one name may be many there (an inlined function
 * has many places, a library may be mapped twice). What is shown has one path for a chain of region
 * names in one group, so nodes fold: a node's path is that of its parent with its own region added.
 * The kernel makes a parent before its children, so one pass in order of making does it.
 *
 * With counts of before, each node is the difference. A node that is new counts from zero.
 *
 * What probes cost is worked out here, where the tree is: a probe's time falls into the frames of
 * all that enclose it. Paths come after their parents too, so going from the last to the first adds
 * up what is below without recursion; the depth of the tree is the target's to choose.
 *
 * At last paths are put in order, depth first, groups apart, without those that were never entered.
 */
#include <errno.h>
#include <stdlib.h>

#include "aggregate/paths.h"
#include "util/hash.h"

/* Marks in the map of nodes to paths. */
#define NODE_BROKEN RP_PATH_NONE
#define NODE_ROOT   (RP_PATH_NONE - 1)

struct builder {
	const struct rp_counts *now, *before;
	const struct rp_regions *regions;
	enum rp_by by;
	struct rp_paths *out;
	uint32_t *path_of;  /* of node index */
	uint32_t *group_of; /* of node index */
	struct rp_index index;
};

/* ---- paths ----------------------------------------------------------------------------- */

/* The path for a region below a parent, made when it is new. */
static uint32_t path_below(struct builder *b, uint32_t parent, uint32_t group, uint32_t region)
{
	struct rp_paths *out = b->out;
	uint64_t at;

	at = rp_index__start(&b->index, rp_hash((uint64_t)parent << 32 | region, group));
	for (; b->index.slot[at]; at = rp_index__next(&b->index, at)) {
		const struct rp_path *path = &out->path[b->index.slot[at] - 1];

		if (path->parent == parent && path->group == group && path->region == region)
			return b->index.slot[at] - 1;
	}
	out->path[out->n] = (struct rp_path){
		.parent = parent,
		.region = region,
		.group = group,
		.depth = parent == RP_PATH_NONE ? 0 : out->path[parent].depth + 1,
		.child = RP_PATH_NONE,
		.next = RP_PATH_NONE,
		.node = RP_PATH_NONE,
	};
	b->index.slot[at] = (uint32_t)++out->n;
	return (uint32_t)out->n - 1;
}

/* The kernel makes a parent before its children; a node that says otherwise is left out. */
static void place_node(struct builder *b, size_t i)
{
	const struct rp_node *node = &b->now->nodes[i].node;
	uint32_t parent;

	b->path_of[i] = NODE_BROKEN;
	if (!(node->flags & RP_NODE_VALID))
		return;
	if (node->region == RP_REGION_NONE) {
		if (!node->parent)
			b->path_of[i] = NODE_ROOT;
		return;
	}
	if (!node->parent || node->parent > i || b->path_of[node->parent - 1] == NODE_BROKEN)
		return;
	if (b->by != RP_BY_LABEL)
		b->group_of[i] = b->group_of[node->parent - 1];
	parent = b->path_of[node->parent - 1];
	b->path_of[i] = path_below(b, parent == NODE_ROOT ? RP_PATH_NONE : parent, b->group_of[i],
				   rp_regions__index(b->regions, node->region));
}

static unsigned __int128 squares(const struct rp_figures *f)
{
	return (unsigned __int128)f->sq_hi << 64 | f->sq_lo;
}

static const struct rp_node_counts *node_before(const struct rp_counts *before, size_t i)
{
	if (!before || i >= before->n_nodes || !(before->nodes[i].node.flags & RP_NODE_VALID))
		return NULL;
	return &before->nodes[i];
}

static void add_node(struct builder *b, size_t i)
{
	static const struct rp_figures none;
	const struct rp_node_counts *old = node_before(b->before, i);
	const struct rp_figures *f = &b->now->nodes[i].figures, *z = old ? &old->figures : &none;
	struct rp_path *path = &b->out->path[b->path_of[i]];
	struct rp_sums *sums = &path->sums;

	sums->entries += f->entries;
	sums->left += f->count + f->skipped + f->unwound;
	sums->count += rp_less(f->count, z->count);
	sums->unwound += rp_less(f->unwound, z->unwound);
	sums->skipped += rp_less(f->skipped, z->skipped);
	sums->frames += rp_less(f->total, z->total);
	sums->self += rp_less(f->self, z->self);
	sums->cpu += rp_less(f->cpu, z->cpu);
	sums->wait += rp_less(f->wait, z->wait);
	sums->asleep += rp_less(f->asleep, z->asleep);
	sums->asleep_untold += rp_less(f->asleep_untold, z->asleep_untold);
	sums->squares += squares(f) > squares(z) ? squares(f) - squares(z) : 0;
	sums->late |= b->now->nodes[i].node.flags & RP_NODE_LATE;
	sums->incomplete |= b->now->nodes[i].incomplete;
	rp_widen_time(&sums->first, &sums->last, b->now->nodes[i].first, b->now->nodes[i].last);
	if (f->min_inv > sums->min_inv)
		sums->min_inv = f->min_inv;
	if (f->max > sums->max)
		sums->max = f->max;
	b->out->next_node[i] = path->node;
	path->node = (uint32_t)i;
}

static void add_node_hist(struct rp_hist_part *to, const struct rp_node_counts *now,
			  const struct rp_node_counts *old)
{
	const struct rp_hist_part *part = &now->hist;

	for (uint32_t i = part->from; i < part->end; i++)
		to->bucket[i - to->from] += rp_less(part->bucket[i - part->from],
						    old ? rp_hist_part__at(&old->hist, i) : 0);
}

void rp_paths__widen_hist(const struct rp_paths *paths, uint32_t path, const struct rp_counts *now,
			  struct rp_hist_part *part)
{
	for (uint32_t i = paths->path[path].node; i != RP_PATH_NONE; i = paths->next_node[i])
		rp_hist_part__widen(part, &now->nodes[i].hist);
}

void rp_paths__add_hist(const struct rp_paths *paths, uint32_t path, const struct rp_counts *now,
			const struct rp_counts *before, struct rp_hist_part *to)
{
	for (uint32_t i = paths->path[path].node; i != RP_PATH_NONE; i = paths->next_node[i])
		add_node_hist(to, &now->nodes[i], node_before(before, i));
}

/* ---- the cost of probes ------------------------------------------------------------------ */

static uint64_t less_cost(uint64_t ns, double cost)
{
	return rp_less(ns, (uint64_t)(cost + 0.5));
}

/*
 * Probes of a call fall inside its own time in part, the rest into what encloses it; those of
 * everything below fall inside as a whole. Children come after their parents: from the last path
 * to the first, what is below is known. Single durations (min, max, percentiles) stay as they were
 * measured.
 */
static int take_costs(struct builder *b, bool compensate)
{
	struct rp_paths *paths = b->out;
	double *below = calloc(paths->n + 1, sizeof(*below));	/* in the frames of a path, whole */
	double *beside = calloc(paths->n + 1, sizeof(*beside)); /* of it, in the path's own time */

	if (!below || !beside) {
		free(below);
		free(beside);
		return -ENOMEM;
	}
	for (size_t i = paths->n; i-- > 0;) {
		struct rp_path *path = &paths->path[i];
		const struct rp_probe_cost *cost = &b->regions->region[path->region].cost;
		struct rp_sums *sums = &path->sums;
		double pairs = rp_sums__pairs(sums);
		double inside = (double)sums->count * cost->inside;

		paths->count += sums->count + sums->skipped;
		paths->pairs += pairs;
		paths->probe_ns += pairs * cost->whole;
		if (path->parent != RP_PATH_NONE) {
			below[path->parent] += below[i] + pairs * cost->whole;
			beside[path->parent] += pairs * (cost->whole - cost->inside);
		}
		sums->probe_self = beside[i] + inside;
		sums->probe_frames = below[i] + inside;
		if (!compensate)
			continue;
		sums->frames = less_cost(sums->frames, sums->probe_frames);
		sums->cpu = less_cost(sums->cpu, sums->probe_frames);
		sums->self = less_cost(sums->self, sums->probe_self);
		if (sums->wait > rp_less(sums->frames, sums->cpu))
			sums->wait = rp_less(sums->frames, sums->cpu);
	}
	for (size_t i = 0; i < b->regions->n; i++) {
		const struct rp_region_name *region = &b->regions->region[i];
		double pairs = b->regions->same[i] == i ? rp_stray_hits__pairs(&region->stray) : 0;

		paths->pairs += pairs;
		paths->probe_ns += pairs * region->cost.whole;
	}
	free(below);
	free(beside);
	return 0;
}

/* ---- order ----------------------------------------------------------------------------- */

/* Link what was entered, or has a descendant that was, to its parent or to its group's list. */
static void link_paths(struct rp_paths *paths, uint32_t *first_of_group)
{
	for (size_t g = 0; g < paths->n_groups; g++)
		first_of_group[g] = RP_PATH_NONE;
	for (size_t i = paths->n; i-- > 0;) {
		struct rp_path *path = &paths->path[i];
		uint32_t *list;

		if (!path->sums.entries && path->child == RP_PATH_NONE)
			continue;
		list = path->parent == RP_PATH_NONE ? &first_of_group[path->group]
						    : &paths->path[path->parent].child;
		path->next = *list;
		*list = (uint32_t)i;
	}
}

static void walk(struct rp_paths *paths, uint32_t from)
{
	struct rp_path *path = paths->path;
	uint32_t at = from;

	while (at != RP_PATH_NONE) {
		paths->order[paths->n_order++] = at;
		if (path[at].child != RP_PATH_NONE) {
			at = path[at].child;
			continue;
		}
		while (path[at].next == RP_PATH_NONE && path[at].parent != RP_PATH_NONE)
			at = path[at].parent;
		at = path[at].next;
	}
}

static int order_paths(struct rp_paths *paths)
{
	uint32_t *first;

	paths->order = calloc(paths->n + 1, sizeof(*paths->order));
	first = calloc(paths->n_groups + 1, sizeof(*first));
	if (paths->order && first) {
		link_paths(paths, first);
		for (size_t g = 0; g < paths->n_groups; g++)
			walk(paths, first[g]);
	}
	free(first);
	return paths->order && first ? 0 : -ENOMEM;
}

int rp_paths__build(const struct rp_counts *now, const struct rp_counts *before,
		    const struct rp_regions *regions, const struct rp_snapshot_opts *opts,
		    struct rp_paths *out)
{
	struct builder b = {
		.now = now,
		.before = before,
		.regions = regions,
		.by = opts->by,
		.out = out,
	};
	int err = -ENOMEM;

	*out = (struct rp_paths){0};
	if (now->n_nodes >= NODE_ROOT)
		return -EINVAL;
	b.path_of = calloc(now->n_nodes + 1, sizeof(*b.path_of));
	b.group_of = calloc(now->n_nodes + 1, sizeof(*b.group_of));
	out->path = calloc(now->n_nodes + 1, sizeof(*out->path));
	out->next_node = calloc(now->n_nodes + 1, sizeof(*out->next_node));
	if (!b.path_of || !b.group_of || !out->path || !out->next_node ||
	    rp_index__init(&b.index, now->n_nodes))
		goto out;
	err = rp_paths__number_groups(out, now, opts, b.group_of);
	if (err)
		goto out;
	for (size_t i = 0; i < now->n_nodes; i++)
		place_node(&b, i);
	for (size_t i = 0; i < now->n_nodes; i++)
		if (b.path_of[i] < NODE_ROOT)
			add_node(&b, i);
	err = take_costs(&b, opts->compensate);
	if (err)
		goto out;
	for (size_t i = 0; i < out->n; i++)
		out->path[i].sums.total = out->path[i].sums.frames;
	err = order_paths(out);
out:
	free(b.path_of);
	free(b.group_of);
	rp_index__free(&b.index);
	if (err)
		rp_paths__free(out);
	return err;
}

uint32_t *rp_paths__rows_of_nodes(const struct rp_paths *paths, size_t n_nodes,
				  const uint32_t *id_of)
{
	uint32_t *row_of_node = calloc(n_nodes + 1, sizeof(*row_of_node)), shown, node;

	for (uint32_t path = 0; row_of_node && path < paths->n; path++) {
		for (shown = path; shown != RP_PATH_NONE && !id_of[shown];)
			shown = paths->path[shown].parent;
		for (node = paths->path[path].node; node != RP_PATH_NONE;
		     node = paths->next_node[node])
			row_of_node[node] = shown != RP_PATH_NONE ? id_of[shown] : 0;
	}
	return row_of_node;
}

void rp_paths__free(struct rp_paths *paths)
{
	free(paths->path);
	free(paths->next_node);
	free(paths->order);
	free(paths->group);
	*paths = (struct rp_paths){0};
}

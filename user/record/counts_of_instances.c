// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The kernel adds up for each node: a path of regions below the root of a process, a thread or
 * whatever rows are told apart by. While a run is recorded all hangs below one root, since the
 * threads of a record tell the rest. So a node here is one of the record's below one of the roots
 * asked for, made where the first instance of it comes. Ids of a record are those of its run: each
 * run has maps from them to regions, texts and nodes of the counts.
 *
 * A record may be damaged. What was not told of an id is "?", right below the root: its instances
 * have still taken their time.
 */
#include "record/counts_of_instances.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/map.h"

/* Of no name: as what is shown has it. */
#define REGION_UNKNOWN RP_REGION_DYNAMIC

/* A node of the record, in its run. */
struct told_node {
	struct rp_node node; /* with the parent's index + 1, and region and label of the counts */
	bool incomplete;     /* see struct rp_node_counts */
};

/* A node of the counts. */
struct sum {
	struct rp_node_counts counts;
	uint32_t told; /* index, in its run; of a root RP_MAP_NONE */
};

struct rp_instance_counts {
	enum rp_by by;
	uint64_t time; /* of the longest run */
	uint64_t lost[RP_LOST_COUNT];
	uint64_t lost_instances;

	struct sum *sum; /* sum[i] is node id i + 1 */
	size_t n_sums, sums_room;
	struct rp_region_name *region;
	size_t n_regions, regions_room;
	struct rp_text *text;
	size_t n_texts, texts_room;
	struct rp_arena strings;
	struct rp_map root_of_label; /* -> index of sum; but of commands, which have none */
	uint32_t *root;		     /* of commands: index of sum */
	size_t n_roots, roots_room;

	/* ---- of the run ---- */
	uint64_t start;
	struct told_node *told;
	size_t n_told, told_room;
	uint32_t *chain; /* as many as told */
	size_t chain_room;
	struct rp_map region_of, text_of; /* id -> index */
	struct rp_map told_of;		  /* id -> index of told */
	struct rp_map root_of;		  /* serial of a thread -> index of sum */
	struct rp_map sum_of;		  /* index of the root's sum, and of told -> index of sum */
};

/* ---- runs ------------------------------------------------------------------------------------ */

static void forget_run(struct rp_instance_counts *c)
{
	rp_map__free(&c->region_of);
	rp_map__free(&c->text_of);
	rp_map__free(&c->told_of);
	rp_map__free(&c->root_of);
	rp_map__free(&c->sum_of);
	c->n_told = 0;
}

static int on_run(void *ctx, const struct rp_event_run *run)
{
	struct rp_instance_counts *c = ctx;

	c->start = run->start;
	return 0;
}

static int on_end(void *ctx, const struct rp_event_end *end)
{
	struct rp_instance_counts *c = ctx;
	uint64_t time = end->time > c->start ? end->time - c->start : 0;

	if (time > c->time)
		c->time = time;
	for (int reason = 0; reason < RP_LOST_COUNT; reason++)
		c->lost[reason] += end->lost[reason];
	for (size_t i = 0; i < c->n_sums; i++) {
		uint32_t told = c->sum[i].told;

		if (told != RP_MAP_NONE)
			c->sum[i].counts.incomplete |= c->told[told].incomplete;
		c->sum[i].told = RP_MAP_NONE; /* the run is over */
	}
	forget_run(c);
	return 0;
}

/* ---- what ids stand for ---------------------------------------------------------------------- */

static int copy_text(struct rp_instance_counts *c, const char **to, const char *before,
		     const char *text)
{
	if (before && !strcmp(before, text))
		*to = before;
	else
		*to = rp_arena__dup(&c->strings, text);
	return *to ? 0 : -ENOMEM;
}

static int on_region(void *ctx, uint32_t id, const struct rp_region_name *region)
{
	struct rp_instance_counts *c = ctx;
	uint32_t i = rp_map__get(&c->region_of, id);
	struct rp_region_name *to, before = {0};
	int rc = 0;

	if (i == RP_MAP_NONE) {
		rc = rp_array__grow(&c->region, c->n_regions, &c->regions_room, sizeof(*c->region));
		if (!rc)
			rc = rp_map__add(&c->region_of, id, (uint32_t)c->n_regions);
		if (rc)
			return rc;
		i = (uint32_t)c->n_regions++;
		c->region[i] = before;
	}
	to = &c->region[i];
	before = *to;
	*to = *region;
	rc = copy_text(c, &to->name, before.name, region->name ? region->name : "?");
	if (!rc)
		rc = copy_text(c, &to->object, before.object, region->object ? region->object : "");
	if (rc)
		*to = before;
	return rc;
}

static int on_text(void *ctx, uint32_t index, const struct rp_text *text)
{
	struct rp_instance_counts *c = ctx;
	int rc;

	if (rp_map__get(&c->text_of, index) != RP_MAP_NONE)
		return 0;
	rc = rp_array__grow(&c->text, c->n_texts, &c->texts_room, sizeof(*c->text));
	if (!rc)
		rc = rp_map__add(&c->text_of, index, (uint32_t)c->n_texts);
	if (!rc)
		c->text[c->n_texts++] = *text;
	return rc;
}

static bool is_text(const struct rp_node *node)
{
	return node->flags & RP_NODE_TEXT && node->label >= RP_TEXT_FIRST &&
	       !(node->flags & RP_NODE_OTHER);
}

/* Parent, region and label of the record to those of the counts. */
static void translate(const struct rp_instance_counts *c, struct rp_node *node)
{
	uint32_t parent = rp_map__get(&c->told_of, node->parent);
	uint32_t region = rp_map__get(&c->region_of, node->region);

	node->parent = node->parent && parent != RP_MAP_NONE ? parent + 1 : 0;
	node->region = region != RP_MAP_NONE ? region + 1 : REGION_UNKNOWN;
	node->flags |= RP_NODE_VALID;
	if (is_text(node)) {
		uint64_t index = node->label - RP_TEXT_FIRST;
		uint32_t text = rp_map__get(&c->text_of, index);

		node->label = text != RP_MAP_NONE ? text + RP_TEXT_FIRST : RP_TEXT_UNREAD;
	}
}

static int on_node(void *ctx, uint32_t id, const struct rp_node *node)
{
	struct rp_instance_counts *c = ctx;
	struct told_node told = {.node = *node};
	int rc;

	if (rp_map__get(&c->told_of, id) != RP_MAP_NONE)
		return 0;
	/* Roots of its own say less than the threads do. */
	if (!node->parent && node->region == RP_REGION_NONE)
		return 0;
	translate(c, &told.node);
	rc = rp_array__grow(&c->told, c->n_told, &c->told_room, sizeof(*c->told));
	if (!rc)
		rc = rp_array__grow(&c->chain, c->n_told, &c->chain_room, sizeof(*c->chain));
	if (!rc)
		rc = rp_map__add(&c->told_of, id, (uint32_t)c->n_told);
	if (!rc)
		c->told[c->n_told++] = told;
	return rc;
}

/* ---- nodes of the counts --------------------------------------------------------------------- */

static int add_sum(struct rp_instance_counts *c, const struct rp_node *node, uint32_t told,
		   uint32_t *out)
{
	int rc = rp_array__grow(&c->sum, c->n_sums, &c->sums_room, sizeof(*c->sum));

	if (rc)
		return rc;
	*out = (uint32_t)c->n_sums++;
	c->sum[*out] = (struct sum){.counts.node = *node, .told = told};
	return 0;
}

/* What tells its root from others, in the kernel's way. */
static void describe_root(const struct rp_instance_counts *c, const struct rp_event_thread *thread,
			  struct rp_node *root)
{
	*root = (struct rp_node){.flags = RP_NODE_VALID};
	switch (c->by) {
	case RP_BY_PROCESS:
		root->label = thread->pid ? RP_ID_OVER_TIME(thread->pid, thread->process_started)
					  : 0;
		memcpy(root->comm, thread->process_comm, RP_COMM_LEN);
		break;
	case RP_BY_THREAD:
		root->label = thread->tid ? RP_ID_OVER_TIME(thread->tid, thread->started) : 0;
		memcpy(root->comm, thread->comm, RP_COMM_LEN);
		break;
	case RP_BY_COMMAND:
		memcpy(root->comm, thread->process_comm, RP_COMM_LEN);
		break;
	case RP_BY_NONE:
	case RP_BY_CGROUP:
	case RP_BY_LABEL:
		break;
	}
}

static int find_command(struct rp_instance_counts *c, const struct rp_node *root, uint32_t *out)
{
	int rc;

	for (size_t i = 0; i < c->n_roots; i++) {
		*out = c->root[i];
		if (!memcmp(c->sum[*out].counts.node.comm, root->comm, RP_COMM_LEN))
			return 0;
	}
	rc = rp_array__grow(&c->root, c->n_roots, &c->roots_room, sizeof(*c->root));
	if (!rc)
		rc = add_sum(c, root, RP_MAP_NONE, out);
	if (!rc)
		c->root[c->n_roots++] = *out;
	return rc;
}

/* The name of a process or thread tells nothing apart: it may change. */
static int find_root(struct rp_instance_counts *c, const struct rp_event_thread *thread,
		     uint32_t *out)
{
	struct rp_node root;
	int rc;

	describe_root(c, thread, &root);
	if (c->by == RP_BY_COMMAND)
		return find_command(c, &root, out);
	*out = rp_map__get(&c->root_of_label, root.label);
	if (*out != RP_MAP_NONE)
		return 0;
	rc = add_sum(c, &root, RP_MAP_NONE, out);
	return rc ? rc : rp_map__add(&c->root_of_label, root.label, *out);
}

static int on_thread(void *ctx, const struct rp_event_thread *thread)
{
	struct rp_instance_counts *c = ctx;
	uint32_t root;
	int rc;

	if (rp_map__get(&c->root_of, thread->serial) != RP_MAP_NONE)
		return 0;
	rc = find_root(c, thread, &root);
	return rc ? rc : rp_map__add(&c->root_of, thread->serial, root);
}

static int root_of(struct rp_instance_counts *c, uint32_t serial, uint32_t *out)
{
	struct rp_event_thread unknown = {.serial = serial};
	int rc = 0;

	*out = rp_map__get(&c->root_of, serial);
	if (*out == RP_MAP_NONE) {
		rc = on_thread(c, &unknown);
		*out = rp_map__get(&c->root_of, serial);
	}
	return rc;
}

static uint32_t known_sum(const struct rp_instance_counts *c, uint32_t root, uint32_t told)
{
	return rp_map__get(&c->sum_of, (uint64_t)root << 32 | told);
}

/* The node below the root, made with all above it that is missing. */
static int sum_below(struct rp_instance_counts *c, uint32_t root, uint32_t told, uint32_t *out)
{
	uint32_t parent = root, n = 0, at = told + 1;
	int rc = 0;

	for (; at; at = c->told[at - 1].node.parent) {
		uint32_t known = known_sum(c, root, at - 1);

		if (known != RP_MAP_NONE) {
			parent = known;
			break;
		}
		c->chain[n++] = at - 1;
	}
	while (!rc && n--) {
		struct rp_node node = c->told[c->chain[n]].node;

		node.parent = parent + 1;
		rc = add_sum(c, &node, c->chain[n], &parent);
		if (!rc)
			rc = rp_map__add(&c->sum_of, (uint64_t)root << 32 | c->chain[n], parent);
	}
	*out = parent;
	return rc;
}

static int find_sum(struct rp_instance_counts *c, uint32_t serial, uint32_t node, uint32_t *out)
{
	static const struct rp_node unknown = {.region = RP_REGION_MASK};
	uint32_t root, told;
	int rc = root_of(c, serial, &root);

	if (!rc && rp_map__get(&c->told_of, node) == RP_MAP_NONE)
		rc = on_node(c, node, &unknown);
	if (rc)
		return rc;
	told = rp_map__get(&c->told_of, node);
	*out = known_sum(c, root, told);
	return *out != RP_MAP_NONE ? 0 : sum_below(c, root, told, out);
}

/* ---- instances ------------------------------------------------------------------------------- */

/* Buckets come by the octave. */
#define BUCKETS_STEP (1u << RP_HIST_SUB_BITS)

static int widen(struct rp_hist_part *part, uint32_t bucket)
{
	struct rp_hist_part wider = *part, step = {.from = bucket / BUCKETS_STEP * BUCKETS_STEP};

	step.end = step.from + BUCKETS_STEP;
	rp_hist_part__widen(&wider, &step);
	wider.bucket = calloc(wider.end - wider.from, sizeof(*wider.bucket));
	if (!wider.bucket)
		return -ENOMEM;
	rp_hist__add(&wider, part);
	free(part->bucket);
	*part = wider;
	return 0;
}

static int add_timed(struct rp_node_counts *to, const struct rp_event_instance *instance)
{
	struct rp_taken taken = {.ns = instance->ns,
				 .child = instance->child,
				 .cpu = instance->cpu,
				 .wait = instance->wait};
	uint32_t bucket = rp_hist_index(instance->ns);
	int rc = 0;

	rp_taken__clamp(&taken);
	if (bucket < to->hist.from || bucket >= to->hist.end)
		rc = widen(&to->hist, bucket);
	if (rc)
		return rc;
	rp_figures__add(&to->figures, &taken);
	to->hist.bucket[bucket - to->hist.from]++;
	return 0;
}

static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct rp_instance_counts *c = ctx;
	struct rp_figures *f;
	uint32_t sum;
	int rc = find_sum(c, instance->thread, instance->node, &sum);

	if (rc)
		return rc;
	f = &c->sum[sum].counts.figures;
	f->entries++;
	f->unwound += instance->unwound;
	if (rp_event_instance__is_timed(instance))
		rc = add_timed(&c->sum[sum].counts, instance);
	return rc;
}

static int on_passed_over(void *ctx, uint32_t node)
{
	struct rp_instance_counts *c = ctx;
	uint32_t told = rp_map__get(&c->told_of, node);

	if (told != RP_MAP_NONE)
		c->told[told].incomplete = true;
	return 0;
}

/* The threads are not told: only where there is one root it is known. */
static int on_left_out(void *ctx, uint32_t node, uint64_t n)
{
	struct rp_instance_counts *c = ctx;
	uint32_t sum;
	int rc;

	if (c->by != RP_BY_NONE && c->by != RP_BY_LABEL)
		return on_passed_over(c, node);
	rc = find_sum(c, 0, node, &sum);
	if (rc)
		return rc;
	c->sum[sum].counts.figures.entries += n;
	c->sum[sum].counts.figures.skipped += n;
	return 0;
}

static int on_lost(void *ctx, uint32_t node, uint64_t n)
{
	struct rp_instance_counts *c = ctx;

	(void)node;
	c->lost_instances += n;
	return 0;
}

/* ---- the counts ------------------------------------------------------------------------------ */

static int copy_nodes(const struct rp_instance_counts *c, struct rp_counts *out)
{
	uint64_t *at;
	size_t n = 0;

	for (size_t i = 0; i < c->n_sums; i++)
		n += c->sum[i].counts.hist.end - c->sum[i].counts.hist.from;
	out->n_nodes = c->n_sums;
	out->nodes = calloc(c->n_sums + 1, sizeof(*out->nodes));
	at = out->buckets = calloc(n + 1, sizeof(*out->buckets));
	if (!out->nodes || !at)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_sums; i++) {
		struct rp_node_counts *to = &out->nodes[i];

		*to = c->sum[i].counts;
		to->hist.bucket = at;
		rp_hist__add(&to->hist, &c->sum[i].counts.hist);
		at += to->hist.end - to->hist.from;
	}
	return 0;
}

static int copy_names(const struct rp_instance_counts *c, struct rp_id_names *out)
{
	if (c->n_texts)
		out->texts = rp_arena__array(&out->strings, c->text, c->n_texts * sizeof(*c->text));
	out->n_texts = c->n_texts;
	out->dynamic = calloc(1, sizeof(*out->dynamic));
	out->regions = calloc(c->n_regions + 1, sizeof(*out->regions));
	if ((c->n_texts && !out->texts) || !out->dynamic || !out->regions)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_regions; i++) {
		struct rp_region_name *to = &out->regions[out->n_regions++];

		*to = c->region[i];
		to->name = rp_arena__dup(&out->strings, c->region[i].name);
		to->object = rp_arena__dup(&out->strings, c->region[i].object);
		if (!to->name || !to->object)
			return -ENOMEM;
	}
	return 0;
}

static struct rp_counts *read_counts(void *ctx)
{
	const struct rp_instance_counts *c = ctx;
	struct rp_counts *out = calloc(1, sizeof(*out));

	if (!out)
		return NULL;
	out->time = c->time;
	memcpy(out->lost, c->lost, sizeof(out->lost));
	if (copy_nodes(c, out) || copy_names(c, &out->names)) {
		rp_counts__free(out);
		return NULL;
	}
	return out;
}

static int open_frames(void *ctx, struct rp_open_entries *out)
{
	(void)ctx;
	*out = (struct rp_open_entries){0};
	return -ENOTSUP;
}

/* ---- out ------------------------------------------------------------------------------------- */

struct rp_instance_counts *rp_instance_counts__new(enum rp_by by)
{
	struct rp_instance_counts *c = calloc(1, sizeof(*c));

	if (c)
		c->by = by;
	return c;
}

void rp_instance_counts__free(struct rp_instance_counts *c)
{
	if (!c)
		return;
	forget_run(c);
	for (size_t i = 0; i < c->n_sums; i++)
		free(c->sum[i].counts.hist.bucket);
	rp_map__free(&c->root_of_label);
	free(c->root);
	free(c->sum);
	free(c->region);
	free(c->text);
	free(c->told);
	free(c->chain);
	rp_arena__free(&c->strings);
	free(c);
}

static int on_close(void *ctx)
{
	(void)ctx;
	return 0;
}

struct rp_event_sink rp_instance_counts__sink(struct rp_instance_counts *counts)
{
	return (struct rp_event_sink){.ctx = counts,
				      .run = on_run,
				      .region = on_region,
				      .text = on_text,
				      .thread = on_thread,
				      .node = on_node,
				      .instance = on_instance,
				      .left_out = on_left_out,
				      .passed_over = on_passed_over,
				      .lost = on_lost,
				      .end = on_end,
				      .close = on_close};
}

struct rp_counts_source rp_instance_counts__source(struct rp_instance_counts *counts)
{
	return (struct rp_counts_source){
		.ctx = counts, .read = read_counts, .open_frames = open_frames};
}

uint64_t rp_instance_counts__lost(const struct rp_instance_counts *counts)
{
	return counts->lost_instances;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The kernel adds up for each node: a path of regions below the root of a process, a thread or
 * whatever rows are told apart by. While a run is recorded all hangs below one root, since the
 * threads of a record tell the rest. So a node here is one of the record's below one of the roots
 * asked for, made where the first instance of it comes.
 *
 * A record may be damaged. What was not told of an id is "?", right below the root: its instances
 * have still taken their time.
 */
#include "record/counts_of_instances.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record/joined.h"
#include "record/joined_samples.h"
#include "record/node_sums.h"
#include "util/array.h"
#include "util/map.h"

/* A node of the counts. */
struct sum {
	struct rp_node_counts counts;
	uint32_t node; /* index of the joined one, in its run; of a root RP_MAP_NONE */
};

struct rp_instance_counts {
	struct rp_joined ids; /* first: see joined.h */
	struct rp_joined_samples samples;
	enum rp_by by;
	struct rp_meta meta;
	size_t n_runs; /* that have ended */
	uint64_t time; /* of the longest run */
	uint64_t lost[RP_LOST_COUNT];
	uint64_t late_ns;
	uint64_t lost_instances;
	uint64_t cpu; /* ns that the targets used; 0: of one of the runs it is not known */

	struct sum *sum; /* sum[i] is node id i + 1 */
	size_t n_sums, sums_room;
	struct rp_map root_of_label; /* -> index of sum; but of commands, which have none */
	uint32_t *root;		     /* of commands: index of sum */
	size_t n_roots, roots_room;

	/* ---- of the run ---- */
	bool is_running;
	uint64_t start;
	uint64_t file;	       /* its label, by RP_BY_FILE */
	struct rp_map root_of; /* serial of a thread -> index of sum */
	struct rp_map sum_of;  /* index of the root's sum, and of the node -> index of sum */
	uint32_t *chain;       /* of nodes, while their sums are made */
	size_t chain_room;
};

/* ---- runs ------------------------------------------------------------------------------------ */

static void forget_run(struct rp_instance_counts *c)
{
	rp_joined__end_run(&c->ids);
	rp_map__free(&c->root_of);
	rp_map__free(&c->sum_of);
}

static int copy_meta(struct rp_instance_counts *c, const struct rp_meta *meta)
{
	struct rp_meta before = c->meta;
	struct {
		const char *text, *before, **to;
	} copies[] = {
		{meta->version, before.version, &c->meta.version},
		{meta->host, before.host, &c->meta.host},
		{meta->kernel, before.kernel, &c->meta.kernel},
		{meta->target, before.target, &c->meta.target},
		{meta->attach_mode, before.attach_mode, &c->meta.attach_mode},
		{meta->options, before.options, &c->meta.options},
	};
	int rc = 0;

	c->meta = *meta;
	c->meta.kept = before.kept;
	for (size_t i = 0; !rc && i < sizeof(copies) / sizeof(copies[0]); i++)
		rc = rp_joined__add_string(&c->ids, copies[i].text ? copies[i].text : "",
					   copies[i].before, copies[i].to);
	return rc;
}

/* The end of a long name tells more than its beginning. */
static int name_file(struct rp_instance_counts *c, const char *file)
{
	size_t n = strlen(file), skipped = n > RP_TEXT_LEN ? n - RP_TEXT_LEN : 0;
	struct rp_text text = {0};

	memcpy(text.text, file + skipped, n - skipped);
	c->file = RP_TEXT_FIRST + c->ids.n_texts;
	return rp_joined__add_text(&c->ids, &text);
}

static int on_run(void *ctx, const struct rp_event_run *run)
{
	struct rp_instance_counts *c = ctx;
	int rc = c->n_runs ? 0 : copy_meta(c, &run->meta);

	/* Where one of several runs is there in part, so is their sum. */
	if (!rc && run->meta.kept)
		rc = rp_joined__add_string(&c->ids, run->meta.kept, c->meta.kept, &c->meta.kept);

	c->start = run->start;
	if (!rc && c->by == RP_BY_FILE && !c->is_running)
		rc = name_file(c, run->file ? run->file : "");
	c->is_running = true;
	return rc ? rc : rp_joined_samples__begin_run(&c->samples, run);
}

static int on_end(void *ctx, const struct rp_event_end *end)
{
	struct rp_instance_counts *c = ctx;
	uint64_t time = end->time > c->start ? end->time - c->start : 0;

	if (time > c->time)
		c->time = time;
	for (int reason = 0; reason < RP_LOST_COUNT; reason++)
		c->lost[reason] += end->lost[reason];
	c->late_ns += end->late_ns;
	c->cpu = end->cpu && (c->cpu || !c->n_runs) ? c->cpu + end->cpu : 0;
	for (size_t i = 0; i < c->n_sums; i++) {
		uint32_t node = c->sum[i].node;

		if (node != RP_MAP_NONE)
			c->sum[i].counts.incomplete |= c->ids.node[node].incomplete;
		c->sum[i].node = RP_MAP_NONE; /* the run is over */
	}
	rp_joined_samples__end_run(&c->samples, end);
	forget_run(c);
	c->is_running = false;
	c->n_runs++;
	return 0;
}

/* ---- nodes of the counts --------------------------------------------------------------------- */

static int add_sum(struct rp_instance_counts *c, const struct rp_node *node, uint32_t index,
		   uint32_t *out)
{
	int rc = rp_array__grow(&c->sum, c->n_sums, &c->sums_room, sizeof(*c->sum));

	if (rc)
		return rc;
	*out = (uint32_t)c->n_sums++;
	c->sum[*out] = (struct sum){.counts.node = *node, .node = index};
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
	case RP_BY_FILE:
		root->label = c->file;
		root->flags |= RP_NODE_LABELED | RP_NODE_TEXT;
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

static uint32_t known_sum(const struct rp_instance_counts *c, uint32_t root, uint32_t node)
{
	return rp_map__get(&c->sum_of, (uint64_t)root << 32 | node);
}

/* The node below the root, made with all above it that is missing. */
static int sum_below(struct rp_instance_counts *c, uint32_t root, uint32_t index, uint32_t *out)
{
	uint32_t parent = root, at = index + 1;
	size_t n = 0;
	int rc = 0;

	for (; !rc && at; at = c->ids.node[at - 1].node.parent) {
		uint32_t known = known_sum(c, root, at - 1);

		if (known != RP_MAP_NONE) {
			parent = known;
			break;
		}
		rc = rp_array__grow(&c->chain, n, &c->chain_room, sizeof(*c->chain));
		if (!rc)
			c->chain[n++] = at - 1;
	}
	while (!rc && n--) {
		struct rp_node node = c->ids.node[c->chain[n]].node;

		node.parent = parent + 1;
		rc = add_sum(c, &node, c->chain[n], &parent);
		if (!rc)
			rc = rp_map__add(&c->sum_of, (uint64_t)root << 32 | c->chain[n], parent);
	}
	*out = parent;
	return rc;
}

static int find_sum(struct rp_instance_counts *c, uint32_t serial, uint32_t id, uint32_t *out)
{
	uint32_t root, node;
	int rc = root_of(c, serial, &root);

	if (!rc)
		rc = rp_joined__find_node(&c->ids, id, &node);
	if (rc)
		return rc;
	*out = known_sum(c, root, node);
	return *out != RP_MAP_NONE ? 0 : sum_below(c, root, node, out);
}

/* ---- instances ------------------------------------------------------------------------------- */

static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct rp_instance_counts *c = ctx;
	uint32_t sum;
	int rc = find_sum(c, instance->thread, instance->node, &sum);

	return rc ? rc : rp_node_sums__add_instance(&c->sum[sum].counts, instance, c->start);
}

int rp_instance_counts__add(struct rp_instance_counts *c, uint32_t thread, uint32_t node,
			    const struct rp_node_counts *sums)
{
	uint32_t sum;
	int rc = find_sum(c, thread, node, &sum);

	return rc ? rc : rp_node_sums__add(&c->sum[sum].counts, sums);
}

int rp_instance_counts__region(struct rp_instance_counts *c, uint32_t node, uint32_t *out)
{
	uint32_t index;
	int rc = rp_joined__find_node(&c->ids, node, &index);

	if (!rc)
		*out = c->ids.node[index].node.region;
	return rc;
}

static int on_passed_over(void *ctx, uint32_t node)
{
	struct rp_instance_counts *c = ctx;
	uint32_t index;
	int rc = rp_joined__find_node(&c->ids, node, &index);

	if (!rc)
		c->ids.node[index].incomplete = true;
	return rc;
}

/*
 * Of which threads they were is not told, so they have a place only where all threads share one
 * root.
 */
static int on_left_out(void *ctx, uint32_t node, uint64_t n)
{
	struct rp_instance_counts *c = ctx;
	uint32_t sum;
	int rc;

	if (c->by != RP_BY_NONE && c->by != RP_BY_LABEL && c->by != RP_BY_FILE)
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

/* ---- samples --------------------------------------------------------------------------------- */

static int on_place(void *ctx, uint32_t number, const struct rp_place *place)
{
	return rp_joined_samples__place(&((struct rp_instance_counts *)ctx)->samples, number,
					place);
}

static int on_call(void *ctx, uint32_t number, const struct rp_sample_call *call)
{
	return rp_joined_samples__call(&((struct rp_instance_counts *)ctx)->samples, number, call);
}

static int on_sample(void *ctx, const struct rp_taken_sample *sample)
{
	struct rp_instance_counts *c = ctx;
	uint32_t sum;
	int rc = sample->node ? find_sum(c, sample->thread, sample->node, &sum) : 0;

	return rc ? rc : rp_joined_samples__add(&c->samples, sample, sample->node ? sum + 1 : 0);
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

static struct rp_counts *read_counts(void *ctx)
{
	const struct rp_instance_counts *c = ctx;
	struct rp_counts *out = calloc(1, sizeof(*out));

	if (!out)
		return NULL;
	out->time = c->time;
	memcpy(out->lost, c->lost, sizeof(out->lost));
	out->late_ns = c->late_ns;
	if (copy_nodes(c, out) || rp_joined__copy_names(&c->ids, &out->names) ||
	    rp_joined_samples__counts(&c->samples, &out->samples)) {
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
		rp_node_sums__free(&c->sum[i].counts);
	rp_map__free(&c->root_of_label);
	free(c->root);
	free(c->sum);
	free(c->chain);
	rp_joined__free(&c->ids);
	rp_joined_samples__free(&c->samples);
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
				      .region = rp_joined__on_region,
				      .text = rp_joined__on_text,
				      .thread = on_thread,
				      .node = rp_joined__on_node,
				      .instance = on_instance,
				      .left_out = on_left_out,
				      .passed_over = on_passed_over,
				      .lost = on_lost,
				      .place = on_place,
				      .call = on_call,
				      .sample = on_sample,
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

uint64_t rp_instance_counts__cpu(const struct rp_instance_counts *counts)
{
	return counts->cpu;
}

bool rp_instance_counts__has_samples(const struct rp_instance_counts *counts)
{
	return counts->samples.store;
}

const struct rp_meta *rp_instance_counts__meta(const struct rp_instance_counts *counts)
{
	return &counts->meta;
}

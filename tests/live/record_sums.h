/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What is in a record, added up for each path of regions. */
#ifndef RECORD_SUMS_H
#define RECORD_SUMS_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live.h"
#include "record/reader.h"

#define REGIONS_MAX 64u
#define NODES_MAX   4096u
#define PATH_LEN    8192

struct sums {
	char *path; /* NULL: no such node */
	uint64_t timed, unwound, open, lost, left_out;
	uint64_t ns, self, cpu, wait; /* of the timed ones */
};

struct record {
	char region[REGIONS_MAX][64];
	struct sums node[NODES_MAX];
	size_t threads;
	uint64_t lost[RP_LOST_COUNT];
	struct rp_reader_figures figures;
};

static inline int take_region(void *ctx, uint32_t id, const struct rp_region_name *region)
{
	struct record *r = ctx;

	id = id >= RP_REGION_DYNAMIC ? id - RP_REGION_DYNAMIC + REGIONS_MAX / 2 : id;
	assert_true(id < REGIONS_MAX);
	snprintf(r->region[id], sizeof(r->region[id]), "%s", region->name);
	return 0;
}

static inline int take_node(void *ctx, uint32_t id, const struct rp_node *node)
{
	struct record *r = ctx;
	uint32_t region = node->region;
	const char *above;

	assert_true(id < NODES_MAX);
	free(r->node[id].path);
	region = region >= RP_REGION_DYNAMIC ? region - RP_REGION_DYNAMIC + REGIONS_MAX / 2
					     : region;
	if (!node->parent) {
		r->node[id].path = strdup("");
		return 0;
	}
	above = r->node[node->parent].path;
	assert_non_null(above);
	assert_true(asprintf(&r->node[id].path, "%s/%s", above, r->region[region]) > 0);
	return 0;
}

static inline int take_thread(void *ctx, const struct rp_event_thread *thread)
{
	struct record *r = ctx;

	assert_int_equal(thread->serial, ++r->threads);
	return 0;
}

static inline int take_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct record *r = ctx;
	struct sums *sums = &r->node[instance->node];

	sums->unwound += instance->unwound;
	sums->open += instance->open;
	if (!rp_event_instance__is_timed(instance))
		return 0;
	sums->timed++;
	sums->ns += instance->ns;
	sums->self += instance->ns - instance->child;
	sums->cpu += instance->cpu;
	sums->wait += instance->wait;
	return 0;
}

static inline int take_lost(void *ctx, uint32_t node, uint64_t n)
{
	((struct record *)ctx)->node[node].lost += n;
	return 0;
}

static inline int take_left_out(void *ctx, uint32_t node, uint64_t n)
{
	((struct record *)ctx)->node[node].left_out += n;
	return 0;
}

static inline int take_end(void *ctx, const struct rp_event_end *end)
{
	memcpy(((struct record *)ctx)->lost, end->lost, sizeof(uint64_t) * RP_LOST_COUNT);
	return 0;
}

static inline void read_into(const struct rp_event_sink *sink, const char *path,
			     struct rp_reader_figures *figures)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct rp_err err = {0};
	struct rp_reader *reader;

	assert_true(fd >= 0);
	if (rp_reader__open(fd, path, &reader, &err) || rp_reader__read(reader, sink, &err))
		fail_msg("%s", err.cause);
	if (figures)
		*figures = *rp_reader__figures(reader);
	rp_reader__free(reader);
}

/* What can be read of it. */
static inline struct record *read_torn_record(const char *path)
{
	struct record *r = calloc(1, sizeof(*r));
	const struct rp_event_sink sink = {.ctx = r,
					   .region = take_region,
					   .node = take_node,
					   .thread = take_thread,
					   .instance = take_instance,
					   .lost = take_lost,
					   .left_out = take_left_out,
					   .end = take_end};

	assert_non_null(r);
	read_into(&sink, path, &r->figures);
	assert_int_equal(r->figures.nameless, 0);
	return r;
}

/* All of it, which is whole blocks. */
static inline struct record *read_record(const char *path)
{
	struct record *r = read_torn_record(path);

	assert_int_equal(r->figures.n_damaged, 0);
	return r;
}

static inline void free_record(struct record *r)
{
	for (size_t i = 0; i < NODES_MAX; i++)
		free(r->node[i].path);
	free(r);
}

/* Nodes of one path differ in their labels. */
static inline struct sums sums_of(const struct record *r, const char *path)
{
	struct sums all = {0};

	for (size_t i = 0; i < NODES_MAX; i++) {
		const struct sums *one = &r->node[i];

		if (!one->path || strcmp(one->path, path))
			continue;
		all.timed += one->timed;
		all.unwound += one->unwound;
		all.open += one->open;
		all.lost += one->lost;
		all.left_out += one->left_out;
		all.ns += one->ns;
		all.self += one->self;
		all.cpu += one->cpu;
		all.wait += one->wait;
	}
	return all;
}

#endif

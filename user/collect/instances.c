// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "collect/instances.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct rp_instance_feed {
	struct rp_instance_feed_opts opts;
	int rc; /* of the sink */

	/* What it was told: a bit each. */
	uint8_t nodes[RP_NODES_MAX / 8], texts[RP_NODES_MAX / 8];
	uint8_t regions[(RP_REGION_MASK + 1) / 8];
	uint64_t lost[RP_NODES_MAX]; /* by node, so far */
	uint64_t all_lost;
};

int rp_instance_feed__new(const struct rp_instance_feed_opts *opts, struct rp_instance_feed **out)
{
	struct rp_instance_feed *feed = calloc(1, sizeof(*feed));

	if (!feed)
		return -ENOMEM;
	feed->opts = *opts;
	*out = feed;
	return 0;
}

void rp_instance_feed__free(struct rp_instance_feed *feed)
{
	free(feed);
}

/* true: it was not set before. */
static bool set(uint8_t *bits, uint32_t i)
{
	uint8_t bit = (uint8_t)(1u << i % 8);

	if (bits[i / 8] & bit)
		return false;
	bits[i / 8] |= bit;
	return true;
}

#define TELL(feed, call, ...)                                                                      \
	((feed)->rc ? (feed)->rc : ((feed)->rc = RP_TELL((feed)->opts.sink, call, __VA_ARGS__)))

/* ---- what ids stand for -------------------------------------------------------------------- */

static void tell_region(struct rp_instance_feed *feed, uint32_t id)
{
	struct rp_region_name region = {.kind = RP_KIND_MARKER, .object = ""};
	char name[RP_NAME_LEN + 1] = "";

	if (id == RP_REGION_NONE || !set(feed->regions, id))
		return;
	if (id < RP_REGION_DYNAMIC) {
		feed->opts.region(feed->opts.ctx, id, &region);
	} else {
		memcpy(name, rp_session__name(feed->opts.session, id - RP_REGION_DYNAMIC),
		       RP_NAME_LEN);
		region.name = name;
	}
	TELL(feed, region, id, &region);
}

static void tell_text(struct rp_instance_feed *feed, const struct rp_node *node)
{
	const struct rp_text *texts;
	size_t n;

	if (!(node->flags & RP_NODE_TEXT) || node->flags & RP_NODE_OTHER ||
	    node->label < RP_TEXT_FIRST)
		return;
	texts = rp_session__texts(feed->opts.session, &n);
	if (node->label - RP_TEXT_FIRST < n && node->label - RP_TEXT_FIRST < RP_NODES_MAX &&
	    set(feed->texts, (uint32_t)node->label - RP_TEXT_FIRST))
		TELL(feed, text, (uint32_t)node->label - RP_TEXT_FIRST,
		     &texts[node->label - RP_TEXT_FIRST]);
}

/* And those above it first. Paths are as long as stacks are deep, which is bounded. */
static void tell_node(struct rp_instance_feed *feed, uint32_t id)
{
	struct rp_node node;

	if (!id || !set(feed->nodes, id))
		return;
	node = *rp_session__node(feed->opts.session, id);
	node.flags |= RP_NODE_VALID; /* which is set last */
	tell_node(feed, node.parent);
	tell_region(feed, node.region);
	tell_text(feed, &node);
	TELL(feed, node, id, &node);
}

static void tell_thread(struct rp_instance_feed *feed, const struct rp_thread_info *info)
{
	struct rp_event_thread thread = {.serial = info->serial,
					 .tid = info->tid,
					 .pid = info->tgid,
					 .goroutine = info->goroutine,
					 .started = info->start_time,
					 .process_started = info->process_start_time};

	memcpy(thread.comm, info->comm, sizeof(thread.comm));
	memcpy(thread.process_comm, info->process_comm, sizeof(thread.process_comm));
	TELL(feed, thread, &thread);
}

/* ---- instances ----------------------------------------------------------------------------- */

static void tell_instance(struct rp_instance_feed *feed, const struct rp_instance *from)
{
	bool span = from->kind & RP_INSTANCE_SPAN;
	struct rp_event_instance instance = {
		.start = from->start,
		.ns = from->ns,
		.child = span ? 0 : from->child,
		.cpu = span ? 0 : from->cpu,
		.wait = from->wait,
		.span = span ? from->span : 0,
		.node = from->node,
		.thread = span ? (uint32_t)from->begun_by : from->thread,
		.end_thread = from->thread,
		.cpu_number = from->cpu_number,
		.unwound = from->kind & RP_INSTANCE_UNWOUND,
		.is_span = span,
	};

	tell_node(feed, from->node);
	TELL(feed, instance, &instance);
}

static void take(void *ctx, const void *data, size_t size)
{
	struct rp_instance_feed *feed = ctx;
	const struct rp_instance *instance = data;

	if (size == sizeof(*instance) && instance->kind != RP_INSTANCE_THREAD)
		tell_instance(feed, instance);
	else if (size == sizeof(struct rp_thread_info) && instance->kind == RP_INSTANCE_THREAD)
		tell_thread(feed, data);
	else
		rp_session__count_lost(feed->opts.session, RP_LOST_UNKNOWN_EVENTS);
}

int rp_instance_feed__drain(struct rp_instance_feed *feed)
{
	int rc = rp_session__drain_instances(feed->opts.session, take, feed);

	return feed->rc ? feed->rc : rc;
}

/* ---- samples ------------------------------------------------------------------------------- */

int rp_instance_feed__tell_place(struct rp_instance_feed *feed, uint32_t number,
				 const struct rp_place *place)
{
	return TELL(feed, place, number, place);
}

int rp_instance_feed__tell_call(struct rp_instance_feed *feed, uint32_t number,
				const struct rp_sample_call *call)
{
	return TELL(feed, call, number, call);
}

int rp_instance_feed__tell_sample(struct rp_instance_feed *feed,
				  const struct rp_taken_sample *sample)
{
	tell_node(feed, sample->node);
	return TELL(feed, sample, sample);
}

/* ---- what is not there --------------------------------------------------------------------- */

static uint64_t lost_of(const struct rp_session *session, uint32_t node)
{
	uint32_t shards;
	const struct rp_figures *figures = rp_session__figures(session, node, &shards);
	uint64_t sum = 0;

	for (uint32_t i = 0; figures && i < shards; i++)
		sum += __atomic_load_n(&figures[i].unrecorded, __ATOMIC_RELAXED);
	return sum;
}

int rp_instance_feed__tell_lost(struct rp_instance_feed *feed)
{
	const struct rp_session *session = feed->opts.session;
	uint64_t all = rp_session__lost(session, RP_LOST_INSTANCES);

	if (all == feed->all_lost)
		return feed->rc;
	feed->all_lost = all;
	for (uint32_t node = 1; node <= rp_session__nodes_used(session); node++) {
		uint64_t lost = lost_of(session, node);

		if (lost == feed->lost[node])
			continue;
		tell_node(feed, node);
		TELL(feed, lost, node, lost - feed->lost[node]);
		feed->lost[node] = lost;
	}
	return feed->rc;
}

/* ---- the end ------------------------------------------------------------------------------- */

int rp_instance_feed__tell_open(struct rp_instance_feed *feed,
				const struct rp_open_entries *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		const struct rp_open_entry *entry = &entries->item[i];
		struct rp_event_instance instance = {
			.start = entry->start,
			.ns = entries->time > entry->start ? entries->time - entry->start : 0,
			.span = entry->span,
			.node = entry->node,
			.thread = entry->serial,
			.end_thread = entry->serial,
			.open = true,
			.is_span = !entry->depth,
		};

		if (!entry->node || entry->unsampled)
			continue;
		tell_node(feed, entry->node);
		TELL(feed, instance, &instance);
	}
	return feed->rc;
}

static void tell_regions(struct rp_instance_feed *feed, const struct rp_region_name *regions,
			 size_t n, uint32_t first)
{
	for (size_t i = 0; i < n; i++)
		TELL(feed, region, first + (uint32_t)i, &regions[i]);
}

/* A parent before its children, and their regions before both. */
int rp_instance_feed__tell_counts(struct rp_instance_feed *feed, const struct rp_counts *counts)
{
	tell_regions(feed, counts->names.regions, counts->names.n_regions, 1);
	tell_regions(feed, counts->names.dynamic, counts->names.n_dynamic, RP_REGION_DYNAMIC);
	for (uint32_t i = 0; i < counts->n_nodes; i++) {
		const struct rp_node_counts *node = &counts->nodes[i];
		uint64_t left_out;

		if (!(node->node.flags & RP_NODE_VALID))
			continue;
		tell_text(feed, &node->node);
		TELL(feed, node, i + 1, &node->node);
		set(feed->nodes, i + 1);
		left_out = node->figures.skipped + node->figures.unsampled;
		if (left_out)
			TELL(feed, left_out, i + 1, left_out);
	}
	return rp_instance_feed__tell_lost(feed);
}

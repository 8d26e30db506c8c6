/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Runs made by hand, told to a sink as a reader of a record would. */
#ifndef RP_INSTANCES_FIXTURE_H
#define RP_INSTANCES_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record/counts_of_instances.h"
#include "record/sink.h"
#include "view/view.h"

/* Node 1 is the root of all; times are those since the run began. */
#define TOLD_START 1000000000
#define TOLD_ROOT  1

static inline void tell_run(const struct rp_event_sink *sink, const char *file)
{
	struct rp_event_run run = {.file = file, .start = TOLD_START, .wall = 1735787045000000000};
	struct rp_node root = {.flags = RP_NODE_VALID};

	assert_int_equal(RP_TELL(sink, run, &run), 0);
	assert_int_equal(RP_TELL(sink, node, TOLD_ROOT, &root), 0);
}

static inline void tell_region(const struct rp_event_sink *sink, uint32_t id, const char *name,
			       enum rp_kind kind)
{
	struct rp_region_name region = {.name = name, .kind = kind, .object = "/bin/app"};

	assert_int_equal(RP_TELL(sink, region, id, &region), 0);
}

static inline void tell_thread(const struct rp_event_sink *sink, uint32_t serial, uint32_t pid,
			       uint32_t tid, const char *comm)
{
	struct rp_event_thread thread = {
		.serial = serial, .pid = pid, .tid = tid, .started = (uint64_t)serial << 30};

	strncpy(thread.comm, comm, RP_COMM_LEN - 1);
	strncpy(thread.process_comm, comm, RP_COMM_LEN - 1);
	assert_int_equal(RP_TELL(sink, thread, &thread), 0);
}

static inline void tell_node(const struct rp_event_sink *sink, uint32_t id, uint32_t parent,
			     uint32_t region)
{
	struct rp_node node = {.parent = parent, .region = region, .flags = RP_NODE_VALID};

	assert_int_equal(RP_TELL(sink, node, id, &node), 0);
}

static inline void tell(const struct rp_event_sink *sink, struct rp_event_instance instance)
{
	instance.start += TOLD_START;
	if (!instance.end_thread)
		instance.end_thread = instance.thread;
	assert_int_equal(sink->instance(sink->ctx, &instance), 0);
}

/* So many equal ones, one after the other from `start` on. */
static inline void tell_timed(const struct rp_event_sink *sink, uint64_t n,
			      struct rp_event_instance instance)
{
	for (uint64_t i = 0; i < n; i++) {
		tell(sink, instance);
		instance.start += instance.ns;
	}
}

static inline void tell_end(const struct rp_event_sink *sink, uint64_t time)
{
	static const uint64_t lost[RP_LOST_COUNT] = {[RP_LOST_DEPTH] = 3};
	struct rp_event_end end = {.time = TOLD_START + time, .lost = lost};

	assert_int_equal(RP_TELL(sink, end, &end), 0);
}

/* What was added up of it, rows by name. */
static inline struct rp_snapshot *snapshot_of(struct rp_instance_counts *counts, enum rp_by by,
					      uint64_t since)
{
	struct rp_counts_source source = rp_instance_counts__source(counts);
	struct rp_counts *now = source.read(source.ctx);
	struct rp_snapshot_opts opts = {.by = by, .since = since};
	struct rp_snapshot *snapshot;

	assert_non_null(now);
	snapshot = rp_snapshot__build(now, NULL, &opts);
	rp_counts__free(now);
	assert_non_null(snapshot);
	rp_snapshot__sort(snapshot, rp_column__find("name"), false);
	return snapshot;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Counts made by hand, as the kernel would have added them up; and golden files. */
#ifndef RP_COUNTS_FIXTURE_H
#define RP_COUNTS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/snapshot.h"
#include "view/view.h"

#define FIXTURE_NODES 64

struct fixture {
	struct rp_counts counts;
	struct rp_node_counts nodes[FIXTURE_NODES];
	struct rp_hist hists[FIXTURE_NODES];
	struct rp_region_name regions[8], dynamic[4];
	const struct rp_baseline *baseline; /* of its snapshots; NULL: none */
};

static inline void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->counts.nodes = f->nodes;
	f->counts.names.regions = f->regions;
	f->counts.names.dynamic = f->dynamic;
}

static inline uint32_t fixture_region(struct fixture *f, const char *name, enum rp_kind kind,
				      const char *object)
{
	f->regions[f->counts.names.n_regions] = (struct rp_region_name){
		.name = name, .kind = kind, .object = object};
	return (uint32_t)++f->counts.names.n_regions;
}

static inline uint32_t fixture_root(struct fixture *f, uint64_t label, const char *comm)
{
	struct rp_node *node = &f->nodes[f->counts.n_nodes++].node;

	node->label = label;
	strncpy(node->comm, comm, RP_COMM_LEN - 1);
	node->flags = RP_NODE_VALID;
	return (uint32_t)f->counts.n_nodes;
}

static inline uint32_t fixture_node(struct fixture *f, uint32_t parent, uint32_t region)
{
	struct rp_node *node = &f->nodes[f->counts.n_nodes++].node;

	node->parent = parent;
	node->region = region;
	node->flags = RP_NODE_VALID;
	return (uint32_t)f->counts.n_nodes;
}

static inline struct rp_hist_part fixture_part(struct rp_hist *whole)
{
	return (struct rp_hist_part){.bucket = (uint64_t *)whole->bucket, .end = RP_HIST_BUCKETS};
}

/* n equal frames, entered and left. */
static inline void fixture_frames(struct fixture *f, uint32_t node, uint64_t n, uint64_t ns,
				  uint64_t child, uint64_t cpu, uint64_t wait)
{
	struct rp_node_counts *counts = &f->nodes[node - 1];
	struct rp_figures *to = &counts->figures;
	unsigned __int128 squares = (unsigned __int128)to->sq_hi << 64 | to->sq_lo;

	to->entries += n;
	to->count += n;
	to->total += n * ns;
	to->self += n * (ns - child);
	to->cpu += n * cpu;
	to->wait += n * wait;
	squares += (unsigned __int128)ns * ns * n;
	to->sq_lo = (uint64_t)squares;
	to->sq_hi = (uint64_t)(squares >> 64);
	if (~ns > to->min_inv)
		to->min_inv = ~ns;
	if (ns > to->max)
		to->max = ns;
	counts->hist = fixture_part(&f->hists[node - 1]);
	counts->hist.bucket[rp_hist_index(ns)] += n;
}

/*
 * Two processes of a server, with a name that wants to move the cursor, a recursion, a span, frames
 * that are open and unwound, exits without an entry and losses.
 */
static inline void fixture_server(struct fixture *f)
{
	uint32_t request, query, evil, walk, relay, root, node;

	fixture_init(f);
	request = fixture_region(f, "handle_request", RP_KIND_FUNCTION, "/usr/sbin/server");
	query = fixture_region(f, "query", RP_KIND_USDT, "/usr/lib/libdb.so.5");
	evil = fixture_region(f, "évil\x1b[2J,\"\xff\\", RP_KIND_MARKER, "/tmp/a b");
	walk = fixture_region(f, "walk<int>(tree*)", RP_KIND_FUNCTION, "/usr/sbin/server");
	fixture_region(f, "never", RP_KIND_FUNCTION, "/usr/sbin/server");
	relay = fixture_region(f, "relay", RP_KIND_SPAN, "/usr/sbin/server");
	f->regions[request - 1].slow = true;
	f->regions[query - 1].stray.unmatched = 7;
	f->regions[walk - 1].ends_at_jump = true;

	root = fixture_root(f, 4242, "server");
	node = fixture_node(f, root, request);
	fixture_frames(f, node, 1000, 1230000, 800000, 400000, 30000);
	fixture_frames(f, node, 10, 45600000, 40000000, 500000, 100000);
	f->nodes[node - 1].figures.entries += 3;
	f->nodes[node - 1].figures.unwound = 1;
	fixture_frames(f, fixture_node(f, node, query), 1010, 780000, 0, 20000, 1000);
	node = fixture_node(f, node, walk);
	fixture_frames(f, node, 5, 9000, 6000, 9000, 0);
	node = fixture_node(f, node, walk);
	fixture_frames(f, node, 5, 6000, 0, 6000, 0);
	fixture_frames(f, fixture_node(f, root, relay), 400, 2500000, 0, 0, 0);
	root = fixture_root(f, 999, "worker");
	fixture_frames(f, fixture_node(f, root, query), 20, 1500, 0, 1500, 0);
	fixture_frames(f, fixture_node(f, root, evil), 12345678, 40, 0, 40, 0);

	f->counts.time = 12500000000;
	f->counts.lost[RP_LOST_DEPTH] = 12;
	f->counts.lost[RP_LOST_UNMATCHED] = 7;
}

/* By process or not at all. */
static inline struct rp_snapshot *fixture_snapshot(const struct fixture *f, enum rp_by by)
{
	struct rp_snapshot_opts opts = {
		.by = by,
		.since = 2500000000,
		.baseline = f->baseline,
		.meta = {.version = "1.2.3",
			 .host = "box",
			 .kernel = "6.1.0",
			 .start_time = "2025-01-02T03:04:05+00:00",
			 .attach_mode = "session",
			 .probes = 24,
			 .slow_sites = 2,
			 .ns_per_region = 870.5,
			 .cpu_share = 0.0125,
			 .overhead = {.share = 0.0125},
			 .group_by = by == RP_BY_PROCESS ? "process" : NULL,
			 .target = "PID 4242 server"},
	};
	struct rp_snapshot *snapshot = rp_snapshot__build(&f->counts, NULL, &opts);

	assert_non_null(snapshot);
	rp_snapshot__sort(snapshot, rp_column__find("total"), false);
	return snapshot;
}

/* The list of what is open, of three frames: two are 5 s old or older, hence stuck. */
static inline struct rp_open_regions *fixture_open(void)
{
	static struct rp_region_name regions[] = {
		{.kind = RP_KIND_FUNCTION, .name = "request", .object = "/bin/app"},
		{.kind = RP_KIND_MARKER, .name = "lock\x1b[2J", .object = "/bin/app"},
	};
	static struct rp_node nodes[] = {
		{0},
		{.flags = RP_NODE_VALID},
		{.parent = 1, .region = 1, .flags = RP_NODE_VALID},
		{.parent = 2,
		 .region = 2,
		 .label = (uint64_t)-7,
		 .flags = RP_NODE_VALID | RP_NODE_LABELED | RP_NODE_SIGNED},
	};
	struct rp_open_entry entries[] = {
		{.start = 1000000000, .node = 3, .region = 2, .pid = 42, .tid = 43, .comm = "x y"},
		{.start = 900000000, .node = 3, .region = 2, .pid = 42, .goroutine = 0xc0ffee},
		{.start = 5000000000, .node = 2, .region = 1, .pid = 42, .tid = 43},
	};
	struct rp_open_entries in = {.time = 6000000000,
				     .item = entries,
				     .n = 3,
				     .nodes = nodes,
				     .n_nodes = 3,
				     .names = {.regions = regions, .n_regions = 2}};
	struct rp_open_regions *open = rp_open_regions__build(&in, 5000000000);

	assert_non_null(open);
	return open;
}

/* What a view writes; to be freed. */
static inline char *fixture_print(const char *view, const struct rp_snapshot *snapshot,
				  const struct rp_view_opts *opts)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_non_null(rp_view__find(view));
	assert_int_equal(rp_view__find(view)->print(out, snapshot, opts), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Compare with tests/golden/NAME, from the top folder; with RP_GOLDEN=write make it anew. */
static inline void assert_golden(const char *name, const char *text)
{
	const char *mode = getenv("RP_GOLDEN");
	char path[256], *golden;
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "tests/golden/%s", name);
	if (mode && !strcmp(mode, "write")) {
		file = fopen(path, "w");
		assert_non_null(file);
		assert_true(fputs(text, file) >= 0);
		assert_int_equal(fclose(file), 0);
	}
	file = fopen(path, "r");
	assert_non_null(file);
	golden = calloc(1, 1 << 20);
	assert_non_null(golden);
	len = fread(golden, 1, (1 << 20) - 1, file);
	fclose(file);
	assert_true(len > 0);
	assert_string_equal(text, golden);
	free(golden);
}

#endif

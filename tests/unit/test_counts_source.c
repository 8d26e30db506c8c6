// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * A source of counts that is not the kernel: it plays back a list of frames, as a recorded file
 * will. Snapshots are built from what it hands out, and outlive it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/snapshot.h"

#define ROOT 1

/* A frame that ended, of a region that stands directly under the root. */
struct played_frame {
	uint32_t region; /* from 1 */
	uint64_t end, ns;
};

struct recording {
	char names[2][16]; /* overwritten at the end: nobody may point here */
	struct played_frame *frames;
	size_t n;
	uint64_t now; /* how far it was played */
	uint32_t open_region;
};

static void fill_names(const struct recording *r, struct rp_id_names *names)
{
	names->regions = calloc(2, sizeof(*names->regions));
	assert_non_null(names->regions);
	names->n_regions = 2;
	for (size_t i = 0; i < 2; i++)
		names->regions[i] = (struct rp_region_name){
			.name = rp_arena__dup(&names->strings, r->names[i]),
			.kind = RP_KIND_FUNCTION,
			.object = rp_arena__dup(&names->strings, "/bin/played"),
		};
}

static void add_frame(struct rp_node_counts *node, uint64_t ns)
{
	struct rp_figures *f = &node->figures;

	f->entries++;
	f->count++;
	f->total += ns;
	f->self += ns;
	f->sq_lo += ns * ns;
	f->min_inv = ~ns > f->min_inv ? ~ns : f->min_inv;
	f->max = ns > f->max ? ns : f->max;
	node->hist.bucket[rp_hist_index(ns)]++;
}

static struct rp_counts *play(void *ctx)
{
	const struct recording *r = ctx;
	struct rp_counts *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->time = r->now;
	c->n_nodes = 3;
	c->nodes = calloc(3, sizeof(*c->nodes));
	c->buckets = calloc(3, RP_HIST_BUCKETS * sizeof(*c->buckets));
	assert_true(c->nodes && c->buckets);
	for (uint32_t i = 0; i < 3; i++) {
		c->nodes[i].node = (struct rp_node){
			.parent = i ? ROOT : 0, .region = i, .flags = RP_NODE_VALID};
		c->nodes[i].hist = (struct rp_hist_part){.bucket = &c->buckets[i * RP_HIST_BUCKETS],
							 .end = RP_HIST_BUCKETS};
	}
	for (size_t i = 0; i < r->n; i++)
		if (r->frames[i].end <= r->now)
			add_frame(&c->nodes[r->frames[i].region], r->frames[i].ns);
	fill_names(r, &c->names);
	return c;
}

static int play_open(void *ctx, struct rp_open_entries *out)
{
	const struct recording *r = ctx;

	*out = (struct rp_open_entries){.time = r->now, .n = 1, .n_nodes = 3};
	out->item = calloc(1, sizeof(*out->item));
	out->nodes = calloc(4, sizeof(*out->nodes));
	assert_true(out->item && out->nodes);
	for (uint32_t i = 1; i <= 3; i++)
		out->nodes[i] = (struct rp_node){
			.parent = i > ROOT ? ROOT : 0, .region = i - 1, .flags = RP_NODE_VALID};
	out->item[0] = (struct rp_open_entry){.start = r->now - 50,
					      .region = r->open_region,
					      .node = r->open_region + 1,
					      .pid = 5,
					      .tid = 6,
					      .depth = 1};
	fill_names(r, &out->names);
	return 0;
}

static struct played_frame frames[] = {
	{.region = 1, .end = 100, .ns = 10},
	{.region = 2, .end = 200, .ns = 20},
	{.region = 1, .end = 300, .ns = 30},
	{.region = 1, .end = 900, .ns = 60},
};

static struct recording recording;
static const struct rp_counts_source source = {
	.ctx = &recording, .read = play, .open_frames = play_open};

static int start(void **state)
{
	(void)state;
	recording = (struct recording){.names = {"first", "second"},
				       .frames = frames,
				       .n = sizeof(frames) / sizeof(frames[0]),
				       .open_region = 2};
	return 0;
}

static struct rp_counts *read_at(uint64_t now)
{
	recording.now = now;
	return source.read(source.ctx);
}

static const struct rp_row *row_of(const struct rp_snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->n_rows; i++)
		if (!strcmp(s->rows[i].name, name))
			return &s->rows[i];
	fail_msg("no row %s", name);
	return NULL;
}

static void test_interval(void **state)
{
	const struct rp_snapshot_opts opts = {.since = 0};
	struct rp_counts *before = read_at(250), *now = read_at(1000);
	struct rp_snapshot *all = rp_snapshot__build(now, NULL, &opts);
	struct rp_snapshot *interval = rp_snapshot__build(now, before, &opts);

	(void)state;
	assert_true(all && interval);
	assert_int_equal(all->duration, 1000);
	assert_int_equal(row_of(all, "first")->f.count, 3);
	assert_int_equal(row_of(all, "first")->f.total, 100);
	assert_int_equal(row_of(all, "second")->f.count, 1);
	assert_int_equal(interval->duration, 750);
	assert_int_equal(row_of(interval, "first")->f.count, 2);
	assert_int_equal(row_of(interval, "first")->f.total, 90);
	rp_snapshot__free(all);
	rp_snapshot__free(interval);
	rp_counts__free(before);
	rp_counts__free(now);
}

static void test_counts_outlive_the_source(void **state)
{
	const struct rp_snapshot_opts opts = {.since = 0};
	struct rp_counts *counts = read_at(1000);
	struct rp_snapshot *s;

	(void)state;
	memset(&recording, 'x', sizeof(recording.names));
	s = rp_snapshot__build(counts, NULL, &opts);
	rp_counts__free(counts);
	assert_non_null(s);
	assert_int_equal(row_of(s, "second")->f.count, 1);
	assert_string_equal(row_of(s, "second")->object, "/bin/played");
	rp_snapshot__free(s);
}

static void test_open_frames_outlive_the_source(void **state)
{
	struct rp_open_entries entries;
	struct rp_open_regions *open;

	(void)state;
	recording.now = 1000;
	assert_int_equal(source.open_frames(source.ctx, &entries), 0);
	memset(&recording, 'x', sizeof(recording.names));
	open = rp_open_regions__build(&entries, 50);
	rp_open_entries__free(&entries);
	assert_non_null(open);
	assert_int_equal(open->n, 1);
	assert_int_equal(open->n_stuck, 1);
	assert_string_equal(open->row[0].name, "second");
	rp_open_regions__free(open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_interval, start),
		cmocka_unit_test_setup(test_counts_outlive_the_source, start),
		cmocka_unit_test_setup(test_open_frames_outlive_the_source, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

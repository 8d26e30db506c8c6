// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Views and records when memory runs out. */
#include "allocations_fixture.h"

#include "record/counts_of_instances.h"
#include "record/event_filter.h"
#include "record/recent.h"
#include "record/slow_trees.h"
#include "record/writer.h"
#include "samples_fixture.h"

/* ---- what is shown ----------------------------------------------------------------------------
 */

static struct fixture f;

static int print_views(FILE *out, const struct rp_snapshot *snapshot, bool of_samples)
{
	const struct rp_view_opts opts = {.tree = true};
	int rc = 0;

	for (const struct rp_view *view = rp_views; !rc && view->name; view++)
		if (of_samples || !view->of_samples)
			rc = view->print(out, snapshot, &opts);
	return rc;
}

static int try_snapshot(FILE *out, int by)
{
	const struct rp_snapshot_opts opts = {.by = (enum rp_by)by, .since = 2500000000};
	struct rp_snapshot *snapshot = rp_snapshot__build(&f.counts, NULL, &opts);
	int rc = snapshot ? print_views(out, snapshot, true) : -ENOMEM;

	rp_snapshot__free(snapshot);
	return rc;
}

static void test_snapshots(void **state)
{
	struct rp_waker_count items[] = {{.key = {2, 2}, .figures = {100, 300000000}},
					 {.key = {3, 1}, .figures = {4, 1300000}}};
	struct rp_waker_counts wakers = {.item = items, .n = 2};

	(void)state;
	fixture_server(&f);
	samples_init(&f, 2);
	f.counts.wakers = &wakers;
	for (int by = RP_BY_NONE; by <= RP_BY_LABEL; by++)
		each_fails(try_snapshot, by);
	samples_free(&f);
}

/* ---- records ----------------------------------------------------------------------------------
 */

static int try_counts(FILE *out, int file)
{
	struct rp_instance_counts *counts = rp_instance_counts__new(RP_BY_PROCESS);
	const struct rp_snapshot_opts opts = {.by = RP_BY_PROCESS};
	struct rp_counts_source source;
	struct rp_event_sink sink;
	struct rp_snapshot *snapshot = NULL;
	struct rp_counts *now = NULL;
	int rc = -ENOMEM;

	if (!counts)
		return rc;
	sink = rp_instance_counts__sink(counts);
	source = rp_instance_counts__source(counts);
	rc = read_file(file, &sink);
	if (!rc) {
		now = source.read(source.ctx);
		snapshot = now ? rp_snapshot__build(now, NULL, &opts) : NULL;
		rc = snapshot ? print_views(out, snapshot, file == 1) : -ENOMEM;
	}
	rp_snapshot__free(snapshot);
	rp_counts__free(now);
	rp_instance_counts__free(counts);
	return rc;
}

static void test_counts_of_records(void **state)
{
	(void)state;
	for (int file = 0; file < FILES; file++)
		each_fails(try_counts, file);
}

/* But the index, without which a record is whole. */
static int print_block(void *out, const struct rp_block_header *header, const void *payload)
{
	(void)payload;
	if (header->type != RP_BLOCK_INDEX && header->type != RP_BLOCK_END)
		fprintf(out, "%u %u\n", (unsigned)header->type, (unsigned)header->stored);
	return 0;
}

static int write_to(int file, rp_block_fn fn, void *ctx, uint64_t least)
{
	const struct rp_writer_opts opts = {.run = 7, .fn = fn, .ctx = ctx};
	struct rp_event_sink sink;
	struct rp_slow_trees *trees;
	struct rp_writer *writer;
	int rc = rp_writer__new(&opts, &writer), closed;

	if (rc)
		return rc;
	sink = rp_writer__sink(writer);
	if (least) {
		trees = rp_slow_trees__new(least, &sink);
		if (!trees) {
			sink.close(sink.ctx);
			return -ENOMEM;
		}
		sink = rp_slow_trees__sink(trees);
	}
	rc = read_file(file, &sink);
	closed = sink.close(sink.ctx);
	return rc ? rc : closed;
}

static int try_writer(FILE *out, int file)
{
	return write_to(file, print_block, out, 0);
}

static int try_slow_trees(FILE *out, int file)
{
	return write_to(file, print_block, out, 1);
}

static int try_recent(FILE *out, int file)
{
	const struct rp_recent_opts opts = {.ns = UINT64_MAX};
	struct rp_recent *recent = rp_recent__new(&opts);
	int rc = recent ? write_to(file, rp_recent__add, recent, 0) : -ENOMEM;

	if (!rc)
		rc = rp_recent__write(recent, print_block, out);
	rp_recent__free(recent);
	return rc;
}

static void test_writers(void **state)
{
	(void)state;
	for (int file = 0; file < FILES; file++) {
		each_fails(try_writer, file);
		each_fails(try_slow_trees, file);
		each_fails(try_recent, file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snapshots),
		cmocka_unit_test(test_counts_of_records),
		cmocka_unit_test(test_writers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

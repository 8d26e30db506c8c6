// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * What is done when memory runs out: each allocation in turn fails, once. Whoever asked for it then
 * says so, or does the very same without it; and nothing is left behind, as the sanitizers tell.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "record/counts_of_instances.h"
#include "record/event_filter.h"
#include "record/reader.h"
#include "record/recent.h"
#include "record/slow_trees.h"
#include "record/writer.h"
#include "samples_fixture.h"

/* ---- allocations that fail: the linker has the code call these (tests.mk) ---------------------
 */

static struct {
	bool armed;
	unsigned n, fails; /* the number of the one that fails */
} allocations;

static bool fails(void)
{
	if (!allocations.armed || ++allocations.n != allocations.fails)
		return false;
	errno = ENOMEM;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *at, size_t size);
void *__real_reallocarray(void *at, size_t n, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *at, size_t size);
void *__wrap_reallocarray(void *at, size_t n, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *at, size_t size)
{
	return fails() ? NULL : __real_realloc(at, size);
}

void *__wrap_reallocarray(void *at, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(at, n, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

/* ---- every one of them ------------------------------------------------------------------------
 */

/* What is tried: 0, or a negative errno. It may write to out. */
typedef int (*attempt)(FILE *out, int with);

static int attempt_one(attempt try, int with, unsigned number, char **text)
{
	size_t size;
	FILE *out = open_memstream(text, &size);
	int rc;

	assert_non_null(out);
	allocations.n = 0;
	allocations.fails = number;
	allocations.armed = true;
	rc = try(out, with);
	allocations.armed = false;
	assert_int_equal(fclose(out), 0);
	return rc;
}

static void each_fails(attempt try, int with)
{
	char *whole, *text;
	unsigned failed = 0;

	assert_int_equal(attempt_one(try, with, 0, &whole), 0);
	assert_true(allocations.n);
	for (unsigned i = 1, n = allocations.n; i <= n; i++) {
		int rc = attempt_one(try, with, i, &text);

		if (rc && rc != -ENOMEM)
			fail_msg("allocation %u of %u: %d is returned", i, n, rc);
		if (!rc && strcmp(text, whole))
			fail_msg("allocation %u of %u: nobody says that it failed", i, n);
		failed += rc != 0;
		free(text);
	}
	assert_true(failed);
	free(whole);
}

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

static const char *const files[] = {"tests/golden/record.rpt", "tests/golden/samples.rpt"};
enum { FILES = sizeof(files) / sizeof(files[0]) };

static int read_file(int file, const struct rp_event_sink *sink)
{
	int fd = open(files[file], O_RDONLY | O_CLOEXEC), rc;
	struct rp_reader *reader;
	struct rp_err err = {0};

	assert_true(fd >= 0);
	rc = rp_reader__open(fd, "record", &reader, &err);
	if (rc) {
		close(fd);
	} else {
		rc = rp_reader__read(reader, sink, &err);
		rp_reader__free(reader);
	}
	assert_int_equal(!rc, !err.cause[0]);
	return rc;
}

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

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What a flight recorder keeps: the last instances, and all that their ids stand for. */
#include "record_fixture.h"

#include "record/recent.h"

#define BLOCK 20u /* instances in one */
#define US    1000u

struct recorder {
	struct rp_recent *recent;
	struct rp_writer *writer;
	struct rp_event_sink sink;
};

/* n instances, one a microsecond. */
static void record(struct recorder *r, const struct rp_recent_opts *opts, unsigned n)
{
	struct rp_writer_opts writer = {.run = 5, .fn = rp_recent__add};

	r->recent = rp_recent__new(opts);
	assert_non_null(r->recent);
	writer.ctx = r->recent;
	assert_int_equal(rp_writer__new(&writer, &r->writer), 0);
	r->sink = rp_writer__sink(r->writer);
	assert_int_equal(run_tell_ids(&r->sink), 0);
	for (unsigned i = 0; i < n; i++) {
		struct rp_event_instance instance = run_instance(i);

		assert_int_equal(r->sink.instance(r->sink.ctx, &instance), 0);
		if (i % BLOCK == BLOCK - 1)
			assert_int_equal(rp_writer__flush(r->writer, instance.start), 0);
	}
}

static void end(struct recorder *r)
{
	assert_int_equal(r->sink.close(r->sink.ctx), 0);
	rp_recent__free(r->recent);
}

static uint64_t written(const struct recorder *r, struct told *told,
			struct rp_reader_figures *figures)
{
	struct record_image image = {0};

	assert_int_equal(rp_recent__write(r->recent, image_take, &image), 0);
	assert_in_sequence(&image);
	assert_int_equal(run_read(image.at, image.n, told, figures), 0);
	free(image.at);
	assert_int_equal(figures->n_damaged, 0);
	assert_int_equal(figures->nameless, 0);
	return figures->instances;
}

static void test_old_ones_are_dropped(void **state)
{
	const struct rp_recent_opts opts = {.ns = 50 * US};
	struct rp_reader_figures figures;
	struct recorder r;
	struct told told;

	(void)state;
	record(&r, &opts, 1000);
	assert_in_range(written(&r, &told, &figures), 51, 51 + 2 * BLOCK);
	assert_non_null(strstr(told.text, "instance 1000000999000 ")); /* the last one */
	assert_non_null(strstr(told.text, "thread 1 43 42 "));
	assert_int_equal(rp_recent__figures(r.recent).instances, figures.instances);
	told_free(&told);
	end(&r);
}

static void test_memory_is_bounded(void **state)
{
	const struct rp_recent_opts opts = {.ns = ~0ull >> 1, .max_bytes = 2000};
	struct rp_reader_figures figures;
	struct recorder r;
	struct told told;

	(void)state;
	record(&r, &opts, 1000);
	assert_in_range(written(&r, &told, &figures), BLOCK, 200);
	assert_non_null(strstr(told.text, "instance 1000000999000 "));
	told_free(&told);
	end(&r);
}

/* It goes on behind a file that was written. */
static void test_each_file_is_a_record(void **state)
{
	const struct rp_recent_opts opts = {.ns = ~0ull >> 1};
	const uint64_t lost[RP_LOST_COUNT] = {0};
	const struct rp_event_end now = {.time = 7, .lost = lost};
	struct rp_event_instance more = run_instance(100);
	struct rp_reader_figures figures;
	struct recorder r;
	struct told told;

	(void)state;
	record(&r, &opts, 100);
	assert_int_equal(written(&r, &told, &figures), 100);
	assert_true(figures.cut);
	told_free(&told);
	assert_int_equal(r.sink.instance(r.sink.ctx, &more), 0);
	assert_int_equal(r.sink.end(r.sink.ctx, &now), 0);
	assert_int_equal(written(&r, &told, &figures), 101);
	assert_false(figures.cut);
	told_free(&told);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_old_ones_are_dropped),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_each_file_is_a_record),
	};

	return cmocka_run_group_tests_name("recent", tests, NULL, NULL);
}

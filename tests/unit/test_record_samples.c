// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Samples in records: they come back, damaged or not, and are the profile of the run. */
#include "record_fixture.h"

#include "record/counts_of_instances.h"
#include "record/event_filter.h"
#include "record/joined_samples.h"
#include "run/reading.h"

#define CPU_NS 30000000

static const struct rp_place places[] = {
	{.function = "main", .file = "src/main.c", .line = 7, .object = "demo"},
	{.function = "outer", .file = "", .object = "demo"},
	{.function = "deep;er\n", .file = "src/deep.c", .line = 1u << 31, .object = "demo"},
};

/* main calls outer, which calls deeper; below a root. */
static const struct rp_sample_call calls[] = {
	{0}, {.parent = 1, .place = 1}, {.parent = 2, .place = 2}, {.parent = 3, .place = 3}};

/* Of three in a row the second is outside of all regions, and the last has lost its stack. */
static struct rp_taken_sample run_sample(unsigned i)
{
	return (struct rp_taken_sample){
		.time = RUN_START + 1000000ull * i,
		.call = i % 3 == 2 ? 0 : 4 - i % 3,
		.node = i % 3 == 1 ? 0 : 2 + i % 2,
		.thread = i % 3 == 1 ? 0 : 1 + i % 2,
		.tid = 43 + i % 2,
		.pid = 42,
		.end = i % 3 == 1 ? RP_UNWIND_END_NO_ROW : RP_UNWIND_END_COMPLETE,
		.unresolved = i % 3 == 2,
		.at_probe = i % 5 == 0,
	};
}

static int tell_samples(const struct rp_event_sink *sink, unsigned n, unsigned taken)
{
	uint64_t lost[RP_LOST_COUNT] = {0};
	const struct rp_event_end end = {.time = RUN_START + 1000000000ull,
					 .lost = lost,
					 .cpu = CPU_NS,
					 .samples = taken,
					 .no_tables = 5};
	struct rp_event_run run = run_about;
	int rc;

	run.sample_hz = 997;
	rc = sink->run(sink->ctx, &run);
	for (uint32_t i = 0; !rc && i < COUNT(run_regions); i++)
		rc = sink->region(sink->ctx, i + 1, &run_regions[i]);
	for (uint32_t i = 0; !rc && i < COUNT(run_nodes); i++)
		rc = sink->node(sink->ctx, i + 1, &run_nodes[i]);
	for (uint32_t i = 0; !rc && i < COUNT(run_threads); i++)
		rc = sink->thread(sink->ctx, &run_threads[i]);
	for (unsigned i = 0; !rc && i < 4; i++) {
		struct rp_event_instance instance = run_instance(i);

		rc = sink->instance(sink->ctx, &instance);
	}
	for (uint32_t i = 0; !rc && i < COUNT(places); i++)
		rc = sink->place(sink->ctx, i + 1, &places[i]);
	for (uint32_t i = 0; !rc && i < COUNT(calls); i++)
		rc = sink->call(sink->ctx, i + 1, &calls[i]);
	for (unsigned i = 0; !rc && i < n; i++) {
		struct rp_taken_sample sample = run_sample(i);

		rc = sink->sample(sink->ctx, &sample);
	}
	return rc ? rc : sink->end(sink->ctx, &end);
}

static void record_samples(struct record_image *image, unsigned n)
{
	const struct rp_writer_opts opts = {.run = 0x1234, .fn = image_take, .ctx = image};
	struct rp_event_sink sink;
	struct rp_writer *writer;

	assert_int_equal(rp_writer__new(&opts, &writer), 0);
	sink = rp_writer__sink(writer);
	assert_int_equal(tell_samples(&sink, n, n), 0);
	assert_int_equal(rp_writer__figures(writer).samples, n);
	assert_int_equal(sink.close(sink.ctx), 0);
}

/* ---- the file -------------------------------------------------------------------------------- */

/* More than two blocks take. */
static void test_round_trip(void **state)
{
	const unsigned n = 70000;
	struct record_image image = {0};
	struct rp_reader_figures figures;
	struct told before, after;
	struct rp_event_sink sink = told_sink(&before);

	(void)state;
	assert_int_equal(tell_samples(&sink, n, n), 0);
	fflush(before.out);
	record_samples(&image, n);
	assert_int_equal(run_read(image.at, image.n, &after, &figures), 0);
	assert_string_equal(before.text, after.text);
	assert_int_equal(figures.samples, n);
	assert_int_equal(figures.instances, 4);
	assert_int_equal(figures.n_damaged, 0);
	assert_int_equal(figures.unknown_blocks, 0);
	assert_true(image.n < 6 * n);
	told_free(&before);
	told_free(&after);
	free(image.at);
}

static void test_golden_file(void **state)
{
	struct record_image image = {0};
	struct told told;
	struct rp_event_sink sink = told_sink(&told);

	(void)state;
	record_samples(&image, 60);
	assert_int_equal(tell_samples(&sink, 60, 60), 0);
	assert_golden_record("tests/golden/samples.rpt", &image, &told);
	told_free(&told);
	free(image.at);
}

/* Whatever byte changes, a sample counts, unless it is in the block that was changed. */
static void test_each_byte_flipped(void **state)
{
	struct record_image image = {0};
	size_t from = 0, to = 0;

	(void)state;
	record_samples(&image, 30);
	for (size_t i = 0; i < image.n_blocks; i++)
		if (image_header(&image, i).type == RP_BLOCK_SAMPLES) {
			from = image.block[i];
			to = image.block[i + 1];
		}
	assert_true(to > from);
	for (size_t i = 0; i < image.n; i++) {
		struct rp_reader_figures figures;
		struct told told;

		image.at[i] ^= 0x41;
		assert_int_equal(run_read(image.at, image.n, &told, &figures), 0);
		image.at[i] ^= 0x41;
		assert_int_equal(figures.samples, i >= from && i < to ? 0 : 30);
		told_free(&told);
	}
	free(image.at);
}

static void test_blocks_with_other_numbers_of_items(void **state)
{
	(void)state;
	for (int by = -1; by <= 1; by++) {
		struct record_image image = {0};
		struct rp_reader_figures figures;
		struct told told;

		record_samples(&image, 30);
		image_miscount(&image, RP_BLOCK_SAMPLES, by);
		assert_int_equal(run_read(image.at, image.n, &told, &figures), 0);
		assert_int_equal(figures.samples, by < 0 ? 29 : 30);
		assert_int_equal(figures.n_damaged, by > 0);
		told_free(&told);
		free(image.at);
	}
}

/* Whose calls are lost has no stack, rather than one that was not told. */
static void test_calls_are_damaged(void **state)
{
	struct record_image image = {0};
	unsigned samples = 0, number;
	struct told told;

	(void)state;
	record_samples(&image, 30);
	for (size_t i = 0; i < image.n_blocks; i++)
		if (image_header(&image, i).type == RP_BLOCK_CALLS)
			image.at[image.block[i] + sizeof(struct rp_block_header)] ^= 1;
	assert_int_equal(run_read(image.at, image.n, &told, NULL), 0);
	assert_null(strstr(told.text, "\ncall "));
	for (const char *at = told.text; (at = strstr(at, "\nsample ")); samples++) {
		assert_int_equal(sscanf(++at, "sample %*u %u", &number), 1);
		assert_int_equal(number, 0);
	}
	assert_int_equal(samples, 30);
	told_free(&told);
	free(image.at);
}

/* ---- the profile ----------------------------------------------------------------------------- */

static int close_nothing(void *ctx)
{
	(void)ctx;
	return 0;
}

/* Of what is told as `tell_samples` does; n_taken are those of the run. */
static struct rp_snapshot *snapshot_of(const struct rp_event_filter_opts *opts, unsigned n,
				       unsigned n_taken, enum rp_by by)
{
	struct rp_instance_counts *counts = rp_instance_counts__new(by);
	struct rp_event_sink sink = rp_instance_counts__sink(counts);
	struct rp_event_filter *filter = rp_event_filter__new(opts, &sink);
	struct rp_counts_source source = rp_instance_counts__source(counts);
	const struct rp_snapshot_opts how = {.by = by};
	struct rp_reading now, before = {0};
	struct rp_snapshot *snapshot;

	assert_non_null(filter);
	sink = rp_event_filter__sink(filter);
	assert_int_equal(tell_samples(&sink, n, n_taken), 0);
	assert_int_equal(sink.close(sink.ctx), 0);
	assert_true(rp_instance_counts__has_samples(counts));
	now = (struct rp_reading){.counts = source.read(source.ctx)};
	assert_non_null(now.counts);
	snapshot = rp_reading__snapshot(&now, &before, &how);
	assert_non_null(snapshot);
	rp_counts__free(now.counts);
	rp_instance_counts__free(counts);
	return snapshot;
}

static const struct rp_row *row(const struct rp_snapshot *snapshot, const char *name)
{
	for (size_t i = 0; i < snapshot->n_rows; i++)
		if (!strcmp(snapshot->rows[i].name, name))
			return &snapshot->rows[i];
	fail_msg("no row %s", name);
	return NULL;
}

static void test_profile(void **state)
{
	const struct rp_event_filter_opts all = {0};
	struct rp_snapshot *s = snapshot_of(&all, 30, 30, RP_BY_NONE);
	const struct rp_lines *functions = &s->sampled->all.functions;

	(void)state;
	assert_int_equal(s->sampled->totals.taken, 30);
	assert_int_equal(s->sampled->totals.unresolved, 10);
	assert_int_equal(s->sampled->totals.truncated, 10);
	assert_int_equal(s->sampled->totals.probes, 6);
	assert_int_equal(s->sampled->totals.ends[RP_UNWIND_END_NO_ROW], 10);
	assert_int_equal(s->sampled->totals.no_room, 5);
	assert_int_equal(s->sampled->hz_wanted, 997);
	assert_int_equal(s->sampled->all.cpu, CPU_NS);
	/* Those in the inner one are in both. */
	assert_int_equal(row(s, "outer")->profile.samples, 20);
	assert_int_equal(row(s, "in;ner\n")->profile.samples, 10);
	assert_int_equal(row(s, "outer")->profile.cpu, CPU_NS / 3 * 2);
	assert_string_equal(functions->item[0].place->function, "outer");
	assert_int_equal(functions->item[0].self, 10);
	assert_int_equal(functions->item[0].cumulative, 20);
	assert_int_equal(functions->n, 3);
	rp_snapshot__free(s);
}

/* What each stands for does not change with what is asked for. */
static void test_parts(void **state)
{
	const struct rp_event_filter_opts early = {.to = 10000000},
					  inner = {.regions = (const char *[]){"in*"},
						   .n_regions = 1},
					  outer = {.regions = (const char *[]){"outer"},
						   .n_regions = 1},
					  thread = {.thread = 44};
	struct rp_snapshot *s = snapshot_of(&early, 30, 30, RP_BY_NONE);

	(void)state;
	assert_int_equal(s->sampled->totals.taken, 10);
	assert_int_equal(s->sampled->all.cpu, CPU_NS / 3);
	rp_snapshot__free(s);
	s = snapshot_of(&inner, 30, 30, RP_BY_NONE);
	assert_int_equal(s->sampled->totals.taken, 10);
	assert_int_equal(row(s, "in;ner\n")->profile.samples, 10);
	rp_snapshot__free(s);
	s = snapshot_of(&outer, 30, 30, RP_BY_NONE);
	assert_int_equal(s->n_rows, 1);
	assert_int_equal(row(s, "outer")->profile.samples, 20);
	rp_snapshot__free(s);
	s = snapshot_of(&thread, 30, 30, RP_BY_NONE);
	assert_int_equal(s->sampled->totals.taken, 15);
	rp_snapshot__free(s);
	/* The record has a part of them. */
	s = snapshot_of(&(struct rp_event_filter_opts){0}, 30, 60, RP_BY_NONE);
	assert_int_equal(s->sampled->all.cpu, CPU_NS / 2);
	rp_snapshot__free(s);
}

/* A thread that never was in a region is known by its samples alone. */
static void test_thread_of_samples_alone(void **state)
{
	const struct rp_event_filter_opts opts = {.thread = 4711};
	struct rp_taken_sample sample = {.time = RUN_START, .tid = 4711, .pid = 42};
	const struct rp_event_sink nowhere = {.close = close_nothing};
	struct rp_event_filter *filter = rp_event_filter__new(&opts, &nowhere);
	struct rp_event_sink sink = rp_event_filter__sink(filter);

	(void)state;
	assert_int_equal(rp_event_filter__unseen_thread(filter), 4711);
	assert_int_equal(sink.sample(sink.ctx, &sample), 0);
	assert_int_equal(rp_event_filter__unseen_thread(filter), 0);
	assert_int_equal(sink.close(sink.ctx), 0);
}

/* Each thread was in one of the two regions. */
static void test_groups(void **state)
{
	struct rp_snapshot *s = snapshot_of(&(struct rp_event_filter_opts){0}, 30, 30,
					    RP_BY_THREAD);

	(void)state;
	assert_int_equal(s->n_rows, 2);
	assert_string_not_equal(row(s, "outer")->group, row(s, "in;ner\n")->group);
	assert_int_equal(row(s, "outer")->profile.samples, 10);
	assert_int_equal(row(s, "in;ner\n")->profile.samples, 10);
	rp_snapshot__free(s);
}

/* Recorders that were killed, the second of which looked a tenth as often: how much time there was
 * is what the samples stand for. */
static void test_frequency_of_each_run(void **state)
{
	static const unsigned hz[] = {1000, 100};
	const uint64_t lost[RP_LOST_COUNT] = {0};
	const struct rp_event_end end = {.cut = true, .lost = lost};
	const struct rp_taken_sample sample = {.time = RUN_START};
	struct rp_joined_samples joined = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(hz); i++) {
		const struct rp_event_run run = {.sample_hz = hz[i]};

		assert_int_equal(rp_joined_samples__begin_run(&joined, &run), 0);
		for (int n = 0; n < 10; n++)
			assert_int_equal(rp_joined_samples__add(&joined, &sample, 0), 0);
		rp_joined_samples__end_run(&joined, &end);
	}
	assert_int_equal(joined.cpu, 110000000);
	rp_joined_samples__free(&joined);
}

/* Of three runs, with what each has lost: a sample is a tenth of 1000 ns. */
static void test_lost_of_each_run(void **state)
{
	const uint64_t lost[RP_LOST_COUNT] = {[RP_LOST_SAMPLES] = 3};
	const struct rp_event_end end = {.lost = lost, .cpu = 1000, .samples = 7};
	const struct rp_event_run run = {.sample_hz = 997};
	const struct rp_taken_sample sample = {.time = RUN_START};
	struct rp_joined_samples joined = {0};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(rp_joined_samples__begin_run(&joined, &run), 0);
		assert_int_equal(rp_joined_samples__add(&joined, &sample, 0), 0);
		rp_joined_samples__end_run(&joined, &end);
	}
	assert_int_equal(joined.lost, 9);
	assert_int_equal(joined.cpu, 3 * 400);
	rp_joined_samples__free(&joined);
}

/* What --max-size leaves no room for is not taken, and the file is a whole one: the first block
 * fills it. */
static void test_limit(void **state)
{
	struct record_image image = {0};
	const struct rp_writer_opts opts = {
		.run = 0x1234, .max_bytes = 1, .fn = image_take, .ctx = &image};
	struct rp_reader_figures figures;
	struct rp_event_sink sink;
	struct rp_writer *writer;
	struct told told;

	(void)state;
	assert_int_equal(rp_writer__new(&opts, &writer), 0);
	sink = rp_writer__sink(writer);
	assert_int_equal(tell_samples(&sink, 70000, 70000), 0);
	assert_true(rp_writer__figures(writer).full);
	assert_int_equal(rp_writer__figures(writer).samples, RP_BLOCK_EVENTS);
	assert_int_equal(sink.close(sink.ctx), 0);
	assert_int_equal(run_read(image.at, image.n, &told, &figures), 0);
	assert_int_equal(figures.samples, RP_BLOCK_EVENTS);
	assert_false(figures.cut);
	told_free(&told);
	free(image.at);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_golden_file),
		cmocka_unit_test(test_each_byte_flipped),
		cmocka_unit_test(test_blocks_with_other_numbers_of_items),
		cmocka_unit_test(test_calls_are_damaged),
		cmocka_unit_test(test_profile),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_thread_of_samples_alone),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_frequency_of_each_run),
		cmocka_unit_test(test_lost_of_each_run),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* A record in several files: each reads alone, and all of them together are the run. */
#include "record_fixture.h"

#include "record/index.h"

#define N     400u
#define EVERY 20u /* instances in a block, one of which is lost */
#define FILES 16u

struct parts {
	struct record_image image[FILES];
	size_t n;
};

static int take(void *ctx, const struct rp_block_header *header, const void *payload)
{
	struct parts *parts = ctx;

	return image_take(&parts->image[parts->n - 1], header, payload);
}

static int next(void *ctx)
{
	struct parts *parts = ctx;

	assert_true(parts->n < FILES);
	parts->n++;
	return 0;
}

static void free_parts(struct parts *parts)
{
	for (size_t i = 0; i < parts->n; i++)
		free(parts->image[i].at);
}

static void record(struct parts *parts, uint64_t max_bytes)
{
	const struct rp_writer_opts opts = {
		.run = 7, .max_bytes = max_bytes, .next = next, .fn = take, .ctx = parts};
	const uint64_t lost[RP_LOST_COUNT] = {[RP_LOST_INSTANCES] = N / EVERY};
	const struct rp_event_end end = {.time = RUN_START + 100000000, .lost = lost};
	struct rp_event_sink sink;
	struct rp_writer *writer;
	uint64_t bytes = 0;

	*parts = (struct parts){.n = 1};
	assert_int_equal(rp_writer__new(&opts, &writer), 0);
	sink = rp_writer__sink(writer);
	assert_int_equal(run_tell_ids(&sink), 0);
	for (unsigned i = 0; i < N; i++) {
		struct rp_event_instance instance = run_instance(i);

		assert_int_equal(sink.instance(sink.ctx, &instance), 0);
		if (i % EVERY != EVERY - 1)
			continue;
		assert_int_equal(sink.lost(sink.ctx, 2, 1), 0);
		assert_int_equal(rp_writer__flush(writer, instance.start), 0);
	}
	assert_int_equal(sink.end(sink.ctx, &end), 0);
	for (size_t i = 0; i < parts->n; i++)
		bytes += parts->image[i].n;
	assert_int_equal(rp_writer__figures(writer).bytes, bytes);
	assert_int_equal(sink.close(sink.ctx), 0);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct result {
	struct told told;
	struct rp_reader *reader;
};

static struct rp_reader *open_image(const struct record_image *image)
{
	int fd = memfd_create("part", MFD_CLOEXEC);
	struct rp_err err = {0};
	struct rp_reader *reader;

	assert_int_equal(write(fd, image->at, image->n), (ssize_t)image->n);
	assert_int_equal(rp_reader__open(fd, "part", &reader, &err), 0);
	return reader;
}

/* The files whose bits are set. */
static void read_parts(const struct parts *parts, unsigned which, struct result *result)
{
	struct rp_event_sink sink = told_sink(&result->told);
	struct rp_err err = {0};

	result->reader = NULL;
	for (size_t i = 0; i < parts->n; i++) {
		struct rp_reader *reader;

		if (!(which >> i & 1))
			continue;
		reader = open_image(&parts->image[i]);
		assert_int_equal(rp_reader__part(reader), i + 1);
		if (result->reader)
			rp_reader__join(result->reader, reader);
		else
			result->reader = reader;
	}
	assert_int_equal(rp_reader__read(result->reader, &sink, &err), 0);
	fflush(result->told.out);
}

static void free_result(struct result *result)
{
	told_free(&result->told);
	rp_reader__free(result->reader);
}

static uint64_t lost_of(const struct result *result)
{
	unsigned long lost, all = 0;

	for (const char *at = result->told.text; (at = strstr(at, "\nlost 2 ")); at++) {
		assert_int_equal(sscanf(at, "\nlost 2 %lu", &lost), 1);
		all += lost;
	}
	return all;
}

static unsigned lines_of(const struct result *result, const char *begin)
{
	unsigned n = 0;

	for (const char *at = result->told.text; (at = strstr(at, begin)); at++)
		n += at == result->told.text || at[-1] == '\n';
	return n;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void test_each_reads_alone(void **state)
{
	uint64_t instances = 0, lost = 0;
	struct parts parts;

	(void)state;
	record(&parts, 2000);
	assert_true(parts.n > 3);
	for (size_t i = 0; i < parts.n; i++) {
		const struct rp_reader_figures *f;
		struct result result;

		assert_in_sequence(&parts.image[i]);
		read_parts(&parts, 1u << i, &result);
		f = rp_reader__figures(result.reader);
		assert_int_equal(f->n_damaged + f->nameless + f->unknown_blocks, 0);
		assert_true(f->instances > 0);
		assert_int_equal(f->parts_before, i);
		assert_int_equal(f->goes_on, i + 1 < parts.n);
		assert_false(f->cut);
		assert_string_equal(rp_reader__run(result.reader)->meta.kept, "--rotate");
		instances += f->instances;
		lost += lost_of(&result);
		free_result(&result);
	}
	assert_int_equal(instances, N);
	assert_int_equal(lost, N / EVERY);
	free_parts(&parts);
}

static void test_all_are_the_run(void **state)
{
	struct parts parts, one;
	struct result all, whole;

	(void)state;
	record(&parts, 2000);
	record(&one, 0);
	assert_int_equal(one.n, 1);
	read_parts(&parts, ~0u, &all);
	read_parts(&one, 1, &whole);
	assert_null(rp_reader__run(all.reader)->meta.kept);
	assert_int_equal(lines_of(&all, "run "), 1);
	assert_int_equal(lost_of(&all), lost_of(&whole));
	/* Names are told more than once; from the instances on all is the same. */
	assert_string_equal(strstr(all.told.text, "\ninstance "),
			    strstr(whole.told.text, "\ninstance "));
	for (const struct rp_reader *file = all.reader; file; file = rp_reader__next(file)) {
		assert_int_equal(rp_reader__figures(file)->parts_before, 0);
		assert_false(rp_reader__figures(file)->goes_on);
		assert_false(rp_reader__figures(file)->cut);
	}
	free_result(&all);
	free_result(&whole);
	free_parts(&parts);
	free_parts(&one);
}

/* What is missing in the file between is told of none. */
static void test_one_is_not_here(void **state)
{
	struct result some, first, third;
	struct parts parts;

	(void)state;
	record(&parts, 2000);
	read_parts(&parts, 5, &some);
	read_parts(&parts, 1, &first);
	read_parts(&parts, 4, &third);
	assert_int_equal(lost_of(&some), lost_of(&first) + lost_of(&third));
	assert_int_equal(rp_reader__figures(some.reader)->parts_before, 0);
	assert_int_equal(rp_reader__figures(rp_reader__next(some.reader))->parts_before, 1);
	free_result(&some);
	free_result(&first);
	free_result(&third);
	free_parts(&parts);
}

/* It is still known which file it is, and no more than a block is missing. */
static void test_each_byte_flipped(void **state)
{
	struct parts parts;
	struct result whole;
	uint64_t n;

	(void)state;
	record(&parts, 2000);
	read_parts(&parts, 2, &whole);
	n = whole.told.instances;
	free_result(&whole);
	for (size_t i = 0; i < parts.image[1].n; i++) {
		struct result result;

		parts.image[1].at[i] ^= 0x41;
		read_parts(&parts, 2, &result);
		parts.image[1].at[i] ^= 0x41;
		assert_true(result.told.instances + EVERY >= n);
		free_result(&result);
	}
	free_parts(&parts);
}

/* Names that take more than the limit leave room for instances all the same. */
static void test_limit_below_the_names(void **state)
{
	struct parts parts;

	(void)state;
	record(&parts, 600);
	for (size_t i = 0; i < parts.n; i++) {
		struct result result;

		read_parts(&parts, 1u << i, &result);
		assert_true(result.told.instances >= EVERY);
		free_result(&result);
	}
	free_parts(&parts);
}

/* Each figure of a block comes back from an index, be it earlier than the one before. */
static void test_index_comes_back(void **state)
{
	static const struct rp_block_header blocks[] = {{.stored = 300,
							 .type = 6,
							 .version = 1,
							 .items = 20,
							 .sequence = 9,
							 .t0 = 70,
							 .t1 = 90},
							{.stored = 1,
							 .type = 13,
							 .version = 2,
							 .items = 3,
							 .sequence = 4,
							 .t0 = 50,
							 .t1 = 50},
							{.stored = RP_BLOCK_MAX,
							 .type = 1,
							 .items = 1u << 31,
							 .t0 = 1ull << 63,
							 .t1 = ~0ull}};
	struct rp_bytes bytes = {0};
	struct rp_block_place place = {0};
	struct rp_cursor cursor;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		rp_block_place__put(&bytes, &blocks[i], i ? blocks[i - 1].t0 : 0);
	cursor = (struct rp_cursor){bytes.at, bytes.at + bytes.n};
	for (size_t i = 0; i < 3; i++) {
		struct rp_block_place want = rp_block_place__of(&blocks[i], 1000 * i);

		assert_true(rp_block_place__next(&cursor, &place, 1000 * i));
		assert_int_equal(place.offset, want.offset);
		assert_int_equal(place.stored, want.stored);
		assert_int_equal(place.type, want.type);
		assert_int_equal(place.version, want.version);
		assert_int_equal(place.items, want.items);
		assert_int_equal(place.sequence, want.sequence);
		assert_int_equal(place.t0, want.t0);
		assert_int_equal(place.t1, want.t1);
	}
	assert_false(rp_block_place__next(&cursor, &place, 0));
	rp_bytes__free(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_reads_alone),
		cmocka_unit_test(test_all_are_the_run),
		cmocka_unit_test(test_one_is_not_here),
		cmocka_unit_test(test_each_byte_flipped),
		cmocka_unit_test(test_limit_below_the_names),
		cmocka_unit_test(test_index_comes_back),
	};

	return cmocka_run_group_tests_name("record_parts", tests, NULL, NULL);
}

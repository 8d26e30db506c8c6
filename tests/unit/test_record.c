// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Records: what a sink is told comes back, and of a file that is damaged all but the damage. */
#include "record_fixture.h"

#include <errno.h>

#include "record/bytes.h"
#include "record/trailer.h"

#define MANY 70000u /* more than two blocks take */

static void test_numbers(void **state)
{
	static const uint64_t values[] = {0, 1, 127, 128, 300, 1ull << 32, 1ull << 63, ~0ull};
	unsigned char bytes[RP_VARINT_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		unsigned char *end = rp_varint__put(bytes, values[i]);
		struct rp_cursor cursor = {bytes, end}, cut = {bytes, end - 1};
		uint64_t back;

		assert_true(end <= bytes + RP_VARINT_MAX);
		assert_true(rp_cursor__number(&cursor, &back));
		assert_true(back == values[i] && cursor.at == end);
		assert_false(rp_cursor__number(&cut, &back));
		assert_true(rp_unzigzag(rp_zigzag(values[i])) == values[i]);
	}
	assert_true(rp_zigzag(-1ull) == 1);
}

/* But for the order, which is that of the reader: all metadata first. */
static void test_round_trip(void **state)
{
	struct record_image image = {0};
	struct rp_reader_figures figures;
	struct told before, after;
	struct rp_event_sink sink = told_sink(&before);

	(void)state;
	assert_int_equal(run_tell(&sink, NULL, MANY, MANY), 0);
	fflush(before.out);
	assert_int_equal(run_record(&image, MANY, MANY), 0);
	assert_in_sequence(&image);
	assert_int_equal(run_read(image.at, image.n, &after, &figures), 0);
	assert_int_equal(before.n, after.n);
	assert_string_equal(before.text, after.text);
	assert_int_equal(figures.instances, MANY + 3);
	assert_false(figures.cut);
	assert_int_equal(figures.n_damaged, 0);
	assert_int_equal(figures.unknown_blocks, 0);
	assert_true(image.n < 12 * MANY);
	told_free(&before);
	told_free(&after);
	free(image.at);
}

/* A file of version 1 is written anew only with another one. */
static void test_golden_file(void **state)
{
	struct record_image image = {0};
	struct told told;
	struct rp_event_sink sink = told_sink(&told);

	(void)state;
	assert_int_equal(run_record(&image, 60, 20), 0);
	assert_int_equal(run_tell(&sink, NULL, 60, 60), 0);
	assert_golden_record("tests/golden/record.rpt", &image, &told);
	told_free(&told);
	free(image.at);
}

/* ---- damage --------------------------------------------------------------------------------- */

/* A file behind itself, and not whole: each block is there twice, and counts once. */
static void test_what_is_there_twice_counts_once(void **state)
{
	struct record_image image = {0};
	struct rp_reader_figures figures;
	struct told once, twice;
	unsigned char *bytes;

	(void)state;
	assert_int_equal(run_record(&image, 60, 20), 0);
	bytes = malloc(2 * image.n);
	assert_non_null(bytes);
	memcpy(bytes, image.at, image.n);
	memcpy(bytes + image.n, image.at, image.n);
	assert_int_equal(run_read(bytes, image.n, &once, NULL), 0);
	assert_int_equal(run_read(bytes, 2 * image.n - 1, &twice, &figures), 0);
	assert_string_equal(once.text, twice.text);
	assert_int_equal(figures.n_damaged, 1);
	told_free(&once);
	told_free(&twice);
	free(bytes);
	free(image.at);
}

/* Whatever byte changes: no more than the instances of one block go, and that is told. */
static void test_each_byte_flipped(void **state)
{
	struct record_image image = {0};

	(void)state;
	assert_int_equal(run_record(&image, 60, 20), 0);
	for (size_t i = 0; i < image.n; i++) {
		struct rp_reader_figures figures;
		struct told told;

		image.at[i] ^= 0x41;
		assert_int_equal(run_read(image.at, image.n, &told, &figures), 0);
		image.at[i] ^= 0x41;
		assert_true(told.instances + figures.nameless >= 63 - 20);
		if (told.instances < 63 || figures.cut) {
			assert_int_equal(figures.n_damaged, 1);
			assert_in_range(i, figures.damage[0].offset,
					figures.damage[0].offset + figures.damage[0].bytes - 1);
		}
		told_free(&told);
	}
	free(image.at);
}

/* Those that ended in the damaged block, no others. */
static void test_damage_has_its_time(void **state)
{
	struct record_image image = {0};
	struct rp_reader_figures figures;
	struct rp_event_instance first = run_instance(20), last = run_instance(39);
	struct told told;
	size_t second = 0;

	(void)state;
	assert_int_equal(run_record(&image, 60, 20), 0);
	for (size_t i = 0, n = 0; i < image.n_blocks; i++) {
		if (image_header(&image, i).type == RP_BLOCK_INSTANCES && ++n == 2)
			second = image.block[i];
	}
	image.at[second + sizeof(struct rp_block_header)] ^= 1; /* its payload */
	assert_int_equal(run_read(image.at, image.n, &told, &figures), 0);
	assert_int_equal(told.instances, 43);
	assert_int_equal(figures.n_damaged, 1);
	assert_true(figures.damage[0].t0 == rp_event_instance__end(&first));
	assert_true(figures.damage[0].t1 == rp_event_instance__end(&last));
	told_free(&told);
	image.at[second] ^= 1;	    /* its header: what is beside it tells */
	image.at[image.n - 1] ^= 1; /* nor is there an index */
	assert_int_equal(run_read(image.at, image.n, &told, &figures), 0);
	first = run_instance(19);
	last = run_instance(40);
	assert_true(figures.damage[0].t0 == rp_event_instance__end(&first));
	assert_true(figures.damage[0].t1 == rp_event_instance__end(&last));
	told_free(&told);
	free(image.at);
}

/* However far the next block is: what is read at a time may end within its first bytes. */
static void test_blocks_are_found_behind_damage(void **state)
{
	struct record_image image = {0};
	struct rp_reader_figures figures;
	struct told told;

	(void)state;
	assert_int_equal(run_record(&image, 60, 20), 0);
	for (size_t gap = (64 << 10) - 5; gap <= (64 << 10) + 1; gap++) {
		size_t second = image.block[1], n = image.n + gap;
		unsigned char *bytes = calloc(1, n);

		assert_non_null(bytes);
		memcpy(bytes, image.at, second);
		memcpy(bytes + second + gap, image.at + second, image.n - second);
		bytes[n - 1] ^= 1; /* no index */
		assert_int_equal(run_read(bytes, n, &told, &figures), 0);
		assert_int_equal(told.instances, 63);
		assert_int_equal(figures.n_damaged, 1);
		assert_int_equal(figures.damage[0].offset, second);
		assert_int_equal(figures.damage[0].bytes, gap);
		told_free(&told);
		free(bytes);
	}
	free(image.at);
}

/* Without an index, with what looks like a block right before one, and with a header that is whole
 * but for its version: no later program wrote that. */
static void test_blocks_are_found_by_their_headers(void **state)
{
	const uint32_t magic = RP_BLOCK_MAGIC;
	struct record_image image = {0};
	struct rp_reader_figures figures;
	struct told told;
	size_t second = 0, next = 0;

	(void)state;
	assert_int_equal(run_record(&image, 60, 20), 0);
	for (size_t i = 0, n = 0; i + 1 < image.n_blocks; i++) {
		if (image_header(&image, i).type == RP_BLOCK_INSTANCES && ++n == 2) {
			second = image.block[i];
			next = image.block[i + 1];
		}
	}
	image.at[image.n - 1] ^= 1;
	image.at[second + offsetof(struct rp_block_header, version)] ^= 0x40;
	memcpy(&image.at[next - 8], &magic, sizeof(magic));
	assert_int_equal(run_read(image.at, image.n, &told, &figures), 0);
	assert_int_equal(told.instances, 43);
	assert_int_equal(figures.n_damaged, 1);
	assert_int_equal(figures.damage[0].offset, second);
	assert_int_equal(figures.damage[0].bytes, next - second);
	told_free(&told);
	free(image.at);
}

/* An index that does not have all blocks is none: they are found by their headers, each once. */
static void test_index_that_leaves_blocks_out(void **state)
{
	struct record_image image = {0};
	struct rp_reader_figures figures;
	struct told told, whole;

	(void)state;
	assert_int_equal(run_record(&image, 60, 20), 0);
	assert_int_equal(run_read(image.at, image.n, &whole, NULL), 0);
	image.n_blocks -= 2; /* its own index, and its end */
	for (size_t left_out = 1; left_out < image.n_blocks; left_out++) {
		struct record_image other = {0};
		struct rp_trailer trailer = {0};

		for (size_t i = 0; i < image.n_blocks; i++) {
			struct rp_block_header header = image_header(&image, i);

			image_take(&other, &header, image.at + image.block[i] + sizeof(header));
			if (i != left_out)
				rp_trailer__note(&trailer, &header);
		}
		trailer.at = other.n;
		assert_int_equal(rp_trailer__put(&trailer, image_take, &other), 0);
		assert_int_equal(run_read(other.at, other.n, &told, &figures), 0);
		assert_string_equal(told.text, whole.text);
		assert_int_equal(figures.n_damaged, 0);
		assert_false(figures.cut);
		rp_trailer__free(&trailer);
		told_free(&told);
		free(other.at);
	}
	told_free(&whole);
	free(image.at);
}

/* Those of what is in them; of what has no time, that of the flush. */
static void test_blocks_have_their_times(void **state)
{
	struct rp_event_instance instance = run_instance(19);
	struct record_image image = {0};
	size_t instances = 0, i = 0;

	(void)state;
	assert_int_equal(run_record(&image, 60, 20), 0);
	for (; image_header(&image, i).type != RP_BLOCK_INSTANCES; i++) {
		assert_int_equal(image_header(&image, i).t0, rp_event_instance__end(&instance));
		assert_int_equal(image_header(&image, i).t1, rp_event_instance__end(&instance));
	}
	assert_int_equal(i, 5);
	for (; i < image.n_blocks; i++) {
		struct rp_block_header header = image_header(&image, i);

		if (header.type == RP_BLOCK_INSTANCES && instances < 3) {
			instance = run_instance(20 * (unsigned)instances);
			assert_int_equal(header.t0, rp_event_instance__end(&instance));
			instance = run_instance(20 * (unsigned)instances++ + 19);
			assert_int_equal(header.t1, rp_event_instance__end(&instance));
		}
	}
	assert_int_equal(instances, 3);
	free(image.at);
}

/* No more is read than a block says that it has; where it has less, that is damage. */
static void test_blocks_with_other_numbers_of_items(void **state)
{
	(void)state;
	for (int by = -1; by <= 1; by++) {
		struct record_image image = {0};
		struct rp_reader_figures figures;
		struct told told;

		assert_int_equal(run_record(&image, 60, 20), 0);
		image_miscount(&image, RP_BLOCK_INSTANCES, by);
		assert_int_equal(run_read(image.at, image.n, &told, &figures), 0);
		assert_int_equal(told.instances, by < 0 ? 62 : 63);
		assert_int_equal(figures.n_damaged, by > 0);
		told_free(&told);
		free(image.at);
	}
}

/* What was whole when the recorder was killed is read. */
static void test_cut_at_each_byte(void **state)
{
	struct record_image image = {0};

	(void)state;
	assert_int_equal(run_record(&image, 60, 20), 0);
	for (size_t n = 0; n < image.n; n++) {
		struct rp_reader_figures figures;
		struct told told;
		int rc = run_read(image.at, n, &told, &figures);
		uint64_t whole = 0;

		for (size_t i = 0; i < image.n_blocks; i++) {
			struct rp_block_header header = image_header(&image, i);

			if (header.type == RP_BLOCK_INSTANCES &&
			    image.block[i] + sizeof(header) + header.stored <= n)
				whole += header.items;
		}
		assert_int_equal(rc, !n ? -ENODATA : n < image.block[1] ? -EINVAL : 0);
		assert_int_equal(told.instances, whole);
		told_free(&told);
	}
	free(image.at);
}

/* ---- later versions, other files ------------------------------------------------------------ */

/* What is in it would not fit into the memory that there is for a block. */
static void test_blocks_are_bounded(void **state)
{
	struct rp_block_header header = {.magic = RP_BLOCK_MAGIC, .raw = RP_BLOCK_MAX};

	(void)state;
	rp_block_header__seal(&header);
	assert_true(rp_block_header__is_sound(&header));
	header.raw++;
	rp_block_header__seal(&header);
	assert_false(rp_block_header__is_sound(&header));
}

/* A block between the others, sound but for what its type says. */
static void insert_block(struct record_image *image, uint16_t type, uint16_t version)
{
	struct rp_block_header header = {.type = type, .items = 1, .run = 0x1234};
	struct rp_packer *packer = rp_packer__new();
	char payload[100] = "what a later version has to say";
	size_t at = image->block[image->n_blocks / 2], size = sizeof(header) + sizeof(payload);
	size_t packed;
	const void *stored;

	assert_non_null(packer);
	stored = rp_packer__pack(packer, &header, payload, sizeof(payload));
	packed = header.stored;
	image->at = realloc(image->at, image->n + size);
	memmove(image->at + at + sizeof(header) + packed, image->at + at, image->n - at);
	memcpy(image->at + at + sizeof(header), stored, packed);
	header.version = version;
	rp_block_header__seal(&header);
	memcpy(image->at + at, &header, sizeof(header));
	image->n += sizeof(header) + packed;
	rp_packer__free(packer);
}

static void test_unknown_blocks_are_skipped(void **state)
{
	struct record_image image = {0};
	struct rp_reader_figures figures;
	struct told told;

	(void)state;
	assert_int_equal(run_record(&image, 60, 20), 0);
	insert_block(&image, 200, RP_BLOCK_VERSION);
	insert_block(&image, RP_BLOCK_INSTANCES, RP_BLOCK_VERSION + 1);
	assert_int_equal(run_read(image.at, image.n, &told, &figures), 0);
	assert_int_equal(told.instances, 63);
	assert_int_equal(figures.unknown_blocks, 2);
	assert_int_equal(figures.n_damaged, 0);
	assert_false(figures.cut);
	told_free(&told);
	free(image.at);
}

static void record_with_cpu(struct record_image *image)
{
	const struct rp_writer_opts opts = {.run = 0x1234, .fn = image_take, .ctx = image};
	const struct rp_event_instance instance = run_instance(0);
	static const uint64_t lost[RP_LOST_COUNT];
	const struct rp_event_end end = {
		.time = RUN_START + 100000000, .lost = lost, .cpu = 87654321};
	struct rp_event_sink sink;
	struct rp_writer *writer;

	assert_int_equal(rp_writer__new(&opts, &writer), 0);
	sink = rp_writer__sink(writer);
	assert_int_equal(run_tell_ids(&sink), 0);
	assert_int_equal(sink.instance(sink.ctx, &instance), 0);
	assert_int_equal(sink.end(sink.ctx, &end), 0);
	assert_int_equal(sink.close(sink.ctx), 0);
}

static bool tells_cpu(const struct record_image *image)
{
	struct told told;
	bool tells;

	assert_int_equal(run_read(image->at, image->n, &told, NULL), 0);
	tells = strstr(told.text, " 87654321 ");
	told_free(&told);
	return tells;
}

/* What the targets used is only of use beside all instances. */
static void test_cpu_time_is_of_all_instances(void **state)
{
	struct record_image image = {0};
	unsigned char *payload = NULL;

	(void)state;
	record_with_cpu(&image);
	assert_true(tells_cpu(&image));
	for (size_t i = 0; i < image.n_blocks; i++)
		if (image_header(&image, i).type == RP_BLOCK_INSTANCES)
			payload = image.at + image.block[i] + sizeof(struct rp_block_header);
	assert_non_null(payload);
	*payload ^= 1;
	assert_false(tells_cpu(&image));
	*payload ^= 1;
	assert_true(tells_cpu(&image));
	insert_block(&image, RP_BLOCK_INSTANCES, RP_BLOCK_VERSION + 1);
	assert_false(tells_cpu(&image));
	free(image.at);
}

static void assert_cannot_be_opened(int fd, int code, const char *cause, const char *cure)
{
	struct rp_reader *reader;
	struct rp_err err = {0};

	assert_int_equal(rp_reader__open(fd, "f.rpt", &reader, &err), code);
	assert_int_equal(err.exit, RP_EXIT_FAILED);
	assert_string_equal(err.cause, cause);
	assert_string_equal(err.cure, cure);
}

/* What is said of them. */
static void test_why_a_file_is_none(void **state)
{
	static const char none[] = "f.rpt is no record of rptrace, or nothing of it is left",
			  help[] = "rptrace record --help";
	int empty = memfd_create("empty", MFD_CLOEXEC), ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_cannot_be_opened(empty, -ENODATA, none, help);
	assert_cannot_be_opened(ends[0], -EINVAL, none, help);
	close(ends[0]);
	close(ends[1]);
	close(empty);
	assert_cannot_be_opened(empty, -EBADF, "f.rpt cannot be read: Bad file descriptor", "");
}

static void test_other_files_are_none(void **state)
{
	char zeros[4096] = "";
	struct told told;

	(void)state;
	assert_int_equal(run_read("", 0, &told, NULL), -ENODATA);
	told_free(&told);
	assert_int_equal(run_read(zeros, sizeof(zeros), &told, NULL), -EINVAL);
	told_free(&told);
}

static void test_errors_of_writing_end_it(void **state)
{
	struct record_image image = {.full_after = 3};

	(void)state;
	assert_int_equal(run_record(&image, 60, 20), -ENOSPC);
	assert_int_equal(image.n_blocks, 3);
	free(image.at);
}

/* What comes once the file is large enough is counted; the record ends well. */
static void test_size_is_bounded(void **state)
{
	struct record_image image = {.max_bytes = 2000};
	struct rp_reader_figures figures;
	unsigned long left_out, all = 0;
	struct told told;

	(void)state;
	assert_int_equal(run_record(&image, 200, 20), 0);
	assert_int_equal(run_read(image.at, image.n, &told, &figures), 0);
	assert_in_range(figures.instances, 20, 180);
	for (const char *at = told.text; (at = strstr(at, "\nleft_out ")); at++) {
		assert_int_equal(sscanf(at, "\nleft_out %*u %lu", &left_out), 1);
		all += left_out;
	}
	assert_int_equal(figures.instances + all, 203 + 4); /* 4: of the fixture */
	assert_false(figures.cut);
	told_free(&told);
	free(image.at);
}

/* What was left out is told where more than that was lost before. */
static void test_left_out_after_lost(void **state)
{
	const struct rp_event_end end = {.time = RUN_START + 100000000,
					 .lost = (uint64_t[RP_LOST_COUNT]){0}};
	struct record_image image = {0};
	const struct rp_writer_opts opts = {.run = 0x1234, .fn = image_take, .ctx = &image};
	struct rp_event_sink sink;
	struct rp_writer *writer;
	struct told told;

	(void)state;
	assert_int_equal(rp_writer__new(&opts, &writer), 0);
	sink = rp_writer__sink(writer);
	assert_int_equal(run_tell_ids(&sink), 0);
	assert_int_equal(sink.lost(sink.ctx, 3, 9), 0);
	assert_int_equal(rp_writer__flush(writer, RUN_START + 1), 0);
	assert_int_equal(sink.left_out(sink.ctx, 3, 4), 0);
	assert_int_equal(sink.end(sink.ctx, &end), 0);
	assert_int_equal(sink.close(sink.ctx), 0);
	assert_int_equal(run_read(image.at, image.n, &told, NULL), 0);
	assert_non_null(strstr(told.text, "\nlost 3 9\n"));
	assert_non_null(strstr(told.text, "\nleft_out 3 4\n"));
	told_free(&told);
	free(image.at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_golden_file),
		cmocka_unit_test(test_what_is_there_twice_counts_once),
		cmocka_unit_test(test_each_byte_flipped),
		cmocka_unit_test(test_damage_has_its_time),
		cmocka_unit_test(test_blocks_are_found_by_their_headers),
		cmocka_unit_test(test_blocks_are_found_behind_damage),
		cmocka_unit_test(test_index_that_leaves_blocks_out),
		cmocka_unit_test(test_blocks_have_their_times),
		cmocka_unit_test(test_blocks_with_other_numbers_of_items),
		cmocka_unit_test(test_cut_at_each_byte),
		cmocka_unit_test(test_blocks_are_bounded),
		cmocka_unit_test(test_unknown_blocks_are_skipped),
		cmocka_unit_test(test_cpu_time_is_of_all_instances),
		cmocka_unit_test(test_other_files_are_none),
		cmocka_unit_test(test_why_a_file_is_none),
		cmocka_unit_test(test_errors_of_writing_end_it),
		cmocka_unit_test(test_size_is_bounded),
		cmocka_unit_test(test_left_out_after_lost),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}

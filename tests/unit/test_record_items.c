// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Items of a record that others have written: what is not believed of them. */
#include "record_fixture.h"

#include <errno.h>

#include "record/block.h"
#include "record/bytes.h"
#include "record/items.h"

/* Numbers of an item; what is not there is 0. */
static struct rp_cursor item_of(unsigned char *bytes, uint64_t a, uint64_t b, uint64_t c)
{
	unsigned char *end = rp_varint__put(rp_varint__put(rp_varint__put(bytes, a), b), c);

	return (struct rp_cursor){bytes, end};
}

#define ITEM(a, b, c) item_of((unsigned char[3 *RP_VARINT_MAX]){0}, a, b, c)

/* Ids index memory that is as large as ids may be, and what has one below another's is told after
 * it: a file that says otherwise is not believed. */
static void test_items_are_bounded(void **state)
{
	struct rp_region_name region;
	struct rp_event_thread thread;
	struct rp_sample_call call;
	struct rp_missing missing;
	struct rp_arena names = {0};
	struct rp_place place;
	struct rp_node node;
	struct rp_text text;
	uint32_t id;

	(void)state;
	assert_false(rp_item__get_region(ITEM(0, 0, 0), &names, &id, &region));
	assert_true(rp_item__get_region(ITEM(1, RP_KIND_SPAN, 0), &names, &id, &region));
	assert_false(rp_item__get_region(ITEM(1, RP_KIND_SPAN + 1, 0), &names, &id, &region));
	assert_true(rp_item__get_region(ITEM(RP_REGION_MASK, 0, 0), &names, &id, &region));
	assert_int_equal(id, RP_REGION_MASK);
	assert_false(rp_item__get_region(ITEM(RP_REGION_MASK + 1ull, 0, 0), &names, &id, &region));
	assert_true(rp_item__get_text(ITEM(0, 0, 0), &id, &text));
	assert_true(rp_item__get_text(ITEM(UINT32_MAX - 1ull, 0, 0), &id, &text));
	assert_int_equal(id, UINT32_MAX - 1ull);
	assert_false(rp_item__get_text(ITEM(UINT32_MAX, 0, 0), &id, &text));
	assert_false(rp_item__get_node(ITEM(0, 0, RP_REGION_NONE), &id, &node));
	assert_true(rp_item__get_node(ITEM(1, 0, RP_REGION_NONE), &id, &node));
	assert_false(rp_item__get_node(ITEM(1, 0, 1), &id, &node));
	assert_false(rp_item__get_node(ITEM(2, 1, RP_REGION_NONE), &id, &node));
	assert_true(rp_item__get_node(ITEM(2, 1, RP_REGION_MASK), &id, &node));
	assert_false(rp_item__get_node(ITEM(2, 1, RP_REGION_MASK + 1ull), &id, &node));
	assert_false(rp_item__get_node(ITEM(2, 2, 1), &id, &node));
	assert_true(rp_item__get_node(ITEM(RP_NODES_MAX - 1, RP_NODES_MAX - 2, 1), &id, &node));
	assert_false(rp_item__get_node(ITEM(RP_NODES_MAX, 1, 1), &id, &node));
	assert_false(rp_item__get_thread(ITEM(0, 1, 1), &thread));
	assert_true(rp_item__get_thread(ITEM(UINT32_MAX, 1, 1), &thread));
	assert_false(rp_item__get_thread(ITEM(UINT32_MAX + 1ull, 1, 1), &thread));
	assert_false(rp_item__get_place(ITEM(0, 0, 0), &names, &id, &place));
	assert_true(rp_item__get_place(ITEM(UINT32_MAX, 0, 0), &names, &id, &place));
	assert_false(rp_item__get_place(ITEM(UINT32_MAX + 1ull, 0, 0), &names, &id, &place));
	assert_false(rp_item__get_call(ITEM(0, 0, 0), &id, &call));
	assert_true(rp_item__get_call(ITEM(1, 0, 0), &id, &call));
	assert_false(rp_item__get_call(ITEM(2, 0, 1), &id, &call));
	assert_false(rp_item__get_call(ITEM(2, 1, 0), &id, &call));
	assert_false(rp_item__get_call(ITEM(2, 2, 1), &id, &call));
	assert_true(rp_item__get_call(ITEM(UINT32_MAX, 1, UINT32_MAX), &id, &call));
	assert_false(rp_item__get_call(ITEM(UINT32_MAX + 1ull, 1, 1), &id, &call));
	assert_false(rp_item__get_call(ITEM(2, 1, UINT32_MAX + 1ull), &id, &call));
	assert_true(rp_item__get_missing(ITEM(RP_NODES_MAX - 1, 0, 0), &missing));
	assert_false(rp_item__get_missing(ITEM(RP_NODES_MAX, 0, 0), &missing));
	rp_arena__free(&names);
}

/* Nor is what is told of a node that there cannot be. */
static void test_nodes_are_bounded(void **state)
{
	struct record_image image = {0};
	const struct rp_writer_opts opts = {.run = 1, .fn = image_take, .ctx = &image};
	struct rp_event_sink sink;
	struct rp_writer *writer;

	(void)state;
	assert_int_equal(rp_writer__new(&opts, &writer), 0);
	sink = rp_writer__sink(writer);
	assert_int_equal(sink.lost(sink.ctx, RP_NODES_MAX - 1, 1), 0);
	assert_int_equal(sink.lost(sink.ctx, RP_NODES_MAX, 1), -EINVAL);
	assert_int_equal(sink.left_out(sink.ctx, RP_NODES_MAX, 1), -EINVAL);
	assert_int_equal(sink.close(sink.ctx), 0);
	free(image.at);
}

/* Nor is what ran inside an instance, or what it has used, longer than it. */
static void test_parts_are_within_the_whole(void **state)
{
	const struct rp_event_instance instance = {.start = RUN_START,
						   .ns = 1000,
						   .child = 1200,
						   .cpu = 1300,
						   .wait = 1400,
						   .node = 2,
						   .thread = 1,
						   .end_thread = 1};
	struct record_image image = {0};
	const struct rp_writer_opts opts = {.run = 1, .fn = image_take, .ctx = &image};
	uint64_t ns = 0, child = 0, cpu = 0, wait = 0;
	struct rp_event_sink sink;
	struct rp_writer *writer;
	struct told told;

	(void)state;
	assert_int_equal(rp_writer__new(&opts, &writer), 0);
	sink = rp_writer__sink(writer);
	assert_int_equal(run_tell_ids(&sink), 0);
	assert_int_equal(sink.instance(sink.ctx, &instance), 0);
	assert_int_equal(sink.close(sink.ctx), 0);
	assert_int_equal(run_read(image.at, image.n, &told, NULL), 0);
	assert_int_equal(sscanf(strstr(told.text, "\ninstance "), "\ninstance %*u %lu %lu %lu %lu ",
				&ns, &child, &cpu, &wait),
			 4);
	assert_int_equal(ns, 1000);
	assert_int_equal(child, 1000);
	assert_true(cpu <= 1000 && wait <= 1000 && cpu + wait <= 1000);
	told_free(&told);
	free(image.at);
}

/* A time that is longer than any is none; what stands beside it is believed. */
static void test_start_is_bounded(void **state)
{
	struct rp_block_header header = {.type = RP_BLOCK_RUN, .run = 1, .items = 3};
	struct record_image image = {0};
	struct rp_packer *packer = rp_packer__new();
	struct rp_bytes payload = {0};
	const void *stored;
	char start[64];
	struct told told;

	(void)state;
	assert_non_null(packer);
	memset(start, 'x', sizeof(start) - 1);
	start[sizeof(start) - 1] = '\0';
	rp_item__put_pair(&payload, "host", "here");
	rp_item__put_pair(&payload, "attach_mode", "session");
	rp_item__put_pair(&payload, "start_time", start);
	stored = rp_packer__pack(packer, &header, payload.at, payload.n);
	assert_int_equal(image_take(&image, &header, stored), 0);
	assert_int_equal(run_read(image.at, image.n, &told, NULL), 0);
	assert_non_null(strstr(told.text, " here -  session "));
	told_free(&told);
	rp_packer__free(packer);
	free(payload.at);
	free(image.at);
}

/* Without any block of a type. */
static void read_without(enum rp_block_type type, struct told *told,
			 struct rp_reader_figures *figures)
{
	struct record_image image = {0};

	assert_int_equal(run_record(&image, 60, 20), 0);
	for (size_t i = 0; i < image.n_blocks; i++)
		if (image_header(&image, i).type == type)
			image.at[image.block[i] + sizeof(struct rp_block_header)] ^= 1;
	assert_int_equal(run_read(image.at, image.n, told, figures), 0);
	assert_true(figures->n_damaged > 0);
	free(image.at);
}

/* How many lines begin so. */
static unsigned lines_of(const struct told *told, const char *begin)
{
	unsigned n = !strncmp(told->text, begin, strlen(begin));
	char line[64];

	snprintf(line, sizeof(line), "\n%s", begin);
	for (const char *at = told->text; (at = strstr(at, line)); at++)
		n++;
	return n;
}

/* What ids stood for is damaged: what is told is told of none, and never of one that was not told.
 */
static void test_what_is_lost_with_names(void **state)
{
	struct rp_reader_figures figures;
	unsigned thread, end_thread;
	struct told told;

	(void)state;
	read_without(RP_BLOCK_REGIONS, &told, &figures);
	assert_int_equal(told.instances, 63);
	assert_int_equal(lines_of(&told, "region "), 2);
	assert_int_equal(lines_of(&told, "region 1 ? "), 1);
	assert_int_equal(lines_of(&told, "region 2 ? "), 1);
	told_free(&told);
	read_without(RP_BLOCK_THREADS, &told, &figures);
	assert_int_equal(told.instances, 63);
	assert_int_equal(lines_of(&told, "thread "), 0);
	for (const char *at = told.text; (at = strstr(at, "\ninstance ")); at++) {
		assert_int_equal(sscanf(at, "\ninstance %*u %*u %*u %*u %*u %*x %*u %u %u", &thread,
					&end_thread),
				 2);
		assert_int_equal(thread, 0);
		assert_int_equal(end_thread, 0);
	}
	told_free(&told);
	read_without(RP_BLOCK_NODES, &told, &figures);
	assert_int_equal(told.instances, 0);
	assert_int_equal(figures.instances, 0);
	assert_int_equal(figures.nameless, 63);
	assert_int_equal(lines_of(&told, "lost ") + lines_of(&told, "left_out "), 0);
	told_free(&told);
	read_without(RP_BLOCK_MISSING, &told, &figures);
	assert_int_equal(told.instances, 63);
	assert_int_equal(figures.nameless, 0);
	assert_int_equal(lines_of(&told, "lost ") + lines_of(&told, "left_out "), 0);
	told_free(&told);
	read_without(RP_BLOCK_TOTALS, &told, &figures);
	assert_true(figures.cut);
	assert_int_equal(lines_of(&told, "lost ") + lines_of(&told, "left_out "), 2);
	told_free(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items_are_bounded),
		cmocka_unit_test(test_nodes_are_bounded),
		cmocka_unit_test(test_parts_are_within_the_whole),
		cmocka_unit_test(test_start_is_bounded),
		cmocka_unit_test(test_what_is_lost_with_names),
	};

	return cmocka_run_group_tests_name("record_items", tests, NULL, NULL);
}

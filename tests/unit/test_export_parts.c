// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What exporters are made of, each alone: spools, lanes, names, heat maps, bytes to a stream. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/heats.h"
#include "export/html_hot.h"
#include "export/lanes.h"
#include "export/names.h"
#include "export/out.h"
#include "export/spool.h"
#include "export/tracks.h"

/* ---- spools ---------------------------------------------------------------------------------- */

struct told_back {
	uint64_t next; /* the item that has to come */
	uint64_t n, stop;
};

static int take_back(void *ctx, const void *item)
{
	struct told_back *told = ctx;

	assert_memory_equal(item, &told->next, sizeof(told->next));
	told->next--;
	return ++told->n == told->stop ? -EPIPE : 0;
}

static void assert_back(const struct rp_spool *spool, uint32_t list, uint64_t last, uint64_t n)
{
	struct told_back told = {.next = last};

	assert_int_equal(rp_spool__back(spool, list, take_back, &told), 0);
	assert_int_equal(told.n, n);
	assert_int_equal(rp_spool__has(spool, list), n > 0);
	if (!n)
		return;
	told = (struct told_back){.next = last, .stop = n};
	assert_int_equal(rp_spool__back(spool, list, take_back, &told), -EPIPE);
	told = (struct told_back){.next = last, .stop = 1};
	assert_int_equal(rp_spool__back(spool, list, take_back, &told), -EPIPE);
	assert_int_equal(told.n, 1);
}

/* Lists that grow by turns stay apart, whether they are in memory or in the file; then anew. */
static void test_spool(void **state)
{
	struct rp_spool spool = {.item = sizeof(uint64_t)};
	static const uint64_t sizes[] = {0, 1, 255, 256, 257, 511, 512, 513, 2000};
	static const uint32_t n_lists = sizeof(sizes) / sizeof(sizes[0]);

	(void)state;
	assert_back(&spool, 0, 0, 0);
	for (int turn = 0; turn < 3; turn++) {
		for (uint64_t i = 0; i < 2000; i++)
			for (uint32_t list = 0; list < n_lists; list++) {
				uint64_t item = ((uint64_t)list << 32) + i + 1;

				if (i < sizes[list])
					assert_int_equal(rp_spool__add(&spool, list, &item), 0);
			}
		for (uint32_t list = 0; list < n_lists; list++)
			assert_back(&spool, list, ((uint64_t)list << 32) + sizes[list],
				    sizes[list]);
		assert_back(&spool, n_lists, 0, 0);
		assert_int_equal(fseek(spool.file, 0, SEEK_END), 0);
		/* What was in the file is written over, not behind. */
		assert_int_equal(ftell(spool.file), 12 * (256 + 1) * sizeof(uint64_t));
		rp_spool__clear(&spool);
		for (uint32_t list = 0; list <= n_lists; list++)
			assert_back(&spool, list, 0, 0);
	}
	rp_spool__free(&spool);
}

/* ---- lanes ----------------------------------------------------------------------------------- */

static struct rp_lanes lanes;

static uint32_t lane_of(uint32_t thread, uint64_t start, uint64_t end)
{
	uint32_t lane = 99;

	assert_int_equal(rp_lanes__place(&lanes, thread, 0, start, end, &lane), 0);
	return lane;
}

static uint32_t lane_apart(uint32_t key, uint64_t start, uint64_t end)
{
	uint32_t lane = 99;

	assert_int_equal(rp_lanes__place_apart(&lanes, key, start, end, &lane), 0);
	return lane;
}

static int end_lanes(void **state)
{
	(void)state;
	rp_lanes__free(&lanes);
	lanes = (struct rp_lanes){0};
	return 0;
}

/* Those that nest or touch are on one; what crosses is on the first where it does not. */
static void test_lanes_nest(void **state)
{
	(void)state;
	assert_int_equal(lane_of(5, 10, 20), 0);
	assert_int_equal(lane_of(5, 20, 30), 0);
	assert_int_equal(lane_of(5, 10, 30), 0);
	assert_int_equal(lane_of(5, 29, 40), 1);
	assert_int_equal(lane_of(7, 29, 40), 0);
	assert_int_equal(lane_of(5, 30, 40), 0);
	assert_int_equal(lane_of(5, 39, 41), 2);
	assert_int_equal(lane_of(5, 0, 50), 0);
	assert_int_equal(lane_of(5, 28, 41), 0);
	assert_int_equal(lane_of(5, 49, 60), 1);
	assert_int_equal(lane_of(5, 50, 60), 0);
	assert_int_equal(lane_of(5, 60, 60), 0);
}

/* Open ones end together, and come from the outermost in. */
static void test_lanes_of_open(void **state)
{
	(void)state;
	assert_int_equal(lane_of(1, 0, 100), 0);
	assert_int_equal(lane_of(1, 10, 100), 0);
	assert_int_equal(lane_of(1, 20, 100), 0);
	assert_int_equal(lane_of(1, 20, 90), 0);
	assert_int_equal(lane_of(1, 20, 101), 1);
	assert_int_equal(lane_of(1, 100, 101), 0);
}

/* However many there are beside each other, what is around all of them nests. */
static void test_many_stretches(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 20000; i++)
		assert_int_equal(lane_of(1, 10 * i, 10 * i + 5), 0);
	assert_int_equal(lane_of(1, 199993, 200010), 1);
	assert_int_equal(lane_of(1, 0, 200000), 0);
	assert_int_equal(lane_of(1, 199990, 200001), 2);
	assert_int_equal(lane_of(1, 200000, 200001), 0);
}

/* Spans: not even one in another. */
static void test_lanes_apart(void **state)
{
	(void)state;
	assert_int_equal(lane_apart(1, 0, 100), 0);
	assert_int_equal(lane_apart(1, 10, 20), 1);
	assert_int_equal(lane_apart(1, 15, 30), 2);
	assert_int_equal(lane_apart(2, 15, 30), 0);
	assert_int_equal(lane_apart(1, 20, 25), 1);
	assert_int_equal(lane_apart(1, 99, 100), 1);
	assert_int_equal(lane_apart(1, 100, 110), 0);
	assert_int_equal(lane_apart(1, 109, 120), 1);
}

/*
 * Past so many, neighbours of one depth become one, of which nothing that comes may lie between:
 * those of other depths stay what they are.
 */
static void test_stretches_of_depths(void **state)
{
	uint32_t lane;

	(void)state;
	for (uint64_t i = 0; i < 4097; i++)
		assert_int_equal(rp_lanes__place(&lanes, 1, i < 4090 ? 3 : (uint32_t)i, 10 * i,
						 10 * i + 5, &lane),
				 0);
	/* Around the last ones, from a gap on: nests. */
	assert_int_equal(lane_of(1, 40947, 40966), 0);
	assert_int_equal(lane_of(1, 40917, 40967), 0);
	assert_int_equal(lane_of(1, 40897, 40968), 0);
	/* From between two that have become one it crosses that. */
	assert_int_equal(lane_of(1, 40887, 40969), 1);
	assert_int_equal(lane_of(1, 10, 40969), 1);
	assert_int_equal(lane_of(1, 0, 40969), 0);
}

/* ---- tracks ---------------------------------------------------------------------------------- */

/* Numbers are of all runs; a tid stands for the first track of its process in each of them. */
static void test_tracks(void **state)
{
	struct rp_told_thread threads[] = {{.pid = 5, .tid = 7, .comm = "a"},
					   {.pid = 5, .tid = 7, .comm = "b"},
					   {.pid = 6, .tid = 7, .comm = "c"},
					   {.pid = 5, .goroutine = 9, .comm = "d"}};
	struct rp_told told = {.threads = threads, .n_threads = 4};
	static const struct {
		uint32_t thread, lane, number;
		bool is_new, is_thread;
		const char *name;
	} cells[] = {{0, 0, 1, true, true, "a 7"},
		     {1, 0, 2, true, false, "b 7"},
		     {0, 1, 3, true, false, "a 7 (beside 1)"},
		     {2, 0, 4, true, true, "c 7"},
		     {3, 0, 5, true, false, "d goroutine 9"},
		     {0, 0, 1, false, true, "a 7"},
		     {0, 1, 3, false, false, "a 7 (beside 1)"},
		     {3, 0, 5, false, false, "d goroutine 9"}};
	struct rp_tracks tracks = {0};

	(void)state;
	for (told.run = 1; told.run <= 3; told.run++) {
		for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
			const struct rp_track *track;
			bool is_new;
			char *name;

			assert_int_equal(rp_tracks__find(&tracks, &told, cells[i].thread,
							 cells[i].lane, &track, &is_new),
					 0);
			assert_int_equal(track->id, 5 * (told.run - 1) + cells[i].number);
			assert_int_equal(track->thread, cells[i].thread);
			assert_int_equal(track->lane, cells[i].lane);
			assert_int_equal(track->is_thread, cells[i].is_thread);
			assert_int_equal(is_new, cells[i].is_new);
			name = rp_track__name(track, &told);
			assert_string_equal(name, cells[i].name);
			free(name);
		}
		assert_int_equal(rp_tracks__pid(&told, &threads[2]), 10000000 * (told.run - 1) + 6);
		rp_tracks__end_run(&tracks);
	}
	rp_tracks__free(&tracks);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void test_names(void **state)
{
	struct rp_export_names names = {0};
	char name[16];
	uint32_t number;

	(void)state;
	for (int turn = 0; turn < 2; turn++)
		for (uint32_t i = 0; i < 1000; i++) {
			snprintf(name, sizeof(name), "n%u", (i * 7919) % 1000);
			assert_int_equal(rp_export_names__find(&names, name, &number), 0);
			assert_int_equal(number, i);
			assert_string_equal(names.name[i], name);
			assert_int_equal(names.n, turn ? 1000 : i + 1);
		}
	rp_export_names__free(&names);
}

/* A node has the name that it had first, until the run ends. */
static void test_names_of_nodes(void **state)
{
	struct rp_told_node nodes[8] = {0};
	struct rp_told told = {.nodes = nodes, .nodes_room = 4};
	struct rp_export_names names = {0};
	static const struct {
		uint32_t node;
		const char *name;
		uint32_t number;
	} cells[] = {{3, "a", 0}, {0, "b", 1}, {3, "b", 0}, {7, "a", 0},
		     {4, "c", 2}, {0, "c", 1}, {7, "b", 0}};
	uint32_t number;

	(void)state;
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		told.nodes_room = cells[i].node >= 4 ? 8 : told.nodes_room;
		assert_int_equal(rp_export_names__of_node(&names, &told, &nodes[cells[i].node],
							  cells[i].name, &number),
				 0);
		assert_int_equal(number, cells[i].number);
	}
	rp_export_names__end_run(&names);
	told.nodes_room = 8;
	for (uint32_t i = 0; i < 8; i++) {
		assert_int_equal(rp_export_names__of_node(&names, &told, &nodes[i], "c", &number),
				 0);
		assert_int_equal(number, 2);
	}
	assert_int_equal(names.n, 3);
	rp_export_names__free(&names);
}

/* ---- heat maps ------------------------------------------------------------------------------- */

#define FIRST_COLUMN (UINT64_C(1) << 16)

static uint32_t heat_at(const struct rp_heats *heats, uint32_t name, uint64_t ns, size_t column)
{
	const uint32_t *row = rp_heats__of(heats, name)->row[rp_hist_index(ns) / RP_HEATS_BUCKETS];

	return row ? row[column] : 0;
}

/* Columns that become one have what both had, in each row of each map. */
static void test_heats(void **state)
{
	struct rp_heats heats = {0};
	static const uint64_t ns[] = {1, 1000, UINT64_C(1) << 30};
	uint64_t whole = FIRST_COLUMN * RP_HEATS_COLUMNS;

	(void)state;
	assert_null(rp_heats__of(&heats, 0));
	for (uint32_t name = 1; name < 4; name++)
		for (size_t r = 0; r < 3; r++)
			for (uint64_t i = 0; i < RP_HEATS_COLUMNS; i++)
				for (uint64_t k = 0; k < name + i % 5 + r; k++)
					assert_int_equal(rp_heats__add(&heats, name,
								       (i + 1) * FIRST_COLUMN - 1,
								       ns[r]),
							 0);
	assert_int_equal(heats.column, FIRST_COLUMN);
	assert_null(rp_heats__of(&heats, 4));
	assert_non_null(rp_heats__of(&heats, 0));
	for (size_t i = 0; i < RP_HEATS_ROWS; i++)
		assert_null(rp_heats__of(&heats, 0)->row[i]);
	for (uint32_t name = 1; name < 4; name++)
		for (size_t r = 0; r < 3; r++)
			for (uint64_t i = 0; i < RP_HEATS_COLUMNS; i++)
				assert_int_equal(heat_at(&heats, name, ns[r], i), name + i % 5 + r);
	assert_int_equal(rp_heats__add(&heats, 1, whole - 1, 1), 0);
	assert_int_equal(heats.column, FIRST_COLUMN);
	assert_int_equal(rp_heats__add(&heats, 0, whole, 1), 0);
	assert_int_equal(heats.column, 2 * FIRST_COLUMN);
	assert_int_equal(heat_at(&heats, 0, 1, RP_HEATS_COLUMNS / 2), 1);
	for (uint32_t name = 1; name < 4; name++)
		for (size_t r = 0; r < 3; r++)
			for (uint64_t i = 0; i < RP_HEATS_COLUMNS; i++) {
				bool has = i < RP_HEATS_COLUMNS / 2;
				uint64_t one = 2 * i % 5, two = (2 * i + 1) % 5;
				bool last = name == 1 && !r && i == RP_HEATS_COLUMNS / 2 - 1;

				assert_int_equal(heat_at(&heats, name, ns[r], i),
						 has ? 2 * (name + r) + one + two + last : 0);
			}
	rp_heats__free(&heats);
}

/* ---- bytes to a stream ----------------------------------------------------------------------- */

static void test_numbers(void **state)
{
	static struct rp_out out;
	char *text, wanted[65536] = "";
	size_t size, n = 0;

	(void)state;
	out = (struct rp_out){.file = open_memstream(&text, &size)};
	assert_non_null(out.file);
	for (uint64_t number = 1; number; number = number > UINT64_MAX / 10 ? 0 : number * 10)
		for (uint64_t i = 0; i < 3; i++) {
			uint64_t ns = number + i - 1;

			rp_out__number(&out, ns);
			rp_out__text(&out, " ");
			rp_out__micro(&out, ns);
			rp_out__text(&out, "\n");
			n += (size_t)snprintf(wanted + n, sizeof(wanted) - n,
					      "%" PRIu64 " %" PRIu64 ".%03" PRIu64 "\n", ns,
					      ns / 1000, ns % 1000);
		}
	for (uint64_t i = 0; i < 200; i++) {
		rp_out__number(&out, i);
		n += (size_t)snprintf(wanted + n, sizeof(wanted) - n, "%" PRIu64, i);
	}
	rp_out__number(&out, UINT64_MAX);
	rp_out__micro(&out, UINT64_MAX);
	snprintf(wanted + n, sizeof(wanted) - n, "%" PRIu64 "%" PRIu64 ".615", UINT64_MAX,
		 UINT64_MAX / 1000);
	assert_int_equal(rp_out__flush(&out), 0);
	assert_string_equal(text, wanted);
	assert_int_equal(out.at, strlen(wanted));
	assert_int_equal(out.n, 0);
	fclose(out.file);
	free(text);
}

/* Pieces just below, at and past the room there is come out whole and in order. */
static void test_pieces(void **state)
{
	static struct rp_out out;
	static char piece[3 * sizeof(out.buf)], all[64 * sizeof(out.buf)];
	static const size_t sizes[] = {1,
				       sizeof(out.buf) - 1,
				       1,
				       sizeof(out.buf),
				       sizeof(out.buf) + 1,
				       7,
				       2 * sizeof(out.buf) + 5,
				       sizeof(out.buf) - 6,
				       6,
				       sizeof(out.buf),
				       sizeof(out.buf),
				       3};
	size_t n = 0, size;
	char *text;

	(void)state;
	out = (struct rp_out){.file = open_memstream(&text, &size)};
	assert_non_null(out.file);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t k = 0; k < sizes[i]; k++)
			piece[k] = (char)('a' + (k + 5 * i) % 23);
		memcpy(all + n, piece, sizes[i]);
		n += sizes[i];
		rp_out__bytes(&out, piece, sizes[i]);
		assert_int_equal(out.at + out.n, n);
	}
	assert_int_equal(rp_out__flush(&out), 0);
	assert_int_equal(size, n);
	assert_memory_equal(text, all, n);
	fclose(out.file);
	free(text);
}

/* The first failure stays, and nothing comes after it. */
static void test_stream_fails(void **state)
{
	static struct rp_out out;
	static const char piece[1000];
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	out = (struct rp_out){.file = full};
	rp_out__text(&out, "lost");
	assert_int_equal(rp_out__flush(&out), -ENOSPC);
	out.rc = -EPIPE;
	rp_out__text(&out, "more");
	assert_int_equal(rp_out__flush(&out), -EPIPE);
	/* Whatever comes yet is taken, and gone. */
	for (size_t n = 0; n < 3 * sizeof(out.buf); n += sizeof(piece))
		rp_out__bytes(&out, piece, sizeof(piece));
	assert_int_equal(rp_out__flush(&out), -EPIPE);
	fclose(full);
}

/* ---- what is hot, for the page -----------------------------------------------------------------
 */

static char *hot_of(const struct rp_profile *profile, size_t most)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(rp_html_hot__print(profile, most, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void test_hot(void **state)
{
	static const struct rp_place places[] = {
		{.function = "f\"<", .file = "a.c", .line = 7, .object = "app"},
		{.function = "g", .file = "", .object = "lib\x01"},
		{.function = "h", .file = "h.c", .line = 9, .object = "app"}};
	struct rp_line functions[] = {{.place = &places[1], .self = 4, .cumulative = 11},
				      {.place = &places[2], .self = 3, .cumulative = 12}};
	struct rp_line lines[] = {{.place = &places[0], .self = 5, .cumulative = 6},
				  {.place = &places[2], .self = 2, .cumulative = 2},
				  {.place = &places[1], .self = 1, .cumulative = 13}};
	const struct rp_profile none = {0}, profile = {.samples = 15,
						       .cpu = 1234567890123,
						       .functions = {.item = functions, .n = 2},
						       .lines = {.item = lines, .n = 3}};
	char *text = hot_of(&profile, 2);

	(void)state;
	assert_string_equal(text, "{\"samples\":15,\"cpu_ns\":1234567890123,\"functions\":["
				  "[\"g\",\"\",0,\"lib\\\\x01\",4,11],\n"
				  "[\"h\",\"h.c\",9,\"app\",3,12]],\"lines\":["
				  "[\"f\\\"<\",\"a.c\",7,\"app\",5,6],\n"
				  "[\"h\",\"h.c\",9,\"app\",2,2]]}");
	free(text);
	text = hot_of(&none, 2);
	assert_string_equal(text, "{\"samples\":0,\"cpu_ns\":0,\"functions\":[],\"lines\":[]}");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spool),
		cmocka_unit_test_teardown(test_lanes_nest, end_lanes),
		cmocka_unit_test_teardown(test_lanes_of_open, end_lanes),
		cmocka_unit_test_teardown(test_many_stretches, end_lanes),
		cmocka_unit_test_teardown(test_stretches_of_depths, end_lanes),
		cmocka_unit_test_teardown(test_lanes_apart, end_lanes),
		cmocka_unit_test(test_tracks),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_names_of_nodes),
		cmocka_unit_test(test_heats),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_stream_fails),
		cmocka_unit_test(test_hot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Code objects of Python: their location tables, their texts, and what is kept of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sample/python_codes.h"
#include "sample/python_layout.h"
#include "sample/python_lines.h"
#include "sample/python_text.h"
#include "util/array.h"

/*
 * As CPython 3.11 has compiled it: a function with a `with`, two `for` loops, a call over three
 * lines, instructions of no line, and a line far away.
 */
static const uint8_t table[] = {
	0x80, 0x00, 0xdd, 0x09, 0x0d, 0x88, 0x61, 0x89, 0x17, 0x8c, 0x17, 0xf0, 0x00, 0x04, 0x05,
	0x13, 0x90, 0x41, 0xd8, 0x14, 0x15, 0xf0, 0x00, 0x03, 0x09, 0x13, 0xf0, 0x00, 0x03, 0x09,
	0x13, 0x88, 0x44, 0xdd, 0x0c, 0x11, 0xd8, 0x10, 0x14, 0xd8, 0x10, 0x11, 0xf1, 0x05, 0x02,
	0x0d, 0x13, 0xf4, 0x00, 0x02, 0x0d, 0x13, 0xf0, 0x00, 0x02, 0x0d, 0x13, 0xf0, 0x00, 0x02,
	0x0d, 0x13, 0xf0, 0x03, 0x03, 0x09, 0x13, 0xf0, 0x03, 0x04, 0x05, 0x13, 0xf0, 0x00, 0x04,
	0x05, 0x13, 0xf0, 0x00, 0x04, 0x05, 0x13, 0xf1, 0x00, 0x04, 0x05, 0x13, 0xf4, 0x00, 0x04,
	0x05, 0x13, 0xf0, 0x00, 0x04, 0x05, 0x13, 0xf0, 0x00, 0x04, 0x05, 0x13, 0xf0, 0x00, 0x04,
	0x05, 0x13, 0xf0, 0x00, 0x04, 0x05, 0x13, 0xf0, 0x00, 0x04, 0x05, 0x13, 0xf0, 0x00, 0x04,
	0x05, 0x13, 0xf8, 0xf8, 0xf8, 0xf0, 0x00, 0x04, 0x05, 0x13, 0xf0, 0x00, 0x04, 0x05, 0x13,
	0xf0, 0x00, 0x04, 0x05, 0x13, 0xf0, 0x00, 0x04, 0x05, 0x13, 0xf0, 0x0a, 0x00, 0x0d, 0x0e,
	0x80, 0x45, 0xdd, 0x0d, 0x12, 0x90, 0x31, 0x89, 0x58, 0x8c, 0x58, 0xf0, 0x00, 0x01, 0x05,
	0x13, 0xf0, 0x00, 0x01, 0x05, 0x13, 0x88, 0x01, 0xd8, 0x08, 0x0d, 0x90, 0x11, 0x89, 0x0a,
	0x88, 0x05, 0x88, 0x05, 0xf0, 0x46, 0x02, 0x00, 0x0c, 0x11, 0x80, 0x4c,
};

/* What co_lines() says of it. */
static const struct rp_python_line truth[] = {
	{0, 2},	 {2, 3},   {34, 4},  {42, 5},  {54, 6},	 {56, 7},   {58, 5},   {76, 4},
	{78, 3}, {110, 0}, {116, 3}, {124, 8}, {128, 9}, {162, 10}, {174, 77},
};
#define LINES (sizeof(truth) / sizeof(truth[0]))

static void lines_are_those_of_the_table(void **state)
{
	struct rp_python_line *lines;
	size_t n;

	(void)state;
	assert_int_equal(rp_python_lines__read(table, sizeof(table), 2, &lines, &n), 0);
	assert_int_equal(n, LINES);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(lines[i].start, truth[i].start);
		assert_int_equal(lines[i].line, truth[i].line);
	}
	free(lines);
}

/* Any bytes give some lines, in order. */
static void damaged_tables_are_read(void **state)
{
	uint8_t damaged[sizeof(table)];
	struct rp_python_line *lines;
	unsigned random = 1;
	size_t n;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		memcpy(damaged, table, sizeof(table));
		for (unsigned i = 0; i < 1 + round % 40; i++) {
			random = random * 1103515245 + 12345;
			damaged[(random >> 8) % sizeof(damaged)] = (uint8_t)(random >> 20);
		}
		assert_int_equal(rp_python_lines__read(damaged, random % (sizeof(table) + 1),
						       random, &lines, &n),
				 0);
		assert_true(n <= sizeof(table));
		for (size_t i = 1; i < n; i++)
			assert_true(lines[i - 1].start < lines[i].start);
		free(lines);
	}
}

/* Lines before the first and past the last number that there may be are none. */
static void lines_out_of_range_are_none(void **state)
{
	static const struct {
		uint32_t first;
		uint8_t table[8];
		size_t size;
		uint32_t line;
	} cases[] = {
		{2, {0xf0, 21}, 2, 0},	       /* 10 lines back */
		{2, {0xf0, 3}, 2, 1},	       /* 1 back */
		{UINT32_MAX, {0xe8, 4}, 2, 0}, /* 2 on, and 1 */
		{UINT32_MAX - 1, {0xe8, 2}, 2, UINT32_MAX},
		{7, {0xd8}, 1, 8}, /* 1 on, in short */
		{7, {0xe0}, 1, 9}, /* 2 on */
		{7, {0xd0}, 1, 7},
		{7, {0xf8, 2}, 2, 0},		   /* of no line */
		{7, {0xf0, 64 | 2, 1}, 3, 7 + 33}, /* a number of two bytes */
		{7, {0xf0, 64 | 2, 0x80}, 3, 8},   /* cut off by what follows */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rp_python_line *lines;
		size_t n;

		assert_int_equal(rp_python_lines__read(cases[i].table, cases[i].size,
						       cases[i].first, &lines, &n),
				 0);
		assert_int_equal(n, 1);
		assert_int_equal(lines[0].line, cases[i].line);
		free(lines);
	}
}

static const char *text(unsigned width, const void *bytes, size_t n)
{
	static char out[64];
	struct rp_python_text head = {.width = (uint8_t)width, .bytes = (uint16_t)n};

	rp_python_text__copy(&head, bytes, out, sizeof(out));
	return out;
}

static void texts_become_utf8(void **state)
{
	static const uint16_t two[] = {0x4e2d, 'x', 0xd800, 0xe9};
	static const uint32_t four[] = {0x2f80d, 'y', 0x110000};
	char longest[RP_PYTHON_NAME_MAX];

	(void)state;
	assert_string_equal(text(1, "C.method", 8), "C.method");
	assert_string_equal(text(1, "caf\xe9", 4), "caf\xc3\xa9");
	assert_string_equal(text(1, "a\0b", 3), "a\xef\xbf\xbd"
						"b");
	assert_string_equal(text(2, two, sizeof(two)), "\xe4\xb8\xadx\xef\xbf\xbd\xc3\xa9");
	assert_string_equal(text(4, four, sizeof(four)), "\xf0\xaf\xa0\x8dy\xef\xbf\xbd");
	/* Half a character is none, and what does not fit is cut off between two. */
	assert_string_equal(text(4, four, 7), "\xf0\xaf\xa0\x8d");
	memset(longest, 0xe9, sizeof(longest));
	assert_int_equal(strlen(text(1, longest, sizeof(longest))), 62);
}

/* ---- code objects ---------------------------------------------------------------------------- */

static struct rp_sample_store *store;
static struct rp_python_codes *codes;

static int setup(void **state)
{
	(void)state;
	store = rp_sample_store__new(100, UINT64_MAX, false);
	codes = rp_python_codes__new(store, false);
	return !store || !codes;
}

static int teardown(void **state)
{
	(void)state;
	rp_python_codes__free(codes);
	rp_sample_store__put(store);
	return 0;
}

static void tell(pid_t pid, uint64_t address, const char *name)
{
	static struct rp_python_code record;

	record = (struct rp_python_code){.kind = 2,
					 .tgid = (uint32_t)pid,
					 .code = address,
					 .first_line = 2,
					 .lines_bytes = sizeof(table),
					 .name = {.bytes = (uint16_t)strlen(name), .width = 1},
					 .file = {.bytes = 4, .width = 1}};
	memcpy(record.name_text, name, strlen(name));
	memcpy(record.file_text, "w.py", 4);
	memcpy(record.lines, table, sizeof(table));
	rp_python_codes__take(codes, &record, RP_PYTHON_CODE_BYTES(sizeof(table)));
}

static void assert_place(uint32_t number, const char *name, uint32_t line)
{
	const struct rp_place *place = rp_sample_store__place_at(store, number);

	assert_non_null(place);
	assert_string_equal(place->function, name);
	assert_string_equal(place->file, "w.py");
	assert_int_equal(place->line, line);
}

static void instructions_have_places(void **state)
{
	(void)state;
	tell(1, 0x1000, "work");
	assert_place(rp_python_codes__place(codes, 1, 0x1000, 130), "work", 9);
	assert_place(rp_python_codes__place(codes, 1, 0x1000, 1000), "work", 77);
	/* A frame that has just been made is before its first instruction. */
	assert_place(rp_python_codes__place(codes, 1, 0x1000, (uint64_t)-2), "work", 2);
	/* Of no line: the function's. */
	assert_place(rp_python_codes__place(codes, 1, 0x1000, 112), "work", 2);
	assert_int_equal(rp_python_codes__place(codes, 1, 0x1000, 130),
			 rp_python_codes__place(codes, 1, 0x1000, 140));
	assert_int_equal(rp_python_codes__place(codes, 1, 0x2000, 0), 0);
	assert_int_equal(rp_python_codes__place(codes, 2, 0x1000, 0), 0);
}

/* A code object at the place of one that was freed; a process that runs another program. */
static void code_objects_come_and_go(void **state)
{
	(void)state;
	tell(1, 0x1000, "before");
	assert_place(rp_python_codes__place(codes, 1, 0x1000, 130), "before", 9);
	tell(1, 0x1000, "after");
	assert_place(rp_python_codes__place(codes, 1, 0x1000, 130), "after", 9);
	rp_python_codes__exit(codes, 1);
	assert_int_equal(rp_python_codes__place(codes, 1, 0x1000, 130), 0);
}

static void broken_records_are_left(void **state)
{
	static struct rp_python_code record = {.kind = 2, .tgid = 1, .code = 0x1000};

	(void)state;
	rp_python_codes__take(codes, &record, RP_PYTHON_CODE_BYTES(0) - 1);
	record.lines_bytes = RP_PYTHON_LINES_MAX + 1;
	rp_python_codes__take(codes, &record, sizeof(record));
	record.lines_bytes = 1;
	rp_python_codes__take(codes, &record, RP_PYTHON_CODE_BYTES(0));
	record.lines_bytes = 0;
	record.name.bytes = RP_PYTHON_NAME_MAX + 1;
	rp_python_codes__take(codes, &record, sizeof(record));
	assert_int_equal(rp_python_codes__place(codes, 1, 0x1000, 0), 0);
	record.name.bytes = 0;
	rp_python_codes__take(codes, &record, sizeof(record));
	assert_int_not_equal(rp_python_codes__place(codes, 1, 0x1000, 0), 0);
}

/* One process that makes code without end gets names up to its bound, and others theirs. */
static void each_process_has_its_bound(void **state)
{
	uint64_t n = 0;

	(void)state;
	while (n < 40000) {
		tell(1, 0x1000 + n, "endless");
		if (!rp_python_codes__place(codes, 1, 0x1000 + n, 0))
			break;
		n++;
	}
	assert_true(n > 1000 && n < 40000);
	/* What is freed, or told anew, gives its room back. */
	tell(1, 0x1000, "again");
	assert_place(rp_python_codes__place(codes, 1, 0x1000, 130), "again", 9);
	rp_python_codes__exit(codes, 1);
	for (uint64_t i = 0; i < 2 * n; i++)
		tell(1, 0x1000, "same");
	tell(1, 0x2000, "next");
	assert_place(rp_python_codes__place(codes, 1, 0x2000, 130), "next", 9);
	tell(2, 0x1000, "other");
	assert_place(rp_python_codes__place(codes, 2, 0x1000, 130), "other", 9);
}

/* And what it leaves free is for others, where several are traced. */
static void a_process_leaves_room_for_others(void **state)
{
	uint64_t n = 0;

	(void)state;
	rp_python_codes__free(codes);
	codes = rp_python_codes__new(store, true);
	assert_non_null(codes);
	do
		tell(1, 0x1000 + n, "endless");
	while (rp_python_codes__place(codes, 1, 0x1000 + n, 0) && n++ < 40000);
	assert_in_range(n, 1000, 40000);
	tell(2, 0x1000, "other");
	assert_place(rp_python_codes__place(codes, 2, 0x1000, 130), "other", 9);
}

static void other_versions_are_not_guessed(void **state)
{
	struct rp_elf_python python = {.runtime = 1, .version = 0x030b02f0};

	(void)state;
	assert_non_null(rp_python_layout__of(&python));
	python.version = 0x030d00f0;
	assert_non_null(rp_python_layout__of(&python));
	python.free_threaded = true;
	assert_null(rp_python_layout__of(&python));
	python = (struct rp_elf_python){.runtime = 1, .version = 0x030e00f0};
	assert_null(rp_python_layout__of(&python));
	python.version = 0;
	assert_null(rp_python_layout__of(&python));
}

#define CODES_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_those_of_the_table),
		cmocka_unit_test(damaged_tables_are_read),
		cmocka_unit_test(lines_out_of_range_are_none),
		cmocka_unit_test(texts_become_utf8),
		CODES_TEST(instructions_have_places),
		CODES_TEST(code_objects_come_and_go),
		CODES_TEST(broken_records_are_left),
		CODES_TEST(each_process_has_its_bound),
		CODES_TEST(a_process_leaves_room_for_others),
		cmocka_unit_test(other_versions_are_not_guessed),
	};

	return cmocka_run_group_tests_name("python", tests, NULL, NULL);
}

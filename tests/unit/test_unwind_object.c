// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* An object's table as bytes of another process, which may be anything; where its code is mapped.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "unwind/object.h"

#define ROWS 3

static struct rp_unwind_row rows[ROWS] = {
	{.pc = 0, .cfa = RP_UNWIND_CFA_SP, .off = 1},
	{.pc = 16, .cfa = RP_UNWIND_CFA_FP, .off = 2, .fp = -2},
	{.pc = 32, .cfa = RP_UNWIND_GAP},
};

/* Code at 0x1000 and 0x5100 of the file, at other addresses than these. */
static const struct rp_unwind_object object = {
	.table = {.rows = rows, .n = ROWS, .base = 0x401000},
	.segments = {{.offset = 0x1000, .size = 0x2000, .addr = 0x401000},
		     {.offset = 0x5100, .size = 0x100, .addr = 0x606100}},
	.n_segments = 2,
	.python = {.runtime = 0x700000, .version = 0x030d00f0, .free_threaded = true},
};

static void test_round_trip(void **state)
{
	struct rp_unwind_object out;
	char *bytes;
	size_t size;

	(void)state;
	assert_int_equal(rp_unwind_object__pack(&object, &bytes, &size), 0);
	assert_int_equal(rp_unwind_object__unpack(bytes, size, &out), 0);
	assert_int_equal(out.table.n, ROWS);
	assert_int_equal(out.table.base, object.table.base);
	assert_memory_equal(out.table.rows, rows, sizeof(rows));
	assert_int_equal(out.n_segments, 2);
	assert_memory_equal(out.segments, object.segments, sizeof(object.segments));
	assert_int_equal(out.python.runtime, object.python.runtime);
	assert_int_equal(out.python.version, object.python.version);
	assert_true(out.python.free_threaded);
	rp_unwind_object__free(&out);
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(rp_unwind_object__unpack(bytes, cut, &out), -EBADMSG);
	free(bytes);
}

/* Rows that are not in order, of no known kind, or without an end; none; more than there are. */
static void test_what_is_no_table(void **state)
{
	static const struct {
		struct rp_unwind_row rows[ROWS];
		uint64_t n, segments;
	} cases[] = {
		{{{.pc = 0}, {.pc = 0}, {.pc = 9, .cfa = RP_UNWIND_GAP}}, ROWS, 2},
		{{{.pc = 8}, {.pc = 7}, {.pc = 9, .cfa = RP_UNWIND_GAP}}, ROWS, 2},
		{{{.cfa = RP_UNWIND_CFA_COUNT}, {.pc = 1}, {.pc = 2, .cfa = RP_UNWIND_GAP}},
		 ROWS,
		 2},
		{{{.pc = 0}, {.pc = 1}, {.pc = 2}}, ROWS, 2},
		{{{.cfa = RP_UNWIND_GAP}}, 0, 2},
		{{{.cfa = RP_UNWIND_GAP}, {.pc = 1}, {.pc = 2, .cfa = RP_UNWIND_GAP}}, ROWS - 1, 2},
		{{{.pc = 0}, {.pc = 1}, {.pc = 2, .cfa = RP_UNWIND_GAP}},
		 ROWS,
		 RP_UNWIND_SEGMENTS_MAX + 1},
		{{{.pc = 0}, {.pc = 1}, {.pc = 2, .cfa = RP_UNWIND_GAP}}, UINT64_MAX, 2},
		/* So many that the bytes they take are few again. */
		{{{.pc = 0}, {.pc = 1}, {.pc = 2, .cfa = RP_UNWIND_GAP}},
		 ROWS + UINT64_MAX / sizeof(struct rp_unwind_row) + 1,
		 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rp_unwind_object bad = object, out;
		struct rp_unwind_row copy[ROWS];
		char *bytes;
		size_t size;

		memcpy(copy, cases[i].rows, sizeof(copy));
		bad.table.rows = copy;
		bad.n_segments = cases[i].segments;
		assert_int_equal(rp_unwind_object__pack(&bad, &bytes, &size), 0);
		memcpy(bytes, &cases[i].n, sizeof(cases[i].n)); /* how many comes first */
		if (rp_unwind_object__unpack(bytes, size, &out) != -EBADMSG)
			fail_msg("case %zu", i);
		assert_null(out.table.rows);
		free(bytes);
	}
}

/* What addresses in memory less a pc of the table are. */
static void test_where_it_is_mapped(void **state)
{
	static const struct {
		uint64_t offset, len, start, pc; /* pc: of the first byte of the mapping */
		int err;
	} cases[] = {
		{0x1000, 0x2000, 0x7f0000001000, 0, 0},
		{0x2000, 0x1000, 0x7f0000001000, 0x1000, 0},   /* from its second page on */
		{0x5000, 0x1000, 0x7f0000001000, 0x205000, 0}, /* a page from before its begin on */
		{0, 0x8000, 0x7f0000000000, -0x1000ull, 0},
		{0x3000, 0x2000, 0x7f0000001000, 0, -ENOENT},
		{0, 0x1000, 0x7f0000001000, 0, -ENOENT},
		{0x6000, 0x1000, 0x7f0000001000, 0, -ENOENT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t bias = 0;

		if (rp_unwind_object__bias(&object, cases[i].offset, cases[i].len, cases[i].start,
					   &bias) != cases[i].err ||
		    (!cases[i].err && bias + cases[i].pc != cases[i].start))
			fail_msg("case %zu", i);
	}
}

/* Written by hand, without .eh_frame, between functions that have it. */
__asm__(".text\n"
	"pushes_registers:\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	.fill 32, 1, 0x90\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	ret\n"
	"	.fill 32, 1, 0xcc\n");
extern const char pushes_registers[], __executable_start[] __attribute__((visibility("hidden")));

static void test_code_without_a_table(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct rp_unwind_object out;
	const struct rp_unwind_row *row;

	(void)state;
	assert_int_equal(rp_unwind_object__read(fd, &out), 0);
	close(fd);
	row = rp_unwind_rows__find(&out.table,
				   (uint64_t)(pushes_registers + 8 - __executable_start));
	assert_non_null(row);
	assert_int_equal(row->cfa, RP_UNWIND_CFA_SP);
	assert_int_equal(row->off, 3);
	rp_unwind_object__free(&out);
}

extern const char etext[]; /* by the linker */

static void test_where_code_ends(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct rp_elf *elf;

	(void)state;
	assert_int_equal(rp_elf__open(fd, "", &elf, NULL), 0);
	close(fd);
	assert_int_equal(rp_elf__code_end(elf), etext - __executable_start);
	rp_elf__free(elf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_what_is_no_table),
		cmocka_unit_test(test_where_it_is_mapped),
		cmocka_unit_test(test_code_without_a_table),
		cmocka_unit_test(test_where_code_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

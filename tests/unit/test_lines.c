// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "discover/lines.h"
#include "elf_image.h"

static const int line_of_function = __LINE__ + 3;

/* What is looked for: this program has debug information. */
static __attribute__((noinline)) void function_with_a_line(void)
{
	__asm__ volatile("" ::: "memory");
}

static const int line_of_cold = __LINE__ + 3;

/* Compilers put this apart from the others: the code of this file is in several places. */
static __attribute__((noinline, cold, section(".text.unlikely"))) void cold_function(void)
{
	__asm__ volatile("" ::: "memory");
}

/* Where functions have sections of their own, one may begin where the lines of another end. */
static __attribute__((noinline, used, section(".text.before"))) void function_before(void)
{
	__asm__ volatile("" ::: "memory");
}

static const int line_of_behind = __LINE__ + 3;

static __attribute__((noinline, used, section(".text.behind"))) void function_behind(void)
{
	__asm__ volatile("" ::: "memory");
}

static inline __attribute__((always_inline)) void inlined(void)
{
	__asm__ volatile("nop" ::: "memory");
}

extern const char behind_inlined[];

static __attribute__((noinline)) void around_inlined(void)
{
	inlined();
	__asm__ volatile("behind_inlined: nop" ::: "memory");
}

static uint64_t offset_of(struct rp_elf *elf, const char *name)
{
	const struct rp_symbol *symbols;
	size_t n;

	assert_int_equal(rp_elf__symbols(elf, &symbols, &n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(symbols[i].name, name))
			return symbols[i].offset;
	fail();
	return 0;
}

static void test_own_function(void **state)
{
	struct rp_elf *elf = open_path("/proc/self/exe");
	struct rp_lines *lines;
	uint64_t offset;
	uint32_t line = 0;
	char file[4096], cut[8];

	(void)state;
	function_with_a_line();
	if (!rp_elf__traits(elf)->has_lines) {
		rp_elf__free(elf);
		skip();
	}
	assert_int_equal(rp_lines__open(elf, &lines), 0);
	offset = offset_of(elf, "function_with_a_line");
	assert_int_equal(rp_lines__find(lines, offset, true, file, sizeof(file), &line), 0);
	/* Its name, the brace that opens it, or what stands first in it. */
	assert_in_range(line, line_of_function, line_of_function + 2);
	assert_non_null(strstr(file, "tests/unit/test_lines.c"));
	/* A path that is too long is cut. */
	assert_int_equal(rp_lines__find(lines, offset, true, cut, sizeof(cut), &line), 0);
	assert_memory_equal(cut, file, sizeof(cut) - 1);
	assert_int_equal(strlen(cut), sizeof(cut) - 1);
	rp_lines__free(lines);
	rp_elf__free(elf);
}

/* A file's code may be in several places, in any order. */
static void test_places_in_any_order(void **state)
{
	struct rp_elf *elf = open_path("/proc/self/exe");
	struct rp_lines *lines;
	uint32_t line = 0;
	char file[4096];

	(void)state;
	cold_function();
	function_before();
	function_behind();
	if (!rp_elf__traits(elf)->has_lines) {
		rp_elf__free(elf);
		skip();
	}
	assert_int_equal(rp_lines__open(elf, &lines), 0);
	assert_int_equal(rp_lines__find(lines, offset_of(elf, "cold_function"), true, file,
					sizeof(file), &line),
			 0);
	assert_in_range(line, line_of_cold, line_of_cold + 2);
	assert_int_equal(rp_lines__find(lines, offset_of(elf, "function_with_a_line"), true, file,
					sizeof(file), &line),
			 0);
	assert_in_range(line, line_of_function, line_of_function + 2);
	assert_int_equal(rp_lines__find(lines, offset_of(elf, "function_behind"), true, file,
					sizeof(file), &line),
			 0);
	assert_in_range(line, line_of_behind, line_of_behind + 2);
	rp_lines__free(lines);
	rp_elf__free(elf);
}

/* What is inlined ends where the next instruction begins. */
static void test_behind_what_is_inlined(void **state)
{
	struct rp_elf *elf = open_path("/proc/self/exe");
	struct rp_code_frame frames[4];
	struct rp_lines *lines;
	uint64_t addr;

	(void)state;
	around_inlined();
	if (!rp_elf__traits(elf)->has_lines) {
		rp_elf__free(elf);
		skip();
	}
	assert_int_equal(rp_lines__open(elf, &lines), 0);
	assert_int_equal(rp_elf__address(elf, offset_of(elf, "around_inlined"), &addr), 0);
	addr += (uint64_t)(behind_inlined - (const char *)around_inlined);
	assert_int_equal(rp_lines__frames(lines, addr - 1, frames, 4), 2);
	assert_string_equal(frames[0].function, "inlined");
	assert_int_equal(rp_lines__frames(lines, addr, frames, 4), 1);
	assert_string_equal(frames[0].function, "around_inlined");
	rp_lines__free(lines);
	rp_elf__free(elf);
}

static void test_nothing_there(void **state)
{
	struct rp_elf *elf = open_path("/proc/self/exe");
	struct rp_lines *lines;
	uint32_t line;
	char file[64];

	(void)state;
	if (!rp_lines__open(elf, &lines)) {
		assert_int_equal(rp_lines__find(lines, 0, false, file, sizeof(file), &line),
				 -ENOENT);
		assert_int_equal(rp_lines__find(lines, UINT64_MAX, true, file, sizeof(file), &line),
				 -ENOENT);
		rp_lines__free(lines);
	}
	rp_elf__free(elf);
}

static void test_no_debug_information(void **state)
{
	struct rp_lines *lines;
	struct rp_elf *elf;
	struct image img;

	(void)state;
	full_image(&img);
	elf = open_image(&img);
	assert_int_equal(rp_lines__open(elf, &lines), -ENODATA);
	rp_elf__free(elf);
}

/* Sections that hold no debug information, whatever they are called. */
static void test_broken_debug_information(void **state)
{
	static const char *const names[] = {".debug_info", ".debug_abbrev", ".debug_line",
					    ".debug_aranges"};
	struct rp_lines *lines;
	struct rp_elf *elf;
	struct image img;
	uint32_t line;
	char file[64], bytes[256];

	(void)state;
	for (int fill = 0; fill < 256; fill += 15) {
		memset(bytes, fill, sizeof(bytes));
		image__start(&img);
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			image__add(&img, names[i], SHT_PROGBITS, 0, bytes, sizeof(bytes));
		image__finish(&img);
		elf = open_image(&img);
		if (!rp_lines__open(elf, &lines)) {
			assert_int_not_equal(rp_lines__find(lines, TEXT_OFFSET + 8, false, file,
							    sizeof(file), &line),
					     0);
			rp_lines__free(lines);
		}
		rp_elf__free(elf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_function),
		cmocka_unit_test(test_places_in_any_order),
		cmocka_unit_test(test_behind_what_is_inlined),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_no_debug_information),
		cmocka_unit_test(test_broken_debug_information),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

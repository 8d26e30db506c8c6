// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The step from a frame to its caller: by hand, and on this program's own stack, which is compiled
 * without frame pointers: with all the calls that the C library's backtrace() finds.
 */
#include <execinfo.h>

#include "unwind_fixture.h"
#include "util/sanitizer.h"

#define FRAMES 64
#define STACK  0x7ff000001000ull

/* ---- by hand -------------------------------------------------------------------------------- */

struct memory {
	uint64_t words[64]; /* from STACK on */
};

static bool read_words(const void *memory, __rp_u64 address, __rp_u64 *value)
{
	const struct memory *m = memory;

	if (address < STACK || address >= STACK + sizeof(m->words) || address % 8)
		return false;
	*value = m->words[(address - STACK) / 8];
	return true;
}

static struct rp_unwind_regs regs_at(uint64_t sp, uint64_t fp)
{
	return (struct rp_unwind_regs){.ip = 0x1000, .sp = STACK + 8 * sp, .fp = fp};
}

static void assert_regs(const struct rp_unwind_regs *regs, uint64_t ip, uint64_t sp, uint64_t fp)
{
	assert_int_equal(regs->ip, ip);
	assert_int_equal(regs->sp, STACK + 8 * sp);
	assert_int_equal(regs->fp, fp);
}

static enum rp_unwind_end step(struct rp_unwind_row row, struct rp_unwind_regs *regs,
			       const struct memory *m)
{
	return rp_unwind__step(&row, regs, read_words, m);
}

static void test_by_stack_pointer(void **state)
{
	struct memory m = {.words = {[3] = 0x77, [4] = 0x2000}};
	struct rp_unwind_regs regs = regs_at(1, 0x55);

	(void)state;
	assert_int_equal(step((struct rp_unwind_row){.cfa = RP_UNWIND_CFA_SP, .off = 4}, &regs, &m),
			 RP_UNWIND_GOES_ON);
	assert_regs(&regs, 0x2000, 5, 0x55);
	assert_true(regs.is_return);
	regs = regs_at(1, 0x55);
	step((struct rp_unwind_row){.cfa = RP_UNWIND_CFA_SP, .off = 4, .fp = -2}, &regs, &m);
	assert_regs(&regs, 0x2000, 5, 0x77);
	regs = regs_at(1, 0x55);
	step((struct rp_unwind_row){.cfa = RP_UNWIND_CFA_SP, .off = 4, .fp = RP_UNWIND_FP_LOST},
	     &regs, &m);
	assert_regs(&regs, 0x2000, 5, 0);
}

/* A frame with an array in it, and one with the largest that a row can tell. */
static void test_far_from_stack_pointer(void **state)
{
	struct memory m = {.words = {[4] = 0x2000}};
	struct rp_unwind_regs regs = regs_at(5 - 0x8000ull - 3, 0x55);

	(void)state;
	step((struct rp_unwind_row){.cfa = RP_UNWIND_CFA_SP_FAR, .off = 3}, &regs, &m);
	assert_regs(&regs, 0x2000, 5, 0x55);
	regs = regs_at(5 - 0x8000ull - 0xffff, 0x55);
	step((struct rp_unwind_row){.cfa = RP_UNWIND_CFA_SP_FAR, .off = -1}, &regs, &m);
	assert_regs(&regs, 0x2000, 5, 0x55);
}

static void test_by_register(void **state)
{
	const struct rp_unwind_row row = {.cfa = RP_UNWIND_RETURN_DI, .off = 1};
	struct rp_unwind_regs regs = regs_at(1, 0x55);
	struct memory m = {0};

	(void)state;
	assert_int_equal(step(row, &regs, &m), RP_UNWIND_END_UNKNOWN);
	regs.di = 0x2000;
	assert_int_equal(step(row, &regs, &m), RP_UNWIND_GOES_ON);
	assert_regs(&regs, 0x2000, 2, 0x55);
	assert_true(regs.is_return);
	/* What a caller had in it is not known. */
	assert_int_equal(step(row, &regs, &m), RP_UNWIND_END_UNKNOWN);
}

static void test_by_frame_pointer(void **state)
{
	struct memory m = {.words = {[4] = STACK + 80, [5] = 0x2000}};
	const struct rp_unwind_row rows[] = {{.cfa = RP_UNWIND_CFA_FP, .off = 2, .fp = -2},
					     {.cfa = RP_UNWIND_GAP},
					     {.cfa = RP_UNWIND_ELSEWHERE}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct rp_unwind_regs regs = regs_at(1, STACK + 32);

		assert_int_equal(step(rows[i], &regs, &m), RP_UNWIND_GOES_ON);
		assert_regs(&regs, 0x2000, 6, STACK + 80);
	}
}

/* Such a frame pointer ends a chain in the code of a file, and says nothing elsewhere. */
static void test_no_frame_pointer(void **state)
{
	const struct rp_unwind_row gap = {.cfa = RP_UNWIND_GAP},
				   run_time = {.cfa = RP_UNWIND_ELSEWHERE};
	struct rp_unwind_regs leaf = regs_at(1, 0), regs = leaf, below = regs_at(3, STACK + 8);
	struct memory m = {0};

	(void)state;
	regs.is_return = true;
	assert_int_equal(step(gap, &regs, &m), RP_UNWIND_END_COMPLETE);
	assert_int_equal(step(run_time, &regs, &m), RP_UNWIND_END_NO_ROW);
	assert_int_equal(step(gap, &leaf, &m), RP_UNWIND_END_NO_ROW);
	assert_int_equal(step(gap, &below, &m), RP_UNWIND_END_NO_ROW);
}

/* What called it is on top of the stack, as the instruction before shows. */
static void test_leaf_without_rows(void **state)
{
	/* After the call: where in the second word, and the 8 bytes before that. */
	static const struct {
		unsigned at;
		unsigned char code[8];
		bool is_call;
	} calls[] = {
		{0, {0x90, 0x90, 0x90, 0xe8, 1, 2, 3, 4}, true},
		{5, {0x90, 0x90, 0x90, 0xe8, 1, 2, 3, 4}, true},
		{3, {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xd0}, true},
		{7, {0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0x53, 0x08}, true},
		{1, {0x90, 0x90, 0xff, 0x15, 1, 2, 3, 4}, true},
		{4, {0x90, 0xff, 0x94, 0x24, 1, 2, 3, 4}, true},
		{4, {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xe0}, false}, /* a jump */
		{2, {0x90, 0x90, 0xe8, 1, 2, 3, 4, 5}, false},
	};
	const struct rp_unwind_row gap = {.cfa = RP_UNWIND_GAP},
				   run_time = {.cfa = RP_UNWIND_ELSEWHERE};

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		uint64_t ip = STACK + 8 * 21 + calls[i].at;
		struct memory m = {.words = {[4] = ip}};
		struct rp_unwind_regs regs = regs_at(4, 0x55), caller = regs, elsewhere = regs;

		memcpy((char *)&m.words[20] + calls[i].at, calls[i].code, sizeof(calls[i].code));
		if (calls[i].is_call) {
			assert_int_equal(step(gap, &regs, &m), RP_UNWIND_GOES_ON);
			assert_regs(&regs, ip, 5, 0x55);
			assert_true(regs.is_return);
		} else {
			assert_int_equal(step(gap, &regs, &m), RP_UNWIND_END_NO_ROW);
		}
		caller.is_return = true;
		assert_int_equal(step(gap, &caller, &m), RP_UNWIND_END_NO_ROW);
		assert_int_equal(step(run_time, &elsewhere, &m), RP_UNWIND_END_NO_ROW);
	}
}

static void test_what_is_stored(void **state)
{
	struct memory m = {.words = {[2] = STACK + 64, [4] = 0x88, [7] = 0x2000, [8] = 0x3000}};
	struct rp_unwind_regs regs = regs_at(1, STACK + 32);

	(void)state;
	step((struct rp_unwind_row){.cfa = RP_UNWIND_CFA_FP_DEREF,
				    .off = -2,
				    .fp = RP_UNWIND_FP_AT_FP},
	     &regs, &m);
	assert_regs(&regs, 0x2000, 8, 0x88);
	regs = regs_at(1, 0x55);
	step((struct rp_unwind_row){.cfa = RP_UNWIND_CFA_SP_DEREF, .off = 1}, &regs, &m);
	assert_regs(&regs, 0x3000, 9, 0x55);
}

static void test_in_the_plt(void **state)
{
	struct memory m = {.words = {[1] = 0x2000, [2] = 0x3000}};
	const struct rp_unwind_row row = {.cfa = RP_UNWIND_CFA_PLT, .off = 11};

	(void)state;
	for (uint64_t at = 0; at < 16; at++) {
		struct rp_unwind_regs regs = regs_at(1, 0);

		regs.ip += at;
		step(row, &regs, &m);
		assert_regs(&regs, at < 11 ? 0x2000 : 0x3000, at < 11 ? 2 : 3, 0);
	}
}

static void test_signal(void **state)
{
	struct memory m = {.words = {[1 + 15] = 0x99, [1 + 20] = STACK - 800, [1 + 21] = 0x4000}};
	struct rp_unwind_regs regs = regs_at(1, 0);

	(void)state;
	regs.is_return = true;
	assert_int_equal(step((struct rp_unwind_row){.cfa = RP_UNWIND_SIGNAL}, &regs, &m),
			 RP_UNWIND_GOES_ON);
	assert_regs(&regs, 0x4000, (uint64_t)-100, 0x99);
	assert_false(regs.is_return);
}

static void test_ends(void **state)
{
	struct memory m = {0};
	struct rp_unwind_regs regs = regs_at(1, 0);

	(void)state;
	assert_int_equal(step((struct rp_unwind_row){.cfa = RP_UNWIND_OUTERMOST}, &regs, &m),
			 RP_UNWIND_END_COMPLETE);
	assert_int_equal(step((struct rp_unwind_row){.cfa = RP_UNWIND_UNKNOWN}, &regs, &m),
			 RP_UNWIND_END_UNKNOWN);
	assert_int_equal(step((struct rp_unwind_row){.cfa = RP_UNWIND_CFA_SP}, &regs, &m),
			 RP_UNWIND_END_INCONSISTENT);
	assert_int_equal(
		step((struct rp_unwind_row){.cfa = RP_UNWIND_CFA_SP, .off = -1}, &regs, &m),
		RP_UNWIND_END_INCONSISTENT);
	assert_int_equal(
		step((struct rp_unwind_row){.cfa = RP_UNWIND_CFA_SP, .off = 99}, &regs, &m),
		RP_UNWIND_END_UNREADABLE);
	assert_int_equal(step((struct rp_unwind_row){.cfa = RP_UNWIND_CFA_FP_DEREF}, &regs, &m),
			 RP_UNWIND_END_UNREADABLE);
	assert_int_equal(step((struct rp_unwind_row){.cfa = RP_UNWIND_CFA_SP, .off = 1}, &regs, &m),
			 RP_UNWIND_END_INCONSISTENT);
	regs = regs_at(1, 0);
	regs.is_return = true;
	assert_int_equal(step((struct rp_unwind_row){.cfa = RP_UNWIND_CFA_SP, .off = 1}, &regs, &m),
			 RP_UNWIND_END_COMPLETE);
}

/* ---- a real stack --------------------------------------------------------------------------- */

#if defined(__x86_64__) && !RP_UNDER_ASAN

struct captured {
	void *calls[FRAMES]; /* by the C library */
	int n;
	uint64_t unwound[FRAMES]; /* by steps */
	size_t n_unwound;
	enum rp_unwind_end end;
};

static bool read_own(const void *memory, __rp_u64 address, __rp_u64 *value)
{
	(void)memory;
	memcpy(value, (const void *)(uintptr_t)address, sizeof(*value));
	return true;
}

static void unwind(struct captured *c, struct kernel *k, struct rp_unwind_regs *regs)
{
	c->end = RP_UNWIND_GOES_ON;
	while (!c->end && c->n_unwound < FRAMES) {
		struct rp_unwind_row row = kernel_row(k, getpid(), regs->ip - regs->is_return);

		c->unwound[c->n_unwound++] = regs->ip;
		c->end = rp_unwind__step(&row, regs, read_own, NULL);
	}
}

static __attribute__((noinline)) void capture(struct captured *c, struct kernel *k)
{
	struct rp_unwind_regs regs = {0};

	c->n = backtrace(c->calls, FRAMES);
	__asm__ volatile("lea 0(%%rip), %0\n\tmov %%rsp, %1\n\tmov %%rbp, %2"
			 : "=r"(regs.ip), "=r"(regs.sp), "=r"(regs.fp));
	unwind(c, k, &regs);
}

static __attribute__((noinline)) int descend(struct captured *c, struct kernel *k, int left)
{
	volatile int *changing = __builtin_alloca((size_t)(left + 1) * sizeof(int));

	changing[left] = left;
	if (left)
		return descend(c, k, left - 1) + changing[left];
	capture(c, k);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static struct captured *from_compare;
static struct kernel *kernel_of_compare;

static int compare_and_capture(const void *a, const void *b)
{
	if (from_compare && !from_compare->n)
		descend(from_compare, kernel_of_compare, 10);
	return compare(a, b);
}

/* Below the C library, which has no frame pointers. */
static void test_own_stack(void **state)
{
	struct kernel k = {0};
	struct rp_unwind_tables *tables = new_tables(&k, 64 << 20, OBJECTS_MAX);
	struct captured c = {0};
	int numbers[] = {3, 1, 2};

	(void)state;
	assert_int_equal(set_own(tables, getpid()), 0);
	from_compare = &c;
	kernel_of_compare = &k;
	qsort(numbers, 3, sizeof(numbers[0]), compare_and_capture);
	from_compare = NULL;
	assert_int_equal(c.end, RP_UNWIND_END_COMPLETE);
	assert_true(c.n > 15 && c.n < FRAMES);
	assert_int_equal(c.n_unwound, c.n);
	for (int i = 1; i < c.n; i++)
		assert_int_equal(c.unwound[i], (uintptr_t)c.calls[i]);
	end_tables(&k, tables);
}

#else

static void test_own_stack(void **state)
{
	(void)state;
	print_message("SKIPPED: tables are of x86-64, and AddressSanitizer's backtrace() has a "
		      "frame more\n");
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_stack_pointer),
		cmocka_unit_test(test_far_from_stack_pointer),
		cmocka_unit_test(test_by_register),
		cmocka_unit_test(test_by_frame_pointer),
		cmocka_unit_test(test_no_frame_pointer),
		cmocka_unit_test(test_leaf_without_rows),
		cmocka_unit_test(test_what_is_stored),
		cmocka_unit_test(test_in_the_plt),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_own_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

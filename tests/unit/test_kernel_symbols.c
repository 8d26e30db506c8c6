// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Functions of the kernel by address, and which of a stack are what all sleeping threads are in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sample/kernel_symbols.h"

static struct rp_kernel_symbols *symbols_of(const char *text)
{
	char path[] = "/tmp/rptrace-unit-XXXXXX";
	struct rp_kernel_symbols *symbols;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	symbols = rp_kernel_symbols__new(path);
	unlink(path);
	return symbols;
}

/* In no order; data, what has no address for us, and lines that are none are left out. */
static void test_functions(void **state)
{
	struct rp_kernel_symbols *symbols = symbols_of("3000 t last\t[module]\n"
						       "1000 T first\n"
						       "1800 D data\n"
						       "1900 A absolute\n"
						       "1a00\n"
						       "nothing\n"
						       "0 T nowhere\n"
						       "2000 w weak\n"
						       "2800 W stronger\n");

	(void)state;
	assert_non_null(symbols);
	assert_string_equal(rp_kernel_symbols__find(symbols, 0), "[unknown]");
	assert_string_equal(rp_kernel_symbols__find(symbols, 0xfff), "[unknown]");
	assert_string_equal(rp_kernel_symbols__find(symbols, 0x1000), "first");
	assert_string_equal(rp_kernel_symbols__find(symbols, 0x1fff), "first");
	assert_string_equal(rp_kernel_symbols__find(symbols, 0x2000), "weak");
	assert_string_equal(rp_kernel_symbols__find(symbols, 0x27ff), "weak");
	assert_string_equal(rp_kernel_symbols__find(symbols, 0x2800), "stronger");
	assert_string_equal(rp_kernel_symbols__find(symbols, 0x3000), "last");
	assert_string_equal(rp_kernel_symbols__find(symbols, UINT64_MAX), "last");
	rp_kernel_symbols__free(symbols);
}

static void test_what_tells_nothing(void **state)
{
	static const char *const texts[] = {"", "0 T hidden\n0 t too\n", "1000 D data\n", "text\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_null(symbols_of(texts[i]));
	assert_null(rp_kernel_symbols__new("/nonexistent"));
	rp_kernel_symbols__free(NULL);
}

#define S1 0x1001 /* in the scheduler: the first place behind a call, and the last */
#define S2 0x2000
#define E1 0x3001 /* likewise on the way into the kernel */
#define E2 0x4000
#define N1 0x5001
#define N2 0x6000
#define A  0x7000 /* elsewhere */
#define B  0x8000

static void test_what_all_sleep_in(void **state)
{
	static const struct {
		uint64_t address[6];
		size_t n, inner, left;
	} cases[] = {
		{{0}, 0, 0, 0},
		{{S1, A, B}, 3, 1, 2},
		{{S1, S2, A, B}, 4, 2, 2},
		/* What looks on is inside of the scheduler. */
		{{B, A, S2, A, B}, 5, 3, 2},
		/* No more than the first that are in a row. */
		{{S1, A, S2, B}, 4, 1, 3},
		/* The start of the code is behind no call of it, nor is what follows. */
		{{S1 - 1, A}, 2, 2, 0},
		{{S2 + 1, S1, A}, 3, 2, 1},
		{{S1, A, E1}, 3, 1, 1},
		{{S1, A, N1, E2}, 4, 1, 1},
		{{S1, A, E2, N2}, 4, 1, 1},
		{{S1, A, E1 - 1}, 3, 1, 2},
		{{S1, A, N2 + 1}, 3, 1, 2},
		{{S1, E1, A}, 3, 1, 2},
		{{S1, E1, N1}, 3, 1, 0},
		{{A, B}, 2, 2, 0},
	};
	struct rp_kernel_symbols *symbols = symbols_of("1000 T __sched_text_start\n"
						       "2000 T __sched_text_end\n"
						       "3000 T __entry_text_start\n"
						       "4000 T __entry_text_end\n"
						       "5000 T __noinstr_text_start\n"
						       "6000 T __noinstr_text_end\n"
						       "100 T any\n");

	(void)state;
	assert_non_null(symbols);
	/* They are bounds, and no functions. */
	assert_string_equal(rp_kernel_symbols__find(symbols, 0x1000), "any");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = cases[i].n;

		assert_int_equal(rp_kernel_symbols__cut(symbols, cases[i].address, &n),
				 cases[i].inner);
		assert_int_equal(n, cases[i].left);
	}
	rp_kernel_symbols__free(symbols);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_what_tells_nothing),
		cmocka_unit_test(test_what_all_sleep_in),
	};

	return cmocka_run_group_tests_name("kernel_symbols", tests, NULL, NULL);
}

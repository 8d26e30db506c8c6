// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <errno.h>
#include <math.h>

#include "counts_fixture.h"

static void check_ns(double ns, const char *want)
{
	char buf[32];

	assert_string_equal(rp_text__ns(ns, buf, sizeof(buf)), want);
}

static void test_ns(void **state)
{
	char buf[32];

	(void)state;
	check_ns(0, "0 ns");
	check_ns(1, "1 ns");
	check_ns(999, "999 ns");
	check_ns(12.34, "12.3 ns");
	check_ns(999.6, "1.00 us");
	check_ns(1000, "1.00 us");
	check_ns(1234567, "1.23 ms");
	check_ns(9994999, "9.99 ms");
	check_ns(9995000, "10.0 ms");
	check_ns(99950000, "100 ms");
	check_ns(999499999, "999 ms");
	check_ns(999500000, "1.00 s");
	check_ns(600e9, "600 s");
	check_ns(1000e9, "16.7 min");
	check_ns(6000e9, "1.67 h");
	check_ns(360000e9, "4.17 d");
	check_ns((double)UINT64_MAX, "213504 d");
	check_ns(-5, "0 ns");
	check_ns(NAN, "0 ns");
	for (double ns = 0.001; ns < 1e25; ns *= 1.01)
		assert_true(strlen(rp_text__ns(ns, buf, sizeof(buf))) <= 8);
}

static void check_count(double count, const char *want)
{
	char buf[32];

	assert_string_equal(rp_text__count(count, buf, sizeof(buf)), want);
}

static void test_count(void **state)
{
	(void)state;
	check_count(0, "0");
	check_count(999999, "999999");
	check_count(1000000, "1.00M");
	check_count(12345678, "12.3M");
	check_count(999.6e6, "1.00G");
	check_count((double)UINT64_MAX, "18.4E");
	check_count(0.5, "0.50");
	check_count(123.4, "123");
	check_count(INFINITY, "999E");
	check_count(NAN, "0");
}

/* What could not be written is told at the end, though nothing is left to be written then. */
static void test_end_of_what_was_not_written(void **state)
{
	FILE *full = fopen("/dev/full", "we"), *null = fopen("/dev/null", "we");

	(void)state;
	assert_non_null(full);
	assert_non_null(null);
	setvbuf(full, NULL, _IONBF, 0);
	fputc('x', full);
	fputc('x', null);
	assert_int_equal(rp_view__end(full), -EIO);
	assert_int_equal(rp_view__end(null), 0);
	fclose(full);
	fclose(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ns),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_end_of_what_was_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

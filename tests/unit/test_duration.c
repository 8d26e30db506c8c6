/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Each unit of a duration, to the digit, and what is none. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/duration.h"

static void test_units(void **state)
{
	static const struct {
		const char *text;
		double seconds;
	} rows[] = {
		{"10ns", 10e-9},   {"10us", 10e-6}, {"10ms", 10e-3}, {"10s", 10},
		{"1.5us", 1.5e-6}, {"0ms", 0},	    {"2m", 120},     {"3h", 10800},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *at = rows[i].text;
		double seconds = -1;

		assert_true(rp_duration__parse(&at, &seconds));
		assert_int_equal(*at, '\0');
		assert_true(fabs(seconds - rows[i].seconds) <= 1e-12 * rows[i].seconds);
	}
}

static void test_no_durations(void **state)
{
	static const char *const texts[] = {"", "us", "-1s", "1e30s", "10usec", "10days", "nan"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *at = texts[i];
		double seconds;

		assert_false(rp_duration__parse(&at, &seconds));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_no_durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

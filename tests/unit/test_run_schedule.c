// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* When figures are due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/schedule.h"

#define MS    1000000ull
#define S     (1000 * MS)
#define BEGAN (5000 * S)

static void tables_at_multiples_of_the_interval(void **state)
{
	const struct rp_schedule s = {.began = BEGAN, .seconds = 2};

	(void)state;
	assert_int_equal(rp_schedule__first(&s), BEGAN + 2 * S);
	/* However late the figures were shown. */
	assert_int_equal(rp_schedule__next(&s, BEGAN + 2 * S, BEGAN + 2 * S), BEGAN + 4 * S);
	assert_int_equal(rp_schedule__next(&s, BEGAN + 2 * S, BEGAN + 3 * S), BEGAN + 4 * S);
}

static void what_is_overdue_is_left_out(void **state)
{
	const struct rp_schedule s = {.began = BEGAN, .seconds = 2};

	(void)state;
	assert_int_equal(rp_schedule__next(&s, BEGAN + 2 * S, BEGAN + 9 * S), BEGAN + 10 * S);
}

static void a_key_begins_an_interval_anew(void **state)
{
	const struct rp_schedule s = {.began = BEGAN, .seconds = 2, .on_screen = true};

	(void)state;
	assert_int_equal(rp_schedule__next(&s, BEGAN + 60 * S, BEGAN + 59 * S), BEGAN + 61 * S);
}

static void a_screen_has_two_pictures_in_the_first_second(void **state)
{
	const struct rp_schedule s = {.began = BEGAN, .seconds = 60, .on_screen = true};

	(void)state;
	assert_int_equal(rp_schedule__first(&s), BEGAN);
	assert_int_equal(rp_schedule__next(&s, BEGAN, BEGAN + MS), BEGAN + S);
	assert_int_equal(rp_schedule__next(&s, BEGAN + S, BEGAN + S), BEGAN + 61 * S);
}

static void intervals_below_a_millisecond_are_one(void **state)
{
	const struct rp_schedule s = {.began = BEGAN, .seconds = 1e-9};

	(void)state;
	assert_int_equal(rp_schedule__first(&s), BEGAN + MS);
	assert_int_equal(rp_schedule__next(&s, BEGAN + MS, BEGAN + MS), BEGAN + 2 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_at_multiples_of_the_interval),
		cmocka_unit_test(what_is_overdue_is_left_out),
		cmocka_unit_test(a_key_begins_an_interval_anew),
		cmocka_unit_test(a_screen_has_two_pictures_in_the_first_second),
		cmocka_unit_test(intervals_below_a_millisecond_are_one),
	};

	return cmocka_run_group_tests_name("run_schedule", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* How much may be on its way to a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "screen/pace.h"
#include "util/clock.h"

#define MS    RP_NS_PER_MS
#define S     RP_NS_PER_S
#define BEGAN (5000 * S)

static bool is_free(const struct rp_pace *pace, uint64_t now)
{
	return rp_pace__next(pace, now) <= now;
}

static void a_fifth_of_a_second_is_on_its_way(void **state)
{
	struct rp_pace pace;

	(void)state;
	rp_pace__init(&pace, 9600);
	assert_true(rp_pace__is_slow(&pace));
	rp_pace__wrote(&pace, 191, BEGAN);
	assert_true(is_free(&pace, BEGAN));
	rp_pace__wrote(&pace, 481, BEGAN);
	assert_false(is_free(&pace, BEGAN));
	assert_int_equal(rp_pace__next(&pace, BEGAN), BEGAN + 500 * MS);
	/* As it is carried, and nothing else is written. */
	rp_pace__wrote(&pace, 0, BEGAN + 250 * MS);
	assert_int_equal(pace.in_flight, 672 - 240);
	assert_int_equal(rp_pace__next(&pace, BEGAN + 250 * MS), BEGAN + 500 * MS);
	rp_pace__wrote(&pace, 0, BEGAN + 10 * S);
	assert_int_equal(pace.in_flight, 0);
}

/* A line that is stopped, or slower than it says. */
static void what_the_line_tells_counts_more(void **state)
{
	struct rp_pace pace;

	(void)state;
	rp_pace__init(&pace, 9600);
	rp_pace__wrote(&pace, 100, BEGAN);
	rp_pace__queued(&pace, 1152, BEGAN + 1 * S);
	assert_int_equal(rp_pace__next(&pace, BEGAN + 1 * S), BEGAN + 2 * S);
	rp_pace__queued(&pace, 96, BEGAN + 1 * S);
	assert_int_equal(pace.in_flight, 1152);
}

static void others_take_what_they_take(void **state)
{
	static const unsigned bauds[] = {0, 38400, 115200, UINT32_MAX};
	struct rp_pace pace;

	(void)state;
	for (size_t i = 0; i < sizeof(bauds) / sizeof(bauds[0]); i++) {
		rp_pace__init(&pace, bauds[i]);
		assert_false(rp_pace__is_slow(&pace));
		rp_pace__wrote(&pace, 1000000, BEGAN);
		rp_pace__rest(&pace, 1000000, BEGAN);
		assert_true(is_free(&pace, BEGAN));
		assert_false(rp_pace__rests(&pace, BEGAN));
	}
}

static void the_line_is_free_as_long_as_a_picture_took(void **state)
{
	struct rp_pace pace;

	(void)state;
	rp_pace__init(&pace, 9600);
	rp_pace__rest(&pace, 1920, BEGAN);
	assert_true(rp_pace__rests(&pace, BEGAN + 2 * S - 1));
	assert_false(rp_pace__rests(&pace, BEGAN + 2 * S));
	assert_true(is_free(&pace, BEGAN)); /* for what a key asks */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fifth_of_a_second_is_on_its_way),
		cmocka_unit_test(what_the_line_tells_counts_more),
		cmocka_unit_test(others_take_what_they_take),
		cmocka_unit_test(the_line_is_free_as_long_as_a_picture_took),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What instances come to over time: nothing is lost or added, however wide slices get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/rates.h"

#define FIRST (1u << 16) /* ns of a slice at first */

static double sum_of(const struct rp_rate *rate, uint64_t run)
{
	double sum = 0;

	for (uint32_t i = rate->from; i < rate->to; i++) {
		uint64_t start = i * rate->slice, end = start + rate->slice;

		sum += rate->value[i] * (double)((end < run ? end : run) - start);
	}
	return sum;
}

static void assert_near(double a, double b)
{
	assert_true(a - b < 1e-6 * b + 1e-9 && b - a < 1e-6 * b + 1e-9);
}

static void test_levels_are_averages(void **state)
{
	struct rp_rates rates = {0};
	struct rp_rate rate;

	(void)state;
	assert_int_equal(rp_rates__cover(&rates, 3, FIRST / 2, 4 * FIRST + FIRST / 4, 1), 0);
	assert_int_equal(rp_rates__cover(&rates, 3, FIRST, FIRST + 10, 0.5), 0);
	rp_rates__level(&rates, 3, 10 * FIRST, &rate);
	assert_int_equal(rate.slice, FIRST);
	assert_int_equal(rate.from, 0);
	assert_int_equal(rate.to, 5);
	assert_near(rate.value[0], 0.5);
	assert_near(rate.value[1], 1 + 5.0 / FIRST);
	assert_near(rate.value[2], 1);
	assert_near(rate.value[3], 1);
	assert_near(rate.value[4], 0.25);
	rp_rates__level(&rates, 2, 10 * FIRST, &rate);
	assert_int_equal(rate.to, 0);
	rp_rates__level(&rates, 99, 10 * FIRST, &rate);
	assert_int_equal(rate.to, 0);
	rp_rates__free(&rates);
}

/* The last slice is one of which the run has a part. */
static void test_what_ends_in_a_second(void **state)
{
	struct rp_rates rates = {0};
	struct rp_rate rate;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(rp_rates__count(&rates, 0, 2 * FIRST + i), 0);
	rp_rates__per_second(&rates, 0, 2 * FIRST + 1000, &rate);
	assert_int_equal(rate.from, 2);
	assert_int_equal(rate.to, 3);
	assert_near(rate.value[2], 4 * 1e9 / 1000);
	rp_rates__per_second(&rates, 0, 3 * FIRST, &rate);
	assert_near(rate.value[2], 4 * 1e9 / FIRST);
	rp_rates__free(&rates);
}

static void test_wider_slices_have_the_same(void **state)
{
	const uint64_t run = 1000ull * RP_RATE_SLICES * FIRST;
	struct rp_rates rates = {0};
	struct rp_rate rate;
	double ns = 0;

	(void)state;
	for (uint64_t start = 7; start < run; start += start / 3 + 1000) {
		uint64_t end = start + start / 2;

		end = end < run ? end : run;
		assert_int_equal(rp_rates__cover(&rates, 0, start, end, 2), 0);
		assert_int_equal(rp_rates__count(&rates, 0, end), 0);
		ns += 2 * (double)(end - start);
	}
	rp_rates__level(&rates, 0, run, &rate);
	assert_true(rate.slice > 500 * FIRST);
	assert_near(sum_of(&rate, run), ns);
	rp_rates__free(&rates);
}

/* All of them get wider together: none is left as it was. */
static void test_all_get_wider(void **state)
{
	struct rp_rates rates = {0};
	struct rp_rate rate;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		for (uint64_t k = 0; k <= i; k++) {
			assert_int_equal(rp_rates__count(&rates, i, 4 * FIRST), 0);
			assert_int_equal(rp_rates__count(&rates, i, 5 * FIRST), 0);
		}
		assert_int_equal(rp_rates__cover(&rates, i, 4 * FIRST, 6 * FIRST, i + 1), 0);
	}
	assert_int_equal(rp_rates__count(&rates, 0, (uint64_t)RP_RATE_SLICES * FIRST), 0);
	for (uint32_t i = 0; i < 4; i++) {
		rp_rates__per_second(&rates, i, 100 * FIRST, &rate);
		assert_int_equal(rate.slice, 2 * FIRST);
		assert_int_equal(rate.from, 2);
		assert_near(rate.value[2], 2 * (i + 1) * 1e9 / (2 * FIRST));
		assert_near(rate.value[4], 0);
		rp_rates__level(&rates, i, 100 * FIRST, &rate);
		assert_int_equal(rate.slice, 2 * FIRST);
		assert_int_equal(rate.from, 2);
		assert_int_equal(rate.to, 3);
		assert_near(rate.value[2], i + 1);
	}
	rp_rates__free(&rates);
}

static void test_times_that_cannot_be(void **state)
{
	struct rp_rates rates = {0};
	struct rp_rate rate;

	(void)state;
	assert_int_equal(rp_rates__cover(&rates, 0, UINT64_MAX, 5, 1), 0);
	assert_int_equal(rp_rates__cover(&rates, 0, 5, UINT64_MAX, 1), 0);
	assert_int_equal(rp_rates__count(&rates, 0, UINT64_MAX), 0);
	rp_rates__level(&rates, 0, UINT64_MAX, &rate);
	assert_int_equal(rate.to, RP_RATE_SLICES);
	rp_rates__free(&rates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels_are_averages),
		cmocka_unit_test(test_what_ends_in_a_second),
		cmocka_unit_test(test_wider_slices_have_the_same),
		cmocka_unit_test(test_all_get_wider),
		cmocka_unit_test(test_times_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

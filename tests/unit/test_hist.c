// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "aggregate/paths.h"
#include "counts_fixture.h"

static void test_buckets_meet(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RP_HIST_BUCKETS; i++) {
		assert_true(rp_hist_floor(i) < rp_hist_floor(i + 1));
		assert_int_equal(rp_hist_index(rp_hist_floor(i)), i);
		assert_int_equal(rp_hist_index(rp_hist_floor(i + 1) - 1), i);
	}
	assert_int_equal(rp_hist_index(UINT64_MAX), RP_HIST_BUCKETS - 1);
}

static struct rp_hist hist;

static uint64_t percentile(uint64_t count, double q, uint64_t min, uint64_t max)
{
	const struct rp_hist_part part = fixture_part(&hist);
	uint64_t value;

	rp_hist__percentiles(&part, count, &q, 1, min, max, &value);
	return value;
}

static int empty(void **state)
{
	(void)state;
	memset(&hist, 0, sizeof(hist));
	return 0;
}

static void test_none_and_one(void **state)
{
	(void)state;
	assert_int_equal(percentile(0, 0.5, 0, 0), 0);
	hist.bucket[rp_hist_index(12345)] = 1;
	for (double q = 0; q <= 1; q += 0.125)
		assert_int_equal(percentile(1, q, 12345, 12345), 12345);
}

/* 1 to 100,000, each once: every percentile is known. */
static void test_uniform(void **state)
{
	const uint64_t n = 100000;

	(void)state;
	for (uint64_t v = 1; v <= n; v++)
		hist.bucket[rp_hist_index(v)]++;
	for (double q = 0.01; q <= 1; q += 0.01) {
		double exact = q * (double)n;
		double got = (double)percentile(n, q, 1, n);

		assert_true(got > exact * 0.999 - 1 && got < exact * 1.001 + 1);
	}
	assert_int_equal(percentile(n, 0, 1, n), 1);
	assert_int_equal(percentile(n, 1, 1, n), n);
	assert_int_equal(percentile(n, -3, 1, n), 1);
	assert_int_equal(percentile(n, 7, 1, n), n);
}

static void test_two_peaks(void **state)
{
	(void)state;
	hist.bucket[rp_hist_index(10)] = 90;
	hist.bucket[rp_hist_index(1000000)] = 10;
	assert_int_equal(percentile(100, 0.5, 10, 1000000), 10);
	assert_int_equal(percentile(100, 0.9, 10, 1000000), 10);
	assert_in_range(percentile(100, 0.99, 10, 1000000), 937500, 1000000);
}

static void test_last_bucket_ends_at_max(void **state)
{
	const uint64_t max = UINT64_C(1) << 50;

	(void)state;
	hist.bucket[RP_HIST_BUCKETS - 1] = 2;
	assert_int_equal(percentile(2, 1, 5, max), max);
	assert_true(percentile(2, 1, 5, UINT64_MAX) >= max);
}

/* Count and buckets are not read at one instant. */
static void test_fewer_than_counted(void **state)
{
	(void)state;
	hist.bucket[20] = 3;
	assert_int_equal(percentile(100, 0.99, 20, 5000), 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets_meet),
		cmocka_unit_test_setup(test_none_and_one, empty),
		cmocka_unit_test_setup(test_uniform, empty),
		cmocka_unit_test_setup(test_two_peaks, empty),
		cmocka_unit_test_setup(test_last_bucket_ends_at_max, empty),
		cmocka_unit_test_setup(test_fewer_than_counted, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

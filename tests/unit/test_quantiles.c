// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Quantiles of times: exact below 256 ns, else known to 1/128. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compare/quantiles.h"

static void assert_near(double value, double wanted, double error)
{
	if (!(fabs(value - wanted) <= error))
		fail_msg("%.10g is not %.10g", value, wanted);
}

static void add(struct rp_quantiles *q, uint64_t ns, unsigned n)
{
	while (n--)
		assert_int_equal(rp_quantiles__add(q, ns), 0);
}

static void test_nothing(void **state)
{
	struct rp_quantiles q = {0}, other = {0};

	(void)state;
	assert_near(rp_quantiles__at(&q, 0.5), 0, 0);
	assert_int_equal(rp_quantiles__join(&q, &other), 0);
	assert_int_equal(q.n, 0);
	rp_quantiles__free(&q);
}

/* One value, of any size: it is that, to its bucket, and what is near it is in the same. */
static void test_sizes(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 64; bits++)
		for (int64_t off = -1; off <= 1; off++) {
			uint64_t ns = (UINT64_C(1) << bits) + (uint64_t)off;
			double width = ns < 256 ? 1
						: (double)(UINT64_C(1)
							   << (56 - __builtin_clzll(ns)));
			struct rp_quantiles q = {0};

			if (bits >= 50 && off < 0)
				continue; /* a double rounds it up */
			add(&q, ns, 1);
			assert_near(rp_quantiles__resolution((double)ns), width, 0);
			assert_near(rp_quantiles__at(&q, 0.5), (double)ns, width);
			assert_near(rp_quantiles__at(&q, 1), (double)ns, width);
			assert_int_equal(q.n, 1);
			rp_quantiles__free(&q);
		}
	assert_near(rp_quantiles__resolution(0), 1, 0);
	assert_near(rp_quantiles__resolution(-5), 1, 0);
	assert_near(rp_quantiles__resolution(255), 1, 0);
	assert_near(rp_quantiles__resolution(256), 2, 0);
	assert_near(rp_quantiles__resolution(511), 2, 0);
	assert_near(rp_quantiles__resolution(512), 4, 0);
}

/* Whole ns lie evenly around themselves. */
static void test_exact(void **state)
{
	struct rp_quantiles q = {0};

	(void)state;
	add(&q, 10, 4);
	add(&q, 20, 4);
	add(&q, 255, 2);
	assert_near(rp_quantiles__at(&q, 0), 9.5, 1e-12);
	assert_near(rp_quantiles__at(&q, 0.2), 10, 1e-12);
	assert_near(rp_quantiles__at(&q, 0.4), 10.5, 1e-12);
	assert_near(rp_quantiles__at(&q, 0.5), 19.75, 1e-12);
	assert_near(rp_quantiles__at(&q, 0.8), 20.5, 1e-12);
	assert_near(rp_quantiles__at(&q, 0.9), 255, 1e-12);
	assert_near(rp_quantiles__at(&q, 1), 255.5, 1e-12);
	rp_quantiles__free(&q);
	add(&q, 0, 10);
	assert_near(rp_quantiles__at(&q, 0.1), 0, 0);
	assert_near(rp_quantiles__at(&q, 1), 0.5, 1e-12);
	rp_quantiles__free(&q);
	/* From 1024 on a bucket has eight. */
	add(&q, 1024, 1);
	add(&q, 1031, 1);
	add(&q, 1032, 2);
	assert_near(rp_quantiles__at(&q, 0.25), 1027.5, 1e-12);
	assert_near(rp_quantiles__at(&q, 0.5), 1031.5, 1e-12);
	assert_near(rp_quantiles__at(&q, 0.75), 1035.5, 1e-12);
	rp_quantiles__free(&q);
}

/* Whichever comes first, and whether they have a range in common or not. */
static void test_join(void **state)
{
	static const uint64_t times[][3] = {{5, 100, 1000000}, {100, 200, 300}, {7000000, 7, 100}};
	struct rp_quantiles all = {0};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < 3; k++)
			add(&all, times[i][k], (unsigned)(i + k + 1));
	for (size_t first = 0; first < 3; first++) {
		struct rp_quantiles sum = {0};

		for (size_t i = 0; i < 3; i++) {
			struct rp_quantiles part = {0};
			size_t of = (first + i) % 3;

			for (size_t k = 0; k < 3; k++)
				add(&part, times[of][k], (unsigned)(of + k + 1));
			assert_int_equal(rp_quantiles__join(&sum, &part), 0);
			assert_int_equal(part.n, 3 * of + 6);
			rp_quantiles__free(&part);
		}
		assert_int_equal(sum.n, all.n);
		for (double share = 0; share <= 1; share += 1.0 / 64)
			assert_near(rp_quantiles__at(&sum, share), rp_quantiles__at(&all, share),
				    1e-9);
		rp_quantiles__free(&sum);
	}
	rp_quantiles__free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_join),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Against what R and tables have printed; the source is named at each. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compare/statistics.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_near(double value, double wanted, double error)
{
	if (!(fabs(value - wanted) <= error))
		fail_msg("%.10g is not %.10g", value, wanted);
}

/* NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2: critical values of t, two-sided. */
static void test_table_of_t(void **state)
{
	static const struct {
		double p, degrees, t;
	} cells[] = {
		{0.05, 1, 12.706}, {0.05, 2, 4.303},  {0.05, 4, 2.776},	  {0.05, 7, 2.365},
		{0.05, 9, 2.262},  {0.05, 30, 2.042}, {0.05, 100, 1.984}, {0.01, 1, 63.657},
		{0.01, 4, 4.604},  {0.01, 7, 3.499},  {0.01, 9, 3.250},	  {0.01, 30, 2.750},
		{0.2, 5, 1.476},   {0.002, 4, 7.173}, {0.002, 20, 3.552},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cells); i++) {
		assert_near(rp_t__of(cells[i].p, cells[i].degrees), cells[i].t, 0.0005);
		assert_near(rp_t__p(rp_t__of(cells[i].p, cells[i].degrees), cells[i].degrees),
			    cells[i].p, 1e-10);
	}
}

/* What scipy 1.10.1 prints for stats.t.ppf(1 - p / 2, degrees) and 2 * stats.t.sf(t, degrees). */
static void test_scipy_t(void **state)
{
	static const struct {
		double p, degrees, t;
	} quantiles[] =
		{
			{0.05, 4, 2.7764451051977987},	    {0.01, 7, 3.4994832973505026},
			{0.05 / 13, 1, 165.5191269693148},  {0.05 / 13, 7, 4.238770203540014},
			{0.05 / 13, 30, 3.133031848961751}, {0.05, 200, 1.9718962236316089},
		},
	  tails[] = {
		  {0.6433299631818633, 4, 0.5},	  {0.08561932856297597, 7, 2},
		  {0.000276428548502973, 4, 12},  {8.307757199338503e-20, 19, 40},
		  {0.9992648949694609, 3, 0.001},
	  };

	(void)state;
	for (size_t i = 0; i < COUNT(quantiles); i++)
		assert_near(rp_t__of(quantiles[i].p, quantiles[i].degrees), quantiles[i].t,
			    1e-9 * quantiles[i].t);
	for (size_t i = 0; i < COUNT(tails); i++)
		assert_near(rp_t__p(tails[i].t, tails[i].degrees), tails[i].p, 1e-9 * tails[i].p);
}

/* With 1 and 2 degrees of freedom there is a closed form. */
static void test_closed_forms(void **state)
{
	(void)state;
	for (double t = 1e-4; t < 1e5; t *= 3) {
		double one = 1 - 2 / M_PI * atan(t), two = 1 - t / sqrt(t * t + 2);

		if (t > 1e3) {
			one = 2 / M_PI * atan(1 / t);
			two = 1 / (t * t);
		}
		assert_near(rp_t__p(t, 1), one, 1e-12);
		assert_near(rp_t__p(t, 2), two, 1e-9);
	}
	assert_near(rp_t__p(0, 5), 1, 0);
	assert_near(rp_t__p(-2, 7), rp_t__p(2, 7), 0);
}

/*
 * R's data set `sleep` (Student 1908; Cushny and Peebles 1905), as ?t.test has it:
 * t.test(Pair(extra.1, extra.2) ~ 1) prints t = -4.0621, df = 9, p-value = 0.002833, mean -1.58,
 * 95 percent confidence interval -2.4598858 -0.7001142.
 */
static void test_sleep(void **state)
{
	static const double drug1[] = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
	static const double drug2[] = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
	struct rp_paired pairs = rp_paired__of(drug2, drug1, COUNT(drug1));
	double error = rp_paired__error(&pairs, 0.05);

	(void)state;
	assert_int_equal(pairs.n, 10);
	assert_near(pairs.mean, -1.58, 1e-12);
	assert_near(pairs.mean / (pairs.deviation / sqrt(10)), -4.0621, 0.00005);
	assert_near(rp_paired__p(&pairs, 0), 0.002833, 0.0000005);
	assert_near(pairs.mean - error, -2.4598858, 5e-8);
	assert_near(pairs.mean + error, -0.7001142, 5e-8);
	assert_near(rp_paired__p(&pairs, -1.58), 1, 1e-12);
	/* The ends of the interval are where the test is at its level. */
	assert_near(rp_paired__p(&pairs, pairs.mean + error), 0.05, 1e-9);
}

/*
 * Eight pairs of medians, as a comparison takes them. scipy 1.10.1, of their logarithms:
 * stats.ttest_rel(b, a) prints statistic=46.55886789027619, pvalue=5.513179452476108e-10, df=7;
 * stats.t.interval(0.95, 7, ...) (0.04627570027847432, 0.051227686514697286);
 * exp(mean(b - a)) 1.0499596064655017, std(b - a, ddof=1) 0.002961640139214198.
 */
static void test_scipy_pairs(void **state)
{
	double a[] = {101.2, 99.8, 100.4, 100.9, 99.5, 100.1, 100.7, 99.9};
	double b[] = {106.1, 104.9, 105.2, 106.4, 104.1, 105.5, 105.8, 104.6};
	struct rp_paired pairs;
	double error;

	(void)state;
	for (size_t i = 0; i < COUNT(a); i++) {
		a[i] = log(a[i]);
		b[i] = log(b[i]);
	}
	pairs = rp_paired__of(a, b, COUNT(a));
	error = rp_paired__error(&pairs, 0.05);
	assert_near(exp(pairs.mean), 1.0499596064655017, 1e-12);
	assert_near(pairs.deviation, 0.002961640139214198, 1e-12);
	assert_near(pairs.mean / (pairs.deviation / sqrt(8)), 46.55886789027619, 1e-9);
	assert_near(rp_paired__p(&pairs, 0), 5.513179452476108e-10, 1e-18);
	assert_near(pairs.mean - error, 0.04627570027847432, 1e-12);
	assert_near(pairs.mean + error, 0.051227686514697286, 1e-12);
}

static void test_pairs_that_do_not_scatter(void **state)
{
	static const double a[] = {1, 2, 4, 8}, b[] = {2, 3, 5, 9};
	struct rp_paired pairs = rp_paired__of(a, b, COUNT(a)),
			 same = rp_paired__of(a, a, COUNT(a));

	(void)state;
	assert_near(rp_paired__p(&pairs, 0), 0, 0);
	assert_near(rp_paired__p(&pairs, 1), 1, 0);
	assert_near(rp_paired__error(&pairs, 0.05), 0, 0);
	assert_near(rp_paired__p(&same, 0), 1, 0);
	assert_int_equal(rp_paired__more(&pairs, 0.05, 1e-9, 100), 0);
}

/* Of one pair, and of none, no scatter is known. */
static void test_one_pair(void **state)
{
	static const double a[] = {3}, b[] = {5};
	struct rp_paired one = rp_paired__of(a, b, 1), none = rp_paired__of(a, b, 0);

	(void)state;
	assert_int_equal(one.n, 1);
	assert_near(one.mean, 2, 0);
	assert_near(one.deviation, 0, 0);
	assert_int_equal(none.n, 0);
	assert_near(none.mean, 0, 0);
	assert_near(none.deviation, 0, 0);
}

/* As many as make the half width less than that, and not one fewer. */
static void test_how_many_more(void **state)
{
	struct rp_paired pairs = {.n = 8, .deviation = 0.05};
	size_t more = rp_paired__more(&pairs, 0.05, 0.02, 1000);

	(void)state;
	assert_true(more > 0 && more < 1000);
	pairs.n = 8 + more;
	assert_true(rp_paired__error(&pairs, 0.05) < 0.02);
	assert_int_equal(rp_paired__more(&pairs, 0.05, 0.02, 1000), 0);
	pairs.n--;
	assert_false(rp_paired__error(&pairs, 0.05) < 0.02);
	assert_int_equal(rp_paired__more(&pairs, 0.05, 0.02, 1000), 1);
	assert_int_equal(rp_paired__more(&pairs, 0.05, 0, 1000), 1000);
	assert_int_equal(rp_paired__more(&pairs, 0.05, 1e-9, 1000), 1000);
}

/* R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm") prints 0.05 0.08 0.09 0.09 0.09. */
static void test_holm_of_r(void **state)
{
	static const double wanted[] = {0.05, 0.08, 0.09, 0.09, 0.09};
	struct rp_holm tests[COUNT(wanted)];

	(void)state;
	for (size_t i = 0; i < COUNT(wanted); i++) /* in no order */
		tests[i] = (struct rp_holm){.p = 0.01 * (double)((i + 2) % 5 + 1),
					    .index = (i + 2) % 5};
	rp_holm__adjust(tests, COUNT(tests), 0.05);
	for (size_t i = 0; i < COUNT(wanted); i++) {
		assert_int_equal(tests[i].index, i);
		assert_near(tests[i].adjusted, wanted[i], 1e-12);
	}
	/*
	 * The first alone is significant: those after it keep the level that the second failed at.
	 */
	assert_near(tests[0].level, 0.05 / 5, 1e-15);
	for (size_t i = 1; i < COUNT(wanted); i++)
		assert_near(tests[i].level, 0.05 / 4, 1e-15);
}

/* The example of "Holm-Bonferroni method" in Wikipedia: 0.005 and 0.01 are rejected, no other. */
static void test_holm_of_wikipedia(void **state)
{
	struct rp_holm tests[] = {{.p = 0.01, .index = 1},
				  {.p = 0.04, .index = 2},
				  {.p = 0.03, .index = 3},
				  {.p = 0.005, .index = 4}};

	(void)state;
	rp_holm__adjust(tests, COUNT(tests), 0.05);
	assert_int_equal(tests[0].index, 4);
	assert_int_equal(tests[1].index, 1);
	assert_true(tests[0].adjusted <= 0.05 && tests[1].adjusted <= 0.05);
	assert_near(tests[2].adjusted, 0.06, 1e-12);
	assert_near(tests[3].adjusted, 0.06, 1e-12);
	rp_holm__adjust(NULL, 0, 0.05);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_of_t),
		cmocka_unit_test(test_scipy_t),
		cmocka_unit_test(test_closed_forms),
		cmocka_unit_test(test_sleep),
		cmocka_unit_test(test_scipy_pairs),
		cmocka_unit_test(test_pairs_that_do_not_scatter),
		cmocka_unit_test(test_one_pair),
		cmocka_unit_test(test_how_many_more),
		cmocka_unit_test(test_holm_of_r),
		cmocka_unit_test(test_holm_of_wikipedia),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

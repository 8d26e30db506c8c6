// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "compare/statistics.h"

#include <float.h>
#include <math.h>

#include "util/array.h"

/* ---- Student's distribution --------------------------------------------------------------------
 *
 * P(|T| >= t) with v degrees of freedom is the regularized incomplete beta function at
 * x = v / (v + t^2), with a = v / 2 and b = 1 / 2, which is a continued fraction (DLMF 8.17.22),
 * evaluated from its head on by Lentz's method.
 */

#define ROUNDS 400

static double not_zero(double x)
{
	return fabs(x) < DBL_MIN ? DBL_MIN : x;
}

static double beta_fraction(double x, double a, double b)
{
	double c = 1, d = 1 / not_zero(1 - (a + b) * x / (a + 1)), value = d;

	for (int m = 1; m <= ROUNDS; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double step;

		d = 1 / not_zero(1 + even * d);
		c = not_zero(1 + even / c);
		value *= c * d;
		d = 1 / not_zero(1 + odd * d);
		c = not_zero(1 + odd / c);
		step = c * d;
		value *= step;
		if (fabs(step - 1) < 1e-15)
			break;
	}
	return value;
}

/* rest is 1 - x, which may be too small to be told from x. */
static double incomplete_beta(double x, double rest, double a, double b)
{
	double front;

	if (!(x > 0))
		return 0;
	if (!(rest > 0))
		return 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(rest));
	/* The fraction converges fast on one side of the mean. */
	return x < (a + 1) / (a + b + 2) ? front * beta_fraction(x, a, b) / a
					 : 1 - front * beta_fraction(rest, b, a) / b;
}

double rp_t__p(double t, double degrees)
{
	double square = t * t;

	return incomplete_beta(degrees / (degrees + square), square / (degrees + square),
			       degrees / 2, 0.5);
}

double rp_t__of(double p, double degrees)
{
	double low = 0, high = 1;

	while (rp_t__p(high, degrees) > p && high < 1e12)
		high *= 2;
	for (int i = 0; i < 200 && high - low > 1e-13 * high; i++) {
		double middle = (low + high) / 2;

		if (rp_t__p(middle, degrees) > p)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

/* ---- pairs ----------------------------------------------------------------------------------- */

struct rp_paired rp_paired__of(const double *a, const double *b, size_t n)
{
	struct rp_paired out = {.n = n};
	double squares = 0;

	for (size_t i = 0; i < n; i++)
		out.mean += (b[i] - a[i]) / (double)n;
	for (size_t i = 0; i < n; i++)
		squares += (b[i] - a[i] - out.mean) * (b[i] - a[i] - out.mean);
	out.deviation = n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
	return out;
}

/* Differences that are all the same leave no doubt: p is 0, or 1 where they are `null`. */
double rp_paired__p(const struct rp_paired *pairs, double null)
{
	double away = fabs(pairs->mean - null);

	if (!(pairs->deviation > 0))
		return away > 0 ? 0 : 1;
	return rp_t__p(away / (pairs->deviation / sqrt((double)pairs->n)), (double)(pairs->n - 1));
}

static double half_width(double deviation, size_t n, double level)
{
	return deviation > 0 ? rp_t__of(level, (double)(n - 1)) * deviation / sqrt((double)n) : 0;
}

double rp_paired__error(const struct rp_paired *pairs, double level)
{
	return half_width(pairs->deviation, pairs->n, level);
}

size_t rp_paired__more(const struct rp_paired *pairs, double level, double least, size_t most)
{
	size_t low = pairs->n, high = pairs->n + most;

	if (half_width(pairs->deviation, low, level) < least)
		return 0;
	/* It gets narrower with each pair. */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (half_width(pairs->deviation, middle, level) < least)
			high = middle;
		else
			low = middle;
	}
	return high - pairs->n;
}

/* ---- many tests ------------------------------------------------------------------------------ */

static int by_p(const void *a, const void *b)
{
	const struct rp_holm *x = a, *y = b;

	return x->p != y->p ? (x->p > y->p) - (x->p < y->p)
			    : (x->index > y->index) - (x->index < y->index);
}

/*
 * Step down: the smallest p of n is multiplied by n, the next by n - 1, and so on; none gets less
 * than the one before. Where one is not significant, those after it are not either: their
 * intervals are no narrower than its.
 */
void rp_holm__adjust(struct rp_holm *tests, size_t n, double alpha)
{
	double before = 0, level = 0;

	rp_array__sort(tests, n, sizeof(*tests), by_p);
	for (size_t i = 0; i < n; i++) {
		double adjusted = fmin(1, tests[i].p * (double)(n - i));

		if (!i || before <= alpha)
			level = alpha / (double)(n - i);
		before = fmax(before, adjusted);
		tests[i].adjusted = before;
		tests[i].level = level;
	}
}

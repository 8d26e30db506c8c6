/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What runs in pairs tell: Student's t for paired values, Holm's correction for many tests at once,
 * and how many pairs it takes. Pure arithmetic, without memory of its own.
 */
#ifndef RP_STATISTICS_H
#define RP_STATISTICS_H

#include <stddef.h>

/* Differences b - a of n pairs. */
struct rp_paired {
	size_t n;
	double mean;
	double deviation; /* of one difference (n - 1); 0 where n is less than 2 */
};
struct rp_paired rp_paired__of(const double *a, const double *b, size_t n);

/*
 * Two-sided: that a mean as far from `null` comes about where that is the truth. n is at least 2.
 */
double rp_paired__p(const struct rp_paired *pairs, double null);

/* Half of the width of the interval that holds the true mean but for a share `level` of cases. */
double rp_paired__error(const struct rp_paired *pairs, double level);

/*
 * How many more pairs it takes, as these scatter, until that half width is less than `least`; 0:
 * it is so now. `most` where it takes so many or more.
 */
size_t rp_paired__more(const struct rp_paired *pairs, double level, double least, size_t most);

/* Student's distribution: that |t| or more comes about, and the |t| to which that is so. */
double rp_t__p(double t, double degrees);
double rp_t__of(double p, double degrees);

struct rp_holm {
	double p;	 /* of one test; the rest is the answer */
	double adjusted; /* p over all tests: at most alpha where it is significant */
	double level; /* at which its interval leaves the null value out where it is significant */
	size_t index; /* the caller's */
};
/* The tests come back in the order of p. */
void rp_holm__adjust(struct rp_holm *tests, size_t n, double alpha);

#endif

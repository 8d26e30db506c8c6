/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The times of a region's instances, for their median: a histogram like that of the kernel
 * (rp_hist.h) but sixteen times as fine, as changes of a few per cent are to be told. Pure.
 */
#ifndef RP_QUANTILES_H
#define RP_QUANTILES_H

#include <stdint.h>

/* All zero: empty. */
struct rp_quantiles {
	uint64_t *bucket; /* from number `from` on */
	uint32_t from, end;
	uint64_t n;
};

/* 0 or -ENOMEM. */
int rp_quantiles__add(struct rp_quantiles *to, uint64_t ns);
/* All of another one. */
int rp_quantiles__join(struct rp_quantiles *to, const struct rp_quantiles *from);
/* What a share of all is at most, in ns; 0 where there is none. */
double rp_quantiles__at(const struct rp_quantiles *quantiles, double share);
/* How far apart two times near this one may be and be taken for the same: ns. */
double rp_quantiles__resolution(double ns);
void rp_quantiles__free(struct rp_quantiles *quantiles);

#endif

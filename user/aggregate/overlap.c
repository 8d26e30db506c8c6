// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "aggregate/overlap.h"

#include <stdbool.h>
#include <stdint.h>

/* Of so many ends that found their begin, one that did not, or an id that was taken. */
#define MATCHED_A_MISS 4

static uint64_t misses(const struct rp_overlap_arg *arg)
{
	return (uint64_t)arg->missed + arg->taken;
}

/*
 * Where calls nest, the region stack has them right: some must cross, or have been popped. And most
 * calls come to their end, which those do not that are left by an exception.
 */
static bool is_id(const struct rp_overlap *overlap, const struct rp_overlap_arg *arg)
{
	return (arg->crossed || (overlap->popped && arg->matched)) &&
	       arg->matched >= MATCHED_A_MISS * misses(arg) &&
	       4 * (uint64_t)arg->matched >= 3 * (uint64_t)arg->begun;
}

unsigned rp_overlap__told_by(const struct rp_overlap *overlap)
{
	unsigned best = 0;

	for (unsigned k = 0; k < RP_OVERLAP_ARGS; k++)
		if (is_id(overlap, &overlap->arg[k]) &&
		    (!best || misses(&overlap->arg[k]) < misses(&overlap->arg[best - 1])))
			best = k + 1;
	return best;
}

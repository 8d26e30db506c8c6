// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "aggregate/paths.h"

static uint64_t clamp(uint64_t v, uint64_t min, uint64_t max)
{
	return v < min ? min : v > max ? max : v;
}

/* The value a fraction of the way through a bucket, as far as it lies within [min, max]. */
static uint64_t within_bucket(uint32_t index, double fraction, uint64_t min, uint64_t max)
{
	uint64_t low = rp_hist_floor(index), high;
	double part;

	/* The last bucket has no end. */
	high = index == RP_HIST_BUCKETS - 1 ? max : rp_hist_floor(index + 1) - 1;
	low = clamp(low, min, max);
	high = clamp(high, low, max);
	part = fraction * (double)(high - low) + 0.5;
	return part >= (double)(high - low) ? high : low + (uint64_t)part;
}

void rp_hist__percentiles(const struct rp_hist_part *hist, uint64_t count, const double *q,
			  size_t n, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t below = 0;
	uint32_t i = hist->from;

	for (size_t k = 0; k < n; k++) {
		double rank = (q[k] < 0 ? 0 : q[k] > 1 ? 1 : q[k]) * (double)count, fraction;

		out[k] = count ? max : 0;
		if (!count || min >= max)
			continue;
		/* Empty buckets hold no rank, not even the 0th. */
		while (i < hist->end && (!rp_hist_part__at(hist, i) ||
					 (double)(below + rp_hist_part__at(hist, i)) < rank))
			below += rp_hist_part__at(hist, i++);
		if (i == hist->end)
			continue;
		fraction = (rank - (double)below) / (double)rp_hist_part__at(hist, i);
		out[k] = clamp(within_bucket(i, fraction, min, max), min, max);
	}
}

void rp_hist__add(struct rp_hist_part *to, const struct rp_hist_part *from)
{
	for (uint32_t i = from->from; i < from->end; i++)
		to->bucket[i - to->from] += from->bucket[i - from->from];
}

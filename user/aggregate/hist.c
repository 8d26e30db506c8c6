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

uint64_t rp_hist__percentile(const struct rp_hist *hist, uint64_t count, double q, uint64_t min,
			     uint64_t max)
{
	double rank = (q < 0 ? 0 : q > 1 ? 1 : q) * (double)count;
	uint64_t below = 0;

	if (!count)
		return 0;
	if (min >= max)
		return max;
	for (uint32_t i = 0; i < RP_HIST_BUCKETS; i++) {
		uint64_t n = hist->bucket[i];

		if (n && (double)(below + n) >= rank)
			return clamp(within_bucket(i, (rank - (double)below) / (double)n, min, max),
				     min, max);
		below += n;
	}
	return max;
}

void rp_hist__add(struct rp_hist *to, const struct rp_hist *from)
{
	for (uint32_t i = 0; i < RP_HIST_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
}

void rp_hist__add_difference(struct rp_hist *to, const struct rp_hist *now,
			     const struct rp_hist *before)
{
	for (uint32_t i = 0; i < RP_HIST_BUCKETS; i++)
		to->bucket[i] += rp_less(now->bucket[i], before->bucket[i]);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What instances come to over time: the run in slices, which get wider as it gets longer, so that
 * it takes the same memory however many instances there are. Internal to export/.
 */
#ifndef RP_RATES_H
#define RP_RATES_H

#include <stddef.h>
#include <stdint.h>

#define RP_RATE_SLICES 256

/*
 * How much of something there was at a time, on average over each slice. An instance that covers
 * many slices changes only the first and the last of them, and where it begins and ends to cover
 * whole ones.
 */
struct rp_level {
	double part[RP_RATE_SLICES]; /* ns times how much, where a slice is covered in part */
	double step[RP_RATE_SLICES +
		    1]; /* by how much more, or less, slices are covered from here */
};

/* How many of something ended in each slice. */
struct rp_tally {
	uint32_t n[RP_RATE_SLICES];
};

struct rp_rates {
	uint64_t slice; /* ns; 0: there are none as yet */
	struct rp_level **level;
	struct rp_tally **tally;
	size_t n_levels, levels_room, n_tallies, tallies_room;
};

/* From start to end, in ns since the run began, there was so much more of number `level`. All of
 * these: 0 or -ENOMEM. */
int rp_rates__cover(struct rp_rates *rates, uint32_t level, uint64_t start, uint64_t end,
		    double much);
/* One more of number `tally` at a time since the run began. */
int rp_rates__count(struct rp_rates *rates, uint32_t tally, uint64_t time);

/* What there was in each slice. */
struct rp_rate {
	uint64_t slice; /* ns */
	double value[RP_RATE_SLICES];
	uint32_t from, to; /* the first that is not 0, and behind the last one; 0: none is */
};

/* How much there was on average, or how many in a second, of a run that was so long. */
void rp_rates__level(const struct rp_rates *rates, uint32_t level, uint64_t run,
		     struct rp_rate *rate);
void rp_rates__per_second(const struct rp_rates *rates, uint32_t tally, uint64_t run,
			  struct rp_rate *rate);

void rp_rates__free(struct rp_rates *rates);

#endif

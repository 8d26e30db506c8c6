// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "export/rates.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/clock.h"

#define SLICE_FIRST (1u << 16) /* ns; no run is too short to show something */
#define LEAST	    1e-9       /* of a value that is not 0 */

/* ---- wider slices ---------------------------------------------------------------------------- */

/* All that there is of a level in each slice, in ns times how much; `out` may be its own. */
static void add_up(const struct rp_level *level, uint64_t slice, double out[RP_RATE_SLICES])
{
	double whole = 0;

	for (size_t i = 0; i < RP_RATE_SLICES; i++) {
		whole += level->step[i];
		out[i] = level->part[i] + whole * (double)slice;
	}
}

/* What reaches beyond the last slice cannot be there: slices are widened before. */
static void widen_level(struct rp_level *level, uint64_t slice)
{
	double sum[RP_RATE_SLICES];

	add_up(level, slice, sum);
	memset(level, 0, sizeof(*level));
	for (size_t i = 0; i < RP_RATE_SLICES; i++)
		level->part[i / 2] += sum[i];
}

static void widen_tally(struct rp_tally *tally)
{
	struct rp_tally wide = {0};

	for (size_t i = 0; i < RP_RATE_SLICES; i++)
		wide.n[i / 2] += tally->n[i];
	*tally = wide;
}

static void make_room(struct rp_rates *r, uint64_t time)
{
	if (!r->slice)
		r->slice = SLICE_FIRST;
	for (; time / r->slice >= RP_RATE_SLICES; r->slice *= 2) {
		for (size_t i = 0; i < r->n_levels; i++)
			if (r->level[i])
				widen_level(r->level[i], r->slice);
		for (size_t i = 0; i < r->n_tallies; i++)
			if (r->tally[i])
				widen_tally(r->tally[i]);
	}
}

/* ---- adding ---------------------------------------------------------------------------------- */

static struct rp_level *get_level(struct rp_rates *r, uint32_t level)
{
	while (r->n_levels <= level) {
		if (rp_array__grow(&r->level, r->n_levels, &r->levels_room, sizeof(*r->level)))
			return NULL;
		r->level[r->n_levels++] = NULL;
	}
	if (!r->level[level])
		r->level[level] = calloc(1, sizeof(**r->level));
	return r->level[level];
}

static struct rp_tally *get_tally(struct rp_rates *r, uint32_t tally)
{
	while (r->n_tallies <= tally) {
		if (rp_array__grow(&r->tally, r->n_tallies, &r->tallies_room, sizeof(*r->tally)))
			return NULL;
		r->tally[r->n_tallies++] = NULL;
	}
	if (!r->tally[tally])
		r->tally[tally] = calloc(1, sizeof(**r->tally));
	return r->tally[tally];
}

int rp_rates__cover(struct rp_rates *r, uint32_t number, uint64_t start, uint64_t end, double much)
{
	struct rp_level *level = get_level(r, number);
	uint64_t first, last;

	if (!level)
		return -ENOMEM;
	if (end < start) /* only a damaged record has it */
		return 0;
	make_room(r, end);
	first = start / r->slice;
	last = end / r->slice;
	if (first == last) {
		level->part[first] += much * (double)(end - start);
		return 0;
	}
	level->part[first] += much * (double)((first + 1) * r->slice - start);
	level->part[last] += much * (double)(end - last * r->slice);
	level->step[first + 1] += much;
	level->step[last] -= much;
	return 0;
}

int rp_rates__count(struct rp_rates *r, uint32_t number, uint64_t time)
{
	struct rp_tally *tally = get_tally(r, number);

	if (!tally)
		return -ENOMEM;
	make_room(r, time);
	tally->n[time / r->slice]++;
	return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Divides each by how much of its slice the run has. */
static void finish(const struct rp_rates *r, uint64_t run, double unit, struct rp_rate *rate)
{
	rate->slice = r->slice;
	rate->from = rate->to = 0;
	for (uint32_t i = 0; i < RP_RATE_SLICES; i++) {
		uint64_t start = i * r->slice;
		uint64_t ns = run > start && run - start < r->slice ? run - start : r->slice;
		double value = rate->value[i] * unit / (double)ns;

		/* What sums of fractions leave where there is nothing is nothing. */
		rate->value[i] = value > LEAST ? value : 0;
		if (!(value > LEAST))
			continue;
		if (!rate->to)
			rate->from = i;
		rate->to = i + 1;
	}
}

void rp_rates__level(const struct rp_rates *r, uint32_t level, uint64_t run, struct rp_rate *rate)
{
	*rate = (struct rp_rate){0};
	if (level < r->n_levels && r->level[level])
		add_up(r->level[level], r->slice, rate->value);
	finish(r, run, 1, rate);
}

void rp_rates__per_second(const struct rp_rates *r, uint32_t tally, uint64_t run,
			  struct rp_rate *rate)
{
	*rate = (struct rp_rate){0};
	for (size_t i = 0; tally < r->n_tallies && r->tally[tally] && i < RP_RATE_SLICES; i++)
		rate->value[i] = r->tally[tally]->n[i];
	finish(r, run, RP_NS_PER_S, rate);
}

void rp_rates__free(struct rp_rates *r)
{
	for (size_t i = 0; i < r->n_levels; i++)
		free(r->level[i]);
	for (size_t i = 0; i < r->n_tallies; i++)
		free(r->tally[i]);
	free(r->level);
	free(r->tally);
	*r = (struct rp_rates){0};
}

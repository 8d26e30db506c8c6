/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The latencies of a row over the last minutes: how many times fell into which stretch of the log
 * scale in which seconds. What has two modes, or comes every ten seconds, is seen in it. Pure.
 */
#ifndef RP_HEAT_H
#define RP_HEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregate/counts.h"

#define RP_HEAT_COLUMNS 120
#define RP_HEAT_SECONDS 2		      /* of a column */
#define RP_HEAT_BANDS	(RP_HIST_BUCKETS / 4) /* half an octave each */

struct rp_heat {
	uint64_t before[RP_HEAT_BANDS]; /* counts at the last update */
	uint32_t cell[RP_HEAT_COLUMNS][RP_HEAT_BANDS];
	uint64_t first, last; /* columns since the clock began that have been watched */
};

/* NULL: out of memory. What was counted before is in no column. */
struct rp_heat *rp_heat__new(const struct rp_hist_part *hist, uint64_t second);
/* What has been counted up to a second. */
void rp_heat__add(struct rp_heat *heat, const struct rp_hist_part *hist, uint64_t second);
/* Counts begin at zero; what was seen stays. */
void rp_heat__rebase(struct rp_heat *heat);

/* Of a period in so many columns, at most RP_HEAT_COLUMNS, empty so far. */
void rp_heat__of_period(struct rp_heat *heat, size_t columns);
/* What came within a part of it (0 to 1), evenly. */
void rp_heat__spread(struct rp_heat *heat, const struct rp_hist_part *hist, double from, double to);

/* ---- as lines: the longest time first --------------------------------------------------- */

#define RP_HEAT_TONES 4

struct rp_heat_view {
	size_t columns, lines;
	uint32_t low, step; /* line 0 from the bottom has the bands low to low + step - 1 */
	uint32_t most;	    /* counts of a place */
};

/* What fits in so many columns and lines; without any line where nothing was timed. */
void rp_heat__fit(const struct rp_heat *heat, size_t columns, size_t lines,
		  struct rp_heat_view *view);
/* Counts of a place: column 0 is the oldest, line 0 the longest time. */
uint32_t rp_heat__at(const struct rp_heat *heat, const struct rp_heat_view *view, size_t column,
		     size_t line);
/* Shortest time of a line, ns. */
uint64_t rp_heat__floor(const struct rp_heat_view *view, size_t line);
/* 0: none; 1 to RP_HEAT_TONES by the logarithm, so that the rare is seen beside the usual. */
int rp_heat__tone(const struct rp_heat_view *view, uint32_t count);
/* As a character: shades, or without UTF-8 what looks as dark. */
const char *rp_heat__glyph(int tone, bool utf8);

#endif

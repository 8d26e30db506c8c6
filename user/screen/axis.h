/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The time of a record, and the window of it that figures are of. A program that runs has none.
 * Pure.
 */
#ifndef RP_AXIS_H
#define RP_AXIS_H

#include <stddef.h>
#include <stdint.h>

#define RP_AXIS_COLUMNS 256

struct rp_axis {
	uint64_t end;	   /* ns: the record goes from 0 to there */
	uint64_t from, to; /* the window */
	/* Instances that ended, in even columns of the record, and of the window. */
	double all[RP_AXIS_COLUMNS], window[RP_AXIS_COLUMNS];
};

struct rp_span_of_time {
	uint64_t from, to;
};

/* The window so many quarters of itself later, or earlier, as far as the record goes. */
struct rp_span_of_time rp_axis__move(const struct rp_axis *axis, int quarters);
/* Of half its length, or of twice that (by < 0), around the same moment. */
struct rp_span_of_time rp_axis__zoom(const struct rp_axis *axis, int by);
/* As long as it is, with a moment in the middle. */
struct rp_span_of_time rp_axis__around(const struct rp_axis *axis, uint64_t middle);

/* The time at a place of `width` cells that the record takes, and the cell of a time. */
uint64_t rp_axis__time(const struct rp_axis *axis, size_t cell, size_t width);
size_t rp_axis__cell(const struct rp_axis *axis, uint64_t time, size_t width);

/* Loads of so many cells: the highest column of each. */
void rp_axis__fit(const double load[RP_AXIS_COLUMNS], float *out, size_t cells);

#endif

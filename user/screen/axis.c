// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/axis.h"

#define SHORTEST 1000ull /* ns of a window: less holds no instance but by chance */

/* A window of this length, moved to where the record is. */
static struct rp_span_of_time within(const struct rp_axis *axis, double from, uint64_t length)
{
	struct rp_span_of_time span = {0, axis->end};
	double last;

	if (length >= axis->end)
		return span;
	last = (double)(axis->end - length);
	from = from < 0 ? 0 : from > last ? last : from;
	span.from = (uint64_t)from;
	span.to = span.from + length;
	return span;
}

struct rp_span_of_time rp_axis__move(const struct rp_axis *axis, int quarters)
{
	uint64_t length = axis->to - axis->from;

	return within(axis, (double)axis->from + (double)length / 4 * quarters, length);
}

struct rp_span_of_time rp_axis__zoom(const struct rp_axis *axis, int by)
{
	uint64_t length = axis->to - axis->from, next = by > 0 ? length / 2 : length * 2;

	if (length > axis->end / 2 && by < 0)
		next = axis->end;
	if (next < SHORTEST)
		next = length < SHORTEST ? length : SHORTEST;
	return within(axis, (double)axis->from + ((double)length - (double)next) / 2, next);
}

struct rp_span_of_time rp_axis__around(const struct rp_axis *axis, uint64_t middle)
{
	uint64_t length = axis->to - axis->from;

	return within(axis, (double)middle - (double)length / 2, length);
}

uint64_t rp_axis__time(const struct rp_axis *axis, size_t cell, size_t width)
{
	double share = width ? ((double)cell + 0.5) / (double)width : 0;

	return share < 1 ? (uint64_t)((double)axis->end * share) : axis->end;
}

size_t rp_axis__cell(const struct rp_axis *axis, uint64_t time, size_t width)
{
	size_t cell = axis->end ? (size_t)((double)time / (double)axis->end * (double)width) : 0;

	return cell < width ? cell : width ? width - 1 : 0;
}

void rp_axis__fit(const double load[RP_AXIS_COLUMNS], float *out, size_t cells)
{
	for (size_t i = 0; i < cells; i++) {
		size_t from = i * RP_AXIS_COLUMNS / cells, to = (i + 1) * RP_AXIS_COLUMNS / cells;
		double most = load[from];

		for (size_t c = from + 1; c < to; c++)
			most = load[c] > most ? load[c] : most;
		out[i] = (float)most;
	}
}

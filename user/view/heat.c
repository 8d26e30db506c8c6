// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "view/heat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS (RP_HIST_BUCKETS / RP_HEAT_BANDS) /* of a band */

static uint64_t count_of(const struct rp_hist_part *hist, uint32_t band)
{
	uint64_t sum = 0;

	for (uint32_t i = band * BUCKETS; i < (band + 1) * BUCKETS; i++)
		sum += rp_hist_part__at(hist, i);
	return sum;
}

struct rp_heat *rp_heat__new(const struct rp_hist_part *hist, uint64_t second)
{
	struct rp_heat *heat = calloc(1, sizeof(*heat));

	if (!heat)
		return NULL;
	heat->first = heat->last = second / RP_HEAT_SECONDS;
	for (uint32_t i = 0; i < RP_HEAT_BANDS; i++)
		heat->before[i] = count_of(hist, i);
	return heat;
}

void rp_heat__add(struct rp_heat *heat, const struct rp_hist_part *hist, uint64_t second)
{
	uint64_t now = second / RP_HEAT_SECONDS;
	uint32_t *column = heat->cell[now % RP_HEAT_COLUMNS];

	if (now > heat->last + RP_HEAT_COLUMNS)
		heat->last = now - RP_HEAT_COLUMNS;
	while (heat->last < now)
		memset(heat->cell[++heat->last % RP_HEAT_COLUMNS], 0, sizeof(heat->cell[0]));
	for (uint32_t i = 0; i < RP_HEAT_BANDS; i++) {
		uint64_t count = count_of(hist, i);

		if (count > heat->before[i])
			column[i] += (uint32_t)(count - heat->before[i]);
		heat->before[i] = count;
	}
}

void rp_heat__rebase(struct rp_heat *heat)
{
	memset(heat->before, 0, sizeof(heat->before));
}

void rp_heat__of_period(struct rp_heat *heat, size_t columns)
{
	*heat = (struct rp_heat){.last = columns - 1};
}

static uint64_t column_at(const struct rp_heat *heat, double share)
{
	double column = share * (double)(heat->last + 1);

	return column < 0 ? 0 : column < (double)heat->last ? (uint64_t)column : heat->last;
}

void rp_heat__spread(struct rp_heat *heat, const struct rp_hist_part *hist, double from, double to)
{
	uint64_t first = column_at(heat, from), last = column_at(heat, to), n;

	/* Times in a damaged file may overflow. */
	n = last > first ? last - first + 1 : 1;
	for (uint32_t i = hist->from; i < hist->end; i++)
		for (uint64_t c = 0; c < n; c++) {
			uint64_t count = rp_hist_part__at(hist, i);

			/* Whole ones, as many as there are. */
			heat->cell[first + c][i / BUCKETS] += (uint32_t)((c + 1) * count / n -
									 c * count / n);
		}
}

/* ---- as lines --------------------------------------------------------------------------- */

/* Those of a column of the view; NULL: before the first, or no longer known. */
static const uint32_t *column_of(const struct rp_heat *heat, const struct rp_heat_view *view,
				 size_t column)
{
	uint64_t ago = view->columns - 1 - column;

	if (ago > heat->last - heat->first || ago >= RP_HEAT_COLUMNS)
		return NULL;
	return heat->cell[(heat->last - ago) % RP_HEAT_COLUMNS];
}

static void find_bands(const struct rp_heat *heat, const struct rp_heat_view *view, uint32_t *low,
		       uint32_t *high)
{
	*low = RP_HEAT_BANDS;
	*high = 0;
	for (size_t c = 0; c < view->columns; c++) {
		const uint32_t *column = column_of(heat, view, c);

		for (uint32_t i = 0; column && i < RP_HEAT_BANDS; i++) {
			if (!column[i])
				continue;
			*low = i < *low ? i : *low;
			*high = i + 1 > *high ? i + 1 : *high;
		}
	}
}

void rp_heat__fit(const struct rp_heat *heat, size_t columns, size_t lines,
		  struct rp_heat_view *view)
{
	uint32_t low, high;

	*view = (struct rp_heat_view){
		.columns = columns < RP_HEAT_COLUMNS ? columns : RP_HEAT_COLUMNS, .step = 1};
	find_bands(heat, view, &low, &high);
	if (low >= high || !lines)
		return;
	/* Lines begin at multiples of the step, so that they stay as times come and go. */
	while ((high - 1) / view->step - low / view->step >= lines)
		view->step++;
	view->low = low / view->step * view->step;
	view->lines = (high - 1) / view->step - low / view->step + 1;
	for (size_t c = 0; c < view->columns; c++)
		for (size_t i = 0; i < view->lines; i++) {
			uint32_t count = rp_heat__at(heat, view, c, i);

			view->most = count > view->most ? count : view->most;
		}
}

static uint32_t first_band(const struct rp_heat_view *view, size_t line)
{
	return view->low + (uint32_t)(view->lines - 1 - line) * view->step;
}

uint32_t rp_heat__at(const struct rp_heat *heat, const struct rp_heat_view *view, size_t column,
		     size_t line)
{
	const uint32_t *bands = column_of(heat, view, column);
	uint32_t from = first_band(view, line), sum = 0;

	for (uint32_t i = from; bands && i < from + view->step && i < RP_HEAT_BANDS; i++)
		sum += bands[i];
	return sum;
}

uint64_t rp_heat__floor(const struct rp_heat_view *view, size_t line)
{
	return rp_hist_floor(first_band(view, line) * BUCKETS);
}

int rp_heat__tone(const struct rp_heat_view *view, uint32_t count)
{
	if (!count)
		return 0;
	return 1 + (int)(log1p((double)count) / log1p((double)view->most) * (RP_HEAT_TONES - 0.01));
}

const char *rp_heat__glyph(int tone, bool utf8)
{
	static const char *const glyphs[][RP_HEAT_TONES + 1] = {{" ", ".", ":", "*", "#"},
								{" ", "░", "▒", "▓", "█"}};

	return glyphs[utf8][tone];
}

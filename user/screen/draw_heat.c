// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The pane of latencies over time: minutes across, time upwards, how many as a tone. */
#include <stdio.h>
#include <string.h>

#include "screen/cells.h"
#include "screen/draw.h"
#include "screen/panes.h"

#define FIGURE 8 /* columns of a time */

static void draw_line(const struct rp_state *s, size_t y, const struct rp_heat *heat,
		      const struct rp_heat_view *view, size_t line)
{
	char figure[32];

	rp_draw__pane_right(s, RP_STYLE_NORMAL, y, 0, FIGURE,
			    rp_draw__ns(s, rp_heat__floor(view, line), figure, sizeof(figure)));
	for (size_t c = 0; c < view->columns; c++) {
		int level = rp_heat__tone(view, rp_heat__at(heat, view, c, line));

		if (level)
			rp_draw__pane_text(s, RP_STYLE_HEAT + level - 1, y, FIGURE + 1 + c, 1,
					   rp_heat__glyph(level, s->utf8));
	}
}

/* Minutes ago below, from the right. */
static void draw_axis(const struct rp_state *s, size_t y, size_t columns)
{
	const size_t minute = 60 / RP_HEAT_SECONDS;
	char text[32];

	for (size_t ago = minute; ago < columns; ago += minute) {
		snprintf(text, sizeof(text), "-%zu min", ago / minute);
		rp_draw__pane_text(s, RP_STYLE_FAINT, y, FIGURE + columns - ago, strlen(text),
				   text);
	}
	if (columns >= 3)
		rp_draw__pane_text(s, RP_STYLE_FAINT, y, FIGURE + 1 + columns - 3, 3, "now");
}

/* From the begin of the window to its end, below. Groups are not told apart. */
static void draw_window_axis(const struct rp_state *s, size_t y, size_t columns)
{
	static const char all[] = "all groups";
	char from[40], to[40];

	rp_draw__pane_text(s, RP_STYLE_FAINT, y, FIGURE + 1, columns,
			   rp_draw__seconds(s->axis->from, from, sizeof(from)));
	rp_draw__seconds(s->axis->to, to, sizeof(to));
	if (columns > strlen(from) + strlen(to) + 1)
		rp_draw__pane_right(s, RP_STYLE_FAINT, y, FIGURE + 1 + columns - strlen(to),
				    strlen(to), to);
	if (s->by != RP_BY_NONE && columns > strlen(from) + strlen(to) + strlen(all) + 3)
		rp_draw__pane_text(s, RP_STYLE_FAINT, y, FIGURE + 1 + strlen(from) + 2, strlen(all),
				   all);
}

size_t rp_heat__columns(const struct rp_state *s)
{
	size_t width = s->layout.pane_width;

	width = width < FIGURE + 4 ? 0 : width - FIGURE - 1;
	return width < RP_HEAT_COLUMNS ? width : RP_HEAT_COLUMNS;
}

static const struct rp_heat *heat_of(const struct rp_state *s, const struct rp_row *row)
{
	if (s->axis)
		return s->heat;
	row = rp_flat__find(s->shown, row);
	return row && row->history ? row->history->heat_map : NULL;
}

void rp_draw__heat(const struct rp_state *s, const struct rp_row *row)
{
	size_t y = s->layout.pane + 1, room = s->layout.n_pane - 1;
	size_t width = s->layout.pane_width;
	const struct rp_heat *heat = heat_of(s, row);
	struct rp_heat_view view;

	if (!heat || room < 2 || !rp_heat__columns(s))
		return;
	rp_heat__fit(heat, rp_heat__columns(s), room - 1, &view);
	if (!view.lines)
		rp_draw__pane_text(s, RP_STYLE_FAINT, y, 0, width,
				   s->axis ? "nothing was timed in the window"
					   : "nothing was timed in the last minutes: the map fills "
					     "as it goes on");
	for (size_t i = 0; i < view.lines; i++)
		draw_line(s, y + i, heat, &view, i);
	if (view.lines && s->axis)
		draw_window_axis(s, y + view.lines, view.columns);
	else if (view.lines)
		draw_axis(s, y + view.lines, view.columns);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The time of a record: how much ended when, which part of it is the window, and that enlarged. */
#include <stdio.h>
#include <string.h>

#include "screen/cells.h"
#include "screen/draw.h"
#include "screen/keys.h"

const char *rp_draw__seconds(uint64_t ns, char *buf, size_t size)
{
	char *end;

	snprintf(buf, size, "%.9f", (double)ns / 1e9);
	end = buf + strlen(buf);
	while (end[-1] == '0')
		end--;
	*(end[-1] == '.' ? end - 1 : end) = '\0';
	return buf;
}

void rp_draw__window(const struct rp_state *s)
{
	char text[256], rate[32], from[40], to[40], end[40];
	const char *kept = s->total->meta.kept;
	uint64_t lost = rp_state__lost(s);
	int at;

	at = snprintf(text, sizeof(text), "%s s to %s s of %s s  %s instances/s",
		      rp_draw__seconds(s->axis->from, from, sizeof(from)),
		      rp_draw__seconds(s->axis->to, to, sizeof(to)),
		      rp_draw__seconds(s->axis->end, end, sizeof(end)),
		      rp_text__count(s->histories.all.rate, rate, sizeof(rate)));
	at += snprintf(text + at, sizeof(text) - (size_t)at, "  lost %s",
		       rp_text__count((double)lost, rate, sizeof(rate)));
	if (kept && *kept)
		snprintf(text + at, sizeof(text) - (size_t)at, "  a part only: %s", kept);
	rp_draw__text(s, RP_STYLE_NORMAL, 1, 0, s->layout.width, text);
}

/* Loads as a line of heights; `from` to `to` in another style. */
static void draw_load(const struct rp_state *s, size_t y, const char *name,
		      const double load[RP_AXIS_COLUMNS], size_t from, size_t to)
{
	size_t width = rp_axis__width(s);
	float values[RP_CELLS_MAX];
	char buf[RP_CELLS_BUF], part[RP_CELLS_BUF];
	const char *char_at = buf;

	width = width < RP_CELLS_MAX ? width : RP_CELLS_MAX;
	rp_axis__fit(load, values, width);
	rp_cells__spark(values, width, s->utf8, buf);
	rp_draw__text(s, RP_STYLE_FAINT, y, 0, RP_AXIS_X, name);
	for (size_t x = 0; x < width; x++) {
		size_t n = 1;

		while (((unsigned char)char_at[n] & 0xc0) == 0x80)
			n++;
		memcpy(part, char_at, n);
		part[n] = '\0';
		rp_terminal__put(x >= from && x < to ? RP_STYLE_GRAPH : RP_STYLE_FAINT, y,
				 RP_AXIS_X + x, part);
		char_at += n;
	}
}

/* The window between brackets; all of it is one where it is narrower than a cell. */
static void draw_ruler(const struct rp_state *s, size_t y, size_t from, size_t to)
{
	size_t width = rp_axis__width(s);
	char end[40], text[48];

	rp_draw__right(s, RP_STYLE_FAINT, y, 0, RP_AXIS_X - 1, "0 s");
	for (size_t x = 0; x < width; x++) {
		bool inside = x >= from && x < to;
		const char *mark = !inside	    ? (s->utf8 ? "─" : "-")
				   : to - from == 1 ? "|"
				   : x == from	    ? "["
				   : x + 1 == to    ? "]"
						    : (s->utf8 ? "━" : "=");

		rp_terminal__put(inside ? RP_STYLE_STRONG : RP_STYLE_FAINT, y, RP_AXIS_X + x, mark);
	}
	snprintf(text, sizeof(text), " %s", rp_draw__ns(s, s->axis->end, end, sizeof(end)));
	rp_draw__text(s, RP_STYLE_FAINT, y, RP_AXIS_X + width, RP_AXIS_MARGIN, text);
}

void rp_draw__axis(const struct rp_state *s)
{
	size_t width = s->axis ? rp_axis__width(s) : 0, n = s->layout.n_axis, y = s->layout.axis;
	size_t from, to;

	if (!width || !n)
		return;
	from = rp_axis__cell(s->axis, s->axis->from, width);
	to = rp_axis__cell(s->axis, s->axis->to ? s->axis->to - 1 : 0, width) + 1;
	if (to <= from)
		to = from + 1;
	if (n > 1)
		draw_load(s, y++, "record", s->axis->all, from, to);
	draw_ruler(s, y++, from, to);
	if (n > 2)
		draw_load(s, y, "window", s->axis->window, 0, width);
}

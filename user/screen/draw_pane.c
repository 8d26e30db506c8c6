// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "screen/cells.h"
#include "screen/draw.h"
#include "screen/keys.h"
#include "screen/panes.h"

#define FIGURE 8 /* columns of a figure */
#define GROUPS 256

/* All marks in one line: of a region whose times hardly differ. */
#define ALL_MARKS (sizeof("p50 p90 p99 p99.9 max") - 1)

static void draw_heading(const struct rp_state *s, const struct rp_row *row)
{
	size_t x = 0, y = s->layout.pane;
	char title[512];

	rp_terminal__fill(RP_STYLE_TITLE, y, s->layout.pane_x, s->layout.pane_width);
	for (int i = RP_PANE_HIST; i < RP_PANE_END; i++) {
		enum rp_style style = (int)s->pane == i ? RP_STYLE_TITLE_SORT : RP_STYLE_TITLE;
		size_t width = strlen(rp_pane_titles[i]) + 2;

		if (!rp_pane__is_there(s, (enum rp_pane)i))
			continue;
		snprintf(title, sizeof(title), " %s ", rp_pane_titles[i]);
		rp_draw__pane_text(s, style, y, x, width, title);
		x += width;
	}
	snprintf(title, sizeof(title), " %s%s%s%s", row ? row->name : "all of the target",
		 row && row->group ? "  " : "", row && row->group ? row->group : "",
		 s->pane != RP_PANE_HIST ? ""
		 : s->log_scale		 ? "  (log scale)"
					 : "  (bars: density)");
	if (x < s->layout.pane_width)
		rp_draw__pane_text(s, RP_STYLE_TITLE, y, x, s->layout.pane_width - x, title);
}

/* ---- histogram -------------------------------------------------------------------------- */

/* As many as there is room for, whole. */
static void draw_figures(const struct rp_state *s, size_t y, const struct rp_row *row)
{
	static const char *const keys[] = {"count", "mean", "p50", "p90",   "p99",
					   "max",   "p999", "min", "stddev"};
	char text[128], figure[64];
	size_t x = 0, width;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct rp_column *column = rp_column__find(keys[i]);

		snprintf(text, sizeof(text), "%s %s", keys[i],
			 rp_column__format(column, row, s->shown, s->utf8, figure, sizeof(figure)));
		width = rp_cells__width(text, s->utf8);
		if (x + width > s->layout.pane_width)
			return;
		rp_draw__pane_text(s, RP_STYLE_NORMAL, y, x, width, text);
		x += width + 2;
	}
}

static double share_of(const struct rp_state *s, double weight, double most)
{
	if (!(weight > 0))
		return 0;
	return s->log_scale ? log1p(weight) / log1p(most) : weight / most;
}

/* The percentiles that are in it stand behind the bar. */
static void draw_bucket(const struct rp_state *s, size_t y, const struct rp_hist_line *line,
			double most)
{
	size_t marks = s->layout.pane_width >= 60 ? ALL_MARKS : 8,
	       used = 2 * (FIGURE + 1) + marks + 1;
	size_t width = s->layout.pane_width > used ? s->layout.pane_width - used : 1;
	size_t x = 2 * (FIGURE + 1);
	char figure[32], buf[RP_CELLS_BUF];

	rp_draw__pane_right(s, RP_STYLE_NORMAL, y, 0, FIGURE,
			    rp_draw__ns(s, line->from, figure, sizeof(figure)));
	rp_draw__pane_right(s, RP_STYLE_NORMAL, y, FIGURE + 1, FIGURE,
			    rp_text__count((double)line->count, figure, sizeof(figure)));
	rp_cells__bar(share_of(s, line->weight, most), width, s->utf8, buf);
	width = rp_cells__width(buf, s->utf8);
	rp_draw__pane_text(s, RP_STYLE_GRAPH, y, x, width, buf);
	rp_draw__pane_text(s, RP_STYLE_STRONG, y, x + width + 1, s->layout.pane_width, line->marks);
}

static void draw_hist(const struct rp_state *s, const struct rp_row *row)
{
	size_t y = s->layout.pane + 1, room = s->layout.n_pane - 1;
	struct rp_hist_lines lines;

	row = rp_flat__find(s->shown, row);
	if (!row || !room)
		return;
	if (room > 3) {
		draw_figures(s, y++, row);
		room--;
	}
	rp_hist_lines__make(&lines, &row->hist, &row->f, room);
	if (!lines.n)
		rp_draw__pane_text(s, RP_STYLE_FAINT, y, 0, s->layout.pane_width,
				   "nothing was timed");
	for (size_t i = 0; i < lines.n; i++)
		draw_bucket(s, y + i, &lines.line[i], lines.most);
}

/* ---- callers and callees ---------------------------------------------------------------- */

static void draw_kin_line(const struct rp_state *s, enum rp_style style, size_t y, size_t x,
			  size_t width, const char *const text[3])
{
	size_t name = width > 2 * (FIGURE + 1) ? width - 2 * (FIGURE + 1) : width;

	rp_draw__pane_text(s, style, y, x, name, text[0]);
	if (name == width)
		return;
	rp_draw__pane_right(s, style, y, x + name + 1, FIGURE, text[1]);
	rp_draw__pane_right(s, style, y, x + name + FIGURE + 2, FIGURE, text[2]);
}

static void draw_kin_list(const struct rp_state *s, size_t y, size_t x, size_t width, size_t lines,
			  const char *title, const struct rp_call_list *list)
{
	char heading[64], count[32], total[32];
	const char *text[] = {heading, list->n ? "COUNT" : "", list->n ? "TOTAL" : ""};

	if (!lines)
		return;
	snprintf(heading, sizeof(heading), "%s: %zu%s", title, list->n,
		 list->more ? " and more" : "");
	draw_kin_line(s, RP_STYLE_STRONG, y, x, width, text);
	for (size_t i = 0; i < list->n && i + 1 < lines; i++) {
		const struct rp_call *other = &list->item[i];

		text[0] = other->name ? other->name : "(no region)";
		text[1] = rp_text__count((double)other->count, count, sizeof(count));
		text[2] = rp_draw__ns(s, other->total, total, sizeof(total));
		draw_kin_line(s, other->name ? RP_STYLE_NORMAL : RP_STYLE_FAINT, y + 1 + i, x,
			      width, text);
	}
}

static void draw_call(const struct rp_state *s, const struct rp_row *row)
{
	size_t y = s->layout.pane + 1, room = s->layout.n_pane - 1, half;
	struct rp_call_list callers, callees;

	if (rp_calls__find(s->shown, row, &callers, &callees))
		return;
	if (s->layout.pane_width >= 70) {
		half = s->layout.pane_width / 2 - 2;
		draw_kin_list(s, y, 0, half, room, "entered from", &callers);
		draw_kin_list(s, y, half + 3, half, room, "enters", &callees);
		return;
	}
	half = room / 2;
	draw_kin_list(s, y, 0, s->layout.pane_width, half, "entered from", &callers);
	draw_kin_list(s, y + half, 0, s->layout.pane_width, room - half, "enters", &callees);
}

/* ---- groups ----------------------------------------------------------------------------- */

static void draw_groups(const struct rp_state *s, const struct rp_row *row)
{
	static const char *const keys[] = {"count", "total", "self", "p50", "p99", "max"};
	const struct rp_row *rows[GROUPS];
	size_t y = s->layout.pane + 1, room = s->layout.n_pane - 1, name = 24, n;
	char title[32];

	if (!room)
		return;
	if (s->by == RP_BY_NONE) {
		rp_draw__pane_text(
			s, RP_STYLE_FAINT, y, 0, s->layout.pane_width,
			"not grouped: g groups by process, thread, command, cgroup or label");
		return;
	}
	n = rp_groups__find(s->shown, row->region, rows, room - 1 < GROUPS ? room - 1 : GROUPS);
	rp_draw__pane_text(
		s, RP_STYLE_STRONG, y, 0, name,
		rp_column__title(rp_column__find("group"), s->shown, title, sizeof(title)));
	for (size_t c = 0; c < sizeof(keys) / sizeof(keys[0]); c++) {
		const struct rp_column *column = rp_column__find(keys[c]);
		size_t x = name + c * (FIGURE + 1) + 1;

		rp_draw__pane_right(s, RP_STYLE_STRONG, y, x, FIGURE, column->title);
		for (size_t i = 0; i < n; i++)
			rp_draw__figure(s, RP_STYLE_NORMAL, y + 1 + i, s->layout.pane_x + x, FIGURE,
					column, rows[i]);
	}
	for (size_t i = 0; i < n; i++)
		rp_draw__pane_text(s, RP_STYLE_NORMAL, y + 1 + i, 0, name, rows[i]->group);
}

/* ---- source ----------------------------------------------------------------------------- */

#define ROLE	6
#define ADDRESS 28 /* an object and an offset ... */
#define OFFSET	10 /* ... that takes so much of it where the name is long */

/* What is at the end tells more of a path than what is at its begin. */
static const char *tail(const char *path, size_t width, bool utf8)
{
	const char *slash;

	while (rp_cells__width(path, utf8) > width && (slash = strchr(path + 1, '/')))
		path = slash;
	return path;
}

static void draw_site(const struct rp_state *s, size_t y, const struct rp_source_site *site)
{
	static const char *const states[] = {
		[RP_SOURCE_PENDING] = "reading the debug information ...",
		[RP_SOURCE_NO_LINE] = "no line there: made by the compiler, or in assembler",
		[RP_SOURCE_NO_DEBUG] = "no debug information",
		[RP_SOURCE_FAILED] = "the debug information could not be read",
	};
	size_t x = ROLE + ADDRESS + 4,
	       width = s->layout.pane_width > x ? s->layout.pane_width - x : 0;
	const char *slash = strrchr(site->object, '/'), *name = slash ? slash + 1 : site->object;
	size_t length = rp_cells__width(name, s->utf8);
	char text[RP_SOURCE_FILE + 16];
	enum rp_style style = RP_STYLE_FAINT;

	length = length < ADDRESS - OFFSET ? length : ADDRESS - OFFSET;
	rp_draw__pane_text(s, RP_STYLE_NORMAL, y, 0, ROLE, site->role);
	rp_draw__pane_text(s, RP_STYLE_NORMAL, y, ROLE, 1, site->slow ? "~" : " ");
	rp_draw__pane_text(s, RP_STYLE_FAINT, y, ROLE + 2, length, name);
	snprintf(text, sizeof(text), "+%#" PRIx64, site->offset);
	rp_draw__pane_text(s, RP_STYLE_FAINT, y, ROLE + 2 + length, ADDRESS - length, text);
	if (site->state == RP_SOURCE_LINE) {
		snprintf(text, sizeof(text), "%s:%" PRIu32, site->file, site->line);
		style = RP_STYLE_STRONG;
	} else {
		snprintf(text, sizeof(text), "%s", states[site->state]);
	}
	rp_draw__pane_text(s, style, y, x, width, tail(text, width, s->utf8));
}

static void draw_source(const struct rp_state *s)
{
	size_t y = s->layout.pane + 1, room = s->layout.n_pane - 1;
	const struct rp_source *source = s->source;
	const char *note = NULL;
	char text[64];

	if (!source || !room)
		return;
	snprintf(text, sizeof(text), "%zu of %zu sites", source->n, source->n + source->more);
	if (!source->n)
		note = "named at run time: it has no site of its own";
	else if (source->site[0].state == RP_SOURCE_NO_DEBUG)
		note = "build it with -g, or install its debug package (Debian: -dbgsym)";
	else if (source->more)
		note = text;
	if (note)
		rp_draw__pane_text(s, RP_STYLE_FAINT, y + --room, 0, s->layout.pane_width, note);
	for (size_t i = 0; i < source->n && i < room; i++)
		draw_site(s, y + i, &source->site[i]);
}

void rp_draw__pane(const struct rp_state *s)
{
	const struct rp_row *row = rp_state__chosen_row(s);

	if (!s->layout.n_pane || (!row && s->pane != RP_PANE_SAMPLES && s->pane != RP_PANE_ASLEEP))
		return;
	draw_heading(s, row);
	if (s->pane == RP_PANE_SAMPLES)
		rp_draw__samples(s, row);
	else if (s->pane == RP_PANE_ASLEEP)
		rp_draw__asleep(s, row);
	else if (s->pane == RP_PANE_WAKERS)
		rp_draw__wakers(s, row);
	else if (s->pane == RP_PANE_HIST)
		draw_hist(s, row);
	else if (s->pane == RP_PANE_HEAT)
		rp_draw__heat(s, row);
	else if (s->pane == RP_PANE_ICICLE)
		rp_draw__icicle(s);
	else if (s->pane == RP_PANE_CALLS)
		draw_call(s, row);
	else if (s->pane == RP_PANE_GROUPS)
		draw_groups(s, row);
	else
		draw_source(s);
}

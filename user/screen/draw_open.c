// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What is open: a line a frame. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "screen/cells.h"
#include "screen/draw.h"

#define AGE	8 /* columns */
#define PROCESS 20
#define THREAD	12
#define NARROW	60 /* columns of a terminal that has none for the process */

/* Where the columns begin; the path takes what is left. */
struct places {
	size_t process, thread, path, room;
	bool has_process;
};

static struct places places_of(const struct rp_state *s)
{
	struct places at = {.has_process = s->layout.width >= NARROW};

	at.process = RP_GUTTER + AGE + 1;
	at.thread = at.process + (at.has_process ? PROCESS + 1 : 0);
	at.path = at.thread + THREAD + 1;
	at.room = s->layout.width > at.path ? s->layout.width - at.path : 0;
	return at;
}

static void draw_titles(const struct rp_state *s, const struct places *at)
{
	size_t y = s->layout.titles;

	if (y >= s->layout.bar)
		return;
	rp_terminal__fill(RP_STYLE_TITLE, y, 0, s->layout.width);
	rp_draw__right(s, RP_STYLE_TITLE_SORT, y, RP_GUTTER, AGE, s->utf8 ? "AGE▼" : "AGEv");
	if (at->has_process)
		rp_draw__text(s, RP_STYLE_TITLE, y, at->process, PROCESS, "PROCESS");
	rp_draw__text(s, RP_STYLE_TITLE, y, at->thread, THREAD, "THREAD");
	rp_draw__text(s, RP_STYLE_TITLE, y, at->path, at->room, "OPEN REGION AND WHAT IT IS IN");
}

static void draw_row(const struct rp_state *s, const struct places *at, size_t y, size_t i)
{
	const struct rp_open_row *row = rp_open_list__row(&s->list, i);
	bool stuck = rp_open_list__is_stuck(&s->list, i);
	enum rp_style style = i == s->list.cursor ? RP_STYLE_SELECTED
			      : stuck		  ? RP_STYLE_WARNING
						  : RP_STYLE_NORMAL;
	size_t room = at->room < RP_OPEN_PATH ? at->room + 1 : RP_OPEN_PATH;
	char text[RP_OPEN_PATH];

	if (style == RP_STYLE_SELECTED)
		rp_terminal__fill(style, y, 0, s->layout.width);
	rp_draw__text(s, style, y, 0, RP_GUTTER, stuck ? " !" : "");
	rp_draw__right(s, style, y, RP_GUTTER, AGE, rp_draw__ns(s, row->age, text, sizeof(text)));
	snprintf(text, sizeof(text), "%" PRIu32 " %s", row->pid, row->comm);
	if (at->has_process)
		rp_draw__text(s, style, y, at->process, PROCESS, text);
	if (row->kind == RP_KIND_SPAN)
		snprintf(text, sizeof(text), "span %" PRIu64, row->span);
	else if (row->tid)
		snprintf(text, sizeof(text), "%" PRIu32, row->tid);
	else
		snprintf(text, sizeof(text), "%#" PRIx64, row->goroutine);
	rp_draw__text(s, style, y, at->thread, THREAD, text);
	rp_draw__text(s, style, y, at->path, at->room,
		      rp_open_list__path(&s->list, row, text, room));
}

void rp_draw__open(const struct rp_state *s)
{
	const struct rp_open_list *list = &s->list;
	const struct places at = places_of(s);

	draw_titles(s, &at);
	for (size_t line = 0; line < s->layout.n_table && list->top + line < list->n_visible;
	     line++)
		draw_row(s, &at, s->layout.table + line, list->top + line);
	if (!list->n_visible && s->layout.n_table)
		rp_draw__text(s, RP_STYLE_FAINT, s->layout.table, RP_GUTTER, s->layout.width,
			      list->asked     ? "what is open is being read"
			      : !list->open   ? "this kernel cannot tell which regions are open"
			      : list->open->n ? "no row has this text: F4 changes the filter"
					      : "no region is open");
}

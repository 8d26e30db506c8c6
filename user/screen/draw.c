// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/draw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "screen/cells.h"
#include "screen/keys.h"

/* ---- text ------------------------------------------------------------------------------- */

void rp_draw__text(const struct rp_state *s, enum rp_style style, size_t y, size_t x, size_t width,
		   const char *text)
{
	char buf[RP_CELLS_BUF];

	if (x >= s->layout.width)
		return;
	if (width > s->layout.width - x)
		width = s->layout.width - x;
	rp_terminal__put(style, y, x, rp_cells__fit(text, width, s->utf8, buf));
}

void rp_draw__right(const struct rp_state *s, enum rp_style style, size_t y, size_t x, size_t width,
		    const char *text)
{
	char buf[RP_CELLS_BUF];

	if (x + width <= s->layout.width)
		rp_terminal__put(style, y, x, rp_cells__right(text, width, s->utf8, buf));
}

void rp_draw__pane_text(const struct rp_state *s, enum rp_style style, size_t y, size_t x,
			size_t width, const char *text)
{
	if (x >= s->layout.pane_width)
		return;
	if (width > s->layout.pane_width - x)
		width = s->layout.pane_width - x;
	rp_draw__text(s, style, y, s->layout.pane_x + x, width, text);
}

void rp_draw__pane_right(const struct rp_state *s, enum rp_style style, size_t y, size_t x,
			 size_t width, const char *text)
{
	if (x + width <= s->layout.pane_width)
		rp_draw__right(s, style, y, s->layout.pane_x + x, width, text);
}

void rp_draw__figure(const struct rp_state *s, enum rp_style style, size_t y, size_t x,
		     size_t width, const struct rp_column *column, const struct rp_row *row)
{
	char figure[64];

	rp_column__format(column, row, s->shown, s->utf8, figure, sizeof(figure));
	rp_draw__right(s, style, y, x, width, figure);
}

const char *rp_draw__ns(const struct rp_state *s, uint64_t ns, char *buf, size_t size)
{
	rp_text__ns((double)ns, buf, size);
	return s->utf8 ? rp_text__micro(buf, size) : buf;
}

/* ---- header ----------------------------------------------------------------------------- */

static void draw_target(const struct rp_state *s)
{
	const struct rp_meta *meta = &s->total->meta;
	uint64_t seconds = s->total->duration / 1000000000;
	const char *what = s->ended ? "ENDED " : s->paused ? "PAUSED " : "";
	char left[384], right[64], processes[48] = "", slow[32] = "";
	size_t width;

	snprintf(right, sizeof(right), "%s%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, what,
		 seconds / 3600, seconds / 60 % 60, seconds % 60);
	if (s->axis)
		strcpy(right, "RECORD");
	width = strlen(right);
	if (meta->processes > 1)
		snprintf(processes, sizeof(processes), " in %" PRIu64 " processes",
			 meta->processes);
	if (meta->slow_sites)
		snprintf(slow, sizeof(slow), ", %" PRIu64 " slow", meta->slow_sites);
	/* What a record calls its target may be of any length. */
	snprintf(left, sizeof(left), "%s: %s, %" PRIu64 " probe%s%s%s", meta->target,
		 meta->attach_mode ? meta->attach_mode : "none", meta->probes,
		 meta->probes == 1 ? "" : "s", processes, slow);
	if (s->layout.width > width + 1)
		rp_draw__text(s, RP_STYLE_STRONG, 0, 0, s->layout.width - width - 1, left);
	rp_draw__right(s, s->ended || s->paused ? RP_STYLE_WARNING : RP_STYLE_NORMAL, 0,
		       s->layout.width > width ? s->layout.width - width : 0, width, right);
}

#define LOAD_LINE 1

/* A part of the line of the load; returns where the next one begins. */
static size_t draw_part(const struct rp_state *s, enum rp_style style, size_t x, const char *text)
{
	size_t width = rp_cells__width(text, s->utf8);

	rp_draw__text(s, style, LOAD_LINE, x, width, text);
	return x + width + 2;
}

#define EVERYTHING 100 /* columns of the line of the load, with the last minute in it ... */
#define CULPRIT	   ", most on " /* ... but for this, and a name */
#define MINUTE	   24

/* With --stuck alone. */
static size_t draw_stuck(const struct rp_state *s, size_t x)
{
	const struct rp_open_regions *open = s->list.open;
	char text[64];

	if (!open || !open->stuck)
		return x;
	snprintf(text, sizeof(text), "stuck %zu", open->n_stuck);
	return draw_part(s, open->n_stuck ? RP_STYLE_WARNING : RP_STYLE_NORMAL, x, text);
}

/* What most is lost by; RP_LOST_COUNT: nothing is lost. */
static enum rp_lost worst_loss(const struct rp_snapshot *snapshot)
{
	enum rp_lost worst = 0;

	for (enum rp_lost i = 1; i < RP_LOST_COUNT; i++)
		if (snapshot->lost[i] > snapshot->lost[worst])
			worst = i;
	return snapshot->lost[worst] ? worst : RP_LOST_COUNT;
}

/* By name, as a narrow terminal has no room for what that means. */
static size_t draw_lost(const struct rp_state *s, size_t x)
{
	enum rp_lost worst = worst_loss(s->total);
	char text[64], figure[32];
	int at = snprintf(text, sizeof(text), "lost %s",
			  rp_text__count((double)rp_state__lost(s), figure, sizeof(figure)));

	if (worst == RP_LOST_COUNT)
		return draw_part(s, RP_STYLE_NORMAL, x, text);
	snprintf(text + at, sizeof(text) - (size_t)at, " (%s)", rp_lost__key(worst));
	return draw_part(s, s->losing ? RP_STYLE_WARNING : RP_STYLE_STRONG, x, text);
}

/* An event is a probe that is hit: a region has two. */
static void draw_load(const struct rp_state *s)
{
	bool past_budget = s->overhead > s->budget;
	const struct rp_row *costliest = past_budget ? rp_state__costliest(s) : NULL;
	char text[384], figure[32], spark[RP_CELLS_BUF];
	size_t x = 0, wanted = EVERYTHING;
	float minute[MINUTE];

	if (costliest)
		wanted += strlen(CULPRIT) + rp_cells__width(costliest->name, s->utf8);

	rp_text__count(s->histories.all.rate * 2, figure, sizeof(figure));
	snprintf(text, sizeof(text), "%6s events/s", figure);
	x = draw_part(s, RP_STYLE_NORMAL, x, text);
	if (s->layout.width >= wanted) {
		rp_history__minute(&s->histories, &s->histories.all, minute, MINUTE);
		rp_terminal__put(RP_STYLE_GRAPH, LOAD_LINE, x - 1,
				 rp_cells__spark(minute, MINUTE, s->utf8, spark));
		x += MINUTE + 1;
	}
	x = draw_lost(s, x);
	x = draw_stuck(s, x);
	snprintf(text, sizeof(text), "overhead %.1f %% of CPU", s->overhead * 100);
	if (s->total->meta.ns_per_region >= 1)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ", %s a region",
			 rp_draw__ns(s, (uint64_t)s->total->meta.ns_per_region, figure,
				     sizeof(figure)));
	if (costliest)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), CULPRIT "%s",
			 costliest->name);
	draw_part(s, past_budget ? RP_STYLE_WARNING : RP_STYLE_NORMAL, x, text);
}

/* The list of what is open, and its order. */
static size_t describe_list(const struct rp_state *s, char *line, size_t size)
{
	const struct rp_open_regions *open = s->list.open;
	size_t n = open ? open->n : 0;
	int at = snprintf(line, size, "%zu", s->list.n_visible);

	if (s->filter[0])
		at += snprintf(line + at, size - (size_t)at, " of %zu", n);
	at += snprintf(line + at, size - (size_t)at, " open region%s  every %g s",
		       n == 1 ? "" : "s", s->interval);
	return (size_t)at;
}

static size_t describe_table(const struct rp_state *s, char *line, size_t size)
{
	size_t n = s->filter[0] ? rp_state__rows(s) : s->n_visible;
	bool is_recent = s->shown != s->total;
	int at = snprintf(line, size, "%zu", s->n_visible);

	/*
	 * "N of M" only while a filter hides rows: those that are collapsed, or empty since rows
	 * were grouped anew, are not missed.
	 */
	if (s->filter[0])
		at += snprintf(line + at, size - (size_t)at, " of %zu", n);
	at += snprintf(line + at, size - (size_t)at, " %s%s  by %s%s", s->tree ? "path" : "region",
		       n == 1 ? "" : "s", s->sort->title, s->invert ? " (inverted)" : "");
	if (!s->axis)
		at += snprintf(line + at, size - (size_t)at, "  every %g s  %s%s", s->interval,
			       is_recent ? "last interval" : "since ", is_recent ? "" : s->since);
	return (size_t)at;
}

static void draw_form(const struct rp_state *s)
{
	enum rp_lost worst = worst_loss(s->total);
	char line[2 * RP_PROMPT_MAX], lost[128] = "";
	size_t at = s->list.shown ? describe_list(s, line, sizeof(line))
				  : describe_table(s, line, sizeof(line));

	if (s->filter[0])
		at += (size_t)snprintf(line + at, sizeof(line) - at, "  filter: %s", s->filter);
	if (!s->list.shown && s->shown->baseline && at < sizeof(line))
		at += (size_t)snprintf(line + at, sizeof(line) - at, "  VS: %s",
				       s->shown->baseline->file);
	if (!s->list.shown && at < sizeof(line))
		at += (size_t)snprintf(line + at, sizeof(line) - at,
				       "  %%TIME: of %g s, all threads",
				       s->axis ? (double)s->total->duration / 1e9 : s->interval);
	/* The worst loss in words, if all of them fit: its name is in the line above. */
	if (worst < RP_LOST_COUNT)
		snprintf(lost, sizeof(lost), "  lost: %s", rp_lost__meaning(worst));
	if (at + strlen(lost) <= s->layout.width && at + strlen(lost) < sizeof(line))
		strcpy(line + at, lost);
	rp_draw__text(s, RP_STYLE_NORMAL, 2, 0, s->layout.width, line);
}

static void draw_header(const struct rp_state *s)
{
	if (s->layout.header > 0)
		draw_target(s);
	if (s->layout.header > 1 && s->axis)
		rp_draw__window(s);
	else if (s->layout.header > 1)
		draw_load(s);
	if (s->layout.header > 2)
		draw_form(s);
}

/* ---- the last line ---------------------------------------------------------------------- */

static void draw_keys(const struct rp_state *s)
{
	const struct rp_bar *bar = rp_bar__of(s->axis);
	size_t x = 0, n = rp_bar__shown(bar, s->layout.width);

	rp_terminal__fill(RP_STYLE_LABEL, s->layout.bar, 0, s->layout.width);
	for (size_t i = 0; i < n; i++) {
		const struct rp_bar_key *key = &bar->key[i];
		size_t width = strlen(key->label) + 1;

		rp_draw__text(s, RP_STYLE_NORMAL, s->layout.bar, x, strlen(key->name), key->name);
		x += strlen(key->name);
		rp_draw__text(s, RP_STYLE_LABEL, s->layout.bar, x, width, key->label);
		x += width;
	}
}

/* Returns where the cursor is. */
static long draw_prompt(const struct rp_state *s)
{
	const char *name = s->mode == RP_MODE_SEARCH   ? "Search: "
			   : s->mode == RP_MODE_FILTER ? "Filter: "
						       : "Add regions (glob, Tab completes): ";
	size_t x = strlen(name), room, cursor, skip = 0;
	char before[RP_PROMPT_MAX];

	if (s->layout.width < x + 10)
		x = 0;
	rp_draw__text(s, RP_STYLE_STRONG, s->layout.bar, 0, x, name);
	room = s->layout.width > x + 1 ? s->layout.width - x - 1 : 0;
	memcpy(before, s->prompt.text, s->prompt.cursor);
	before[s->prompt.cursor] = '\0';
	cursor = rp_cells__width(before, s->utf8);
	/* Of a long line, the part before the cursor. */
	while (before[skip] && rp_cells__width(before + skip, s->utf8) > room)
		do
			skip++;
		while (((unsigned char)before[skip] & 0xc0) == 0x80);
	if (skip)
		cursor = rp_cells__width(before + skip, s->utf8);
	rp_draw__text(s, RP_STYLE_NORMAL, s->layout.bar, x, room, s->prompt.text + skip);
	return (long)(x + cursor);
}

/* What the keys do while something else than the table has them. */
static const char *hint(const struct rp_state *s)
{
	switch (s->mode) {
	case RP_MODE_HELP:
		return "Up Down PgUp PgDn: more    any other key leaves";
	case RP_MODE_SORT:
		return "Up Down: choose  Enter: sort by it  Esc: leave as it is";
	case RP_MODE_GROUP:
		return "Up Down: choose  Enter, or its letter: group so  Esc: leave as it is";
	case RP_MODE_COLUMNS:
		return "Space: show, hide  < >: move it  s: sort by it  Enter: done";
	default:
		return NULL;
	}
}

static void draw_question(const struct rp_state *s)
{
	uint32_t regions[2];
	size_t n = rp_state__chosen(s, regions, 2);
	char text[RP_PROMPT_MAX];

	if (n == 1)
		snprintf(text, sizeof(text), "Detach %.160s? Enter or y: yes, any other key: no",
			 rp_state__name(s, regions[0]));
	else
		snprintf(text, sizeof(text),
			 "Detach all tagged regions? Enter or y: yes, any other key: no");
	rp_draw__text(s, RP_STYLE_WARNING, s->layout.bar, 0, s->layout.width, text);
}

static long draw_bar(const struct rp_state *s)
{
	bool prompt = s->mode == RP_MODE_SEARCH || s->mode == RP_MODE_FILTER ||
		      s->mode == RP_MODE_ADD;
	size_t above = s->layout.bar ? s->layout.bar - 1 : 0;

	if (s->message[0])
		rp_draw__text(s, RP_STYLE_STRONG, prompt ? above : s->layout.bar, 0,
			      s->layout.width, s->message);
	if (prompt)
		return draw_prompt(s);
	if (s->mode == RP_MODE_CONFIRM)
		draw_question(s);
	else if (hint(s))
		rp_draw__text(s, RP_STYLE_LABEL, s->layout.bar, 0, s->layout.width, hint(s));
	else if (!s->message[0])
		draw_keys(s);
	return RP_CURSOR_NONE;
}

/* Lines are where they will be once there are figures, so that nothing jumps. */
static void draw_start(const struct rp_state *s)
{
	char line[sizeof(s->doing) + 8];

	if (!s->doing[0])
		return;
	snprintf(line, sizeof(line), "%s ...", s->doing);
	if (s->layout.header > 0 && s->target)
		rp_draw__text(s, RP_STYLE_STRONG, 0, 0, s->layout.width, s->target);
	if (s->layout.header > 1)
		rp_draw__text(s, RP_STYLE_NORMAL, 1, 0, s->layout.width, line);
	rp_draw__text(s, RP_STYLE_LABEL, s->layout.bar, 0, s->layout.width,
		      "q: quit    other keys: done once there are figures");
}

void rp_draw(const struct rp_state *s)
{
	long cursor;

	rp_terminal__clear();
	if (!s->shown) {
		draw_start(s);
		rp_terminal__finish(0, RP_CURSOR_NONE);
		return;
	}
	if (s->mode == RP_MODE_HELP) {
		rp_draw__help(s);
	} else {
		draw_header(s);
		if (s->list.shown)
			rp_draw__open(s);
		else
			rp_draw__table(s);
		rp_draw__pane(s);
		rp_draw__axis(s);
		rp_draw__menu(s);
	}
	cursor = draw_bar(s);
	rp_terminal__finish(s->layout.bar, cursor);
}

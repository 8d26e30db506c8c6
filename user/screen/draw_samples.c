// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The pane of samples: what is hot inside the chosen region, by function and by line; and the one
 * of where its threads slept.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "screen/cells.h"
#include "screen/draw.h"
#include "screen/panes.h"

#define SHARE  6 /* columns */
#define AROUND 7 /* statistical error, or time */
#define WHERE  (2 * (SHARE + 1) + AROUND + 1)
#define BESIDE 100 /* columns, from which on lines are beside the functions */

/* Where a list of the pane is, and whether it is of time asleep. */
struct area {
	size_t y, x, width, lines;
	bool asleep;
};

static void draw_share(const struct rp_state *s, size_t y, size_t x, uint64_t part, uint64_t all)
{
	char text[32];

	snprintf(text, sizeof(text), "%.1f%%", all ? 100.0 * (double)part / (double)all : 0.0);
	rp_draw__pane_right(s, RP_STYLE_NORMAL, y, x, SHARE, text);
}

/* The line says more than its file, and that more than where the file is. */
static void describe_place(const struct rp_place *place, char *text, size_t size)
{
	const char *slash = strrchr(place->file, '/'), *file = slash ? slash + 1 : place->file;

	if (place->line)
		snprintf(text, size, "%s  %s:%" PRIu32, place->function, file, place->line);
	else
		snprintf(text, size, "%s  %s", place->function, place->object);
}

static void draw_line(const struct rp_state *s, const struct area *at, size_t y,
		      const struct rp_profile *profile, const struct rp_line *line)
{
	char text[512];
	double low, high;

	rp_sampled__interval(line->self, profile->samples, &low, &high);
	draw_share(s, y, at->x, line->self, profile->samples);
	snprintf(text, sizeof(text), "%s%.1f", s->utf8 ? "±" : "+-", 100 * (high - low) / 2);
	rp_draw__pane_right(s, RP_STYLE_FAINT, y, at->x + SHARE + 1, AROUND,
			    at->asleep ? rp_draw__ns(s, line->cumulative, text, sizeof(text))
				       : text);
	draw_share(s, y, at->x + SHARE + AROUND + 2, line->cumulative, profile->samples);
	describe_place(line->place, text, sizeof(text));
	if (at->width > WHERE + 1)
		rp_draw__pane_text(s, RP_STYLE_NORMAL, y, at->x + WHERE + 1, at->width - WHERE - 1,
				   text);
}

static void draw_list(const struct rp_state *s, const struct area *at, const char *title,
		      const struct rp_profile *profile, const struct rp_lines *lines)
{
	char text[96], all[32];

	if (!at->lines)
		return;
	rp_draw__pane_right(s, RP_STYLE_STRONG, at->y, at->x, SHARE, "SELF");
	if (at->asleep)
		rp_draw__pane_right(s, RP_STYLE_STRONG, at->y, at->x + SHARE + 1, AROUND, "TIME");
	rp_draw__pane_right(s, RP_STYLE_STRONG, at->y, at->x + SHARE + AROUND + 2, SHARE, "CUMUL");
	if (at->asleep)
		snprintf(text, sizeof(text), "%s, of %s asleep", title,
			 rp_draw__ns(s, profile->samples, all, sizeof(all)));
	else
		snprintf(text, sizeof(text), "%s, %" PRIu64 " samples", title, profile->samples);
	if (at->width > WHERE + 1)
		rp_draw__pane_text(s, RP_STYLE_STRONG, at->y, at->x + WHERE + 1,
				   at->width - WHERE - 1, text);
	for (size_t i = 0; i < lines->n && i + 1 < at->lines; i++)
		draw_line(s, at, at->y + 1 + i, profile, &lines->item[i]);
}

static bool has_lines(const struct rp_profile *profile)
{
	for (size_t i = 0; i < profile->lines.n; i++)
		if (profile->lines.item[i].place->line)
			return true;
	return false;
}

/* Functions, and lines where any are known: beside them if there is room, or else below. */
static void draw_profile(const struct rp_state *s, struct area at, const struct rp_profile *profile)
{
	struct area lines;

	if (!has_lines(profile)) {
		draw_list(s, &at, "functions", profile, &profile->functions);
		return;
	}
	lines = at;
	if (at.width >= BESIDE) {
		at.width = at.width / 2 - 1;
		lines.x = at.width + 2;
		lines.width -= lines.x;
	} else {
		at.lines /= 2;
		lines.y += at.lines;
		lines.lines -= at.lines;
	}
	draw_list(s, &at, "functions", profile, &profile->functions);
	draw_list(s, &lines, "lines", profile, &profile->lines);
}

static struct area whole_pane(const struct rp_state *s)
{
	const struct rp_layout *l = &s->layout;

	return (struct area){.y = l->pane + 1, .width = l->pane_width, .lines = l->n_pane - 1};
}

void rp_draw__samples(const struct rp_state *s, const struct rp_row *row)
{
	struct area at = whole_pane(s);

	if (!s->shown->sampled || !at.lines)
		return;
	row = row ? rp_flat__find(s->shown, row) : NULL;
	if (!s->axis && !s->total->meta.probes)
		rp_draw__pane_text(
			s, RP_STYLE_STRONG, at.y + --at.lines, 0, at.width,
			"nothing is traced so far: A traces what is hot, a functions by name");
	draw_profile(s, at, row ? &row->profile : &s->shown->sampled->all);
}

void rp_draw__asleep(const struct rp_state *s, const struct rp_row *row)
{
	struct area at = whole_pane(s);

	if (!s->shown->asleep || !at.lines)
		return;
	at.asleep = true;
	row = row ? rp_flat__find(s->shown, row) : NULL;
	draw_profile(s, at, row ? &row->sleeps : &s->shown->asleep->all);
}

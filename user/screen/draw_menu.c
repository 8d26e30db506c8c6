// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <stdio.h>

#include "screen/draw.h"
#include "screen/keys.h"

/* First line of a list so that the chosen one is on the screen. */
static size_t first_line(size_t chosen, size_t lines)
{
	return chosen < lines ? 0 : chosen - lines + 1;
}

static void draw_help(const struct rp_state *s, size_t lines)
{
	for (size_t i = 0; i < lines && s->menu + i < rp_n_help; i++) {
		const struct rp_help_line *line = &rp_help[s->menu + i];

		if (!line->keys) {
			rp_draw__text(s, RP_STYLE_STRONG, i, 0, s->layout.width, line->text);
			continue;
		}
		rp_draw__right(s, RP_STYLE_TAGGED, i, 0, 18, line->keys);
		rp_draw__text(s, RP_STYLE_NORMAL, i, 20, s->layout.width, line->text);
	}
}

static void draw_choice(const struct rp_state *s, size_t y, size_t i, const char *text)
{
	if (i == s->menu)
		rp_terminal__fill(RP_STYLE_SELECTED, y, 0, s->layout.width);
	rp_draw__text(s, i == s->menu ? RP_STYLE_SELECTED : RP_STYLE_NORMAL, y, 2, s->layout.width,
		      text);
}

static void draw_groups(const struct rp_state *s, size_t lines)
{
	size_t first = first_line(s->menu, lines);
	char text[64];

	for (size_t i = first; i < rp_n_group_choices && i - first < lines; i++) {
		snprintf(text, sizeof(text), "%c  %s%s", rp_group_choices[i].key,
			 rp_group_choices[i].text,
			 rp_group_choices[i].by == s->by ? "  (now)" : "");
		draw_choice(s, 1 + i - first, i, text);
	}
}

static void draw_columns(const struct rp_state *s, size_t lines)
{
	size_t first = first_line(s->menu, lines);
	char text[128];

	for (size_t i = first; i < s->columns.n && i - first < lines; i++) {
		const struct rp_screen_column *item = &s->columns.item[i];

		snprintf(text, sizeof(text), "[%c] %-12s %s%s", item->shown ? 'x' : ' ',
			 item->column->title, item->column->help,
			 item->column == s->sort ? "  (sorted by)" : "");
		draw_choice(s, 1 + i - first, i, text);
	}
}

void rp_draw__menu(const struct rp_state *s)
{
	size_t lines = s->layout.bar ? s->layout.bar - 1 : 0;

	switch (s->mode) {
	case RP_MODE_GROUP:
		rp_draw__text(s, RP_STYLE_STRONG, 0, 0, s->layout.width,
			      "A row for each (Enter, or its letter; Esc leaves)");
		draw_groups(s, lines);
		break;
	case RP_MODE_COLUMNS:
		rp_draw__text(s, RP_STYLE_STRONG, 0, 0, s->layout.width,
			      "Columns (Space shows or hides, < > moves, s sorts, Enter leaves)");
		draw_columns(s, lines);
		break;
	default:
		draw_help(s, s->layout.bar);
	}
}

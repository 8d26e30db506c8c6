// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <stdio.h>

#include "screen/draw.h"
#include "screen/keys.h"

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
	enum rp_style style = i == s->menu ? RP_STYLE_SELECTED : RP_STYLE_NORMAL;

	rp_draw__text(s, style, y, s->layout.menu_x, 1, "");
	rp_draw__text(s, style, y, s->layout.menu_x + 1, s->layout.menu_width - 1, text);
}

static void draw_groups(const struct rp_state *s, size_t lines)
{
	size_t first = rp_menu__first(s);
	char text[64];

	for (size_t i = first; i < rp_n_group_choices && i - first < lines; i++) {
		snprintf(text, sizeof(text), "%c  %s%s", rp_group_choices[i].key,
			 rp_group_choices[i].text,
			 rp_group_choices[i].by == s->by ? "  (now)" : "");
		draw_choice(s, s->layout.titles + 1 + i - first, i, text);
	}
}

static void draw_columns(const struct rp_state *s, size_t lines)
{
	size_t first = rp_menu__first(s);
	char text[128];

	for (size_t i = first; i < s->columns.n && i - first < lines; i++) {
		const struct rp_screen_column *item = &s->columns.item[i];

		snprintf(text, sizeof(text), "[%c] %-12s %s%s", item->shown ? 'x' : ' ',
			 item->column->title, item->column->help,
			 item->column == s->sort ? "  (sorted by)" : "");
		draw_choice(s, s->layout.titles + 1 + i - first, i, text);
	}
}

static void draw_sort_keys(const struct rp_state *s, size_t lines)
{
	size_t first = rp_menu__first(s);

	for (size_t i = first; i < s->columns.n && i - first < lines; i++)
		draw_choice(s, s->layout.titles + 1 + i - first, i,
			    s->columns.item[i].column->title);
}

void rp_draw__help(const struct rp_state *s)
{
	draw_help(s, s->layout.bar);
}

void rp_draw__menu(const struct rp_state *s)
{
	const struct rp_layout *l = &s->layout;
	size_t lines = l->bar > l->titles + 1 ? l->bar - l->titles - 1 : 0;

	if (!l->menu_width || !lines)
		return;
	for (size_t y = l->titles + 1; y < l->bar; y++)
		rp_terminal__fill(RP_STYLE_NORMAL, y, l->menu_x, l->menu_width);
	rp_draw__text(s, RP_STYLE_TITLE_SORT, l->titles, l->menu_x, l->menu_width,
		      s->mode == RP_MODE_SORT	 ? " Sort by"
		      : s->mode == RP_MODE_GROUP ? " A row for each"
						 : " Columns");
	if (s->mode == RP_MODE_SORT)
		draw_sort_keys(s, lines);
	else if (s->mode == RP_MODE_GROUP)
		draw_groups(s, lines);
	else
		draw_columns(s, lines);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <stdio.h>
#include <string.h>

#include "screen/cells.h"
#include "screen/draw.h"

static void draw_title(const struct rp_state *s, const struct rp_cell_place *cell)
{
	bool sorted = cell->column == s->sort;
	const char *arrow = !sorted ? "" : s->invert ? (s->utf8 ? "▲" : "^") : s->utf8 ? "▼" : "v";
	enum rp_style style = sorted ? RP_STYLE_TITLE_SORT : RP_STYLE_TITLE;
	char title[32], text[64];

	rp_column__title(cell->column, s->shown, title, sizeof(title));
	snprintf(text, sizeof(text), "%s%s", title, arrow);
	if (cell->column->unit == RP_UNIT_TEXT)
		rp_draw__text(s, style, s->layout.titles, cell->x, cell->width, text);
	else
		rp_draw__right(s, style, s->layout.titles, cell->x, cell->width, text);
}

static void draw_titles(const struct rp_state *s)
{
	if (s->layout.titles >= s->layout.bar)
		return;
	rp_terminal__fill(RP_STYLE_TITLE, s->layout.titles, 0, s->layout.table_width);
	for (size_t i = 0; i < s->layout.n_cells; i++)
		draw_title(s, &s->layout.cell[i]);
	/* More columns to the left, to the right. */
	rp_draw__text(s, RP_STYLE_TITLE, s->layout.titles, 0, 1, s->scroll ? "<" : " ");
	rp_draw__right(s, RP_STYLE_TITLE, s->layout.titles, s->layout.table_width - 1, 1,
		       s->layout.more ? ">" : " ");
}

static enum rp_style heat_style(const struct rp_row *row)
{
	double heat = row->history ? row->history->heat : 0;

	return heat >= 0.4    ? RP_STYLE_HEAT + 3
	       : heat >= 0.2  ? RP_STYLE_HEAT + 2
	       : heat >= 0.08 ? RP_STYLE_HEAT + 1
	       : heat >= 0.02 ? RP_STYLE_HEAT
			      : RP_STYLE_NORMAL;
}

static void draw_name(const struct rp_state *s, enum rp_style style, size_t y, size_t i,
		      const struct rp_cell_place *cell)
{
	const struct rp_tree_row *node;
	const struct rp_row *row = rp_state__row(s, i, &node);
	size_t indent = 0;
	const char *sign;

	if (node) {
		/* However deep, something of the name is seen. */
		indent = 2 * (size_t)node->depth;
		if (indent > cell->width / 2)
			indent = cell->width / 2;
		sign = !rp_state__has_children(s, i)		 ? " "
		       : row->history && row->history->collapsed ? "+"
								 : "-";
		rp_draw__text(s, style, y, cell->x + indent, 1, sign);
		indent += 2;
	}
	if (indent < cell->width)
		rp_draw__text(s, style, y, cell->x + indent, cell->width - indent, row->name);
}

/* Three tones, and three characters for whoever sees no colours. */
static void draw_split(const struct rp_state *s, enum rp_style style, size_t y,
		       const struct rp_cell_place *cell, const struct rp_row *row)
{
	size_t cells[RP_SPLIT_PARTS], x = cell->x;
	char buf[RP_CELLS_BUF];

	if (!rp_split__cells(row, cell->width, cells)) {
		rp_draw__right(s, style, y, x, cell->width, row->f.total ? "-" : "");
		return;
	}
	for (enum rp_split i = 0; i < RP_SPLIT_PARTS; i++) {
		char *at = buf;

		for (size_t k = 0; k < cells[i]; k++)
			at = stpcpy(at, rp_split__tone(i, s->utf8));
		*at = '\0';
		rp_terminal__put(style == RP_STYLE_NORMAL ? RP_STYLE_SPLIT + i : style, y, x, buf);
		x += cells[i];
	}
}

static void draw_trend(const struct rp_state *s, enum rp_style style, size_t y,
		       const struct rp_cell_place *cell, const struct rp_row *row)
{
	float values[RP_HISTORY_SECONDS];
	char buf[RP_CELLS_BUF];
	size_t n = cell->width < RP_HISTORY_SECONDS ? cell->width : RP_HISTORY_SECONDS;

	if (!row->history)
		return;
	rp_history__minute(&s->histories, row->history, values, n);
	rp_terminal__put(style, y, cell->x, rp_cells__spark(values, n, s->utf8, buf));
}

/* A rate that has changed is neither better nor worse. */
static enum rp_style change_style(const struct rp_column *column, const struct rp_row *row)
{
	const struct rp_ratio *ratio = rp_column__change(column, row);

	if (!rp_ratio__is_certain(ratio))
		return row->new ? RP_STYLE_STRONG : RP_STYLE_NORMAL;
	if (ratio == &row->change[RP_CHANGED_RATE])
		return RP_STYLE_GRAPH;
	return ratio->value > 1 ? RP_STYLE_WORSE : RP_STYLE_BETTER;
}

static void draw_cell(const struct rp_state *s, enum rp_style style, size_t y, size_t i,
		      const struct rp_cell_place *cell)
{
	const struct rp_row *row = rp_state__row(s, i, NULL);
	bool plain = style == RP_STYLE_NORMAL;

	if (plain && cell->column->unit == RP_UNIT_CHANGE)
		style = change_style(cell->column, row);
	else if (plain && rp_column__is_heat(cell->column))
		style = heat_style(row);
	if (cell == &s->layout.cell[0])
		draw_name(s, style, y, i, cell);
	else if (cell->column->unit == RP_UNIT_TREND)
		draw_trend(s, plain ? RP_STYLE_GRAPH : style, y, cell, row);
	else if (cell->column->unit == RP_UNIT_SPLIT)
		draw_split(s, style, y, cell, row);
	else if (cell->column->unit == RP_UNIT_TEXT)
		rp_draw__text(s, style, y, cell->x, cell->width, cell->column->text(row));
	else
		rp_draw__figure(s, style, y, cell->x, cell->width, cell->column, row);
}

static void draw_row(const struct rp_state *s, size_t y, size_t i)
{
	const struct rp_row *row = rp_state__row(s, i, NULL);
	bool tagged = row->history && row->history->tagged;
	enum rp_style style = i == s->cursor ? RP_STYLE_SELECTED
			      : tagged	     ? RP_STYLE_TAGGED
					     : RP_STYLE_NORMAL;
	char marks[RP_GUTTER + 1] = "  ", all[RP_MARKS + 1], *at = marks;

	if (style == RP_STYLE_SELECTED)
		rp_terminal__fill(style, y, 0, s->layout.table_width);
	/* A blank before the name, as long as there is one: they are no part of it. */
	if (tagged)
		*at++ = '*';
	if (row->left_out)
		*at = '-';
	else if (*rp_row__marks(row, all))
		*at = all[0];
	rp_draw__text(s, style, y, 0, RP_GUTTER, marks);
	for (size_t c = 0; c < s->layout.n_cells; c++)
		draw_cell(s, style, y, i, &s->layout.cell[c]);
}

void rp_draw__table(const struct rp_state *s)
{
	if (!s->layout.table_width)
		return;
	draw_titles(s);
	for (size_t line = 0; line < s->layout.n_table && s->top + line < s->n_visible; line++)
		draw_row(s, s->layout.table + line, s->top + line);
	if (!s->n_visible && s->layout.n_table)
		rp_draw__text(s, RP_STYLE_FAINT, s->layout.table, RP_GUTTER,
			      s->layout.table_width - RP_GUTTER,
			      s->filter[0]   ? "no row has this text: F4 changes the filter"
			      : s->regrouped ? "no region was left since they are grouped so"
			      : !s->axis && !s->total->meta.probes
				      ? "no region is traced yet: a adds some"
				      : "no region was entered yet");
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/layout.h"

#include <string.h>

#define NAME_MIN	16
#define NAME_MAX	64
#define BOTH_MIN	10 /* lines of table and pane */
#define HEADER_MAX	3
#define AXIS_MAX	3
#define MORE		2 /* cells at the right, where a sign tells of more */
#define TABLE_WIDTH_MIN 40

/* Columns that are taken from the table at its right; all of them where too few would be left. */
static size_t take_columns(struct rp_layout *l, size_t want)
{
	if (want + 1 + TABLE_WIDTH_MIN > l->width) {
		l->table_width = 0;
		return 0;
	}
	if (l->table_width > l->width - want - 1)
		l->table_width = l->width - want - 1;
	return l->width - want;
}

static void plan_lines(struct rp_layout *l, bool pane, bool axis)
{
	size_t rows = l->rows, left;

	l->header = rows >= 12 ? HEADER_MAX : rows >= 8 ? 2 : rows >= 5 ? 1 : 0;
	l->titles = l->header;
	l->bar = rows ? rows - 1 : 0;
	l->n_axis = !axis ? 0 : rows >= 16 ? AXIS_MAX : rows >= 12 ? 2 : rows >= 8 ? 1 : 0;
	l->axis = l->bar - l->n_axis;
	l->table = l->titles + 1;
	left = l->axis > l->table ? l->axis - l->table : 0;
	l->n_table = left;
	l->table_width = l->pane_width = l->width;
	if (!pane)
		return;
	if (l->width >= RP_LAYOUT_BESIDE) {
		l->pane_width = l->width * 2 / 5;
		l->pane_x = take_columns(l, l->pane_width);
		l->pane = l->titles;
		l->n_pane = l->axis > l->pane ? l->axis - l->pane : 0;
		return;
	}
	/* The pane gets more than half of the lines, or all where both would be too small. */
	l->n_pane = left >= BOTH_MIN ? left * 3 / 5 : left;
	l->n_table = left - l->n_pane;
	l->pane = l->table + l->n_table;
}

static size_t width_of(const struct rp_screen_column *item)
{
	return rp_column__width(item->column) + 1; /* a blank before it */
}

/* The name takes what is left by the columns that fit beside the shortest name, within reason. */
static size_t name_width(const struct rp_layout *l, const struct rp_screen_columns *columns,
			 size_t want)
{
	size_t all = RP_GUTTER + MORE, width;

	for (size_t i = 1; i < columns->n; i++) {
		if (!columns->item[i].shown)
			continue;
		if (all + width_of(&columns->item[i]) + NAME_MIN > l->table_width)
			break;
		all += width_of(&columns->item[i]);
	}
	want = want < NAME_MIN ? NAME_MIN : want > NAME_MAX ? NAME_MAX : want;
	width = l->table_width > all + NAME_MIN ? l->table_width - all : NAME_MIN;
	if (width > want)
		width = want;
	if (width + RP_GUTTER > l->table_width)
		width = l->table_width > RP_GUTTER ? l->table_width - RP_GUTTER : 0;
	return width;
}

static void plan_cells(struct rp_layout *l, const struct rp_screen_columns *columns,
		       const struct rp_layout_opts *opts)
{
	size_t x = RP_GUTTER, skip = opts->scroll;

	l->cell[0].column = columns->item[0].column;
	l->cell[0].x = x;
	l->cell[0].width = name_width(l, columns, opts->name);
	x += l->cell[0].width;
	l->n_cells = 1;
	for (size_t i = 1; i < columns->n; i++) {
		size_t width = width_of(&columns->item[i]);

		if (!columns->item[i].shown)
			continue;
		if (skip) {
			skip--;
			continue;
		}
		l->more = x + width + MORE > l->table_width;
		if (l->more)
			return;
		l->cell[l->n_cells].column = columns->item[i].column;
		l->cell[l->n_cells].x = x + 1;
		l->cell[l->n_cells++].width = width - 1;
		x += width;
	}
}

void rp_layout__plan(struct rp_layout *layout, const struct rp_screen_columns *columns,
		     const struct rp_layout_opts *opts)
{
	memset(layout, 0, sizeof(*layout));
	layout->rows = opts->rows;
	layout->width = opts->width;
	plan_lines(layout, opts->pane, opts->axis);
	if (opts->menu) {
		layout->menu_x = take_columns(layout, opts->menu);
		layout->menu_width = layout->width - layout->menu_x;
	}
	plan_cells(layout, columns, opts);
}

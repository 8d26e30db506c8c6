/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What goes where on a terminal of a given size. Pure. */
#ifndef RP_LAYOUT_H
#define RP_LAYOUT_H

#include "screen/columns.h"

#define RP_GUTTER 2 /* cells for marks, left of the name */

struct rp_cell_place {
	const struct rp_column *column;
	size_t x, width;
};

struct rp_layout {
	size_t rows, width;
	size_t header;	       /* lines of it, at the top */
	size_t titles;	       /* line; the rows of the table follow */
	size_t table, n_table; /* first line, lines */
	size_t table_width;    /* columns of it; what is beside it begins after one more */
	size_t pane, n_pane;   /* the same; 0 lines without */
	size_t pane_x, pane_width;
	size_t menu_x, menu_width; /* from the titles on to the bar; 0 columns without */
	size_t axis, n_axis;	   /* lines of the time of a record, above the bar; 0 without */
	size_t bar;		   /* line of keys, prompt and messages */
	struct rp_cell_place cell[RP_SCREEN_COLUMNS_MAX];
	size_t n_cells;
	bool more; /* columns that did not fit */
};

struct rp_layout_opts {
	size_t rows, width;
	size_t name;   /* cells that the longest name wants */
	size_t scroll; /* columns of the table, after the name, to leave out at the left */
	bool pane, axis;
	size_t menu; /* columns that it wants; 0: there is none */
};

#define RP_LAYOUT_BESIDE 160 /* columns, from which on a pane is beside the table */

void rp_layout__plan(struct rp_layout *layout, const struct rp_screen_columns *columns,
		     const struct rp_layout_opts *opts);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Figures of an interval as a printed view. Pure. */
#ifndef RP_TABLE_H
#define RP_TABLE_H

#include <stdio.h>

#include "run/reading.h"
#include "view/view.h"

struct rp_table_opts {
	const struct rp_view *view;
	const struct rp_column *sort;
	const struct rp_column_list *columns; /* NULL or none: those of use */
	bool tree;
	const char *title;
	bool one_line, summary;
	struct rp_snapshot_opts snapshot;
};

/*
 * Print the interval between two readings; `open` may be NULL, and is freed. 0 or a negative errno.
 */
int rp_table__print(FILE *out, const struct rp_reading *now, const struct rp_reading *before,
		    struct rp_open_regions *open, const struct rp_table_opts *opts);

/* Width of the terminal that this is printed to; 0: it is no terminal. */
int rp_table__width(FILE *out);

#endif

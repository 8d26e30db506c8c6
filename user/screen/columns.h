/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The columns of the live table: those of every view, and what only the screen knows. Pure. */
#ifndef RP_SCREEN_COLUMNS_H
#define RP_SCREEN_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "view/view.h"

#define RP_SCREEN_COLUMNS_MAX 40

enum rp_choice { RP_CHOICE_AUTO, RP_CHOICE_SHOW, RP_CHOICE_HIDE };

struct rp_screen_column {
	const struct rp_column *column;
	enum rp_choice choice; /* of the user */
	bool shown;
};

struct rp_screen_columns {
	struct rp_screen_column item[RP_SCREEN_COLUMNS_MAX]; /* in the order of the table */
	size_t n;
};

/* baseline: with those of changes against one, beside what is compared. */
void rp_screen_columns__init(struct rp_screen_columns *columns, bool baseline);

/* Those of a record: with what only that tells, and without a trend. */
void rp_screen_columns__of_record(struct rp_screen_columns *columns);

/*
 * Those of a list alone, in its order, as if the user had chosen them; an empty one asks nothing.
 */
void rp_screen_columns__ask(struct rp_screen_columns *columns, const struct rp_column_list *list);

/* The column that --sort calls so comes to a place, and is shown or not; false: none is called so
 * from there on. */
bool rp_screen_columns__place(struct rp_screen_columns *columns, const char *sort, size_t at,
			      enum rp_choice choice);

/* Decide which are shown of this snapshot: those chosen, and of the others what is of use. */
void rp_screen_columns__choose(struct rp_screen_columns *columns,
			       const struct rp_snapshot *snapshot);

/* Show or hide a column; the name stays. */
void rp_screen_columns__toggle(struct rp_screen_columns *columns, size_t i);

/* Exchange a column with its neighbour; returns where it is then. */
size_t rp_screen_columns__move(struct rp_screen_columns *columns, size_t i, int by);

/* The shown column `by` places from this one, around the ends. */
const struct rp_column *rp_screen_columns__next(const struct rp_screen_columns *columns,
						const struct rp_column *from, int by);

/* What stands for a column of the printed table on the screen. */
const struct rp_column *rp_screen_columns__on_screen(const struct rp_column *column);

bool rp_column__is_heat(const struct rp_column *column);

/* Cells for all but the name. */
size_t rp_column__width(const struct rp_column *column);

#endif

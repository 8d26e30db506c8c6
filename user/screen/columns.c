// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/columns.h"

#include <string.h>

#include "screen/history.h"

/* ---- of the screen alone ---------------------------------------------------------------- */

static double value_rate(const struct rp_row *row, const struct rp_snapshot *snapshot)
{
	(void)snapshot;
	return row->history ? row->history->rate : 0;
}

static double value_share(const struct rp_row *row, const struct rp_snapshot *snapshot)
{
	(void)snapshot;
	return row->history ? row->history->share : 0;
}

static double value_trend(const struct rp_row *row, const struct rp_snapshot *snapshot)
{
	double sum = 0;

	(void)snapshot;
	for (size_t i = 0; row->history && i < RP_HISTORY_SLOTS; i++)
		sum += (double)row->history->slot[i];
	return sum;
}

static const struct rp_column screen_columns[] = {
	{"share", "share", "%TIME",
	 "total as a share of the last interval, or of the window; threads: over 100 %",
	 RP_UNIT_SHARE, false, true, NULL, value_share, NULL},
	{"rate", "rate", "RATE/S", "count a second in the last interval, or in the window",
	 RP_UNIT_RATE, false, true, NULL, value_rate, NULL},
	{"trend", "trend", "TREND", "count a second over the last minute, between its own extremes",
	 RP_UNIT_TREND, false, true, NULL, value_trend, NULL},
};
#define N_SCREEN (sizeof(screen_columns) / sizeof(screen_columns[0]))

static const struct rp_column *own_column(const char *key)
{
	for (size_t i = 0; i < N_SCREEN; i++)
		if (!strcmp(screen_columns[i].key, key))
			return &screen_columns[i];
	return NULL;
}

const struct rp_column *rp_screen_columns__on_screen(const struct rp_column *column)
{
	const struct rp_column *own = own_column(column->key);

	return own ? own : column;
}

bool rp_column__is_heat(const struct rp_column *column)
{
	return !strcmp(column->key, "share") || !strcmp(column->key, "total_ns") ||
	       !strcmp(column->key, "self_ns");
}

size_t rp_column__width(const struct rp_column *column)
{
	static const struct {
		const char *key;
		size_t width;
	} widths[] = {{"group", 16},
		      {"object", 24},
		      {"share", 7},
		      {"rate", 7},
		      {"count", 7},
		      {"trend", 9},
		      {"split", RP_SPLIT_WIDTH},
		      {"rate_change", 8},
		      {"p50_change", 7},
		      {"p99_change", 7}};
	size_t title = strlen(column->title) + 1; /* the arrow of the order */

	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
		if (!strcmp(column->key, widths[i].key))
			return widths[i].width;
	return title > 8 ? title : 8;
}

/* ---- the choice ------------------------------------------------------------------------- */

static bool has(const struct rp_screen_columns *columns, const struct rp_column *column)
{
	for (size_t i = 0; i < columns->n; i++)
		if (columns->item[i].column == column)
			return true;
	return false;
}

static void add(struct rp_screen_columns *columns, const struct rp_column *column)
{
	if (columns->n < RP_SCREEN_COLUMNS_MAX && !has(columns, column))
		columns->item[columns->n++].column = column;
}

static bool is_of_baseline(const struct rp_column *column)
{
	return column->unit == RP_UNIT_CHANGE || !strcmp(column->key, "new");
}

/* In this order, which is then that of the table. */
static void add_named(struct rp_screen_columns *columns, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct rp_column *own = own_column(names[i]);

		add(columns, own ? own : rp_column__find(names[i]));
	}
}

void rp_screen_columns__init(struct rp_screen_columns *columns, bool baseline)
{
	/*
	 * What is looked at first, as a narrow terminal has no room for the rest. Ungrouped, 80
	 * cells have room up to max, 120 up to the trend, 140 up to blocked.
	 */
	static const char *const first[] = {"name", "group", "share",	"rate",	 "split", "p50",
					    "p99",  "max",   "count",	"total", "self",  "trend",
					    "cpu",  "wait",  "blocked", "mean"};
	/* With a baseline these come first: they fill 80 cells. */
	static const char *const compared[] = {"name",	     "group",	    "share",
					       "rate",	     "rate_change", "p50",
					       "p50_change", "p99",	    "p99_change"};

	*columns = (struct rp_screen_columns){0};
	if (baseline)
		add_named(columns, compared, sizeof(compared) / sizeof(compared[0]));
	add_named(columns, first, sizeof(first) / sizeof(first[0]));
	for (size_t i = 0; i < rp_n_columns; i++)
		if (baseline || !is_of_baseline(&rp_columns[i]))
			add(columns, rp_screen_columns__on_screen(&rp_columns[i]));
}

void rp_screen_columns__of_record(struct rp_screen_columns *columns)
{
	size_t n = 0;

	for (size_t i = 0; i < columns->n; i++)
		if (columns->item[i].column != own_column("trend"))
			columns->item[n++] = columns->item[i];
	columns->n = n;
	for (size_t i = 0; i < rp_n_record_columns; i++)
		add(columns, &rp_record_columns[i]);
}

static void move_up(struct rp_screen_columns *columns, size_t from, size_t to,
		    enum rp_choice choice)
{
	const struct rp_column *column = columns->item[from].column;

	memmove(&columns->item[to + 1], &columns->item[to], (from - to) * sizeof(columns->item[0]));
	columns->item[to] = (struct rp_screen_column){column, choice, choice == RP_CHOICE_SHOW};
}

bool rp_screen_columns__place(struct rp_screen_columns *columns, const char *sort, size_t at,
			      enum rp_choice choice)
{
	size_t i = at;

	while (i < columns->n && strcmp(columns->item[i].column->sort, sort) != 0)
		i++;
	if (i >= columns->n)
		return false;
	move_up(columns, i, at, choice);
	return true;
}

void rp_screen_columns__ask(struct rp_screen_columns *columns, const struct rp_column_list *list)
{
	size_t at = 0;

	if (!list || !list->n)
		return;
	for (size_t i = 0; i < columns->n; i++)
		columns->item[i].choice = RP_CHOICE_HIDE;
	for (size_t k = 0; k < list->n; k++)
		at += rp_screen_columns__place(columns, list->column[k]->sort, at, RP_CHOICE_SHOW);
}

void rp_screen_columns__choose(struct rp_screen_columns *columns,
			       const struct rp_snapshot *snapshot)
{
	const struct rp_column *of_use[RP_SCREEN_COLUMNS_MAX];
	size_t n = rp_columns__shown(snapshot, of_use, RP_SCREEN_COLUMNS_MAX);

	for (size_t i = 0; i < columns->n; i++) {
		struct rp_screen_column *item = &columns->item[i];

		item->shown = item->choice == RP_CHOICE_SHOW;
		if (item->choice != RP_CHOICE_AUTO)
			continue;
		item->shown = own_column(item->column->key) || item->column->unit == RP_UNIT_SPLIT;
		for (size_t k = 0; k < n && !item->shown; k++)
			item->shown = of_use[k] == item->column;
	}
}

void rp_screen_columns__toggle(struct rp_screen_columns *columns, size_t i)
{
	if (!i || i >= columns->n)
		return;
	columns->item[i].shown = !columns->item[i].shown;
	columns->item[i].choice = columns->item[i].shown ? RP_CHOICE_SHOW : RP_CHOICE_HIDE;
}

size_t rp_screen_columns__move(struct rp_screen_columns *columns, size_t i, int by)
{
	size_t to = by < 0 ? i - 1 : i + 1;
	struct rp_screen_column moved;

	if (!i || i >= columns->n || !to || to >= columns->n)
		return i;
	moved = columns->item[i];
	columns->item[i] = columns->item[to];
	columns->item[to] = moved;
	return to;
}

const struct rp_column *rp_screen_columns__next(const struct rp_screen_columns *columns,
						const struct rp_column *from, int by)
{
	size_t at = 0;

	while (at < columns->n && columns->item[at].column != from)
		at++;
	if (at == columns->n)
		at = 0;
	for (size_t i = 0; i < columns->n; i++) {
		at = (at + (by < 0 ? columns->n - 1 : 1)) % columns->n;
		if (columns->item[at].shown)
			return columns->item[at].column;
	}
	return from;
}

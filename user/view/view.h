/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Every printed form of a snapshot. Names from the target are escaped in all of them. */
#ifndef RP_VIEW_H
#define RP_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "aggregate/snapshot.h"

struct libscols_table;

/* ---- columns: one table for the live view, the printed table, CSV, JSON, sorting and help ---- */

enum rp_unit {
	RP_UNIT_TEXT,
	RP_UNIT_COUNT,
	RP_UNIT_NS,
	RP_UNIT_NS_MEAN,
	RP_UNIT_RATE,
	RP_UNIT_SHARE,
	RP_UNIT_RATIO,	/* of two times; 1: they are equal */
	RP_UNIT_CHANGE, /* of a figure against the baseline, in per cent; sorted by its ratio */
	RP_UNIT_SPLIT,	/* a bar of the row's time; its value is the share that ran on a CPU */
	RP_UNIT_TREND,	/* a graph of the last minute, which only the screen remembers */
	RP_UNIT_FLAG,	/* 0 or 1 */
};

struct rp_column {
	const char *key;   /* name in JSON and CSV: "total_ns" */
	const char *sort;  /* what --sort takes: "total" */
	const char *title; /* in tables: "TOTAL" */
	const char *help;  /* one line */
	enum rp_unit unit;
	bool exported; /* in CSV and JSON; the rest are for people alone (rates, shares) */
	bool shown;    /* in the printed table by default */
	const char *(*text)(const struct rp_row *row); /* RP_UNIT_TEXT */
	double (*value)(const struct rp_row *row,
			const struct rp_snapshot *snapshot); /* all others */
	uint64_t (*exact)(
		const struct rp_row *row); /* integers, where a double would round; may be NULL */
};

extern const struct rp_column rp_columns[];
extern const size_t rp_n_columns;

/* The same of what only records know; not on the screen. */
extern const struct rp_column rp_record_columns[];
extern const size_t rp_n_record_columns;
bool rp_column__is_of_records(const struct rp_column *column);
/* Of the others, those that only samples tell. */
bool rp_column__is_of_samples(const struct rp_column *column);
/* Of RP_UNIT_CHANGE. */
const struct rp_ratio *rp_column__change(const struct rp_column *column, const struct rp_row *row);

/* Column by its sort key, its JSON key or its title; NULL. */
const struct rp_column *rp_column__find(const char *name);

/*
 * The columns that the printed table shows of this snapshot, in that order: the name, the group
 * where there is one, figures; OPEN, UNWOUND and UNMATCHED only if a row has any. Returns how many.
 */
size_t rp_columns__shown(const struct rp_snapshot *snapshot, const struct rp_column **out,
			 size_t max);

/* false: the figure, which is 0, means nothing: a span spends its time on no thread, and only a
 * record tells when. */
bool rp_column__applies(const struct rp_column *column, const struct rp_row *row);

/* The head of a column in a table: that of the group names what is grouped by. Returns buf. */
const char *rp_column__title(const struct rp_column *column, const struct rp_snapshot *snapshot,
			     char *buf, size_t size);

/*
 * Columns by their names, separated by commas; the name of the region comes first whether it is
 * named or not. NULL, or where in the text a name is of no column.
 */
#define RP_COLUMN_LIST_MAX 32
struct rp_column_list {
	const struct rp_column *column[RP_COLUMN_LIST_MAX];
	size_t n; /* 0: none were asked for */
};
const char *rp_column_list__parse(const char *text, struct rp_column_list *out);

/* ---- the bar of a row's time: running, waiting for a CPU, asleep ---------------------------- */

#define RP_SPLIT_WIDTH 13

enum rp_split { RP_SPLIT_CPU, RP_SPLIT_WAIT, RP_SPLIT_BLOCKED, RP_SPLIT_PARTS };

/* Of the time that was measured, 0 to 1. */
double rp_split__share(const struct rp_row *row, enum rp_split part);

/* How many cells of a bar each has. false: there is no time to split, or it is on no thread. */
bool rp_split__cells(const struct rp_row *row, size_t width, size_t cells[RP_SPLIT_PARTS]);

/* One cell of it: the three differ without colours, too. */
const char *rp_split__tone(enum rp_split part, bool utf8);

/* The bar, RP_SPLIT_WIDTH wide, or "-". Returns buf; a cell takes up to three bytes. */
const char *rp_split__format(const struct rp_row *row, bool utf8, char *buf, size_t size);

/*
 * A figure for people: with its unit, "-" where there is none. Not for RP_UNIT_TEXT. Returns buf.
 */
const char *rp_column__format(const struct rp_column *column, const struct rp_row *row,
			      const struct rp_snapshot *snapshot, bool utf8, char *buf,
			      size_t size);

/*
 * Sort rows, and siblings of the tree, by a column: numbers descending, text ascending; names break
 * ties. Roots of one group stay together, the group with the foremost root first.
 */
void rp_snapshot__sort(struct rp_snapshot *snapshot, const struct rp_column *column, bool invert);
/* One of the two alone. */
void rp_snapshot__sort_rows(struct rp_snapshot *snapshot, const struct rp_column *column,
			    bool invert);
void rp_snapshot__sort_tree(struct rp_snapshot *snapshot, const struct rp_column *column,
			    bool invert);

/* ---- forms ----------------------------------------------------------------------------------- */

struct rp_view_opts {
	bool tree;
	const struct rp_column_list *columns; /* of a table; NULL or empty: those of use */
	int width;			      /* cells of the terminal; 0: no limit */
	const char *title; /* printed before a table, e.g. "final summary"; NULL */
	bool utf8;
	bool one_line; /* JSON alone */
	bool summary;  /* JSON alone: it says that it is about the whole run */
};

/* 0, or a negative errno when the stream failed. */
struct rp_view {
	const char *name; /* what --format takes */
	int (*print)(FILE *out, const struct rp_snapshot *snapshot,
		     const struct rp_view_opts *opts);
	bool of_samples; /* and of nothing else */
};
extern const struct rp_view rp_views[]; /* ends with a NULL name */
const struct rp_view *rp_view__find(const char *name);

/* What the number of a reason counts, in a word and in words. */
const char *rp_lost__key(enum rp_lost reason);
const char *rp_lost__meaning(enum rp_lost reason);
/* With the number: "2 exits without an entry", "1 exit without an entry"; returns buf. */
#define RP_LOST_SIZE 160
const char *rp_lost__text(enum rp_lost reason, uint64_t n, char buf[RP_LOST_SIZE]);

/* After the last byte: 0, or why the stream failed. */
int rp_view__end(FILE *out);

/* ---- text helpers ---------------------------------------------------------------------------- */

/* "1.23 ms" style, 3 significant digits, at most 8 characters; returns buf. */
const char *rp_text__ns(double ns, char *buf, size_t size);
/* The "us" that rp_text__ns() ends a text with as "µs"; returns buf. */
const char *rp_text__micro(char *buf, size_t size);
/* "+5.2%", "x 12" where per cent are no help; returns buf. */
const char *rp_text__change(double ratio, char *buf, size_t size);
/* 12345678 -> "12.3M" past 6 digits. */
const char *rp_text__count(double count, char *buf, size_t size);
/* Print a table, no line with trailing blanks, which empty columns leave. 0 or a negative errno. */
int rp_text__print_table(FILE *out, struct libscols_table *table);
/* A text for CSV, in quotes if needed. -ENOMEM. */
int rp_csv__text(FILE *out, const char *text);

/* ---- marks of rows ------------------------------------------------------------------------ */

/* A sign beside a row, and what it says: below the table, and in the help of the screen. */
struct rp_mark {
	char sign;
	bool (*applies)(const struct rp_row *row);
	const char *meaning;
};

#define RP_MARKS 8
extern const struct rp_mark rp_marks[RP_MARKS];

/* The signs of a row, in their order. */
const char *rp_row__marks(const struct rp_row *row, char buf[RP_MARKS + 1]);

#endif

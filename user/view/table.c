// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The table for people. */
#include <errno.h>
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "util/escape.h"
#include "view/internal.h"

#define MAX_COLUMNS 32
#define GAP	    "  "
#define LEAST_NAME  16 /* of a name that is cut to fit, in characters */

/* Where the terminal is narrow these go first; what is not here stays. */
static const char *const dispensable[] = {"unmatched", "mean", "wait", "max", "blocked",
					  "p50",       "cpu",  "self", "p99"};
/* The same with a baseline: the figures that are compared stay. */
static const char *const dispensable_beside_baseline[] = {
	"unmatched", "mean", "wait", "max", "blocked", "cpu", "self", "count", "total"};
_Static_assert(sizeof(dispensable) == sizeof(dispensable_beside_baseline), "one loop for both");

struct sheet {
	const struct rp_snapshot *snapshot;
	const struct rp_column *column[MAX_COLUMNS];
	size_t n;
	size_t n_rows;
	bool tree;
	bool utf8;
	bool marked[RP_MARKS]; /* some row carries it */
	char hidden[128];      /* titles of the columns left out */
};

static const struct rp_row *row_at(const struct sheet *sheet, size_t i)
{
	return sheet->tree ? &sheet->snapshot->tree[i].row : &sheet->snapshot->rows[i];
}

/* ---- cells ----------------------------------------------------------------------------- */

static char *cell_text(const struct sheet *sheet, const struct rp_column *column,
		       const struct rp_row *row)
{
	char figure[64];

	if (column->text)
		return rp_escape__copy(column->text(row), sheet->utf8);
	return strdup(rp_column__format(column, row, sheet->snapshot, sheet->utf8, figure,
					sizeof(figure)));
}

static bool has_marks(const struct sheet *sheet)
{
	for (size_t i = 0; i < RP_MARKS; i++)
		if (sheet->marked[i])
			return true;
	return false;
}

/* ---- which columns --------------------------------------------------------------------- */

static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* Cells of the terminal that a column wants; 0: out of memory. */
static size_t column_width(const struct sheet *sheet, const struct rp_column *column)
{
	bool is_name = column == sheet->column[0];
	char title[32];
	size_t width = strlen(rp_column__title(column, sheet->snapshot, title, sizeof(title)));

	for (size_t i = 0; i < sheet->n_rows; i++) {
		char *text = cell_text(sheet, column, row_at(sheet, i));
		size_t len = text ? characters(text) : 0;

		if (!text)
			return 0;
		if (is_name && sheet->tree)
			len += 2 * ((size_t)sheet->snapshot->tree[i].depth + 1);
		if (len > width)
			width = len;
		free(text);
	}
	return is_name && width > LEAST_NAME ? LEAST_NAME : width;
}

/* Two for the gap, and two as a rule; a third mark is rare. */
static size_t marks_width(const struct sheet *sheet)
{
	size_t longest = 2, len;
	char marks[RP_MARKS + 1];

	for (size_t i = 0; i < sheet->n_rows; i++) {
		len = strlen(rp_row__marks(row_at(sheet, i), marks));
		if (len > longest)
			longest = len;
	}
	return has_marks(sheet) ? strlen(GAP) + longest : 0;
}

/* Leave out columns until the rest, the name cut if need be, fit the width. */
static int fit_columns(struct sheet *sheet, size_t width)
{
	const char *const *first = sheet->snapshot->baseline ? dispensable_beside_baseline
							     : dispensable;
	size_t widths[MAX_COLUMNS], need = marks_width(sheet), at = 0;

	for (size_t i = 0; i < sheet->n; i++) {
		widths[i] = column_width(sheet, sheet->column[i]) + (i ? strlen(GAP) : 0);
		if (widths[i] <= strlen(GAP))
			return -ENOMEM;
		need += widths[i];
	}
	for (size_t d = 0; d < sizeof(dispensable) / sizeof(dispensable[0]) && need > width; d++) {
		const struct rp_column *victim = rp_column__find(first[d]);
		size_t i = 0;

		while (i < sheet->n && sheet->column[i] != victim)
			i++;
		if (i == sheet->n)
			continue;
		at += (size_t)snprintf(sheet->hidden + at, sizeof(sheet->hidden) - at, " %s",
				       victim->title);
		need -= widths[i];
		sheet->n--;
		memmove(&sheet->column[i], &sheet->column[i + 1],
			(sheet->n - i) * sizeof(sheet->column[0]));
		memmove(&widths[i], &widths[i + 1], (sheet->n - i) * sizeof(widths[0]));
	}
	return 0;
}

static bool is_chosen(const struct rp_column_list *columns)
{
	return columns && columns->n;
}

/* The columns asked for, but TREND: only the screen keeps what was before. */
static void choose_columns(struct sheet *sheet, const struct rp_column_list *columns)
{
	if (!is_chosen(columns)) {
		sheet->n = rp_columns__shown(sheet->snapshot, sheet->column, MAX_COLUMNS);
		return;
	}
	for (size_t i = 0; i < columns->n; i++)
		if (columns->column[i]->unit != RP_UNIT_TREND && sheet->n < MAX_COLUMNS)
			sheet->column[sheet->n++] = columns->column[i];
}

static int plan_sheet(struct sheet *sheet, const struct rp_snapshot *snapshot,
		      const struct rp_view_opts *opts)
{
	*sheet = (struct sheet){
		.snapshot = snapshot,
		.tree = opts->tree,
		.n_rows = opts->tree ? snapshot->n_tree : snapshot->n_rows,
		/* What the C library cannot write in this locale libsmartcols cannot align. */
		.utf8 = opts->utf8 && MB_CUR_MAX > 1,
	};
	choose_columns(sheet, opts->columns);
	for (size_t i = 0; i < sheet->n_rows; i++)
		for (size_t k = 0; k < RP_MARKS; k++)
			sheet->marked[k] |= rp_marks[k].applies(row_at(sheet, i));
	/* Columns that were asked for by name are never left out. */
	return opts->width > 0 && sheet->n_rows && !is_chosen(opts->columns)
		       ? fit_columns(sheet, (size_t)opts->width)
		       : 0;
}

/* ---- the table proper ------------------------------------------------------------------ */

static int add_columns(struct libscols_table *table, const struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->n; i++) {
		const struct rp_column *column = sheet->column[i];
		int flags = column->text ? 0 : SCOLS_FL_RIGHT;
		char title[32];

		if (!i)
			flags = SCOLS_FL_TRUNC | (sheet->tree ? SCOLS_FL_TREE : 0);
		rp_column__title(column, sheet->snapshot, title, sizeof(title));
		if (!scols_table_new_column(table, title, 0, flags))
			return -ENOMEM;
	}
	/* The last, so that a program finds the same figure in the same word of every row. */
	return has_marks(sheet) && !scols_table_new_column(table, "", 0, 0) ? -ENOMEM : 0;
}

static int fill_line(struct libscols_line *line, const struct sheet *sheet,
		     const struct rp_row *row)
{
	char marks[RP_MARKS + 1];

	for (size_t i = 0; i < sheet->n; i++) {
		char *text = cell_text(sheet, sheet->column[i], row);

		if (!text)
			return -ENOMEM;
		if (scols_line_refer_data(line, i, text)) {
			free(text);
			return -ENOMEM;
		}
	}
	return has_marks(sheet) ? scols_line_set_data(line, sheet->n, rp_row__marks(row, marks))
				: 0;
}

static int add_lines(struct libscols_table *table, const struct sheet *sheet)
{
	const struct rp_tree_row *tree = sheet->snapshot->tree;
	struct libscols_line **line_of;
	int err = 0;

	line_of = calloc(sheet->n_rows + 1, sizeof(struct libscols_line *));
	if (!line_of)
		return -ENOMEM;
	for (size_t i = 0; i < sheet->n_rows && !err; i++) {
		uint32_t parent = sheet->tree ? tree[i].parent : 0;
		struct libscols_line *line;

		line = scols_table_new_line(table,
					    parent <= sheet->n_rows ? line_of[parent] : NULL);
		if (sheet->tree && tree[i].id && tree[i].id <= sheet->n_rows)
			line_of[tree[i].id] = line;
		err = line ? fill_line(line, sheet, row_at(sheet, i)) : -ENOMEM;
	}
	free(line_of);
	return err;
}

static int print_sheet(FILE *out, const struct sheet *sheet, int width)
{
	struct libscols_table *table = scols_new_table();
	int err;

	if (!table)
		return -ENOMEM;
	scols_table_set_column_separator(table, GAP);
	scols_table_enable_ascii(table, !sheet->utf8);
	scols_table_enable_noencoding(table, 1); /* cell_text() has done it */
	scols_table_set_termforce(table,
				  width > 0 ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	if (width > 0)
		scols_table_set_termwidth(table, (size_t)width);
	err = add_columns(table, sheet);
	if (!err)
		err = add_lines(table, sheet);
	if (!err)
		err = rp_text__print_table(out, table);
	scols_unref_table(table);
	return err;
}

/* ---- below the table ------------------------------------------------------------------- */

static int print_run(FILE *out, const struct sheet *sheet)
{
	const struct rp_snapshot *snapshot = sheet->snapshot;
	const struct rp_meta *meta = &snapshot->meta;
	char *target = rp_escape__copy(meta->target, sheet->utf8), span[32];

	if (!target)
		return -ENOMEM;
	fprintf(out, "%s%s%s, %" PRIu64 " probe%s (%s)", target, *target ? ": " : "",
		rp_text__ns((double)snapshot->duration, span, sizeof(span)), meta->probes,
		meta->probes == 1 ? "" : "s", meta->attach_mode ? meta->attach_mode : "none");
	if (meta->slow_sites)
		fprintf(out, ", %" PRIu64 " slow site%s", meta->slow_sites,
			meta->slow_sites == 1 ? "" : "s");
	fputc('\n', out);
	free(target);
	return 0;
}

/* Past this share of the target's CPU time, the region to leave out is named. */
#define COSTLY_SHARE 0.1

static int print_overhead(FILE *out, const struct sheet *sheet)
{
	const struct rp_snapshot *snapshot = sheet->snapshot;
	const struct rp_overhead *overhead = &snapshot->meta.overhead;
	const struct rp_row *worst = NULL;
	char *name, cost[32];

	if (!(snapshot->meta.ns_per_region > 0))
		return 0;
	rp_text__ns(snapshot->meta.ns_per_region, cost, sizeof(cost));
	fprintf(out, "overhead: %s a region",
		sheet->utf8 ? rp_text__micro(cost, sizeof(cost)) : cost);
	if (overhead->share > 0)
		fprintf(out, ", %.1f %% of the target's CPU%s", overhead->share * 100,
			overhead->idle ? ", which is mostly idle" : " time");
	for (size_t i = 0; i < snapshot->n_rows; i++)
		if (!snapshot->rows[i].left_out &&
		    (!worst || snapshot->rows[i].probe_ns > worst->probe_ns))
			worst = &snapshot->rows[i];
	if (worst && overhead->share > COSTLY_SHARE) {
		name = rp_escape__copy(worst->name, sheet->utf8);
		if (!name)
			return -ENOMEM;
		fprintf(out, ", most of it on %s (leave it out: -x)", name);
		free(name);
	}
	fputc('\n', out);
	return 0;
}

/* Room for the path: of the longest only the inner part is told. */
#define PATH_BYTES 4096

static int print_stuck_row(FILE *out, const struct sheet *sheet, const struct rp_open_row *row,
			   const char *path)
{
	char *name = rp_escape__copy(row->name, sheet->utf8),
	     *comm = rp_escape__copy(row->comm, sheet->utf8);
	char *safe_path = rp_escape__copy(path, sheet->utf8), age[32];
	char *label = rp_escape__copy(row->label, sheet->utf8);
	int err = name && comm && safe_path && label ? 0 : -ENOMEM;

	rp_text__ns((double)row->age, age, sizeof(age));
	if (!err) {
		fprintf(out, "stuck %s  %s%s%s%s  ",
			sheet->utf8 ? rp_text__micro(age, sizeof(age)) : age, name,
			*label ? "[" : "", label, *label ? "]" : "");
		if (row->kind == RP_KIND_SPAN)
			fprintf(out, "span %" PRIu64, row->span);
		else if (row->tid)
			fprintf(out, "thread %" PRIu32, row->tid);
		else
			fprintf(out, "goroutine %#" PRIx64, row->goroutine);
		fprintf(out, " of %" PRIu32 " %s  %s\n", row->pid, comm, safe_path);
	}
	free(name);
	free(comm);
	free(label);
	free(safe_path);
	return err;
}

static int print_stuck(FILE *out, const struct sheet *sheet)
{
	const struct rp_open_regions *open = sheet->snapshot->open;
	char path[PATH_BYTES];
	int err = 0;

	for (size_t i = 0; open && i < open->n_stuck && !err; i++)
		err = print_stuck_row(
			out, sheet, &open->row[i],
			rp_open_regions__path(open, &open->row[i], path, sizeof(path)));
	return err;
}

/* The name can be typed in a shell without quotes. */
static bool is_plain(const char *name)
{
	return !name[strspn(name,
			    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:.-")];
}

/* How regions whose calls overlap are measured as spans. */
static void print_cures(FILE *out, const struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->n_rows; i++) {
		const struct rp_row *row = row_at(sheet, i);
		size_t first = 0;

		while (row_at(sheet, first)->region != row->region)
			first++;
		if (first == i && row->told_by && row->usdt && is_plain(row->usdt))
			fprintf(out, "@  -u %s%s measures each call by itself, as a span\n",
				row->usdt, rp_column__find("overlaps")->text(row));
	}
}

#define MISSING_SHOWN 3

/* What the changes are against, and what of that is not here. */
static int print_baseline(FILE *out, const struct sheet *sheet)
{
	const struct rp_snapshot *snapshot = sheet->snapshot;
	char *name, span[32];

	if (!snapshot->baseline)
		return 0;
	name = rp_escape__copy(snapshot->baseline->file, sheet->utf8);
	if (!name)
		return -ENOMEM;
	fprintf(out, "VS: against %s, %s; ~ may be no change\n", name,
		rp_text__ns((double)snapshot->baseline->duration, span, sizeof(span)));
	free(name);
	for (size_t i = 0; i < snapshot->n_missing && i < MISSING_SHOWN; i++) {
		name = rp_escape__copy(snapshot->missing[i], sheet->utf8);
		if (!name)
			return -ENOMEM;
		fprintf(out, "%s%s", i ? ", " : "not entered now: ", name);
		free(name);
	}
	if (snapshot->n_missing > MISSING_SHOWN)
		fprintf(out, " and %zu more", snapshot->n_missing - MISSING_SHOWN);
	if (snapshot->n_missing)
		fputc('\n', out);
	return 0;
}

static void print_notes(FILE *out, const struct sheet *sheet)
{
	for (size_t i = 0; i < RP_MARKS; i++)
		if (sheet->marked[i])
			fprintf(out, "%c  %s\n", rp_marks[i].sign, rp_marks[i].meaning);
	print_cures(out, sheet);
	if (sheet->hidden[0])
		fprintf(out, "no room for:%s\n", sheet->hidden);
	rp_view__print_missing(out, "", sheet->snapshot);
}

int rp_view__table(FILE *out, const struct rp_snapshot *snapshot, const struct rp_view_opts *opts)
{
	struct sheet sheet;
	int err = plan_sheet(&sheet, snapshot, opts);

	if (err)
		return err;
	if (opts->title)
		fprintf(out, "%s\n", opts->title);
	if (sheet.n_rows)
		err = print_sheet(out, &sheet, opts->width);
	else if (!snapshot->sampled)
		fputs("no region was entered\n", out);
	if (!err && snapshot->sampled)
		err = rp_samples__print(out, snapshot, sheet.utf8);
	if (!err && snapshot->asleep)
		err = rp_asleep__print(out, snapshot, sheet.utf8);
	if (!err && snapshot->wakers)
		err = rp_wakers__print(out, snapshot, sheet.utf8);
	if (!err)
		err = print_run(out, &sheet);
	if (!err)
		err = print_overhead(out, &sheet);
	if (!err)
		err = print_stuck(out, &sheet);
	if (!err)
		err = print_baseline(out, &sheet);
	if (err)
		return err;
	print_notes(out, &sheet);
	return rp_view__end(out);
}

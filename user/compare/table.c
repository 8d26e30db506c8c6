// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The comparison for people: a row a region, in it B and per cent against A. */
#include <errno.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "compare/forms_internal.h"
#include "util/escape.h"
#include "view/view.h"

#define GAP	   "  "
#define LEAST_NAME 16
#define CELL	   96

/* Where the terminal is narrow these go first. */
static const enum rp_figure dispensable[] = {RP_FIGURE_SELF, RP_FIGURE_MEAN, RP_FIGURE_P99,
					     RP_FIGURE_CPU,  RP_FIGURE_P50,  RP_FIGURE_TOTAL};

struct sheet {
	const struct rp_comparison *c;
	const struct rp_diff_form_opts *opts;
	bool utf8;
	bool left_out[RP_FIGURES];
};

static const char *figure_cell(const struct sheet *s, size_t row, size_t column, char *buf)
{
	return rp_diff__figure(&s->c->change[row], rp_diff_columns[column].figure, s->utf8, buf,
			       CELL);
}

/* What is judged and what comes of it. */
static const char *change_cell(const struct sheet *s, size_t row, char *buf)
{
	return rp_diff__ratio(&s->c->change[row].ratio, s->utf8, buf, CELL);
}

static const char *verdict_cell(const struct sheet *s, size_t row, char *buf)
{
	return rp_diff__verdict(s->c, &s->c->change[row], buf, CELL);
}

/* ---- which columns --------------------------------------------------------------------------- */

static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static size_t widest(const struct sheet *s, size_t column)
{
	size_t width = strlen(rp_diff_columns[column].title), len;
	char cell[CELL];

	for (size_t i = 0; i < s->c->n; i++) {
		len = characters(figure_cell(s, i, column, cell));
		width = len > width ? len : width;
	}
	return width + strlen(GAP);
}

static size_t width_of_rest(const struct sheet *s)
{
	size_t change = strlen("CHANGE"), verdict = 0, len;
	char cell[CELL];

	for (size_t i = 0; i < s->c->n; i++) {
		len = characters(change_cell(s, i, cell));
		change = len > change ? len : change;
		len = characters(verdict_cell(s, i, cell));
		verdict = len > verdict ? len : verdict;
	}
	return LEAST_NAME + change + verdict + 2 * strlen(GAP);
}

static void fit(struct sheet *s)
{
	size_t need = width_of_rest(s), widths[RP_FIGURES];

	for (size_t k = 0; k < RP_FIGURES; k++) {
		widths[rp_diff_columns[k].figure] = widest(s, k);
		need += widths[rp_diff_columns[k].figure];
	}
	for (size_t i = 0;
	     i < sizeof(dispensable) / sizeof(dispensable[0]) && need > (size_t)s->opts->width;
	     i++) {
		s->left_out[dispensable[i]] = true;
		need -= widths[dispensable[i]];
	}
}

/* ---- the table ------------------------------------------------------------------------------- */

static int add_columns(struct libscols_table *table, const struct sheet *s)
{
	bool made = scols_table_new_column(table, "REGION", 0, SCOLS_FL_TRUNC);

	for (size_t k = 0; k < RP_FIGURES; k++)
		if (!s->left_out[rp_diff_columns[k].figure])
			made = made && scols_table_new_column(table, rp_diff_columns[k].title, 0,
							      SCOLS_FL_RIGHT);
	made = made && scols_table_new_column(table, "CHANGE", 0, SCOLS_FL_RIGHT) &&
	       scols_table_new_column(table, "", 0, 0);
	return made ? 0 : -ENOMEM;
}

static int add_line(struct libscols_table *table, const struct sheet *s, size_t row)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char *name = rp_escape__copy(s->c->change[row].name, s->utf8), cell[CELL];
	size_t at = 0;
	int rc = line && name ? 0 : -ENOMEM;

	if (!rc)
		rc = scols_line_set_data(line, at++, name);
	for (size_t k = 0; k < RP_FIGURES && !rc; k++)
		if (!s->left_out[rp_diff_columns[k].figure])
			rc = scols_line_set_data(line, at++, figure_cell(s, row, k, cell));
	if (!rc)
		rc = scols_line_set_data(line, at++, change_cell(s, row, cell));
	if (!rc)
		rc = scols_line_set_data(line, at, verdict_cell(s, row, cell));
	free(name);
	return rc;
}

struct libscols_table *rp_diff__new_table(int width, bool utf8)
{
	struct libscols_table *table = scols_new_table();

	if (!table)
		return NULL;
	scols_table_set_column_separator(table, GAP);
	scols_table_enable_ascii(table, !utf8);
	scols_table_enable_noencoding(table, 1);
	scols_table_set_termforce(table,
				  width > 0 ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	if (width > 0)
		scols_table_set_termwidth(table, (size_t)width);
	return table;
}

static int print_sheet(FILE *out, const struct sheet *s)
{
	struct libscols_table *table = rp_diff__new_table(s->opts->width, s->utf8);
	int rc = table ? add_columns(table, s) : -ENOMEM;

	for (size_t i = 0; !rc && i < s->c->n; i++)
		rc = add_line(table, s, i);
	if (!rc)
		rc = rp_text__print_table(out, table);
	scols_unref_table(table);
	return rc;
}

int rp_diff__table(FILE *out, const struct rp_comparison *c, const struct rp_diff_form_opts *opts)
{
	struct sheet sheet = {.c = c, .opts = opts, .utf8 = opts->utf8 && MB_CUR_MAX > 1};
	const struct rp_diff_notes notes = {.out = out, .before = "", .utf8 = sheet.utf8};
	int rc = 0;

	if (opts->width > 0)
		fit(&sheet);
	if (c->n)
		rc = print_sheet(out, &sheet);
	else
		fputs("no region was entered\n", out);
	if (!rc)
		rc = rp_diff__print_samples(out, c, opts->width, sheet.utf8);
	return rc ? rc : rp_diff__print_notes(&notes, c);
}

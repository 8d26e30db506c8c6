// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What samples tell of A and B, for people: in the table, and in Markdown. */
#include <errno.h>
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "compare/forms_internal.h"
#include "util/escape.h"
#include "view/view.h"

#define MOST 10 /* functions, and lines */

enum { SHARE_A, SHARE_B, SELF_A, SELF_B, CHANGE, VERDICT, CELLS };
static const char *const titles[CELLS] = {"SHARE A", "SHARE B", "SELF A", "SELF B", "CHANGE", ""};

struct list {
	const struct rp_sample_changes *samples;
	size_t from, n; /* of its items */
};

/* Those that have share enough, the most changed of them. */
static bool is_shown(const struct list *list, size_t i, size_t *shown)
{
	if (!rp_sample_change__is_large(&list->samples->item[list->from + i]) || *shown == MOST)
		return false;
	(*shown)++;
	return true;
}

static const char *cell(const struct rp_sample_changes *samples,
			const struct rp_sample_change *change, size_t column, bool utf8, char *buf,
			size_t size)
{
	size_t side = column % 2;

	buf[0] = '\0';
	switch (column) {
	case SHARE_A:
	case SHARE_B:
		snprintf(buf, size, "%.1f %%", 100 * change->share[side]);
		break;
	case SELF_A:
	case SELF_B:
		if (!samples->has_cpu)
			break;
		rp_text__ns(change->self[side], buf, size);
		return utf8 ? rp_text__micro(buf, size) : buf;
	case CHANGE:
		rp_diff__ratio(&(struct rp_ratio){.value = change->ratio.value}, utf8, buf, size);
		if (change->ratio.value > 0)
			snprintf(buf + strlen(buf), size - strlen(buf), " %s %.1f %%",
				 utf8 ? "±" : "+-",
				 100 * (change->ratio.high - change->ratio.value));
		return buf;
	case VERDICT:
		snprintf(buf, size, "%s", rp_outcome__text(change->verdict, RP_METRIC_COUNT));
		break;
	}
	return buf;
}

/*
 * "parse.c:40  parse": where the terminal is narrow the end goes. NULL: out of memory. To be freed.
 */
static char *where(const struct rp_run_place *place, bool utf8)
{
	char *plain, *escaped;
	int n = place->line ? asprintf(&plain, "%s:%" PRIu32 "  %s", place->file, place->line,
				       place->function)
			    : asprintf(&plain, "%s", place->function);

	if (n < 0)
		return NULL;
	escaped = rp_escape__copy(plain, utf8);
	free(plain);
	return escaped;
}

/* ---- the table ------------------------------------------------------------------------------- */

static int add_line(struct libscols_table *table, const struct list *list, size_t i, bool utf8)
{
	const struct rp_sample_change *change = &list->samples->item[list->from + i];
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char *name = where(&change->place, utf8), text[96];
	int rc = line && name ? scols_line_set_data(line, 0, name) : -ENOMEM;

	for (size_t k = 0; k < CELLS && !rc; k++)
		rc = scols_line_set_data(line, k + 1,
					 cell(list->samples, change, k, utf8, text, sizeof(text)));
	free(name);
	return rc;
}

static int fill(struct libscols_table *table, const struct list *list, const char *title, bool utf8)
{
	bool made = scols_table_new_column(table, title, 0, SCOLS_FL_TRUNC);
	size_t shown = 0;
	int rc;

	for (size_t k = 0; k < CELLS; k++)
		made = made && scols_table_new_column(table, titles[k], 0,
						      k == VERDICT ? 0 : SCOLS_FL_RIGHT);
	rc = made ? 0 : -ENOMEM;
	for (size_t i = 0; i < list->n && !rc; i++)
		if (is_shown(list, i, &shown))
			rc = add_line(table, list, i, utf8);
	return rc;
}

static int print_list(FILE *out, const struct list *list, const char *title, int width, bool utf8)
{
	struct libscols_table *table = rp_diff__new_table(width, utf8);
	int rc = table ? fill(table, list, title, utf8) : -ENOMEM;

	if (!rc)
		rc = rp_text__print_table(out, table);
	scols_unref_table(table);
	return rc;
}

static struct list functions_of(const struct rp_sample_changes *samples)
{
	return (struct list){samples, 0, samples->n_functions};
}

static struct list lines_of(const struct rp_sample_changes *samples)
{
	return (struct list){samples, samples->n_functions, samples->n - samples->n_functions};
}

int rp_diff__print_samples(FILE *out, const struct rp_comparison *c, int width, bool utf8)
{
	const struct list functions = functions_of(&c->samples), lines = lines_of(&c->samples);
	int rc = 0;

	if (functions.n)
		rc = print_list(out, &functions, "FUNCTION", width, utf8);
	if (!rc && lines.n)
		rc = print_list(out, &lines, "LINE", width, utf8);
	return rc;
}

/* ---- Markdown -------------------------------------------------------------------------------- */

static int print_rows(FILE *out, const struct list *list, const char *title)
{
	size_t shown = 0;
	char text[96];
	int rc = 0;

	fprintf(out, "\n| %s |", title);
	for (size_t k = 0; k < CELLS; k++)
		fprintf(out, " %s |", titles[k]);
	fputs("\n|---|---:|---:|---:|---:|---:|---|\n", out);
	for (size_t i = 0; i < list->n && !rc; i++) {
		const struct rp_sample_change *change = &list->samples->item[list->from + i];
		char *name;

		if (!is_shown(list, i, &shown))
			continue;
		name = where(&change->place, true);
		fputs("| ", out);
		if (name)
			rp_diff__print_code(out, name);
		else
			rc = -ENOMEM;
		free(name);
		for (size_t k = 0; k < CELLS; k++)
			fprintf(out, " | %s",
				cell(list->samples, change, k, true, text, sizeof(text)));
		fputs(" |\n", out);
	}
	return rc;
}

int rp_diff__print_sample_rows(FILE *out, const struct rp_comparison *c)
{
	const struct list functions = functions_of(&c->samples), lines = lines_of(&c->samples);
	int rc = 0;

	if (!functions.n)
		return 0;
	fputs("\n<details><summary>functions and lines, by samples</summary>\n", out);
	rc = print_rows(out, &functions, "function");
	if (!rc && lines.n)
		rc = print_rows(out, &lines, "line");
	fputs("\n</details>\n", out);
	return rc;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* RFC 4180, but with plain newlines: one row a region under the names that JSON has. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/escape.h"
#include "view/internal.h"

int rp_csv__text(FILE *out, const char *text)
{
	char *escaped = rp_escape__copy(text, true);

	if (!escaped)
		return -ENOMEM;
	if (!strpbrk(escaped, ",\"") && escaped[0] != ' ' && escaped[0] != '#') {
		fputs(escaped, out);
	} else {
		fputc('"', out);
		for (const char *c = escaped; *c; c++) {
			if (*c == '"')
				fputc('"', out);
			fputc(*c, out);
		}
		fputc('"', out);
	}
	free(escaped);
	return 0;
}

/* A change as a share; empty where it is not known. */
static void print_change(FILE *out, const struct rp_ratio *ratio)
{
	const double values[] = {ratio->value, ratio->low, ratio->high};

	for (size_t i = 0; i < 3; i++) {
		if (i)
			fputc(',', out);
		if (ratio->high > 0 && isfinite(values[i]))
			fprintf(out, "%.4f", values[i] - 1);
	}
}

static int print_cell(FILE *out, const struct rp_column *column, const struct rp_row *row,
		      const struct rp_snapshot *snapshot)
{
	char number[48];

	if (column->text)
		return rp_csv__text(out, column->text(row));
	if (column->unit == RP_UNIT_CHANGE)
		print_change(out, rp_column__change(column, row));
	else if (column->exact)
		fprintf(out, "%" PRIu64, column->exact(row));
	else
		fputs(rp_text__fixed(column->value(row, snapshot), 3, number, sizeof(number)), out);
	return 0;
}

static void print_title(FILE *out, const struct rp_column *column, const char *before)
{
	fprintf(out, "%s%s", before, column->key);
	if (column->unit == RP_UNIT_CHANGE)
		fprintf(out, ",%s_low,%s_high", column->key, column->key);
}

static bool applies(const struct rp_column *column, const struct rp_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->n_rows; i++)
		if (rp_column__applies(column, &snapshot->rows[i]))
			return true;
	return false;
}

int rp_view__csv(FILE *out, const struct rp_snapshot *snapshot, const struct rp_view_opts *opts)
{
	const struct rp_column *columns[64];
	size_t n = 0;
	int err;

	(void)opts;
	if (snapshot->sampled && !snapshot->n_rows)
		return rp_samples__print_csv(out, snapshot);
	for (size_t i = 0; i < rp_n_columns && n < sizeof(columns) / sizeof(columns[0]); i++)
		if (rp_column__is_exported(&rp_columns[i], snapshot))
			columns[n++] = &rp_columns[i];
	for (size_t i = 0; i < rp_n_record_columns; i++)
		if (applies(&rp_record_columns[i], snapshot))
			columns[n++] = &rp_record_columns[i];
	for (size_t i = 0; i < n; i++)
		print_title(out, columns[i], i ? "," : "");
	fputs(snapshot->wakers ? RP_WAKERS_CSV "\n" : "\n", out);
	for (size_t r = 0; r < snapshot->n_rows; r++) {
		for (size_t i = 0; i < n; i++) {
			if (i)
				fputc(',', out);
			err = print_cell(out, columns[i], &snapshot->rows[r], snapshot);
			if (err)
				return err;
		}
		err = snapshot->wakers ? rp_wakers__print_csv(out, &snapshot->rows[r]) : 0;
		if (err)
			return err;
		fputc('\n', out);
	}
	rp_view__print_missing(out, "# ", snapshot);
	return rp_view__end(out);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* OpenMetrics 1.0 text. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/escape.h"
#include "view/internal.h"

/*
 * Boundaries for all regions and all time: 2^k - 1 ns, the last value before a bucket of ours, so
 * that the counts are exact. Written as the specification has floats.
 */
static const struct {
	uint32_t exponent;
	const char *le;
} boundaries[] = {
	{10, "1.023e-06"},    {12, "4.095e-06"},    {14, "1.6383e-05"},	 {16, "6.5535e-05"},
	{18, "0.000262143"},  {20, "0.001048575"},  {22, "0.004194303"}, {24, "0.016777215"},
	{26, "0.067108863"},  {28, "0.268435455"},  {30, "1.073741823"}, {32, "4.294967295"},
	{34, "17.179869183"}, {36, "68.719476735"},
};

/* A counter of time; the unit belongs to its name. */
struct seconds {
	const char *name, *help;
	const char *column;
};
static const struct seconds counters[] = {
	{"rptrace_region_self_seconds", "Wall time less that in regions entered from it.", "self"},
	{"rptrace_region_cpu_seconds", "Time running on a CPU.", "cpu"},
	{"rptrace_region_wait_seconds", "Time ready to run but waiting for a CPU.", "wait"},
	{"rptrace_region_blocked_seconds", "Time asleep.", "blocked"},
};

static const char *seconds(double ns, char *buf, size_t size)
{
	return rp_text__fixed(ns / 1e9, 9, buf, size);
}

static const char *exact_seconds(uint64_t ns, char *buf, size_t size)
{
	snprintf(buf, size, "%" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
	return buf;
}

/* ---- labels ---------------------------------------------------------------------------- */

static int print_label(FILE *out, const char *name, const char *value)
{
	char *escaped = rp_escape__copy(value, true);

	if (!escaped)
		return -ENOMEM;
	fprintf(out, "%s=\"", name);
	for (const char *c = escaped; *c; c++) {
		if (*c == '\\' || *c == '"')
			fputc('\\', out);
		fputc(*c, out);
	}
	fputc('"', out);
	free(escaped);
	return 0;
}

/* The labels that tell a row from all others, made once a row. */
static char *row_labels(const struct rp_row *row, const struct rp_snapshot *snapshot)
{
	static const char *const names[] = {"name", "kind", "object", "group"};
	size_t n = snapshot->meta.group_by ? 4 : 3, size;
	char *labels = NULL;
	FILE *out = open_memstream(&labels, &size);
	int err = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; i < n && !err; i++) {
		if (i)
			fputc(',', out);
		err = print_label(out, i ? names[i] : "region",
				  rp_column__find(names[i])->text(row));
	}
	if (!fclose(out) && !err)
		return labels;
	free(labels);
	return NULL;
}

static void free_labels(char **labels, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(labels[i]);
	free(labels);
}

static char **all_labels(const struct rp_snapshot *snapshot)
{
	char **labels = calloc(snapshot->n_rows + 1, sizeof(*labels));

	for (size_t i = 0; labels && i < snapshot->n_rows; i++) {
		labels[i] = row_labels(&snapshot->rows[i], snapshot);
		if (!labels[i]) {
			free_labels(labels, i);
			return NULL;
		}
	}
	return labels;
}

/* ---- families -------------------------------------------------------------------------- */

static void print_family(FILE *out, const char *name, const char *type, const char *unit,
			 const char *help)
{
	fprintf(out, "# TYPE %s %s\n", name, type);
	if (unit)
		fprintf(out, "# UNIT %s %s\n", name, unit);
	fprintf(out, "# HELP %s %s\n", name, help);
}

static void print_histogram(FILE *out, const struct rp_row *row, const char *labels)
{
	static const char name[] = "rptrace_region_duration_seconds";
	uint64_t below = 0, shown;
	uint32_t bucket = 0;
	char sum[48];

	for (size_t i = 0; i < sizeof(boundaries) / sizeof(boundaries[0]); i++) {
		uint32_t end = rp_hist_index(UINT64_C(1) << boundaries[i].exponent);

		for (; bucket < end; bucket++)
			below += rp_hist_part__at(&row->hist, bucket);
		/* Count and buckets are not read at one instant; a histogram must add up. */
		shown = below < row->f.count ? below : row->f.count;
		fprintf(out, "%s_bucket{%s,le=\"%s\"} %" PRIu64 "\n", name, labels,
			boundaries[i].le, shown);
	}
	fprintf(out, "%s_bucket{%s,le=\"+Inf\"} %" PRIu64 "\n", name, labels, row->f.count);
	fprintf(out, "%s_count{%s} %" PRIu64 "\n", name, labels, row->f.count);
	fprintf(out, "%s_sum{%s} %s\n", name, labels,
		seconds(row->f.mean * (double)row->f.count, sum, sizeof(sum)));
}

static void print_counters(FILE *out, const struct rp_snapshot *snapshot, char *const *labels)
{
	char number[48];

	for (size_t c = 0; c < sizeof(counters) / sizeof(counters[0]); c++) {
		const struct rp_column *column = rp_column__find(counters[c].column);

		print_family(out, counters[c].name, "counter", "seconds", counters[c].help);
		for (size_t i = 0; i < snapshot->n_rows; i++)
			if (rp_column__applies(column, &snapshot->rows[i]))
				fprintf(out, "%s_total{%s} %s\n", counters[c].name, labels[i],
					exact_seconds(column->exact(&snapshot->rows[i]), number,
						      sizeof(number)));
	}
	print_family(out, "rptrace_region_unwound", "counter", NULL,
		     "Times left without an exit: exception, longjmp, thread exit.");
	for (size_t i = 0; i < snapshot->n_rows; i++)
		fprintf(out, "rptrace_region_unwound_total{%s} %" PRIu64 "\n", labels[i],
			snapshot->rows[i].f.unwound);
	print_family(out, "rptrace_region_open", "gauge", NULL, "Times entered and not left yet.");
	for (size_t i = 0; i < snapshot->n_rows; i++)
		fprintf(out, "rptrace_region_open{%s} %" PRIu64 "\n", labels[i],
			snapshot->rows[i].f.open);
}

int rp_view__openmetrics(FILE *out, const struct rp_snapshot *snapshot,
			 const struct rp_view_opts *opts)
{
	char **labels = all_labels(snapshot);

	(void)opts;
	if (!labels)
		return -ENOMEM;
	print_family(out, "rptrace_region_duration_seconds", "histogram", "seconds",
		     "Wall time from entry to exit.");
	for (size_t i = 0; i < snapshot->n_rows; i++)
		print_histogram(out, &snapshot->rows[i], labels[i]);
	print_counters(out, snapshot, labels);
	print_family(out, "rptrace_lost", "counter", NULL, "What was not measured, by reason.");
	for (size_t i = 0; i < RP_LOST_COUNT; i++)
		fprintf(out, "rptrace_lost_total{reason=\"%s\"} %" PRIu64 "\n",
			rp_lost_texts[i].key, snapshot->lost[i]);
	fputs("# EOF\n", out);
	free_labels(labels, snapshot->n_rows);
	return rp_view__end(out);
}

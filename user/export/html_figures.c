// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Where a page would be too large, rows, paths and slow instances are left out, those of the least
 * time first, and how many is told.
 */
#include "export/html_figures.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/html_hot.h"
#include "export/internal.h"
#include "export/slowest_internal.h"
#include "util/array.h"
#include "view/view.h"

/* At first; half of each as long as they are packed into too many bytes. */
#define ROWS_MAX    1000
#define TREE_MAX    20000
#define SLOWEST_MAX 5000

/* Of what is hot: functions, and as many lines. */
#define HOT_OF_ROW 10
#define HOT_OF_ALL 25

struct writer {
	const struct rp_html_figures *figures;
	FILE *out;
	size_t part; /* of the bounds above: one in so many */
	int rc;
};

/* ---- pieces ---------------------------------------------------------------------------------- */

static void put_string(struct writer *w, const char *text)
{
	char *quoted = rp_export__quote_json(text);

	if (!quoted)
		w->rc = -ENOMEM;
	else
		fprintf(w->out, "\"%s\"", quoted);
	free(quoted);
}

static void put_key(struct writer *w, const char *key)
{
	fprintf(w->out, ",\n\"%s\":", key);
}

/* As exports name it: with its label. NULL: out of memory. */
static char *name_of(const struct rp_row *row)
{
	char *name;

	if (!row->group || !strcmp(row->group, "-"))
		return strdup(row->name);
	return asprintf(&name, "%s[%s]", row->name, row->group) < 0 ? NULL : name;
}

static void put_name(struct writer *w, const struct rp_row *row)
{
	char *name = name_of(row);

	if (name)
		put_string(w, name);
	else
		w->rc = -ENOMEM;
	free(name);
}

/* ---- the run --------------------------------------------------------------------------------- */

static void put_runs(struct writer *w)
{
	put_key(w, "runs");
	for (size_t i = 0; i < w->figures->n_runs; i++) {
		const struct rp_html_run *run = &w->figures->run[i];

		fprintf(w->out,
			"%s{\"file\":\"%s\",\"host\":\"%s\",\"kernel\":\"%s\",\"target\":\"%s\","
			"\"kept\":\"%s\",\"start_time\":\"%s\",\"part\":\"%s\","
			"\"from\":%" PRIu64 ",\"duration\":%" PRIu64 ",\"cut\":%d}",
			i ? ",\n" : "[", run->file, run->host, run->kernel, run->target, run->kept,
			run->start_time, run->part, run->from, run->duration, run->cut);
	}
	fputs(w->figures->n_runs ? "]" : "[]", w->out);
}

static void put_meta(struct writer *w)
{
	const struct rp_meta *meta = &w->figures->snapshot->meta;

	put_key(w, "attach_mode");
	put_string(w, meta->attach_mode);
	put_key(w, "probes");
	fprintf(w->out, "%" PRIu64 ",\"slow_sites\":%" PRIu64 ",\"ns_per_region\":%.0f",
		meta->probes, meta->slow_sites, meta->ns_per_region);
}

/* Those that lost something, in words. */
static void put_lost(struct writer *w)
{
	const struct rp_html_figures *f = w->figures;
	const char *comma = "";

	put_key(w, "lost");
	fputc('[', w->out);
	for (int reason = 0; reason < RP_LOST_COUNT; reason++) {
		if (!f->snapshot->lost[reason])
			continue;
		fprintf(w->out, "%s[%" PRIu64 ",", comma, f->snapshot->lost[reason]);
		put_string(w, rp_lost__meaning(reason));
		fputc(']', w->out);
		comma = ",";
	}
	/* A record without its end has only what the reader knows. */
	if (f->lost_instances && !f->snapshot->lost[RP_LOST_INSTANCES])
		fprintf(w->out, "%s[%" PRIu64 ",\"instances that the recorder had no room for\"]",
			comma, f->lost_instances);
	fputc(']', w->out);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* There is no column of labels: they are part of the names. */
static bool is_shown(const struct rp_column *column)
{
	return column->exported && !rp_column__is_of_samples(column) &&
	       column->unit != RP_UNIT_CHANGE && strcmp(column->key, "name") &&
	       strcmp(column->key, "group");
}

static const char *unit_of(const struct rp_column *column)
{
	switch (column->unit) {
	case RP_UNIT_TEXT:
		return "text";
	case RP_UNIT_NS:
	case RP_UNIT_NS_MEAN:
		return "ns";
	case RP_UNIT_FLAG:
		return "flag";
	default:
		return "count";
	}
}

static void put_columns(struct writer *w)
{
	put_key(w, "columns");
	fputs("[[\"name\",\"REGION\",\"name of the region, with its label\",\"text\",1]", w->out);
	for (size_t i = 0; i < rp_n_columns; i++) {
		const struct rp_column *column = &rp_columns[i];

		if (!is_shown(column))
			continue;
		fprintf(w->out, ",\n[\"%s\",\"%s\",", column->key, column->title);
		put_string(w, column->help);
		fprintf(w->out, ",\"%s\",%d]", unit_of(column), column->shown);
	}
	fputc(']', w->out);
}

static void put_row(struct writer *w, const struct rp_row *row)
{
	const struct rp_snapshot *snapshot = w->figures->snapshot;

	put_name(w, row);
	for (size_t i = 0; i < rp_n_columns; i++) {
		const struct rp_column *column = &rp_columns[i];

		if (!is_shown(column))
			continue;
		fputc(',', w->out);
		if (column->text)
			put_string(w, column->text(row));
		else if (!rp_column__applies(column, row))
			fputs("null", w->out);
		else if (column->exact)
			fprintf(w->out, "%" PRIu64, column->exact(row));
		else
			fprintf(w->out, "%.0f", column->value(row, snapshot));
	}
}

/* [first bucket, how many in it, in the next, ...] */
static void put_hist(struct writer *w, const struct rp_hist_part *hist)
{
	fprintf(w->out, "[%" PRIu32, hist->from);
	for (uint32_t i = hist->from; i < hist->end; i++)
		fprintf(w->out, ",%" PRIu64, hist->bucket[i - hist->from]);
	fputc(']', w->out);
}

/* [[first bucket of the row, how many in each column], ...] */
static void put_heat(struct writer *w, const struct rp_row *row)
{
	const struct rp_heat_map *map;
	const char *comma = "";
	char *name = name_of(row), *quoted = name ? rp_export__quote_json(name) : NULL;
	uint32_t number;

	free(name);
	if (!quoted || rp_export_names__find(w->figures->names, quoted, &number)) {
		free(quoted);
		w->rc = -ENOMEM;
		return;
	}
	free(quoted);
	map = rp_heats__of(w->figures->heat, number);
	fputc('[', w->out);
	for (unsigned i = 0; map && i < RP_HEATS_ROWS; i++) {
		if (!map->row[i])
			continue;
		fprintf(w->out, "%s[%u", comma, i * RP_HEATS_BUCKETS);
		for (size_t k = 0; k < RP_HEATS_COLUMNS; k++)
			fprintf(w->out, ",%" PRIu32, map->row[i][k]);
		fputc(']', w->out);
		comma = ",";
	}
	fputc(']', w->out);
}

static void put_hot(struct writer *w, const struct rp_profile *profile, size_t most)
{
	int rc = rp_html_hot__print(profile, most, w->out);

	if (rc)
		w->rc = rc;
}

static void put_rows(struct writer *w)
{
	const struct rp_snapshot *s = w->figures->snapshot;
	size_t most = ROWS_MAX / w->part, n = s->n_rows < most ? s->n_rows : most;

	put_key(w, "rows");
	for (size_t i = 0; i < n; i++) {
		fputs(i ? ",\n{\"cells\":[" : "[{\"cells\":[", w->out);
		put_row(w, &s->rows[i]);
		fputs("],\"hist\":", w->out);
		put_hist(w, &s->rows[i].hist);
		fputs(",\"heat\":", w->out);
		put_heat(w, &s->rows[i]);
		if (s->rows[i].profile.samples) {
			fputs(",\"hot\":", w->out);
			put_hot(w, &s->rows[i].profile, HOT_OF_ROW);
		}
		fputc('}', w->out);
	}
	fputs(n ? "]" : "[]", w->out);
	put_key(w, "rows_left_out");
	fprintf(w->out, "%zu,\"heat_column\":%" PRIu64, s->n_rows - n, w->figures->heat->column);
}

/* ---- the tree -------------------------------------------------------------------------------- */

/*
 * How wide each path is drawn: what runs inside may be longer than what is known of it, as of a
 * main() that was open when the run ended. NULL: out of memory.
 */
static uint64_t *widths_of(const struct rp_snapshot *s)
{
	uint64_t *widths = calloc(s->n_tree + 1, sizeof(*widths));

	for (size_t i = s->n_tree; widths && i--;) {
		const struct rp_tree_row *row = &s->tree[i];

		if (widths[i] < row->row.f.total)
			widths[i] = row->row.f.total;
		if (row->parent)
			widths[row->parent - 1] += widths[i];
	}
	return widths;
}

static int compare_widths(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y) - (x > y);
}

/* What a path has to have to be among so many of the widest. */
static int find_least(const uint64_t *widths, size_t n, size_t most, uint64_t *least)
{
	uint64_t *sorted;

	*least = 0;
	if (n <= most)
		return 0;
	sorted = calloc(n, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, widths, n * sizeof(*sorted));
	rp_array__sort(sorted, n, sizeof(*sorted), compare_widths);
	*least = sorted[most - 1];
	free(sorted);
	return 0;
}

/* [name, depth, count, total, self] in depth-first order, none without that which it is below. */
static void put_tree(struct writer *w)
{
	const struct rp_snapshot *s = w->figures->snapshot;
	size_t most = TREE_MAX / w->part;
	uint64_t *widths = widths_of(s), least;
	uint32_t below = UINT32_MAX; /* the depth of one that is left out */
	size_t n = 0;

	if (!widths || find_least(widths, s->n_tree, most, &least)) {
		free(widths);
		w->rc = -ENOMEM;
		return;
	}
	put_key(w, "tree");
	for (size_t i = 0; i < s->n_tree; i++) {
		const struct rp_tree_row *row = &s->tree[i];

		if (row->depth > below)
			continue;
		below = widths[i] < least || n == most ? row->depth : UINT32_MAX;
		if (below != UINT32_MAX)
			continue;
		fputs(n++ ? ",\n[" : "[[", w->out);
		put_name(w, &row->row);
		fprintf(w->out, ",%" PRIu32 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", row->depth,
			row->row.f.count, row->row.f.total, row->row.f.self);
	}
	fputs(n ? "]" : "[]", w->out);
	put_key(w, "tree_left_out");
	fprintf(w->out, "%zu", s->n_tree - n);
	free(widths);
}

/* ---- the slowest ----------------------------------------------------------------------------- */

static void put_slow(struct writer *w, const struct rp_slow *slow)
{
	const struct rp_event_instance *instance = &slow->instance;

	put_string(w, slow->name);
	fprintf(w->out, ",%" PRIu32 ",%" PRIu64 ",%" PRIu64 ",", slow->run, slow->since,
		instance->ns);
	if (instance->is_span)
		fputs("null,null,", w->out);
	else
		fprintf(w->out, "%" PRIu64 ",%" PRIu64 ",", instance->cpu, instance->wait);
	put_string(w, slow->comm);
	if (slow->tid)
		fprintf(w->out, ",%" PRIu32 ",\"%" PRIu32 "\",%u", slow->pid, slow->tid,
			instance->cpu_number);
	else
		fprintf(w->out, ",%" PRIu32 ",\"goroutine %#" PRIx64 "\",%u", slow->pid,
			slow->goroutine, instance->cpu_number);
}

static void put_slowest(struct writer *w)
{
	const struct rp_slowest *s = w->figures->slowest;
	size_t n = 0, left_out = 0;

	put_key(w, "slowest");
	for (size_t i = 0; i < s->n_found; i++)
		for (size_t k = 0; k < s->found[i].n; k++) {
			if (n == SLOWEST_MAX / w->part) {
				left_out++;
				continue;
			}
			fputs(n++ ? ",\n[" : "[[", w->out);
			put_slow(w, &s->found[i].slow[k]);
			fputc(']', w->out);
		}
	fputs(n ? "]" : "[]", w->out);
	put_key(w, "slowest_of_each");
	fprintf(w->out, "%u,\"slowest_left_out\":%zu", s->most, left_out);
}

/* ---- samples --------------------------------------------------------------------------------- */

/* null: there are none. */
static void put_samples(struct writer *w)
{
	const struct rp_sampled *s = w->figures->snapshot->sampled;

	put_key(w, "samples");
	if (!s || !s->totals.taken) {
		fputs("null", w->out);
		return;
	}
	fprintf(w->out,
		"{\"taken\":%" PRIu64 ",\"lost\":%" PRIu64
		",\"hz_wanted\":%u,\"hz_achieved\":%.0f,\"all\":",
		s->totals.taken, s->lost, s->hz_wanted, s->hz_achieved);
	put_hot(w, &s->all, HOT_OF_ALL);
	fputc('}', w->out);
}

/* ---- all ------------------------------------------------------------------------------------- */

static void put_all(struct writer *w)
{
	fputs("{\"version\":", w->out);
	put_string(w, w->figures->snapshot->meta.version);
	put_runs(w);
	put_meta(w);
	put_lost(w);
	put_columns(w);
	put_rows(w);
	put_tree(w);
	put_slowest(w);
	put_samples(w);
	fputs("}\n", w->out);
}

static int pack(struct writer *w, struct rp_html_pack *out)
{
	char *text = NULL;
	size_t size = 0;

	w->out = open_memstream(&text, &size);
	if (!w->out)
		return -ENOMEM;
	put_all(w);
	if (fclose(w->out))
		w->rc = -ENOMEM;
	rp_html_pack__begin(out);
	rp_html_pack__put(out, text, size);
	free(text);
	return rp_html_pack__end(out) ? -ENOMEM : w->rc;
}

int rp_html_figures__pack(const struct rp_html_figures *figures, size_t most,
			  struct rp_html_pack *out)
{
	struct writer w = {.figures = figures, .part = 1};
	int rc;

	rp_snapshot__sort(figures->snapshot, rp_column__find("total"), false);
	for (;; w.part *= 2) {
		rc = pack(&w, out);
		if (rc || out->bytes.n <= most || w.part > ROWS_MAX)
			return rc;
	}
}

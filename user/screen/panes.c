// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/panes.h"
#include "util/array.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- histogram -------------------------------------------------------------------------- */

static void mark(struct rp_hist_lines *out, uint64_t ns, const char *name)
{
	for (size_t i = 0; i < out->n; i++) {
		struct rp_hist_line *line = &out->line[i];
		size_t len = strlen(line->marks);

		if (ns >= line->to && i + 1 < out->n)
			continue;
		snprintf(line->marks + len, sizeof(line->marks) - len, "%s%s", len ? " " : "",
			 name);
		return;
	}
}

static struct rp_hist_line line_of(const struct rp_hist_part *hist, uint32_t from, uint32_t end)
{
	struct rp_hist_line line = {
		.bucket = from, .end = end, .from = rp_hist_floor(from), .to = rp_hist_floor(end)};

	for (uint32_t i = from; i < end; i++)
		line.count += rp_hist_part__at(hist, i);
	line.weight = (double)line.count / (end - from);
	return line;
}

/* In halves, the line with the most times in it that is of more than a bucket. */
static bool split_greatest(struct rp_hist_lines *out, const struct rp_hist_part *hist)
{
	struct rp_hist_line *most = NULL;
	uint32_t middle;

	for (size_t i = 0; i < out->n; i++)
		if (out->line[i].count && out->line[i].end - out->line[i].bucket > 1 &&
		    (!most || out->line[i].count > most->count))
			most = &out->line[i];
	if (!most)
		return false;
	middle = (most->bucket + most->end) / 2;
	memmove(most + 1, most, (size_t)(&out->line[out->n++] - most) * sizeof(*most));
	most[0] = line_of(hist, most->bucket, middle);
	most[1] = line_of(hist, middle, most[1].end);
	return true;
}

static void trim(struct rp_hist_lines *out)
{
	while (out->n > 1 && !out->line[0].count)
		memmove(out->line, out->line + 1, --out->n * sizeof(out->line[0]));
	while (out->n > 1 && !out->line[out->n - 1].count)
		out->n--;
}

/*
 * First even lines in half of the room, so that the whole range is there, and with the rest of it
 * the lines that have most are split.
 */
void rp_hist_lines__make(struct rp_hist_lines *out, const struct rp_hist_part *hist,
			 const struct rp_row_figures *f, size_t max)
{
	uint32_t low = hist->from, high = hist->end, step = 1;

	*out = (struct rp_hist_lines){0};
	if (!max)
		return;
	max = max < RP_HIST_LINES_MAX ? max : RP_HIST_LINES_MAX;
	while (low < high && !rp_hist_part__at(hist, low))
		low++;
	while (high > low && !rp_hist_part__at(hist, high - 1))
		high--;
	if (low == high)
		return;
	/* Lines begin at multiples of the step, so that they stay as times come and go. */
	while ((high - 1) / step - low / step >= (max + 1) / 2)
		step += step < 4 ? 1 : step < 16 ? 4 : 8;
	for (uint32_t from = low / step * step; from < high; from += step)
		out->line[out->n++] = line_of(
			hist, from, from + step < RP_HIST_BUCKETS ? from + step : RP_HIST_BUCKETS);
	do
		trim(out);
	while (out->n < max && split_greatest(out, hist));
	trim(out);
	for (size_t i = 0; i < out->n; i++)
		out->most = out->line[i].weight > out->most ? out->line[i].weight : out->most;
	mark(out, f->p50, "p50");
	mark(out, f->p90, "p90");
	mark(out, f->p99, "p99");
	mark(out, f->p999, "p99.9");
	mark(out, f->max, "max");
}

/* ---- callers and callees ---------------------------------------------------------------- */

static void add_call(struct rp_call_list *list, const struct rp_row *other,
		     const struct rp_row_figures *f)
{
	uint32_t region = other ? other->region : RP_REGION_NONE;
	size_t i = 0;

	while (i < list->n && (list->item[i].region != region || !list->item[i].name != !other))
		i++;
	if (i == RP_CALLS_MAX) {
		list->more = true;
		return;
	}
	if (i == list->n)
		list->item[list->n++] = (struct rp_call){.name = other ? other->name : NULL,
							 .region = region};
	list->item[i].count += f->count;
	list->item[i].total += f->total;
}

static int compare_call(const void *a, const void *b)
{
	const struct rp_call *x = a, *y = b;

	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	return (x->region > y->region) - (x->region < y->region);
}

static bool same_group(const struct rp_row *a, const struct rp_row *b)
{
	return !strcmp(a->group ? a->group : "", b->group ? b->group : "");
}

int rp_calls__find(const struct rp_snapshot *snapshot, const struct rp_row *of,
		   struct rp_call_list *callers, struct rp_call_list *callees)
{
	const struct rp_tree_row **by_id = calloc(snapshot->n_tree + 1, sizeof(*by_id));

	callers->n = callees->n = 0;
	callers->more = callees->more = false;
	if (!by_id)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->n_tree; i++) {
		const struct rp_tree_row *node = &snapshot->tree[i];
		const struct rp_tree_row *parent = by_id[node->parent];

		by_id[node->id] = node;
		if (node->row.region == of->region && same_group(&node->row, of))
			add_call(callers, parent ? &parent->row : NULL, &node->row.f);
		if (parent && parent->row.region == of->region && same_group(&parent->row, of))
			add_call(callees, &node->row, &node->row.f);
	}
	free(by_id);
	rp_array__sort(callers->item, callers->n, sizeof(callers->item[0]), compare_call);
	rp_array__sort(callees->item, callees->n, sizeof(callees->item[0]), compare_call);
	return 0;
}

/* ---- groups ----------------------------------------------------------------------------- */

size_t rp_groups__find(const struct rp_snapshot *snapshot, uint32_t region,
		       const struct rp_row **rows, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < snapshot->n_rows; i++) {
		const struct rp_row *row = &snapshot->rows[i];
		size_t at = n;

		if (row->region != region)
			continue;
		while (at && rows[at - 1]->f.total < row->f.total)
			at--;
		if (at == max)
			continue;
		n += n < max;
		memmove(&rows[at + 1], &rows[at], (n - 1 - at) * sizeof(*rows));
		rows[at] = row;
	}
	return n;
}

const struct rp_row *rp_flat__find(const struct rp_snapshot *snapshot, const struct rp_row *row)
{
	for (size_t i = 0; i < snapshot->n_rows; i++)
		if (snapshot->rows[i].region == row->region && same_group(&snapshot->rows[i], row))
			return &snapshot->rows[i];
	return NULL;
}

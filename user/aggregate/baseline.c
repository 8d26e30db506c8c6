// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "aggregate/baseline.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/snapshot.h"
#include "rp_hist.h"
#include "util/array.h"

#define DEVIATIONS 1.96 /* of a normal distribution, that hold 95 % of it */

/* ---- what was ------------------------------------------------------------------------------- */

uint32_t rp_baseline__add(struct rp_baseline *b, const struct rp_past *past)
{
	const char *name = rp_arena__dup(&b->strings, past->name.name);

	if (!name || b->n == RP_PAST_FLAT - 1 ||
	    rp_array__grow(&b->past, b->n, &b->room, sizeof(*b->past)))
		return 0;
	b->past[b->n] = *past;
	b->past[b->n].name.name = name;
	return (uint32_t)++b->n;
}

static int compare_names(const void *a, const void *b)
{
	const struct rp_past_name *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->kind > y->kind) - (x->kind < y->kind);
}

static int number_names(struct rp_baseline *b)
{
	size_t n = 0;

	b->names = calloc(b->n + 1, sizeof(*b->names));
	if (!b->names)
		return -ENOMEM;
	for (size_t i = 0; i < b->n; i++)
		b->names[i] = b->past[i].name;
	rp_array__sort(b->names, b->n, sizeof(*b->names), compare_names);
	for (size_t i = 0; i < b->n; i++)
		if (!n || compare_names(&b->names[n - 1], &b->names[i]))
			b->names[n++] = b->names[i];
	b->n_names = n;
	return 0;
}

/* RP_MAP_NONE: there is none. */
static uint32_t find(const struct rp_baseline *b, uint32_t parent, const struct rp_past_name *name)
{
	const struct rp_past_name *found = b->n_names ? bsearch(name, b->names, b->n_names,
								sizeof(*name), compare_names)
						      : NULL;

	return found ? rp_map__get(&b->number, (uint64_t)parent << 32 | (found - b->names))
		     : RP_MAP_NONE;
}

/* Percentiles of groups do not add up to that of all. */
static void join(struct rp_past_figures *to, const struct rp_past_figures *from)
{
	*to = (struct rp_past_figures){.count = to->count + from->count};
}

int rp_baseline__finish(struct rp_baseline *b)
{
	uint32_t *same = calloc(b->n + 1, sizeof(*same)); /* by number */
	int rc = same ? number_names(b) : -ENOMEM;

	for (uint32_t i = 0; !rc && i < b->n; i++) {
		struct rp_past *past = &b->past[i];
		const struct rp_past_name *name;
		uint32_t first;

		if (past->parent != RP_PAST_FLAT)
			past->parent = past->parent <= i ? same[past->parent] : 0;
		first = find(b, past->parent, &past->name);
		same[i + 1] = first == RP_MAP_NONE ? i + 1 : first + 1;
		if (first != RP_MAP_NONE) {
			join(&b->past[first].f, &past->f);
			continue;
		}
		name = bsearch(&past->name, b->names, b->n_names, sizeof(*name), compare_names);
		rc = rp_map__add(&b->number, (uint64_t)past->parent << 32 | (name - b->names), i);
	}
	free(same);
	return rc;
}

static struct rp_past_figures figures_of(const struct rp_row *row)
{
	const struct rp_row_figures *f = &row->f;

	return (struct rp_past_figures){
		.count = f->count,
		.min = (double)f->min,
		.p50 = (double)f->p50,
		.p90 = (double)f->p90,
		.p99 = (double)f->p99,
		.p999 = (double)f->p999,
		.max = (double)f->max,
		.probes = row->probes,
	};
}

static struct rp_past_name name_of(const struct rp_row *row)
{
	return (struct rp_past_name){row->name, row->kind};
}

/* Its number; 0: -ENOMEM. */
static uint32_t add_row(struct rp_baseline *b, const struct rp_row *row, uint32_t parent)
{
	const struct rp_past past = {.parent = parent, .name = name_of(row), .f = figures_of(row)};

	return rp_baseline__add(b, &past);
}

static int add_tree(struct rp_baseline *b, const struct rp_snapshot *snapshot)
{
	uint32_t *number = calloc(snapshot->n_tree + 1, sizeof(*number)); /* of id */
	int rc = number ? 0 : -ENOMEM;

	for (size_t i = 0; !rc && i < snapshot->n_tree; i++) {
		const struct rp_tree_row *node = &snapshot->tree[i];

		number[node->id] = add_row(b, &node->row, number[node->parent]);
		rc = number[node->id] ? 0 : -ENOMEM;
	}
	free(number);
	return rc;
}

int rp_baseline__of_snapshot(struct rp_baseline *b, const struct rp_snapshot *snapshot)
{
	int rc = add_tree(b, snapshot);

	b->duration = snapshot->duration;
	for (size_t i = 0; !rc && i < snapshot->n_rows; i++)
		rc = add_row(b, &snapshot->rows[i], RP_PAST_FLAT) ? 0 : -ENOMEM;
	return rc ? rc : rp_baseline__finish(b);
}

void rp_baseline__free(struct rp_baseline *b)
{
	free(b->past);
	free(b->names);
	rp_map__free(&b->number);
	rp_arena__free(&b->strings);
	*b = (struct rp_baseline){0};
}

/* ---- how far it is known --------------------------------------------------------------------- */

struct range {
	double low, high;
};

/* The time at a rank, between the ranks whose times are known. */
static double time_at(const struct rp_past_figures *f, double rank)
{
	const double ranks[] = {0, 0.5, 0.9, 0.99, 0.999, 1};
	const double times[] = {f->min, f->p50, f->p90, f->p99, f->p999, f->max};
	size_t i = 1;

	while (i < 5 && ranks[i] < rank)
		i++;
	return times[i - 1] +
	       (times[i] - times[i - 1]) * (rank - ranks[i - 1]) / (ranks[i] - ranks[i - 1]);
}

/*
 * Of n calls, the percentile of all that might have been lies with 95 % certainty between the times
 * at two ranks; where one of these is none, as those of a P99 of 100 calls, nothing is known on
 * that side. Each time is known to its bucket.
 */
static struct range range_of(const struct rp_past_figures *f, double rank)
{
	double around = DEVIATIONS * sqrt(rank * (1 - rank) / (double)f->count);
	double low = rank - around, high = rank + around;
	struct range range = {0, INFINITY};

	if (low > 0)
		range.low = fmax((double)rp_hist_floor(rp_hist_index((uint64_t)time_at(f, low))),
				 f->min);
	if (high < 1)
		range.high = fmin(
			(double)rp_hist_floor(rp_hist_index((uint64_t)time_at(f, high)) + 1),
			f->max);
	return range;
}

static struct rp_ratio ratio_of(double now, const struct range *here, double was,
				const struct range *there)
{
	return (struct rp_ratio){.value = now / was,
				 .low = isinf(there->high) ? 0 : here->low / there->high,
				 .high = there->low > 0 ? here->high / there->low : INFINITY};
}

static struct rp_ratio percentile_ratio(const struct rp_past_figures *now,
					const struct rp_past_figures *was, double rank)
{
	double here = time_at(now, rank), there = time_at(was, rank);
	double probes = fabs(now->probes - was->probes);
	struct range range, range_then;

	if (!now->count || !was->count || !(there > 0))
		return (struct rp_ratio){0};
	range = range_of(now, rank);
	range_then = range_of(was, rank);
	range.low = fmax(range.low - probes, 0);
	range.high += probes;
	return ratio_of(here, &range, there, &range_then);
}

/* The square root of a count scatters by a half, whatever the count: two of these are 95 %. */
static struct range rate_range(double count, double seconds)
{
	double root = sqrt(count);

	return (struct range){(root > 1 ? (root - 1) * (root - 1) : 0) / seconds,
			      (root + 1) * (root + 1) / seconds};
}

struct rp_ratio rp_baseline__rate(const struct rp_baseline *b, const struct rp_past *past,
				  double count, double seconds)
{
	double then = (double)b->duration / 1e9;
	struct range range, range_then;

	if (!past || !past->f.count || !b->duration || !(seconds > 0))
		return (struct rp_ratio){0};
	range = rate_range(count, seconds);
	range_then = rate_range((double)past->f.count, then);
	return ratio_of(count / seconds, &range, (double)past->f.count / then, &range_then);
}

bool rp_ratio__is_certain(const struct rp_ratio *ratio)
{
	return ratio->high > 0 && (ratio->low > 1 || ratio->high < 1);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* A row of a group is a part of its region: its rate is not to be compared with that of all. */
static void compare_row(const struct rp_baseline *b, const struct rp_snapshot *snapshot,
			uint32_t past, struct rp_row *row)
{
	struct rp_past_figures now = figures_of(row);

	row->past = past == RP_MAP_NONE ? NULL : &b->past[past];
	row->new = !row->past;
	if (row->new)
		return;
	row->change[RP_CHANGED_P50] = percentile_ratio(&now, &row->past->f, 0.5);
	row->change[RP_CHANGED_P99] = percentile_ratio(&now, &row->past->f, 0.99);
	if (!row->group)
		row->change[RP_CHANGED_RATE] = rp_baseline__rate(b, row->past, (double)row->f.count,
								 (double)snapshot->duration / 1e9);
}

/* Parents come before their children; below a path that is new all are. */
static int compare_tree(const struct rp_baseline *b, struct rp_snapshot *snapshot)
{
	uint32_t *number = calloc(snapshot->n_tree + 1, sizeof(*number)); /* of id */

	if (!number)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->n_tree; i++) {
		struct rp_tree_row *node = &snapshot->tree[i];
		struct rp_past_name name = name_of(&node->row);
		uint32_t above = node->parent ? number[node->parent] : 0, past = RP_MAP_NONE;

		if (!node->parent || above)
			past = find(b, above, &name);
		number[node->id] = past == RP_MAP_NONE ? 0 : past + 1;
		compare_row(b, snapshot, past, &node->row);
	}
	free(number);
	return 0;
}

static int compare_rows(const struct rp_baseline *b, struct rp_snapshot *snapshot)
{
	bool *seen = calloc(b->n + 1, sizeof(*seen));
	size_t n = 0;

	snapshot->missing = calloc(b->n + 1, sizeof(*snapshot->missing));
	if (!seen || !snapshot->missing) {
		free(seen);
		return -ENOMEM;
	}
	for (size_t i = 0; i < snapshot->n_rows; i++) {
		struct rp_past_name name = name_of(&snapshot->rows[i]);
		uint32_t past = find(b, RP_PAST_FLAT, &name);

		compare_row(b, snapshot, past, &snapshot->rows[i]);
		if (past != RP_MAP_NONE)
			seen[past] = true;
	}
	for (size_t i = 0; i < b->n; i++)
		if (b->past[i].parent == RP_PAST_FLAT && b->past[i].f.count && !seen[i] &&
		    find(b, RP_PAST_FLAT, &b->past[i].name) == i)
			snapshot->missing[n++] = b->past[i].name.name;
	snapshot->n_missing = n;
	free(seen);
	return 0;
}

int rp_baseline__apply(const struct rp_baseline *b, struct rp_snapshot *snapshot)
{
	int rc = compare_tree(b, snapshot);

	snapshot->baseline = b;
	return rc ? rc : compare_rows(b, snapshot);
}

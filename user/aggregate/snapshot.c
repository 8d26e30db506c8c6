// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "aggregate/snapshot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "aggregate/paths.h"

static const char no_group[] = "-";

/* A snapshot and what its pointers point into. */
struct box {
	struct rp_snapshot snapshot; /* first: rp_snapshot__free() gets its address */
	struct rp_regions regions;
	struct rp_paths paths;
	struct rp_hist *hist; /* of rows that several paths add to */
};

/* A row of a region while it is summed up. */
struct flat {
	uint32_t region, group;
	uint32_t paths;		    /* how many add to it */
	const struct rp_hist *hist; /* the path's, when it is the only one */
	struct rp_sums sums;
};

/* ---- figures --------------------------------------------------------------------------- */

/* Under a difference the extremes of the period are not known but to their bucket. */
static void narrow_extremes(const struct rp_hist *hist, struct rp_row_figures *f)
{
	uint32_t low = 0, high = RP_HIST_BUCKETS - 1;

	while (low < RP_HIST_BUCKETS && !hist->bucket[low])
		low++;
	if (low == RP_HIST_BUCKETS)
		return;
	while (!hist->bucket[high])
		high--;
	if (rp_hist_floor(low) > f->min)
		f->min = rp_hist_floor(low);
	if (high < RP_HIST_BUCKETS - 1 && rp_hist_floor(high + 1) - 1 < f->max)
		f->max = rp_hist_floor(high + 1) - 1;
}

/* In whole numbers, so that nothing cancels out: n * variance = squares - sum * sum / n. */
static double deviation(const struct rp_sums *sums)
{
	unsigned __int128 mean_part = (unsigned __int128)sums->frames * sums->frames / sums->count;

	if (sums->squares <= mean_part)
		return 0;
	return (double)sqrtl((long double)(sums->squares - mean_part) / sums->count);
}

static void finish(const struct rp_sums *sums, const struct rp_hist *hist, bool difference,
		   struct rp_row_figures *f)
{
	f->count = sums->count;
	f->total = sums->total;
	f->self = sums->self;
	f->cpu = sums->cpu;
	f->wait = sums->wait;
	f->blocked = rp_less(rp_less(sums->total, sums->cpu), sums->wait);
	f->open = rp_less(sums->entries, sums->left);
	f->unwound = sums->unwound;
	if (!sums->count)
		return;
	f->min = sums->min_inv ? ~sums->min_inv : 0;
	f->max = sums->max;
	if (difference)
		narrow_extremes(hist, f);
	if (f->max < f->min)
		f->max = f->min;
	f->mean = (double)sums->frames / (double)sums->count;
	f->stddev = deviation(sums);
	f->p50 = rp_hist__percentile(hist, f->count, 0.5, f->min, f->max);
	f->p90 = rp_hist__percentile(hist, f->count, 0.9, f->min, f->max);
	f->p99 = rp_hist__percentile(hist, f->count, 0.99, f->min, f->max);
	f->p999 = rp_hist__percentile(hist, f->count, 0.999, f->min, f->max);
}

static void make_row(const struct box *box, uint32_t region, const char *group,
		     const struct rp_sums *sums, const struct rp_hist *hist, bool difference,
		     struct rp_row *row)
{
	const struct rp_region_name *name = &box->regions.region[region];

	row->name = name->name;
	row->kind = name->kind;
	row->object = name->object;
	row->group = group;
	row->slow = name->slow;
	row->hist = hist;
	row->region = region < box->regions.n_static ? region + 1
		      : region < box->regions.n - 1
			      ? RP_REGION_DYNAMIC + (region - (uint32_t)box->regions.n_static)
			      : RP_REGION_NONE;
	if (hist)
		finish(sums, hist, difference, &row->f);
	row->f.unmatched = name->unmatched;
}

static const char *group_name(const struct box *box, enum rp_by by, uint32_t group)
{
	return by == RP_BY_NONE ? NULL : box->paths.group[group];
}

/* ---- tree ------------------------------------------------------------------------------ */

static int make_tree(struct box *box, enum rp_by by, bool difference)
{
	const struct rp_paths *paths = &box->paths;
	struct rp_snapshot *snapshot = &box->snapshot;
	uint32_t *id_of;

	id_of = calloc(paths->n + 1, sizeof(*id_of));
	snapshot->tree = calloc(paths->n_order + 1, sizeof(*snapshot->tree));
	if (!id_of || !snapshot->tree) {
		free(id_of);
		return -ENOMEM;
	}
	for (size_t i = 0; i < paths->n_order; i++) {
		const struct rp_path *path = &paths->path[paths->order[i]];
		struct rp_tree_row *row = &snapshot->tree[i];

		id_of[paths->order[i]] = row->id = (uint32_t)i + 1;
		row->parent = path->parent == RP_PATH_NONE ? 0 : id_of[path->parent];
		row->depth = path->depth;
		make_row(box, path->region, group_name(box, by, path->group), &path->sums,
			 &paths->hist[paths->order[i]], difference, &row->row);
	}
	snapshot->n_tree = paths->n_order;
	free(id_of);
	return 0;
}

/* ---- rows ------------------------------------------------------------------------------ */

/* Number the rows that paths add to: flat_of[i] for order[i]. */
static int find_flats(const struct rp_paths *paths, struct flat *flats, uint32_t *flat_of,
		      size_t *n)
{
	struct rp_index index;

	*n = 0;
	if (rp_index__init(&index, paths->n_order))
		return -ENOMEM;
	for (size_t i = 0; i < paths->n_order; i++) {
		const struct rp_path *path = &paths->path[paths->order[i]];
		uint64_t at = rp_index__start(&index, path->region, path->group);
		struct flat *flat = NULL;

		for (; index.slot[at]; at = (at + 1) & index.mask) {
			flat = &flats[index.slot[at] - 1];
			if (flat->region == path->region && flat->group == path->group)
				break;
		}
		if (!index.slot[at]) {
			flat = &flats[*n];
			*flat = (struct flat){.region = path->region, .group = path->group};
			index.slot[at] = (uint32_t)++ * n;
		}
		flat->paths++;
		flat_of[i] = index.slot[at] - 1;
	}
	free(index.slot);
	return 0;
}

static void add_path(struct box *box, struct flat *flat, size_t flat_index, uint32_t path_index,
		     bool outermost)
{
	const struct rp_sums *from = &box->paths.path[path_index].sums;
	const struct rp_hist *hist = &box->paths.hist[path_index];
	struct rp_sums *to = &flat->sums;

	to->entries += from->entries;
	to->left += from->left;
	to->count += from->count;
	to->unwound += from->unwound;
	to->frames += from->frames;
	to->self += from->self;
	to->squares += from->squares;
	if (outermost) {
		to->total += from->total;
		to->cpu += from->cpu;
		to->wait += from->wait;
	}
	if (from->min_inv > to->min_inv)
		to->min_inv = from->min_inv;
	if (from->max > to->max)
		to->max = from->max;
	if (flat->paths == 1) {
		flat->hist = hist;
		return;
	}
	flat->hist = &box->hist[flat_index];
	if (from->count)
		rp_hist__add(&box->hist[flat_index], hist);
}

/* Depth first, with a count of each region among the ancestors: no search for recursion. */
static void add_paths(struct box *box, struct flat *flats, const uint32_t *flat_of, uint32_t *above)
{
	const struct rp_paths *paths = &box->paths;
	uint32_t at = RP_PATH_NONE;

	for (size_t i = 0; i < paths->n_order; i++) {
		uint32_t next = paths->order[i];
		const struct rp_path *path = &paths->path[next];

		for (; at != path->parent; at = paths->path[at].parent)
			above[paths->path[at].region]--;
		add_path(box, &flats[flat_of[i]], flat_of[i], next, !above[path->region]);
		above[path->region]++;
		at = next;
	}
}

/*
 * After the rows of paths those of regions never entered: all that were asked for, and those that
 * had exits without entries, which say that a pair is none.
 */
static int emit_rows(struct box *box, const struct flat *flats, size_t n_flats,
		     const struct rp_snapshot_opts *opts, bool difference)
{
	struct rp_snapshot *snapshot = &box->snapshot;
	const struct rp_regions *regions = &box->regions;
	bool *seen;

	seen = calloc(regions->n, sizeof(*seen));
	snapshot->rows = calloc(n_flats + regions->n, sizeof(*snapshot->rows));
	if (!seen || !snapshot->rows) {
		free(seen);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n_flats; i++) {
		make_row(box, flats[i].region, group_name(box, opts->by, flats[i].group),
			 &flats[i].sums, flats[i].hist, difference, &snapshot->rows[i]);
		seen[flats[i].region] = true;
	}
	snapshot->n_rows = n_flats;
	for (uint32_t i = 0; i < regions->n - 1; i++) {
		if (regions->same[i] != i || seen[i] || !(opts->idle_rows || regions->unpaired[i]))
			continue;
		make_row(box, i, opts->by == RP_BY_NONE ? NULL : no_group, NULL, NULL, difference,
			 &snapshot->rows[snapshot->n_rows++]);
	}
	free(seen);
	return 0;
}

static int make_rows(struct box *box, const struct rp_snapshot_opts *opts, bool difference)
{
	size_t n_order = box->paths.n_order, n_flats;
	uint32_t *flat_of, *above;
	struct flat *flats;
	int err = -ENOMEM;

	flats = calloc(n_order + 1, sizeof(*flats));
	flat_of = calloc(n_order + 1, sizeof(*flat_of));
	above = calloc(box->regions.n, sizeof(*above));
	if (!flats || !flat_of || !above)
		goto out;
	err = find_flats(&box->paths, flats, flat_of, &n_flats);
	if (err)
		goto out;
	err = -ENOMEM;
	box->hist = calloc(n_flats + 1, sizeof(*box->hist));
	if (!box->hist)
		goto out;
	add_paths(box, flats, flat_of, above);
	err = emit_rows(box, flats, n_flats, opts, difference);
out:
	free(flats);
	free(flat_of);
	free(above);
	return err;
}

/* ---- the whole ------------------------------------------------------------------------- */

struct rp_snapshot *rp_snapshot__build(const struct rp_counts *now, const struct rp_counts *before,
				       const struct rp_snapshot_opts *opts)
{
	struct box *box = calloc(1, sizeof(*box));
	struct rp_snapshot *snapshot;

	if (!box)
		return NULL;
	snapshot = &box->snapshot;
	snapshot->meta = opts->meta;
	snapshot->duration = rp_less(now->time, before ? before->time : opts->since);
	for (size_t i = 0; i < RP_LOST_COUNT; i++)
		snapshot->lost[i] = rp_less(now->lost[i], before ? before->lost[i] : 0);
	if (rp_regions__build(now, before, &box->regions) ||
	    rp_paths__build(now, before, &box->regions, opts->by, &box->paths) ||
	    make_tree(box, opts->by, before != NULL) || make_rows(box, opts, before != NULL)) {
		rp_snapshot__free(snapshot);
		return NULL;
	}
	return snapshot;
}

void rp_snapshot__free(struct rp_snapshot *snapshot)
{
	struct box *box = (struct box *)snapshot;

	if (!box)
		return;
	free(snapshot->rows);
	free(snapshot->tree);
	rp_regions__free(&box->regions);
	rp_paths__free(&box->paths);
	free(box->hist);
	free(box);
}

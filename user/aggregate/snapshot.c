// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * From paths to what is shown: a row of the tree for each path, and a row of the table for each
 * pair of region and group, which is the sum of its paths. Three things make it more than a sum.
 *
 * Recursion. Time inside f -> g -> f belongs to f once. Paths are walked depth first while a count
 * is kept, for each table row, of how many ancestors of the path add to it too: only where that is
 * zero does the path add to total, CPU and waiting time. Counts, self time and the histogram take
 * every frame. By label a row is a region and its label, so that a call below one with another
 * label is an outermost one.
 *
 * Periods. With counts of before, all is a difference, but the least and the longest time of a
 * period cannot be got from those of the whole run: they are known to a bucket of the difference of
 * histograms, and exactly only where there was one frame.
 *
 * Memory. Most regions are on one path. Their table row is then the path's, histogram included, and
 * nothing is added up twice.
 */
#include "aggregate/snapshot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/imbalance.h"
#include "aggregate/overlap.h"
#include "aggregate/paths.h"
#include "util/hash.h"

static const char no_group[] = "-";

/* A snapshot and what its pointers point into. */
struct box {
	struct rp_snapshot snapshot; /* first: rp_snapshot__free() gets its address */
	struct rp_regions regions;
	struct rp_paths paths;
	uint64_t *buckets; /* of the histograms of the rows */
};

/* A row of the table, which is flat, while it is summed up. */
struct flat {
	uint32_t region, group;
	uint32_t place; /* in the order of paths, of the last path added */
	uint32_t paths; /* how many there are */
	struct rp_sums sums;
	struct rp_hist_part hist;
};

/* What the building needs all along. */
struct build {
	struct box *box;
	const struct rp_counts *now, *before;
	const struct rp_snapshot_opts *opts;
	struct flat *flats;
	size_t n_flats;
	uint32_t *flat_of;	   /* of place in the order of paths */
	uint32_t *id_of;	   /* of path: id of its row in the tree */
	uint32_t *above;	   /* of flat: how many ancestors of the path under way add to it */
	uint32_t *unlabeled_above; /* of region: how many of them are its calls without a label */
};

/* ---- figures --------------------------------------------------------------------------- */

/* Under a difference the extremes of the period are not known but to their bucket. */
static void narrow_extremes(const struct rp_hist_part *hist, struct rp_row_figures *f)
{
	uint32_t low = hist->from, high = hist->end;

	while (low < hist->end && !rp_hist_part__at(hist, low))
		low++;
	if (low == hist->end)
		return;
	while (!rp_hist_part__at(hist, --high))
		;
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

static void finish(const struct rp_sums *sums, const struct rp_hist_part *hist, bool difference,
		   struct rp_row_figures *f)
{
	static const double quantiles[] = {0.5, 0.9, 0.99, 0.999};
	uint64_t found[4];

	f->count = sums->count;
	f->total = sums->total;
	f->self = sums->self;
	f->cpu = sums->cpu;
	f->wait = sums->wait;
	f->asleep = sums->asleep;
	f->asleep_untold = sums->asleep_untold;
	f->blocked = rp_less(rp_less(sums->total, sums->cpu), sums->wait);
	f->open = rp_less(sums->entries, sums->left);
	f->unwound = sums->unwound;
	f->first = sums->first;
	f->last = sums->last;
	if (!sums->count)
		return;
	f->min = sums->min_inv ? ~sums->min_inv : 0;
	f->max = sums->max;
	if (difference)
		narrow_extremes(hist, f);
	if (f->max < f->min)
		f->max = f->min;
	/* Of one frame all is known, whatever the period. */
	if (f->count == 1)
		f->min = f->max = sums->frames;
	f->mean = (double)sums->frames / (double)sums->count;
	f->stddev = deviation(sums);
	rp_hist__percentiles(hist, f->count, quantiles, 4, f->min, f->max, found);
	f->p50 = found[0];
	f->p90 = found[1];
	f->p99 = found[2];
	f->p999 = found[3];
}

static uint32_t region_id(const struct rp_regions *regions, uint32_t index)
{
	if (index < regions->n_static)
		return index + 1;
	if (index == regions->n - 1)
		return RP_REGION_NONE;
	return RP_REGION_DYNAMIC + (index - (uint32_t)regions->n_static);
}

#define DISTORTED_SHARE 0.2

/* Of the time as it was measured, whether the cost was taken off or not. */
static bool is_distorted(const struct build *b, const struct rp_sums *sums)
{
	double measured = (double)sums->self + (b->opts->compensate ? sums->probe_self : 0);

	return sums->count && sums->probe_self > DISTORTED_SHARE * measured;
}

/* Without sums: of a region that was never entered. */
static void make_row(const struct build *b, uint32_t region, const char *group,
		     const struct rp_sums *sums, const struct rp_hist_part *hist,
		     struct rp_row *row)
{
	const struct rp_region_name *name = &b->box->regions.region[region];

	*row = (struct rp_row){
		.name = name->name,
		.kind = name->kind,
		.object = name->object,
		.group = b->opts->by == RP_BY_NONE ? NULL : group,
		.region = region_id(&b->box->regions, region),
		.slow = name->slow,
		.crossed = name->stray.crossed > 0,
		.left_out = name->left_out,
		.ends_at_jump = name->ends_at_jump,
		.told_by = rp_overlap__told_by(&name->overlap),
		.usdt = name->usdt,
	};
	if (sums) {
		finish(sums, hist, b->before, &row->f);
		row->late = sums->late && b->opts->by == RP_BY_LABEL;
		row->distorted = is_distorted(b, sums) && name->kind != RP_KIND_SPAN;
	}
	/* It is on no thread, which could run, wait or sleep. */
	if (name->kind == RP_KIND_SPAN)
		row->f.blocked = 0;
	row->f.unmatched = name->stray.unmatched;
	if (sums)
		row->probe_ns = rp_sums__pairs(sums) * name->cost.whole;
	if (sums && sums->count)
		row->probes = sums->probe_frames / (double)sums->count;
}

/* ---- paths to rows --------------------------------------------------------------------- */

/* Number the rows that paths add to. */
static int find_flats(struct build *b)
{
	const struct rp_paths *paths = &b->box->paths;
	struct rp_index index;

	if (rp_index__init(&index, paths->n_order))
		return -ENOMEM;
	for (size_t i = 0; i < paths->n_order; i++) {
		const struct rp_path *path = &paths->path[paths->order[i]];
		uint64_t at = rp_index__start(&index, rp_hash(path->region, path->group));

		for (; index.slot[at]; at = rp_index__next(&index, at)) {
			const struct flat *flat = &b->flats[index.slot[at] - 1];

			if (flat->region == path->region && flat->group == path->group)
				break;
		}
		if (!index.slot[at]) {
			b->flats[b->n_flats].region = path->region;
			b->flats[b->n_flats].group = path->group;
			index.slot[at] = (uint32_t)++b->n_flats;
		}
		b->flat_of[i] = index.slot[at] - 1;
		b->flats[b->flat_of[i]].paths++;
	}
	rp_index__free(&index);
	return 0;
}

static void add_sums(struct rp_sums *to, const struct rp_sums *from, bool outermost)
{
	to->entries += from->entries;
	to->left += from->left;
	to->count += from->count;
	to->unwound += from->unwound;
	to->skipped += from->skipped;
	to->late |= from->late;
	to->frames += from->frames;
	to->self += from->self;
	to->squares += from->squares;
	to->incomplete |= from->incomplete;
	rp_widen_time(&to->first, &to->last, from->first, from->last);
	to->probe_self += from->probe_self;
	to->probe_frames += from->probe_frames;
	if (outermost) {
		to->total += from->total;
		to->cpu += from->cpu;
		to->wait += from->wait;
		to->asleep += from->asleep;
		to->asleep_untold += from->asleep_untold;
	}
	if (from->min_inv > to->min_inv)
		to->min_inv = from->min_inv;
	if (from->max > to->max)
		to->max = from->max;
}

/* Each has the buckets of all its paths. */
static int make_hists(struct build *b)
{
	const struct rp_paths *paths = &b->box->paths;
	uint64_t *at;
	size_t n = 0;

	for (size_t i = 0; i < paths->n_order; i++)
		rp_paths__widen_hist(paths, paths->order[i], b->now, &b->flats[b->flat_of[i]].hist);
	for (size_t i = 0; i < b->n_flats; i++)
		n += b->flats[i].hist.end - b->flats[i].hist.from;
	at = b->box->buckets = calloc(n + 1, sizeof(*at));
	for (size_t i = 0; at && i < b->n_flats; i++) {
		b->flats[i].hist.bucket = at;
		at += b->flats[i].hist.end - b->flats[i].hist.from;
	}
	return at ? 0 : -ENOMEM;
}

/* The histogram of a path, and its share of that of its region's row: one and the same if it is the
 * only path. */
static struct rp_hist_part path_hist(struct build *b, uint32_t path, struct flat *flat,
				     struct rp_hist *room)
{
	struct rp_hist_part part = {0};

	if (flat->paths == 1) {
		rp_paths__add_hist(&b->box->paths, path, b->now, b->before, &flat->hist);
		return flat->hist;
	}
	rp_paths__widen_hist(&b->box->paths, path, b->now, &part);
	part.bucket = memset(room, 0, (part.end - part.from) * sizeof(*part.bucket));
	rp_paths__add_hist(&b->box->paths, path, b->now, b->before, &part);
	rp_hist__add(&flat->hist, &part);
	return part;
}

/* A path's row in the tree, and what the path adds to its region's row. */
static void take_path(struct build *b, size_t place, bool outermost)
{
	const struct rp_paths *paths = &b->box->paths;
	uint32_t index = paths->order[place];
	const struct rp_path *path = &paths->path[index];
	struct rp_tree_row *row = &b->box->snapshot.tree[place];
	struct flat *flat = &b->flats[b->flat_of[place]];
	struct rp_hist room;
	struct rp_hist_part hist = path_hist(b, index, flat, &room);

	flat->place = (uint32_t)place;
	add_sums(&flat->sums, &path->sums, outermost);
	b->id_of[index] = row->id = (uint32_t)place + 1;
	row->parent = path->parent == RP_PATH_NONE ? 0 : b->id_of[path->parent];
	row->depth = path->depth;
	make_row(b, path->region, paths->group[path->group], &path->sums, &hist, &row->row);
}

static bool is_unlabeled(const struct build *b, const char *group)
{
	return b->opts->by == RP_BY_LABEL && !strcmp(group, no_group);
}

/* By label a call below one of another label is the outermost of its row. */
static bool is_outermost(const struct build *b, size_t place)
{
	uint32_t region = b->box->paths.path[b->box->paths.order[place]].region;

	/* A call whose label is what it returns has none yet while it makes other calls: it may
	 * get the same label as those. */
	return !b->above[b->flat_of[place]] && !b->unlabeled_above[region];
}

/* All that was entered there was filtered, or is not asked for. */
static bool is_filtered(const struct rp_sums *sums)
{
	return (sums->skipped || sums->incomplete) && !sums->count && !sums->unwound &&
	       sums->entries <= sums->left;
}

static void count_above(struct build *b, size_t place, int change)
{
	const struct rp_paths *paths = &b->box->paths;
	const struct rp_path *path = &paths->path[paths->order[place]];

	if (!is_filtered(&path->sums))
		b->above[b->flat_of[place]] += (uint32_t)change;
	/* Also where only those have stayed that were filtered by what they returned. */
	if (is_unlabeled(b, paths->group[path->group]))
		b->unlabeled_above[path->region] += (uint32_t)change;
}

/* Depth first, with a count of each row among the ancestors: no search for recursion. */
static void take_paths(struct build *b)
{
	const struct rp_paths *paths = &b->box->paths;
	uint32_t at = RP_PATH_NONE;

	for (size_t i = 0; i < paths->n_order; i++) {
		uint32_t next = paths->order[i];
		const struct rp_path *path = &paths->path[next];

		for (; at != path->parent; at = paths->path[at].parent)
			count_above(b, b->id_of[at] - 1, -1);
		take_path(b, i, is_outermost(b, i));
		count_above(b, i, 1);
		at = next;
	}
	b->box->snapshot.n_tree = paths->n_order;
}

/* Take such paths out of the tree, unless there is something below them. */
static int drop_filtered(struct build *b)
{
	const struct rp_paths *paths = &b->box->paths;
	struct rp_snapshot *snapshot = &b->box->snapshot;
	uint32_t *id = calloc(snapshot->n_tree + 1, sizeof(*id)); /* by the old one; 0: it goes */
	size_t n = 0;

	if (!id)
		return -ENOMEM;
	for (size_t i = snapshot->n_tree; i > 0; i--) {
		id[i] |= !is_filtered(&paths->path[paths->order[i - 1]].sums);
		if (id[i])
			id[snapshot->tree[i - 1].parent] = 1;
	}
	id[0] = 0;
	for (size_t i = 0; i < snapshot->n_tree; i++) {
		struct rp_tree_row *row = &snapshot->tree[n];

		if (!id[i + 1])
			continue;
		*row = snapshot->tree[i];
		row->id = id[i + 1] = (uint32_t)++n;
		row->parent = id[row->parent];
	}
	snapshot->n_tree = n;
	for (size_t i = 0; i < paths->n_order; i++)
		b->id_of[paths->order[i]] = id[i + 1];
	free(id);
	return 0;
}

static int take_samples(const struct build *b, const uint32_t *row_of_node)
{
	const struct rp_sample_counts *before = b->before ? b->before->samples : NULL;
	int rc = rp_sampled__build(&b->box->snapshot, b->now->samples, before, row_of_node,
				   b->now->n_nodes);

	return rc ? rc
		  : rp_sampled__build_asleep(&b->box->snapshot, b->now->samples, before,
					     row_of_node, b->now->n_nodes);
}

/* Samples and sleeps name the node that they were in, be its instances in a figure or not. */
static int take_what_names_nodes(const struct build *b)
{
	uint32_t *row_of_node;
	int rc = 0;

	if (!b->now->samples && !b->now->wakers)
		return 0;
	row_of_node = rp_paths__rows_of_nodes(&b->box->paths, b->now->n_nodes, b->id_of);
	if (!row_of_node)
		return -ENOMEM;
	if (b->now->samples)
		rc = take_samples(b, row_of_node);
	if (!rc && b->now->wakers)
		rc = rp_wakers__build(&b->box->snapshot, b->now, b->before,
				      b->before ? b->before->time : b->opts->since,
				      &b->box->regions, row_of_node);
	free(row_of_node);
	return rc;
}

/* Calls get the label that their exit tells, and leave nothing behind where they were without. */
static bool is_left_behind(const struct build *b, const struct rp_row *row)
{
	return is_unlabeled(b, row->group) && !row->f.count && !row->f.unwound && !row->f.open;
}

/* Stray hits are of no group: one of the region's rows has their cost. */
static void add_stray_cost(const struct build *b, uint32_t region, bool *added, struct rp_row *row)
{
	const struct rp_region_name *name = &b->box->regions.region[region];

	if (!*added)
		row->probe_ns += rp_stray_hits__pairs(&name->stray) * name->cost.whole;
	*added = true;
}

/*
 * After the rows of paths those of regions never entered: all that were asked for, and those that
 * had exits without entries, which say that a pair is none.
 */
static int emit_rows(const struct build *b)
{
	struct rp_snapshot *snapshot = &b->box->snapshot;
	const struct rp_regions *regions = &b->box->regions;
	bool *seen = calloc(regions->n, sizeof(*seen));

	snapshot->rows = calloc(b->n_flats + regions->n, sizeof(*snapshot->rows));
	if (!seen || !snapshot->rows) {
		free(seen);
		return -ENOMEM;
	}
	for (size_t i = 0; i < b->n_flats; i++) {
		const struct flat *flat = &b->flats[i];
		struct rp_row *row = &snapshot->rows[snapshot->n_rows];

		/* A region on one path has the figures of the path. */
		if (flat->paths == 1)
			*row = snapshot->tree[flat->place].row;
		else
			make_row(b, flat->region, b->box->paths.group[flat->group], &flat->sums,
				 &flat->hist, row);
		if (!flat->sums.entries || is_left_behind(b, row))
			continue;
		row->hist = flat->hist;
		add_stray_cost(b, flat->region, &seen[flat->region], row);
		snapshot->n_rows++;
	}
	for (uint32_t i = 0; i < regions->n - 1; i++) {
		struct rp_row *row = &snapshot->rows[snapshot->n_rows];

		if (regions->same[i] != i || seen[i] ||
		    !(b->opts->idle_rows || regions->unpaired[i]))
			continue;
		make_row(b, i, no_group, NULL, NULL, row);
		add_stray_cost(b, i, &seen[i], row);
		snapshot->n_rows++;
	}
	free(seen);
	return 0;
}

static int list_left_out(const struct build *b)
{
	struct rp_snapshot *snapshot = &b->box->snapshot;
	const struct rp_regions *regions = &b->box->regions;

	snapshot->left_out = calloc(regions->n, sizeof(*snapshot->left_out));
	if (!snapshot->left_out)
		return -ENOMEM;
	for (uint32_t i = 0; i < regions->n - 1; i++)
		if (regions->same[i] == i && regions->region[i].left_out)
			snapshot->left_out[snapshot->n_left_out++] = regions->region[i].name;
	return 0;
}

static int make_rows(struct build *b)
{
	struct box *box = b->box;
	size_t n = box->paths.n_order;
	int err = -ENOMEM;

	b->flats = calloc(n + 1, sizeof(*b->flats));
	b->flat_of = calloc(n + 1, sizeof(*b->flat_of));
	b->id_of = calloc(box->paths.n + 1, sizeof(*b->id_of));
	b->above = calloc(n + 1, sizeof(*b->above));
	b->unlabeled_above = calloc(box->regions.n, sizeof(*b->unlabeled_above));
	box->snapshot.tree = calloc(n + 1, sizeof(*box->snapshot.tree));
	if (!b->flats || !b->flat_of || !b->id_of || !b->above || !b->unlabeled_above ||
	    !box->snapshot.tree)
		goto out;
	err = find_flats(b);
	if (!err)
		err = make_hists(b);
	if (err)
		goto out;
	take_paths(b);
	err = emit_rows(b);
	if (!err)
		err = drop_filtered(b);
	if (!err)
		err = list_left_out(b);
	if (!err && b->opts->by == RP_BY_FILE)
		err = rp_imbalance__set(&box->snapshot, box->paths.n_groups);
	if (!err)
		err = take_what_names_nodes(b);
	if (!err && b->opts->baseline)
		err = rp_baseline__apply(b->opts->baseline, &box->snapshot);
out:
	free(b->flats);
	free(b->flat_of);
	free(b->id_of);
	free(b->above);
	free(b->unlabeled_above);
	return err;
}

/* ---- the whole ------------------------------------------------------------------------- */

struct rp_snapshot *rp_snapshot__build(const struct rp_counts *now, const struct rp_counts *before,
				       const struct rp_snapshot_opts *opts)
{
	struct box *box = calloc(1, sizeof(*box));
	struct build b = {.box = box, .now = now, .before = before, .opts = opts};
	struct rp_snapshot *snapshot;

	if (!box)
		return NULL;
	snapshot = &box->snapshot;
	snapshot->meta = opts->meta;
	snapshot->duration = rp_less(now->time, before ? before->time : opts->since);
	for (size_t i = 0; i < RP_LOST_COUNT; i++)
		snapshot->lost[i] = rp_less(now->lost[i], before ? before->lost[i] : 0);
	snapshot->late_ns = rp_less(now->late_ns, before ? before->late_ns : 0);
	if (rp_regions__build(now, before, &box->regions) ||
	    rp_paths__build(now, before, &box->regions, opts, &box->paths) || make_rows(&b)) {
		rp_snapshot__free(snapshot);
		return NULL;
	}
	snapshot->count = box->paths.count;
	snapshot->pairs = box->paths.pairs;
	snapshot->probe_ns = box->paths.probe_ns;
	return snapshot;
}

int rp_meta__keep(struct rp_meta *meta, struct rp_arena *strings)
{
	const char **const texts[] = {&meta->version, &meta->host,	  &meta->kernel,
				      &meta->target,  &meta->attach_mode, &meta->group_by,
				      &meta->kept,    &meta->options};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!*texts[i])
			continue;
		*texts[i] = rp_arena__dup(strings, *texts[i]);
		if (!*texts[i])
			return -ENOMEM;
	}
	return 0;
}

void rp_snapshot__free(struct rp_snapshot *snapshot)
{
	struct box *box = (struct box *)snapshot;

	if (!box)
		return;
	free(snapshot->rows);
	free(snapshot->tree);
	rp_open_regions__free(snapshot->open);
	rp_sampled__free(snapshot->sampled);
	rp_sampled__free(snapshot->asleep);
	rp_wakers__free(snapshot->wakers);
	free(snapshot->left_out);
	free(snapshot->missing);
	rp_regions__free(&box->regions);
	rp_paths__free(&box->paths);
	free(box->buckets);
	free(box);
}

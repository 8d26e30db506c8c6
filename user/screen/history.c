// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

#define NS_PER_S  1000000000ull
#define HEAT_MAPS 64 /* that are kept without being asked for, 40 KiB each */

/* ---- keys: the same row has the same one in every snapshot ------------------------------ */

/* Of a row below `above`, the key of its parent. Never 0. */
static uint64_t key_of(uint64_t above, const struct rp_row *row)
{
	uint64_t group = 0xcbf29ce484222325u;

	for (const char *c = row->group ? row->group : ""; *c; c++)
		group = (group ^ (unsigned char)*c) * 0x100000001b3u;
	return rp_hash(rp_hash(above, row->region), group) | 1;
}

/* ---- a row's history ----------------------------------------------------------------------- */

/* The last bit of a key is always set. */
static uint64_t start_of(const struct rp_histories *histories, uint64_t key)
{
	return rp_index__start(&histories->index, key >> 1);
}

/* Rows come in much the same order each time: the one behind the last is tried first. */
static struct rp_history *find(const struct rp_histories *histories, uint64_t key, size_t hint)
{
	const struct rp_index *index = &histories->index;

	if (hint < histories->n && histories->item[hint].key == key)
		return &histories->item[hint];
	if (!index->slot)
		return NULL;
	for (uint64_t at = start_of(histories, key); index->slot[at];
	     at = rp_index__next(index, at))
		if (histories->item[index->slot[at] - 1].key == key)
			return &histories->item[index->slot[at] - 1];
	return NULL;
}

static void enter(struct rp_histories *histories, size_t i)
{
	uint64_t at = start_of(histories, histories->item[i].key);

	while (histories->index.slot[at])
		at = rp_index__next(&histories->index, at);
	histories->index.slot[at] = (uint32_t)i + 1;
}

/* Room for so many more: nothing moves while they are added. */
static int reserve(struct rp_histories *histories, size_t more)
{
	size_t want = histories->n + more;
	struct rp_index index;

	if (want <= histories->capacity)
		return 0;
	want += want / 4;
	if (rp_array__fit(&histories->item, want, sizeof(*histories->item)) ||
	    rp_index__init(&index, want))
		return -ENOMEM;
	rp_index__free(&histories->index);
	histories->index = index;
	histories->capacity = want;
	for (size_t i = 0; i < histories->n; i++)
		enter(histories, i);
	return 0;
}

static struct rp_history *get(struct rp_histories *histories, uint64_t key, size_t hint)
{
	struct rp_history *history = find(histories, key, hint);

	if (history || histories->n == histories->capacity)
		return history;
	history = &histories->item[histories->n];
	*history = (struct rp_history){.key = key, .second = histories->second};
	enter(histories, histories->n++);
	return history;
}

/* Make room for the seconds up to this one. */
static void advance(struct rp_history *history, uint64_t second)
{
	if (second > history->second + RP_HISTORY_SLOTS)
		history->second = second - RP_HISTORY_SLOTS;
	while (history->second < second)
		history->slot[++history->second % RP_HISTORY_SLOTS] = 0;
}

/* Spread a count evenly over the time that it comes from. */
static void spread(struct rp_history *history, double count, uint64_t from, uint64_t to)
{
	double a_ns = count / (double)(to - from);

	if (to - from > RP_HISTORY_SLOTS * NS_PER_S)
		from = to - RP_HISTORY_SLOTS * NS_PER_S;
	while (from < to) {
		uint64_t second = from / NS_PER_S, end = (second + 1) * NS_PER_S;

		if (end > to)
			end = to;
		if (second + RP_HISTORY_SLOTS > history->second)
			history->slot[second % RP_HISTORY_SLOTS] += (float)(a_ns *
									    (double)(end - from));
		from = end;
	}
}

static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

/* The first look tells nothing of a rate. */
static void bring_up_count(struct rp_history *history, uint64_t count, uint64_t before,
			   uint64_t now)
{
	double more = (double)since(count, history->count);

	advance(history, now / NS_PER_S);
	if (before && now > before) {
		history->rate = more / ((double)(now - before) / NS_PER_S);
		spread(history, more, before, now);
	}
	history->count = count;
}

static void bring_up(struct rp_history *history, const struct rp_row_figures *f, uint64_t before,
		     uint64_t now, double all_self)
{
	bring_up_count(history, f->count, before, now);
	if (before && now > before) {
		history->share = (double)since(f->total, history->total) / (double)(now - before) *
				 100;
		history->heat = all_self > 0 ? (double)since(f->self, history->self) / all_self : 0;
	}
	history->total = f->total;
	history->self = f->self;
}

/* The first rows have their latencies kept from the start on; others once they are looked at. */
static int bring_up_heat(struct rp_histories *histories, struct rp_row *row)
{
	if (row->history->heat_map)
		rp_heat__add(row->history->heat_map, &row->hist, histories->second);
	else if (histories->heat_maps < HEAT_MAPS)
		return rp_histories__keep_heat(histories, row);
	return 0;
}

int rp_histories__keep_heat(struct rp_histories *histories, const struct rp_row *row)
{
	struct rp_history *history = row->history;

	if (!history || history->heat_map)
		return 0;
	history->heat_map = rp_heat__new(&row->hist, histories->second);
	histories->heat_maps++;
	return history->heat_map ? 0 : -ENOMEM;
}

/* ---- all rows --------------------------------------------------------------------------- */

/* Self time that was added to the rows of regions since the last update: it holds each ns once. */
static double self_added(const struct rp_snapshot *snapshot)
{
	double sum = 0;

	for (size_t i = 0; i < snapshot->n_rows; i++)
		sum += (double)since(snapshot->rows[i].f.self, snapshot->rows[i].history->self);
	return sum;
}

typedef struct rp_history *(*lookup_fn)(struct rp_histories *histories, uint64_t key, size_t hint);

static struct rp_history *look(struct rp_histories *histories, uint64_t key, size_t hint)
{
	return find(histories, key, hint);
}

static int bind(struct rp_histories *histories, struct rp_snapshot *snapshot, lookup_fn lookup)
{
	uint64_t *key_of_id = calloc(snapshot->n_tree + 1, sizeof(*key_of_id));
	struct rp_history *history = NULL;

	if (!key_of_id)
		return -ENOMEM;
	key_of_id[0] = 1; /* apart from the keys of the table's rows */
	for (size_t i = 0; i < snapshot->n_rows; i++) {
		history = lookup(histories, key_of(0, &snapshot->rows[i]),
				 history ? (size_t)(history - histories->item) + 1 : 0);
		snapshot->rows[i].history = history;
	}
	for (size_t i = 0; i < snapshot->n_tree; i++) {
		struct rp_tree_row *node = &snapshot->tree[i];
		uint64_t key = key_of(key_of_id[node->parent], &node->row);

		key_of_id[node->id] = key;
		history = lookup(histories, key,
				 history ? (size_t)(history - histories->item) + 1 : 0);
		node->row.history = history;
	}
	free(key_of_id);
	return 0;
}

int rp_histories__update(struct rp_histories *histories, struct rp_snapshot *snapshot,
			 uint64_t time, uint64_t least)
{
	uint64_t before = histories->time;
	double all_self;
	int rc;

	if (time < before)
		time = before;
	histories->second = time / NS_PER_S;
	if (!before)
		histories->first = (time + NS_PER_S - 1) / NS_PER_S;
	rc = reserve(histories, snapshot->n_rows + snapshot->n_tree);
	if (!rc)
		rc = bind(histories, snapshot, get);
	if (rc || (before && time - before < least))
		return rc;
	bring_up_count(&histories->all, snapshot->count, before, time);
	if (before)
		histories->seconds = (double)(time - before) / NS_PER_S;
	all_self = self_added(snapshot);
	for (size_t i = 0; i < snapshot->n_rows && !rc; i++) {
		bring_up(snapshot->rows[i].history, &snapshot->rows[i].f, before, time, all_self);
		rc = bring_up_heat(histories, &snapshot->rows[i]);
	}
	for (size_t i = 0; i < snapshot->n_tree; i++)
		bring_up(snapshot->tree[i].row.history, &snapshot->tree[i].row.f, before, time,
			 all_self);
	histories->time = time;
	return rc;
}

static void show_period(struct rp_history *history, const struct rp_row_figures *f, double seconds,
			double all_self)
{
	history->rate = seconds > 0 ? (double)f->count / seconds : 0;
	history->share = seconds > 0 ? (double)f->total / NS_PER_S / seconds * 100 : 0;
	history->heat = all_self > 0 ? (double)f->self / all_self : 0;
}

int rp_histories__show_period(struct rp_histories *histories, struct rp_snapshot *snapshot)
{
	double seconds = (double)snapshot->duration / NS_PER_S, all_self;
	int rc = reserve(histories, snapshot->n_rows + snapshot->n_tree);

	if (!rc)
		rc = bind(histories, snapshot, get);
	if (rc)
		return rc;
	all_self = self_added(snapshot);
	histories->seconds = seconds;
	histories->all.rate = seconds > 0 ? (double)snapshot->count / seconds : 0;
	for (size_t i = 0; i < snapshot->n_rows; i++)
		show_period(snapshot->rows[i].history, &snapshot->rows[i].f, seconds, all_self);
	for (size_t i = 0; i < snapshot->n_tree; i++)
		show_period(snapshot->tree[i].row.history, &snapshot->tree[i].row.f, seconds,
			    all_self);
	return 0;
}

void rp_histories__bind(const struct rp_histories *histories, struct rp_snapshot *snapshot)
{
	bind((struct rp_histories *)histories, snapshot, look);
}

void rp_histories__rebase(struct rp_histories *histories)
{
	for (size_t i = 0; i < histories->n; i++) {
		struct rp_history *history = &histories->item[i];

		history->count = history->total = history->self = 0;
		if (history->heat_map)
			rp_heat__rebase(history->heat_map);
	}
	histories->all.count = 0;
}

void rp_histories__untag(struct rp_histories *histories)
{
	for (size_t i = 0; i < histories->n; i++)
		histories->item[i].tagged = false;
}

void rp_histories__free(struct rp_histories *histories)
{
	for (size_t i = 0; i < histories->n; i++)
		free(histories->item[i].heat_map);
	free(histories->item);
	rp_index__free(&histories->index);
	*histories = (struct rp_histories){0};
}

/* Counts a second in the seconds from one up to another, as far as they are known. */
static float mean_rate(const struct rp_histories *histories, const struct rp_history *history,
		       uint64_t from, uint64_t to)
{
	size_t known = 0;
	float sum = 0;

	for (uint64_t at = from; at < to; at++) {
		if (at < histories->first)
			continue;
		known++;
		if (at <= history->second && at + RP_HISTORY_SLOTS > history->second)
			sum += history->slot[at % RP_HISTORY_SLOTS];
	}
	return known ? sum / (float)known : -1;
}

/* The first second of a part, of which a minute has n. */
static uint64_t part_start(uint64_t part, size_t n)
{
	return (part * RP_HISTORY_SECONDS + n - 1) / n;
}

/*
 * The second under way is not shown, as it would look like a drop; nor is the one in which the
 * trace began, which would look like a rise. Parts begin at fixed seconds: only the last one
 * changes until the next begins, and a slow line need not carry all of them each second.
 */
void rp_history__minute(const struct rp_histories *histories, const struct rp_history *history,
			float *out, size_t n)
{
	uint64_t now = histories->second, next = now ? (now - 1) * n / RP_HISTORY_SECONDS + 1 : 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t ago = n - i, end;

		out[i] = -1;
		if (next < ago)
			continue;
		end = part_start(next - ago + 1, n);
		out[i] = mean_rate(histories, history, part_start(next - ago, n),
				   end < now ? end : now);
	}
}

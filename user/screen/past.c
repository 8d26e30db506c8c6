// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/past.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

#define NS_PER_S 1000000000ull

/* ---- keys: the same row has the same one in every snapshot ------------------------------ */

/* Of a row below `above`, the key of its parent. Never 0. */
static uint64_t key_of(uint64_t above, const struct rp_row *row)
{
	uint64_t group = 0xcbf29ce484222325u;

	for (const char *c = row->group ? row->group : ""; *c; c++)
		group = (group ^ (unsigned char)*c) * 0x100000001b3u;
	return rp_hash(rp_hash(above, row->region), group) | 1;
}

/* ---- a row's past ----------------------------------------------------------------------- */

/* The last bit of a key is always set. */
static uint64_t start_of(const struct rp_pasts *pasts, uint64_t key)
{
	return rp_index__start(&pasts->index, key >> 1);
}

/* Rows come in much the same order each time: the one behind the last is tried first. */
static struct rp_past *find(const struct rp_pasts *pasts, uint64_t key, size_t hint)
{
	const struct rp_index *index = &pasts->index;

	if (hint < pasts->n && pasts->item[hint].key == key)
		return &pasts->item[hint];
	if (!index->slot)
		return NULL;
	for (uint64_t at = start_of(pasts, key); index->slot[at]; at = rp_index__next(index, at))
		if (pasts->item[index->slot[at] - 1].key == key)
			return &pasts->item[index->slot[at] - 1];
	return NULL;
}

static void enter(struct rp_pasts *pasts, size_t i)
{
	uint64_t at = start_of(pasts, pasts->item[i].key);

	while (pasts->index.slot[at])
		at = rp_index__next(&pasts->index, at);
	pasts->index.slot[at] = (uint32_t)i + 1;
}

/* Room for so many more: nothing moves while they are added. */
static int reserve(struct rp_pasts *pasts, size_t more)
{
	size_t want = pasts->n + more;
	struct rp_index index;

	if (want <= pasts->capacity)
		return 0;
	want += want / 4;
	if (rp_array__fit(&pasts->item, want, sizeof(*pasts->item)) || rp_index__init(&index, want))
		return -ENOMEM;
	rp_index__free(&pasts->index);
	pasts->index = index;
	pasts->capacity = want;
	for (size_t i = 0; i < pasts->n; i++)
		enter(pasts, i);
	return 0;
}

static struct rp_past *get(struct rp_pasts *pasts, uint64_t key, size_t hint)
{
	struct rp_past *past = find(pasts, key, hint);

	if (past || pasts->n == pasts->capacity)
		return past;
	past = &pasts->item[pasts->n];
	*past = (struct rp_past){.key = key, .second = pasts->second};
	enter(pasts, pasts->n++);
	return past;
}

/* Make room for the seconds up to this one. */
static void advance(struct rp_past *past, uint64_t second)
{
	if (second > past->second + RP_PAST_SLOTS)
		past->second = second - RP_PAST_SLOTS;
	while (past->second < second)
		past->slot[++past->second % RP_PAST_SLOTS] = 0;
}

/* Spread a count evenly over the time that it comes from. */
static void spread(struct rp_past *past, double count, uint64_t from, uint64_t to)
{
	double a_ns = count / (double)(to - from);

	if (to - from > RP_PAST_SLOTS * NS_PER_S)
		from = to - RP_PAST_SLOTS * NS_PER_S;
	while (from < to) {
		uint64_t second = from / NS_PER_S, end = (second + 1) * NS_PER_S;

		if (end > to)
			end = to;
		if (second + RP_PAST_SLOTS > past->second)
			past->slot[second % RP_PAST_SLOTS] += (float)(a_ns * (double)(end - from));
		from = end;
	}
}

static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

/* The first look tells nothing of a rate. */
static void bring_up_count(struct rp_past *past, uint64_t count, uint64_t before, uint64_t now)
{
	double more = (double)since(count, past->count);

	advance(past, now / NS_PER_S);
	if (before && now > before) {
		past->rate = more / ((double)(now - before) / NS_PER_S);
		spread(past, more, before, now);
	}
	past->count = count;
}

static void bring_up(struct rp_past *past, const struct rp_row_figures *f, uint64_t before,
		     uint64_t now, double all_self)
{
	bring_up_count(past, f->count, before, now);
	if (before && now > before) {
		past->share = (double)since(f->total, past->total) / (double)(now - before) * 100;
		past->heat = all_self > 0 ? (double)since(f->self, past->self) / all_self : 0;
	}
	past->total = f->total;
	past->self = f->self;
}

/* ---- all rows --------------------------------------------------------------------------- */

/* Self time that was added to the rows of regions since the last update: it holds each ns once. */
static double self_added(const struct rp_snapshot *snapshot)
{
	double sum = 0;

	for (size_t i = 0; i < snapshot->n_rows; i++)
		sum += (double)since(snapshot->rows[i].f.self, snapshot->rows[i].past->self);
	return sum;
}

typedef struct rp_past *(*lookup_fn)(struct rp_pasts *pasts, uint64_t key, size_t hint);

static struct rp_past *look(struct rp_pasts *pasts, uint64_t key, size_t hint)
{
	return find(pasts, key, hint);
}

static int bind(struct rp_pasts *pasts, struct rp_snapshot *snapshot, lookup_fn lookup)
{
	uint64_t *key_of_id = calloc(snapshot->n_tree + 1, sizeof(*key_of_id));
	struct rp_past *past = NULL;

	if (!key_of_id)
		return -ENOMEM;
	key_of_id[0] = 1; /* apart from the keys of the table's rows */
	for (size_t i = 0; i < snapshot->n_rows; i++) {
		past = lookup(pasts, key_of(0, &snapshot->rows[i]),
			      past ? (size_t)(past - pasts->item) + 1 : 0);
		snapshot->rows[i].past = past;
	}
	for (size_t i = 0; i < snapshot->n_tree; i++) {
		struct rp_tree_row *node = &snapshot->tree[i];
		uint64_t key = key_of(key_of_id[node->parent], &node->row);

		key_of_id[node->id] = key;
		past = lookup(pasts, key, past ? (size_t)(past - pasts->item) + 1 : 0);
		node->row.past = past;
	}
	free(key_of_id);
	return 0;
}

int rp_pasts__update(struct rp_pasts *pasts, struct rp_snapshot *snapshot, uint64_t time,
		     uint64_t least)
{
	uint64_t before = pasts->time;
	double all_self;
	int rc;

	if (time < before)
		time = before;
	pasts->second = time / NS_PER_S;
	rc = reserve(pasts, snapshot->n_rows + snapshot->n_tree);
	if (!rc)
		rc = bind(pasts, snapshot, get);
	if (rc || (before && time - before < least))
		return rc;
	bring_up_count(&pasts->all, snapshot->count, before, time);
	all_self = self_added(snapshot);
	for (size_t i = 0; i < snapshot->n_rows; i++)
		bring_up(snapshot->rows[i].past, &snapshot->rows[i].f, before, time, all_self);
	for (size_t i = 0; i < snapshot->n_tree; i++)
		bring_up(snapshot->tree[i].row.past, &snapshot->tree[i].row.f, before, time,
			 all_self);
	pasts->time = time;
	return 0;
}

void rp_pasts__bind(const struct rp_pasts *pasts, struct rp_snapshot *snapshot)
{
	bind((struct rp_pasts *)pasts, snapshot, look);
}

void rp_pasts__rebase(struct rp_pasts *pasts)
{
	for (size_t i = 0; i < pasts->n; i++)
		pasts->item[i].count = pasts->item[i].total = pasts->item[i].self = 0;
	pasts->all.count = 0;
}

void rp_pasts__untag(struct rp_pasts *pasts)
{
	for (size_t i = 0; i < pasts->n; i++)
		pasts->item[i].tagged = false;
}

void rp_pasts__free(struct rp_pasts *pasts)
{
	free(pasts->item);
	rp_index__free(&pasts->index);
	*pasts = (struct rp_pasts){0};
}

/* The second under way is not shown: it would look like a drop. */
void rp_past__minute(const struct rp_past *past, uint64_t second, float *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t from = i * RP_PAST_SECONDS / n, to = (i + 1) * RP_PAST_SECONDS / n;
		float sum = 0;

		if (to == from)
			to = from + 1;
		for (size_t s = from; s < to; s++) {
			uint64_t ago = RP_PAST_SECONDS - s;

			if (second >= ago && second - ago <= past->second &&
			    second - ago + RP_PAST_SLOTS > past->second)
				sum += past->slot[(second - ago) % RP_PAST_SLOTS];
		}
		out[i] = sum / (float)(to - from);
	}
}

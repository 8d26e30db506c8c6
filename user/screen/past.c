// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#define HASH_NONFATAL_OOM	  1
#define uthash_nonfatal_oom(past) ((past)->key = 0)
#include "screen/past.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S 1000000000ull

/* ---- keys: the same row has the same one in every snapshot ------------------------------- */

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t x = a * 0x9e3779b97f4a7c15u + b;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* Of a row below `above`, the key of its parent. Never 0. */
static uint64_t key_of(uint64_t above, const struct rp_row *row)
{
	uint64_t group = 0xcbf29ce484222325u;

	for (const char *c = row->group ? row->group : ""; *c; c++)
		group = (group ^ (unsigned char)*c) * 0x100000001b3u;
	return mix(mix(above, row->region), group) | 1;
}

/* ---- a row's past ------------------------------------------------------------------------ */

static struct rp_past *find(const struct rp_pasts *pasts, uint64_t key)
{
	struct rp_past *past;

	HASH_FIND(hh, pasts->all, &key, sizeof(key), past);
	return past;
}

static struct rp_past *get(struct rp_pasts *pasts, uint64_t key)
{
	struct rp_past *past = find(pasts, key);

	if (past)
		return past;
	past = calloc(1, sizeof(*past));
	if (!past)
		return NULL;
	past->key = key;
	past->second = pasts->second;
	HASH_ADD(hh, pasts->all, key, sizeof(key), past);
	if (past->key)
		return past;
	free(past);
	return NULL;
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
static void bring_up(struct rp_past *past, const struct rp_row_figures *f, uint64_t before,
		     uint64_t now, double all_self)
{
	double span = (double)(now - before), self = (double)since(f->self, past->self);

	advance(past, now / NS_PER_S);
	if (before && now > before) {
		double count = (double)since(f->count, past->count);

		past->rate = count / (span / NS_PER_S);
		past->share = (double)since(f->total, past->total) / span * 100;
		past->heat = all_self > 0 ? self / all_self : 0;
		spread(past, count, before, now);
	}
	past->count = f->count;
	past->total = f->total;
	past->self = f->self;
}

/* ---- all rows ------------------------------------------------------------------------------ */

/* Self time that was added to the rows of regions since the last update: it holds each ns once. */
static double self_added(const struct rp_snapshot *snapshot)
{
	double sum = 0;

	for (size_t i = 0; i < snapshot->n_rows; i++)
		sum += (double)since(snapshot->rows[i].f.self, snapshot->rows[i].past->self);
	return sum;
}

typedef struct rp_past *(*lookup_fn)(struct rp_pasts *pasts, uint64_t key);

static struct rp_past *look(struct rp_pasts *pasts, uint64_t key)
{
	return find(pasts, key);
}

/* The tree is in depth-first order here or not: ids tell. */
static int bind(struct rp_pasts *pasts, struct rp_snapshot *snapshot, lookup_fn lookup, bool must)
{
	uint64_t *key_of_id = calloc(snapshot->n_tree + 1, sizeof(*key_of_id));

	if (!key_of_id)
		return -ENOMEM;
	key_of_id[0] = 1; /* apart from the keys of the rows below */
	for (size_t i = 0; i < snapshot->n_rows; i++)
		snapshot->rows[i].past = lookup(pasts, key_of(0, &snapshot->rows[i]));
	for (size_t i = 0; i < snapshot->n_tree; i++) {
		struct rp_tree_row *node = &snapshot->tree[i];
		uint64_t key = key_of(key_of_id[node->parent], &node->row);

		key_of_id[node->id] = key;
		node->row.past = lookup(pasts, key);
	}
	free(key_of_id);
	for (size_t i = 0; must && i < snapshot->n_rows; i++)
		if (!snapshot->rows[i].past)
			return -ENOMEM;
	for (size_t i = 0; must && i < snapshot->n_tree; i++)
		if (!snapshot->tree[i].row.past)
			return -ENOMEM;
	return 0;
}

int rp_pasts__update(struct rp_pasts *pasts, struct rp_snapshot *snapshot, uint64_t time)
{
	uint64_t before = pasts->time;
	double all_self;
	int rc;

	if (time < before)
		time = before;
	pasts->second = time / NS_PER_S;
	rc = bind(pasts, snapshot, get, true);
	if (rc)
		return rc;
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
	bind((struct rp_pasts *)pasts, snapshot, look, false);
}

void rp_pasts__rebase(struct rp_pasts *pasts, uint64_t time)
{
	for (struct rp_past *past = pasts->all; past; past = past->hh.next)
		past->count = past->total = past->self = 0;
	pasts->time = time;
}

void rp_pasts__untag(struct rp_pasts *pasts)
{
	for (struct rp_past *past = pasts->all; past; past = past->hh.next)
		past->tagged = false;
}

void rp_pasts__free(struct rp_pasts *pasts)
{
	struct rp_past *past, *next;

	HASH_ITER (hh, pasts->all, past, next) {
		HASH_DEL(pasts->all, past);
		free(past);
	}
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

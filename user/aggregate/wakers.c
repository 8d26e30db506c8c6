// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * From sleeps of nodes to those of rows. An entry is what one waker ended in one row; each count
 * makes two of them, for the row of the tree and for that of the table. Sorted by row and waker,
 * equal ones are next to each other and become one.
 *
 * A region sleeps itself for as long as it is blocked and what it enters is not. What wake-ups do
 * not account for of that was no sleep, as an interrupt or another virtual machine took the CPU, or
 * one of which the begin or the end was not seen: its waker is unknown. Of a period that cannot be
 * told: a call is blocked when it ends, and may have slept before the period began.
 */
#include "aggregate/wakers.h"

#include <errno.h>
#include <stdlib.h>

#include "aggregate/paths.h"
#include "aggregate/snapshot.h"
#include "util/array.h"
#include "util/map.h"

struct entry {
	uint32_t row;	/* of the tree; behind those, of the table */
	uint32_t waker; /* index of the region; behind those, enum rp_waker */
	uint64_t count, ns;
};

struct build {
	struct rp_snapshot *snapshot;
	const struct rp_regions *regions;
	const uint32_t *tree_row_of_node;
	size_t n_nodes;
	struct entry *entry;
	size_t n, room;
	struct rp_map row_of; /* the table: a row by its region and group */
	int rc;
};

static int by_key(const void *a, const void *b)
{
	const struct rp_waker_key *x = &((const struct rp_waker_count *)a)->key,
				  *y = &((const struct rp_waker_count *)b)->key;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return (x->waker > y->waker) - (x->waker < y->waker);
}

static int by_row_and_waker(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return (x->waker > y->waker) - (x->waker < y->waker);
}

static int by_row_and_time(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	if (x->ns != y->ns)
		return x->ns > y->ns ? -1 : 1;
	return by_row_and_waker(a, b);
}

/* ---- entries --------------------------------------------------------------------------------- */

static void add(struct build *b, uint32_t row, uint32_t waker, uint64_t count, uint64_t ns)
{
	if (!b->rc)
		b->rc = rp_array__grow(&b->entry, b->n, &b->room, sizeof(*b->entry));
	if (!b->rc)
		b->entry[b->n++] = (struct entry){
			.row = row, .waker = waker, .count = count, .ns = ns};
}

static uint64_t row_key(const struct rp_row *row)
{
	return rp_hash(row->region, (uintptr_t)row->group);
}

static int find_rows(struct build *b)
{
	const struct rp_snapshot *snapshot = b->snapshot;
	int rc = 0;

	for (uint32_t i = 0; i < snapshot->n_rows && !rc; i++)
		rc = rp_map__add(&b->row_of, row_key(&snapshot->rows[i]), i);
	return rc;
}

/* To a row of the tree, and to the one of the table that it is a part of. */
static void add_to_both(struct build *b, uint32_t tree, uint32_t waker, uint64_t count, uint64_t ns)
{
	const struct rp_snapshot *snapshot = b->snapshot;
	uint32_t row = rp_map__get(&b->row_of, row_key(&snapshot->tree[tree].row));

	add(b, tree, waker, count, ns);
	if (row != RP_MAP_NONE)
		add(b, (uint32_t)snapshot->n_tree + row, waker, count, ns);
}

static uint32_t waker_of(const struct build *b, uint32_t id)
{
	return id < RP_WAKER_UNKNOWN ? rp_regions__index(b->regions, id) : id;
}

static void add_count(struct build *b, const struct rp_waker_count *now,
		      const struct rp_waker_count *before)
{
	uint64_t count = now->figures.count - (before ? before->figures.count : 0);
	uint64_t ns = now->figures.ns - (before ? before->figures.ns : 0);
	uint32_t node = now->key.node,
		 row = node && node <= b->n_nodes ? b->tree_row_of_node[node - 1] : 0;

	if (row && count)
		add_to_both(b, row - 1, waker_of(b, now->key.waker), count, ns);
}

static int add_counts(struct build *b, const struct rp_waker_counts *now,
		      const struct rp_waker_counts *before)
{
	if (before)
		rp_array__sort(before->item, before->n, sizeof(*before->item), by_key);
	for (size_t i = 0; i < now->n; i++)
		add_count(b, &now->item[i],
			  before && before->n ? bsearch(&now->item[i], before->item, before->n,
							sizeof(*before->item), by_key)
					      : NULL);
	return b->rc;
}

/* For each row of the tree, what it was blocked and what it enters was not, less its sleeps. */
static int add_rests(struct build *b)
{
	struct rp_snapshot *snapshot = b->snapshot;
	uint64_t *rest = calloc(snapshot->n_tree + 1, sizeof(*rest));

	if (!rest)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->n_tree; i++)
		rest[i] = snapshot->tree[i].row.f.blocked;
	for (size_t i = 0; i < snapshot->n_tree; i++) {
		const struct rp_tree_row *row = &snapshot->tree[i];

		if (row->parent)
			rest[row->parent - 1] = rp_less(rest[row->parent - 1], row->row.f.blocked);
	}
	for (size_t i = 0; i < b->n; i++)
		if (b->entry[i].row < snapshot->n_tree)
			rest[b->entry[i].row] = rp_less(rest[b->entry[i].row], b->entry[i].ns);
	for (uint32_t i = 0; i < snapshot->n_tree; i++)
		if (rest[i])
			add_to_both(b, i, RP_WAKER_UNKNOWN, 0, rest[i]);
	free(rest);
	return b->rc;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void join_equal(struct build *b)
{
	size_t n = 0;

	rp_array__sort(b->entry, b->n, sizeof(*b->entry), by_row_and_waker);
	for (size_t i = 0; i < b->n; i++) {
		if (n && !by_row_and_waker(&b->entry[n - 1], &b->entry[i])) {
			b->entry[n - 1].count += b->entry[i].count;
			b->entry[n - 1].ns += b->entry[i].ns;
		} else {
			b->entry[n++] = b->entry[i];
		}
	}
	b->n = n;
	rp_array__sort(b->entry, b->n, sizeof(*b->entry), by_row_and_time);
}

static void give_to_rows(struct build *b)
{
	struct rp_snapshot *snapshot = b->snapshot;
	struct rp_waking *item = snapshot->wakers->item;

	for (size_t i = 0; i < b->n; i++) {
		const struct entry *e = &b->entry[i];
		struct rp_row *row = e->row < snapshot->n_tree
					     ? &snapshot->tree[e->row].row
					     : &snapshot->rows[e->row - snapshot->n_tree];
		bool is_region = e->waker < RP_WAKER_UNKNOWN;

		item[i] = (struct rp_waking){.region = is_region ? b->regions->region[e->waker].name
								 : NULL,
					     .waker = is_region ? 0 : e->waker,
					     .count = e->count,
					     .ns = e->ns};
		if (!row->wakings.n)
			row->wakings.item = &item[i];
		row->wakings.n++;
		row->wakings.count += e->count;
		row->wakings.ns += e->ns;
	}
}

int rp_wakers__build(struct rp_snapshot *snapshot, const struct rp_counts *now,
		     const struct rp_counts *before, uint64_t since,
		     const struct rp_regions *regions, const uint32_t *tree_row_of_node)
{
	struct build b = {.snapshot = snapshot,
			  .regions = regions,
			  .tree_row_of_node = tree_row_of_node,
			  .n_nodes = now->n_nodes};
	int rc;

	snapshot->wakers = calloc(1, sizeof(*snapshot->wakers));
	if (!snapshot->wakers)
		return -ENOMEM;
	snapshot->wakers->whole = !before && now->wakers->since <= since;
	rc = find_rows(&b);
	if (!rc)
		rc = add_counts(&b, now->wakers, before ? before->wakers : NULL);
	if (!rc && snapshot->wakers->whole)
		rc = add_rests(&b);
	join_equal(&b);
	if (!rc)
		snapshot->wakers->item = calloc(b.n + 1, sizeof(*snapshot->wakers->item));
	if (!rc && !snapshot->wakers->item)
		rc = -ENOMEM;
	if (!rc)
		give_to_rows(&b);
	free(b.entry);
	rp_map__free(&b.row_of);
	return rc;
}

void rp_wakers__free(struct rp_wakers *wakers)
{
	if (!wakers)
		return;
	free(wakers->item);
	free(wakers);
}

/* ---- words ----------------------------------------------------------------------------------- */

static const struct {
	const char *kind, *name;
} words[] = {
	[0] = {"unknown", "nobody known"}, /* RP_WAKER_UNKNOWN is the first */
	[RP_WAKER_OUTSIDE - RP_WAKER_UNKNOWN] = {"outside", "threads in no region"},
	[RP_WAKER_UNTRACED - RP_WAKER_UNKNOWN] = {"untraced", "what is not traced"},
	[RP_WAKER_INTERRUPT - RP_WAKER_UNKNOWN] = {"interrupt", "interrupts"},
};

const char *rp_waking__kind(const struct rp_waking *waking)
{
	return waking->region ? "region" : words[waking->waker - RP_WAKER_UNKNOWN].kind;
}

const char *rp_waking__name(const struct rp_waking *waking)
{
	return waking->region ? waking->region : words[waking->waker - RP_WAKER_UNKNOWN].name;
}

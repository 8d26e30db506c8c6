// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "view/internal.h"

/* What a row is sorted by, read once. */
struct key {
	const struct rp_row *row;
	const char *text;
	uint64_t exact;
	double value;
	uint32_t at;   /* position before */
	uint64_t rank; /* a root's group, then its place in the group */
};

struct order {
	const struct rp_column *column;
	bool invert;
};

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_keys(const void *a, const void *b, void *ctx)
{
	const struct key *x = a, *y = b;
	const struct order *order = ctx;
	int result;

	if (order->column->text)
		result = compare_text(x->text, y->text);
	else if (order->column->exact)
		result = (x->exact < y->exact) - (x->exact > y->exact);
	else
		result = (x->value < y->value) - (x->value > y->value);
	if (order->invert)
		result = -result;
	if (!result)
		result = compare_text(x->row->name, y->row->name);
	if (!result)
		result = compare_text(x->row->group, y->row->group);
	return result ? result : (x->at > y->at) - (x->at < y->at);
}

static void read_key(struct key *key, const struct rp_row *row, size_t at,
		     const struct rp_snapshot *snapshot, const struct rp_column *column)
{
	*key = (struct key){.row = row, .at = (uint32_t)at};
	if (column->text)
		key->text = column->text(row);
	else if (column->exact)
		key->exact = column->exact(row);
	else
		key->value = column->value(row, snapshot);
}

static void sort_rows(struct rp_snapshot *snapshot, struct order *order)
{
	size_t n = snapshot->n_rows;
	struct rp_row *sorted = calloc(n, sizeof(*sorted));
	struct key *keys = calloc(n, sizeof(*keys));

	if (sorted && keys) {
		for (size_t i = 0; i < n; i++)
			read_key(&keys[i], &snapshot->rows[i], i, snapshot, order->column);
		qsort_r(keys, n, sizeof(*keys), compare_keys, order);
		for (size_t i = 0; i < n; i++)
			sorted[i] = *keys[i].row;
		memcpy(snapshot->rows, sorted, n * sizeof(*sorted));
	}
	free(sorted);
	free(keys);
}

/* ---- tree ------------------------------------------------------------------------------ */

#define NONE UINT32_MAX

struct links {
	uint32_t parent, child, next; /* positions before */
};

/* Parents by their position; one that does not come before its child is taken for none. */
static bool find_parents(const struct rp_tree_row *tree, size_t n, struct links *links)
{
	uint32_t *at = malloc((n + 1) * sizeof(*at));

	if (!at)
		return false;
	memset(at, 0xff, (n + 1) * sizeof(*at));
	for (size_t i = 0; i < n; i++) {
		uint32_t parent = tree[i].parent;

		links[i].parent = parent && parent <= n ? at[parent] : NONE;
		links[i].child = links[i].next = NONE;
		if (tree[i].id && tree[i].id <= n)
			at[tree[i].id] = (uint32_t)i;
	}
	free(at);
	return true;
}

static int compare_groups(const void *a, const void *b)
{
	const struct key *x = *(const struct key *const *)a, *y = *(const struct key *const *)b;
	int order = compare_text(x->row->group, y->row->group);

	/* Pointers into one array: its order is the order of the sort before. */
	return order ? order : (x > y) - (x < y);
}

static int compare_ranks(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	return (x->rank > y->rank) - (x->rank < y->rank);
}

/* Keep the roots of a group together; the group with the foremost root comes first. */
static bool join_groups(struct key *roots, size_t n)
{
	struct key **by_group = calloc(n + 1, sizeof(*by_group));
	uint64_t first = 0;

	if (!by_group)
		return false;
	for (size_t i = 0; i < n; i++)
		by_group[i] = &roots[i];
	rp_array__sort(by_group, n, sizeof(*by_group), compare_groups);
	for (size_t i = 0; i < n; i++) {
		uint64_t at = (uint64_t)(by_group[i] - roots);

		if (!i || compare_text(by_group[i]->row->group, by_group[i - 1]->row->group))
			first = at;
		by_group[i]->rank = first << 32 | at;
	}
	free(by_group);
	rp_array__sort(roots, n, sizeof(*roots), compare_ranks);
	return true;
}

/* Chain siblings in the order of the keys; returns the first root. */
static uint32_t link_siblings(struct links *links, const struct key *keys, size_t n,
			      struct key *roots, size_t n_roots)
{
	uint32_t first = NONE;

	for (size_t i = n; i-- > 0;) {
		struct links *link = &links[keys[i].at];

		if (link->parent == NONE)
			continue;
		link->next = links[link->parent].child;
		links[link->parent].child = keys[i].at;
	}
	for (size_t i = n_roots; i-- > 0;) {
		links[roots[i].at].next = first;
		first = roots[i].at;
	}
	return first;
}

static void emit(const struct rp_tree_row *tree, const struct links *links, uint32_t at,
		 struct rp_tree_row *sorted)
{
	while (at != NONE) {
		*sorted++ = tree[at];
		if (links[at].child != NONE) {
			at = links[at].child;
			continue;
		}
		while (links[at].next == NONE && links[at].parent != NONE)
			at = links[at].parent;
		at = links[at].next;
	}
}

static void sort_tree(struct rp_snapshot *snapshot, struct order *order)
{
	size_t n = snapshot->n_tree, n_roots = 0;
	struct rp_tree_row *sorted = calloc(n, sizeof(*sorted));
	struct links *links = calloc(n, sizeof(*links));
	struct key *keys = calloc(n, sizeof(*keys));
	struct key *roots = calloc(n, sizeof(*roots));

	if (!sorted || !links || !keys || !roots || !find_parents(snapshot->tree, n, links))
		goto out;
	for (size_t i = 0; i < n; i++)
		read_key(&keys[i], &snapshot->tree[i].row, i, snapshot, order->column);
	qsort_r(keys, n, sizeof(*keys), compare_keys, order);
	for (size_t i = 0; i < n; i++)
		if (links[keys[i].at].parent == NONE)
			roots[n_roots++] = keys[i];
	if (!join_groups(roots, n_roots))
		goto out;
	emit(snapshot->tree, links, link_siblings(links, keys, n, roots, n_roots), sorted);
	memcpy(snapshot->tree, sorted, n * sizeof(*sorted));
out:
	free(sorted);
	free(links);
	free(keys);
	free(roots);
}

/* Out of memory: what is shown stays as it is, in another order. */
void rp_snapshot__sort_rows(struct rp_snapshot *snapshot, const struct rp_column *column,
			    bool invert)
{
	struct order order = {.column = column, .invert = invert};

	if (snapshot->n_rows > 1)
		sort_rows(snapshot, &order);
}

void rp_snapshot__sort_tree(struct rp_snapshot *snapshot, const struct rp_column *column,
			    bool invert)
{
	struct order order = {.column = column, .invert = invert};

	if (snapshot->n_tree > 1)
		sort_tree(snapshot, &order);
}

void rp_snapshot__sort(struct rp_snapshot *snapshot, const struct rp_column *column, bool invert)
{
	rp_snapshot__sort_rows(snapshot, column, invert);
	rp_snapshot__sort_tree(snapshot, column, invert);
}

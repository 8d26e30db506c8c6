// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "plan/usdt_probes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/usdt_pair.h"
#include "util/array.h"

/* ---- notes to probes ----------------------------------------------------------------------- */

static int compare_notes(const void *a_, const void *b_)
{
	const struct rp_usdt_note *const *a = a_, *const *b = b_;
	int order = strcmp((*a)->provider, (*b)->provider);

	if (!order)
		order = strcmp((*a)->name, (*b)->name);
	if (!order && (*a)->offset != (*b)->offset)
		order = (*a)->offset < (*b)->offset ? -1 : 1;
	return order;
}

static bool same_probe(const struct rp_usdt_note *a, const struct rp_usdt_note *b)
{
	return !strcmp(a->provider, b->provider) && !strcmp(a->name, b->name);
}

static int collect_probes(struct rp_usdt_probes *u)
{
	size_t n = u->object->n_notes;
	struct rp_usdt_probe *probe = NULL;

	u->notes = calloc(n + 1, sizeof(*u->notes));
	u->probes = calloc(n + 1, sizeof(*u->probes));
	if (!u->notes || !u->probes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		u->notes[i] = &u->object->notes[i];
	rp_array__sort(u->notes, n, sizeof(*u->notes), compare_notes);
	for (size_t i = 0; i < n; i++) {
		const struct rp_usdt_note *note = u->notes[i];
		size_t length = strlen(note->name) + 1;

		if (!probe || !same_probe(u->notes[probe->first], note)) {
			probe = &u->probes[u->n_probes++];
			*probe = (struct rp_usdt_probe){
				.provider = note->provider, .name = note->name, .first = i};
		}
		probe->n++;
		if (length > u->longest)
			u->longest = length;
	}
	return 0;
}

/* ---- the pair rule over all probes --------------------------------------------------------- */

static int compare_ends(const void *a_, const void *b_)
{
	const struct rp_usdt_probe *const *a = a_, *const *b = b_;
	int order = strcmp((*a)->provider, (*b)->provider);

	return order ? order : strcmp((*a)->key, (*b)->key);
}

static int collect_ends(struct rp_usdt_probes *u)
{
	u->ends = calloc(u->n_probes + 1, sizeof(*u->ends));
	if (!u->ends)
		return -ENOMEM;
	for (size_t i = 0; i < u->n_probes; i++) {
		struct rp_usdt_probe *probe = &u->probes[i];

		if (rp_plan__is_marker_provider(probe->provider) ||
		    !rp_usdt_pair__is_end(probe->name))
			continue;
		probe->key = malloc(strlen(probe->name) + 1);
		if (!probe->key)
			return -ENOMEM;
		rp_usdt_pair__fold_stem(probe->name, probe->key);
		u->ends[u->n_ends++] = probe;
	}
	rp_array__sort(u->ends, u->n_ends, sizeof(*u->ends), compare_ends);
	return 0;
}

int rp_usdt_probes__add_pair(struct rp_usdt_probes *u, struct rp_usdt_probe *begin,
			     struct rp_usdt_probe *end, const char *stem)
{
	int rc = rp_array__grow(&u->pairs, u->n_pairs, &u->pairs_capacity, sizeof(*u->pairs));
	char *copy = rc ? NULL : strdup(stem);

	if (!copy)
		return -ENOMEM;
	u->pairs[u->n_pairs++] = (struct rp_usdt_pair){begin, end, copy};
	return 0;
}

/* Ends under `key` that close `begin`: those that its word asks for, else those of a plain name. */
static int pair_under_key(struct rp_usdt_probes *u, struct rp_usdt_probe *begin, char *key,
			  char *stem, bool by_word)
{
	struct rp_usdt_probe wanted = {.provider = begin->provider, .key = key}, *at = &wanted;
	size_t low = 0, high = u->n_ends;
	int rc = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_ends(&u->ends[middle], &at) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < u->n_ends && !compare_ends(&u->ends[low], &at) && !rc; low++) {
		struct rp_usdt_probe *end = u->ends[low];

		if (end == begin || (!by_word && end->claimed) ||
		    !rp_usdt_pair__match(begin->name, end->name, stem, u->longest))
			continue;
		end->claimed |= by_word;
		rc = rp_usdt_probes__add_pair(u, begin, end, stem);
	}
	return rc;
}

static int compare_pairs(const void *a_, const void *b_)
{
	const struct rp_usdt_pair *a = a_, *b = b_;

	if (a->begin != b->begin)
		return a->begin < b->begin ? -1 : 1;
	return a->end < b->end ? -1 : a->end > b->end;
}

static int collect_pairs(struct rp_usdt_probes *u)
{
	char *key = malloc(u->longest + 1), *stem = malloc(u->longest + 1);
	int rc = key && stem ? collect_ends(u) : -ENOMEM;

	for (int by_word = 1; by_word >= 0; by_word--) {
		for (size_t i = 0; i < u->n_probes && !rc; i++) {
			struct rp_usdt_probe *begin = &u->probes[i];

			if (rp_plan__is_marker_provider(begin->provider))
				continue;
			if (by_word)
				rp_usdt_pair__fold_stem(begin->name, key);
			else
				rp_usdt_pair__fold(begin->name, key);
			rc = pair_under_key(u, begin, key, stem, by_word);
		}
	}
	if (!rc)
		rp_array__sort(u->pairs, u->n_pairs, sizeof(*u->pairs), compare_pairs);
	free(key);
	free(stem);
	return rc;
}

/* ---- all of it ----------------------------------------------------------------------------- */

int rp_usdt_probes__collect(struct rp_usdt_probes *u)
{
	int rc = collect_probes(u);

	return rc ? rc : collect_pairs(u);
}

void rp_usdt_probes__drop_pairs(struct rp_usdt_probes *u)
{
	while (u->n_pairs)
		free(u->pairs[--u->n_pairs].stem);
}

void rp_usdt_probes__free(struct rp_usdt_probes *u)
{
	rp_usdt_probes__drop_pairs(u);
	for (size_t i = 0; i < u->n_probes; i++)
		free(u->probes[i].key);
	free(u->pairs);
	free(u->ends);
	free(u->probes);
	free(u->notes);
}

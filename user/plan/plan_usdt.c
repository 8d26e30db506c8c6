// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* USDT regions: probes that pair by their names, or that a selection names both ends of. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_internal.h"
#include "plan/usdt_arg.h"
#include "plan/usdt_pair.h"
#include "util/array.h"

/* All notes of one provider and name: a probe has a site wherever the compiler copied it to. */
struct probe {
	const char *provider, *name;
	size_t first, n; /* in usdt.notes */
	char *key;	 /* folded stem, of probes that may be ends */
	bool claimed;	 /* closes a begin whose last word says so: NAME itself is none then */
	bool refused;	 /* told already */
};

struct pair {
	struct probe *begin, *end;
	char *stem;
};

struct usdt {
	struct rp_plan *plan;
	const struct rp_plan_object *object;
	const struct rp_usdt_note **notes; /* by provider, then name */
	struct probe *probes;
	size_t n_probes;
	struct probe **ends; /* by provider, then key */
	size_t n_ends;
	struct pair *pairs; /* those of one begin side by side */
	size_t n_pairs, pairs_capacity;
	size_t longest; /* bytes of the longest probe name, terminator included */
};

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

static int collect_probes(struct usdt *u)
{
	size_t n = u->object->n_notes;
	struct probe *probe = NULL;

	u->notes = calloc(n + 1, sizeof(*u->notes));
	u->probes = calloc(n + 1, sizeof(*u->probes));
	if (!u->notes || !u->probes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		u->notes[i] = &u->object->notes[i];
	qsort(u->notes, n, sizeof(*u->notes), compare_notes);
	for (size_t i = 0; i < n; i++) {
		const struct rp_usdt_note *note = u->notes[i];
		size_t length = strlen(note->name) + 1;

		if (!probe || !same_probe(u->notes[probe->first], note)) {
			probe = &u->probes[u->n_probes++];
			*probe = (struct probe){
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
	const struct probe *const *a = a_, *const *b = b_;
	int order = strcmp((*a)->provider, (*b)->provider);

	return order ? order : strcmp((*a)->key, (*b)->key);
}

static int collect_ends(struct usdt *u)
{
	u->ends = calloc(u->n_probes + 1, sizeof(*u->ends));
	if (!u->ends)
		return -ENOMEM;
	for (size_t i = 0; i < u->n_probes; i++) {
		struct probe *probe = &u->probes[i];

		if (rp_plan__is_marker_provider(probe->provider) ||
		    !rp_usdt_pair__is_end(probe->name))
			continue;
		probe->key = malloc(strlen(probe->name) + 1);
		if (!probe->key)
			return -ENOMEM;
		rp_usdt_pair__fold_stem(probe->name, probe->key);
		u->ends[u->n_ends++] = probe;
	}
	qsort(u->ends, u->n_ends, sizeof(*u->ends), compare_ends);
	return 0;
}

static int add_pair(struct usdt *u, struct probe *begin, struct probe *end, const char *stem)
{
	int rc = rp_array__grow(&u->pairs, u->n_pairs, &u->pairs_capacity, sizeof(*u->pairs));
	char *copy = rc ? NULL : strdup(stem);

	if (!copy)
		return -ENOMEM;
	u->pairs[u->n_pairs++] = (struct pair){begin, end, copy};
	return 0;
}

/* Ends under `key` that close `begin`: those that its word asks for, else those of a plain name. */
static int pair_under_key(struct usdt *u, struct probe *begin, char *key, char *stem, bool by_word)
{
	struct probe wanted = {.provider = begin->provider, .key = key}, *at = &wanted;
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
		struct probe *end = u->ends[low];

		if (end == begin || (!by_word && end->claimed) ||
		    !rp_usdt_pair__match(begin->name, end->name, stem, u->longest))
			continue;
		end->claimed |= by_word;
		rc = add_pair(u, begin, end, stem);
	}
	return rc;
}

static int compare_pairs(const void *a_, const void *b_)
{
	const struct pair *a = a_, *b = b_;

	if (a->begin != b->begin)
		return a->begin < b->begin ? -1 : 1;
	return a->end < b->end ? -1 : a->end > b->end;
}

static int collect_pairs(struct usdt *u)
{
	char *key = malloc(u->longest + 1), *stem = malloc(u->longest + 1);
	int rc = key && stem ? collect_ends(u) : -ENOMEM;

	for (int by_word = 1; by_word >= 0; by_word--) {
		for (size_t i = 0; i < u->n_probes && !rc; i++) {
			struct probe *begin = &u->probes[i];

			if (rp_plan__is_marker_provider(begin->provider))
				continue;
			if (by_word)
				rp_usdt_pair__fold_stem(begin->name, key);
			else
				rp_usdt_pair__fold(begin->name, key);
			rc = pair_under_key(u, begin, key, stem, by_word);
		}
	}
	if (!rc && u->n_pairs)
		qsort(u->pairs, u->n_pairs, sizeof(*u->pairs), compare_pairs);
	free(key);
	free(stem);
	return rc;
}

/* ---- sites --------------------------------------------------------------------------------- */

static int refuse_probe(struct usdt *u, struct probe *probe, const char *reason)
{
	if (probe->refused)
		return 0;
	probe->refused = true;
	return rp_plan__refuse_note(u->plan, u->object, u->notes[probe->first], reason);
}

/* Sites of a probe that can be had; their number, or a negative errno. */
static int count_sites(struct usdt *u, struct probe *probe)
{
	const char *reason;
	struct rp_site site;
	int n = 0;

	for (size_t i = probe->first; i < probe->first + probe->n; i++) {
		int rc = rp_plan__note_site(u->plan, u->object, u->notes[i], &site, &reason);

		n += !rc;
		if (rc == -ENOTSUP)
			rc = refuse_probe(u, probe, reason);
		if (rc)
			return rc;
	}
	return n;
}

/* What all sites of a region share. */
struct region {
	uint32_t id;
	uint32_t flags;	    /* of its begins */
	int key;	    /* argument that tells spans apart; -1: they are no spans */
	unsigned key_bytes; /* of it that are compared */
	bool ends_named;    /* the string that is the label tells which call ends */
};

/* What a site of a note reads: the id of a span, or what is asked for of a region. */
static int set_args(const struct usdt *u, const struct rp_usdt_note *note,
		    const struct region *region, struct rp_site *site)
{
	struct rp_declared declared = {.machine = u->object->traits.machine, .args = note->args};
	struct rp_arg id;

	if (site->role == RP_ROLE_BEGIN || (site->role == RP_ROLE_END && region->ends_named))
		return rp_plan__region_args(u->plan, &declared, &u->plan->opts.label, site);
	if (region->key < 0 || rp_usdt_arg__parse(declared.machine, note->args, region->key, &id))
		return 0;
	rp_usdt_arg__narrow(&id, region->key_bytes);
	return rp_plan__set_args(u->plan, &id, 1, site);
}

static int add_probe(struct usdt *u, const struct probe *probe, const struct region *region,
		     bool begins)
{
	const char *reason;
	struct rp_site site;
	int rc = 0;

	for (size_t i = probe->first; i < probe->first + probe->n && !rc; i++) {
		rc = rp_plan__note_site(u->plan, u->object, u->notes[i], &site, &reason);
		if (rc == -ENOTSUP) {
			rc = 0;
			continue;
		}
		if (rc)
			break;
		site.region = region->id;
		if (region->key >= 0)
			site.role = begins ? RP_ROLE_SPAN_BEGIN : RP_ROLE_SPAN_END;
		else
			site.role = begins ? RP_ROLE_BEGIN : RP_ROLE_END;
		site.flags = begins && region->key < 0 ? region->flags : 0;
		rc = set_args(u, u->notes[i], region, &site);
		if (!rc)
			rc = rp_plan__site(u->plan, &site);
	}
	return rc;
}

/*
 * Can the id of a span be read at all sites of a probe? Then *bytes is at most what is known of it
 * there: the same id may be an int at one end and a long at the other. false: told why.
 */
static int find_key(struct usdt *u, struct probe *probe, int key, unsigned *bytes, bool *found)
{
	char reason[96];
	int rc;

	for (size_t i = probe->first; i < probe->first + probe->n; i++) {
		struct rp_arg arg;

		rc = rp_usdt_arg__parse(u->object->traits.machine, u->notes[i]->args, key, &arg);
		if (!rc && arg.kind != RP_ARG_CONST && arg.size < *bytes)
			*bytes = arg.size;
		if (!rc)
			continue;
		snprintf(reason, sizeof(reason),
			 rc == -ENOENT ? "it has no arg%d to tell spans apart by"
				       : "its arg%d, which tells spans apart, cannot be read",
			 key);
		*found = false;
		return refuse_probe(u, probe, reason);
	}
	return 0;
}

static int find_keys(struct usdt *u, const struct pair *pairs, size_t n, struct region *region,
		     bool *found)
{
	int rc;

	*found = true;
	if (region->key < 0)
		return 0;
	region->key_bytes = 8;
	rc = find_key(u, pairs[0].begin, region->key, &region->key_bytes, found);
	for (size_t i = 0; i < n && !rc; i++)
		rc = find_key(u, pairs[i].end, region->key, &region->key_bytes, found);
	return rc;
}

/*
 * The region that pairs[0..n) of one begin make. Without a site at either end, or an id that both
 * ends of a span know, there is none.
 */
static int add_region(struct usdt *u, const struct pair *pairs, size_t n, const char *name, int key)
{
	struct probe *begin = pairs[0].begin;
	bool marker = rp_plan__is_marker_provider(begin->provider), keyed;
	const struct rp_operand *label = &u->plan->opts.label;
	/* Markers nest by contract; of what other programs do nothing is known. */
	struct region region = {.flags = marker ? 0 : RP_SITE_LOOSE,
				.key = key,
				.ends_named = label->flags & RP_ARG_TEXT};
	const char *provider = begin->provider;
	enum rp_kind kind = key >= 0 ? RP_KIND_SPAN : marker ? RP_KIND_MARKER : RP_KIND_USDT;
	int begins, ends = 0, rc;

	begins = count_sites(u, begin);
	for (size_t i = 0; i < n && begins >= 0 && ends >= 0; i++) {
		rc = count_sites(u, pairs[i].end);
		ends = rc < 0 ? rc : ends + (rc > 0);
		if (rp_usdt_pair__is_call(begin->name, pairs[i].end->name))
			region.flags |= RP_SITE_NESTED;
		region.ends_named &= rp_usdt_pair__tell_the_same(u->notes[begin->first],
								 u->notes[pairs[i].end->first]);
	}
	if (begins <= 0 || ends <= 0)
		return begins < 0 ? begins : ends < 0 ? ends : 0;
	rc = find_keys(u, pairs, n, &region, &keyed);
	if (rc || !keyed)
		return rc;
	/* One pair may be spans by one argument, spans by another, and none. */
	if (key >= 0)
		provider = rp_arena__printf(&u->plan->arena, "%s@arg%d", provider, key);
	if (!provider)
		return -ENOMEM;
	rc = rp_plan__region(u->plan, kind, provider, name, u->object->path, &region.id);
	if (rc || region.id == RP_REGION_NONE)
		return rc;
	rc = add_probe(u, begin, &region, true);
	for (size_t i = 0; i < n && !rc; i++)
		rc = add_probe(u, pairs[i].end, &region, false);
	return rc;
}

/* ---- selection: pairs by the rule ---------------------------------------------------------- */

/* A selection's reading for this object: of PROVIDER:BEGIN:END, then of OBJECT:PROVIDER:BEGIN. */
static bool read_selection(const struct usdt *u, const struct rp_select_usdt *selection,
			   struct rp_usdt_query *out)
{
	struct rp_usdt_query plain;
	bool is_target = rp_plan__is_of_target(u->plan, u->object->is_exe);

	if (rp_select_usdt__plain(selection, is_target, &plain)) {
		for (size_t i = 0; i < u->n_probes; i++)
			if (rp_glob__match_probe(plain.provider, u->probes[i].provider) &&
			    rp_glob__match_probe(plain.begin, u->probes[i].name)) {
				*out = plain;
				return true;
			}
	}
	if (rp_select_usdt__of_object(selection, u->object->path, out))
		return true;
	return rp_select_usdt__plain(selection, is_target, out);
}

/* Where both ends are one word, what they share is the provider. */
static const char *pair_name(const struct pair *pair)
{
	return *pair->stem ? pair->stem : pair->begin->provider;
}

static bool names_begin(const struct rp_usdt_query *query, const struct probe *begin,
			const char *name)
{
	return rp_glob__match_probe(query->provider, begin->provider) &&
	       (rp_glob__match_probe(query->begin, begin->name) ||
		rp_glob__match_probe(query->begin, name));
}

static bool wants_pair(const struct usdt *u, const struct rp_usdt_query *queries, size_t n,
		       const struct pair *pair, int key)
{
	if (key < 0 && rp_plan__wants_all_usdt(u->plan))
		return true;
	for (size_t i = 0; i < n; i++)
		if (!queries[i].end && queries[i].key == key &&
		    names_begin(&queries[i], pair->begin, pair_name(pair)))
			return true;
	return false;
}

/* Those that a selection with this key names. */
static int add_pairs(struct usdt *u, const struct rp_usdt_query *queries, size_t n, int key)
{
	size_t end;
	int rc = 0;

	for (size_t i = 0; i < u->n_pairs && !rc; i = end) {
		const struct pair *pair = &u->pairs[i];

		for (end = i + 1; end < u->n_pairs; end++)
			if (u->pairs[end].begin != pair->begin)
				break;
		if (wants_pair(u, queries, n, pair, key) &&
		    !rp_plan__excludes(u->plan, pair->begin->provider, pair_name(pair)))
			rc = add_region(u, pair, end - i, pair_name(pair), key);
	}
	return rc;
}

/* A probe that was asked for by its very name, and has no other end. */
static int refuse_unpaired(struct usdt *u, const struct rp_usdt_query *query)
{
	int rc = 0;

	if (query->end || !rp_glob__is_literal(query->begin))
		return 0;
	for (size_t i = 0; i < u->n_pairs; i++)
		if (names_begin(query, u->pairs[i].begin, pair_name(&u->pairs[i])))
			return 0;
	for (size_t i = 0; i < u->n_probes && !rc; i++)
		if (!rp_plan__is_marker_provider(u->probes[i].provider) &&
		    names_begin(query, &u->probes[i], u->probes[i].name))
			rc = refuse_probe(u, &u->probes[i],
					  "no other probe ends what it begins; name the end: "
					  "-u PROVIDER:BEGIN:END");
	return rc;
}

/* ---- selection: both ends named ------------------------------------------------------------ */

static bool names_end(const struct rp_usdt_query *query, const struct probe *begin,
		      const struct probe *end)
{
	return end != begin && !strcmp(begin->provider, end->provider) &&
	       rp_glob__match_probe(query->end, end->name);
}

static bool names_explicit_begin(const struct rp_usdt_query *query, const struct probe *begin)
{
	/* The other marker probes mean nothing without their key. */
	if (rp_plan__is_marker_provider(begin->provider) && strcmp(begin->provider, "rptrace") != 0)
		return false;
	return rp_glob__match_probe(query->provider, begin->provider) &&
	       rp_glob__match_probe(query->begin, begin->name);
}

static void drop_pairs(struct usdt *u)
{
	while (u->n_pairs)
		free(u->pairs[--u->n_pairs].stem);
}

/*
 * Of several begins each has the ends that are called like it, if there are any; else, and where
 * there is but one begin, all ends close it.
 */
static int pair_explicit(struct usdt *u, const struct rp_usdt_query *query, struct probe *begin,
			 bool alone, char *stem)
{
	bool related = false;
	int rc = 0;

	drop_pairs(u);
	for (size_t i = 0; i < u->n_probes && !alone && !related; i++)
		related = names_end(query, begin, &u->probes[i]) &&
			  rp_usdt_pair__share_stem(begin->name, u->probes[i].name, stem,
						   u->longest);
	for (size_t i = 0; i < u->n_probes && !rc; i++) {
		struct probe *end = &u->probes[i];
		bool shared;

		if (!names_end(query, begin, end))
			continue;
		shared = rp_usdt_pair__match(begin->name, end->name, stem, u->longest) ||
			 rp_usdt_pair__share_stem(begin->name, end->name, stem, u->longest);
		if (shared || !related)
			rc = add_pair(u, begin, end, shared ? stem : "");
	}
	return rc;
}

/* What begin and all ends share, else both as they are called. */
static const char *explicit_name(struct usdt *u, const struct rp_usdt_query *query)
{
	const struct pair *pairs = u->pairs;
	bool shared = *pairs[0].stem;

	for (size_t i = 1; i < u->n_pairs; i++)
		shared &= !strcmp(pairs[i].stem, pairs[0].stem);
	if (shared)
		return pairs[0].stem;
	return rp_arena__printf(&u->plan->arena, "%s-%s", pairs[0].begin->name,
				u->n_pairs == 1 ? pairs[0].end->name : query->end);
}

static int add_explicit(struct usdt *u, const struct rp_usdt_query *query)
{
	char *stem = malloc(u->longest + 1);
	const char *name;
	size_t begins = 0;
	int rc = stem ? 0 : -ENOMEM;

	for (size_t i = 0; i < u->n_probes; i++)
		begins += names_explicit_begin(query, &u->probes[i]);
	for (size_t i = 0; i < u->n_probes && !rc; i++) {
		struct probe *begin = &u->probes[i];

		if (!names_explicit_begin(query, begin))
			continue;
		rc = pair_explicit(u, query, begin, begins == 1, stem);
		if (rc || !u->n_pairs)
			continue;
		name = explicit_name(u, query);
		if (!name)
			rc = -ENOMEM;
		else if (!rp_plan__excludes(u->plan, begin->provider, name))
			rc = add_region(u, u->pairs, u->n_pairs, name, query->key);
	}
	free(stem);
	return rc;
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* Only a run that finds nothing needs them. */
static int remember_names(struct usdt *u, const struct rp_usdt_query *queries, size_t n)
{
	struct rp_names *names = &u->plan->usdt_names;
	bool all = !u->n_pairs;
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		all |= queries[i].end != NULL;
	for (size_t i = 0; i < u->n_probes && all && !rc; i++)
		if (!rp_plan__is_marker_provider(u->probes[i].provider))
			rc = rp_names__add(names, &u->plan->arena, u->probes[i].provider,
					   u->probes[i].name);
	for (size_t i = 0; i < u->n_pairs && !all && !rc; i++)
		if (!i || u->pairs[i].begin != u->pairs[i - 1].begin)
			rc = rp_names__add(names, &u->plan->arena, u->pairs[i].begin->provider,
					   u->pairs[i].begin->name);
	return rc;
}

static int add_selected(struct usdt *u)
{
	const struct rp_plan *plan = u->plan;
	struct rp_usdt_query *queries = calloc(plan->n_usdts + 1, sizeof(*queries));
	size_t n = 0;
	int rc = queries ? 0 : -ENOMEM;

	for (size_t i = plan->first_usdt; i < plan->n_usdts && !rc; i++)
		n += read_selection(u, &plan->usdts[i], &queries[n]);
	for (int key = -1; key < RP_USDT_ARGS_MAX && !rc; key++)
		rc = add_pairs(u, queries, n, key);
	for (size_t i = 0; i < n && !rc; i++)
		rc = refuse_unpaired(u, &queries[i]);
	for (size_t i = 0; i < n && !rc; i++)
		if (queries[i].end)
			rc = add_explicit(u, &queries[i]);
	if (!rc && !plan->n_sites)
		rc = remember_names(u, queries, n);
	free(queries);
	return rc;
}

int rp_plan__add_usdt(struct rp_plan *plan, const struct rp_plan_object *object)
{
	struct usdt u = {.plan = plan, .object = object};
	int rc = collect_probes(&u);

	if (!rc)
		rc = collect_pairs(&u);
	if (!rc)
		rc = add_selected(&u);
	drop_pairs(&u);
	for (size_t i = 0; i < u.n_probes; i++)
		free(u.probes[i].key);
	free(u.pairs);
	free(u.ends);
	free(u.probes);
	free(u.notes);
	return rc;
}

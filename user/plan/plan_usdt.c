// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* USDT regions: probes that pair by their names, or that a selection names both ends of. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/usdt_arg.h"
#include "plan/usdt_pair.h"
#include "plan/usdt_probes.h"

/* Sites whose arguments are looked at if calls overlap: there is to be room for those of labels. */
#define ID_SITES_MAX 512u

/* ---- sites --------------------------------------------------------------------------------- */

static int refuse_probe(struct rp_usdt_probes *u, struct rp_usdt_probe *probe, const char *reason)
{
	if (probe->refused)
		return 0;
	probe->refused = true;
	return rp_plan__refuse_note(u->plan, u->object, u->notes[probe->first], reason);
}

/* Sites of a probe that can be had; their number, or a negative errno. */
static int count_sites(struct rp_usdt_probes *u, struct rp_usdt_probe *probe)
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
	unsigned id_bytes[RP_OVERLAP_ARGS]; /* of arguments that both ends have; 0: they have not */
};

/* Arguments that may tell calls apart that overlap. */
static int set_ids(const struct rp_usdt_probes *u, const struct rp_usdt_note *note,
		   const struct region *region, struct rp_site *site)
{
	struct rp_arg args[RP_OVERLAP_ARGS] = {0};
	bool any = false;

	for (unsigned k = 0; k < RP_OVERLAP_ARGS; k++) {
		if (!region->id_bytes[k] ||
		    rp_usdt_arg__parse(u->object->traits.machine, note->args, k, &args[k]))
			continue;
		rp_usdt_arg__narrow(&args[k], region->id_bytes[k]);
		any = true;
	}
	if (!any || u->plan->n_id_sites >= ID_SITES_MAX)
		return 0;
	u->plan->n_id_sites++;
	site->flags |= RP_SITE_IDS;
	return rp_plan__append_args(u->plan, args, RP_OVERLAP_ARGS, site);
}

/* What a site of a note reads: the id of a span, or what is asked for of a region. */
static int set_args(const struct rp_usdt_probes *u, const struct rp_usdt_note *note,
		    const struct region *region, struct rp_site *site)
{
	struct rp_declared declared = {.machine = u->object->traits.machine, .args = note->args};
	struct rp_arg id;
	int rc = 0;

	if (site->role == RP_ROLE_BEGIN || (site->role == RP_ROLE_END && region->ends_named))
		rc = rp_plan__region_args(u->plan, &declared, &u->plan->opts.label, site);
	if (region->key < 0)
		return rc ? rc : set_ids(u, note, region, site);
	if (rp_usdt_arg__parse(declared.machine, note->args, region->key, &id))
		return 0;
	rp_usdt_arg__narrow(&id, region->key_bytes);
	return rp_plan__set_args(u->plan, &id, 1, site);
}

static int add_probe(struct rp_usdt_probes *u, const struct rp_usdt_probe *probe,
		     const struct region *region, bool begins)
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
 * Can an argument be read at all sites of a probe? Then *bytes is at most what is known of it
 * there: the same id may be an int at one end and a long at the other. Else a negative errno.
 */
static int find_arg(const struct rp_usdt_probes *u, const struct rp_usdt_probe *probe, unsigned k,
		    unsigned *bytes)
{
	struct rp_arg arg;
	int rc = 0;

	for (size_t i = probe->first; i < probe->first + probe->n && !rc; i++) {
		rc = rp_usdt_arg__parse(u->object->traits.machine, u->notes[i]->args, k, &arg);
		if (!rc && arg.kind != RP_ARG_CONST && arg.size < *bytes)
			*bytes = arg.size;
	}
	return rc;
}

/* The same of the id of a span; false: told why. */
static int find_key(struct rp_usdt_probes *u, struct rp_usdt_probe *probe, int key, unsigned *bytes,
		    bool *found)
{
	int rc = find_arg(u, probe, key, bytes);
	char reason[96];

	if (!rc)
		return 0;
	snprintf(reason, sizeof(reason),
		 rc == -ENOENT ? "it has no arg%d to tell spans apart by"
			       : "its arg%d, which tells spans apart, cannot be read",
		 key);
	*found = false;
	return refuse_probe(u, probe, reason);
}

static int find_keys(struct rp_usdt_probes *u, const struct rp_usdt_pair *pairs, size_t n,
		     struct region *region, bool *found)
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
 * Arguments that calls may be told apart by if they overlap. Calls of an interpreter never do, and
 * markers nest by contract.
 */
static void find_ids(const struct rp_usdt_probes *u, const struct rp_usdt_pair *pairs, size_t n,
		     struct region *region)
{
	for (unsigned k = 0; k < RP_OVERLAP_ARGS; k++) {
		unsigned bytes = 8;
		int rc = find_arg(u, pairs[0].begin, k, &bytes);

		for (size_t i = 0; i < n && !rc; i++)
			rc = find_arg(u, pairs[i].end, k, &bytes);
		region->id_bytes[k] = rc ? 0 : bytes;
	}
}

/* How -u names the pair; of several ends that they have in common. */
static int set_usdt(const struct rp_usdt_probes *u, const struct rp_usdt_pair *pairs, size_t n,
		    uint32_t id)
{
	const struct rp_usdt_probe *begin = pairs[0].begin;
	const char **usdt = &u->plan->regions[id - 1].usdt;

	if (n == 1)
		*usdt = rp_arena__printf(&u->plan->arena, "%s:%s:%s", begin->provider, begin->name,
					 pairs[0].end->name);
	else
		*usdt = rp_arena__printf(&u->plan->arena, "%s:%s", begin->provider, begin->name);
	return *usdt ? 0 : -ENOMEM;
}

/*
 * The region that pairs[0..n) of one begin make. Without a site at either end, or an id that both
 * ends of a span know, there is none.
 */
static int add_region(struct rp_usdt_probes *u, const struct rp_usdt_pair *pairs, size_t n,
		      const char *name, int key)
{
	struct rp_usdt_probe *begin = pairs[0].begin;
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
	if (kind == RP_KIND_USDT && !(region.flags & RP_SITE_NESTED))
		find_ids(u, pairs, n, &region);
	/* One pair may be spans by one argument, spans by another, and none. */
	if (key >= 0)
		provider = rp_arena__printf(&u->plan->arena, "%s@arg%d", provider, key);
	if (!provider)
		return -ENOMEM;
	rc = rp_plan__region(u->plan, kind, provider, name, u->object->path, &region.id);
	if (rc || region.id == RP_REGION_NONE)
		return rc;
	if (kind == RP_KIND_USDT)
		rc = set_usdt(u, pairs, n, region.id);
	if (!rc)
		rc = add_probe(u, begin, &region, true);
	for (size_t i = 0; i < n && !rc; i++)
		rc = add_probe(u, pairs[i].end, &region, false);
	return rc;
}

/* ---- selection: pairs by the rule ---------------------------------------------------------- */

/* A selection's reading for this object: of PROVIDER:BEGIN:END, then of OBJECT:PROVIDER:BEGIN. */
static bool read_selection(const struct rp_usdt_probes *u, const struct rp_select_usdt *selection,
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
static const char *pair_name(const struct rp_usdt_pair *pair)
{
	return *pair->stem ? pair->stem : pair->begin->provider;
}

static bool names_begin(const struct rp_usdt_query *query, const struct rp_usdt_probe *begin,
			const char *name)
{
	return rp_glob__match_probe(query->provider, begin->provider) &&
	       (rp_glob__match_probe(query->begin, begin->name) ||
		rp_glob__match_probe(query->begin, name));
}

/* Probes at all of an interpreter's calls cost more than these, and samples tell where they are. */
static bool samples_tell(const struct rp_usdt_probes *u, const struct rp_usdt_pair *pair)
{
	return u->plan->opts.samples && rp_usdt_pair__is_call(pair->begin->name, pair->end->name) &&
	       rp_usdt_pair__is_every_call(pair_name(pair));
}

static bool wants_pair(const struct rp_usdt_probes *u, const struct rp_usdt_query *queries,
		       size_t n, const struct rp_usdt_pair *pair, int key)
{
	if (key < 0 && rp_plan__wants_all_usdt(u->plan))
		return !samples_tell(u, pair);
	for (size_t i = 0; i < n; i++)
		if (!queries[i].end && queries[i].key == key &&
		    names_begin(&queries[i], pair->begin, pair_name(pair)))
			return true;
	return false;
}

/* Those that a selection with this key names. */
static int add_pairs(struct rp_usdt_probes *u, const struct rp_usdt_query *queries, size_t n,
		     int key)
{
	size_t end;
	int rc = 0;

	for (size_t i = 0; i < u->n_pairs && !rc; i = end) {
		const struct rp_usdt_pair *pair = &u->pairs[i];

		for (end = i + 1; end < u->n_pairs; end++)
			if (u->pairs[end].begin != pair->begin)
				break;
		if (wants_pair(u, queries, n, pair, key) &&
		    !rp_plan__excludes(u->plan, pair->begin->provider, pair_name(pair)))
			rc = add_region(u, pair, end - i, pair_name(pair), key);
	}
	return rc;
}

/* It means a pair of the object, be it only refused or left out. */
static bool names_pair(const struct rp_usdt_probes *u, const struct rp_usdt_query *query)
{
	for (size_t i = 0; i < u->n_pairs; i++)
		if (names_begin(query, u->pairs[i].begin, pair_name(&u->pairs[i])))
			return true;
	return false;
}

/*
 * A probe that was asked for by its very name, and has no other end: the selection is told so, not
 * that it names nothing. Of a glob nobody can say which of them it means; markers are planned
 * elsewhere (plan_markers.c).
 */
static int refuse_unpaired(struct rp_usdt_probes *u, const struct rp_usdt_query *query)
{
	int rc = 0;

	if (query->end || !rp_glob__is_literal(query->begin))
		return 0;
	for (size_t i = 0; i < u->n_probes && !rc; i++) {
		if (rp_plan__is_marker_provider(u->probes[i].provider) ||
		    !names_begin(query, &u->probes[i], u->probes[i].name))
			continue;
		*query->matched = true;
		rc = refuse_probe(u, &u->probes[i],
				  "no other probe ends what it begins; name the end: "
				  "-u PROVIDER:BEGIN:END");
	}
	return rc;
}

/* ---- selection: both ends named ------------------------------------------------------------ */

static bool names_end(const struct rp_usdt_query *query, const struct rp_usdt_probe *begin,
		      const struct rp_usdt_probe *end)
{
	return end != begin && !strcmp(begin->provider, end->provider) &&
	       rp_glob__match_probe(query->end, end->name);
}

static bool names_explicit_begin(const struct rp_usdt_query *query,
				 const struct rp_usdt_probe *begin)
{
	/* The other marker probes mean nothing without their key. */
	if (rp_plan__is_marker_provider(begin->provider) && strcmp(begin->provider, "rptrace") != 0)
		return false;
	return rp_glob__match_probe(query->provider, begin->provider) &&
	       rp_glob__match_probe(query->begin, begin->name);
}

/*
 * Of several begins each has the ends that are called like it, if there are any; else, and where
 * there is but one begin, all ends close it.
 */
static int pair_explicit(struct rp_usdt_probes *u, const struct rp_usdt_query *query,
			 struct rp_usdt_probe *begin, bool alone, char *stem)
{
	bool related = false;
	int rc = 0;

	rp_usdt_probes__drop_pairs(u);
	for (size_t i = 0; i < u->n_probes && !alone && !related; i++)
		related = names_end(query, begin, &u->probes[i]) &&
			  rp_usdt_pair__share_stem(begin->name, u->probes[i].name, stem,
						   u->longest);
	for (size_t i = 0; i < u->n_probes && !rc; i++) {
		struct rp_usdt_probe *end = &u->probes[i];
		bool shared;

		if (!names_end(query, begin, end))
			continue;
		shared = rp_usdt_pair__match(begin->name, end->name, stem, u->longest) ||
			 rp_usdt_pair__share_stem(begin->name, end->name, stem, u->longest);
		if (shared || !related)
			rc = rp_usdt_probes__add_pair(u, begin, end, shared ? stem : "");
	}
	return rc;
}

/* What begin and all ends share, else both as they are called. */
static const char *explicit_name(struct rp_usdt_probes *u, const struct rp_usdt_query *query)
{
	const struct rp_usdt_pair *pairs = u->pairs;
	bool shared = *pairs[0].stem;

	for (size_t i = 1; i < u->n_pairs; i++)
		shared &= !strcmp(pairs[i].stem, pairs[0].stem);
	if (shared)
		return pairs[0].stem;
	return rp_arena__printf(&u->plan->arena, "%s-%s", pairs[0].begin->name,
				u->n_pairs == 1 ? pairs[0].end->name : query->end);
}

static int add_explicit(struct rp_usdt_probes *u, const struct rp_usdt_query *query)
{
	char *stem = malloc(u->longest + 1);
	const char *name;
	size_t begins = 0;
	int rc = stem ? 0 : -ENOMEM;

	for (size_t i = 0; i < u->n_probes; i++)
		begins += names_explicit_begin(query, &u->probes[i]);
	for (size_t i = 0; i < u->n_probes && !rc; i++) {
		struct rp_usdt_probe *begin = &u->probes[i];

		if (!names_explicit_begin(query, begin))
			continue;
		rc = pair_explicit(u, query, begin, begins == 1, stem);
		if (rc || !u->n_pairs)
			continue;
		*query->matched = true;
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
static int remember_names(struct rp_usdt_probes *u, const struct rp_usdt_query *queries, size_t n)
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

static int add_selected(struct rp_usdt_probes *u)
{
	struct rp_plan *plan = u->plan;
	struct rp_usdt_query *queries = calloc(plan->n_usdts + 1, sizeof(*queries));
	size_t n = 0;
	int rc = queries ? 0 : -ENOMEM;

	for (size_t i = plan->first_usdt; i < plan->n_usdts && !rc; i++)
		if (read_selection(u, &plan->usdts[i], &queries[n]))
			queries[n++].matched = &plan->usdts[i].matched;
	for (int key = -1; key < RP_USDT_ARGS_MAX && !rc; key++)
		rc = add_pairs(u, queries, n, key);
	for (size_t i = 0; i < n && !rc; i++)
		if (!queries[i].end && names_pair(u, &queries[i]))
			*queries[i].matched = true;
		else
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
	struct rp_usdt_probes u = {.plan = plan, .object = object};
	int rc = rp_usdt_probes__collect(&u);

	if (!rc)
		rc = add_selected(&u);
	rp_usdt_probes__free(&u);
	return rc;
}

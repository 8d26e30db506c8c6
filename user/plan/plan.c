// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The plan: all regions and probe sites of a run, and why what was selected has none.
 *
 * Objects come one by one, and go on coming while the run is traced (dlopen, exec), so a plan only
 * grows. A region's id is its place in `regions` plus one; it is in the attach cookie of probes
 * that are in place and in the kernel's tree, hence it never changes and is never used again.
 * Leaving a region out marks it; its sites stay, to be attached again if it comes back.
 *
 * A name is one region, in however many objects it turns up. Only where two things of one name
 * cannot be measured as one (two providers, a span and a pair) does the later one get a longer
 * name.
 *
 * What an object adds is appended by plan_functions.c, plan_usdt.c and plan_markers.c, each for
 * itself: two selections may then name one site. Once all have added theirs the new sites are
 * sorted and each is kept once, which is also the order in which they are attached. On an error
 * everything that this object has added is dropped, so that a plan never holds half an object.
 */
#include "plan/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_internal.h"
#include "util/array.h"
#include "util/table.h"

struct rp_region_key {
	const char *name; /* also the region's */
	const char *provider;
	uint32_t id;
	UT_hash_handle hh;
};

/* ---- making and ending --------------------------------------------------------------------- */

/* Everybody's executables, or everything that anybody maps, is nothing to put probes into. */
static int check_object(const struct rp_plan *plan, const char *text, const char *object,
			struct rp_err *err)
{
	if (!plan->opts.whole_system || (object && object[strspn(object, "*?")]))
		return 0;
	return rp_err__set(err, RP_EXIT_USAGE, -EINVAL, RP_CURE_PROCESSES,
			   "\"%s\" names no file (OBJECT:...), and there is no target: it takes -p "
			   "or -- COMMAND",
			   text);
}

int rp_plan__parse_function(struct rp_plan *plan, const char *text, struct rp_err *err)
{
	struct rp_select_function *selection;
	int rc;

	if (rp_array__fit(&plan->functions, plan->n_functions + 1, sizeof(*plan->functions)))
		return rp_err__no_memory(err);
	selection = &plan->functions[plan->n_functions];
	rc = rp_select_function__parse(text, selection, err);
	if (rc)
		return rc;
	rc = check_object(plan, text, selection->object, err);
	if (rc)
		rp_select_function__free(selection);
	else
		plan->n_functions++;
	return rc;
}

int rp_plan__parse_usdt(struct rp_plan *plan, const char *text, struct rp_err *err)
{
	struct rp_select_usdt *selection;
	int rc;

	if (rp_array__fit(&plan->usdts, plan->n_usdts + 1, sizeof(*plan->usdts)))
		return rp_err__no_memory(err);
	selection = &plan->usdts[plan->n_usdts];
	rc = rp_select_usdt__parse(text, selection, err);
	if (rc)
		return rc;
	rc = check_object(plan, text, rp_select_usdt__object(selection), err);
	if (rc)
		rp_select_usdt__free(selection);
	else
		plan->n_usdts++;
	return rc;
}

static int parse_selections(struct rp_plan *plan, struct rp_err *err)
{
	const struct rp_plan_opts *opts = &plan->opts;
	int rc = 0;

	for (size_t i = 0; !rc && i < opts->n_functions; i++)
		rc = rp_plan__parse_function(plan, opts->functions[i], err);
	for (size_t i = 0; !rc && i < opts->n_usdts; i++)
		rc = rp_plan__parse_usdt(plan, opts->usdts[i], err);
	return rc;
}

int rp_plan__new(const struct rp_plan_opts *opts, struct rp_plan **out, struct rp_err *err)
{
	struct rp_plan *plan = calloc(1, sizeof(*plan));
	int rc;

	*out = NULL;
	if (!plan)
		return rp_err__no_memory(err);
	plan->opts = *opts;
	plan->by_default = !opts->n_functions && !opts->n_usdts;
	if (!plan->opts.max_regions || plan->opts.max_regions >= RP_REGION_CALIBRATE)
		plan->opts.max_regions = RP_REGION_CALIBRATE - 1;
	rc = parse_selections(plan, err);
	if (rc) {
		rp_plan__free(plan);
		return rc;
	}
	*out = plan;
	return 0;
}

void rp_plan__free(struct rp_plan *plan)
{
	struct rp_region_key *key, *next;

	if (!plan)
		return;
	HASH_ITER (hh, plan->by_name, key, next) {
		HASH_DEL(plan->by_name, key);
		free(key);
	}
	for (size_t i = 0; i < plan->n_functions; i++)
		rp_select_function__free(&plan->functions[i]);
	for (size_t i = 0; i < plan->n_usdts; i++)
		rp_select_usdt__free(&plan->usdts[i]);
	free(plan->functions);
	free(plan->usdts);
	free(plan->regions);
	free(plan->sites);
	free(plan->refusals);
	rp_names__free(&plan->function_names);
	rp_names__free(&plan->usdt_names);
	rp_arena__free(&plan->arena);
	free(plan);
}

/* ---- what is asked for --------------------------------------------------------------------- */

bool rp_plan__is_default(const struct rp_plan *plan)
{
	return plan->by_default && !plan->rematching;
}

bool rp_plan__wants_all_usdt(const struct rp_plan *plan)
{
	return rp_plan__is_default(plan) && !plan->opts.whole_system;
}

/* Without a target its USDT probes are no more than those of anybody else's libraries. */
static bool markers_alone(const struct rp_plan *plan)
{
	return plan->opts.whole_system && rp_plan__is_default(plan);
}

bool rp_plan__wants_functions(const struct rp_plan *plan, const char *path, bool is_exe)
{
	for (size_t i = plan->first_function; i < plan->n_functions; i++)
		if (rp_select_function__applies(&plan->functions[i], path, is_exe))
			return true;
	return false;
}

bool rp_plan__is_of_target(const struct rp_plan *plan, bool is_exe)
{
	return is_exe || !plan->opts.whole_system;
}

bool rp_plan__wants_usdt(const struct rp_plan *plan, const char *path, bool is_exe)
{
	struct rp_usdt_query query;

	if (rp_plan__is_default(plan))
		return true;
	for (size_t i = plan->first_usdt; i < plan->n_usdts; i++)
		if (rp_select_usdt__plain(&plan->usdts[i], rp_plan__is_of_target(plan, is_exe),
					  &query) ||
		    rp_select_usdt__of_object(&plan->usdts[i], path, &query))
			return true;
	return false;
}

bool rp_plan__wants_object(const struct rp_plan *plan, const char *path, bool is_exe)
{
	return is_exe || rp_plan__wants_usdt(plan, path, is_exe) ||
	       rp_plan__wants_functions(plan, path, is_exe);
}

const char *rp_plan__object_path(const struct rp_plan *plan, size_t i)
{
	const char *object;

	for (size_t s = 0; s < plan->n_functions + plan->n_usdts; s++) {
		object = s < plan->n_functions
				 ? plan->functions[s].object
				 : rp_select_usdt__object(&plan->usdts[s - plan->n_functions]);
		if (object && rp_select__is_path(object) && i-- == 0)
			return object;
	}
	return NULL;
}

size_t rp_plan__completed_spans(const struct rp_plan *plan)
{
	return plan->n_completed;
}

bool rp_plan__may_have_spans(const struct rp_plan *plan)
{
	for (size_t i = 0; i < plan->n_functions; i++)
		if (plan->functions[i].end)
			return true;
	return plan->n_usdts || plan->by_default;
}

const char *rp_plan__excluded_by(const struct rp_plan *plan)
{
	return plan->excluded_by;
}

const char *rp_plan__unmatched(const struct rp_plan *plan)
{
	for (size_t i = 0; i < plan->n_functions; i++)
		if (!plan->functions[i].matched)
			return plan->functions[i].text;
	for (size_t i = 0; i < plan->n_usdts; i++)
		if (!plan->usdts[i].matched)
			return plan->usdts[i].text;
	return NULL;
}

bool rp_plan__excludes(struct rp_plan *plan, const char *provider, const char *name)
{
	char qualified[512];

	snprintf(qualified, sizeof(qualified), "%s:%s", provider, name);
	for (size_t i = 0; i < plan->opts.n_excludes; i++)
		if (rp_glob__match_probe(plan->opts.excludes[i], name) ||
		    rp_glob__match_probe(plan->opts.excludes[i], qualified)) {
			if (!plan->excluded_by)
				plan->excluded_by = plan->opts.excludes[i];
			return true;
		}
	return false;
}

/* ---- regions, sites, refusals -------------------------------------------------------------- */

static struct rp_region_key *find_region(const struct rp_plan *plan, const char *name)
{
	struct rp_region_key *key;

	HASH_FIND_STR(plan->by_name, name, key);
	return key;
}

/* Most objects that come later bring no region, and many regions come from one object. */
static const char *keep(struct rp_plan *plan, const char **last, const char *text)
{
	if (!*last || strcmp(*last, text) != 0)
		*last = rp_arena__dup(&plan->arena, text);
	return *last;
}

static int add_region(struct rp_plan *plan, const struct rp_region_key *wanted, enum rp_kind kind,
		      const char *object, uint32_t *id)
{
	struct rp_region_key *key;
	char reason[96];
	int rc;

	if (markers_alone(plan) &&
	    plan->n_regions - plan->regions_before >= RP_PLAN_MARKERS_A_FILE) {
		snprintf(reason, sizeof(reason), "past the %u regions that one file may bring",
			 RP_PLAN_MARKERS_A_FILE);
		return rp_plan__refuse(plan, wanted->name, object, reason);
	}
	if (plan->n_regions >= plan->opts.max_regions) {
		snprintf(reason, sizeof(reason), "past the bound of %u regions (--max-regions)",
			 plan->opts.max_regions);
		return rp_plan__refuse(plan, wanted->name, object, reason);
	}
	rc = rp_array__grow(&plan->regions, plan->n_regions, &plan->regions_capacity,
			    sizeof(*plan->regions));
	if (!rc && (!keep(plan, &plan->kept_path, object) ||
		    !keep(plan, &plan->kept_build_id, plan->build_id)))
		rc = -ENOMEM;
	if (rc)
		return rc;
	key = malloc(sizeof(*key));
	if (!key)
		return -ENOMEM;
	*key = *wanted;
	key->id = plan->n_regions + 1;
	HASH_ADD_KEYPTR(hh, plan->by_name, key->name, strlen(key->name), key);
	if (!key->hh.tbl) {
		free(key);
		return -ENOMEM;
	}
	plan->regions[plan->n_regions++] = (struct rp_region){
		.id = key->id,
		.kind = kind,
		.name = key->name,
		.object = plan->kept_path,
		.build_id = plan->kept_build_id,
		.within = plan->opts.within && rp_glob__match_probe(plan->opts.within, key->name),
	};
	if (plan->on_region)
		plan->on_region(plan->on_region_ctx, &plan->regions[key->id - 1]);
	*id = key->id;
	return 0;
}

void rp_plan__on_region(struct rp_plan *plan, void (*fn)(void *ctx, const struct rp_region *region),
			void *ctx)
{
	plan->on_region = fn;
	plan->on_region_ctx = ctx;
}

static bool shares_no_region(const struct rp_plan *plan, const struct rp_region_key *key,
			     enum rp_kind kind, const char *provider)
{
	bool span = plan->regions[key->id - 1].kind == RP_KIND_SPAN;

	return span != (kind == RP_KIND_SPAN) ||
	       (key->provider && provider && strcmp(key->provider, provider) != 0);
}

int rp_plan__region(struct rp_plan *plan, enum rp_kind kind, const char *provider, const char *name,
		    const char *object, uint32_t *id)
{
	const char *prefix = provider ? provider : rp_kind__name(kind);
	struct rp_region_key *key, wanted = {0};

	*id = RP_REGION_NONE;
	while ((key = find_region(plan, name)) && shares_no_region(plan, key, kind, provider)) {
		name = rp_arena__printf(&plan->arena, "%s:%s", prefix, name);
		if (!name)
			return -ENOMEM;
		prefix = rp_kind__name(kind);
	}
	wanted.name = key ? key->name : rp_arena__dup(&plan->arena, name);
	wanted.provider = key ? key->provider : NULL;
	if (provider && !wanted.provider)
		wanted.provider = rp_arena__dup(&plan->arena, provider);
	if (!wanted.name || (provider && !wanted.provider))
		return -ENOMEM;
	if (!key)
		return add_region(plan, &wanted, kind, object, id);
	key->provider = wanted.provider;
	if (plan->rematching)
		plan->regions[key->id - 1].left_out = false;
	*id = key->id;
	return 0;
}

int rp_plan__site(struct rp_plan *plan, const struct rp_site *site)
{
	int rc;

	if (plan->rematching && rp_plan__is_known(plan, site))
		return 0;
	rc = rp_array__grow(&plan->sites, plan->n_sites, &plan->sites_capacity,
			    sizeof(*plan->sites));
	if (!rc)
		plan->sites[plan->n_sites++] = *site;
	return rc;
}

int rp_plan__refuse(struct rp_plan *plan, const char *name, const char *object, const char *reason)
{
	struct rp_refusal refusal = {.object = keep(plan, &plan->kept_path, object)};
	int rc = rp_array__grow(&plan->refusals, plan->n_refusals, &plan->refusals_capacity,
				sizeof(*plan->refusals));

	if (rc)
		return rc;
	/* Refusals come in rows of one reason. */
	if (plan->n_refusals && !strcmp(plan->refusals[plan->n_refusals - 1].reason, reason))
		refusal.reason = plan->refusals[plan->n_refusals - 1].reason;
	else
		refusal.reason = rp_arena__dup(&plan->arena, reason);
	refusal.name = rp_arena__dup(&plan->arena, name);
	if (!refusal.name || !refusal.object || !refusal.reason)
		return -ENOMEM;
	plan->refusals[plan->n_refusals++] = refusal;
	return 0;
}

const struct rp_region *rp_plan__regions(const struct rp_plan *plan, size_t *n)
{
	*n = plan->n_regions;
	return plan->regions;
}

const struct rp_site *rp_plan__sites(const struct rp_plan *plan, size_t *n)
{
	*n = plan->n_sites;
	return plan->sites;
}

const struct rp_refusal *rp_plan__refusals(const struct rp_plan *plan, size_t *n)
{
	*n = plan->n_refusals;
	return plan->refusals;
}

/* ---- adding an object ---------------------------------------------------------------------- */

static int compare_sites(const void *a_, const void *b_)
{
	const struct rp_site *a = a_, *b = b_;

	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	if (a->region != b->region)
		return a->region < b->region ? -1 : 1;
	if (a->role != b->role)
		return a->role < b->role ? -1 : 1;
	/* Of two that are the same else, the one that carries a label stays. */
	return (int)(b->flags & RP_SITE_LABEL) - (int)(a->flags & RP_SITE_LABEL);
}

static bool same_site(const struct rp_site *a, const struct rp_site *b)
{
	return a->offset == b->offset && a->region == b->region && a->role == b->role;
}

/* Several selections may name one thing: it is probed and counted once. */
static void merge_duplicates(struct rp_plan *plan, size_t from)
{
	size_t kept = from;

	rp_array__sort(plan->sites + from, plan->n_sites - from, sizeof(*plan->sites),
		       compare_sites);
	for (size_t i = from; i < plan->n_sites; i++) {
		struct rp_site *site = &plan->sites[i];

		if (kept > from && same_site(&plan->sites[kept - 1], site))
			continue;
		if (site->region != RP_REGION_NONE) {
			plan->regions[site->region - 1].sites++;
			plan->regions[site->region - 1].slow_sites += site->slow;
			site->within = plan->regions[site->region - 1].within;
		}
		plan->sites[kept++] = *site;
	}
	plan->n_sites = kept;
}

int rp_plan__add_arrays(struct rp_plan *plan, const struct rp_plan_object *object, size_t *added,
			struct rp_err *err)
{
	size_t before = plan->n_sites;
	int rc = 0;

	*added = 0;
	plan->build_id = object->build_id ? object->build_id : "";
	if (rp_plan__wants_functions(plan, object->path, object->is_exe))
		rc = rp_plan__add_functions(plan, object);
	if (!rc && rp_plan__wants_usdt(plan, object->path, object->is_exe)) {
		if (!markers_alone(plan) || plan->n_usdts)
			rc = rp_plan__add_usdt(plan, object);
		if (!rc)
			rc = rp_plan__add_markers(plan, object);
	}
	if (rc) {
		plan->n_sites = before;
		return rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "%s: %s", object->path,
				   strerror(-rc));
	}
	merge_duplicates(plan, before);
	*added = plan->n_sites - before;
	return 0;
}

size_t rp_plan__read_elf(const void *file, uint64_t offset, void *buf, size_t len)
{
	return rp_elf__read(file, offset, buf, len);
}

/* A broken table costs what it would have offered, and is told; the other one may still serve. */
static int note_broken_table(struct rp_plan *plan, int rc, const char *table, const char *path,
			     const struct rp_err *err)
{
	return rc == -ENOMEM ? rc : rp_plan__refuse(plan, table, path, err->cause);
}

static bool any_wanted(const struct rp_plan *plan, const struct rp_plan_object *object)
{
	if (!markers_alone(plan) || object->n_symbols || plan->n_usdts)
		return object->n_symbols || object->n_notes;
	for (size_t i = 0; i < object->n_notes; i++)
		if (rp_plan__is_marker_provider(object->notes[i].provider))
			return true;
	return false;
}

int rp_plan__add_object(struct rp_plan *plan, uint32_t number, const char *path, bool is_exe,
			struct rp_elf *elf, size_t *added, struct rp_err *err)
{
	struct rp_plan_object object = {.number = number,
					.path = path,
					.is_exe = is_exe,
					.read = rp_plan__read_elf,
					.file = elf};
	struct rp_err broken = {0};
	int rc = 0;

	*added = 0;
	plan->regions_before = plan->n_regions;
	if (rp_plan__wants_functions(plan, path, is_exe))
		rc = rp_elf__symbols(elf, &object.symbols, &object.n_symbols, &broken);
	if (rc) {
		object.n_symbols = 0;
		rc = note_broken_table(plan, rc, "functions", path, &broken);
	}
	if (!rc && rp_plan__wants_usdt(plan, path, is_exe)) {
		rc = rp_elf__usdt(elf, &object.notes, &object.n_notes, &broken);
		if (rc) {
			object.n_notes = 0;
			rc = note_broken_table(plan, rc, "USDT probes", path, &broken);
		}
	}
	if (rc)
		return rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "%s: %s", path, strerror(-rc));
	if (!any_wanted(plan, &object))
		return 0;
	object.traits = *rp_elf__traits(elf);
	object.build_id = rp_elf__build_id(elf);
	rp_elf__code(elf, &object.code_offset, &object.code_size);
	object.cold_parts = rp_elf__cold_parts(elf, &object.n_cold_parts);
	return rp_plan__add_arrays(plan, &object, added, err);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Changes while tracing: regions that are selected later, or left out, and objects that go. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_internal.h"
#include "util/array.h"

/* ---- selecting more ------------------------------------------------------------------------ */

int rp_plan__select(struct rp_plan *plan, const char *text, struct rp_err *err)
{
	const char *own = rp_arena__dup(&plan->arena, text);
	int as_function, as_usdt;

	if (!own)
		return rp_err__no_memory(err);
	plan->last_function = plan->n_functions;
	plan->last_usdt = plan->n_usdts;
	as_usdt = rp_plan__parse_usdt(plan, own, NULL);
	as_function = rp_plan__parse_function(plan, own, err);
	if (as_usdt == -ENOMEM || as_function == -ENOMEM)
		return -ENOMEM;
	return as_usdt ? as_function : 0;
}

/* ---- matching an object a second time ------------------------------------------------------  */

static int by_offset(const void *a_, const void *b_)
{
	const struct rp_site *a = a_, *b = b_;

	return (a->offset > b->offset) - (a->offset < b->offset);
}

int rp_plan__begin_rematch(struct rp_plan *plan, uint32_t object)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_sites; i++)
		n += plan->sites[i].object == object;
	plan->known = calloc(n + 1, sizeof(*plan->known));
	if (!plan->known)
		return -ENOMEM;
	plan->n_known = 0;
	for (size_t i = 0; i < plan->n_sites; i++)
		if (plan->sites[i].object == object)
			plan->known[plan->n_known++] = plan->sites[i];
	rp_array__sort(plan->known, n, sizeof(*plan->known), by_offset);
	plan->first_function = plan->last_function;
	plan->first_usdt = plan->last_usdt;
	plan->rematching = true;
	return 0;
}

void rp_plan__end_rematch(struct rp_plan *plan)
{
	free(plan->known);
	plan->known = NULL;
	plan->n_known = 0;
	plan->first_function = plan->first_usdt = 0;
	plan->rematching = false;
}

int rp_plan__rematch(struct rp_plan *plan, uint32_t object, const char *path, bool is_exe,
		     struct rp_elf *elf, size_t *added, struct rp_err *err)
{
	int rc = rp_plan__begin_rematch(plan, object);

	*added = 0;
	if (rc)
		return rp_err__no_memory(err);
	rc = rp_plan__add_object(plan, object, path, is_exe, elf, added, err);
	rp_plan__end_rematch(plan);
	return rc;
}

/* The first known site at an offset; NULL: there is none. */
static const struct rp_site *find_known(const struct rp_plan *plan, uint64_t offset)
{
	size_t low = 0, high = plan->n_known;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (plan->known[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < plan->n_known && plan->known[low].offset == offset ? &plan->known[low] : NULL;
}

bool rp_plan__is_known(const struct rp_plan *plan, const struct rp_site *site)
{
	const struct rp_site *end = plan->known + plan->n_known;

	for (const struct rp_site *at = find_known(plan, site->offset);
	     at && at < end && at->offset == site->offset; at++)
		if (at->region == site->region && at->role == site->role)
			return true;
	return false;
}

static bool is_entry(enum rp_role role)
{
	return role == RP_ROLE_CALL || role == RP_ROLE_CALL_SITE || role == RP_ROLE_CALL_AND_RET ||
	       role == RP_ROLE_CALL_AND_JUMP;
}

uint32_t rp_plan__known_function(struct rp_plan *plan, uint64_t offset)
{
	const struct rp_site *end = plan->known + plan->n_known;

	for (const struct rp_site *at = find_known(plan, offset);
	     at && at < end && at->offset == offset; at++) {
		if (!is_entry(at->role))
			continue;
		plan->regions[at->region - 1].left_out = false;
		return at->region;
	}
	return RP_REGION_NONE;
}

/* ---- RET sites beside return probes ---------------------------------------------------------- */

uint32_t rp_plan__known_call(const struct rp_plan *plan, uint64_t offset)
{
	const struct rp_site *end = plan->known + plan->n_known;

	for (const struct rp_site *at = find_known(plan, offset);
	     at && at < end && at->offset == offset; at++)
		if (at->role == RP_ROLE_CALL && plan->regions[at->region - 1].by_ret_sites)
			return at->region;
	return RP_REGION_NONE;
}

bool rp_plan__use_ret_sites(struct rp_plan *plan, uint32_t region)
{
	struct rp_region *r = region && region <= plan->n_regions ? &plan->regions[region - 1]
								  : NULL;

	if (!r || r->by_ret_sites || plan->opts.exit_method != RP_EXIT_METHOD_AUTO ||
	    r->kind != RP_KIND_FUNCTION)
		return false;
	r->by_ret_sites = true;
	return true;
}

static void supersede(struct rp_plan *plan, size_t before, const struct rp_site *entry)
{
	for (size_t i = 0; i < before; i++) {
		struct rp_site *s = &plan->sites[i];

		if (s->object == entry->object && s->offset == entry->offset &&
		    s->region == entry->region && s->role == RP_ROLE_CALL)
			s->superseded = true;
	}
}

int rp_plan__add_ret_sites(struct rp_plan *plan, uint32_t object, const char *path, bool is_exe,
			   struct rp_elf *elf, size_t *added, struct rp_err *err)
{
	size_t before = plan->n_sites;
	int rc = rp_plan__begin_rematch(plan, object);

	*added = 0;
	if (rc)
		return rp_err__no_memory(err);
	plan->first_function = 0;
	plan->first_usdt = plan->n_usdts;
	plan->adding_ret_sites = true;
	rc = rp_plan__add_object(plan, object, path, is_exe, elf, added, err);
	plan->adding_ret_sites = false;
	rp_plan__end_rematch(plan);
	for (size_t i = before; i < plan->n_sites; i++)
		if (is_entry(plan->sites[i].role))
			supersede(plan, before, &plan->sites[i]);
	return rc;
}

/* ---- leaving out --------------------------------------------------------------------------- */

bool rp_plan__leave_out(struct rp_plan *plan, uint32_t region, bool left_out)
{
	if (!region || region > plan->n_regions || plan->regions[region - 1].left_out == left_out)
		return false;
	plan->regions[region - 1].left_out = left_out;
	return true;
}

bool rp_plan__wants_site(const struct rp_plan *plan, const struct rp_site *site)
{
	uint32_t region = site->region ? site->region : site->owner;
	bool for_others = site->role == RP_ROLE_RET_SITE && site->flags & RP_SITE_SHARED;

	return region == RP_REGION_NONE ||
	       (!plan->regions[region - 1].left_out &&
		!rp_region__is_half(&plan->regions[region - 1])) ||
	       (for_others && site->region);
}

/* ---- objects that are gone ------------------------------------------------------------------- */

/* Which may not be forgotten. The last that had a region stays, as the most like those to come. */
static void keep_needed(const struct rp_plan *plan, uint32_t *number, bool *has_site)
{
	has_site[RP_REGION_NONE] = true;
	for (size_t i = 0; i < plan->n_sites; i++)
		if (number[plan->sites[i].object] != RP_PLAN_FORGOTTEN)
			has_site[plan->sites[i].region] = true;
	for (size_t i = plan->n_sites; i--;) {
		const struct rp_site *s = &plan->sites[i];

		if (!has_site[s->region])
			number[s->object] = 0;
		if (number[s->object] != RP_PLAN_FORGOTTEN)
			has_site[s->region] = true;
	}
}

static void forget_site(struct rp_plan *plan, const struct rp_site *site)
{
	plan->n_id_sites -= !!(site->flags & RP_SITE_IDS);
	if (site->region == RP_REGION_NONE)
		return;
	plan->regions[site->region - 1].sites--;
	plan->regions[site->region - 1].slow_sites -= site->slow;
}

int rp_plan__forget(struct rp_plan *plan, uint32_t *number, size_t n, size_t *moved)
{
	bool *has_site = calloc(plan->n_regions + 1, sizeof(*has_site));
	size_t kept = 0;

	if (!has_site)
		return -ENOMEM;
	keep_needed(plan, number, has_site);
	free(has_site);
	for (uint32_t i = 0, next = 0; i < n; i++)
		if (number[i] != RP_PLAN_FORGOTTEN)
			number[i] = next++;
	for (size_t i = 0; i < plan->n_sites; i++) {
		struct rp_site site = plan->sites[i];

		site.object = number[site.object];
		moved[i] = site.object == RP_PLAN_FORGOTTEN ? SIZE_MAX : kept;
		if (moved[i] == SIZE_MAX)
			forget_site(plan, &site);
		else
			plan->sites[kept++] = site;
	}
	plan->n_sites = kept;
	plan->renumbered++;
	return 0;
}

uint64_t rp_plan__renumbered(const struct rp_plan *plan)
{
	return plan->renumbered;
}

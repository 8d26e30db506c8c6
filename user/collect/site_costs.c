// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "collect/site_costs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { EXIT_SITES = 1, SLOW_ENTRY = 2, SLOW_EXIT = 4 };

static uint8_t traits_of(const struct rp_site *site)
{
	switch (site->role) {
	case RP_ROLE_CALL:
		return site->slow ? SLOW_ENTRY : 0;
	case RP_ROLE_CALL_SITE:
	case RP_ROLE_CALL_AND_RET:
	case RP_ROLE_CALL_AND_JUMP:
		return EXIT_SITES | (site->slow ? SLOW_ENTRY : 0);
	default:
		return site->slow ? SLOW_EXIT : 0;
	}
}

struct rp_probe_cost rp_probe_cost__in_picoseconds(struct rp_probe_cost cost)
{
	cost.inside = round(cost.inside * 1000) / 1000;
	cost.whole = round(cost.whole * 1000) / 1000;
	return cost;
}

/*
 * Of a single-stepped entry the time falls into the region, of a single-stepped exit behind it: the
 * program runs before the instruction.
 */
int rp_site_costs__add(struct rp_id_names *names, const struct rp_site *sites, size_t n,
		       const struct rp_costs *costs)
{
	uint8_t *traits = calloc(names->n_regions + 1, 1);

	if (!traits)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (sites[i].region <= names->n_regions)
			traits[sites[i].region] |= traits_of(&sites[i]);
	for (size_t i = 0; i < names->n_regions; i++) {
		bool call = names->regions[i].kind == RP_KIND_FUNCTION &&
			    !(traits[i + 1] & EXIT_SITES);
		struct rp_probe_cost *cost = &names->regions[i].cost;

		*cost = call ? costs->call : costs->mark;
		if (traits[i + 1] & SLOW_ENTRY) {
			cost->inside += costs->step;
			cost->whole += costs->step;
		}
		if (traits[i + 1] & SLOW_EXIT)
			cost->whole += costs->step;
		*cost = rp_probe_cost__in_picoseconds(*cost);
	}
	free(traits);
	return 0;
}

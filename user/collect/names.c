// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What the ids in counts stand for: the plan's regions, and names that were met at run time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/internal.h"
#include "collect/site_costs.h"

static int add_costs(struct rp_id_names *names, const struct rp_plan *plan,
		     const struct rp_costs *costs)
{
	size_t n;
	const struct rp_site *sites = rp_plan__sites(plan, &n);

	return rp_site_costs__add(names, sites, n, costs);
}

static int read_regions(struct rp_id_names *names, const struct rp_plan *plan)
{
	const struct rp_region *regions = rp_plan__regions(plan, &names->n_regions);

	names->regions = calloc(names->n_regions + 1, sizeof(*names->regions));
	for (size_t i = 0; names->regions && i < names->n_regions; i++) {
		struct rp_region_name *to = &names->regions[i];

		*to = (struct rp_region_name){
			.name = rp_arena__dup(&names->strings, regions[i].name),
			.kind = regions[i].kind,
			.object = rp_arena__dup(&names->strings, regions[i].object),
			.build_id = rp_arena__dup(&names->strings, regions[i].build_id),
			.slow = regions[i].slow_sites > 0,
			.left_out = regions[i].left_out,
			.ends_at_jump = regions[i].ends_at_jump,
		};
		if (regions[i].usdt)
			to->usdt = rp_arena__dup(&names->strings, regions[i].usdt);
		if (!to->name || !to->object || !to->build_id || (regions[i].usdt && !to->usdt))
			return -ENOMEM;
	}
	return names->regions ? 0 : -ENOMEM;
}

static int read_dynamic(struct rp_id_names *names, const struct rp_session *session,
			const struct rp_costs *costs)
{
	if (costs)
		names->unknown.cost = rp_probe_cost__in_picoseconds(costs->mark);
	names->n_dynamic = rp_session__names_used(session);
	names->dynamic = calloc(names->n_dynamic + 1, sizeof(*names->dynamic));
	for (size_t i = 0; names->dynamic && i < names->n_dynamic; i++) {
		const char *name = rp_session__name(session, i);
		struct rp_region_name *to = &names->dynamic[i];

		*to = (struct rp_region_name){
			.name = rp_arena__copy(&names->strings, name, strnlen(name, RP_NAME_LEN)),
			.kind = RP_KIND_MARKER,
			.object = "",
		};
		if (costs)
			to->cost = rp_probe_cost__in_picoseconds(costs->mark);
		if (!to->name)
			return -ENOMEM;
	}
	return names->dynamic ? 0 : -ENOMEM;
}

static int read_texts(struct rp_id_names *names, const struct rp_session *session)
{
	const struct rp_text *texts = rp_session__texts(session, &names->n_texts);

	names->texts = rp_arena__array(&names->strings, texts, names->n_texts * sizeof(*texts));
	return names->texts ? 0 : -ENOMEM;
}

static void take_stray(void *ctx, uint32_t region, const struct rp_stray_hits *stray)
{
	struct rp_id_names *names = ctx;

	if (region >= RP_REGION_DYNAMIC && region - RP_REGION_DYNAMIC < names->n_dynamic)
		names->dynamic[region - RP_REGION_DYNAMIC].stray = *stray;
	else if (region && region <= names->n_regions)
		names->regions[region - 1].stray = *stray;
	else if (region == RP_REGION_NONE)
		names->unknown.stray = *stray;
}

static void take_overlap(void *ctx, uint32_t region, const struct rp_overlap *overlap)
{
	struct rp_id_names *names = ctx;

	if (region && region <= names->n_regions)
		names->regions[region - 1].overlap = *overlap;
}

int rp_collect__names(const struct rp_collect *from, struct rp_id_names *names)
{
	int rc = read_regions(names, from->plan);

	if (!rc && from->costs)
		rc = add_costs(names, from->plan, from->costs);
	if (!rc)
		rc = read_dynamic(names, from->session, from->costs);
	if (!rc)
		rc = read_texts(names, from->session);
	if (!rc)
		rp_session__stray_hits(from->session, take_stray, names);
	if (!rc)
		rp_session__overlaps(from->session, take_overlap, names);
	return rc;
}

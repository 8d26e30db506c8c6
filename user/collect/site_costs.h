/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the probes of a region cost, by where they are and how the kernel carries them out. */
#ifndef RP_SITE_COSTS_H
#define RP_SITE_COSTS_H

#include "aggregate/counts.h"
#include "plan/plan.h"

/* Of all regions of the plan. 0 or -ENOMEM. */
int rp_site_costs__add(struct rp_id_names *names, const struct rp_site *sites, size_t n,
		       const struct rp_costs *costs);

/* Records keep whole picoseconds: reports of them have the very same figures. */
struct rp_probe_cost rp_probe_cost__in_picoseconds(struct rp_probe_cost cost);

#endif

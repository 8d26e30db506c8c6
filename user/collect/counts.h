/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the kernel has counted, as plain data: made by collect, and all that the pure stages see of
 * it. */
#ifndef RP_COUNTS_H
#define RP_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/cost.h"
#include "plan/plan.h"
#include "rp_abi.h"
#include "rp_hist.h"

struct rp_node_counts {
	struct rp_node node;
	struct rp_figures figures; /* summed over the shards */
	struct rp_hist hist;
};

struct rp_region_name {
	const char *name;
	enum rp_kind kind;
	const char *object;
	uint64_t unmatched;	   /* exits without an entry */
	bool slow;		   /* has a single-stepped site */
	struct rp_probe_cost cost; /* of its probes; zero where it is not known */
};

struct rp_counts {
	uint64_t time;		      /* ns, CLOCK_MONOTONIC, when it was read */
	struct rp_node_counts *nodes; /* nodes[i] is node id i + 1; without RP_NODE_VALID: skip */
	size_t n_nodes;
	struct rp_region_name *regions; /* regions[i] is region id i + 1 */
	size_t n_regions;
	struct rp_region_name *dynamic; /* dynamic[i] is RP_REGION_DYNAMIC + i */
	size_t n_dynamic;
	uint64_t lost[RP_LOST_COUNT];
};

#endif

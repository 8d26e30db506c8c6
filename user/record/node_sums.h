/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What instances of a node add up to. Pure. */
#ifndef RP_NODE_SUMS_H
#define RP_NODE_SUMS_H

#include "record/sink.h"

/* One more instance, of a run that began at `start`. 0 or -ENOMEM. */
int rp_node_sums__add_instance(struct rp_node_counts *to, const struct rp_event_instance *instance,
			       uint64_t start);

/* All that others add up to. 0 or -ENOMEM. */
int rp_node_sums__add(struct rp_node_counts *to, const struct rp_node_counts *more);

void rp_node_sums__free(struct rp_node_counts *sums);

#endif

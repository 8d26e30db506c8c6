/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Which nodes are outermost calls, below a root, as a sink learns it when it is told of them. */
#ifndef RP_OUTERMOST_H
#define RP_OUTERMOST_H

#include <stdbool.h>
#include <stdint.h>

#include "rp_nodes.h"

struct rp_outermost {
	uint8_t roots[RP_NODES_MAX / 8], outermost[RP_NODES_MAX / 8];
};

static inline bool rp_outermost__has(const uint8_t *bits, uint32_t id)
{
	return id < RP_NODES_MAX && bits[id / 8] >> id % 8 & 1;
}

static inline void rp_outermost__node(struct rp_outermost *o, uint32_t id,
				      const struct rp_node *node)
{
	uint8_t *bits = node->parent ? o->outermost : o->roots;

	if (id < RP_NODES_MAX && (!node->parent || rp_outermost__has(o->roots, node->parent)))
		bits[id / 8] |= (uint8_t)(1u << id % 8);
}

static inline bool rp_outermost__is(const struct rp_outermost *o, uint32_t id)
{
	return rp_outermost__has(o->outermost, id);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What of a record cannot be read, and when what is missing for it ended. Pure. */
#ifndef RP_DAMAGE_H
#define RP_DAMAGE_H

#include "record/blocks.h"
#include "record/reader.h"

static inline bool rp_block_place__has_events(const struct rp_block_place *place)
{
	return place->type == RP_BLOCK_INSTANCES || place->type == RP_BLOCK_SAMPLES;
}

/* The block at that index. start: when the run began. */
void rp_damage__add_block(struct rp_reader_figures *figures, const struct rp_blocks *blocks,
			  size_t at, uint64_t start);
/* What is between the blocks that were found. */
void rp_damage__find_gaps(struct rp_reader_figures *figures, const struct rp_blocks *blocks,
			  uint64_t start);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Blocks as they were written, in memory: for another file that is to have them, too. Pure. */
#ifndef RP_KEPT_BLOCKS_H
#define RP_KEPT_BLOCKS_H

#include <stddef.h>

#include "record/format.h"

struct rp_kept_block {
	struct rp_block_header header;
	void *payload; /* as stored; NULL: dropped */
};

/* All zero: none. */
struct rp_kept_blocks {
	struct rp_kept_block *block; /* in order */
	size_t n, room;
};

/* -ENOMEM. */
int rp_kept_blocks__add(struct rp_kept_blocks *blocks, const struct rp_block_header *header,
			const void *payload);
void rp_kept_blocks__free(struct rp_kept_blocks *blocks);

#endif

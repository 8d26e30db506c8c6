/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The last blocks of a record: the index of all others, and where it is. Pure. */
#ifndef RP_TRAILER_H
#define RP_TRAILER_H

#include "record/index.h"
#include "record/kept_blocks.h"
#include "record/writer.h"

/* All zero: nothing was written so far. */
struct rp_trailer {
	struct rp_bytes index;
	uint64_t at;	      /* bytes of all blocks */
	uint64_t run, t0, t1; /* of the last one */
	uint32_t n;	      /* blocks, which is the sequence of the next one */
};

/* A block was written. */
void rp_trailer__note(struct rp_trailer *trailer, const struct rp_block_header *header);
/* Write a block once more, as the next one. */
int rp_trailer__copy(struct rp_trailer *trailer, const struct rp_kept_block *kept, rp_block_fn fn,
		     void *ctx);
/* Write the trailer; nothing where the index has outgrown a block: readers do without. */
int rp_trailer__put(struct rp_trailer *trailer, rp_block_fn fn, void *ctx);
void rp_trailer__free(struct rp_trailer *trailer);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Which blocks a record has, as its last blocks tell: so nobody need go through the file for it.
 * Blocks follow each other from the file's first byte on, so their lengths say where they are.
 * Pure.
 */
#ifndef RP_INDEX_RECORD_H
#define RP_INDEX_RECORD_H

#include "record/bytes.h"
#include "record/format.h"

/* A block, without what its header has to prove it. */
struct rp_block_place {
	uint64_t offset; /* of its header */
	uint32_t stored; /* bytes behind that */
	uint32_t items;
	uint32_t sequence;
	uint16_t type, version;
	uint64_t t0, t1;
};

/* The next block, which is the item of an index; before: t0 of the one before, or 0. */
void rp_block_place__put(struct rp_bytes *out, const struct rp_block_header *header,
			 uint64_t before);

/*
 * And back: *place is the block before, or all zero, and becomes this one. false: there is no
 * other.
 */
bool rp_block_place__next(struct rp_cursor *items, struct rp_block_place *place, uint64_t offset);

static inline uint64_t rp_block_place__end(const struct rp_block_place *place)
{
	return place->offset + sizeof(struct rp_block_header) + place->stored;
}

struct rp_block_place rp_block_place__of(const struct rp_block_header *header, uint64_t offset);

#endif

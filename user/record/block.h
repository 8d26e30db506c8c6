/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* One block: its payload packed under a header, and back. Pure. */
#ifndef RP_BLOCK_H
#define RP_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "record/format.h"

struct rp_packer;

/* NULL: out of memory. */
struct rp_packer *rp_packer__new(void);
void rp_packer__free(struct rp_packer *packer);

/*
 * Pack a payload of at most RP_BLOCK_MAX bytes. The header has type, sequence, items, times and run
 * set, and gets the rest. Returns what is to be stored behind it: the payload itself where packing
 * does not make it smaller, or else memory of the packer's that lasts until the next call.
 */
const void *rp_packer__pack(struct rp_packer *packer, struct rp_block_header *header,
			    const void *payload, size_t n);

/* Set the checksum of a header that was changed. */
void rp_block_header__seal(struct rp_block_header *header);

/* Is this a header, of whatever version, as it was written? */
bool rp_block_header__is_sound(const struct rp_block_header *header);

/*
 * The payload of a block, header->raw bytes, from what was stored: that itself, or memory of the
 * packer's as above. NULL: it is not as it was written.
 */
const void *rp_packer__unpack(struct rp_packer *packer, const struct rp_block_header *header,
			      const void *stored);

#endif

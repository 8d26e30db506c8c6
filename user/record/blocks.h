/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The blocks of a record file: where they are, and each of them. Pure. */
#ifndef RP_BLOCKS_H
#define RP_BLOCKS_H

#include "record/block.h"
#include "record/index.h"

struct rp_blocks {
	int fd;
	uint64_t size; /* of the file */
	uint64_t run;
	struct rp_block_place *place; /* in the order of the file */
	size_t n, room;
	bool indexed; /* as the index tells; else they were looked for */
	uint64_t end; /* of the last one */
	struct rp_packer *packer;
	unsigned char *stored; /* of the block read last */
};

/* All blocks of a regular file; -EINVAL: it has none; -ENODATA: nor anything else. What it holds is
 * to be freed in any case. */
int rp_blocks__open(struct rp_blocks *blocks, int fd);
void rp_blocks__free(struct rp_blocks *blocks);

/*
 * The payload of a block, which lasts until the next call. 0; -EBADMSG: it is not what was written;
 * or another errno of reading.
 */
int rp_blocks__read(struct rp_blocks *blocks, const struct rp_block_place *place,
		    struct rp_cursor *payload);

#endif

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/block.h"

#include <stddef.h>
#include <stdlib.h>
#include <xxhash.h>
#include <zstd.h>

/* More costs up to three times the time, and saves a few percent. */
#define LEVEL 1

struct rp_packer {
	ZSTD_CCtx *compressor; /* made when they are needed first: a reader has no use for one */
	ZSTD_DCtx *decompressor;
	unsigned char room[RP_BLOCK_MAX];
};

struct rp_packer *rp_packer__new(void)
{
	return calloc(1, sizeof(struct rp_packer));
}

void rp_packer__free(struct rp_packer *packer)
{
	if (!packer)
		return;
	ZSTD_freeCCtx(packer->compressor);
	ZSTD_freeDCtx(packer->decompressor);
	free(packer);
}

static uint64_t hash_of(const struct rp_block_header *header)
{
	return XXH3_64bits(header, offsetof(struct rp_block_header, header_hash));
}

/* Returns the bytes that are in the packer's memory then; 0: no fewer, or out of memory. */
static size_t compress(struct rp_packer *packer, const void *payload, size_t n)
{
	size_t packed;

	if (!packer->compressor)
		packer->compressor = ZSTD_createCCtx();
	if (!packer->compressor)
		return 0;
	packed = ZSTD_compressCCtx(packer->compressor, packer->room, sizeof(packer->room), payload,
				   n, LEVEL);
	return !ZSTD_isError(packed) && packed < n ? packed : 0;
}

const void *rp_packer__pack(struct rp_packer *packer, struct rp_block_header *header,
			    const void *payload, size_t n)
{
	size_t packed = compress(packer, payload, n);
	const void *stored = packed ? packer->room : payload;

	header->magic = RP_BLOCK_MAGIC;
	header->version = RP_BLOCK_VERSION;
	header->raw = (uint32_t)n;
	header->stored = (uint32_t)(packed ? packed : n);
	header->payload_hash = XXH3_64bits(stored, header->stored);
	rp_block_header__seal(header);
	return stored;
}

void rp_block_header__seal(struct rp_block_header *header)
{
	header->header_hash = hash_of(header);
}

bool rp_block_header__is_sound(const struct rp_block_header *header)
{
	return header->magic == RP_BLOCK_MAGIC && header->header_hash == hash_of(header) &&
	       header->raw <= RP_BLOCK_MAX && header->stored <= header->raw;
}

const void *rp_packer__unpack(struct rp_packer *packer, const struct rp_block_header *header,
			      const void *stored)
{
	if (header->payload_hash != XXH3_64bits(stored, header->stored))
		return NULL;
	if (header->stored == header->raw)
		return stored;
	if (!packer->decompressor)
		packer->decompressor = ZSTD_createDCtx();
	if (!packer->decompressor ||
	    ZSTD_decompressDCtx(packer->decompressor, packer->room, header->raw, stored,
				header->stored) != header->raw)
		return NULL;
	return packer->room;
}

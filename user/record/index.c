// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/index.h"

struct rp_block_place rp_block_place__of(const struct rp_block_header *header, uint64_t offset)
{
	return (struct rp_block_place){.offset = offset,
				       .stored = header->stored,
				       .items = header->items,
				       .sequence = header->sequence,
				       .type = header->type,
				       .version = header->version,
				       .t0 = header->t0,
				       .t1 = header->t1};
}

void rp_block_place__put(struct rp_bytes *out, const struct rp_block_header *header,
			 uint64_t before)
{
	struct rp_bytes item = {0};
	const uint64_t numbers[] = {header->stored,	    header->type,
				    header->version,	    header->items,
				    header->sequence,	    rp_zigzag(header->t0 - before),
				    header->t1 - header->t0};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		rp_bytes__put_number(&item, numbers[i]);
	out->failed |= item.failed;
	rp_bytes__put_text(out, (const char *)item.at, item.n);
	rp_bytes__free(&item);
}

bool rp_block_place__next(struct rp_cursor *items, struct rp_block_place *place, uint64_t offset)
{
	uint64_t number[7];
	struct rp_cursor item;

	if (!rp_cursor__item(items, &item))
		return false;
	for (size_t i = 0; i < sizeof(number) / sizeof(number[0]); i++)
		if (!rp_cursor__number(&item, &number[i]))
			return false;
	if (number[0] > RP_BLOCK_MAX)
		return false;
	place->offset = offset;
	place->stored = (uint32_t)number[0];
	place->type = (uint16_t)number[1];
	place->version = (uint16_t)number[2];
	place->items = (uint32_t)number[3];
	place->sequence = (uint32_t)number[4];
	place->t0 += rp_unzigzag(number[5]);
	place->t1 = place->t0 + number[6];
	return true;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/part.h"

/* The block is there twice, in case that one is damaged; in the first file once. */
uint32_t rp_part__number(struct rp_blocks *b, struct rp_cursor *before)
{
	uint64_t number;

	for (size_t i = 0; i < b->n; i++)
		if (b->place[i].type == RP_BLOCK_PART &&
		    !rp_blocks__read(b, &b->place[i], before) &&
		    rp_cursor__number(before, &number) && number && number < UINT32_MAX)
			return (uint32_t)number;
	*before = (struct rp_cursor){0};
	return 1;
}

bool rp_part__goes_on(const struct rp_blocks *b)
{
	bool has_part = false;

	for (size_t i = 0; i < b->n; i++) {
		if (b->place[i].type == RP_BLOCK_TOTALS)
			return false;
		has_part |= b->place[i].type == RP_BLOCK_PART;
	}
	return b->indexed && has_part;
}

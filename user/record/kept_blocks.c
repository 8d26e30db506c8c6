// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/kept_blocks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

int rp_kept_blocks__add(struct rp_kept_blocks *b, const struct rp_block_header *header,
			const void *payload)
{
	struct rp_kept_block kept = {.header = *header, .payload = malloc(header->stored + 1)};

	if (!kept.payload || rp_array__grow(&b->block, b->n, &b->room, sizeof(*b->block))) {
		free(kept.payload);
		return -ENOMEM;
	}
	memcpy(kept.payload, payload, header->stored);
	b->block[b->n++] = kept;
	return 0;
}

void rp_kept_blocks__free(struct rp_kept_blocks *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->block[i].payload);
	free(b->block);
	*b = (struct rp_kept_blocks){0};
}

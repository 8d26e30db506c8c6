// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/hash.h"

#include <errno.h>
#include <stdlib.h>

int rp_index__init(struct rp_index *index, size_t max_entries)
{
	size_t size = 16;

	while (size < 2 * max_entries)
		size *= 2;
	index->mask = size - 1;
	index->slot = calloc(size, sizeof(*index->slot));
	return index->slot ? 0 : -ENOMEM;
}

void rp_index__free(struct rp_index *index)
{
	free(index->slot);
	*index = (struct rp_index){0};
}

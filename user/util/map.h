/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* From numbers to indexes of an array: a hash table that grows. */
#ifndef RP_MAP_H
#define RP_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "util/hash.h"

#define RP_MAP_NONE UINT32_MAX

/* All zero: empty. */
struct rp_map {
	struct rp_index index;
	struct rp_map_entry *entry;
	size_t n, capacity;
};

/* What the number was given; RP_MAP_NONE: nothing. */
uint32_t rp_map__get(const struct rp_map *map, uint64_t number);
/* A number that has none as yet. 0 or -ENOMEM. */
int rp_map__add(struct rp_map *map, uint64_t number, uint32_t value);
void rp_map__free(struct rp_map *map);

#endif

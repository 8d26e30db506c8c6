// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/map.h"

#include <stdlib.h>

#include "util/array.h"

struct rp_map_entry {
	uint64_t number;
	uint32_t value;
};

uint32_t rp_map__get(const struct rp_map *map, uint64_t number)
{
	uint64_t at;

	if (!map->n)
		return RP_MAP_NONE;
	at = rp_index__start(&map->index, rp_hash(number, 0));
	for (; map->index.slot[at]; at = rp_index__next(&map->index, at)) {
		const struct rp_map_entry *entry = &map->entry[map->index.slot[at] - 1];

		if (entry->number == number)
			return entry->value;
	}
	return RP_MAP_NONE;
}

static void enter(struct rp_map *map, size_t i)
{
	uint64_t at = rp_index__start(&map->index, rp_hash(map->entry[i].number, 0));

	while (map->index.slot[at])
		at = rp_index__next(&map->index, at);
	map->index.slot[at] = (uint32_t)i + 1;
}

/* Twice the room, and all of them in a table anew. */
static int grow(struct rp_map *map)
{
	struct rp_index larger = {0};
	int rc = rp_array__grow(&map->entry, map->n, &map->capacity, sizeof(*map->entry));

	if (!rc)
		rc = rp_index__init(&larger, map->capacity);
	if (rc)
		return rc;
	rp_index__free(&map->index);
	map->index = larger;
	for (size_t i = 0; i < map->n; i++)
		enter(map, i);
	return 0;
}

int rp_map__add(struct rp_map *map, uint64_t number, uint32_t value)
{
	int rc = map->n < map->capacity ? 0 : grow(map);

	if (rc)
		return rc;
	map->entry[map->n] = (struct rp_map_entry){number, value};
	enter(map, map->n++);
	return 0;
}

void rp_map__free(struct rp_map *map)
{
	rp_index__free(&map->index);
	free(map->entry);
	*map = (struct rp_map){0};
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "export/heats.h"

#include <errno.h>
#include <stdlib.h>

#include "util/array.h"

#define COLUMN_FIRST (1u << 16) /* ns; no run is too short to show something */

static void join_columns(uint32_t *row)
{
	for (size_t i = 0; i < RP_HEATS_COLUMNS / 2; i++)
		row[i] = row[2 * i] + row[2 * i + 1];
	for (size_t i = RP_HEATS_COLUMNS / 2; i < RP_HEATS_COLUMNS; i++)
		row[i] = 0;
}

static void widen_columns(struct rp_heats *heat)
{
	heat->column *= 2;
	for (size_t i = 0; i < heat->n; i++)
		for (size_t k = 0; k < RP_HEATS_ROWS; k++)
			if (heat->map[i].row[k])
				join_columns(heat->map[i].row[k]);
}

int rp_heats__add(struct rp_heats *heat, uint32_t name, uint64_t since, uint64_t ns)
{
	uint32_t **row;

	if (!heat->column)
		heat->column = COLUMN_FIRST;
	while (since / heat->column >= RP_HEATS_COLUMNS)
		widen_columns(heat);
	while (heat->n <= name) {
		if (rp_array__grow(&heat->map, heat->n, &heat->room, sizeof(*heat->map)))
			return -ENOMEM;
		heat->map[heat->n++] = (struct rp_heat_map){0};
	}
	row = &heat->map[name].row[rp_hist_index(ns) / RP_HEATS_BUCKETS];
	if (!*row)
		*row = calloc(RP_HEATS_COLUMNS, sizeof(**row));
	if (!*row)
		return -ENOMEM;
	(*row)[since / heat->column]++;
	return 0;
}

const struct rp_heat_map *rp_heats__of(const struct rp_heats *heat, uint32_t name)
{
	return name < heat->n ? &heat->map[name] : NULL;
}

void rp_heats__free(struct rp_heats *heat)
{
	for (size_t i = 0; i < heat->n; i++)
		for (size_t k = 0; k < RP_HEATS_ROWS; k++)
			free(heat->map[i].row[k]);
	free(heat->map);
}

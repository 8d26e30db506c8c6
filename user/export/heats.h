/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * How many instances of a name were when, and how long they took: a heat map of each. How long a
 * run is shows only at its end, so columns get twice as wide, two becoming one, whenever there is
 * no room for a later one. Internal to export/.
 */
#ifndef RP_HEATS_H
#define RP_HEATS_H

#include <stddef.h>
#include <stdint.h>

#include "rp_hist.h"

#define RP_HEATS_COLUMNS 128
#define RP_HEATS_BUCKETS 4 /* of the histogram, a row: two rows an octave */
#define RP_HEATS_ROWS	 (RP_HIST_BUCKETS / RP_HEATS_BUCKETS)

struct rp_heat_map {
	uint32_t *row[RP_HEATS_ROWS]; /* RP_HEATS_COLUMNS each; NULL: all zero */
};

/* All zero: empty. */
struct rp_heats {
	uint64_t column; /* ns that one is wide */
	struct rp_heat_map *map;
	size_t n, room;
};

/* 0 or -ENOMEM. */
int rp_heats__add(struct rp_heats *heat, uint32_t name, uint64_t since, uint64_t ns);
/* NULL: nothing was added to it. */
const struct rp_heat_map *rp_heats__of(const struct rp_heats *heat, uint32_t name);
void rp_heats__free(struct rp_heats *heat);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * How many instances of a region began when, and how long they took: a heat map of each name. How
 * long a run is shows only at its end, so columns get twice as wide, two becoming one, whenever
 * there is no room for a later one. Internal to export/.
 */
#ifndef RP_HTML_HEAT_H
#define RP_HTML_HEAT_H

#include <stddef.h>
#include <stdint.h>

#include "rp_hist.h"

#define RP_HEAT_COLUMNS 128
#define RP_HEAT_BUCKETS 4 /* of the histogram, a row: two rows an octave */
#define RP_HEAT_ROWS	(RP_HIST_BUCKETS / RP_HEAT_BUCKETS)

struct rp_heat_map {
	uint32_t *row[RP_HEAT_ROWS]; /* RP_HEAT_COLUMNS each; NULL: all zero */
};

/* All zero: empty. */
struct rp_html_heat {
	uint64_t column; /* ns that one is wide */
	struct rp_heat_map *map;
	size_t n, room;
};

/* 0 or -ENOMEM. */
int rp_html_heat__add(struct rp_html_heat *heat, uint32_t name, uint64_t since, uint64_t ns);
/* NULL: nothing was added to it. */
const struct rp_heat_map *rp_html_heat__of(const struct rp_html_heat *heat, uint32_t name);
void rp_html_heat__free(struct rp_html_heat *heat);

#endif

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "aggregate/imbalance.h"

#include <errno.h>
#include <stdlib.h>

#include "util/map.h"

struct totals {
	uint64_t sum, most;
};

/* The one of the row's region. NULL: out of memory. */
static struct totals *totals_of(struct rp_map *index_of, struct totals *totals,
				const struct rp_row *row)
{
	uint32_t i = rp_map__get(index_of, row->region);

	if (i == RP_MAP_NONE) {
		i = (uint32_t)index_of->n;
		if (rp_map__add(index_of, row->region, i))
			return NULL;
	}
	return &totals[i];
}

int rp_imbalance__set(struct rp_snapshot *snapshot, size_t n_files)
{
	struct totals *totals = calloc(snapshot->n_rows + 1, sizeof(*totals)), *of;
	struct rp_map index_of = {0};
	int rc = totals ? 0 : -ENOMEM;

	for (size_t i = 0; !rc && i < snapshot->n_rows; i++) {
		of = totals_of(&index_of, totals, &snapshot->rows[i]);
		if (!of) {
			rc = -ENOMEM;
			break;
		}
		of->sum += snapshot->rows[i].f.total;
		if (snapshot->rows[i].f.total > of->most)
			of->most = snapshot->rows[i].f.total;
	}
	for (size_t i = 0; !rc && i < snapshot->n_rows; i++) {
		of = totals_of(&index_of, totals, &snapshot->rows[i]);
		if (of->sum)
			snapshot->rows[i].f.imbalance = (double)of->most * (double)n_files /
							(double)of->sum;
	}
	rp_map__free(&index_of);
	free(totals);
	return rc;
}

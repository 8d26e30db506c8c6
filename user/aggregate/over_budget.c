// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "aggregate/over_budget.h"

static bool is_among(const struct rp_row *row, const struct rp_row *const *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i]->region == row->region)
			return true;
	return false;
}

static bool can_go(const struct rp_row *row)
{
	return row->region != RP_REGION_NONE && row->region < RP_REGION_DYNAMIC && !row->left_out &&
	       row->probe_ns > 0;
}

size_t rp_over_budget(const struct rp_snapshot *period, uint64_t cpu, double share,
		      const struct rp_row **rows, size_t max)
{
	double cost = 0;
	size_t n = 0;

	for (size_t i = 0; i < period->n_rows; i++)
		if (!period->rows[i].left_out)
			cost += period->rows[i].probe_ns;
	while (n < max && cost > share * (double)cpu) {
		const struct rp_row *worst = NULL;

		for (size_t i = 0; i < period->n_rows; i++) {
			const struct rp_row *row = &period->rows[i];

			if (can_go(row) && !is_among(row, rows, n) &&
			    (!worst || row->probe_ns > worst->probe_ns))
				worst = row;
		}
		if (!worst)
			break;
		rows[n++] = worst;
		cost -= worst->probe_ns;
	}
	return n;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "aggregate/over_budget.h"

#define CPU_LEFT_LEAST 0.25

/*
 * Without the probes that are left out, the target uses less CPU time for the same work, or does
 * more work in the same time: the share of what stays grows alike. As costs are averages, no more
 * than fourfold is made of it.
 */
static double cpu_without(uint64_t cpu, double cost_left_out)
{
	double least = CPU_LEFT_LEAST * (double)cpu, left = (double)cpu - cost_left_out;

	return left > least ? left : least;
}

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
	double cost = 0, gone = 0;
	size_t n = 0;

	for (size_t i = 0; i < period->n_rows; i++)
		if (!period->rows[i].left_out)
			cost += period->rows[i].probe_ns;
	while (n < max && cost > share * cpu_without(cpu, gone)) {
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
		gone += worst->probe_ns;
	}
	return n;
}

double rp_share_alone(const struct rp_snapshot *period, uint64_t cpu,
		      const struct rp_row *const *rows, size_t n)
{
	const struct rp_row *last = n ? rows[n - 1] : NULL;
	double others = 0;

	for (size_t i = 0; i < period->n_rows; i++) {
		const struct rp_row *row = &period->rows[i];

		if (row->left_out || !(row->probe_ns > 0 || row->f.open))
			continue;
		if (!is_among(row, rows, n))
			return 0;
		others += row->region == last->region ? 0 : row->probe_ns;
	}
	return last ? last->probe_ns / cpu_without(cpu, others) : 0;
}

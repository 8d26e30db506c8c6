/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the panes of a region show. Pure. */
#ifndef RP_PANES_H
#define RP_PANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregate/snapshot.h"

/* ---- the histogram: a line a stretch of the log scale ----------------------------------- */

#define RP_HIST_LINES_MAX 128

struct rp_hist_line {
	uint64_t from, to; /* ns; to is not in it */
	uint64_t count;
	double weight;	      /* count a bucket: what the bar shows, as lines differ in width */
	uint32_t bucket, end; /* from one bucket up to another, which is not in it */
	char marks[40];	      /* "p50 p90" */
};

struct rp_hist_lines {
	struct rp_hist_line line[RP_HIST_LINES_MAX];
	size_t n;
	double most; /* weight of a line */
};

/* At most `max` lines, from the shortest time to the longest, finer where most times are. */
void rp_hist_lines__make(struct rp_hist_lines *out, const struct rp_hist_part *hist,
			 const struct rp_row_figures *f, size_t max);

/* ---- callers and callees ---------------------------------------------------------------- */

#define RP_CALLS_MAX 64

struct rp_call {
	const char *name; /* NULL: entered from no region */
	uint32_t region;
	uint64_t count, total; /* of the chosen region under a caller; of a callee under it */
};

struct rp_call_list {
	struct rp_call item[RP_CALLS_MAX];
	size_t n;
	bool more; /* than have room */
};

/* Those of a region, in its group where there are groups; by total, descending. */
int rp_calls__find(const struct rp_snapshot *snapshot, const struct rp_row *of,
		   struct rp_call_list *callers, struct rp_call_list *callees);

/* ---- the region in all groups ----------------------------------------------------------- */

/* Its rows of the table by total, descending; at most max. Returns how many. */
size_t rp_groups__find(const struct rp_snapshot *snapshot, uint32_t region,
		       const struct rp_row **rows, size_t max);

/* The row of the table for a row of the tree: it has the histogram. NULL: none. */
const struct rp_row *rp_flat__find(const struct rp_snapshot *snapshot, const struct rp_row *row);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the views share among themselves. */
#ifndef RP_VIEW_INTERNAL_H
#define RP_VIEW_INTERNAL_H

#include "view/view.h"

int rp_view__table(FILE *out, const struct rp_snapshot *snapshot, const struct rp_view_opts *opts);
int rp_view__csv(FILE *out, const struct rp_snapshot *snapshot, const struct rp_view_opts *opts);
int rp_view__json(FILE *out, const struct rp_snapshot *snapshot, const struct rp_view_opts *opts);
int rp_view__openmetrics(FILE *out, const struct rp_snapshot *snapshot,
			 const struct rp_view_opts *opts);

int rp_view__folded(FILE *out, const struct rp_snapshot *snapshot, const struct rp_view_opts *opts);

int rp_view__flamegraph(FILE *out, const struct rp_snapshot *snapshot,
			const struct rp_view_opts *opts);

/* What a flame graph has inside it for browsers. */
extern const char rp_flames_script[];

/* Is it in CSV and JSON of this snapshot? */
bool rp_column__is_exported(const struct rp_column *column, const struct rp_snapshot *snapshot);

/* samples.c: what samples tell, below a table and as CSV. 0 or -ENOMEM. */
int rp_samples__print(FILE *out, const struct rp_snapshot *snapshot, bool utf8);
int rp_asleep__print(FILE *out, const struct rp_snapshot *snapshot, bool utf8);
int rp_samples__print_csv(FILE *out, const struct rp_snapshot *snapshot);

/* wakers.c: who ended the sleep of regions, below a table; and of one, the first, in cells of CSV
 * that begin with a comma. 0 or -ENOMEM. */
int rp_wakers__print(FILE *out, const struct rp_snapshot *snapshot, bool utf8);
#define RP_WAKERS_CSV ",own_blocked_ns,waker_kind,waker,waker_ns"
int rp_wakers__print_csv(FILE *out, const struct rp_row *row);

/* JSON key, and meaning in words, of each reason for a loss. */
struct rp_lost_text {
	const char *key, *meaning;
};
extern const struct rp_lost_text rp_lost_texts[RP_LOST_COUNT];

/* The same of why a call stack is no longer than it is; a key is NULL where there is no reason. */
extern const struct rp_lost_text rp_stack_ends[RP_UNWIND_END_COUNT];

/* What is not in the figures, in words: a line for each reason. */
void rp_view__print_missing(FILE *out, const char *before, const struct rp_snapshot *snapshot);

/* Whole and fraction of a number with so many decimals, whatever the locale; returns buf. */
const char *rp_text__fixed(double value, unsigned int decimals, char *buf, size_t size);

#endif

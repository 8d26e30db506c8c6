/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Which regions to leave out, so that what is left costs no more than it may. Pure. */
#ifndef RP_OVER_BUDGET_H
#define RP_OVER_BUDGET_H

#include "aggregate/snapshot.h"

/*
 * The regions, those first whose probes took the most, without which the probes of the period would
 * have taken no more than `share` of the CPU time that the target used in it (ns), less that of the
 * probes left out. Names made at run time share their probes and stay, so that it may not come to
 * that. Returns how many, at most `max`.
 */
size_t rp_over_budget(const struct rp_snapshot *period, uint64_t cpu, double share,
		      const struct rp_row **rows, size_t max);

/*
 * Where nothing that was called is left without these: the share of the target's CPU time that the
 * last of them, which costs least, would take alone. Else 0.
 */
double rp_share_alone(const struct rp_snapshot *period, uint64_t cpu,
		      const struct rp_row *const *rows, size_t n);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Read what the kernel has counted: one struct rp_counts for the pure stages. */
#ifndef RP_COLLECT_H
#define RP_COLLECT_H

#include "aggregate/counts.h"
#include "attach/session.h"
#include "plan/plan.h"

/*
 * Sums over the CPU shards. Tracing goes on meanwhile: exits are read before entries, so that
 * what looks open was entered. NULL: out of memory.
 * costs: of the probes, NULL: not known.
 */
struct rp_counts *rp_collect(const struct rp_session *session, const struct rp_plan *plan,
			     const struct rp_costs *costs);
void rp_counts__free(struct rp_counts *counts);

typedef void (*rp_event_fn)(void *ctx, const struct rp_event *event);
/*
 * Hand over what has happened to the processes that are traced. What is no event that is known is
 * counted as lost. 0 or a negative errno.
 */
int rp_collect_events(struct rp_session *session, rp_event_fn fn, void *ctx);

/*
 * Read what is open. -ENOTSUP: not in this session; -ENOMEM and other errors of reading. Free the
 * entries also after an error.
 */
int rp_collect_open(struct rp_session *session, const struct rp_plan *plan,
		    struct rp_open_entries *out);
void rp_open_entries__free(struct rp_open_entries *entries);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The kernel as source of counts (aggregate/counts.h). */
#ifndef RP_COLLECT_H
#define RP_COLLECT_H

#include "aggregate/counts.h"
#include "attach/session.h"
#include "plan/plan.h"

struct rp_collect {
	struct rp_session *session;
	const struct rp_plan *plan;
	const struct rp_costs *costs;	 /* of the probes; NULL: not known */
	struct rp_sample_store *samples; /* NULL: none are taken */
	unsigned sample_hz;		 /* 0: but sleeps */
	bool off_cpu;			 /* they are told */
};

typedef void (*rp_event_fn)(void *ctx, const struct rp_event *event);
/*
 * Hand over what has happened to the processes that are traced. What is no event that is known is
 * counted as lost. 0 or a negative errno.
 */
int rp_collect_events(struct rp_session *session, rp_event_fn fn, void *ctx);

/*
 * The struct has to stay where it is. Counts are sums over the CPU shards. The programs go on while
 * these are read: exits are read before entries, so that what looks open was entered.
 */
struct rp_counts_source rp_collect__source(struct rp_collect *from);

#endif

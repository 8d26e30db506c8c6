/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * From the kernel's ring of instances to a sink: what ids stand for is looked up, and told before
 * their first use. All calls come from one thread, which need not be the one of the session.
 */
#ifndef RP_COLLECT_INSTANCES_H
#define RP_COLLECT_INSTANCES_H

#include "attach/session.h"
#include "record/sink.h"

struct rp_instance_feed_opts {
	struct rp_session *session;
	const struct rp_event_sink *sink; /* lasts as long as the feed */
	/* A region of the plan; may be called by the feed's thread at any time. */
	void (*region)(void *ctx, uint32_t id, struct rp_region_name *out);
	void *ctx;
};

struct rp_instance_feed;

/* -ENOMEM. */
int rp_instance_feed__new(const struct rp_instance_feed_opts *opts, struct rp_instance_feed **out);
void rp_instance_feed__free(struct rp_instance_feed *feed);

/* All of these: 0, or what the sink has returned, and nothing more is told then. */

/* Tell what is in the ring. */
int rp_instance_feed__drain(struct rp_instance_feed *feed);

/* What samples are of, in the order of struct rp_sample_listener. */
int rp_instance_feed__tell_place(struct rp_instance_feed *feed, uint32_t number,
				 const struct rp_place *place);
int rp_instance_feed__tell_call(struct rp_instance_feed *feed, uint32_t number,
				const struct rp_sample_call *call);
int rp_instance_feed__tell_sample(struct rp_instance_feed *feed,
				  const struct rp_taken_sample *sample);

/* Tell what did not find room there since the last call. */
int rp_instance_feed__tell_lost(struct rp_instance_feed *feed);

/* What is open at the end of the run. */
int rp_instance_feed__tell_open(struct rp_instance_feed *feed,
				const struct rp_open_entries *entries);

/* At the end: what is known late, and all that was told, again, as the file may be damaged. */
int rp_instance_feed__tell_counts(struct rp_instance_feed *feed, const struct rp_counts *counts);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Figures of any window of time of records, at once, however many instances are in it. Pure.
 *
 * Records are read as a whole once, to rp_timeline__sink(): it cuts time into slots, and adds up
 * what ended in each, by thread and path. A window is then the sum of the slots that are in it as a
 * whole, and of the instances of the two that it cuts: only their blocks are read again, to
 * rp_timeline__window(). What comes of it is what a reading of all of the window's instances gives,
 * figure by figure.
 */
#ifndef RP_TIMELINE_H
#define RP_TIMELINE_H

#include "record/counts_of_instances.h"
#include "record/sink.h"

struct rp_timeline;

/* NULL: out of memory. */
struct rp_timeline *rp_timeline__new(void);
void rp_timeline__free(struct rp_timeline *timeline);

/* For the first reading. Its close() leaves the timeline as it is. */
struct rp_event_sink rp_timeline__sink(struct rp_timeline *timeline);

/* ns from the begin of the longest run to its end. */
uint64_t rp_timeline__end(const struct rp_timeline *timeline);

#define RP_LOAD_COLUMNS 256

/*
 * Instances that ended by time, in even columns from one moment to another; as far as slots tell.
 */
void rp_timeline__load(const struct rp_timeline *timeline, uint64_t from, uint64_t to,
		       double load[RP_LOAD_COLUMNS]);

/*
 * Latencies in the window, as they come: those of a node that ended between two moments (ns since
 * the run began). -ENOMEM.
 */
typedef int (*rp_window_timed_fn)(void *ctx, uint32_t node, uint64_t from, uint64_t to,
				  const struct rp_hist_part *hist);

struct rp_window_opts {
	struct rp_timeline *timeline;
	uint64_t from, to;		   /* ns since the run began; to 0: no limit */
	struct rp_instance_counts *counts; /* what the window adds up to is added to them */
	/* A window of no more instances is read as a whole: what is in it by time is exact then. */
	uint64_t exact;
	double *load;		  /* RP_LOAD_COLUMNS, all zero; NULL: not asked for */
	rp_window_timed_fn timed; /* NULL: likewise */
	void *timed_ctx;
};

/* For another reading of the same records, in the same order. NULL: out of memory. */
struct rp_window *rp_window__new(const struct rp_window_opts *opts);
void rp_window__free(struct rp_window *window);

/*
 * Instances of slots that are cut come to the sink, go to the next one, which passes on what is in
 * the window and asked for, and from there to the window's last one.
 */
struct rp_event_sink rp_window__sink(struct rp_window *window, const struct rp_event_sink *next);
struct rp_event_sink rp_window__last(struct rp_window *window);

/* Nothing is needed of what ended in between (ns, CLOCK_MONOTONIC) in the run that is read now. */
bool rp_window__skips(void *window, uint64_t t0, uint64_t t1);

#endif

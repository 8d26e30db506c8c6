/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A sink before another one, which passes on the instances that are asked for. Pure. */
#ifndef RP_EVENT_FILTER_H
#define RP_EVENT_FILTER_H

#include <stdint.h>

#include "record/sink.h"

struct rp_event_filter_opts {
	/*
	 * ns since the run began: instances that ended from then on, and before that; to 0: no
	 * limit. So periods that follow each other add up to the whole.
	 */
	uint64_t from, to;
	uint32_t thread;	    /* tid; 0: all */
	const char *const *regions; /* globs, any of which will do; none: all */
	size_t n_regions;
	const char
		*text; /* all of that as options, for those who are told of it; NULL: no limits */
};

/* The filter closes the next one. NULL: out of memory; strings stay the caller's. */
struct rp_event_filter *rp_event_filter__new(const struct rp_event_filter_opts *opts,
					     const struct rp_event_sink *next);
/* Frees the filter, too, when it is closed. */
struct rp_event_sink rp_event_filter__sink(struct rp_event_filter *filter);

/* Of what was asked for, the first glob that no region in what was read matches; NULL: none. */
const char *rp_event_filter__unmatched(const struct rp_event_filter *filter);
/* The thread that was asked for, where it was not seen; 0: it was, or all are wanted. */
uint32_t rp_event_filter__unseen_thread(const struct rp_event_filter *filter);

#endif

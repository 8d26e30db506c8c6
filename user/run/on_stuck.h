/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Runs a command once for each frame that is stuck, beside the trace. */
#ifndef RP_ON_STUCK_H
#define RP_ON_STUCK_H

#include <stdbool.h>
#include <stddef.h>

#include "aggregate/open_regions.h"
#include "util/limits.h"

struct rp_on_stuck;

struct rp_on_stuck_opts {
	const char *command;		/* for sh -c; must outlive it */
	size_t max;			/* that run at a time */
	const struct rp_limits *limits; /* that it has; NULL: those of rptrace */
	bool keep; /* what it writes is kept for its last line, else goes to standard error */
};

/* NULL: out of memory. */
struct rp_on_stuck *rp_on_stuck__new(const struct rp_on_stuck_opts *opts);
/* Commands that run are left to themselves. NULL is allowed. */
void rp_on_stuck__free(struct rp_on_stuck *on_stuck);

/*
 * Start the command for frames that were not stuck before. *skipped is the number of those that
 * got none, for good, as too many run. 0, or a negative errno: it could not be started.
 */
int rp_on_stuck__run(struct rp_on_stuck *on_stuck, const struct rp_open_regions *open,
		     size_t *skipped);

/*
 * The last line that a command has written, where that is kept. Returns whether there is one that
 * was not told yet.
 */
bool rp_on_stuck__last_line(struct rp_on_stuck *on_stuck, char *line, size_t size);

/* A child has ended: it may be one of them. */
void rp_on_stuck__reap(struct rp_on_stuck *on_stuck);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* One run: plan, attach, watch until it is over, print. The stages strung together. */
#ifndef RP_RUN_H
#define RP_RUN_H

#include "opts/opts.h"
#include "util/error.h"

/* Says something to the user that is no result: a line of cause, and one of cure or NULL. */
typedef void (*rp_say_fn)(const char *cause, const char *cure);

/*
 * The live view and the final summary. 0 or a negative errno; *status is that of the command, which
 * is 0 without one. baseline: what figures are compared with; NULL: nothing.
 */
int rp_run__live(const struct rp_opts *opts, const struct rp_baseline *baseline, rp_say_fn say,
		 int *status, struct rp_err *err);
#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* One run of rptrace: plan, attach, watch until it is over, print. The stages strung together. */
#ifndef RP_TRACE_H
#define RP_TRACE_H

#include "opts/opts.h"
#include "targets/targets.h"
#include "util/error.h"

/* Says something to the user that is no result: a line of cause, and one of cure or NULL. */
typedef void (*rp_say_fn)(const char *cause, const char *cure);

/* The live view and the final summary. Returns the exit status; an error is in err then (err->cause
 * not empty). */
int rp_trace__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err);

/* rptrace list. */
int rp_list__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err);

/* The plan that the options ask for. The strings of opts must outlive it. */
int rp_trace__plan(const struct rp_opts *opts, const struct rp_features *features,
		   struct rp_plan **out, struct rp_err *err);

/* Is there a plan for them? Before anything is done. */
int rp_trace__check(const struct rp_opts *opts, struct rp_err *err);

/* Nothing was selected: the error that says so, with the nearest names. */
int rp_trace__nothing(const struct rp_opts *opts, const struct rp_plan *plan,
		      const struct rp_targets_stats *stats, struct rp_err *err);

#endif

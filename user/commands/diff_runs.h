/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* rptrace diff --run: both commands by turns, each run recorded. */
#ifndef RP_DIFF_RUNS_H
#define RP_DIFF_RUNS_H

#include "opts/opts.h"
#include "run/run.h"
#include "util/error.h"

/* side: 0 is A; name: how the run is called. The file need not be there afterwards. */
typedef int (*rp_record_fn)(void *ctx, unsigned side, const char *file, const char *name,
			    struct rp_err *err);

/*
 * A warm-up of both, and then pairs in an order that is drawn each time. A signal that ends the
 * run ends this, with what is there by then. 0, or a negative errno with err.
 */
int rp_diff_runs__make(const struct rp_opts *opts, rp_say_fn say, rp_record_fn fn, void *ctx,
		       struct rp_err *err);

#endif

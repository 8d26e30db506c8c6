/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Files that have what a run came to, for comparisons: records, and JSON snapshots. */
#ifndef RP_COMMANDS_RUN_FILES_H
#define RP_COMMANDS_RUN_FILES_H

#include "compare/run_summary.h"
#include "opts/opts.h"
#include "run/run.h"

/* name: how the run is called. 0, or a negative errno with err. */
int rp_run_file__read(const char *file, const char *name, rp_say_fn say, struct rp_run_summary *out,
		      struct rp_err *err);

/* That of --baseline; out is empty, and NULL is set, without one. The same. */
int rp_run_file__read_baseline(const struct rp_opts *opts, rp_say_fn say,
			       struct rp_run_summary *out, const struct rp_baseline **baseline,
			       struct rp_err *err);

#endif

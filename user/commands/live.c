// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* rptrace without a word: the live view, and the summary at the end. */
#include "commands/commands.h"
#include "commands/run_files.h"

int rp_live__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err)
{
	const struct rp_baseline *baseline;
	struct rp_run_summary before;
	int status, rc = rp_run_file__read_baseline(opts, say, &before, &baseline, err);

	if (!rc)
		rc = rp_run__live(opts, baseline, say, &status, err);
	rp_run_summary__free(&before);
	return rc ? (int)err->exit : status;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* rptrace without a word: the live view, and the summary at the end. */
#include "commands/commands.h"
#include "commands/run_files.h"

/* Again, with samples: the screen shows what is hot, and traces what of that is chosen. */
static int offer(const struct rp_opts *opts, const struct rp_baseline *baseline, rp_say_fn say,
		 int *status, struct rp_err *err)
{
	struct rp_opts sampled = *opts;

	sampled.sample_hz = RP_AUTO_HZ;
	if (!(sampled.max_overhead > 0))
		sampled.max_overhead = RP_AUTO_OVERHEAD;
	say(err->cause, err->cure);
	*err = (struct rp_err){0};
	return rp_run__live(&sampled, baseline, say, status, err);
}

int rp_live__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err)
{
	const struct rp_baseline *baseline;
	struct rp_run_summary before;
	int status, rc = rp_run_file__read_baseline(opts, say, &before, &baseline, err);

	if (!rc)
		rc = rp_run__live(opts, baseline, say, &status, err);
	if (rc && err->exit == RP_EXIT_NOTHING && rp_run__may_offer(opts))
		rc = offer(opts, baseline, say, &status, err);
	rp_run_summary__free(&before);
	return rc ? (int)err->exit : status;
}

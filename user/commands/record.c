// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* rptrace record: a run without a live view, of which every instance goes to a file. */
#include "commands/commands.h"

int rp_record__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err)
{
	int status;

	return rp_run__live(opts, NULL, say, &status, err) ? (int)err->exit : status;
}

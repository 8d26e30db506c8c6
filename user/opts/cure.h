/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Cures that depend on the line that was typed and on who has typed it. What fails below says by a
 * remedy (util/error.h) what is needed; here it becomes the command that does it.
 */
#ifndef RP_CURE_H
#define RP_CURE_H

#include "opts/command_line.h"

/* Where err has a remedy: its cure becomes that command, to be typed as it stands. */
void rp_cure__fill(const struct rp_opts *opts, struct rp_err *err);

/*
 * `rptrace VERB` for the processes or the command of the options; of the whole system, which is too
 * much to list, what runs.
 */
const char *rp_cure__of_target(const struct rp_opts *opts, const char *verb,
			       struct rp_command_line *line);

/* `rptrace list` of the same selection, what is refused of it included. */
const char *rp_cure__list(const struct rp_opts *opts, struct rp_command_line *line);

/* The line that was typed with one more option, and its value unless that is NULL. */
const char *rp_cure__with(const struct rp_opts *opts, const char *option, const char *value,
			  struct rp_command_line *line);

/* Is a program of that name in the PATH? */
bool rp_cure__is_installed(const char *program);

/*
 * What gives the line the rights that it lacks: the same as root; for root, whom something else
 * stops, what tells what that is.
 */
const char *rp_cure__rights(const struct rp_opts *opts, struct rp_command_line *line);

#endif

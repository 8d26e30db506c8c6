/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What each command of the command line does. */
#ifndef RP_COMMANDS_H
#define RP_COMMANDS_H

#include "opts/opts.h"
#include "run/run.h"
#include "util/error.h"

/* Returns the exit status; err->cause is empty where there is nothing to say. */
typedef int (*rp_command_fn)(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err);

/* By enum rp_command. */
extern const rp_command_fn rp_commands[];

int rp_live__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err);
int rp_record__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err);
int rp_list__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err);
int rp_report__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err);
int rp_diff__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err);
int rp_doctor__run(const struct rp_opts *opts, rp_say_fn say, struct rp_err *err);

#endif

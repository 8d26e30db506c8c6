/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * A command that rptrace starts: held before its first instruction until the probes are in place.
 */
#ifndef RP_LAUNCH_H
#define RP_LAUNCH_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "run/user.h"
#include "util/error.h"
#include "util/limits.h"

struct rp_launch;

struct rp_launch_opts {
	char **argv;
	const sigset_t *mask; /* signals that the command has blocked; NULL: those of rptrace */
	const struct rp_limits *limits; /* NULL: those of rptrace */
	const struct rp_user *user;	/* whose rights it has; NULL: those of rptrace */
};

/*
 * Fork and hold. *path is the file that execvp would run, found through PATH; it lives as long
 * as the launch. Exit code 127: there is no such command; 126: it may not be run.
 */
int rp_launch__new(const struct rp_launch_opts *opts, struct rp_launch **out, const char **path,
		   struct rp_err *err);
pid_t rp_launch__pid(const struct rp_launch *launch);
/* Let it exec. An error, with exit code 126 or 127, when the exec failed. */
int rp_launch__release(struct rp_launch *launch, struct rp_err *err);
/* It has ended; rp_launch__wait will not wait. */
bool rp_launch__has_ended(const struct rp_launch *launch);
/* Wait for the end; the status as a shell would give it: 128 + signal for a killed command. */
int rp_launch__wait(struct rp_launch *launch);
/* Ends a command that was never released. */
void rp_launch__free(struct rp_launch *launch);

#endif

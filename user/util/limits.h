/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The limits that rptrace was started with (ulimit): told before anything is done, where they leave
 * too little; used to the full, where they may be; and handed on as they were.
 */
#ifndef RP_LIMITS_H
#define RP_LIMITS_H

#include <signal.h>
#include <sys/resource.h>

#include "util/error.h"

/* As they were set by who started rptrace. */
struct rp_limits {
	struct rlimit files;
	struct sigaction file_too_large;
};

/* RP_EXIT_DENIED where a run cannot do with them. */
int rp_limits__check(struct rp_err *err);

/*
 * As many open files as are allowed; and a file that grows past its limit (ulimit -f) fails to be
 * written, which can be told, where by default SIGXFSZ ends the process in mid-file.
 */
void rp_limits__raise(struct rp_limits *before);

/* For what is started: programs that use select(2) rely on low numbers. Safe after fork(2). */
void rp_limits__restore(const struct rp_limits *before);

#endif

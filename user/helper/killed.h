/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Children that were killed. One that sleeps over a file whose file system does not answer outlives
 * SIGKILL for as long as that lasts, so that nobody waits for it: whoever has ended is taken note
 * of when the next one is killed.
 */
#ifndef RP_KILLED_H
#define RP_KILLED_H

#include <stddef.h>
#include <sys/types.h>

/* What is past this, and all that is left, is for init to take note of, after rptrace. */
#define RP_KILLED_MAX 64

/* All zero at first. */
struct rp_killed {
	pid_t pids[RP_KILLED_MAX]; /* not yet seen to have ended */
	size_t n;
};

void rp_killed__add(struct rp_killed *killed, pid_t pid);

#endif

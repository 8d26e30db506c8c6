/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Detaching without waiting for it.
 *
 * Closing a link takes the breakpoints out at once, but the system call returns late: kernels from
 * 6.13 on wait in it for each call whose return is awaited, until the thread in question has made
 * no such call for 0.1 s. A long outer call with hot ones inside holds it up for as long as it
 * runs. So each close is done by a worker (attach/worker.h), and rptrace goes on.
 *
 * - The last one to close a link is the one who detaches it. Hence a worker has a copy of the table
 *   of files, drops all in it but its own links, and closes these only after we have closed our
 *   copies, or have ended.
 * - Links that one worker closes one after the other wait for each other's calls. In workers of
 *   their own they do not.
 * - Once a worker has ended the kernel runs no program for its links any more.
 */
#ifndef RP_DETACH_H
#define RP_DETACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rp_detacher {
	struct rp_detach_worker *workers;
	size_t n;
	uint32_t *under_way; /* raised by one while a worker runs */
};

/* Close descriptors of links in a worker. `tag` is for rp_detacher__has. */
void rp_detacher__add(struct rp_detacher *detacher, const int *fds, size_t n, uint32_t tag);

/* Are links being closed whose tag is the same, in the bits of the mask? */
bool rp_detacher__has(struct rp_detacher *detacher, uint32_t tag, uint32_t mask);

/* Free what workers that have ended leave behind. */
void rp_detacher__reap(struct rp_detacher *detacher);

/*
 * Wait until all workers have ended. Where is_late, which may be NULL, says that there is no time
 * left, half a second passes at most in which they do nothing but sleep: false, and workers go on
 * by themselves, in memory that is theirs until we end.
 */
bool rp_detacher__wait(struct rp_detacher *detacher, bool (*is_late)(void));

#endif

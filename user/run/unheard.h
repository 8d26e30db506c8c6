/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Signals that nobody takes.
 *
 * What the kernel does for rptrace to a process, it does with the locks of that process: probes are
 * written into its memory, its mappings are read. Who holds such a lock, in a page fault that a
 * file system of his never answers, keeps us in a system call that ends for no signal that is
 * blocked. So a thread looks after those that are to end rptrace: where one is pending, and the
 * main thread, and the worker that it waits for (attach/worker.h), have done nothing but sleep for
 * most of a second, it is told.
 */
#ifndef RP_UNHEARD_H
#define RP_UNHEARD_H

#include <signal.h>
#include <stdbool.h>

struct rp_unheard;

struct rp_unheard_opts {
	sigset_t ends; /* blocked */
	bool (*is_pending)(void);
	/* On a thread of its own; the main one is in a system call. */
	void (*on_unheard)(void *ctx);
	void *ctx;
};

/* Of the thread that calls. NULL: there can be no such thread. */
struct rp_unheard *rp_unheard__watch(const struct rp_unheard_opts *opts);
void rp_unheard__free(struct rp_unheard *unheard); /* NULL is allowed */

#endif

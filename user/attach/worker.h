/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Work on probes in a process of its own, so that no signal to rptrace cuts it short.
 *
 * The kernel writes breakpoints into a process, and takes them out again, within the system calls
 * that create and close links. Where a fatal signal is pending for the caller, these calls give up
 * halfway: some breakpoints then stay in the target for good, and the next hit ends it by SIGTRAP.
 * So `kill -9` of rptrace must never meet a thread inside such a call. A worker shares our memory,
 * has all signals blocked and is in a process group of its own, which the terminal does not signal.
 * When we are killed meanwhile it finishes its work first; the links it holds are closed when it
 * exits.
 */
#ifndef RP_WORKER_H
#define RP_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Runs fn(ctx) in a worker that shares our table of open files, and waits for its end. Where no
 * process can be created fn runs in the caller.
 */
void rp_worker__run(void (*fn)(void *ctx), void *ctx);

/* The one that a thread waits for in there; 0: none does. */
pid_t rp_worker__pid(void);

struct rp_worker {
	void (*fn)(void *ctx);
	void *ctx;
	size_t stack_bytes;
	char *stack;
	pid_t pid;
};

/*
 * Start fn(ctx) in a worker; `flags` are those of clone(2) beyond CLONE_VM. Its end raises no
 * SIGCHLD: wait for it with __WALL, and only then free it. False: no process could be created.
 */
bool rp_worker__start(struct rp_worker *worker, int flags);
void rp_worker__free(struct rp_worker *worker);

/* In a process with a table of files of its own: close all but descriptors low to high. */
void rp_worker__keep_files(int low, int high);

#endif

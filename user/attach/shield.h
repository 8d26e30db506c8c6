/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Work on probes that a signal must not cut short. The kernel puts probes into a process, and takes
 * them out, in the system calls of whoever links and closes; where a fatal signal is pending these
 * give up halfway, and what is left in the target then stays there for good.
 */
#ifndef RP_SHIELD_H
#define RP_SHIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * fn(ctx), run by another process that has our memory and our files, while we wait: whatever ends
 * us meanwhile, that one ends its work first, and what is open goes with it. Runs it here where no
 * process can be had.
 */
void rp_shield__run(void (*fn)(void *ctx), void *ctx);

/*
 * fn(ctx) in a process that has our memory and a stack of its own: out of reach of the terminal,
 * and of who ends all of our process group.
 */
struct rp_shielded {
	void (*fn)(void *ctx);
	void *ctx;
	size_t stack_bytes;
	char *stack;
	pid_t pid;
};

/*
 * Flags of clone(2) say what it shares with us beside memory. No SIGCHLD tells of its end: it is
 * waited for with __WALL, and only then may the struct go. False: no process can be had.
 */
bool rp_shielded__start(struct rp_shielded *s, int flags);

/* In a process with files of its own: close all but these and what is between. */
void rp_shield__keep_files(int low, int high);

/* Once it has ended. */
void rp_shielded__free(struct rp_shielded *s);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The start of a command, followed from its exec until its dynamic linker has mapped its libraries:
 * what depends on what is mapped, as unwind tables do, is there before code of the command runs.
 */
#ifndef RP_STARTUP_H
#define RP_STARTUP_H

#include <stdbool.h>
#include <sys/types.h>

/* The command is stopped, and has mapped code. */
typedef void (*rp_startup_fn)(void *ctx, pid_t pid);

/* Before it may exec. false: it cannot be followed, and starts as if nobody had asked. */
bool rp_startup__seize(pid_t pid);
/* From the thread that has seized it, once it has been let go. SIGCHLD must be blocked. */
void rp_startup__follow(pid_t pid, rp_startup_fn fn, void *ctx);

#endif

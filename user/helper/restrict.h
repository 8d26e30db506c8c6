/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What is left to a process that reads what targets have made: files that are open, memory and time
 * within bounds, and its answer. Whoever takes it over by what it reads gains nothing.
 */
#ifndef RP_RESTRICT_H
#define RP_RESTRICT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Close all descriptors but these. */
void rp_restrict__descriptors(const int *keep, size_t n);

/* CPU time, and memory beside what is there already; no byte to a file, no core. */
void rp_restrict__limits(unsigned cpu_s, uint64_t bytes);

/*
 * Give up user, capabilities and system calls, for good: from here on it reads what is open, takes
 * memory and answers. It ends with its parent. A process that cannot be restricted ends here.
 */
void rp_restrict__rights(pid_t parent);

#endif

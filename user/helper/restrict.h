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

/* Memory beside what is there already, and bytes of a file in memory; no core. */
void rp_restrict__memory(uint64_t bytes, uint64_t file_bytes);

/* CPU time, and memory beside what is there already; no byte to a file, no core. */
void rp_restrict__limits(unsigned cpu_s, uint64_t bytes);

/*
 * Give up user, capabilities and system calls, for good: from here on it reads what is open, takes
 * memory and answers. It ends with its parent. A process that cannot be restricted ends here.
 */
void rp_restrict__rights(pid_t parent);

/*
 * The same for a process that opens files itself: it can open what its user can read, and, where
 * rptrace may, what others can, but nothing for writing, and make files in memory. It can receive
 * files and pass them on over what sockets it has. Where no filter of system calls can be had
 * (EPERM, ENOSYS), the rest holds.
 */
void rp_restrict__to_opening(pid_t parent);

#endif

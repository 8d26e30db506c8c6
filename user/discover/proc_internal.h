/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the files that read /proc share; nobody else includes it. */
#ifndef RP_PROC_INTERNAL_H
#define RP_PROC_INTERNAL_H

#include <dirent.h>
#include <sys/types.h>

/* The next entry of /proc or of a task folder that is a number; 0 at the end. */
pid_t rp_proc__next_pid(DIR *dir);

#endif

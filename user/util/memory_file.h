/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Files that are in memory alone. */
#ifndef RP_MEMORY_FILE_H
#define RP_MEMORY_FILE_H

/* The name is shown in /proc. A descriptor, closed on exec, or a negative errno. */
int rp_memory_file__new(const char *name);

#endif

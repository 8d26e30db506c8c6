/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Which files a command will map before its main() runs, told without running it: the program
 * (through "#!" lines), its ELF interpreter, and the libraries it links, found as the dynamic
 * loader finds them (RPATH, LD_LIBRARY_PATH, RUNPATH, ld.so.cache, default folders). A library that
 * is missed here is still found once it is mapped, only later.
 */
#ifndef RP_LINKED_H
#define RP_LINKED_H

#include <stdbool.h>
#include <stddef.h>

struct rp_linked_file {
	char *path;
	bool is_exe; /* what the process will run as /proc/PID/exe */
};

struct rp_linked {
	struct rp_linked_file *items;
	size_t n;
};

/* path: the command's file. 0 (possibly with nothing found) or -ENOMEM. */
int rp_linked__of_command(const char *path, struct rp_linked *out);
void rp_linked__free(struct rp_linked *linked);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The pid namespace that rptrace runs in: a container has its own, and sees no processes but those
 * in it. */
#ifndef RP_PID_NAMESPACE_H
#define RP_PID_NAMESPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct rp_pid_namespace {
	uint32_t inode;	 /* by which the kernel's programs know it; 0: the outermost */
	bool other_proc; /* /proc is that of another one: its numbers are not ours */
};

/* self: as getpid(2) says. A negative errno: there is no /proc. */
int rp_pid_namespace__read(const char *proc_root, pid_t self, struct rp_pid_namespace *out);

#endif

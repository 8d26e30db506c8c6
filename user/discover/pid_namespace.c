// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "discover/pid_namespace.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* PROC_PID_INIT_INO of the kernel, which never changes. */
#define OUTERMOST 0xeffffffcu

int rp_pid_namespace__read(const char *proc_root, pid_t self, struct rp_pid_namespace *out)
{
	char path[PATH_MAX], link[32];
	struct stat st;
	ssize_t len;

	memset(out, 0, sizeof(*out));
	snprintf(path, sizeof(path), "%s/self", proc_root);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return -errno;
	link[len] = '\0';
	out->other_proc = strtol(link, NULL, 10) != self;
	snprintf(path, sizeof(path), "%s/self/ns/pid", proc_root);
	if (stat(path, &st))
		return errno == ENOENT ? 0 : -errno; /* a kernel without namespaces */
	out->inode = st.st_ino == OUTERMOST ? 0 : (uint32_t)st.st_ino;
	return 0;
}

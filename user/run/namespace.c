// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* In a container rptrace has a pid namespace of its own, and sees the processes of no other. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "run/internal.h"

int rp_run__pid_namespace(const struct rp_opts *opts, struct rp_pid_namespace *out,
			  struct rp_err *err)
{
	int rc = rp_pid_namespace__read("/proc", getpid(), out);

	if (rc)
		return rp_err__set(err, RP_EXIT_DENIED, rc, "mount -t proc proc /proc",
				   "/proc tells nothing of processes: %s", strerror(-rc));
	if (out->other_proc)
		return rp_err__set(err, RP_EXIT_DENIED, -ENOTSUP, "mount -t proc proc /proc",
				   "/proc is that of another pid namespace than rptrace's: its "
				   "process ids mean other processes here");
	if (out->inode && rp_opts__is_system(opts))
		return rp_err__set(
			err, RP_EXIT_DENIED, -ENOTSUP, RP_CURE_PROCESSES,
			"rptrace runs in a pid namespace of its own, and cannot see the "
			"whole system but by a container with --pid=host: name processes "
			"with -p");
	return 0;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Whose a process is, where users are told apart so that none takes what others need. The real user
 * counts, as a set-user-id program is run by anybody. In a user namespace a process can become any
 * of the users that it has there; so all of them are whoever has made the outermost namespace.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "discover/proc.h"

#define LEVELS_MAX 33 /* as deep as the kernel lets them nest */

uint64_t rp_proc__user(const char *proc_root, pid_t pid)
{
	uint64_t user = RP_PROC_NO_USER;
	char path[PATH_MAX];
	int fd, outer;
	uid_t owner;

	if (!rp_proc__status_number(proc_root, pid, "Uid", 10, &user))
		return RP_PROC_NO_USER;
	snprintf(path, sizeof(path), "%s/%d/ns/user", proc_root, (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	/* Our own has an outer one, too, perhaps, but we may not know it. */
	for (int i = 0; fd >= 0 && i < LEVELS_MAX; i++) {
		outer = ioctl(fd, NS_GET_PARENT);
		if (outer >= 0 && !ioctl(fd, NS_GET_OWNER_UID, &owner))
			user = owner;
		close(fd);
		fd = outer;
	}
	if (fd >= 0)
		close(fd);
	return user;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int rp_user__find(const char *name, struct rp_user *out, struct rp_err *err)
{
	const struct passwd *entry;

	entry = getpwnam(name);
	if (!entry)
		return rp_err__set(err, RP_EXIT_USAGE, -ENOENT, "getent passwd",
				   "--user: there is no user '%s'", name);
	if (geteuid()) {
		rp_err__set(err, RP_EXIT_DENIED, -EPERM, NULL,
			    "--user: only root may start a command as '%s'", name);
		return rp_err__remedy(err, -EPERM, RP_REMEDY_RIGHTS);
	}
	out->uid = entry->pw_uid;
	out->gid = entry->pw_gid;
	snprintf(out->name, sizeof(out->name), "%s", entry->pw_name);
	snprintf(out->home, sizeof(out->home), "%s", entry->pw_dir);
	return 0;
}

int rp_user__become(const struct rp_user *user)
{
	if (initgroups(user->name, user->gid) || setresgid(user->gid, user->gid, user->gid) ||
	    setresuid(user->uid, user->uid, user->uid) || setenv("HOME", user->home, 1) ||
	    setenv("USER", user->name, 1) || setenv("LOGNAME", user->name, 1))
		return -errno;
	return 0;
}

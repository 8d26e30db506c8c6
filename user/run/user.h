/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Another user, as whom a command is to run. */
#ifndef RP_USER_H
#define RP_USER_H

#include <sys/types.h>

#include "util/error.h"

struct rp_user {
	uid_t uid;
	gid_t gid;
	char name[64], home[256];
};

/* RP_EXIT_USAGE: there is none of that name; RP_EXIT_DENIED: only root may. */
int rp_user__find(const char *name, struct rp_user *out, struct rp_err *err);

/*
 * Become that user for good, with the groups and the HOME, USER and LOGNAME that come with it: in a
 * child that is about to exec. 0, or a negative errno.
 */
int rp_user__become(const struct rp_user *user);

#endif

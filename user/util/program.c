// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int rp_program__check(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || access(path, X_OK))
		return -EACCES;
	return 0;
}

int rp_program__find(const char *name, char **path)
{
	const char *dirs = getenv("PATH");
	int rc = -ENOENT;

	if (!*name || strchr(name, '/')) {
		*path = strdup(name);
		return *path ? rp_program__check(name) : -ENOMEM;
	}
	for (const char *dir = dirs ? dirs : "/bin:/usr/bin"; dir;) {
		int len = (int)strcspn(dir, ":");
		int found;

		if (asprintf(path, "%.*s/%s", len ? len : 1, len ? dir : ".", name) < 0) {
			*path = NULL;
			return -ENOMEM;
		}
		found = rp_program__check(*path);
		if (!found)
			return 0;
		if (found == -EACCES)
			rc = -EACCES;
		free(*path);
		*path = NULL;
		dir = dir[len] ? dir + len + 1 : NULL;
	}
	return rc;
}

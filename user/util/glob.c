// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/glob.h"

#include <fnmatch.h>
#include <string.h>

#define WILDCARDS "*?[\\"

bool rp_glob__is_literal(const char *glob)
{
	return !strpbrk(glob, WILDCARDS);
}

bool rp_glob__match(const char *glob, const char *name)
{
	size_t plain = strcspn(glob, WILDCARDS);

	/* Most names differ early: this keeps fnmatch off the tables of large programs. */
	if (strncmp(glob, name, plain) != 0)
		return false;
	if (!strcmp(glob + plain, name + plain) || !strcmp(glob + plain, "*"))
		return true;
	return glob[plain] && !fnmatch(glob, name, 0);
}

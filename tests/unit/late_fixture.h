/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A file system that tells no earlier than close(2) that it could not write. */
#ifndef RP_TEST_LATE_FIXTURE_H
#define RP_TEST_LATE_FIXTURE_H

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

static const char *late; /* a file with an error that is told when it is closed; NULL: none */

/* As over a network, or where a quota is. */
int fclose(FILE *file)
{
	int (*really)(FILE *), rc;
	struct stat st, bad;
	bool is_late = late && !stat(late, &bad) && !fstat(fileno(file), &st) &&
		       st.st_ino == bad.st_ino && st.st_dev == bad.st_dev;

	*(void **)&really = dlsym(RTLD_NEXT, "fclose");
	rc = really(file);
	if (!is_late)
		return rc;
	errno = EDQUOT;
	return EOF;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A /proc made of files. */
#ifndef RP_TEST_PROC_FIXTURE_H
#define RP_TEST_PROC_FIXTURE_H

#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "/tmp/rptrace-proc-XXXXXX";

static inline int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int set_up(void **state)
{
	(void)state;
	strcpy(root + strlen(root) - 6, "XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static inline int tear_down(void **state)
{
	(void)state;
	return nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Create a file below root, with the folders on its way. */
static inline void __attribute__((format(printf, 2, 3)))
put(const char *text, const char *path, ...)
{
	char full[PATH_MAX];
	size_t len = strlen(root);
	FILE *file;
	va_list ap;

	strcpy(full, root);
	va_start(ap, path);
	vsnprintf(full + len, sizeof(full) - len, path, ap);
	va_end(ap);
	for (char *at = full + len + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(full, 0700);
		*at = '/';
	}
	file = fopen(full, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

static inline void put_stat(pid_t pid, pid_t tid, const char *comm, char state, pid_t parent)
{
	char text[256];

	snprintf(text, sizeof(text), "%d (%s) %c %d 1 1 0 -1 4194560\n", tid, comm, state, parent);
	if (pid == tid)
		put(text, "/%d/stat", pid);
	put(text, "/%d/task/%d/stat", pid, tid);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif

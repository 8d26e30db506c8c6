/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Files below a folder that a test has made. */
#ifndef RP_TEST_FOLDER_FIXTURE_H
#define RP_TEST_FOLDER_FIXTURE_H

#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static inline int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int remove_all_of(const char *folder)
{
	return nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Create a file, with the folders on its way. */
static inline void __attribute__((format(printf, 3, 0)))
put_below(const char *folder, const char *text, const char *path, va_list ap)
{
	char full[PATH_MAX];
	size_t len = (size_t)snprintf(full, sizeof(full), "%s", folder);
	FILE *file;

	vsnprintf(full + len, sizeof(full) - len, path, ap);
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

#endif

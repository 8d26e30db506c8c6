/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* rptrace report from its command line, and a folder for the files of a test. */
#ifndef RP_TEST_REPORT_FIXTURE_H
#define RP_TEST_REPORT_FIXTURE_H

#include "commands_fixture.h"

#include <dirent.h>
#include <fcntl.h>

#define GOLDEN "tests/golden/record.rpt"

static char folder[] = "/tmp/rptrace-report-XXXXXX";

static inline int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	(void)state;
	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	return rmdir(folder);
}

static inline const char *path_of(const char *name)
{
	static char path[8][128];
	static size_t next;

	next = (next + 1) % 8;
	snprintf(path[next], sizeof(path[0]), "%s/%s", folder, name);
	return path[next];
}

static inline size_t read_file(const char *path, char *bytes, size_t size)
{
	FILE *file = fopen(path, "rb");
	size_t n = file ? fread(bytes, 1, size - 1, file) : 0;

	if (file)
		fclose(file);
	bytes[n] = '\0';
	return n;
}

static inline void write_file(const char *path, const void *bytes, size_t n)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	fclose(file);
}

static inline bool exists(const char *path)
{
	return !access(path, F_OK);
}

static inline int report(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline int report(const char *format, ...)
{
	char text[512] = "rptrace report ";
	size_t n = strlen(text);
	va_list ap;

	va_start(ap, format);
	vsnprintf(text + n, sizeof(text) - n, format, ap);
	va_end(ap);
	return run(rp_report__run, text);
}

#endif

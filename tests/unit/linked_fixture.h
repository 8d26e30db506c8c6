/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the tests of needed files share: a folder with libraries and programs, built for them. */
#ifndef RP_TEST_LINKED_FIXTURE_H
#define RP_TEST_LINKED_FIXTURE_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/linked.h"

#define COMMAND_MAX (4 * PATH_MAX)

static char dir[] = "/tmp/test_needed.XXXXXX";

static inline char *in_dir(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", dir, name);
	return path;
}

static inline const char *write_file(const char *name, const void *content, size_t size)
{
	const char *path = in_dir(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(content, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0755), 0);
	return path;
}

static inline const char *write_text(const char *name, const char *text)
{
	return write_file(name, text, strlen(text));
}

static inline size_t read_file(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t got;

	assert_non_null(f);
	got = fread(buf, 1, size, f);
	fclose(f);
	return got;
}

__attribute__((format(printf, 1, 2))) static inline void shell(const char *format, ...)
{
	char command[COMMAND_MAX], line[COMMAND_MAX + 128];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "cd %s && %s", dir, command);
	if (system(line))
		fail_msg("failed: %s", line);
}

static inline bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static inline void build_lib(const char *folder, const char *name, const char *more)
{
	shell("mkdir -p %s && echo 'int %s_%s;' | tr / _ > lib.c && "
	      "${CC:-cc} -shared -fPIC -o %s/lib%s.so -Wl,-soname,lib%s.so lib.c "
	      "-Wl,--no-as-needed %s",
	      folder, name, folder, folder, name, name, more);
}

static inline void build_program(const char *name, const char *more)
{
	shell("echo 'int main(void) { return 0; }' > main.c && "
	      "${CC:-cc} -o %s main.c -Wl,--allow-shlib-undefined,--no-as-needed %s",
	      name, more);
}

/* a/libone needs libtwo, which is in b; both are in c as well. */
static inline void build_all(void)
{
	build_lib("b", "two", "");
	build_lib("c", "two", "");
	build_lib("a", "one", "-Lb -ltwo");
	build_lib("c", "one", "");
	build_program("rpath", "-La -lone -Wl,--disable-new-dtags,-rpath,'$ORIGIN/a:${ORIGIN}/b'");
	build_program("runpath", "-La -lone -Wl,--enable-new-dtags,-rpath,'$ORIGIN/a'");
}

static inline int make_dir(void **state)
{
	(void)state;
	unsetenv("LD_LIBRARY_PATH");
	unsetenv("LD_PRELOAD");
	if (!mkdtemp(dir))
		return -1;
	build_all();
	return 0;
}

static inline int remove_dir(void **state)
{
	(void)state;
	shell("rm -rf %s", dir);
	return 0;
}

#endif

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Names of mapped files that maps shows alike: a newline as \\012, and those four characters, too.
 */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/proc.h"

static const char *const names[] = {"one\\012two", "three\nfour", "\n\\012\n", "\\\\012",
				    "five\\01"};
#define NAMES (sizeof(names) / sizeof(names[0]))

static void map_as_code(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0700);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_ptr_not_equal(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0),
			     MAP_FAILED);
	close(fd);
}

static bool is_among(const struct rp_mapped_list *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->items[i].path, path))
			return true;
	return false;
}

static void test_names_are_those_of_the_files(void **state)
{
	char folder[] = "/tmp/rptrace-names-XXXXXX", path[NAMES][PATH_MAX];
	struct rp_mapped_list list;

	(void)state;
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < NAMES; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/%s", folder, names[i]);
		map_as_code(path[i]);
	}
	assert_int_equal(rp_proc__mapped("/proc", getpid(), &list), 0);
	for (size_t i = 0; i < NAMES; i++) {
		assert_true(is_among(&list, path[i]));
		assert_int_equal(unlink(path[i]), 0);
	}
	rp_proc__mapped_free(&list);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_those_of_the_files),
	};

	return cmocka_run_group_tests_name("proc names", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Files that maps shows alike: a newline of a name as \\012, and those four characters, too; those
 * that have the same inode on two devices. */
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
#include <sys/stat.h>
#include <sys/sysmacros.h>
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

#define PID 8

static void test_inodes_are_those_of_their_devices(void **state)
{
	static const char maps[] = "7f00-7f10 r-xp 00000000 fe:01 11 /lib/a.so\n"
				   "7f10-7f20 r-xp 00000000 fe:02 11 /mnt/b.so\n"
				   "7f20-7f30 r-xp 00000000 fe:02 12 /mnt/c.so\n"
				   "7f30-7f40 r-xs 00000000 fe:02 13 /mnt/d.so\n"
				   "7f40-7f50 r-xp 00000000 fe:02 14 /mnt/e.so\n"
				   "7f50-7f58 r-xs 00000008 fe:02 14 /mnt/e.so\n";
	char folder[] = "/tmp/rptrace-names-XXXXXX", process[64], path[128];
	struct rp_mapped_list list;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(process, sizeof(process), "%s/%d", folder, PID);
	assert_int_equal(mkdir(process, 0700), 0);
	snprintf(path, sizeof(path), "%s/maps", process);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(maps, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rp_proc__mapped(folder, PID, &list), 0);
	assert_int_equal(list.n, 5);
	assert_true(is_among(&list, "/lib/a.so"));
	assert_true(is_among(&list, "/mnt/b.so"));
	assert_true(is_among(&list, "/mnt/c.so"));
	assert_true(rp_proc__maps_code(&list, makedev(0xfe, 1), 11, 0));
	assert_true(rp_proc__maps_code(&list, makedev(0xfe, 2), 11, 0));
	assert_false(rp_proc__maps_code(&list, makedev(0xfe, 1), 12, 0));
	assert_false(rp_proc__maps_code(&list, makedev(0xfe, 2), 13, 0));
	assert_true(rp_proc__maps_code(&list, makedev(0xfe, 2), 14, 0));
	assert_false(rp_proc__maps_code(&list, makedev(0xfe, 2), 14, 8));
	rp_proc__mapped_free(&list);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(process), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_those_of_the_files),
		cmocka_unit_test(test_inodes_are_those_of_their_devices),
	};

	return cmocka_run_group_tests_name("proc names", tests, NULL, NULL);
}

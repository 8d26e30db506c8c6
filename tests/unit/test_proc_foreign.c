// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Which files are mapped by processes that are not traced. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "discover/proc.h"
#include "proc_fixture.h"

#define STRANGER 5000000 /* no process has such a number */

static void test_foreign(void **state)
{
	const struct rp_file_id files[] = {
		{makedev(0xfe, 1), 11},
		{makedev(0xfe, 2), 11},
		{makedev(0xfe, 1), 12},
		{makedev(0xfe, 1), 13},
	};
	static const char *const paths[] = {"/lib/a.so", "/lib/b.so", "/lib/c.so", "/lib/d.so"};
	static const pid_t own[] = {STRANGER + 3, STRANGER + 5, STRANGER + 8};
	struct rp_proc_traced traced = {.pids = own, .n = 3}, nothing = {0};
	char path[PATH_MAX];
	bool foreign[4] = {true, true, true, true};

	(void)state;
	put("1000-2000 r-xp 00000000 fe:01 11 /lib/a.so\n"
	    "2000-3000 r-xp 00000000 fe:02 11 /lib/b.so\n",
	    "/%d/maps", STRANGER + 5);
	put("1000-2000 r-xp 00000000 fe:01 11 /lib/a.so\n"
	    "2000-3000 r--p 00000000 fe:01 12 /lib/c.so\n",
	    "/%d/maps", STRANGER + 6);
	put("", "/%d/maps", STRANGER + 7);
	put("7", "/%d/no-maps", STRANGER + 8);
	assert_int_equal(rp_proc__foreign(root, files, paths, 4, &traced, foreign), 0);
	assert_true(foreign[0]);
	assert_false(foreign[1]);
	assert_false(foreign[2]);
	assert_false(foreign[3]);
	assert_int_equal(rp_proc__foreign(root, files, paths, 4, &nothing, foreign), 0);
	assert_true(foreign[1]);
	/* Another container's: the same number and name on another device. */
	put("1000-2000 r-xp 00000000 fe:09 12 /merged/lib/c.so (deleted)\n"
	    "2000-3000 r-xp 00000000 fe:09 13 /lib/not-d.so\n",
	    "/%d/maps", STRANGER + 6);
	assert_int_equal(rp_proc__foreign(root, files, paths, 4, &traced, foreign), 0);
	assert_false(foreign[0]);
	assert_true(foreign[2]);
	assert_false(foreign[3]);
	/* A descendant of one that is traced; of another; of one that is gone; gone itself. */
	put_stat(STRANGER + 6, STRANGER + 6, "grandchild", 'S', STRANGER + 9);
	put_stat(STRANGER + 9, STRANGER + 9, "child", 'S', STRANGER + 5);
	assert_int_equal(rp_proc__foreign(root, files, paths, 4, &traced, foreign), 0);
	assert_true(foreign[2]);
	traced.follow = true;
	assert_int_equal(rp_proc__foreign(root, files, paths, 4, &traced, foreign), 0);
	assert_false(foreign[2]);
	put_stat(STRANGER + 9, STRANGER + 9, "child", 'S', 1);
	assert_int_equal(rp_proc__foreign(root, files, paths, 4, &traced, foreign), 0);
	assert_true(foreign[2]);
	snprintf(path, sizeof(path), "%s/%d/stat", root, STRANGER + 9);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rp_proc__foreign(root, files, paths, 4, &traced, foreign), 0);
	assert_true(foreign[2]);
	snprintf(path, sizeof(path), "%s/%d/stat", root, STRANGER + 6);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rp_proc__foreign(root, files, paths, 4, &traced, foreign), 0);
	assert_false(foreign[2]);
	assert_int_equal(rp_proc__foreign("/no/such/folder", files, paths, 4, &traced, foreign),
			 -ENOENT);
}

/*
 * This program runs once, libc in other processes as well: in the one that is forked here at least.
 */
static void test_real_foreign(void **state)
{
	struct rp_mapped_list list;
	struct rp_file_id file;
	pid_t own = getpid(), child;
	struct rp_proc_traced traced = {.pids = &own, .n = 1};
	const char *path;
	bool foreign;
	int status;

	(void)state;
	assert_int_equal(rp_proc__mapped("/proc", own, &list), 0);
	file = (struct rp_file_id){list.items[0].dev, list.items[0].ino};
	path = list.items[0].path;
	assert_int_equal(rp_proc__foreign("/proc", &file, &path, 1, &traced, &foreign), 0);
	assert_false(foreign);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	assert_int_equal(rp_proc__foreign("/proc", &file, &path, 1, &traced, &foreign), 0);
	assert_true(foreign);
	/* Its children are traced with it, but not where it is the one that traces. */
	traced.follow = true;
	assert_int_equal(rp_proc__foreign("/proc", &file, &path, 1, &traced, &foreign), 0);
	assert_false(foreign);
	own = getppid();
	assert_int_equal(rp_proc__foreign("/proc", &file, &path, 1, &traced, &foreign), 0);
	assert_true(foreign);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	rp_proc__mapped_free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_foreign),
		cmocka_unit_test(test_real_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

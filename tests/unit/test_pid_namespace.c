// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/pid_namespace.h"

static void test_this_process(void **state)
{
	struct rp_pid_namespace own;
	struct stat st;

	(void)state;
	assert_int_equal(rp_pid_namespace__read("/proc", getpid(), &own), 0);
	assert_false(own.other_proc);
	assert_int_equal(stat("/proc/self/ns/pid", &st), 0);
	assert_true(own.inode == 0 || own.inode == st.st_ino);
	/* The same file as another process of another namespace would see it. */
	assert_int_equal(rp_pid_namespace__read("/proc", getpid() + 1, &own), 0);
	assert_true(own.other_proc);
}

static void test_a_proc_of_our_own(void **state)
{
	char root[] = "/tmp/rptrace-ns-XXXXXX", path[PATH_MAX];
	struct rp_pid_namespace own;

	(void)state;
	assert_non_null(mkdtemp(root));
	assert_int_equal(rp_pid_namespace__read(root, 7, &own), -ENOENT);
	snprintf(path, sizeof(path), "%s/self", root);
	assert_int_equal(symlink("7", path), 0);
	/* No namespaces in that kernel. */
	assert_int_equal(rp_pid_namespace__read(root, 7, &own), 0);
	assert_int_equal(own.inode, 0);
	assert_false(own.other_proc);
	assert_int_equal(rp_pid_namespace__read(root, 70, &own), 0);
	assert_true(own.other_proc);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(root), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_this_process),
		cmocka_unit_test(test_a_proc_of_our_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

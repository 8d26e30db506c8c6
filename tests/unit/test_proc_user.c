// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Who answers for what a process takes. */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/proc.h"

static void test_user(void **state)
{
	(void)state;
	assert_int_equal(rp_proc__user("/proc", getpid()), getuid());
	assert_true(rp_proc__user("/proc", INT_MAX) == RP_PROC_NO_USER);
}

/* A child that is user 7 of a namespace of user 65534, where that one is 100007, once it may. */
static pid_t start_in_namespace(int *told, int *go)
{
	int to_parent[2], to_child[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(to_parent), 0);
	assert_int_equal(pipe(to_child), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(to_child[1]);
		if (setresuid(65534, 65534, 65534) || unshare(CLONE_NEWUSER))
			_exit(1);
		if (write(to_parent[1], &byte, 1) != 1 || read(to_child[0], &byte, 1) != 1 ||
		    setresuid(7, 7, 7) || write(to_parent[1], &byte, 1) != 1)
			_exit(2);
		_exit(read(to_child[0], &byte, 1) != 0);
	}
	close(to_parent[1]);
	close(to_child[0]);
	*told = to_parent[0];
	*go = to_child[1];
	return pid;
}

static void test_user_of_a_namespace(void **state)
{
	int told, go, status, fd;
	char path[64], byte;
	pid_t child;

	(void)state;
	if (getuid())
		skip();
	child = start_in_namespace(&told, &go);
	if (read(told, &byte, 1) == 1) { /* or there are no such namespaces here */
		snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)child);
		fd = open(path, O_WRONLY);
		assert_int_equal(write(fd, "0 100000 10", 11), 11);
		close(fd);
		assert_int_equal(write(go, &byte, 1), 1);
		assert_int_equal(read(told, &byte, 1), 1);
		assert_int_equal(rp_proc__user("/proc", child), 65534);
	}
	close(go);
	close(told);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_user_of_a_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

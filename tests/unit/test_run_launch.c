// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Commands: how they are found, held, let go and waited for. In a folder of this test's own. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/launch.h"

static char folder[32];

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/rp-launch-XXXXXX");
	return mkdtemp(folder) && !chdir(folder) ? 0 : -EIO;
}

/* What a test may have put there. */
static int tear_down(void **state)
{
	static const char *const files[] = {"a/tool", "b/tool", "tool", "ran", "script", "bad"};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(files[i]);
	rmdir("a");
	rmdir("b");
	return chdir("/") || rmdir(folder) ? -EIO : 0;
}

static void make_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* Two folders in PATH, before those of the system. */
static void set_path(void)
{
	mkdir("a", 0755);
	mkdir("b", 0755);
	assert_int_equal(setenv("PATH", "a:b:/usr/bin:/bin", 1), 0);
}

static struct rp_launch *launch(const char *path, char **argv)
{
	struct rp_launch_opts opts = {.argv = argv};
	struct rp_launch *l;
	const char *found;
	struct rp_err err;

	assert_int_equal(rp_launch__new(&opts, &l, &found, &err), 0);
	if (path)
		assert_string_equal(found, path);
	return l;
}

/* Neither started nor held: with that exit status, and words for the user. */
static void refused(char *name, enum rp_exit status, const char *cause, const char *cure)
{
	char *argv[] = {name, NULL};
	struct rp_launch_opts opts = {.argv = argv};
	struct rp_launch *l;
	const char *path;
	struct rp_err err;

	assert_true(rp_launch__new(&opts, &l, &path, &err) < 0);
	assert_int_equal(err.exit, status);
	assert_non_null(strstr(err.cause, name));
	assert_non_null(strstr(err.cause, cause));
	assert_string_equal(err.cure, cure);
}

static int run(const char *path, char **argv)
{
	struct rp_launch *l = launch(path, argv);
	struct rp_err err;
	int status;

	assert_int_equal(rp_launch__release(l, &err), 0);
	status = rp_launch__wait(l);
	rp_launch__free(l);
	return status;
}

static void no_such_command(void **state)
{
	(void)state;
	set_path();
	refused("no-such-command", RP_EXIT_NOT_FOUND, "no such command", "printenv PATH");
	refused("./no-such-command", RP_EXIT_NOT_FOUND, "no such command", "ls -l .");
	refused("/usr/no-such-folder/tool", RP_EXIT_NOT_FOUND, "no such command", "ls -l /usr");
	refused("no-such-folder/tool", RP_EXIT_NOT_FOUND, "no such command", "ls -l .");
	refused("", RP_EXIT_NOT_FOUND, "no such command", "ls -l .");
}

static void what_may_not_be_run(void **state)
{
	(void)state;
	set_path();
	make_file("a/tool", "#!/bin/sh\n", 0644);
	refused("tool", RP_EXIT_CANNOT_RUN, "cannot be run", "printenv PATH");
	refused("a/tool", RP_EXIT_CANNOT_RUN, "cannot be run", "ls -l a/tool");
	refused("./a", RP_EXIT_CANNOT_RUN, "cannot be run", "ls -l ./a"); /* a folder */
}

/* As a shell: the next folder may have one that can be run. */
static void an_entry_that_cannot_be_run_is_passed_by(void **state)
{
	char *argv[] = {"tool", NULL};

	(void)state;
	set_path();
	make_file("a/tool", "#!/bin/sh\nexit 3\n", 0644);
	make_file("b/tool", "#!/bin/sh\nexit 4\n", 0755);
	assert_int_equal(run("b/tool", argv), 4);
}

static void an_empty_entry_is_this_folder(void **state)
{
	char *argv[] = {"tool", NULL};

	(void)state;
	mkdir("a", 0755);
	make_file("tool", "#!/bin/sh\nexit 5\n", 0755);
	make_file("a/tool", "#!/bin/sh\nexit 6\n", 0755);
	assert_int_equal(setenv("PATH", ":a", 1), 0);
	assert_int_equal(run("./tool", argv), 5);
}

/* The file that was looked at is the one that is run, whatever PATH leads to by then. */
static void what_was_found_is_run(void **state)
{
	char *argv[] = {"tool", NULL};
	struct rp_launch *l;
	struct rp_err err;

	(void)state;
	set_path();
	make_file("b/tool", "#!/bin/sh\nexit 4\n", 0755);
	l = launch("b/tool", argv);
	make_file("a/tool", "#!/bin/sh\nexit 3\n", 0755);
	assert_int_equal(rp_launch__release(l, &err), 0);
	assert_int_equal(rp_launch__wait(l), 4);
	rp_launch__free(l);
}

/* Its interpreter is not there: found only by exec. */
static void an_exec_that_fails(void **state)
{
	char *argv[] = {"./script", NULL};
	struct rp_launch *l;
	struct rp_err err;

	(void)state;
	make_file("script", "#!/no/such/interpreter\n", 0755);
	l = launch("./script", argv);
	assert_int_equal(rp_launch__release(l, &err), -ENOENT);
	assert_int_equal(err.exit, RP_EXIT_NOT_FOUND);
	assert_non_null(strstr(err.cause, "its interpreter is not there"));
	assert_string_equal(err.cure, "ls -l ./script");
	rp_launch__free(l);

	make_file("bad", "\177ELF", 0755);
	argv[0] = "./bad";
	l = launch("./bad", argv);
	/* env(1) leaves it to a shell, which cannot read it either. */
	if (rp_launch__release(l, &err))
		assert_int_equal(err.exit, RP_EXIT_CANNOT_RUN);
	else
		assert_in_range(rp_launch__wait(l), 126, 127);
	rp_launch__free(l);
}

static void held_until_it_is_released(void **state)
{
	char *argv[] = {"/bin/sh", "-c", "echo ran > ran", NULL};
	struct rp_launch *l = launch("/bin/sh", argv);
	struct rp_err err;

	(void)state;
	assert_false(rp_launch__has_ended(l));
	assert_int_equal(access("ran", F_OK), -1);
	assert_int_equal(rp_launch__release(l, &err), 0);
	assert_int_equal(rp_launch__wait(l), 0);
	assert_int_equal(access("ran", F_OK), 0);
	rp_launch__free(l);
}

static void never_run_where_it_is_not_released(void **state)
{
	char *argv[] = {"/bin/sh", "-c", "echo ran > ran", NULL};
	struct rp_launch *l = launch(NULL, argv);
	pid_t pid = rp_launch__pid(l);

	(void)state;
	rp_launch__free(l);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_int_equal(access("ran", F_OK), -1);
}

static void status_as_a_shell_gives_it(void **state)
{
	char *ends[] = {"/bin/sh", "-c", "exit 7", NULL};
	char *killed[] = {"/bin/sh", "-c", "kill -TERM $$", NULL};

	(void)state;
	assert_int_equal(run(NULL, ends), 7);
	assert_int_equal(run(NULL, killed), 128 + SIGTERM);
}

/* Blocked signals would be so in the command and its children. */
static void it_has_the_mask_that_is_given(void **state)
{
	char *argv[] = {"/bin/sh", "-c", "kill -TERM $$; exit 0", NULL};
	struct rp_launch_opts opts = {.argv = argv};
	sigset_t none, term, before;
	struct rp_launch *l;
	const char *path;
	struct rp_err err;

	(void)state;
	sigemptyset(&none);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	opts.mask = &none;
	assert_int_equal(rp_launch__new(&opts, &l, &path, &err), 0);
	assert_int_equal(rp_launch__release(l, &err), 0);
	assert_int_equal(rp_launch__wait(l), 128 + SIGTERM);
	rp_launch__free(l);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Programs that use select(2) rely on low numbers: what rptrace raised for itself is its own. */
static void it_has_the_limits_that_rptrace_had(void **state)
{
	char *argv[] = {"/bin/sh", "-c", "test $(ulimit -n) = 123", NULL};
	struct rp_limits before;
	struct rp_launch_opts opts = {.argv = argv, .limits = &before};
	struct rlimit own, low;
	struct rp_launch *l;
	const char *path;
	struct rp_err err;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &own), 0);
	low = own;
	low.rlim_cur = 123;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	rp_limits__raise(&before);
	assert_int_equal(rp_launch__new(&opts, &l, &path, &err), 0);
	assert_int_equal(rp_launch__release(l, &err), 0);
	assert_int_equal(rp_launch__wait(l), 0);
	rp_launch__free(l);
	setrlimit(RLIMIT_NOFILE, &own);
	sigaction(SIGXFSZ, &before.file_too_large, NULL);
}

/* In its groups, at its home; what it may not run it does not run by rptrace's rights. */
static void as_another_user(void **state)
{
	char *argv[] = {"/bin/sh", "-c",
			"test $(id -u) = 65534 && test $USER = nobody && "
			"test \"$(id -G)\" = \"$(id -G nobody)\"",
			NULL};
	struct rp_launch_opts opts = {.argv = argv};
	static gid_t groups[NGROUPS_MAX];
	int n_groups;
	struct rp_user user;
	struct rp_launch *l;
	const char *path;
	struct rp_err err;

	(void)state;
	assert_int_equal(rp_user__find("no such user", &user, &err), -ENOENT);
	assert_int_equal(err.exit, RP_EXIT_USAGE);
	if (geteuid())
		skip();
	/* Our own are more than its. */
	n_groups = getgroups(NGROUPS_MAX, groups);
	assert_true(n_groups >= 0);
	assert_int_equal(setgroups(1, &(gid_t){4}), 0);
	assert_int_equal(rp_user__find("nobody", &user, &err), 0);
	opts.user = &user;
	assert_int_equal(rp_launch__new(&opts, &l, &path, &err), 0);
	assert_int_equal(rp_launch__release(l, &err), 0);
	assert_int_equal(rp_launch__wait(l), 0);
	rp_launch__free(l);

	make_file("tool", "#!/bin/sh\n", 0700);
	argv[0] = "./tool";
	assert_int_equal(rp_launch__new(&opts, &l, &path, &err), 0);
	assert_int_equal(rp_launch__release(l, &err), -EACCES);
	assert_int_equal(err.exit, RP_EXIT_CANNOT_RUN);
	rp_launch__free(l);
	assert_int_equal(setgroups((size_t)n_groups, groups), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_such_command),
		TEST(what_may_not_be_run),
		TEST(an_entry_that_cannot_be_run_is_passed_by),
		TEST(an_empty_entry_is_this_folder),
		TEST(what_was_found_is_run),
		TEST(an_exec_that_fails),
		TEST(held_until_it_is_released),
		TEST(never_run_where_it_is_not_released),
		TEST(status_as_a_shell_gives_it),
		TEST(it_has_the_mask_that_is_given),
		TEST(it_has_the_limits_that_rptrace_had),
		TEST(as_another_user),
	};

	return cmocka_run_group_tests_name("run_launch", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The user as whom a command runs: who that is, and that nothing of root's is left. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/user.h"

#define UID 4242
#define GID 4343

/* ---- a system with one user ---------------------------------------------------------------------
 */

static uid_t own;

uid_t geteuid(void)
{
	return own;
}

struct passwd *getpwnam(const char *name)
{
	static struct passwd joe = {
		.pw_name = "joe", .pw_dir = "/home/joe", .pw_uid = UID, .pw_gid = GID};

	return strcmp(name, "joe") ? NULL : &joe;
}

/* Of that user's groups, one beside the own one. */
int initgroups(const char *user, gid_t group)
{
	const gid_t groups[] = {group, GID + 1};

	if (!strcmp(user, "joe"))
		return setgroups(2, groups);
	errno = EPERM;
	return -1;
}

static int begin(void **state)
{
	(void)state;
	own = 0;
	return 0;
}

/* ---- tests -------------------------------------------------------------------------------------
 */

static void users_are_found_by_name(void **state)
{
	struct rp_user user;
	struct rp_err err = {0};

	(void)state;
	memset(&user, 0xff, sizeof(user));
	assert_int_equal(rp_user__find("joe", &user, &err), 0);
	assert_int_equal(user.uid, UID);
	assert_int_equal(user.gid, GID);
	assert_string_equal(user.name, "joe");
	assert_string_equal(user.home, "/home/joe");
	assert_int_equal(rp_user__find("jim", &user, &err), -ENOENT);
	assert_int_equal(err.exit, RP_EXIT_USAGE);
	assert_string_equal(err.cause, "--user: there is no user 'jim'");
	assert_string_equal(err.cure, "getent passwd");
}

static void root_alone_may(void **state)
{
	struct rp_user user;
	struct rp_err err = {0};

	(void)state;
	own = 1000;
	assert_int_equal(rp_user__find("joe", &user, &err), -EPERM);
	assert_int_equal(err.exit, RP_EXIT_DENIED);
	assert_int_equal(err.remedy, RP_REMEDY_RIGHTS);
	assert_string_equal(err.cause, "--user: only root may start a command as 'joe'");
}

/* In a child: 0, or at which of them it found another one. */
static int check_user(const struct rp_user *user)
{
	uid_t uids[3];
	gid_t gids[3], groups[8];

	if (rp_user__become(user))
		return 1;
	if (getresuid(&uids[0], &uids[1], &uids[2]) || getresgid(&gids[0], &gids[1], &gids[2]))
		return 2;
	for (size_t i = 0; i < 3; i++)
		if (uids[i] != UID || gids[i] != GID)
			return 3;
	if (getgroups(8, groups) != 2 || groups[0] + groups[1] != GID + GID + 1)
		return 4;
	if (strcmp(getenv("HOME"), "/home/joe") || strcmp(getenv("USER"), "joe") ||
	    strcmp(getenv("LOGNAME"), "joe"))
		return 5;
	return setuid(0) ? 0 : 6;
}

static int status_of(const struct rp_user *user)
{
	pid_t child = fork();
	int status;

	if (!child)
		_exit(check_user(user));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void it_is_that_user_for_good(void **state)
{
	const gid_t roots[] = {0};
	struct rp_user user;
	struct rp_err err;

	(void)state;
	if (getuid())
		skip();
	assert_int_equal(setgroups(1, roots), 0);
	setenv("HOME", "/root", 1);
	setenv("USER", "root", 1);
	setenv("LOGNAME", "root", 1);
	assert_int_equal(rp_user__find("joe", &user, &err), 0);
	assert_int_equal(status_of(&user), 0);
	/* Whose groups are not known. */
	strcpy(user.name, "jim");
	assert_int_equal(status_of(&user), 1);
}

#define TEST(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(users_are_found_by_name),
		TEST(root_alone_may),
		TEST(it_is_that_user_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

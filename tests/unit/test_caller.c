// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Files written for the caller, standard descriptors, limits: each in a child of its own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/caller.h"
#include "util/limits.h"

static char folder[32];

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/rp-caller-XXXXXX");
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	return mkdtemp(folder) && !chdir(folder) ? 0 : -EIO;
}

static int tear_down(void **state)
{
	static const char *const files[] = {"new", "there", "link", "pipe"};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(files[i]);
	return chdir("/") || rmdir(folder) ? -EIO : 0;
}

static void write_text(int fd, const char *text)
{
	assert_true(fd > 2);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void assert_holds(const char *path, const char *text)
{
	char found[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_true(fgets(found, sizeof(found), file) || !*text);
	fclose(file);
	assert_string_equal(found, text);
}

static void a_file_that_was_there_is_emptied_when_asked_to(void **state)
{
	int fd;

	(void)state;
	write_text(rp_caller__create("there", false), "much of it");
	fd = rp_caller__create("there", false);
	assert_holds("there", "much of it");
	assert_int_equal(rp_caller__empty(fd, "there"), 0);
	write_text(fd, "less");
	assert_holds("there", "less");
}

static void a_file_is_known_by_any_path(void **state)
{
	int fd = rp_caller__create("one", false), null = rp_caller__create("/dev/null", false);

	(void)state;
	assert_int_equal(link("one", "the_same"), 0);
	close(rp_caller__create("another", false));
	assert_true(rp_caller__is_file(fd, "./one"));
	assert_true(rp_caller__is_file(fd, "the_same"));
	assert_false(rp_caller__is_file(fd, "another"));
	assert_false(rp_caller__is_file(fd, "none"));
	assert_false(rp_caller__is_file(null, "/dev/null"));
	close(fd);
	close(null);
	unlink("one");
	unlink("the_same");
	unlink("another");
}

static void whether_a_file_may_be_made_is_known_before(void **state)
{
	(void)state;
	assert_int_equal(rp_caller__may_create("new"), 0);
	assert_int_equal(rp_caller__may_create("./new"), 0);
	assert_int_equal(access("new", F_OK), -1);
	assert_int_equal(rp_caller__may_create("none/new"), -ENOENT);
	assert_int_equal(rp_caller__may_create(""), -ENOENT);
	close(rp_caller__create("new", false));
	assert_int_equal(rp_caller__remove("new"), 0);
	assert_int_equal(rp_caller__remove("new"), -ENOENT);
}

static void no_link_is_followed(void **state)
{
	(void)state;
	write_text(rp_caller__create("there", false), "precious");
	assert_int_equal(symlink("there", "link"), 0);
	assert_int_equal(rp_caller__create("link", false), -ELOOP);
	assert_string_equal(rp_caller__refusal("link", -ELOOP, NULL, 0),
			    "it is a link, through which nothing is written");
	assert_holds("there", "precious");
	unlink("link");
	assert_int_equal(symlink("new", "link"), 0);
	assert_int_equal(rp_caller__create("link", false), -ELOOP); /* one that leads nowhere yet */
	assert_int_equal(access("new", F_OK), -1);
}

static void a_pipe_that_nobody_reads_is_not_waited_for(void **state)
{
	int reader, fd;

	(void)state;
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(rp_caller__create("pipe", false), -ENXIO);
	reader = open("pipe", O_RDONLY | O_NONBLOCK);
	fd = rp_caller__create("pipe", false);
	assert_true(fd > 2);
	assert_false(fcntl(fd, F_GETFL) & O_NONBLOCK); /* what it has to take is waited for */
	assert_int_equal(rp_caller__empty(fd, "pipe"), 0);
	close(fd);
	close(reader);
}

/* /dev/stdout is a link: to what was meant. */
static void standard_streams_may_be_named(void **state)
{
	int out = dup(STDOUT_FILENO), file = open("new", O_RDWR | O_CREAT, 0600), fd;

	(void)state;
	dup2(file, STDOUT_FILENO);
	write_text(dup(file), "some ");
	fd = rp_caller__create("/dev/stdout", false);
	dup2(out, STDOUT_FILENO);
	assert_int_equal(rp_caller__empty(fd, "/dev/stdout"), 0); /* that is the shell's to do */
	write_text(fd, "text");
	assert_holds("new", "some text");
	close(out);
	close(file);
}

static uid_t owner(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_uid;
}

static void under_sudo_a_new_file_is_the_callers(void **state)
{
	(void)state;
	if (getuid())
		skip();
	close(rp_caller__create("there", false));
	setenv("SUDO_UID", "1234", 1);
	setenv("SUDO_GID", "1235", 1);
	close(rp_caller__create("there", false));
	assert_int_equal(owner("there"), 0); /* it was somebody's already */
	close(rp_caller__create("new", false));
	assert_int_equal(owner("new"), 1234);
}

/* As root, whom no mode holds up: what somebody else has put there is not taken for one's own. */
static void files_of_others_are_no_place_for_secrets(void **state)
{
	char why[RP_REFUSAL_SIZE];
	int fd;

	(void)state;
	if (getuid())
		skip();
	write_text(rp_caller__create("there", false), "theirs");
	assert_int_equal(chown("there", 1234, 1235), 0);
	assert_int_equal(rp_caller__create("there", true), -EACCES);
	close(rp_caller__create("there", false));
	assert_int_equal(chmod(folder, 01777), 0);
	assert_int_equal(rp_caller__create("there", false), -EACCES);
	assert_string_equal(rp_caller__refusal("there", -EACCES, why, sizeof(why)),
			    "it is there already, and belongs to user 1234, who would get at what "
			    "is written");
	assert_string_equal(rp_caller__refusal("there", -EIO, why, sizeof(why)), strerror(EIO));
	assert_holds("there", "theirs");
	setenv("SUDO_UID", "1234", 1);
	fd = rp_caller__create("there", true);
	assert_true(fd > 2);
	close(fd);
	unlink("there");
	assert_int_equal(mkfifo("pipe", 0666), 0);
	assert_int_equal(chown("pipe", 2345, 2345), 0);
	fd = open("pipe", O_RDONLY | O_NONBLOCK);
	assert_int_equal(rp_caller__create("pipe", false), -EACCES);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(rp_caller__create("pipe", true), -EACCES);
	close(rp_caller__create("pipe", false));
	close(fd);
}

/* A second name, where others can make one. */
static void no_name_of_another_file_is_taken(void **state)
{
	(void)state;
	if (getuid())
		skip();
	write_text(rp_caller__create("there", false), "precious");
	assert_int_equal(link("there", "link"), 0);
	close(rp_caller__create("link", false));
	assert_int_equal(chown(folder, 1234, 1235), 0);
	assert_int_equal(rp_caller__create("link", false), -EACCES);
	assert_int_equal(chown(folder, 0, 0), 0);
	assert_int_equal(chmod(folder, 01777), 0);
	assert_int_equal(rp_caller__create("link", false), -EACCES);
	assert_string_equal(rp_caller__refusal("link", -EACCES, NULL, 0),
			    "it is there already, and has another name, too");
	assert_holds("there", "precious");
}

static void a_new_file_is_new(void **state)
{
	(void)state;
	assert_int_equal(symlink("there", "link"), 0);
	assert_int_equal(rp_caller__create_new("link"), -EEXIST);
	assert_int_equal(access("there", F_OK), -1);
	if (!getuid())
		setenv("SUDO_UID", "1234", 1);
	write_text(rp_caller__create_new("new"), "text");
	assert_int_equal(owner("new"), getuid() ? getuid() : 1234);
	assert_int_equal(rp_caller__create_new("new"), -EEXIST);
}

static bool fill(const char *path, size_t left)
{
	struct statvfs fs;
	int fd = open(path, O_WRONLY | O_CREAT, 0644);
	bool done = fd >= 0 && !fstatvfs(fd, &fs) &&
		    !fallocate(fd, 0, 0, (off_t)(fs.f_bfree * fs.f_frsize - left));

	close(fd);
	return done;
}

/* 0, or which of these was not so. */
static int on_a_small_file_system(void)
{
	char why[RP_REFUSAL_SIZE];
	int fd;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", folder, "tmpfs", 0, "size=256k") || chdir(folder))
		return 1;
	fd = rp_caller__create("there", false);
	if (fd < 0 || rp_caller__may_create("new"))
		return 2;
	close(fd);
	if (!fill("some", 248 << 10) || !fill("large", 60 << 10) ||
	    rp_caller__create("new", true) != -ENOSPC || rp_caller__create_new("new") != -ENOSPC ||
	    rp_caller__may_create("new") != -ENOSPC)
		return 3;
	if (!access("new", F_OK))
		return 4;
	if (rp_caller__create("there", false) != -ENOSPC)
		return 5;
	if (strcmp(rp_caller__refusal("there", -ENOSPC, why, sizeof(why)),
		   "60 KiB are free there, and what is written takes 64 KiB or more"))
		return 6;
	if (mkfifo("pipe", 0600) || open("pipe", O_RDONLY | O_NONBLOCK) < 0 ||
	    rp_caller__create("pipe", false) < 0)
		return 7;
	/* They will be emptied: 60 KiB are free, and one gives back 8. */
	return rp_caller__create("large", false) < 0 || rp_caller__create("some", false) < 0 ? 8
											     : 0;
}

static void a_full_file_system_is_told_before_there_is_something_to_write(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (getuid())
		skip();
	pid = fork();
	if (!pid)
		_exit(on_a_small_file_system());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_string_equal(rp_caller__refusal("there", -ENOSPC, NULL, 0), strerror(ENOSPC));
}

/* As an ordinary user with all capabilities, as file capabilities give them. */
static bool become_capable_user(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (prctl(PR_SET_KEEPCAPS, 1) || setresuid(65534, 65534, 65534) ||
	    syscall(SYS_capget, &header, data))
		return false;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].effective = data[i].permitted;
	return !syscall(SYS_capset, &header, data);
}

/* Who may not write here does not by them; and they are still there for what they are for. */
static void capabilities_open_no_file(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (getuid())
		skip();
	assert_int_equal(chmod(folder, 0755), 0);
	pid = fork();
	if (!pid)
		_exit(!become_capable_user() || rp_caller__create("new", false) != -EACCES ||
		      rp_caller__may_create("new") != -EACCES ||
		      open("new", O_WRONLY | O_CREAT, 0600) < 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void setuid_is_refused(void **state)
{
	struct rp_err err;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(rp_caller__check(&err), 0);
	if (getuid())
		skip();
	pid = fork();
	if (!pid)
		_exit(setresuid(65534, 0, 0) || rp_caller__check(&err) != -EPERM ||
		      err.exit != RP_EXIT_DENIED || !strstr(err.cure, "chmod"));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- descriptors ----------------------------------------------------------------------------- */

/* With those closed, whose bits are set: files have other numbers, and using them fails. */
static int without(unsigned closed)
{
	char byte;
	int fd;

	for (fd = 0; fd < 3; fd++)
		if (closed & 1u << fd)
			close(fd);
	if (!rp_caller__open_standard_files() || open("/dev/null", O_RDONLY) < 3)
		return 1;
	if (closed & 1 && read(0, &byte, 1) != -1)
		return 2;
	for (fd = 1; fd < 3; fd++)
		if (closed & 1u << fd && write(fd, "x", 1) != -1)
			return 3;
	return 0;
}

static void standard_descriptors_are_taken(void **state)
{
	(void)state;
	for (unsigned closed = 0; closed < 8; closed++) {
		int status;
		pid_t pid = fork();

		if (!pid)
			_exit(without(closed));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void assert_refused(__rlimit_resource_t resource, rlim_t most, const char *cause,
			   const char *cure)
{
	struct rp_err err;
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(setrlimit(resource, &(struct rlimit){most, most}) ||
		      !rp_limits__check(&err) || err.exit != RP_EXIT_DENIED ||
		      strcmp(err.cause, cause) || strcmp(err.cure, cure));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void limits_that_are_too_low(void **state)
{
	struct rp_err err;

	(void)state;
	assert_int_equal(rp_limits__check(&err), 0);
	assert_refused(RLIMIT_NOFILE, 127,
		       "open files: limited to 127 (ulimit -n), and rptrace needs 128",
		       "ulimit -n 128");
	/* The shell counts these in KiB. */
	assert_refused(RLIMIT_STACK, 64 << 10,
		       "the stack: limited to 64 KiB (ulimit -s), and rptrace needs 256",
		       "ulimit -s 256");
	assert_refused(RLIMIT_AS, 30000 << 10,
		       "memory: limited to 30000 KiB (ulimit -v), and rptrace needs 65536",
		       "ulimit -v 65536");
}

/* A soft limit alone is no obstacle, and what is started has it back. */
static void a_soft_limit_is_raised_and_given_back(void **state)
{
	struct rlimit before, limit;
	struct rp_limits limits;
	struct rp_err err;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &before);
	limit = (struct rlimit){64, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(rp_limits__check(&err), 0);
	rp_limits__raise(&limits);
	getrlimit(RLIMIT_NOFILE, &limit);
	assert_int_equal(limit.rlim_cur, before.rlim_max);
	rp_limits__restore(&limits);
	getrlimit(RLIMIT_NOFILE, &limit);
	assert_int_equal(limit.rlim_cur, 64);
	setrlimit(RLIMIT_NOFILE, &before);
}

/* SIGXFSZ would end rptrace in mid-file; what is started has it as it was. */
static void a_file_that_may_not_grow_is_an_error(void **state)
{
	int child, status;

	(void)state;
	child = fork();
	if (!child) {
		struct rp_limits limits;
		struct sigaction left;
		int fd = open("new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		rp_limits__raise(&limits);
		if (fd < 0 || setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, 0}) ||
		    write(fd, "", 1) != -1 || errno != EFBIG)
			_exit(1);
		rp_limits__restore(&limits);
		_exit(sigaction(SIGXFSZ, NULL, &left) || left.sa_handler != SIG_DFL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_that_was_there_is_emptied_when_asked_to),
		TEST(a_file_is_known_by_any_path),
		TEST(whether_a_file_may_be_made_is_known_before),
		TEST(no_link_is_followed),
		TEST(a_pipe_that_nobody_reads_is_not_waited_for),
		TEST(standard_streams_may_be_named),
		TEST(under_sudo_a_new_file_is_the_callers),
		TEST(files_of_others_are_no_place_for_secrets),
		TEST(no_name_of_another_file_is_taken),
		TEST(a_new_file_is_new),
		TEST(a_full_file_system_is_told_before_there_is_something_to_write),
		TEST(capabilities_open_no_file),
		TEST(setuid_is_refused),
		cmocka_unit_test(standard_descriptors_are_taken),
		cmocka_unit_test(limits_that_are_too_low),
		cmocka_unit_test(a_soft_limit_is_raised_and_given_back),
		TEST(a_file_that_may_not_grow_is_an_error),
	};

	return cmocka_run_group_tests_name("caller", tests, NULL, NULL);
}

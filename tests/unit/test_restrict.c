// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What a restricted process can do no more: each test is what such a process sees. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/elf_image.h"
#include "discover/proc.h"
#include "helper/helper.h"
#include "helper/message.h"
#include "helper/restrict.h"

#define FILES 60

static int opens_file(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int makes_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int forks(void)
{
	return fork();
}

static int sends_signal(void)
{
	return kill(getppid(), 0);
}

static int has_signals_sent(void)
{
	return fcntl(STDIN_FILENO, F_SETOWN, getpid());
}

static int sets_flags(void)
{
	return fcntl(STDIN_FILENO, F_SETFL, 0);
}

static int locks(void)
{
	return fcntl(STDIN_FILENO, F_SETLK, &(struct flock){.l_type = F_RDLCK});
}

static int duplicates_for_others(void)
{
	return fcntl(STDIN_FILENO, F_DUPFD, 0);
}

static int has_user(void)
{
	return setuid(0);
}

static int (*const refused[])(void) = {opens_file,	     makes_socket, forks,      sends_signal,
				       has_signals_sent,     has_user,	   sets_flags, locks,
				       duplicates_for_others};

/* Reads a byte, takes memory and answers with how many of the calls above were refused. */
static _Noreturn void run_restricted(int in, int out, pid_t parent)
{
	const int keep[] = {in, out};
	unsigned char byte, answer = 0;

	rp_restrict__descriptors(keep, 2);
	rp_restrict__limits(10, 1 << 30);
	rp_restrict__rights(parent);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		answer += refused[i]() < 0 && errno == EPERM;
	if (read(in, &byte, 1) != 1 || fcntl(out, F_GETFD) < 0 || fcntl(out, F_GETFL) < 0 ||
	    fcntl(out, F_DUPFD_CLOEXEC, 0) < 0 ||
	    mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
		answer = 0;
	_exit(write(out, &answer, 1) != 1);
}

static void test_reads_and_answers_alone(void **state)
{
	unsigned char answer = 0;
	pid_t parent = getpid(), child;
	int in[2], out[2], status;

	(void)state;
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	child = fork();
	if (!child)
		run_restricted(in[0], out[1], parent);
	close(out[1]);
	assert_true(child > 0);
	assert_int_equal(write(in[1], "x", 1), 1);
	assert_int_equal(read(out[0], &answer, 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(answer, sizeof(refused) / sizeof(refused[0]));
	close(in[0]);
	close(in[1]);
	close(out[0]);
}

/* ---- one that opens files itself ------------------------------------------------------------- */

static int opens_for_writing(void)
{
	return open("/dev/null", O_WRONLY | O_CLOEXEC);
}

static int creates(void)
{
	return open("/tmp/rptrace-test-created", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
}

static int cuts(void)
{
	return open("/dev/null", O_RDONLY | O_TRUNC | O_CLOEXEC);
}

static int opens_by_other_means(void)
{
	return (int)syscall(SYS_openat2, AT_FDCWD, "/dev/null", &(struct open_how){0},
			    sizeof(struct open_how));
}

static int opens_to_change(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static int removes(void)
{
	return unlink("/tmp/rptrace-test-created");
}

static int (*const refused_to_opener[])(void) = {
	opens_for_writing,    creates,		cuts,	    opens_by_other_means,
	opens_to_change,      removes,		forks,	    makes_socket,
	sends_signal,	      has_signals_sent, sets_flags, locks,
	duplicates_for_others};

static void test_opens_for_reading_alone(void **state)
{
	int status;
	pid_t parent = getpid(), child = fork();

	(void)state;
	if (!child) {
		rp_restrict__to_opening(parent);
		for (size_t i = 0; i < sizeof(refused_to_opener) / sizeof(refused_to_opener[0]);
		     i++)
			if (refused_to_opener[i]() >= 0 || errno != EPERM)
				_exit(1 + (int)i);
		if (fcntl(STDOUT_FILENO, F_GETFD) < 0 || fcntl(STDOUT_FILENO, F_GETFL) < 0 ||
		    fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0) < 0)
			_exit(101);
		_exit(opens_file() < 0 ? 100 : 0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* ---- rights ---------------------------------------------------------------------------------- */

/* A number, as in /proc, of a process that is restricted so. */
static uint64_t status_of(void (*restrict_to)(pid_t parent), const char *which, int base)
{
	pid_t parent = getpid(), child;
	uint64_t rights = UINT64_MAX;
	int out[2], in[2], status;
	char byte = 0;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	child = fork();
	if (!child) {
		restrict_to(parent);
		_exit(write(out[1], &byte, 1) != 1 || read(in[0], &byte, 1) != 1);
	}
	assert_true(child > 0);
	assert_int_equal(read(out[0], &byte, 1), 1);
	rp_proc__status_number("/proc", child, which, base, &rights);
	assert_int_equal(write(in[1], &byte, 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	for (size_t i = 0; i < 2; i++) {
		close(out[i]);
		close(in[i]);
	}
	return rights;
}

/* Of root's, those that reading takes; who is not root has fewer. */
static void test_few_rights_are_left(void **state)
{
	static const char *const sets[] = {"CapPrm", "CapEff"};
	const uint64_t to_open = 1ull << CAP_DAC_READ_SEARCH | 1ull << CAP_SYS_PTRACE |
				 1ull << CAP_CHECKPOINT_RESTORE;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(status_of(rp_restrict__to_opening, sets[i], 16) & ~to_open, 0);
		assert_int_equal(status_of(rp_restrict__rights, sets[i], 16), 0);
	}
}

/* Nobody, without the groups of whoever started it; who opens files does so as that user. */
static void test_nobody_reads(void **state)
{
	const gid_t groups[] = {4242};

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(setgroups(1, groups), 0);
	assert_int_equal(status_of(rp_restrict__rights, "Uid", 10), 65534);
	assert_int_equal(status_of(rp_restrict__rights, "Gid", 10), 65534);
	assert_int_not_equal(status_of(rp_restrict__rights, "Groups", 10), 4242);
	assert_int_equal(status_of(rp_restrict__to_opening, "Uid", 10), 0);
	assert_int_equal(status_of(rp_restrict__to_opening, "Groups", 10), 4242);
}

static void test_none_comes_back(void **state)
{
	(void)state;
	assert_int_equal(status_of(rp_restrict__rights, "NoNewPrivs", 10), 1);
	assert_int_equal(status_of(rp_restrict__to_opening, "NoNewPrivs", 10), 1);
	assert_int_equal(status_of(rp_restrict__rights, "Seccomp", 10), 2);
}

/* ---- its parent -------------------------------------------------------------------------------
 */

static void (*const both[])(pid_t parent) = {rp_restrict__rights, rp_restrict__to_opening};

/* It has ended before, and somebody else is the parent. */
static void test_not_without_its_parent(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		pid_t parent = getpid(), child = fork();
		int status;

		if (!child) {
			both[i](parent + 1);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 1);
	}
}

static void test_ends_with_its_parent(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int out[2], in[2];
		struct pollfd end;
		char byte = 0;
		pid_t child;

		assert_int_equal(pipe2(out, O_CLOEXEC), 0);
		assert_int_equal(pipe2(in, O_CLOEXEC), 0);
		child = fork();
		if (!child) {
			pid_t parent = getpid();

			if (fork()) {
				/* Until that is restricted. */
				_exit(read(in[0], &byte, 1) != 1);
			}
			both[i](parent);
			_exit(write(out[1], &byte, 1) != 1 || read(in[0], &byte, 1) != 1);
		}
		close(out[1]);
		close(in[0]);
		assert_int_equal(read(out[0], &byte, 1), 1);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		end = (struct pollfd){.fd = out[0], .events = POLLIN};
		assert_int_equal(poll(&end, 1, 20000), 1);
		assert_int_equal(read(out[0], &byte, 1), 0);
		close(out[0]);
		close(in[1]);
	}
}

/* ---- the process that reads files ---------------------------------------------------------------
 */

static uint64_t of_helper(const struct rp_helper *h, const char *which, int base)
{
	uint64_t value = UINT64_MAX;

	rp_proc__status_number("/proc", rp_helper__pid(h), which, base, &value);
	return value;
}

/* It is restricted so, and lives with nothing but its connection. */
static void test_helper(void **state)
{
	int kept = open("/dev/null", O_RDONLY | O_CLOEXEC), fd;
	struct rp_helper *h = rp_helper__new(NULL);
	uint64_t signals = 1ull << (SIGINT - 1) | 1ull << (SIGTERM - 1) | 1ull << (SIGHUP - 1);
	char path[64], comm[64];
	struct rlimit limit;
	int files = 0;

	(void)state;
	/* By then it has begun. */
	fd = rp_helper__open(h, "/proc/self/exe", NULL);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(rp_proc__comm("/proc", rp_helper__pid(h), comm, sizeof(comm)), 0);
	assert_string_equal(comm, RP_HELPER_NAME);
	assert_int_equal(of_helper(h, "NoNewPrivs", 10), 1);
	assert_int_equal(of_helper(h, "SigBlk", 16) & signals, signals);
	assert_int_equal(prlimit(rp_helper__pid(h), RLIMIT_FSIZE, NULL, &limit), 0);
	assert_int_equal(limit.rlim_max, RP_ELF_IMAGE_MAX);
	assert_int_equal(prlimit(rp_helper__pid(h), RLIMIT_CORE, NULL, &limit), 0);
	assert_int_equal(limit.rlim_max, 0);
	/* What went with the answer it closes before the next one. */
	assert_int_equal(rp_helper__open(h, "/nowhere", NULL), -ENOENT);
	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)rp_helper__pid(h), i);
		files += !faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW);
	}
	assert_int_equal(files, 1);
	rp_helper__free(h);
	close(kept);
}

/* ---- bounds, and what stays open ---------------------------------------------------------------
 */

static uint64_t bound(int what)
{
	struct rlimit limit;

	if (getrlimit(what, &limit) || limit.rlim_cur != limit.rlim_max)
		return UINT64_MAX;
	return limit.rlim_cur;
}

/* In a child, as they are for good: returns at which of them it found another one, or 0. */
static int check_bounds(void)
{
	const uint64_t bytes = 3ull << 30;
	const uint64_t more = 64u << 20;
	uint64_t had = 0;

	rp_proc__status_number("/proc", getpid(), "VmData", 10, &had);
	had <<= 10;
	rp_restrict__memory(bytes, 4096);
	if (bound(RLIMIT_DATA) <= bytes || bound(RLIMIT_DATA) > bytes + had + more)
		return 1;
	if (bound(RLIMIT_FSIZE) != 4096)
		return 2;
	if (bound(RLIMIT_CORE))
		return 3;
	rp_restrict__limits(10, bytes / 2);
	if (bound(RLIMIT_CPU) != 10 || bound(RLIMIT_FSIZE) || getpriority(PRIO_PROCESS, 0) < 10)
		return 4;
	return bound(RLIMIT_DATA) > bytes / 2 + had + more ? 5 : 0;
}

static void test_bounds(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (!child)
		_exit(check_bounds());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* In a child: all but those are closed, below them, between them and above. */
static int check_descriptors(const int *keep, size_t n)
{
	for (int fd = 3; fd < FILES; fd++)
		if (dup2(STDERR_FILENO, fd) < 0)
			return 100;
	rp_restrict__descriptors(keep, n);
	for (int fd = 0; fd < FILES; fd++) {
		bool kept = false;

		for (size_t i = 0; i < n; i++)
			kept |= keep[i] == fd;
		if ((fcntl(fd, F_GETFD) >= 0) != kept)
			return 1 + fd;
	}
	return 0;
}

static void test_descriptors(void **state)
{
	static const struct {
		int keep[4];
		size_t n;
	} cases[] = {{{20}, 1},	   {{20, 7, 45}, 3}, {{0, 1}, 2},
		     {{-1, 5}, 2}, {{4, -1, 4}, 3},  {{FILES - 1, 2}, 2}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t child = fork();
		int status;

		if (!child)
			_exit(check_descriptors(cases[i].keep, cases[i].n));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_reads_and_answers_alone),
					   cmocka_unit_test(test_opens_for_reading_alone),
					   cmocka_unit_test(test_few_rights_are_left),
					   cmocka_unit_test(test_nobody_reads),
					   cmocka_unit_test(test_none_comes_back),
					   cmocka_unit_test(test_not_without_its_parent),
					   cmocka_unit_test(test_ends_with_its_parent),
					   cmocka_unit_test(test_helper),
					   cmocka_unit_test(test_bounds),
					   cmocka_unit_test(test_descriptors)};

	return cmocka_run_group_tests_name("restrict", tests, NULL, NULL);
}

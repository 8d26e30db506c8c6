// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What a restricted process can do no more: each test is what such a process sees. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/proc.h"
#include "helper/restrict.h"

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

static int has_user(void)
{
	return setuid(0);
}

static int (*const refused[])(void) = {opens_file,   makes_socket,     forks,
				       sends_signal, has_signals_sent, has_user};

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
	if (read(in, &byte, 1) != 1 || fcntl(out, F_GETFD) < 0 ||
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
	opens_for_writing, creates, cuts,	  opens_by_other_means, opens_to_change,
	removes,	   forks,   makes_socket, sends_signal,		has_signals_sent};

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
		_exit(opens_file() < 0 ? 100 : 0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* ---- rights ---------------------------------------------------------------------------------- */

/* Sets, as in /proc, that a process has which is restricted so. */
static uint64_t rights_of(void (*restrict_to)(pid_t parent), const char *which)
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
	rp_proc__status_number("/proc", child, which, 16, &rights);
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
		assert_int_equal(rights_of(rp_restrict__to_opening, sets[i]) & ~to_open, 0);
		assert_int_equal(rights_of(rp_restrict__rights, sets[i]), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_reads_and_answers_alone),
					   cmocka_unit_test(test_opens_for_reading_alone),
					   cmocka_unit_test(test_few_rights_are_left)};

	return cmocka_run_group_tests_name("restrict", tests, NULL, NULL);
}

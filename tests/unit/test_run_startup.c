// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The start of a command, which is this program, followed until its libraries are mapped. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/proc.h"
#include "run/launch.h"
#include "run/startup.h"

#define STATUS 7

static sigset_t awaited; /* by the command, which ends by it */

/* Of those that were sent to this process. */
static unsigned child_signals;

int kill(pid_t pid, int signal)
{
	child_signals += pid == getpid() && signal == SIGCHLD;
	return (int)syscall(SYS_kill, pid, signal);
}

/* What was mapped when it was looked at; the first time it is sent a signal. */
static struct {
	unsigned looks;
	size_t first, last;
	int signal; /* 0: none */
} seen;

static size_t mapped_by(pid_t pid)
{
	struct rp_mapped_list mapped;
	size_t n;

	assert_int_equal(rp_proc__mapped("/proc", pid, &mapped), 0);
	n = mapped.n;
	rp_proc__mapped_free(&mapped);
	return n;
}

static void look(void *ctx, pid_t pid)
{
	assert_ptr_equal(ctx, &seen);
	seen.last = mapped_by(pid);
	if (seen.looks++)
		return;
	seen.first = seen.last;
	if (seen.signal)
		kill(pid, seen.signal);
}

/* The command waits for its signal then, or has ended. */
static struct rp_launch *follow(int signal)
{
	char self[256] = "", wait[] = "wait", *argv[] = {self, wait, NULL};
	const struct rp_launch_opts opts = {.argv = argv, .mask = &awaited};
	struct rp_launch *l;
	struct rp_err err;
	const char *path;
	pid_t pid;

	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	assert_int_equal(rp_launch__new(&opts, &l, &path, &err), 0);
	pid = rp_launch__pid(l);
	/* Without root it is not asked for, but can be had. */
	if (!rp_startup__seize(pid) &&
	    ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD)) {
		rp_launch__free(l);
		skip();
	}
	assert_int_equal(rp_launch__release(l, &err), 0);
	memset(&seen, 0, sizeof(seen));
	seen.signal = signal;
	child_signals = 0;
	alarm(300); /* it must come to an end */
	rp_startup__follow(pid, look, &seen);
	alarm(0);
	/* Who waits for its end may have missed that. */
	assert_int_equal(child_signals, 1);
	return l;
}

/* Nobody traces it any more: it ends by what it waits for. */
static int end(struct rp_launch *l)
{
	pid_t pid = rp_launch__pid(l);
	uint64_t tracer = 1;
	int status;

	assert_true(rp_proc__status_number("/proc", pid, "TracerPid", 10, &tracer));
	assert_int_equal(tracer, 0);
	kill(pid, SIGUSR1);
	status = rp_launch__wait(l);
	rp_launch__free(l);
	return status;
}

static int block_signals(void **state)
{
	sigset_t set;

	(void)state;
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGUSR1);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	return sigprocmask(SIG_BLOCK, &set, NULL);
}

/* First the program and its linker, in the end all that it needs. */
static void libraries_are_seen_as_they_are_mapped(void **state)
{
	struct rp_launch *l = follow(0);

	(void)state;
	assert_true(seen.looks > 2);
	assert_true(seen.first < seen.last);
	assert_int_equal(seen.last, mapped_by(rp_launch__pid(l)));
	assert_int_equal(end(l), STATUS);
}

static void signals_reach_it_meanwhile(void **state)
{
	struct rp_launch *l = follow(SIGTERM);

	(void)state;
	assert_int_equal(rp_launch__wait(l), 128 + SIGTERM);
	rp_launch__free(l);
}

/* As by ^Z: nobody but who stopped it lets it go on. */
static void a_stop_is_one(void **state)
{
	struct rp_launch *l = follow(SIGSTOP);
	int status = 0;

	(void)state;
	assert_int_equal(seen.looks, 1);
	assert_int_equal(waitpid(rp_launch__pid(l), &status, WUNTRACED), rp_launch__pid(l));
	assert_true(WIFSTOPPED(status));
	assert_int_equal(WSTOPSIG(status), SIGSTOP);
	kill(rp_launch__pid(l), SIGCONT);
	assert_int_equal(end(l), STATUS);
}

static void its_end_is_the_end(void **state)
{
	struct rp_launch *l = follow(SIGKILL);

	(void)state;
	assert_int_equal(seen.looks, 1);
	assert_int_equal(rp_launch__wait(l), 128 + SIGKILL);
	rp_launch__free(l);
}

/* A run that is to end does not wait for it: the command goes on alone. */
static void a_run_that_ends_lets_it_go(void **state)
{
	const struct timespec none = {0};
	struct rp_launch *l;
	sigset_t set;

	(void)state;
	kill(getpid(), SIGINT);
	l = follow(0);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	assert_int_equal(sigtimedwait(&set, NULL, &none), SIGINT);
	assert_int_equal(seen.looks, 1);
	assert_int_equal(end(l), STATUS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libraries_are_seen_as_they_are_mapped),
		cmocka_unit_test(signals_reach_it_meanwhile),
		cmocka_unit_test(a_stop_is_one),
		cmocka_unit_test(its_end_is_the_end),
		cmocka_unit_test(a_run_that_ends_lets_it_go),
	};

	if (argc == 2 && !strcmp(argv[1], "wait")) {
		sigset_t blocked;
		int signal;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigprocmask(SIG_BLOCK, NULL, &blocked);
		return sigwait(&blocked, &signal) ? EXIT_FAILURE : STATUS;
	}
	return cmocka_run_group_tests(tests, block_signals, NULL);
}

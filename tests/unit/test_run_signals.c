// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Signals of a run, and whom they are for. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/signals.h"
#include "run/standard.h"
#include "util/clock.h"

static struct rp_signals *open_signals(bool on_screen)
{
	struct rp_signals *s;
	struct rp_err err;

	assert_int_equal(
		rp_signals__new(&(struct rp_signals_opts){.on_screen = on_screen}, &s, &err), 0);
	return s;
}

static void each_end_is_heard_once(void **state)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	struct rp_signals *s;
	struct signalfd_siginfo info;

	(void)state;
	signal(SIGHUP, SIG_DFL); /* tests may run under nohup */
	s = open_signals(false);
	for (size_t i = 0; i < 3; i++) {
		assert_false(rp_signals__is_end_pending());
		raise(ends[i]);
		assert_true(rp_signals__is_end_pending());
		assert_true(rp_signals__take(s, &info));
		assert_int_equal(info.ssi_signo, ends[i]);
		assert_true(rp_signals__is_end((int)info.ssi_signo));
		assert_false(rp_signals__take(s, &info));
	}
	rp_signals__free(s);
}

/* What is waited for goes on being waited for at first, and is given up in the end, be the signal
 * taken or not. */
static void an_end_gets_late(void **state)
{
	struct rp_signals *s = open_signals(false);
	struct signalfd_siginfo info;

	(void)state;
	assert_false(rp_signals__is_end_late());
	raise(SIGINT);
	rp_signals__is_end_late();
	assert_true(rp_signals__take(s, &info));
	assert_false(rp_signals__is_end_pending());
	while (!rp_signals__is_end_late())
		usleep(1000);
	rp_signals__free(s);
	s = open_signals(false);
	assert_false(rp_signals__is_end_late());
	rp_signals__free(s);
}

static uint64_t all_the_time(void *since)
{
	return rp_clock__now() - *(const uint64_t *)since;
}

/* Where it never gets to run, that is not its fault; but for a second at most. */
static void an_end_that_gets_no_cpu_is_late_later(void **state)
{
	const uint64_t began = rp_clock__now();
	const struct rp_signals_opts opts = {.waited = all_the_time, .ctx = (void *)&began};
	struct signalfd_siginfo info;
	struct rp_signals *s;
	struct rp_err err;

	(void)state;
	assert_int_equal(rp_signals__new(&opts, &s, &err), 0);
	raise(SIGINT);
	while (!rp_signals__is_end_late())
		usleep(1000);
	assert_true(rp_clock__now() - began > RP_NS_PER_S);
	assert_true(rp_signals__take(s, &info));
	rp_signals__free(s);
}

static void end_at_once(void *ctx)
{
	_exit(*(const int *)ctx);
}

/* The main thread is in a system call that no signal ends, as all are blocked. */
static void one_that_is_not_taken_is_told_of(void **state)
{
	int status = 7, never[2], waits;
	struct rp_signals *s;
	struct rp_err err;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(never, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		const struct rp_signals_opts opts = {.on_unheard = end_at_once, .ctx = &status};

		alarm(60);
		if (rp_signals__new(&opts, &s, &err) || kill(getpid(), SIGINT))
			_exit(1);
		_exit(read(never[0], &byte, 1) == 1);
	}
	assert_int_equal(waitpid(pid, &waits, 0), pid);
	assert_true(WIFEXITED(waits));
	assert_int_equal(WEXITSTATUS(waits), 7);
	close(never[0]);
	close(never[1]);
}

/* Who works takes one late, but takes it; later nobody looks: a record may be waited for. */
static void one_that_is_taken_is_not(void **state)
{
	int status = 7, waits;
	struct signalfd_siginfo info;
	struct rp_signals *s;
	struct rp_err err;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		const struct rp_signals_opts opts = {.on_unheard = end_at_once, .ctx = &status};

		if (rp_signals__new(&opts, &s, &err) || kill(getpid(), SIGINT))
			_exit(1);
		for (int i = 0; i < 1500; i++)
			usleep(1000);
		if (!rp_signals__take(s, &info) || info.ssi_signo != SIGINT)
			_exit(1);
		rp_signals__unwatch(s);
		kill(getpid(), SIGINT);
		usleep(1500000);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &waits, 0), pid);
	assert_true(WIFEXITED(waits));
	assert_int_equal(WEXITSTATUS(waits), 0);
}

static void quit_is_an_end(void **state)
{
	(void)state;
	assert_true(rp_signals__is_end(SIGQUIT));
	assert_false(rp_signals__is_end(SIGWINCH));
}

/* An ended child, and whoever wants a record written. */
static void some_end_nothing(void **state)
{
	static const int signals[] = {SIGCHLD, SIGUSR1};
	struct signalfd_siginfo info;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rp_signals *s = open_signals(i);

		raise(signals[i]);
		assert_false(rp_signals__is_end_pending());
		assert_true(rp_signals__take(s, &info));
		assert_int_equal(info.ssi_signo, signals[i]);
		assert_false(rp_signals__is_end((int)info.ssi_signo));
		assert_false(rp_signals__is_for_command(&info));
		rp_signals__free(s);
	}
}

/* Nobody takes it any more, and by default it ends who is sent it. */
static void a_wish_that_comes_late_ends_nothing(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		struct rp_signals *s = open_signals(false);

		raise(SIGUSR1);
		rp_signals__free(s);
		raise(SIGUSR1);
		_exit(7);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

/* Ctrl-C reaches all processes of the terminal: passed on, a command would have it twice. */
static void passed_on_where_it_was_sent_to_rptrace_alone(void **state)
{
	struct signalfd_siginfo sent = {.ssi_signo = SIGINT, .ssi_code = SI_USER};
	struct signalfd_siginfo of_the_terminal = {.ssi_signo = SIGINT, .ssi_code = SI_KERNEL};

	(void)state;
	assert_true(rp_signals__is_for_command(&sent));
	assert_false(rp_signals__is_for_command(&of_the_terminal));
	sent.ssi_signo = SIGTERM;
	sent.ssi_code = SI_QUEUE;
	assert_true(rp_signals__is_for_command(&sent));
}

/* nohup(1) has it ignored. */
static void a_hangup_that_is_ignored_stays_so(void **state)
{
	struct signalfd_siginfo info;
	struct rp_signals *s;

	(void)state;
	signal(SIGHUP, SIG_IGN);
	s = open_signals(false);
	raise(SIGHUP);
	assert_false(rp_signals__is_end_pending());
	assert_false(rp_signals__take(s, &info));
	rp_signals__free(s);
	signal(SIGHUP, SIG_DFL);
}

/* Shells without job control have it ignored in the background: it is to end a run all the same. */
static void an_interrupt_is_heard_even_so(void **state)
{
	struct signalfd_siginfo info;
	struct rp_signals *s;

	(void)state;
	signal(SIGINT, SIG_IGN);
	s = open_signals(false);
	raise(SIGINT);
	assert_true(rp_signals__take(s, &info));
	rp_signals__free(s);
	signal(SIGINT, SIG_DFL);
}

static void the_screen_hears_those_of_its_terminal(void **state)
{
	static const int signals[] = {SIGWINCH, SIGCONT, SIGTSTP};
	struct rp_signals *s = open_signals(true);
	struct signalfd_siginfo info;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		raise(signals[i]);
		assert_true(rp_signals__take(s, &info));
		assert_int_equal(info.ssi_signo, signals[i]);
		assert_false(rp_signals__is_end(signals[i]));
	}
	rp_signals__free(s);
}

/* What is started has the mask that rptrace was started with, and rptrace has it back. */
static void the_mask_before_is_kept(void **state)
{
	sigset_t before, now;
	struct rp_signals *s;

	(void)state;
	sigemptyset(&before);
	sigaddset(&before, SIGUSR1);
	sigprocmask(SIG_SETMASK, &before, NULL);
	s = open_signals(true);
	assert_true(sigismember(rp_signals__inherited(s), SIGUSR1));
	assert_false(sigismember(rp_signals__inherited(s), SIGTERM));
	rp_signals__free(s);
	sigprocmask(SIG_SETMASK, NULL, &now);
	assert_true(sigismember(&now, SIGUSR1));
	assert_false(sigismember(&now, SIGTERM));
}

#define BYTES 200000

/* More than a pipe holds. 0: all of it was written; else what errno is then. */
static int write_much(int to, bool taken)
{
	struct signalfd_siginfo info;
	struct rp_signals *s;

	dup2(to, STDOUT_FILENO);
	s = open_signals(false);
	raise(SIGTERM);
	if (taken)
		rp_signals__take(s, &info);
	for (unsigned i = 0; i < BYTES && !ferror(stdout); i++)
		putchar('x');
	return fflush(stdout) || ferror(stdout) ? errno : 0;
}

/* A pipe that nobody reads holds up no end, be the signal taken or not. */
static void an_end_does_not_wait_for_a_reader(void **state)
{
	int status, ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	for (int taken = 0; taken < 2; taken++) {
		pid_t pid = fork();

		if (!pid)
			_exit(write_much(ends[1], taken));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, EINTR << 8);
	}
	close(ends[0]);
	close(ends[1]);
}

/* The same of a pipe that the summary or a stream goes to. */
static void nor_does_a_file_that_is_a_pipe(void **state)
{
	struct signalfd_siginfo info;
	struct rp_signals *s;
	int ends[2];
	FILE *out;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	out = rp_standard__open(ends[1]);
	assert_non_null(out);
	s = open_signals(false);
	raise(SIGTERM);
	rp_signals__take(s, &info);
	for (unsigned i = 0; i < BYTES && !ferror(out); i++)
		putc('x', out);
	assert_true(fflush(out) || ferror(out));
	fclose(out);
	assert_int_equal(fcntl(ends[1], F_GETFD), -1);
	rp_signals__free(s);
	close(ends[0]);
}

/* One that does read gets all of it. */
static void a_reader_gets_all(void **state)
{
	static char bytes[BYTES + 1];
	int status, ends[2];
	size_t size = 0;
	ssize_t got;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid)
		_exit(write_much(ends[1], true));
	close(ends[1]);
	while ((got = read(ends[0], bytes + size, sizeof(bytes) - size)) > 0)
		size += (size_t)got;
	assert_int_equal(size, BYTES);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_end_does_not_wait_for_a_reader),
		cmocka_unit_test(nor_does_a_file_that_is_a_pipe),
		cmocka_unit_test(a_reader_gets_all),
		cmocka_unit_test(each_end_is_heard_once),
		cmocka_unit_test(an_end_gets_late),
		cmocka_unit_test(an_end_that_gets_no_cpu_is_late_later),
		cmocka_unit_test(one_that_is_not_taken_is_told_of),
		cmocka_unit_test(one_that_is_taken_is_not),
		cmocka_unit_test(quit_is_an_end),
		cmocka_unit_test(some_end_nothing),
		cmocka_unit_test(a_wish_that_comes_late_ends_nothing),
		cmocka_unit_test(passed_on_where_it_was_sent_to_rptrace_alone),
		cmocka_unit_test(a_hangup_that_is_ignored_stays_so),
		cmocka_unit_test(an_interrupt_is_heard_even_so),
		cmocka_unit_test(the_screen_hears_those_of_its_terminal),
		cmocka_unit_test(the_mask_before_is_kept),
	};

	return cmocka_run_group_tests_name("run_signals", tests, NULL, NULL);
}

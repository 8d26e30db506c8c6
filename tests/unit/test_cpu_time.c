/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/cpu_time.h"

#define MS 1000000

/* Off the CPU, as when others have it. */
static void wait_ms(void)
{
	nanosleep(&(struct timespec){.tv_nsec = MS}, NULL);
}

static long cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000L * MS + t.tv_nsec;
}

static void work_ms(void)
{
	long end = cpu_now() + MS;

	while (cpu_now() < end)
		;
}

static void test_waiting_is_no_cost(void **state)
{
	struct rp_cpu_time t;

	(void)state;
	rp_cpu_time__measure(wait_ms, 2, &t);
	assert_true(t.median < MS / 2);
	assert_true(t.mean < MS / 2);
}

static void test_work_is(void **state)
{
	struct rp_cpu_time t;

	(void)state;
	rp_cpu_time__measure(work_ms, 2, &t);
	assert_true(t.median >= MS);
	assert_true(t.mean >= MS);
}

/* To the ns: no less than what a child itself says that it has used. */
static void test_cpu_time_of_a_process(void **state)
{
	struct timespec used;
	int out[2], hold[2];
	uint64_t told;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(out) | pipe(hold), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		work_ms();
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
		if (write(out[1], &used, sizeof(used)) != sizeof(used) || close(hold[1]) ||
		    read(hold[0], &told, 1) != 0)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(read(out[0], &used, sizeof(used)), sizeof(used));
	told = rp_cpu_time__process(pid);
	assert_true(told >= MS);
	assert_true(told >= (uint64_t)used.tv_sec * 1000 * MS + (uint64_t)used.tv_nsec);
	close(hold[1]);
	close(hold[0]);
	close(out[0]);
	close(out[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(rp_cpu_time__process(pid), 0);
}

/* Two on one CPU: each waits while the other has it. */
static void test_waiting_for_a_cpu(void **state)
{
	cpu_set_t before, one;
	uint64_t waited = rp_cpu_time__waited(getpid());
	pid_t other;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	other = fork();
	if (!other)
		for (;;)
			;
	while (rp_cpu_time__waited(getpid()) < waited + 3ul * MS)
		;
	kill(other, SIGKILL);
	assert_int_equal(waitpid(other, NULL, 0), other);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	assert_int_equal(rp_cpu_time__waited(other), 0);
	assert_int_equal(rp_cpu_time__waited(0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waiting_is_no_cost),
		cmocka_unit_test(test_work_is),
		cmocka_unit_test(test_cpu_time_of_a_process),
		cmocka_unit_test(test_waiting_for_a_cpu),
	};

	return cmocka_run_group_tests_name("cpu_time", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waiting_is_no_cost),
		cmocka_unit_test(test_work_is),
	};

	return cmocka_run_group_tests_name("cpu_time", tests, NULL, NULL);
}

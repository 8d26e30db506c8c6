// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* A run that is to end waits longer for its names where those who read them get no CPU. */
#include "run_fixture.h"

#include "run/internal.h"
#include "util/cpu_time.h"

/* ---- who waits for a CPU all the time -------------------------------------------------------- */

enum who { NOBODY, ITSELF, HELPER };

static enum who waits;
static uint64_t began; /* ns */

uint64_t rp_cpu_time__waited(pid_t pid)
{
	bool is_helper = pid > 0 && pid != getpid();

	return waits == (is_helper ? HELPER : ITSELF) && pid ? rp_clock__now() - began : 0;
}

uint64_t rp_cpu_time__process(pid_t pid)
{
	(void)pid;
	return 0;
}

void rp_cpu_time__measure(void (*call)(void), unsigned calls, struct rp_cpu_time *out)
{
	(void)call;
	(void)calls;
	*out = (struct rp_cpu_time){0};
}

/* ---- tests ----------------------------------------------------------------------------------- */

static uint64_t late; /* after so many ns; 0: not yet */

static void end_and_wait(void)
{
	if (late || kernel.drains < 2)
		return;
	began = rp_clock__now();
	kill(getpid(), SIGINT);
	while (!rp_run__is_late())
		usleep(1000);
	late = rp_clock__now() - began;
}

static uint64_t wait_while(enum who waiting)
{
	waits = waiting;
	late = 0;
	kernel.then = end_and_wait;
	assert_int_equal(trace("-b -i 1h -f probed_one"), RP_EXIT_OK);
	return late;
}

/* For a second at most. */
static void whoever_has_no_cpu_is_waited_for(void **state)
{
	(void)state;
	assert_true(wait_while(NOBODY) > 0);
	assert_true(wait_while(ITSELF) > RP_NS_PER_S);
	assert_true(wait_while(HELPER) > RP_NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whoever_has_no_cpu_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

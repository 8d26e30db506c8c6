// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What the BPF programs of samples and sleeps decide by numbers alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rp_sample.h"
#include "rp_wakers.h"

#define PERIOD 1003009u /* 997 a second */

/* Clocks may be early or late by the time that the kernel takes to look at them. */
static void test_clocks_of_one_thread(void **state)
{
	uint64_t cpu = 7000000000;

	(void)state;
	assert_true(rp_sample__is_doubled(cpu, cpu, PERIOD));
	assert_true(rp_sample__is_doubled(cpu + PERIOD / 4, cpu, PERIOD));
	assert_true(rp_sample__is_doubled(cpu + PERIOD / 2 - 1, cpu, PERIOD));
	assert_false(rp_sample__is_doubled(cpu + PERIOD / 2, cpu, PERIOD));
	assert_false(rp_sample__is_doubled(cpu + 9 * PERIOD / 10, cpu, PERIOD));
	assert_false(rp_sample__is_doubled(cpu + PERIOD, cpu, PERIOD));
	assert_false(rp_sample__is_doubled(cpu + 3 * PERIOD, cpu, PERIOD));
}

#define WINDOW (1ull << RP_SLEEPS_WINDOW_BITS)

static unsigned take(struct rp_sleeps *s, uint64_t now, unsigned tries, unsigned most)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < tries; i++)
		taken += rp_sleeps__take(s, now, most);
	return taken;
}

/* Each window has as many, however many the one before wanted. */
static void test_sleeps_of_a_window(void **state)
{
	struct rp_sleeps s = {0};

	(void)state;
	assert_int_equal(take(&s, 5 * WINDOW, 10, 7), 7);
	assert_int_equal(take(&s, 6 * WINDOW - 1, 10, 7), 0);
	assert_int_equal(take(&s, 6 * WINDOW, 3, 7), 3);
	assert_int_equal(take(&s, 6 * WINDOW + 1, 10, 7), 4);
	assert_int_equal(take(&s, 7 * WINDOW, 10, 7), 7);
	assert_int_equal(take(&s, 900 * WINDOW, 10, 7), 7);
	assert_int_equal(take(&s, 901 * WINDOW, 10, 0), 0);
}

/* Bits as linux/preempt.h has them. */
static void test_what_wakes(void **state)
{
	static const struct {
		uint32_t count, waker;
	} cases[] = {
		{0, 0},				/* a system call of the thread */
		{1, 0},				/* that holds a spinlock */
		{0x200, 0},			/* with softirqs disabled: the thread's own work */
		{0x201, 0},			/* both */
		{0x80000000, 0},		/* nobody else wants the CPU */
		{0x100, RP_WAKER_INTERRUPT},	/* in a softirq */
		{0x101, RP_WAKER_INTERRUPT},	/* that holds a spinlock */
		{0x300, RP_WAKER_INTERRUPT},	/* that has disabled others */
		{0x10000, RP_WAKER_INTERRUPT},	/* in a hard one */
		{0x10100, RP_WAKER_INTERRUPT},	/* that has come in a softirq */
		{0x100000, RP_WAKER_INTERRUPT}, /* in one that cannot be masked */
		{0x80010000, RP_WAKER_INTERRUPT},
		{0x01000000, RP_WAKER_UNKNOWN}, /* that is no such count */
		{0xffffffff, RP_WAKER_UNKNOWN},
		{0x7fff8000, RP_WAKER_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (rp_waker__of_preempt_count(cases[i].count) != cases[i].waker)
			fail_msg("%#x", cases[i].count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clocks_of_one_thread),
		cmocka_unit_test(test_sleeps_of_a_window),
		cmocka_unit_test(test_what_wakes),
	};

	return cmocka_run_group_tests_name("bpf samples", tests, NULL, NULL);
}

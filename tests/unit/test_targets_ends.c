// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Processes that end by a trap, or while nobody could be told. */
#include <signal.h>

#include "targets_fixture.h"

/* By a trap: perhaps by a breakpoint of ours. */
static void test_end_by_a_trap(void **state)
{
	struct rp_event event = {.header.type = RP_EVENT_EXIT,
				 .pid = PID,
				 .signal = SIGTRAP,
				 .time = rp_clock__now()};
	struct rp_targets_stats stats;

	(void)state;
	start_beside_another();
	rp_targets__on_event(f.targets, &event);
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.trapped, 1);
	event.signal = SIGKILL;
	rp_targets__on_event(f.targets, &event);
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.trapped, 1);
}

/* Its end was among the events that were lost: the kernel knows it no more. One that it does know
 * stays, and what came meanwhile is there from then on. */
static void test_end_that_was_lost(void **state)
{
	(void)state;
	start_beside_another();
	put_process(PID + 2, PID);
	fake_track(&f.kernel, PID + 2);
	assert_int_equal(processes(), 1);
	f.kernel.lost[RP_LOST_EVENTS]++;
	look();
	assert_int_equal(processes(), 2);
	fake_untrack(&f.kernel, PID);
	f.kernel.lost[RP_LOST_EVENTS]++;
	look();
	assert_int_equal(processes(), 1);
	assert_int_equal(links_of(&f.kernel, PID, 0), 0);
}

/* Of several that the kernel does not know any more each goes, and those between them stay. */
static void test_ends_of_several_that_were_lost(void **state)
{
	(void)state;
	start_beside_another();
	for (pid_t pid = PID + 1; pid < PID + 5; pid++) {
		put_process(pid, 1);
		map(pid, "prog");
		add(pid);
	}
	assert_int_equal(links_alive(&f.kernel), 5);
	fake_untrack(&f.kernel, PID);
	fake_untrack(&f.kernel, PID + 1);
	fake_untrack(&f.kernel, PID + 3);
	f.kernel.lost[RP_LOST_EVENTS]++;
	look();
	assert_int_equal(processes(), 2);
	assert_int_equal(links_of(&f.kernel, PID + 2, 0), 1);
	assert_int_equal(links_of(&f.kernel, PID + 4, 0), 1);
	assert_int_equal(links_alive(&f.kernel), 2);
	/* Those that stay are looked at, twice at most. */
	assert_in_range(f.kernel.n_seen, 2, 4);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TARGETS_TEST(test_end_by_a_trap),
		TARGETS_TEST(test_end_that_was_lost),
		TARGETS_TEST(test_ends_of_several_that_were_lost),
	};

	return cmocka_run_group_tests_name("targets_ends", tests, NULL, NULL);
}

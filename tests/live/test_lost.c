/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What is not measured is counted, by its reason. The reasons that are raised on purpose elsewhere:
 * label_reads in test_labels, stacks in test_stacks, spans in test_spans, unmatched in test_fibers,
 * late in test_short, moved in test_moved, samples and sleeps in test_asleep; unknown_events,
 * probes and files in the unit tests. A marker reads its name itself, and memory for a region stack
 * is there or not: name_reads and threads are not raised.
 */
#include <signal.h>
#include <string.h>

#include "live.h"

static uint64_t lost(json_t *json, const char *reason)
{
	live_assert_nothing_lost_but(json, reason);
	return live_u64(json_object_get(json, "lost"), reason);
}

/* Frames past the bound are lost, each time anew, and those above go on to be exact. */
static void depth(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "functions recursive 40 20",
					 "-f recurse -f leaf --max-depth 10");

	(void)state;
	assert_int_equal(live_sum(run.json, "recurse", "count"), 10 * 20);
	assert_int_equal(lost(run.json, "depth"), 30 * 20 + 40 * 20 - 9 * 20);
}

/* The roots of two threads are among them: of the target, and of what measures the probes. */
static void nodes(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "functions many 100", "-f part_* --max-nodes 4");
	uint64_t counted = live_sum(run.json, "part_one", "count") +
			   live_sum(run.json, "part_two", "count") +
			   live_sum(run.json, "part_three", "count");

	(void)state;
	assert_in_range(counted, 100, 599);
	assert_int_equal(counted + lost(run.json, "nodes"), 600);
}

/* The kernel awaits the returns of 64 calls of a thread. */
static void returns(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "functions recursive 80 5",
					 "-f recurse --exit return");

	(void)state;
	assert_int_equal(live_sum(run.json, "recurse", "count"), 64 * 5);
	assert_int_equal(lost(run.json, "returns"), 16 * 5);
}

/* Three names are known, the others are lost at their begin and at their end. */
static void names(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "marks_names 1 100", "--max-names 3");
	uint64_t counted = live_sum(run.json, "literal", "count") +
			   live_sum(run.json, "literal inner", "count") +
			   live_sum(run.json, "built_00", "count");

	(void)state;
	assert_int_equal(live_sum(run.json, "literal", "count"), 100);
	assert_int_equal(counted + lost(run.json, "names") / 2, 6 * 100);
}

/* Nobody reads the ring meanwhile: figures do not depend on it. */
static void events(void **state)
{
	const char *path = live_path("events.json");
	struct live_proc *target = live_target("forker tree 60 60 1"), *rptrace;
	json_t *json;

	(void)state;
	rptrace = live_rptrace_ready("-p %d -f fork_work --format json -o %s", target->pid, path);
	kill(rptrace->pid, SIGSTOP);
	live_finish(target);
	kill(rptrace->pid, SIGCONT);
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum(json, "fork_work", "count"), 60 * 60 + 60 + 1);
	assert_true(lost(json, "events") > 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(depth), cmocka_unit_test(nodes),  cmocka_unit_test(returns),
		cmocka_unit_test(names), cmocka_unit_test(events),
	};

	return live_main("lost", tests, LIVE_COUNT(tests));
}

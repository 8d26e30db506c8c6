/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Calls that do not nest on their thread: an end that names its call closes that one. */
#include <stdio.h>
#include <string.h>

#include "live.h"

#define ROUNDS 200

/* Of one name: what was timed, and what was left without its end. */
struct expected {
	const char *label;
	uint64_t count, unwound;
};

struct fiber_case {
	const char *mode;
	bool crossed;
	uint64_t unmatched;
	struct expected expected[5];
};

static const struct fiber_case cases[] = {
	{"nested", false, 0, {{"outer", ROUNDS, 0}, {"inner", ROUNDS, 0}}},
	{"taken-turns", true, 0, {{"outer", ROUNDS, 0}, {"inner", ROUNDS, 0}}},
	{"queue",
	 true,
	 0,
	 {{"step0", ROUNDS, 0},
	  {"step1", ROUNDS, 0},
	  {"step2", ROUNDS, 0},
	  {"step3", ROUNDS, 0},
	  {"step4", ROUNDS, 0}}},
	{"cut", true, 0, {{"outer", ROUNDS, 0}, {"inner", 0, ROUNDS}}},
	{"begun-before", true, ROUNDS, {{"outer", 0, ROUNDS}}},
};

static void fibers(void **state)
{
	const struct fiber_case *c = *state;
	struct live_run run;
	char target[64];

	snprintf(target, sizeof(target), "fibers %s %d", c->mode, ROUNDS);
	run = live_trace(LIVE_PID, target, "-u interpreter:call --label arg0:str");
	for (size_t i = 0; i < 5 && c->expected[i].label; i++) {
		const struct expected *e = &c->expected[i];

		assert_int_equal(live_sum_of(run.json, "call", e->label, "count"), e->count);
		assert_int_equal(live_sum_of(run.json, "call", e->label, "unwound"), e->unwound);
		assert_int_equal(live_sum_of(run.json, "call", e->label, "open"), 0);
	}
	assert_int_equal(live_u64(json_object_get(run.json, "lost"), "unmatched"), c->unmatched);
	assert_int_equal(json_is_true(json_object_get(live_region(run.json, "call"), "crossed")),
			 c->crossed);
}

#define SHARED_ROUNDS 2
/* Each fiber is in the region for so long at least: in time of the other's it would not be. */
#define SHARED_NS 40000000ull

/* Two fibers are in one region, which ends in the order in which it was begun. */
struct shared_case {
	const char *mode, *options, *region;
	bool crossed; /* what the end is about was told by the stack alone */
};

static const struct shared_case shared_cases[] = {
	{"marked", "", "shared", true},	 {"named", "", "shared", true},
	{"scoped", "", "shared", false}, {"paired", "-u shared:work", "work", true},
	{"leaving", "", "shared", true},
};

static void shared(void **state)
{
	const struct shared_case *c = *state;
	struct live_run run;
	char target[64];
	json_t *row;

	snprintf(target, sizeof(target), "fibers %s %d", c->mode, SHARED_ROUNDS);
	run = live_trace(LIVE_PID, target, c->options);
	row = live_region(run.json, c->region);
	assert_int_equal(live_u64(row, "count"), 2 * SHARED_ROUNDS);
	assert_int_equal(live_u64(row, "unwound"), 0);
	assert_int_equal(live_u64(row, "open"), 0);
	assert_true(live_u64(row, "min_ns") >= SHARED_NS);
	/* One is not in the other, which would have it in no total. */
	assert_true(live_u64(row, "total_ns") >= 2 * SHARED_ROUNDS * SHARED_NS);
	assert_int_equal(json_is_true(json_object_get(row, "crossed")), c->crossed);
	live_assert_nothing_lost(run.json);
	if (!strcmp(c->mode, "leaving"))
		assert_int_equal(live_u64(live_region(run.json, "left"), "unwound"),
				 2 * SHARED_ROUNDS);
}

int main(void)
{
	static struct CMUnitTest tests[LIVE_COUNT(cases) + LIVE_COUNT(shared_cases)];

	for (size_t i = 0; i < LIVE_COUNT(cases); i++)
		tests[i] = live_test(fibers, &cases[i], "%s", cases[i].mode);
	for (size_t i = 0; i < LIVE_COUNT(shared_cases); i++)
		tests[LIVE_COUNT(cases) + i] = live_test(shared, &shared_cases[i], "%s",
							 shared_cases[i].mode);
	return live_main("fibers", tests, LIVE_COUNT(tests));
}

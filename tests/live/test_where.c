/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * --where: calls of the kind that is asked for, all of them and no others; and labels by results.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live.h"

#define BATCHES 3
#define RETURNS 1000 /* calls of by_return and by_jump in each batch, as the target has it */

static struct live_run run_labels(const char *mode, const char *options)
{
	char target[64];
	struct live_run run;

	snprintf(target, sizeof(target), "labels %s", mode);
	run = live_trace(LIVE_PID, target, options);
	live_assert_nothing_lost(run.json);
	live_assert_rows(run.json);
	return run;
}

/* ---- which calls ----------------------------------------------------------------------------- */

struct where_case {
	const char *options, *mode, *region;
	uint64_t count;
};

#define VALUES "values 1 3000 100" /* by_value(0) to by_value(99), 30 times */

static const struct where_case where_cases[] = {
	{"--where arg0>=40", VALUES, "by_value", 1800},
	{"--where arg0>=40 --attach multi", VALUES, "by_value", 1800},
	{"--where arg0>=40 --attach perf", VALUES, "by_value", 1800},
	{"--where arg0>=40 --exit ret-sites", VALUES, "by_value", 1800},
	{"--where arg0<10||arg0==50||!(arg0<=97)", VALUES, "by_value", 390},
	{"--where arg0>-1&&arg0:u8!=7", VALUES, "by_value", 2970},
	{"--where arg0:i8<0&&arg0:u64>-1", "values 1 2560 256", "by_value", 1280},
	{"--where arg0<5&&dur<1000s", VALUES, "by_value", 150},
	/* Nothing takes so long; nor is there anything that it is compared with, or not. */
	{"--where arg0<5&&dur>1000s", VALUES, "by_value", 0},
	{"--where ret:i32<0", "returns 3", "by_return", 2 * 1200},
	{"--where ret:i32<0 --attach multi", "returns 3", "by_return", 2 * 1200},
	{"--where ret:i32<0 --attach perf", "returns 3", "by_return", 2 * 1200},
	{"--where ret:i32<0 --exit ret-sites", "returns 3", "by_return", 2 * 1200},
	{"--where ret:i32==2&&arg0<500", "returns 3", "by_return", 2 * 300},
	/* Where the function jumps to another, that one tells. */
	{"--where ret:i32<0||ret:i32>=0 --exit ret-sites", "returns 3", "by_jump", 3000},
	{"--where ret:i32<0||ret:i32>=0", "returns 3", "by_jump", 3000},
	{"--where arg0:str@arg1!='GET'", "sized 10", "by_sized", 60}, /* NULL is neither */
	{"--where arg0:str@arg1=~?[!O]*", "sized 10", "by_sized", 50},
	{"--where arg0:str@arg1=~*y*", "sized 10", "by_sized", 0},
	{"--where arg0:str@arg1==\"\"||arg0:str@arg1==\"e\\x6e\\d\"", "sized 10", "by_sized", 20},
	{"--where arg0:str@arg1=~*x&&ret:i32>64 --attach multi", "sized 10", "by_sized", 10},
	{"--where arg0:str@arg1=~GET*&&arg1:i32<0 --attach perf", "sized 10", "by_sized", 10},
	{"--where arg0=~*[89] --exit ret-sites", "texts 1 1000 10", "by_text", 200},
	{"--where !(dur>150ms)", "slow 3", "nap", 3},
	{"--where dur>150ms||arg0:u32==0", "slow 3", "nap", 6},
};

static void where(void **state)
{
	const struct where_case *c = *state;
	struct live_run run;
	char options[256];

	snprintf(options, sizeof(options), "-f %s %s", c->region, c->options);
	run = run_labels(c->mode, options);
	assert_int_equal(live_sum(run.json, c->region, "count"), c->count);
}

/* What is left out goes on to be the child of what calls it, and takes no row of its own. */
static void left_out(void **state)
{
	struct live_run run = run_labels(
		VALUES, "-f by_value -f batch --label arg0 --where arg0==8||arg0>1000");

	(void)state;
	assert_int_equal(live_rows(run.json, "by_value"), 1);
	assert_int_equal(live_sum_of(run.json, "by_value", "8", "count"), 30);
	assert_int_equal(live_sum(run.json, "batch", "count"), 1);
	assert_true(live_sum(run.json, "batch", "total_ns") -
			    live_sum(run.json, "batch", "self_ns") >
		    live_sum(run.json, "by_value", "total_ns"));
}

/* ---- what is left without its exit ----------------------------------------------------------- */

struct unwound_case {
	const char *options, *mode, *region;
	uint64_t count, unwound;
};

/* What is not known yet where a call is left, its duration and its result, counts as true. */
static const struct unwound_case unwound_cases[] = {
	{"--where arg0==5", "thrown 1000", "by_throw", 0, 100},
	{"--where arg0==5 --exit ret-sites", "thrown 1000", "by_throw", 0, 100},
	{"--where arg0==5 --attach multi", "thrown 1000", "by_throw", 0, 100},
	{"--where arg0==5", "thrown 1000", "by_catch", 100, 0},
	{"--where arg0>=8", "thrown 1000", "by_throw", 100, 100},
	{"--where arg0>=8&&dur>1000s", "thrown 1000", "by_throw", 0, 100},
	{"--where arg0>=8||dur>1000s", "thrown 1000", "by_throw", 100, 500},
	{"--where arg0<4", "cut 50", "by_depth", 0, 4},
	{"--where arg0<4 --exit ret-sites", "cut 50", "by_depth", 0, 4},
	{"", "cut 50", "by_depth", 0, 51},
};

static void unwound(void **state)
{
	const struct unwound_case *c = *state;
	struct live_run run;
	char options[256];

	snprintf(options, sizeof(options), "-f %s %s", c->region, c->options);
	run = run_labels(c->mode, options);
	assert_int_equal(live_sum(run.json, c->region, "count"), c->count);
	assert_int_equal(live_sum(run.json, c->region, "unwound"), c->unwound);
	assert_int_equal(live_sum(run.json, c->region, "open"), 0);
}

/* Ends that no begin is known of: what was not known at the begin may have been as is asked for. */
static const struct unwound_case unmatched_cases[] = {
	{"", "ends 100", "never_begun", 0, 99}, /* the first may have begun before */
	{"--where dur>1s", "ends 100", "never_begun", 0, 99},
	{"--where ret>0", "ends 100", "never_begun", 0, 0}, /* markers return nothing */
};

static void unmatched(void **state)
{
	const struct unwound_case *c = *state;
	struct live_run run;
	char options[256];

	snprintf(options, sizeof(options), "-u rptrace:%s %s", c->region, c->options);
	run = live_trace(LIVE_PID, "labels ends 100", options);
	assert_int_equal(live_u64(json_object_get(run.json, "lost"), "unmatched"), c->unwound);
}

/* ---- labels by results ----------------------------------------------------------------------- */

static const char *const methods[] = {"", "--attach multi", "--attach perf", "--exit ret-sites",
				      "--attach perf --exit ret-sites"};

static void returned(void **state)
{
	const char *method = *state;
	struct live_run run;
	char options[256];

	snprintf(options, sizeof(options),
		 "-f by_return -f by_jump -f return_all --label ret:i32 %s", method);
	run = run_labels("returns 3", options);
	for (int value = -2; value <= 2; value++) {
		char label[8];

		snprintf(label, sizeof(label), "%d", value);
		assert_int_equal(live_sum_of(run.json, "by_return", label, "count"),
				 2 * BATCHES * RETURNS / 5);
		assert_int_equal(live_sum_of(run.json, "by_jump", label, "count"),
				 BATCHES * RETURNS / 5);
	}
	assert_int_equal(live_sum(run.json, "by_return", "count"), 2 * BATCHES * RETURNS);
	assert_int_equal(live_sum(run.json, "by_jump", "count"), BATCHES * RETURNS);
	assert_int_equal(live_sum_of(run.json, "by_jump", "-", "count"), 0);
	assert_int_equal(live_sum(run.json, "return_all", "total_ns") -
				 live_sum(run.json, "return_all", "self_ns"),
			 live_sum(run.json, "by_jump", "total_ns") +
				 live_sum(run.json, "by_return", "total_ns") -
				 (live_sum(run.json, "by_jump", "total_ns") -
				  live_sum(run.json, "by_jump", "self_ns")));
}

int main(void)
{
	static struct CMUnitTest tests[LIVE_COUNT(where_cases) + LIVE_COUNT(unwound_cases) +
				       LIVE_COUNT(unmatched_cases) + LIVE_COUNT(methods) + 1];
	size_t n = 0;

	for (size_t i = 0; i < LIVE_COUNT(where_cases); i++)
		tests[n++] = live_test(where, &where_cases[i], "%s %s", where_cases[i].region,
				       where_cases[i].options);
	for (size_t i = 0; i < LIVE_COUNT(unwound_cases); i++)
		tests[n++] = live_test(unwound, &unwound_cases[i], "%s %s %s",
				       unwound_cases[i].mode, unwound_cases[i].region,
				       unwound_cases[i].options);
	for (size_t i = 0; i < LIVE_COUNT(unmatched_cases); i++)
		tests[n++] = live_test(unmatched, &unmatched_cases[i], "%s %s",
				       unmatched_cases[i].mode, unmatched_cases[i].options);
	for (size_t i = 0; i < LIVE_COUNT(methods); i++)
		tests[n++] = live_test(returned, methods[i], "returned %s", methods[i]);
	tests[n] = (struct CMUnitTest)cmocka_unit_test(left_out);
	return live_main("where", tests, LIVE_COUNT(tests));
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Functions that end in a jump to another one, by exit probes: all of their time is theirs. */
#include <stdio.h>
#include <string.h>

#include "live.h"

#define MS 1000000ull
#define ALL                                                                                        \
	"-f wrap -f first -f second -f third -f maybe -f through -f slow -f ping -f pong "         \
	"-f wrap_jump"

struct tail_case {
	const char *mode;
	const char *region; /* each call of it that gets to `finish` takes 1 ms or more */
	uint64_t calls, full;
	bool ends_at_jump;
};

static const struct tail_case cases[] = {
	{"direct 20", "wrap", 20, 20, false}, {"chain 20", "first", 20, 20, false},
	{"chain 20", "third", 20, 20, false}, {"maybe 20", "maybe", 20, 10, false},
	{"cold 20", "slow", 20, 10, false},   {"pointer 20", "through", 20, 0, true},
};

static struct live_run run_tails(const char *mode, const char *options)
{
	char target[64], line[512];

	snprintf(target, sizeof(target), "tails %s", mode);
	snprintf(line, sizeof(line), "--exit ret-sites %s", options);
#ifndef __x86_64__
	skip();
#endif
	return live_trace(LIVE_PID, target, line);
}

static json_t *row_of(const struct live_run *run, const char *name)
{
	json_t *rows = json_object_get(run->json, "regions"), *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (!strcmp(json_string_value(json_object_get(row, "name")), name))
			return row;
	fail_msg("no row %s", name);
	return NULL;
}

static void check(const struct tail_case *c, const char *options)
{
	struct live_run run = run_tails(c->mode, options);
	json_t *row = row_of(&run, c->region);

	assert_int_equal(live_sum(run.json, c->region, "count"), c->calls);
	assert_int_equal(live_sum(run.json, c->region, "unwound"), 0);
	assert_int_equal(live_sum(run.json, c->region, "open"), 0);
	assert_true(live_sum(run.json, c->region, "total_ns") >= c->full * MS);
	assert_int_equal(json_is_true(json_object_get(row, "ends_at_jump")), c->ends_at_jump);
	live_assert_nothing_lost(run.json);
}

/* The callee is no region. */
static void alone(void **state)
{
	const struct tail_case *c = *state;
	char options[64];

	snprintf(options, sizeof(options), "-f %s", c->region);
	check(c, options);
}

/* All that jumps is one, but for the callee; then the callee, too. */
static void together(void **state)
{
	check(*state, ALL);
	check(*state, ALL " -f finish");
}

static void back_and_forth_by(const char *options)
{
	struct live_run run = run_tails("pingpong 20", options);

	assert_int_equal(live_sum(run.json, "ping", "count"), 11 * 20);
	assert_int_equal(live_sum(run.json, "pong", "count"), 10 * 20);
	assert_int_equal(live_sum(run.json, "finish", "count"), 20);
	assert_int_equal(live_sum(run.json, "ping", "unwound"), 0);
	/* The outermost alone adds to the total of a region. */
	assert_true(live_sum(run.json, "ping", "total_ns") >= 20 * MS);
	assert_true(live_sum(run.json, "ping", "total_ns") >=
		    live_sum(run.json, "pong", "total_ns"));
	live_assert_nothing_lost(run.json);
}

/* A return probe of each awaits the one return that there is. */
static void back_and_forth(void **state)
{
	(void)state;
	back_and_forth_by("-f ping -f pong -f finish");
	back_and_forth_by("-f ping -f pong -f finish --exit return");
}

/* What was left by longjmp after its jump is not taken for open when the next is entered. */
static void left_after_jump(void **state)
{
	static const char *const options[] = {"-f wrap -f wrap_jump", ALL " -f finish",
					      ALL " -f leave_all"};

	(void)state;
	for (size_t i = 0; i < LIVE_COUNT(options); i++) {
		struct live_run run = run_tails("jump 20", options[i]);

		assert_int_equal(live_sum(run.json, "wrap", "count"), 20);
		assert_int_equal(live_sum(run.json, "wrap_jump", "count"), 0);
		assert_int_equal(live_sum(run.json, "wrap_jump", "unwound"), 20);
	}
}

int main(void)
{
	struct CMUnitTest tests[2 * LIVE_COUNT(cases) + 2];
	size_t n = 0;

	for (size_t i = 0; i < LIVE_COUNT(cases); i++) {
		tests[n++] = live_test(alone, &cases[i], "%s_of_%s_alone", cases[i].region,
				       cases[i].mode);
		tests[n++] = live_test(together, &cases[i], "%s_of_%s", cases[i].region,
				       cases[i].mode);
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(back_and_forth);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(left_after_jump);
	return live_main("tails", tests, n);
}

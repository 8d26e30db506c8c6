/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Counts are exact: of functions and markers, in threads, nested, recursive, by every method. */
#include <string.h>

#include "live.h"

struct counts_case {
	const char *target;
	const char *options;
	size_t regions; /* the target prints as many expectations; 0: it knows best */
};

/* Of a process, and of a command. */
static const struct counts_case cases[] = {
	{"functions counts 1 20000", "-f leaf", 1},
	{"functions counts 4 5000", "-f leaf", 1},
	{"functions counts 64 500", "-f leaf", 1},
	{"functions nested 1000", "-f outer -f middle -f inner", 3},
	{"functions recursive 40 200", "-f recurse -f leaf", 2},
	{"marks_c", "", 0},
	{"marks_cxx", "", 0},
	{"marks_names", "", 0},
};

/* Where it makes no difference. */
static const struct counts_case pid_cases[] = {
	{"functions pool 64 500", "-f leaf", 1},
	{"functions many 500", "-f part_*", 3},
	{"functions many 500", "-f functions:part_*", 3},
	{"functions many 500", "-f part_* -f *_two", 3},
	{"functions nested 500", "-f outer -f middle -f inner --attach session", 3},
	{"functions nested 500", "-f outer -f middle -f inner --attach multi", 3},
	{"functions nested 500", "-f outer -f middle -f inner --attach perf", 3},
	{"functions nested 500", "-f outer -f middle -f inner --exit return", 3},
	{"functions nested 500", "-f outer -f middle -f inner --exit ret-sites", 3},
	{"functions recursive 40 20", "-f recurse -f leaf --exit ret-sites", 2},
	{"functions pool 8 1000", "-f leaf --attach multi", 1},
	{"functions pool 8 1000", "-f leaf --exit ret-sites", 1},
	{"marks_c", "--attach multi", 0},
	{"marks_c", "--attach perf", 0},
};

static void exact(enum live_mode mode, const struct counts_case *c)
{
	struct live_run run = live_trace(mode, c->target, c->options);

	live_assert_expected(&run, c->regions);
	live_assert_nothing_lost(run.json);
	live_assert_sound(run.json);
}

static void by_pid(void **state)
{
	exact(LIVE_PID, *state);
}

static void by_command(void **state)
{
	exact(LIVE_COMMAND, *state);
}

/* Calls come from both: a name is one region however many threads and sites there are. */
static void excluded_are_left_out(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "functions many 100", "-f part_* -x *_two");

	(void)state;
	assert_int_equal(live_sum(run.json, "part_one", "count"), 100);
	assert_int_equal(live_sum(run.json, "part_three", "count"), 300);
	assert_null(live_find(run.json, "part_two"));
	live_assert_nothing_lost(run.json);
}

/* Blocks share the site of their ends: those of the others are no ends without a begin. */
static void excluded_blocks_are_left_out(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "marks_c 2 100", "-x by_*");

	(void)state;
	assert_int_equal(live_sum(run.json, "block_outer", "count"),
			 live_expected(run.said, "block_outer"));
	assert_null(live_find(run.json, "by_return"));
	live_assert_nothing_lost(run.json);
	live_assert_sound(run.json);
}

static void several_processes(void **state)
{
	const char *path = live_path("both.json");
	struct live_proc *a = live_target("functions counts 1 1000");
	struct live_proc *b = live_target("functions counts 2 700");
	struct live_proc *other = live_target("functions counts 1 5000");
	struct live_proc *rptrace;
	json_t *json;

	(void)state;
	rptrace = live_rptrace_ready("-p %d,%d -f leaf --format json -o %s", a->pid, b->pid, path);
	live_release(a);
	live_release(b);
	live_finish(other);
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum(json, "leaf", "count"), 1000 + 2 * 700);
	live_assert_nothing_lost(json);
	live_assert_sound(json);
}

static const struct CMUnitTest single[] = {
	cmocka_unit_test(excluded_are_left_out),
	cmocka_unit_test(excluded_blocks_are_left_out),
	cmocka_unit_test(several_processes),
};

int main(void)
{
	static struct CMUnitTest
		tests[2 * LIVE_COUNT(cases) + LIVE_COUNT(pid_cases) + LIVE_COUNT(single)];
	size_t n = 0;

	for (size_t i = 0; i < LIVE_COUNT(cases); i++) {
		const struct counts_case *c = &cases[i];

		tests[n++] = live_test(by_pid, c, "pid: %s %s", c->target, c->options);
		tests[n++] = live_test(by_command, c, "command: %s %s", c->target, c->options);
	}
	for (size_t i = 0; i < LIVE_COUNT(pid_cases); i++)
		tests[n++] = live_test(by_pid, &pid_cases[i], "pid: %s %s", pid_cases[i].target,
				       pid_cases[i].options);
	memcpy(&tests[n], single, sizeof(single));
	return live_main("counts", tests, LIVE_COUNT(tests));
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What starts or is loaded after attach is covered: children, programs executed, plugins. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "live.h"

struct follow_case {
	const char *name;
	enum live_mode mode;
	const char *target;
	const char *options;
	uint64_t count; /* of fork_work; 0: what the target expects */
};

/* 100 calls a process */
static const struct follow_case cases[] = {
	{"children and theirs, pid", LIVE_PID, "forker tree 3 2 100", "-f fork_work", 0},
	{"children and theirs, command", LIVE_COMMAND, "forker tree 3 2 100", "-f fork_work", 0},
	{"children that were there", LIVE_PID, "forker early 3 100", "-f fork_work", 0},
	{"a child executes the program again, pid", LIVE_PID, "forker exec 100", "-f fork_work", 0},
	{"a child executes the program again, command", LIVE_COMMAND, "forker exec 100",
	 "-f fork_work", 0},
	{"no-follow, pid", LIVE_PID, "forker tree 3 2 100", "--no-follow -f fork_work", 100},
	{"no-follow, command", LIVE_COMMAND, "forker tree 3 2 100", "--no-follow -f fork_work",
	 100},
	{"no-follow, children that were there", LIVE_PID, "forker early 3 100",
	 "--no-follow -f fork_work", 100},
	{"children with --attach perf", LIVE_PID, "forker tree 2 1 100",
	 "-f fork_work --attach perf", 0},
};

static void processes(void **state)
{
	const struct follow_case *c = *state;
	struct live_run run = live_trace(c->mode, c->target, c->options);
	uint64_t count = c->count ? c->count : live_expected(run.said, "fork_work");

	assert_int_equal(live_sum(run.json, "fork_work", "count"), count);
	live_assert_nothing_lost(run.json);
	live_assert_sound(run.json);
}

/* The end that the child reaches has no begin of its own, and is no second end of the parent's. */
static void fork_in_mid_region(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "forker midfork 20", "-f mid_work");

	(void)state;
	assert_int_equal(live_sum(run.json, "mid_work", "count"), 20);
	assert_int_equal(live_sum(run.json, "mid_work", "open"), 0);
}

/*
 * CPU time of processes that are gone as soon as they have ended. Both figures of the overhead rest
 * on the same cost of a probe, whatever that is: their quotient is the CPU time. It is what the
 * children spun for at the least, and at the most what the kernel told the target about all of it.
 */
static void assert_cpu_of_children(const char *target)
{
	struct live_run run = live_trace(LIVE_PID, target, "-f fork_work");
	const json_t *overhead = json_object_get(run.json, "overhead");
	double share = json_number_value(json_object_get(overhead, "cpu_share"));
	double cost = json_number_value(json_object_get(overhead, "ns_per_region")), cpu;
	const char *used = strstr(run.said, "\nused ");

	assert_int_equal(live_sum(run.json, "fork_work", "count"), 80);
	assert_true(share > 0);
	assert_non_null(used);
	cpu = 80 * cost / share;
	if (cpu < 8 * 50e6 || cpu > strtod(used + 6, NULL))
		fail_msg("%.0f ns, not between 400000000 and %s", cpu, used + 6);
}

static void cpu_of_ended_children(void **state)
{
	(void)state;
	assert_cpu_of_children("forker spin 8 10");
}

/* What a thread has used is there as long as its process is, the first one's, too. */
static void cpu_of_children_whose_first_thread_ends(void **state)
{
	(void)state;
	assert_cpu_of_children("forker leave 8 10");
}

/* A child executes another program, whose file the selection may or may not name. */
static void executes_another(void **state)
{
	const char *selection = *state, *path = live_path("other.json");
	struct live_proc *target = live_target("forker other 300"), *rptrace;
	json_t *json;

	rptrace = live_rptrace_ready("-p %d %s --format json -o %s", target->pid, selection, path);
	live_release(target);
	live_expect_line(target, "ready", 2);
	live_await_probes(target, "leaf", 16, 1);
	live_finish(target);
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum(json, "fork_work", "count"), 300);
	assert_int_equal(live_sum(json, "leaf", "count"), 300);
	live_assert_nothing_lost_but(json, "late");
	live_assert_sound(json);
	/* How long it ran without them is known where it did. */
	json = json_object_get(json, "lost");
	assert_int_equal(live_u64(json, "late") > 0, live_u64(json, "late_ns") > 0);
	assert_true(live_u64(json, "late_ns") < 3600000000000ull);
}

/* Load a plugin after attach, wait until `probes` are in place in `function`, count. */
static json_t *plugin_of(const char *command, const char *selection, const char *function,
			 unsigned probes)
{
	const char *path = live_path("plugin.json");
	struct live_proc *target = live_target("%s", command), *rptrace;
	json_t *json;

	rptrace = live_rptrace_ready("-p %d %s --format json -o %s", target->pid, selection, path);
	live_release(target);
	live_expect_line(target, "loaded", 1);
	live_await_probes(target, function, 48, probes);
	live_finish(target);
	json = live_figures(rptrace, path);
	live_assert_sound(json);
	return json;
}

static json_t *plugin(const char *selection, const char *function, unsigned probes)
{
	json_t *json = plugin_of("dlopener 400", selection, function, probes);

	/* It was mapped for a moment before the probes were there: that is said, though nothing
	 * ran. */
	live_assert_nothing_lost_but(json, "late");
	return json;
}

static void plugin_markers(void **state)
{
	json_t *json = plugin("", "plug_marked", 2);

	(void)state;
	assert_int_equal(live_sum(json, "plug_marker", "count"), 400);
	assert_string_equal(live_str(live_region(json, "plug_marker"), "kind"), "marker");
	assert_int_equal(live_sum(json, "host_marker", "count"), 400);
	assert_null(live_find(json, "plug_work"));
}

static void plugin_functions(void **state)
{
	json_t *json = plugin("-f host_work -f plugin.so:plug_* --exit return", "plug_marked", 1);

	(void)state;
	assert_int_equal(live_sum(json, "plug_work", "count"), 400);
	assert_int_equal(live_sum(json, "plug_marked", "count"), 400);
	assert_int_equal(live_sum(json, "host_work", "count"), 400);
	assert_null(live_find(json, "plug_marker"));
}

static void plugin_functions_anywhere(void **state)
{
	json_t *json = plugin("-f host_work -f *:plug_work --exit return", "plug_work", 1);

	(void)state;
	assert_int_equal(live_sum(json, "plug_work", "count"), 400);
}

/* Its begins are probed once a file with its end is mapped, and not before. */
static void span_into_a_plugin(void **state)
{
	const char *path = live_path("span.json");
	struct live_proc *target = live_target("dlopener 400"), *rptrace;
	json_t *json;

	(void)state;
	rptrace = live_rptrace_ready("-p %d -f host_work -f *:take_up:let_go@arg0 --format json "
				     "-o %s",
				     target->pid, path);
	live_release(target);
	live_expect_line(target, "loaded", 1);
	live_await_probes(target, "take_up", 48, 1);
	live_await_probes(target, "let_go", 48, 1);
	live_finish(target);
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum(json, "take_up-let_go", "count"), 400);
	assert_int_equal(live_sum(json, "take_up-let_go", "unwound"), 0);
	live_assert_sound(json);
}

/* Code that switches stacks, in another file than the functions: their returns are not probed. */
static void coroutines_of_a_library(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "turns early 300", "-f request");

	(void)state;
	live_assert_expected(&run, 1);
	live_assert_nothing_lost(run.json);
}

/* It is loaded and used before rptrace has seen it: no two returns are awaited on two stacks. */
static void coroutines_at_once(void **state)
{
	struct live_run run = live_trace(LIVE_COMMAND, "turns early 300", "-f request");
	json_t *row = live_region(run.json, "request");

	(void)state;
	assert_int_equal(live_u64(row, "count") + live_u64(row, "unwound"), 600);
	live_assert_rows(run.json);
}

/* What is left below the call of another coroutine is closed by no exit, however deep that is. */
static void coroutines_are_cut(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "turns cut 2000", "-f cut -f next");
	json_t *row = live_region(run.json, "cut");

	(void)state;
	assert_int_equal(live_u64(live_region(run.json, "next"), "count"), 4000);
	assert_int_equal(live_u64(row, "count"), 0);
	assert_int_equal(live_u64(row, "unwound"), 4000);
	live_assert_nothing_lost(run.json);
}

/* All files are searched before any of them is planned, whichever process comes first. */
static void coroutines_of_another_process(void **state)
{
	const char *path = live_path("turns.json");
	struct live_proc *without = live_target("turns late 300"),
			 *with = live_target("turns early 300"), *rptrace;
	json_t *json;

	(void)state;
	rptrace = live_rptrace_ready("-p %d,%d -f request --format json -o %s", without->pid,
				     with->pid, path);
	live_finish(with);
	kill(without->pid, SIGKILL);
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum(json, "request", "count"), 600);
	live_assert_nothing_lost(json);
}

/* It comes while returns are probed: the functions go over to RET sites. */
static void coroutines_come_later(void **state)
{
	const char *path = live_path("turns.json");
	struct live_proc *target = live_target("turns late 300"), *rptrace;
	json_t *json;

	(void)state;
	rptrace = live_rptrace_ready("-p %d -f request --format json -o %s", target->pid, path);
	live_release(target);
	live_expect_line(target, "loaded", 1);
	live_await_probes(target, "request", 48, 2);
	live_finish(target);
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum(json, "request", "count"), 600);
	live_assert_rows(json);
}

/* What is probed later is no excuse for an end that has no begin in what was probed before. */
static void plugin_beside_an_end(void **state)
{
	json_t *json = plugin_of("dlopener end 400", "", "plug_marked", 2);

	(void)state;
	assert_int_equal(live_sum(json, "host_marker", "count"), 400);
	assert_int_equal(live_sum(json, "host_marker", "unmatched"), 1);
}

/* ---- containers ------------------------------------------------------------------------------ */

/* They run one and the same file, under other numbers, and two of them are traced. */
static void trace_two_of(size_t n)
{
	const char *path = live_path("both.json"), *image = live_copy("functions", "image");
	struct live_proc *all[3], *rptrace;
	json_t *json;

	for (size_t i = 0; i < n; i++)
		all[i] = live_contained("--mount", image, "counts 1 700");
	rptrace = live_rptrace_ready("-p %d,%d -f leaf --by process --format json -o %s",
				     all[0]->pid, all[1]->pid, path);
	for (size_t i = 0; i < n; i++)
		live_release(all[i]);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(live_wait(all[i]), 0);
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum(json, "leaf", "count"), 1400);
	live_assert_nothing_lost(json);
	live_assert_sound(json);
}

/* No call counts twice. */
static void two_containers_of_one_image(void **state)
{
	(void)state;
	trace_two_of(2);
}

/* Beside another one, which is left alone, each has probes of its own. */
static void two_of_three_containers(void **state)
{
	(void)state;
	trace_two_of(3);
}

/* Nor by one process, which has the file from its container and from outside. */
static void one_file_under_two_numbers(void **state)
{
	const char *path = live_path("twice.json"), *host = live_copy("dlopener", "host");
	struct live_proc *target, *rptrace;
	json_t *json;

	(void)state;
	setenv("LD_PRELOAD", live_copy("plugin.so", "plugin.so"), 1);
	target = live_contained("--mount", host, "40");
	unsetenv("LD_PRELOAD");
	live_release(target);
	live_expect_line(target, "loaded", 1);
	rptrace = live_rptrace_ready("-p %d -f plugin.so:plug_work --format json -o %s",
				     target->pid, path);
	live_finish(target);
	json = live_figures(rptrace, path);
	assert_int_equal(live_u64(live_region(json, "plug_work"), "count"), 40);
	assert_int_equal(live_u64(live_region(json, "plug_work"), "unwound"), 0);
	live_assert_nothing_lost(json);
}

/* Where another container runs the file, too, it does not pay for the probes. */
static void another_container_is_left_alone(void **state)
{
	const char *path = live_path("one.json"), *image = live_copy("functions", "image");
	struct live_proc *a = live_contained("--mount", image, "counts 1 700"),
			 *b = live_contained("--mount", image, "counts 1 800"), *rptrace;

	(void)state;
	rptrace = live_rptrace_ready("-p %d -f leaf --format json -o %s", a->pid, path);
	assert_int_equal(live_probes(b, "leaf", 8), 0);
	assert_int_equal(live_probes(a, "leaf", 8), 1);
	live_finish(a);
	live_finish(b);
	assert_int_equal(live_sum(live_figures(rptrace, path), "leaf", "count"), 700);
}

static const struct CMUnitTest single[] = {
	cmocka_unit_test(fork_in_mid_region),
	cmocka_unit_test(cpu_of_ended_children),
	cmocka_unit_test(cpu_of_children_whose_first_thread_ends),
	{"executes another program", executes_another, NULL, NULL,
	 "-f fork_work -f leaf --exit return"},
	{"executes another program, by name", executes_another, NULL, NULL,
	 "-f fork_work -f functions:leaf --exit return"},
	cmocka_unit_test(plugin_markers),
	cmocka_unit_test(plugin_functions),
	cmocka_unit_test(plugin_functions_anywhere),
	cmocka_unit_test(span_into_a_plugin),
	cmocka_unit_test(coroutines_of_a_library),
	cmocka_unit_test(coroutines_at_once),
	cmocka_unit_test(coroutines_are_cut),
	cmocka_unit_test(coroutines_of_another_process),
	cmocka_unit_test(coroutines_come_later),
	cmocka_unit_test(plugin_beside_an_end),
	cmocka_unit_test(two_containers_of_one_image),
	cmocka_unit_test(two_of_three_containers),
	cmocka_unit_test(one_file_under_two_numbers),
	cmocka_unit_test(another_container_is_left_alone),
};

int main(void)
{
	static struct CMUnitTest tests[LIVE_COUNT(cases) + LIVE_COUNT(single)];
	size_t n = 0;

	for (; n < LIVE_COUNT(cases); n++)
		tests[n] = live_test(processes, &cases[n], "%s", cases[n].name);
	memcpy(&tests[n], single, sizeof(single));
	return live_main("follow", tests, LIVE_COUNT(tests));
}

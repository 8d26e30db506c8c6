/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What must hold on every kernel, for tests/kernels/run: counts are exact by each method of
 * attaching that the kernel has, the others are refused. Times are not looked at: the kernels run
 * under emulation.
 *
 * $KERNEL_METHODS is what the kernel has, the one that rptrace must choose first; $KERNEL_NOPS what
 * it does with nops: plain, nop5 (probed 5-byte nops are unsafe), nop10 (10-byte ones are fast).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live.h"

enum { EXIT_UNSUPPORTED = 4, RETURN_PROBES_MAX = 64 };

struct kernel_case {
	enum live_mode mode;
	const char *target;
	const char *options;
	bool every_method; /* not only by the one that rptrace chooses */
};

#define NESTED "-f outer -f middle -f inner"

static const struct kernel_case cases[] = {
	{LIVE_PID, "functions nested 100", NESTED " --exit return", true},
	{LIVE_PID, "functions nested 100", NESTED " --exit ret-sites", false},
	{LIVE_PID, "functions recursive 20 10", "-f recurse -f leaf", true},
	{LIVE_PID, "functions counts 4 250", "-f leaf", false},
	{LIVE_PID, "functions pool 4 250", "-f leaf", true},
	{LIVE_COMMAND, "marks_c 2 50", "", true},
	{LIVE_PID, "marks_names 2 50", "", true},
	{LIVE_PID, "marks_cxx", "", false},
	{LIVE_PID, "forker tree 2 1 50", "-f fork_work", true},
	{LIVE_COMMAND, "forker tree 2 1 50", "-f fork_work", false},
	{LIVE_PID, "forker early 3 50", "-f fork_work", false},
	{LIVE_PID, "forker exec 50", "-f fork_work", true},
};

/* A case by a method: what one test gets. */
struct kernel_test {
	const struct kernel_case *c;
	const char *method;
	char name[160];
};

static const char *const known_methods[] = {"session", "multi", "perf"};

static const char *methods(void)
{
	const char *methods = getenv("KERNEL_METHODS");

	return methods ? methods : "session multi perf";
}

static const char *nops(void)
{
	const char *nops = getenv("KERNEL_NOPS");

	return nops ? nops : "plain";
}

static bool has_method(const char *method)
{
	return strstr(methods(), method) != NULL;
}

static bool is_first(const char *method)
{
	return strncmp(methods(), method, strlen(method)) == 0;
}

static const char *with_method(const char *options, const char *method)
{
	static char line[256];

	snprintf(line, sizeof(line), "%s --attach %s", options, method);
	return line;
}

static void exact(void **state)
{
	const struct kernel_test *t = *state;
	struct live_run run = live_trace(t->c->mode, t->c->target,
					 with_method(t->c->options, t->method));

	live_assert_expected(&run, 0);
	live_assert_nothing_lost(run.json);
}

/* ---- methods --------------------------------------------------------------------------------- */

static void the_best_method_is_chosen(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "functions counts 1 50", "-f leaf");
	const char *mode = live_str(json_object_get(run.json, "attach"), "mode");

	(void)state;
	printf("method: %s\n", mode);
	live_assert_expected(&run, 1);
	assert_true(is_first(mode));
}

static void refused(void **state)
{
	const struct kernel_test *t = *state;
	struct live_proc *rptrace = live_rptrace("-f leaf --attach %s -- %s", t->method,
						 live_target_path("functions counts 1 1"));

	assert_int_equal(live_wait(rptrace), EXIT_UNSUPPORTED);
	assert_non_null(strstr(rptrace->err, "rptrace: this kernel has no "));
	assert_string_equal(rptrace->out, "");
}

/* ---- sites ----------------------------------------------------------------------------------- */

static const char *sites(void)
{
	return strcmp(nops(), "nop5") ? "sites 50 nop5" : "sites 50";
}

/* USDT probes with and without semaphore, at all kinds of nop, that fork and go on. */
static void every_kind_of_nop(void **state)
{
	const struct kernel_test *t = *state;
	struct live_run run = live_trace(LIVE_PID, sites(),
					 with_method("-f open_* -u kernels:*", t->method));

	live_assert_expected(&run, 0);
	live_assert_nothing_lost(run.json);
}

/* The 1-byte nop is probed, or the 10-byte one behind it where that is the fast one. */
static void the_fast_nop_is_probed(void **state)
{
	struct live_proc *target = live_target("%s", sites()), *rptrace;

	(void)state;
	rptrace = live_rptrace_ready("-p %d -u kernels:both", target->pid);
	assert_int_equal(live_probes(target, "at_nop1_nop10", 1), strcmp(nops(), "nop10") ? 1 : 0);
	assert_int_equal(live_probes(target, "at_nop1_nop10", 2), 1);
	live_release(target);
	assert_int_equal(live_wait(target), 0);
	assert_int_equal(live_wait(rptrace), 0);
}

/* ---- frames ------------------------------------------------------------------------------------
 */

static void labels(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "marks_c 2 100", "--by label");
	unsigned found = 0;
	json_t *row;
	size_t i;

	(void)state;
	live_assert_expected(&run, 0);
	live_assert_nothing_lost(run.json);
	json_array_foreach (live_array(run.json, "regions"), i, row) {
		if (strcmp(live_str(row, "name"), "negative"))
			continue;
		assert_int_equal(live_u64(row, "count"), 50);
		assert_true(atoi(live_str(row, "group")) < 0);
		found++;
	}
	assert_int_equal(found, 4);
}

/* Past the kernel's limit of return probes: what has none is counted as lost, the rest is exact. */
static void deep_recursion(void **state)
{
	const struct kernel_test *t = *state;
	struct live_run run = live_trace(LIVE_PID, "functions recursive 100 5",
					 with_method("-f recurse --exit return", t->method));

	assert_int_equal(live_sum(run.json, "recurse", "count"), 5 * RETURN_PROBES_MAX);
	assert_int_equal(live_u64(json_object_get(run.json, "lost"), "returns"),
			 5 * (100 - RETURN_PROBES_MAX));
	live_assert_nothing_lost_but(run.json, "returns");
}

static void left_by_longjmp(void **state)
{
	const struct kernel_test *t = *state;
	struct live_run run = live_trace(
		LIVE_PID, "functions jump 50",
		with_method("-f catcher -f jumper --exit return", t->method));

	assert_int_equal(live_sum(run.json, "catcher", "count"), 50);
	assert_int_equal(live_sum(run.json, "jumper", "count"), 0);
	assert_int_equal(live_sum(run.json, "jumper", "unwound"), 50);
	live_assert_nothing_lost(run.json);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static json_t *ended_with(const char *target, int status)
{
	const char *path = live_path("ended.json");
	struct live_proc *rptrace = live_rptrace("-f leaf -f asleep_in --format json -o %s -- %s",
						 path, live_target_path(target));

	assert_int_equal(live_wait(rptrace), status);
	return live_load(path);
}

static void the_target_ends(void **state)
{
	(void)state;
	assert_int_equal(live_sum(ended_with("functions exit 7", 7), "leaf", "count"), 10);
}

static void the_target_is_killed(void **state)
{
	const char *path = live_path("killed.json");
	struct live_proc *target = live_target("functions stuck");
	struct live_proc *rptrace = live_rptrace_ready(
		"-p %d -f leaf -f asleep_in --exit return --format json -o %s", target->pid, path);
	json_t *json;

	(void)state;
	live_release(target);
	live_expect_line(target, "in asleep_in", 1);
	kill(target->pid, SIGKILL);
	assert_int_equal(live_wait(target), 128 + SIGKILL);
	assert_int_equal(live_wait(rptrace), 0);
	json = live_load(path);
	assert_int_equal(live_sum(json, "leaf", "count"), 10);
	assert_int_equal(live_sum(json, "asleep_in", "unwound"), 1);
	live_assert_nothing_lost(json);
}

/* No probe stays behind, even if rptrace had no time to take them out. */
static void rptrace_is_killed(void **state)
{
	const struct kernel_test *t = *state;
	struct live_proc *target = live_target("functions forever");
	struct live_proc *rptrace = live_rptrace_ready("-p %d -f leaf --attach %s", target->pid,
						       t->method);

	live_release(target);
	live_expect_line(target, "running", 1);
	assert_true(live_probes(target, "leaf", 16) > 0);
	kill(rptrace->pid, SIGKILL);
	assert_int_equal(live_wait(rptrace), 128 + SIGKILL);
	live_await_probes(target, "leaf", 16, 0);
	live_close(target);
	assert_int_equal(live_wait(target), 0);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static const struct CMUnitTest once[] = {
	cmocka_unit_test(the_best_method_is_chosen),
	cmocka_unit_test(the_fast_nop_is_probed),
	cmocka_unit_test(labels),
	cmocka_unit_test(the_target_ends),
	cmocka_unit_test(the_target_is_killed),
};

static const struct CMUnitTest by_method[] = {
	cmocka_unit_test(every_kind_of_nop),
	cmocka_unit_test(deep_recursion),
	cmocka_unit_test(left_by_longjmp),
	cmocka_unit_test(rptrace_is_killed),
};

#define TESTS_MAX                                                                                  \
	(LIVE_COUNT(once) +                                                                        \
	 LIVE_COUNT(known_methods) * (LIVE_COUNT(cases) + LIVE_COUNT(by_method) + 1))

static struct kernel_test states[TESTS_MAX];
static struct CMUnitTest tests[TESTS_MAX];
static size_t n_tests;

static void add(const char *name, CMUnitTestFunction fn, const struct kernel_case *c,
		const char *method)
{
	struct kernel_test *t = &states[n_tests];

	t->c = c;
	t->method = method;
	snprintf(t->name, sizeof(t->name), "%s: %s%s%s", method, name, c ? " " : "",
		 c ? c->options : "");
	tests[n_tests++] = (struct CMUnitTest){
		.name = t->name, .test_func = fn, .initial_state = t};
}

static void add_method(const char *method)
{
	if (!has_method(method)) {
		add("refused", refused, NULL, method);
		return;
	}
	for (size_t i = 0; i < LIVE_COUNT(cases); i++)
		if (cases[i].every_method || is_first(method))
			add(cases[i].target, exact, &cases[i], method);
	for (size_t i = 0; i < LIVE_COUNT(by_method); i++)
		add(by_method[i].name, by_method[i].test_func, NULL, method);
}

int main(void)
{
	for (size_t i = 0; i < LIVE_COUNT(once); i++)
		tests[n_tests++] = once[i];
	for (size_t i = 0; i < LIVE_COUNT(known_methods); i++)
		add_method(known_methods[i]);
	return live_main("kernels", tests, n_tests);
}

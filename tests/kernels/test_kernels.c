/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What must hold on every kernel, for tests/kernels/run: counts are exact by each method of
 * attaching that the kernel has, the others are refused. Times are not looked at: the kernels run
 * under emulation.
 *
 * $KERNEL_METHODS is what the kernel has, the one that rptrace must choose first; $KERNEL_NOPS what
 * it does with nops: plain, nop5 (probed 5-byte nops are unsafe), nop10 (10-byte ones are fast).
 * $KERNEL_BRIEF: what the verifier takes half a minute for under emulation is loaded by the best
 * method alone; the programs of the others differ from it in where they are attached. If it is
 * `least`, only what a kernel itself may do in another way is tried, by the best method.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live.h"

enum { EXIT_UNSUPPORTED = 4, RETURN_PROBES_MAX = 64, TARGETS_MAX = 7 };

static const char *const known_methods[] = {"session", "multi", "perf"};

static const char *methods(void)
{
	const char *methods = getenv("KERNEL_METHODS");

	return methods ? methods : "session multi perf";
}

static bool is_best(const char *method)
{
	return strncmp(methods(), method, strlen(method)) == 0;
}

static bool is_least(void)
{
	const char *brief = getenv("KERNEL_BRIEF");

	return brief && !strcmp(brief, "least");
}

static const char *nops(void)
{
	const char *nops = getenv("KERNEL_NOPS");

	return nops ? nops : "plain";
}

/* ---- many targets at once: to load the programs takes seconds under emulation ---------------- */

static char said[16384];

static struct live_run together(const char *const *targets, size_t n, const char *options,
				const char *method)
{
	const char *path = live_path("together.json");
	struct live_proc *procs[TARGETS_MAX], *rptrace;
	char pids[64] = "";

	assert_true(n <= TARGETS_MAX);
	said[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		procs[i] = live_target("%s", targets[i]);
		snprintf(pids + strlen(pids), sizeof(pids) - strlen(pids), "%s%d", i ? "," : "",
			 procs[i]->pid);
	}
	rptrace = live_rptrace_ready("-p %s %s --attach %s --format json -o %s", pids, options,
				     method, path);
	for (size_t i = 0; i < n; i++)
		live_release(procs[i]);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(live_wait(procs[i]), 0);
		assert_true(strlen(said) + strlen(procs[i]->out) < sizeof(said));
		strcat(said, procs[i]->out);
	}
	return (struct live_run){
		.rptrace = rptrace, .said = said, .json = live_figures(rptrace, path)};
}

#define FUNCTIONS                                                                                  \
	"-f outer -f middle -f inner -f leaf -f fork_work -f catcher -f jumper -f nest -f step "   \
	"-f open_* -u kernels:*"
#define DEPTH  100
#define ROUNDS 5

/*
 * Functions in threads, in children, nested, left by longjmp, under a seccomp filter that allows
 * next to nothing; at all kinds of nop, and USDT probes there, with and without semaphore. Each
 * target names regions of its own; the last says how deep it went, of which what is deeper than
 * `depth` is lost.
 */
static void functions_hold(const char *exits, const char *method, unsigned depth)
{
	const char *const targets[] = {
		"functions nested 100",
		"functions pool 200 10",
		"functions jump 50",
		"forker tree 2 1 50",
		strcmp(nops(), "nop5") ? "sites 50 nop5" : "sites 50",
		"processes seccomp 50",
		"threads deep 100 5",
	};
	char options[256];
	struct live_run run;
	json_t *lost;

	snprintf(options, sizeof(options), FUNCTIONS " --exit %s", exits);
	run = together(targets, LIVE_COUNT(targets), options, method);
	lost = json_object_get(run.json, "lost");
	assert_int_equal(live_u64(lost, "returns"), (DEPTH - depth) * ROUNDS);
	live_assert_nothing_lost_but(run.json, "returns");
	sprintf(strstr(said, "expect nest "), "expect nest %u\n", depth * ROUNDS);
	live_assert_expected(&run, 0);
}

static void functions_by_return(void **state)
{
	functions_hold("return", *state, RETURN_PROBES_MAX);
}

static void functions_by_their_exits(void **state)
{
	functions_hold("ret-sites", *state, DEPTH);
}

/* Filters, and labels that the exit tells; of every 5 calls of each, 4 do not return 0. */
static void calls_of_a_kind(void **state)
{
	char options[256];
	struct live_run run;

	snprintf(options, sizeof(options),
		 "-f by_return -f by_jump --where arg0<500&&ret:i32!=0&&dur<1000s --label ret:i32 "
		 "--attach %s",
		 (const char *)*state);
	run = live_trace(LIVE_COMMAND, "labels returns 2", options);
	live_assert_nothing_lost(run.json);
	assert_int_equal(live_sum(run.json, "by_return", "count"), 2 * 2 * 400);
	assert_int_equal(live_sum(run.json, "by_jump", "count"), 2 * 400);
	assert_int_equal(json_array_size(live_array(run.json, "regions")), 2 * 4);
}

/* Strings with a length as labels, and compared with; of each of eight kinds ten. */
static void strings_of_a_kind(void **state)
{
	char options[256];
	struct live_run run;

	snprintf(options, sizeof(options),
		 "-f by_sized --label arg0:str@arg1 --where "
		 "arg0:str@arg1=~[GP]*T||arg0:str@arg1=='end' "
		 "--attach %s",
		 (const char *)*state);
	run = live_trace(LIVE_COMMAND, "labels sized 10", options);
	live_assert_nothing_lost(run.json);
	assert_int_equal(live_sum_of(run.json, "by_sized", "GET", "count"), 10);
	assert_int_equal(live_sum_of(run.json, "by_sized", "POST", "count"), 10);
	assert_int_equal(live_sum_of(run.json, "by_sized", "end", "count"), 10);
	assert_int_equal(json_array_size(live_array(run.json, "regions")), 3);
}

/* Inside of some regions, and a span from one function to another. */
static void inside_of_regions(void **state)
{
	char options[256];
	struct live_run run;

	snprintf(options, sizeof(options),
		 "-f handle -f helper -f work -u rptrace*:job --within handle --attach %s",
		 (const char *)*state);
	run = live_trace(LIVE_COMMAND, "within 40", options);
	live_assert_nothing_lost(run.json);
	assert_int_equal(live_sum(run.json, "helper", "count"), 150);
	assert_int_equal(live_sum(run.json, "work", "count"), 150);
	assert_int_equal(live_sum(run.json, "job", "count"), 50);
	snprintf(options, sizeof(options), "-f take_up:let_go@arg0 --attach %s",
		 (const char *)*state);
	run = live_trace(LIVE_COMMAND, "spans loop 800", options);
	live_assert_nothing_lost(run.json);
	assert_int_equal(live_sum(run.json, "take_up-let_go", "count"), 800);
}

/* Calls that overlap, and a label that is frequent past the bound. */
static void overlaps_and_late_labels(void **state)
{
	struct live_run run = live_trace(LIVE_COMMAND, "spans overlaps 100", "-u spans:*");
	json_t *row;
	size_t i, late = 0;

	(void)state;
	assert_string_equal(live_str(live_region(run.json, "pool"), "overlaps"), "@arg1");
	assert_string_equal(live_str(live_region(run.json, "recur"), "overlaps"), "");
	run = live_trace(LIVE_COMMAND, "labels late 2000", "-f by_value --label arg0");
	assert_int_equal(live_sum(run.json, "by_value", "count"), 16000);
	json_array_foreach (live_array(run.json, "regions"), i, row)
		late += json_is_true(json_object_get(row, "late"));
	assert_int_equal(late, 1);
}

/* Static names, values, blocks, and names made at run time, which have semaphores. */
static void markers(void **state)
{
	const char *const targets[] = {"marks_names 2 50", "marks_c 2 100", "marks_cxx 2 50",
				       "spans processes 200"};
	struct live_run run = together(targets, LIVE_COUNT(targets), "--by label", *state);
	unsigned found = 0;
	json_t *row;
	size_t i;

	live_assert_nothing_lost(run.json);
	live_assert_expected(&run, 0);
	json_array_foreach (live_array(run.json, "regions"), i, row) {
		if (strcmp(live_str(row, "name"), "negative"))
			continue;
		assert_int_equal(live_u64(row, "count"), 50);
		assert_true(atoi(live_str(row, "group")) < 0);
		found++;
	}
	assert_int_equal(found, 4);
}

/* ---- methods --------------------------------------------------------------------------------- */

static void the_best_method_is_chosen(void **state)
{
	struct live_run run = live_trace(LIVE_COMMAND, "forker exec 50", "-f fork_work");
	const char *mode = live_str(json_object_get(run.json, "attach"), "mode");

	(void)state;
	printf("method: %s\n", mode);
	assert_true(is_best(mode));
	live_assert_expected(&run, 1);
	live_assert_nothing_lost(run.json);
}

static void refused(void **state)
{
	const char *method = *state;
	struct live_proc *rptrace = live_rptrace("-f leaf --attach %s -- %s", method,
						 live_target_path("functions counts 1 1"));

	assert_int_equal(live_wait(rptrace), EXIT_UNSUPPORTED);
	assert_non_null(strstr(rptrace->err, "rptrace: this kernel has no "));
	assert_string_equal(rptrace->out, "");
}

/* ---- no target ------------------------------------------------------------------------------- */

/* Before the trace began, after that, and after that in a file that nobody has seen. */
static void the_whole_system(void **state)
{
	const char *path = live_path("system.json");
	struct live_proc *targets[3] = {live_target("system 30")}, *rptrace;
	json_t *json;

	(void)state;
	rptrace = live_rptrace_ready("--by process --format json -o %s", path);
	targets[1] = live_target("system 31");
	targets[2] = live_start("%s 32", live_copy("system", "unseen"));
	live_await_probes(targets[2], "sys_work", 48, 2);
	for (size_t i = 0; i < 3; i++)
		live_finish(targets[i]);
	kill(rptrace->pid, SIGINT);
	json = live_figures(rptrace, path);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(live_sum_pid(json, "sys_marker", targets[i]->pid, "count"),
				 30 + i);
	live_assert_nothing_lost_but(json, "late");
}

/* ---- ends ------------------------------------------------------------------------------------ */

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
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum(json, "leaf", "count"), 10);
	assert_int_equal(live_sum(json, "asleep_in", "unwound"), 1);
	live_assert_nothing_lost(json);
}

/* With their region, and whole stacks of code without frame pointers. */
static void samples_are_taken(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "sampled alone 500", "-f seven --sample");
	json_t *samples = json_object_get(run.json, "samples");
	json_t *stacks = json_object_get(samples, "stacks");

	(void)state;
	assert_true(live_u64(samples, "taken") > 0);
	assert_true(live_u64(live_region(run.json, "seven"), "samples") > 0);
	assert_true(2 * live_u64(stacks, "complete") > live_u64(samples, "taken"));
}

/* All that the kernel has added up is in stacks: those of two functions, and of the kernel. */
static void sleeps_are_told(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "asleep places", "-f both --off-cpu --sample");
	json_t *both = live_region(run.json, "both"), *line;
	uint64_t sum = 0, by_poll = 0, in_kernel = 0;
	size_t i;

	(void)state;
	json_array_foreach (json_object_get(both, "asleep_lines"), i, line) {
		sum += live_u64(line, "self_ns");
		if (!strcmp(live_str(line, "function"), "by_poll"))
			by_poll += live_u64(line, "cumulative_ns");
		if (!strcmp(live_str(line, "object"), "[kernel]"))
			in_kernel += live_u64(line, "self_ns");
	}
	assert_int_equal(sum, live_u64(both, "asleep_ns"));
	assert_true(by_poll > 0);
	assert_int_equal(in_kernel, sum);
}

/* Who ends sleep, as interrupts are told apart in another way on some kernels. */
static void wakers_are_told(void **state)
{
	static const struct {
		const char *target, *sleeper, *kind;
	} modes[] = {{"wakers mutex 200", "lock_wait", "region"},
		     {"wakers timer 200", "nap", "interrupt"}};

	(void)state;
	for (size_t i = 0; i < LIVE_COUNT(modes); i++) {
		struct live_run run = live_trace(LIVE_PID, modes[i].target, "--wakers");
		json_t *row = live_region(run.json, modes[i].sleeper),
		       *most = json_array_get(live_array(row, "wakers"), 0);

		assert_string_equal(live_str(most, "kind"), modes[i].kind);
		assert_true(live_u64(most, "blocked_ns") > 0);
		/* An emulated machine stands still at times, between two clocks that are read. */
		assert_true(live_u64(most, "blocked_ns") <= 2 * live_u64(row, "blocked_ns"));
	}
}

/* With all that a record takes, the programs are larger. */
static void calls_are_recorded(void **state)
{
	const char *path = live_path("calls.rpt");
	struct live_proc *rptrace = live_start(
		"%s record --every 1 -f outer -f middle -f inner -o %s -- %s", live_program(), path,
		live_target_path("threads busy 2 100"));

	(void)state;
	live_release(rptrace);
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->err, "\nrptrace: 1000 instances in "));
	rptrace = live_start("%s record -o %s -- %s", live_program(), path,
			     live_target_path("spans pool 100"));
	live_release(rptrace);
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->err, "\nrptrace: 100 instances in "));
}

/*
 * The 1-byte nop is probed, or the 10-byte one behind it where that is the fast one; and no probe
 * stays behind, even if rptrace had no time to take it out.
 */
static void probes_come_and_go(void **state)
{
	struct live_proc *target = live_target("functions forever"),
			 *sites = live_target("sites 50");
	struct live_proc *rptrace = live_rptrace_ready(
		"-p %d,%d -f leaf -u kernels:both --attach %s", target->pid, sites->pid,
		(const char *)*state);

	assert_int_equal(live_probes(sites, "at_nop1_nop10", 1), strcmp(nops(), "nop10") ? 1 : 0);
	assert_int_equal(live_probes(sites, "at_nop1_nop10", 2), 1);
	live_finish(sites);
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

/* Methods, processes, samples, and code that is changed. */
static const struct CMUnitTest least[] = {
	cmocka_unit_test(the_best_method_is_chosen),
	cmocka_unit_test(the_whole_system),
	cmocka_unit_test(samples_are_taken),
	cmocka_unit_test(probes_come_and_go),
};

static const struct CMUnitTest once[] = {
	cmocka_unit_test(functions_by_their_exits), cmocka_unit_test(markers),
	cmocka_unit_test(the_target_is_killed),	    cmocka_unit_test(sleeps_are_told),
	cmocka_unit_test(wakers_are_told),	    cmocka_unit_test(calls_are_recorded),
	cmocka_unit_test(overlaps_and_late_labels),
};

static const struct CMUnitTest by_method[] = {cmocka_unit_test(functions_by_return)};

static const struct CMUnitTest large_by_method[] = {cmocka_unit_test(calls_of_a_kind),
						    cmocka_unit_test(strings_of_a_kind),
						    cmocka_unit_test(inside_of_regions)};

static const struct CMUnitTest without_method[] = {cmocka_unit_test(refused)};

static struct CMUnitTest
	tests[LIVE_COUNT(least) + LIVE_COUNT(once) +
	      LIVE_COUNT(known_methods) * (LIVE_COUNT(by_method) + LIVE_COUNT(large_by_method))];
static size_t n_tests;

static void add(const struct CMUnitTest *some, size_t n, const char *method)
{
	for (size_t i = 0; i < n; i++)
		tests[n_tests++] = live_test(some[i].test_func, method, "%s: %s", method,
					     some[i].name);
}

int main(void)
{
	add(least, LIVE_COUNT(least), "auto");
	if (!is_least())
		add(once, LIVE_COUNT(once), "auto");
	for (size_t i = 0; i < LIVE_COUNT(known_methods); i++) {
		const char *method = known_methods[i];

		if (is_least() && !is_best(method))
			continue;
		if (!strstr(methods(), method)) {
			add(without_method, LIVE_COUNT(without_method), method);
			continue;
		}
		add(by_method, LIVE_COUNT(by_method), method);
		if (!is_least() && (!getenv("KERNEL_BRIEF") || is_best(method)))
			add(large_by_method, LIVE_COUNT(large_by_method), method);
	}
	return live_main("kernels", tests, n_tests);
}

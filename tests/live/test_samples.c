// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Samples against what a target says that it has spent. A share of n samples differs from the true
 * one by chance: by six standard deviations once in 500 million runs.
 *
 * Of time for which no sample came nothing is known. A machine that stands still for a while, as
 * virtual ones do, has its clock tick once where it would have many times: all of that time may
 * have been one function's.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "live.h"

#define DEVIATIONS 6
#define HZ	   997

/* What it says in a line that begins so. */
static double told(const char *said, const char *what, const char *name)
{
	char begin[64];
	const char *at;

	snprintf(begin, sizeof(begin), "%s %s ", what, name);
	at = strstr(said, begin);
	assert_non_null(at);
	return strtod(at + strlen(begin), NULL);
}

/* The line of a function, of those that a row or the snapshot has; 0 where it has none. */
static uint64_t samples_of(const json_t *owner, const char *function, const char *key)
{
	const json_t *lines = json_object_get(owner, "lines");
	uint64_t sum = 0;

	assert_true(json_is_array(lines));
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *line = json_array_get(lines, i);

		if (!strcmp(live_str(line, "function"), function))
			sum += live_u64(line, key);
	}
	return sum;
}

/*
 * The samples of the line of the function that has most. The sum may be higher: a sample of
 * recursion has several lines of it, as one call is being left and the others wait.
 */
static uint64_t samples_of_one_line(const json_t *owner, const char *function)
{
	const json_t *lines = json_object_get(owner, "lines");
	uint64_t most = 0;

	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *line = json_array_get(lines, i);
		uint64_t samples = live_u64(line, "cumulative");

		if (!strcmp(live_str(line, "function"), function) && samples > most)
			most = samples;
	}
	return most;
}

/* Of the CPU time that both have had, in ns. */
static void assert_share(double part, double all, double truth, double spent)
{
	double wanted = spent * HZ / 1e9, unseen = all < wanted ? 1 - all / wanted : 0;
	double limit = DEVIATIONS * sqrt(truth * (1 - truth) / all) + unseen;

	if (fabs(part / all - truth) > limit)
		fail_msg("%.0f of %.0f samples, %.3f, but it is %.3f +- %.3f", part, all,
			 part / all, truth, limit);
}

/* Nothing was lost, and no thread was sampled twice. */
static json_t *samples_object(json_t *json)
{
	json_t *samples = json_object_get(json, "samples");

	assert_int_equal(live_u64(samples, "hz_wanted"), HZ);
	assert_int_equal(live_u64(samples, "lost"), 0);
	assert_int_equal(live_u64(samples, "dropped"), 0);
	assert_true(json_number_value(json_object_get(samples, "hz_achieved")) < 1.1 * HZ);
	return samples;
}

static void assert_shares_are_right(const struct live_run *run)
{
	double a = (double)samples_of(run->json, "seven", "self"),
	       b = (double)samples_of(run->json, "three", "self");
	double seven = told(run->said, "spent", "seven");
	double spent = seven + told(run->said, "spent", "three");

	assert_true(a + b > 300);
	assert_share(a, a + b, seven / spent, spent);
	assert_true((double)live_u64(samples_object(run->json), "taken") >= a + b);
	/* All were called by it. */
	assert_true((double)samples_of(run->json, "take", "cumulative") >= 0.98 * (a + b));
	live_assert_nothing_lost(run->json);
}

static void shares_are_right(void **state)
{
	struct live_run run = live_trace(LIVE_PID, *state, "--sample");

	assert_shares_are_right(&run);
}

static void steps_are_not_kept(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "sampled step 1500", "--sample");
	double seven = told(run.said, "spent", "seven");
	double spent = seven + told(run.said, "spent", "three");
	double a = (double)samples_of(run.json, "long_part", "cumulative");
	double b = (double)samples_of(run.json, "short_part", "cumulative");

	(void)state;
	assert_true(a + b > 400);
	assert_share(a, a + b, seven / spent, spent);
}

/* Two loops of one function, which its samples tell apart by their lines. */
static void lines_are_right(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "sampled lines 1500", "--sample");
	json_t *lines = live_array(run.json, "lines");
	double n[2] = {0}, seven = told(run.said, "spent", "seven");
	double spent = seven + told(run.said, "spent", "three");

	(void)state;
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *line = json_array_get(lines, i);

		if (strcmp(live_str(line, "function"), "loops"))
			continue;
		assert_non_null(strstr(live_str(line, "file"), "sampled.c"));
		for (size_t k = 0; k < 2; k++)
			if (live_u64(line, "line") -
				    (uint64_t)told(run.said, "line", k ? "three" : "seven") <
			    2)
				n[k] += (double)live_u64(line, "self");
	}
	assert_true(n[0] + n[1] > 400);
	assert_share(n[0], n[0] + n[1], seven / spent, spent);
}

/* A command has its events before its first instruction, and its unwind tables before its main. */
static void command_is_sampled(void **state)
{
	struct live_run run = live_trace(LIVE_COMMAND, *state, "--sample");
	uint64_t seven = samples_of(run.json, "seven", "self");
	uint64_t three = samples_of(run.json, "three", "self");

	assert_true(seven > 100);
	assert_true(three > 50);
	if (!strstr(*state, "exec"))
		assert_true((double)samples_of(run.json, "take", "cumulative") >=
			    0.99 * (double)(seven + three));
	assert_int_equal(json_array_size(live_array(run.json, "regions")), 0);
}

/*
 * OTHER PROGRAM FILE: OTHER runs from the file until it has used half a second of CPU time. The
 * file is then written anew, and PROGRAM runs: for long, as the file is known anew some time after
 * that has begun.
 */
#define WRITTEN_ANEW                                                                               \
	"cp \"$1\" \"$3\" && mkfifo \"$3.in\"\n"                                                   \
	"\"$3\" <\"$3.in\" &\n"                                                                    \
	"exec 9>\"$3.in\"\n"                                                                       \
	"until [ \"$(cut -d ' ' -f 14 /proc/$!/stat)\" -ge 50 ]; do sleep 0.1; done\n"             \
	"exec 9>&-\n"                                                                              \
	"wait\n"                                                                                   \
	"cp \"$2\" \"$3\" && echo | \"$3\" alone 3000\n"

/* Its number is the same, its functions are not. */
static void file_is_written_anew(void **state)
{
	const char *script = live_script("anew", WRITTEN_ANEW), *path = live_path("anew.json");
	json_t *json;

	(void)state;
	assert_int_equal(live_wait(live_rptrace("--sample --format json -o %s -- %s %s %s %s", path,
						script, live_target_path("climber"),
						live_target_path("sampled"), live_path("program"))),
			 0);
	json = live_load(path);
	assert_true(samples_of(json, "burn", "self") > 0);
	assert_true(samples_of(json, "seven", "self") > 100);
	assert_true(samples_of(json, "three", "self") > 50);
	assert_true(samples_of(json, "take", "cumulative") > 150);
}

/*
 * Returns go by way of a page that no file has: what runs there is the probe, and not the caller,
 * which does next to nothing. Where they come back by a breakpoint, the clock ticks after it.
 */
static void page_of_return_probes(void **state)
{
	unsigned major = 0, minor = 0;
	struct utsname kernel;
	struct live_run run;

	(void)state;
	assert_int_equal(uname(&kernel), 0);
	assert_int_equal(sscanf(kernel.release, "%u.%u", &major, &minor), 2);
	if (strcmp(kernel.machine, "x86_64") != 0 || major < 6 || (major == 6 && minor < 11)) {
		fputs("SKIPPED: returns come back by a breakpoint here\n", stderr);
		skip();
	}
	run = live_trace(LIVE_PID, "functions counts 1 300000", "-f leaf --exit return --sample");
	assert_true(samples_of(run.json, "[probe]", "self") > 50);
	assert_true(samples_of(run.json, "[probe]", "self") >
		    2 * samples_of(run.json, "repeat", "self"));
}

/*
 * Theirs are the unwind tables and the code of their parent. Here they are gone when rptrace hears
 * that they were there.
 */
static void children_have_tables_and_names_at_once(void **state)
{
	const char *path = live_path("children.json");
	struct live_proc *target = live_target("sampled child 400");
	struct live_proc *rptrace = live_rptrace_ready("-p %d --sample --format json -o %s",
						       target->pid, path);
	const json_t *samples, *json;

	(void)state;
	kill(rptrace->pid, SIGSTOP);
	live_finish(target);
	kill(rptrace->pid, SIGCONT);
	assert_int_equal(live_wait(rptrace), 0);
	json = live_load(path);
	samples = json_object_get(json, "samples");
	assert_true(live_u64(samples, "taken") > 100);
	assert_true((double)live_u64(samples, "truncated") <
		    0.02 * (double)live_u64(samples, "taken"));
	assert_true((double)live_u64(samples, "unresolved") <
		    0.02 * (double)live_u64(samples, "taken"));
	assert_true(samples_of(json, "three", "self") > 50);
}

static void children_are_left_out(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "sampled child 1000", "--sample --no-follow");

	(void)state;
	assert_true(samples_of(run.json, "seven", "self") > 100);
	assert_int_equal(samples_of(run.json, "three", "self"), 0);
}

/* CPU time by samples and by the clock of the scheduler, of a region and one inside it. */
static void regions_have_their_samples(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "sampled alone 1500",
					 "-f seven -f three --sample");
	double all = 0;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		all += (double)live_u64(live_region(run.json, i ? "seven" : "three"), "samples");
	assert_true(all > 400);
	for (size_t i = 0; i < 2; i++) {
		const char *name = i ? "seven" : "three";
		json_t *row = live_region(run.json, name);
		double cpu = (double)live_u64(row, "cpu_ns");
		double both = (double)live_sum(run.json, "seven", "cpu_ns") +
			      (double)live_sum(run.json, "three", "cpu_ns");

		assert_share((double)live_u64(row, "samples"), all, cpu / both, both);
		/* But for the way to its probes and back. */
		assert_true((double)(samples_of(row, name, "self") +
				     samples_of(row, "[probe]", "self")) >
			    0.9 * (double)live_u64(row, "samples"));
		assert_int_equal(samples_of(row, i ? "three" : "seven", "cumulative"), 0);
		assert_true(live_u64(row, "sampled_cpu_ns") > 0);
	}
}

static void stacks_begin_with_regions(void **state)
{
	const char *path = live_path("stacks.folded");
	struct live_proc *rptrace = live_rptrace("-f seven --sample --format folded -o %s -- %s",
						 path, live_target_path("sampled alone 1000"));
	const char *text;

	(void)state;
	assert_int_equal(live_wait(rptrace), 0);
	text = live_slurp(path);
	/* The region stands for its function: all of it ends there. */
	assert_true(!strncmp(text, "seven ", 6) || strstr(text, "\nseven "));
	assert_null(strstr(text, "seven;three"));
	assert_non_null(strstr(text, "three "));
}

/* Which is the first, chance may decide; it is told by its name, and its calls are counted. */
static void hot_functions_become_regions(void **state)
{
	static const char begin[] = " chosen by samples: ";
	struct live_run run = live_trace(LIVE_PID, "sampled alone 6000", "--auto");
	const char *at = strstr(run.rptrace->err, begin);
	char name[64];

	(void)state;
	assert_non_null(at);
	at += strlen(begin);
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, ",;"), at);
	assert_true(live_u64(live_region(run.json, name), "count") > 0);
	live_assert_nothing_lost(run.json);
}

static void table_has_what_is_hot(void **state)
{
	struct live_proc *target = live_target("sampled alone 500");
	struct live_proc *rptrace = live_rptrace_ready("-p %d --sample=499 -i 600", target->pid);

	(void)state;
	live_finish(target);
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->err, "which has no regions: samples at 499 Hz\n"));
	assert_non_null(strstr(rptrace->out, "hot functions, of "));
	assert_non_null(strstr(rptrace->out, "  seven  sampled\n"));
	assert_non_null(strstr(rptrace->out, ", 499 a second of CPU time wanted, "));
}

/* What the target has compiled itself has the name that it tells, and its callers. */
static void compiled_code_has_names(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "jit 1500", "--sample");
	double all = (double)samples_of(run.json, "made at run time", "cumulative");

	(void)state;
	assert_true(samples_of(run.json, "made at run time", "self") > 50);
	assert_true(samples_of(run.json, "called_back", "self") > 0);
	assert_true((double)samples_of(run.json, "run", "cumulative") >= 0.98 * all);
}

/* Once, with what would tell the names. */
static void compiled_code_without_names(void **state)
{
	struct live_proc *target = live_target("%s 1000 silent", live_copy("jit", "node"));
	struct live_proc *rptrace = live_rptrace_ready("-p %d --sample", target->pid);
	static const char says[] = " % of the samples are [unknown]: process ";
	const char *said;

	(void)state;
	live_finish(target);
	assert_int_equal(live_wait(rptrace), 0);
	said = strstr(rptrace->err, says);
	assert_non_null(said);
	assert_non_null(strstr(said, "node --perf-basic-prof"));
	assert_null(strstr(said + 1, says));
}

/* ---- targets that make it hard ------------------------------------------------------------- */

/* A stack has room for less: what is missing of it is counted. */
static void deep_stacks_are_cut_off(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "sampled deep 1000", "--sample");
	json_t *samples = samples_object(run.json);
	uint64_t computed = samples_of(run.json, "seven", "self") +
			    samples_of(run.json, "three", "self");

	(void)state;
	assert_true(computed > 100);
	assert_in_range(samples_of_one_line(run.json, "recurse"), computed,
			live_u64(samples, "taken"));
	assert_true(live_u64(json_object_get(samples, "stacks"), "depth") >= computed);
	assert_true(live_u64(samples, "truncated") >= computed);
}

/* Another program is where it came from, or nothing. What runs is still the one that it was. */
static void file_is_gone(void **state)
{
	const char *program = live_copy("sampled", "program"), *other = *state;
	const char *path = live_path("gone.json");
	struct live_run run = {.target = live_target("%s alone 1200", program)};

	if (other)
		assert_int_equal(rename(live_copy(other, "other"), program), 0);
	else
		assert_int_equal(unlink(program), 0);
	run.rptrace = live_rptrace_ready("-p %d --sample --format json -o %s", run.target->pid,
					 path);
	live_finish(run.target);
	run.said = run.target->out;
	run.json = live_figures(run.rptrace, path);
	assert_shares_are_right(&run);
}

/* There its number is another one, by which it tells what it has compiled. */
static void another_pid_namespace(void **state)
{
	const char *path = live_path("contained.json");
	struct live_proc *rptrace = live_start(*state, live_program(), path,
					       live_target_path("jit 1000"));

	live_release(rptrace);
	assert_int_equal(live_wait(rptrace), 0);
	assert_true(samples_of(live_load(path), "made at run time", "self") > 50);
	assert_true(samples_of(live_load(path), "called_back", "self") > 0);
}

#define SAMPLED	  "%s --sample --format json -o %s -- "
#define CONTAINED "/usr/bin/unshare --pid --fork --mount-proc "

int main(void)
{
	const struct CMUnitTest tests[] = {
		live_test(shares_are_right, "sampled alone 2000", "shares of one thread"),
		live_test(shares_are_right, "sampled threads 400", "shares of four threads"),
		live_test(shares_are_right, "sampled child 1500", "shares of forked children"),
		live_test(shares_are_right, "sampled burst 8", "shares of 200 threads at once"),
		live_test(shares_are_right, "sampled crowd 1200", "shares beside 500 threads"),
		cmocka_unit_test(steps_are_not_kept),
		cmocka_unit_test(lines_are_right),
		live_test(command_is_sampled, "sampled alone 500", "a command"),
		live_test(command_is_sampled, "sampled threads 100", "a command's threads"),
		live_test(command_is_sampled, "sampled exec 1000",
			  "a command that executes itself"),
		cmocka_unit_test(page_of_return_probes),
		cmocka_unit_test(file_is_written_anew),
		cmocka_unit_test(compiled_code_has_names),
		cmocka_unit_test(compiled_code_without_names),
		cmocka_unit_test(children_have_tables_and_names_at_once),
		cmocka_unit_test(children_are_left_out),
		cmocka_unit_test(regions_have_their_samples),
		cmocka_unit_test(stacks_begin_with_regions),
		cmocka_unit_test(hot_functions_become_regions),
		cmocka_unit_test(table_has_what_is_hot),
		cmocka_unit_test(deep_stacks_are_cut_off),
		live_test(file_is_gone, NULL, "deleted"),
		live_test(file_is_gone, "climber", "replaced"),
		live_test(another_pid_namespace, SAMPLED CONTAINED "%s",
			  "target in another namespace"),
		live_test(another_pid_namespace, CONTAINED SAMPLED "%s",
			  "rptrace in another namespace"),
	};

	return live_main("samples", tests, LIVE_COUNT(tests));
}

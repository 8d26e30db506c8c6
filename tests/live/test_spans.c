/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Spans, which begin on one thread and end on another, are counted exactly whatever goes wrong. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "live.h"

#define SPANS_MANY 100000u
#define SPANS_FEW  500u

static const char *const attach_modes[] = {"--attach auto", "--attach perf"};

/* The figures that are left when nothing is open any more. */
static void assert_job(json_t *json, uint64_t count, uint64_t unwound, uint64_t unmatched)
{
	json_t *job = live_region(json, "job");

	assert_string_equal(live_str(job, "kind"), "span");
	assert_int_equal(live_u64(job, "count"), count);
	assert_int_equal(live_u64(job, "unwound"), unwound);
	assert_int_equal(live_u64(job, "open"), 0);
	assert_int_equal(live_u64(job, "unmatched"), unmatched);
	assert_int_equal(live_u64(json_object_get(json, "lost"), "unmatched"), unmatched);
}

static struct live_run trace(enum live_mode mode, const char *what, unsigned n, const char *options)
{
	char line[64];

	snprintf(line, sizeof(line), "spans %s %u", what, n);
	return live_trace(mode, line, options);
}

/* ---- in order ------------------------------------------------------------------------------- */

static void threads_hand_spans_over(void **state)
{
	struct live_run run = trace(LIVE_PID, "pool", SPANS_MANY, "");

	(void)state;
	assert_job(run.json, SPANS_MANY, 0, 0);
	live_assert_nothing_lost(run.json);
	live_assert_sound(run.json);
}

static void processes_have_spans_of_their_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < LIVE_COUNT(attach_modes); i++) {
		struct live_run run = trace(LIVE_PID, "processes", SPANS_FEW, attach_modes[i]);

		assert_job(run.json, 2 * SPANS_FEW, 0, 0);
		live_assert_nothing_lost(run.json);
		live_assert_sound(run.json);
	}
}

/* Under the process that began them; on no thread, which they may outlive. */
static void spans_are_grouped_by_who_began_them(void **state)
{
	struct live_run run = trace(LIVE_COMMAND, "processes", SPANS_FEW, "--by process");
	json_t *row;
	size_t i;

	(void)state;
	assert_int_equal(live_rows(run.json, "job"), 2);
	json_array_foreach (live_array(run.json, "regions"), i, row)
		if (!strcmp(live_str(row, "name"), "job"))
			assert_int_equal(live_u64(row, "count"), SPANS_FEW);
	live_assert_nothing_lost(run.json);
}

static void short_spans_are_left_out(void **state)
{
	struct live_run run = trace(LIVE_PID, "pool", SPANS_FEW, "--min-duration 60s");

	(void)state;
	assert_job(run.json, 0, 0, 0);
	live_assert_nothing_lost(run.json);
}

static void spans_are_selected_by_name(void **state)
{
	static const struct {
		const char *options;
		unsigned count;
	} rows[] = {
		{"-u rptrace:job", SPANS_FEW},
		{"-u rptrace_span:*", SPANS_FEW},
		{"-x rptrace_span:*", 0},
	};

	(void)state;
	for (size_t i = 0; i < LIVE_COUNT(rows); i++) {
		struct live_run run = trace(LIVE_COMMAND, "many", SPANS_FEW, rows[i].options);

		assert_int_equal(live_sum(run.json, "job", "count"), rows[i].count);
	}
}

/* The ids that one end knows as ints, the other as longs; one wider than an int. */
static void usdt_probes_make_spans(void **state)
{
	(void)state;
	for (size_t i = 0; i < LIVE_COUNT(attach_modes); i++) {
		char options[128];
		struct live_run run;

		snprintf(options, sizeof(options),
			 "-u spans:task__start:task__done@arg1 -u spans:flow__start@arg1 %s",
			 attach_modes[i]);
		run = trace(LIVE_PID, "usdt", SPANS_FEW, options);
		live_assert_expected(&run, 2);
		live_assert_nothing_lost(run.json);
		live_assert_sound(run.json);
		assert_string_equal(live_str(live_region(run.json, "flow"), "kind"), "span");
	}
}

/* ---- out of order --------------------------------------------------------------------------- */

static void disorder_is_counted(void **state)
{
	(void)state;
	for (size_t i = 0; i < LIVE_COUNT(attach_modes); i++) {
		struct live_run run = trace(LIVE_PID, "disorder", SPANS_FEW, attach_modes[i]);

		assert_job(run.json, 4 * SPANS_FEW, 2 * SPANS_FEW, SPANS_FEW);
		live_assert_nothing_lost_but(run.json, "unmatched");
	}
}

static void one_of_many_ends_counts(void **state)
{
	struct live_run run = trace(LIVE_PID, "race", 5000, "");

	(void)state;
	assert_job(run.json, 5000, 0, 3 * 5000);
	live_assert_nothing_lost_but(run.json, "unmatched");
}

/* Those that were open when tracing began are no mistake of the program. */
static void spans_from_before_are_no_surprise(void **state)
{
	struct live_run run = trace(LIVE_PID, "before", SPANS_FEW, "");

	(void)state;
	assert_job(run.json, SPANS_FEW, 0, 0);
	live_assert_nothing_lost(run.json);
}

/* There the same again is one; where all that the program did was traced, each is. */
static void ends_of_nothing_are_unmatched(void **state)
{
	struct live_run run = trace(LIVE_PID, "strange", SPANS_FEW, "");

	(void)state;
	assert_job(run.json, 0, 0, SPANS_FEW);
	run = trace(LIVE_COMMAND, "strange", SPANS_FEW, "");
	assert_job(run.json, 0, 0, 2 * SPANS_FEW);
}

static void exec_ends_spans(void **state)
{
	struct live_run run = trace(LIVE_PID, "exec", SPANS_FEW, "");

	(void)state;
	assert_job(run.json, 0, SPANS_FEW, SPANS_FEW);
}

static void kill_ends_spans(void **state)
{
	const char *path = live_path("killed.json");
	struct live_proc *target = live_target("spans stuck %u", SPANS_FEW);
	struct live_proc *other = live_target("spans stuck %u", SPANS_FEW);
	struct live_proc *rptrace = live_rptrace_ready("-p %d,%d --format json -o %s", target->pid,
						       other->pid, path);
	json_t *json;

	(void)state;
	live_release(target);
	live_release(other);
	live_expect_line(target, "stuck", 1);
	live_expect_line(other, "stuck", 1);
	kill(target->pid, SIGKILL);
	assert_int_equal(live_wait(target), 128 + SIGKILL);
	kill(rptrace->pid, SIGINT);
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum(json, "job", "count"), 0);
	assert_int_equal(live_sum(json, "job", "unwound"), SPANS_FEW);
	assert_int_equal(live_sum(json, "job", "open"), SPANS_FEW);
	live_assert_nothing_lost(json);
}

/* What does not fit is lost as a whole: its ends are not taken for exits without an entry. */
static void more_than_fit_are_lost(void **state)
{
	struct live_run run = trace(LIVE_PID, "many", SPANS_FEW, "--max-spans 100");

	(void)state;
	assert_job(run.json, 100, 0, 0);
	assert_int_equal(live_u64(json_object_get(run.json, "lost"), "spans"), SPANS_FEW - 100);
	live_assert_nothing_lost_but(run.json, "spans");
}

/* ---- from one function to another ------------------------------------------------------------ */

static void functions(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "spans loop 800", *state);

	live_assert_nothing_lost(run.json);
	live_assert_expected(&run, 0);
	assert_string_equal(live_str(live_region(run.json, "take_up-let_go"), "kind"), "span");
	assert_int_equal(live_sum(run.json, "take_up-let_go", "unwound"), 1);
}

/* Beside the functions themselves, whose calls are probed at the same place. */
static void functions_and_their_calls(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "spans loop 800",
					 "-f take_up:let_go@arg0 -f take_up -f let_go -f serve");

	(void)state;
	live_assert_nothing_lost(run.json);
	assert_int_equal(live_sum(run.json, "take_up-let_go", "count"), 800);
	assert_int_equal(live_sum(run.json, "take_up", "count"), 801);
	assert_int_equal(live_sum(run.json, "let_go", "count"), 800);
	assert_int_equal(live_sum(run.json, "serve", "count"), 3200);
}

/* ---- pairs that should be spans -------------------------------------------------------------- */

/* Calls that end in the order in which they began: each ns of the function around them is the own
 * time of one of them, or its own. */
static void overlaps_count_no_time_twice(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "spans cross 500",
					 "-f cross_all -u spans:early -u spans:late");

	(void)state;
	assert_int_equal(live_sum(run.json, "cross_all", "count"), 1);
	assert_int_equal(live_sum(run.json, "early", "count"), 500);
	assert_int_equal(live_sum(run.json, "late", "count"), 500);
	assert_int_equal(live_sum(run.json, "cross_all", "self_ns") +
				 live_sum(run.json, "early", "self_ns") +
				 live_sum(run.json, "late", "self_ns"),
			 live_sum(run.json, "cross_all", "total_ns"));
}

/* Which argument tells calls apart is said where calls overlap, and nowhere else. */
static void overlaps_name_an_argument(void **state)
{
	static const struct {
		const char *region, *by;
	} cases[] = {
		{"pool", "@arg1"}, {"heap", "@arg1"}, {"recur", ""}, {"loose", ""}, {"alike", ""}};
	struct live_run run = live_trace(LIVE_PID, "spans overlaps 100", "-u spans:*");

	(void)state;
	for (size_t i = 0; i < LIVE_COUNT(cases); i++)
		if (strcmp(live_str(live_region(run.json, cases[i].region), "overlaps"),
			   cases[i].by))
			fail_msg("%s: '%s'", cases[i].region,
				 live_str(live_region(run.json, cases[i].region), "overlaps"));
}

/* And that is how they are measured. */
static void overlaps_are_exact_as_spans(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "spans overlaps 100",
					 "-u spans:pool__start:pool__done@arg1 -u spans:heap@arg1");

	(void)state;
	assert_int_equal(live_sum(run.json, "pool", "count"), live_expected(run.said, "pool"));
	assert_int_equal(live_sum(run.json, "heap", "count"), live_expected(run.said, "heap"));
	live_assert_nothing_lost(run.json);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_hand_spans_over),
		cmocka_unit_test(processes_have_spans_of_their_own),
		cmocka_unit_test(spans_are_grouped_by_who_began_them),
		cmocka_unit_test(short_spans_are_left_out),
		cmocka_unit_test(spans_are_selected_by_name),
		cmocka_unit_test(usdt_probes_make_spans),
		cmocka_unit_test(disorder_is_counted),
		cmocka_unit_test(one_of_many_ends_counts),
		cmocka_unit_test(spans_from_before_are_no_surprise),
		cmocka_unit_test(ends_of_nothing_are_unmatched),
		cmocka_unit_test(exec_ends_spans),
		cmocka_unit_test(kill_ends_spans),
		cmocka_unit_test(more_than_fit_are_lost),
		{.name = "functions",
		 .test_func = functions,
		 .initial_state = "-f take_up:let_go@arg0"},
		{.name = "functions, multi",
		 .test_func = functions,
		 .initial_state = "-f take_up:let_go@arg0 --attach multi"},
		{.name = "functions, perf",
		 .test_func = functions,
		 .initial_state = "-f spans:take_up:let_go@arg0 --attach perf"},
		cmocka_unit_test(functions_and_their_calls),
		cmocka_unit_test(overlaps_count_no_time_twice),
		cmocka_unit_test(overlaps_name_an_argument),
		cmocka_unit_test(overlaps_are_exact_as_spans),
	};

	return live_main("spans", tests, LIVE_COUNT(tests));
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* However a run ends: the summary is there, the status is right, the target is as it was. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live.h"

#define LEAF_CODE 16 /* bytes of leaf that may hold its probes */

/* A target in full swing, and rptrace on it. */
static struct live_proc *running(struct live_proc **rptrace, const char *options)
{
	struct live_proc *target = live_target("functions forever");

	*rptrace = live_rptrace_ready("-p %d -f leaf %s", target->pid, options);
	live_release(target);
	live_expect_line(target, "running", 1);
	return target;
}

/* The target is as if nothing had been; returns how often it called leaf. */
static uint64_t unharmed(struct live_proc *target)
{
	live_await_probes(target, "leaf", LEAF_CODE, 0);
	live_close(target);
	assert_int_equal(live_wait(target), 0);
	return live_expected(target->out, "leaf");
}

static json_t *json_of(struct live_proc *rptrace, const char *path, struct live_proc *target)
{
	json_t *json = live_figures(rptrace, path);
	uint64_t count = live_sum(json, "leaf", "count"), all = unharmed(target);

	assert_true(count >= 100);
	assert_true(count <= all);
	live_assert_nothing_lost(json);
	return json;
}

static void by_signal(int signal)
{
	const char *path = live_path("signal.json");
	struct live_proc *rptrace, *target;
	char options[128];

	snprintf(options, sizeof(options), "--format json -o %s", path);
	target = running(&rptrace, options);
	assert_true(live_probes(target, "leaf", LEAF_CODE) > 0);
	kill(rptrace->pid, signal);
	json_of(rptrace, path, target);
}

static void sigint_gives_the_summary(void **state)
{
	(void)state;
	by_signal(SIGINT);
}

static void sigterm_gives_the_summary(void **state)
{
	(void)state;
	by_signal(SIGTERM);
}

/* The terminal is closed. */
static void sighup_gives_the_summary(void **state)
{
	(void)state;
	by_signal(SIGHUP);
}

/* A signal is there from the first instruction on: the run ends before anything was probed. */
static void a_signal_at_the_start(void **state)
{
	const char *path = live_path("start.json");
	const char *script = live_script("at-start", "kill -TERM $$\nexec \"$@\"");
	struct live_proc *target = live_target("%s forever", live_copy("functions", "functions")),
			 *rptrace;

	(void)state;
	rptrace = live_start("/usr/bin/env --block-signal=TERM %s %s -f leaf --format json -o %s "
			     "-p %d",
			     script, live_program(), path, target->pid);
	assert_int_equal(json_array_size(live_array(live_figures(rptrace, path), "regions")), 0);
	assert_non_null(strstr(rptrace->err, "interrupted"));
	assert_int_equal(live_probes(target, "leaf", LEAF_CODE), 0);

	rptrace = live_start("/usr/bin/env --block-signal=TERM %s %s -f leaf -- %s exit 0", script,
			     live_program(), live_target_path("functions"));
	live_close(rptrace);
	assert_int_not_equal(live_wait(rptrace), 0);
	assert_null(strstr(rptrace->out, "ready")); /* the command never began */
}

static void duration_ends_the_run(void **state)
{
	const char *path = live_path("duration.json");
	struct live_proc *rptrace, *target;
	char options[128];
	json_t *json;

	(void)state;
	snprintf(options, sizeof(options), "-d 1 --format json -o %s", path);
	target = running(&rptrace, options);
	json = json_of(rptrace, path, target);
	assert_true(live_u64(json, "duration_ns") >= 900000000);
}

/* Tables, also of nothing: the target may not have come to run yet. */
static unsigned tables(const char *text)
{
	unsigned n = 0;
	char line[512];

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
		n += (strstr(line, "COUNT") && strstr(line, "TOTAL")) ||
		     !strcmp(line, "no region was entered");
	}
	return n;
}

/* As many tables, then the summary of all of it. */
static void iterations_end_the_run(void **state)
{
	struct live_proc *rptrace, *target = running(&rptrace, "-b -i 0.2 -n 3");

	(void)state;
	assert_int_equal(live_wait(rptrace), 0);
	assert_int_equal(tables(rptrace->out), 3 + 1);
	assert_non_null(strstr(rptrace->out, "final summary"));
	unharmed(target);
}

static void killed_rptrace_leaves_nothing(void **state)
{
	struct live_proc *rptrace, *target = running(&rptrace, "-b");

	(void)state;
	assert_true(live_probes(target, "leaf", LEAF_CODE) > 0);
	kill(rptrace->pid, SIGKILL);
	assert_int_equal(live_wait(rptrace), 128 + SIGKILL);
	assert_true(unharmed(target) >= 100);
}

/* It may have set breakpoints where rptrace's are, and would put those back: that is said. */
static void a_debugger_is_warned_of(void **state)
{
	struct live_proc *rptrace, *target = running(&rptrace, "-b");
	char debugger[64];

	(void)state;
	assert_int_equal(ptrace(PTRACE_SEIZE, target->pid, NULL, NULL), 0);
	kill(rptrace->pid, SIGINT);
	assert_int_equal(live_wait(rptrace), 0);
	snprintf(debugger, sizeof(debugger), "process %d has a debugger, %d (", target->pid,
		 (int)getpid());
	assert_non_null(strstr(rptrace->err, debugger));
	assert_non_null(strstr(rptrace->err, "SIGTRAP"));
	unharmed(target);
}

/* ---- frames without an end ------------------------------------------------------------------- */

/* A target that stays in a region, and the figures once `pid` was sent `signal`. */
static json_t *stuck(bool kill_target, int signal)
{
	const char *path = live_path("stuck.json");
	struct live_proc *target = live_target("functions stuck"), *rptrace;
	json_t *json;

	rptrace = live_rptrace_ready("-p %d -f leaf -f asleep_in --format json -o %s", target->pid,
				     path);
	live_release(target);
	live_expect_line(target, "in asleep_in", 1);
	kill(kill_target ? target->pid : rptrace->pid, signal);
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum(json, "leaf", "count"), 10);
	assert_int_equal(live_sum(json, "asleep_in", "count"), 0);
	live_assert_nothing_lost(json);
	return json;
}

static void open_frame_is_shown(void **state)
{
	json_t *json = stuck(false, SIGINT);

	(void)state;
	assert_int_equal(live_sum(json, "asleep_in", "open"), 1);
	assert_int_equal(live_sum(json, "asleep_in", "unwound"), 0);
}

static void frame_of_a_killed_target_is_counted(void **state)
{
	json_t *json = stuck(true, SIGKILL);

	(void)state;
	assert_int_equal(
		live_sum(json, "asleep_in", "open") + live_sum(json, "asleep_in", "unwound"), 1);
}

/* Frames that are left without their exit are counted apart, and what is around them is whole. */
static void unwound_frames(void **state)
{
	static const struct {
		const char *target, *options, *region, *whole;
		uint64_t unwound, count;
	} rows[] = {
		{"functions jump 200", "-f catcher -f jumper", "jumper", "catcher", 200, 200},
		{"functions jump 200", "-f catcher -f jumper --exit ret-sites", "jumper", "catcher",
		 200, 200},
		{"functions leave 20", "-f leaver", "leaver", NULL, 20, 0},
		{"functions replace 50", "-f replacer -f leaf", "replacer", "leaf", 1, 50},
	};

	(void)state;
	for (size_t i = 0; i < LIVE_COUNT(rows); i++) {
		struct live_run run = live_trace(LIVE_PID, rows[i].target, rows[i].options);

		live_assert_nothing_lost(run.json);
		assert_int_equal(live_sum(run.json, rows[i].region, "count"), 0);
		assert_int_equal(live_sum(run.json, rows[i].region, "unwound"), rows[i].unwound);
		assert_int_equal(live_sum(run.json, rows[i].region, "open"), 0);
		if (!rows[i].whole)
			continue;
		assert_int_equal(live_sum(run.json, rows[i].whole, "count"), rows[i].count);
		assert_int_equal(live_sum(run.json, rows[i].whole, "unwound"), 0);
	}
}

/* ---- -- COMMAND ------------------------------------------------------------------------------ */

static void status_of_the_command(void **state)
{
	static const struct {
		const char *command;
		int status;
	} rows[] = {{"exit 0", 0}, {"exit 7", 7}, {"signal 15", 143}, {"signal 9", 137}};
	const char *target = live_target_path("functions");

	(void)state;
	for (size_t i = 0; i < LIVE_COUNT(rows); i++) {
		struct live_proc *rptrace = live_rptrace("-f leaf -- %s %s", target,
							 rows[i].command);

		assert_int_equal(live_wait(rptrace), rows[i].status);
		/* The command has standard output for itself. */
		assert_null(strstr(rptrace->out, "COUNT"));
		assert_int_equal(tables(rptrace->err), 1);
		assert_non_null(strstr(rptrace->err, "leaf"));
	}
}

static void status_of_the_command_with_output(void **state)
{
	const char *path = live_path("command.json");
	struct live_proc *rptrace;

	(void)state;
	rptrace = live_rptrace("-f leaf --format json -o %s -- %s exit 9", path,
			       live_target_path("functions"));
	assert_int_equal(live_wait(rptrace), 9);
	assert_int_equal(tables(rptrace->err), 0);
	assert_int_equal(live_sum(live_load(path), "leaf", "count"), 10);
}

/* Whoever starts it may have closed them: no file takes their numbers. */
static void standard_streams_that_are_closed(void **state)
{
	static const char *const closed[] = {">&-", "2>&-", "<&- >&- 2>&-"};
	const char *path = live_path("closed.json");
	char text[1024];

	(void)state;
	for (size_t i = 0; i < LIVE_COUNT(closed); i++) {
		snprintf(text, sizeof(text), "exec \"$@\" %s", closed[i]);
		struct live_proc *rptrace = live_start(
			"%s %s -f leaf --format json -o %s -- %s exit 9",
			live_script("closed", text), live_program(), path,
			live_target_path("functions"));

		live_close(rptrace);
		assert_int_equal(live_wait(rptrace), 9);
		assert_int_equal(live_sum(live_load(path), "leaf", "count"), 10);
	}
}

/* A pipe that is full, and that nobody reads from; it ends with this process. */
static const char *full_pipe(void)
{
	static const char zeros[4096];
	const char *path = live_path("pipe");
	int fd;

	unlink(path); /* of the test before */
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	return path;
}

static bool blocks_sigint(const struct live_proc *rptrace)
{
	char path[64], *at;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)rptrace->pid);
	at = strstr(live_slurp(path), "SigBlk:");
	return at && strtoull(at + strlen("SigBlk:"), NULL, 16) >> (SIGINT - 1) & 1;
}

/* From when on it is rptrace that hears it, and whether or not it tries to write then. */
static void a_full_pipe_holds_up_no_end(void **state)
{
	struct live_proc *target = live_target("functions forever"), *rptrace;

	rptrace = live_rptrace("-p %d -f leaf %s %s", target->pid, (const char *)*state,
			       full_pipe());
	for (uint64_t until = live_deadline(); !blocks_sigint(rptrace); live_tick(until))
		;
	kill(rptrace->pid, SIGINT);
	assert_in_range(live_wait(rptrace), 0, 1); /* by itself */
	unharmed(target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sigint_gives_the_summary),
		cmocka_unit_test(sigterm_gives_the_summary),
		cmocka_unit_test(sighup_gives_the_summary),
		cmocka_unit_test(a_signal_at_the_start),
		cmocka_unit_test(duration_ends_the_run),
		cmocka_unit_test(iterations_end_the_run),
		cmocka_unit_test(killed_rptrace_leaves_nothing),
		cmocka_unit_test(a_debugger_is_warned_of),
		cmocka_unit_test(open_frame_is_shown),
		cmocka_unit_test(frame_of_a_killed_target_is_counted),
		cmocka_unit_test(unwound_frames),
		cmocka_unit_test(status_of_the_command),
		cmocka_unit_test(status_of_the_command_with_output),
		cmocka_unit_test(standard_streams_that_are_closed),
		live_test(a_full_pipe_holds_up_no_end, "--format json -o", "a_full_pipe: -o"),
		live_test(a_full_pipe_holds_up_no_end, "--record", "a_full_pipe: --record"),
		live_test(a_full_pipe_holds_up_no_end, "--stream", "a_full_pipe: --stream"),
	};

	return live_main("ending", tests, LIVE_COUNT(tests));
}

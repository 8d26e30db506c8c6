// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Who records: what it keeps and when it writes, what it says, and what is left where it is killed
 * or its disk is full.
 */
#include <signal.h>
#include <sys/stat.h>

#include "record_sums.h"

/* ---- what is asked for ---------------------------------------------------------------------- */

/* One call of main, of which a region in it is no more: what helps is told, and does. */
static void no_tree_chosen_is_told(void **state)
{
	struct live_proc *rptrace = live_rptrace("record --every 4294967295 -f main -o %s -- %s",
						 live_path("none.rpt"),
						 live_target_path("functions counts 1 10"));

	(void)state;
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->err,
			       "none of the outermost calls, which were of main: 1 left out, "));
	assert_non_null(strstr(rptrace->err, "hint: rptrace record --every 4294967295 -f main "));
	assert_non_null(strstr(rptrace->err, " -x main -- "));
}

/* Each run has a file of its own. */
static void name_of_the_file_is_made(void **state)
{
	const char *path = live_path("rank.%{LIVE_RANK}.%%.rpt");
	struct stat st;

	(void)state;
	setenv("LIVE_RANK", "7", 1);
	assert_int_equal(live_wait(live_rptrace("record -f leaf -o %s -- %s", path,
						live_target_path("functions counts 1 10"))),
			 0);
	assert_int_equal(stat(live_path("rank.7.%.rpt"), &st), 0);
	unsetenv("LIVE_RANK");
	assert_int_equal(live_wait(live_rptrace("record -f leaf -o %s -- %s", path,
						live_target_path("functions counts 1 10"))),
			 2);
}

static void size_ends_the_record(void **state)
{
	const char *path = live_path("small.rpt");
	struct live_proc *target = live_target("threads busy 2 100000");
	struct live_proc *rptrace = live_rptrace_ready(
		"record -p %d -f outer -f middle --max-size 64k -o %s", target->pid, path);
	struct record *r;

	(void)state;
	live_release(target);
	assert_int_equal(live_wait(rptrace), 0);
	kill(target->pid, SIGKILL);
	r = read_record(path);
	assert_false(r->figures.cut);
	assert_true(r->figures.instances > 0);
	free_record(r);
}

/* ---- a flight recorder ---------------------------------------------------------------------- */

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_size;
}

static void await_size(const char *path, off_t bytes)
{
	uint64_t until = live_deadline();

	while (size_of(path) < bytes)
		assert_true(live_tick(until));
}

/* It is written at once: what is there is all of it, or the reader tells. */
static void await_file(const char *path)
{
	await_size(path, 1);
}

/* Nothing is written until it is asked for, and each file is a record of its own. */
static void last_seconds_are_written_on_a_signal(void **state)
{
	const char *path = live_path("last.rpt"), *second = live_path("last.rpt.2");
	struct live_proc *target = live_target("threads busy 2 300");
	struct live_proc *rptrace = live_rptrace_ready(
		"record -p %d -f outer -f middle --last 1h -o %s", target->pid, path);
	struct stat st;
	struct record *r;

	(void)state;
	assert_int_equal(stat(path, &st), -1);
	kill(rptrace->pid, SIGUSR1);
	await_file(path);
	live_finish(target);
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->err, "1200 instances in "));
	r = read_record(path);
	assert_int_equal(r->figures.instances, 0);
	assert_false(r->figures.cut);
	free_record(r);
	r = read_record(second);
	assert_int_equal(sums_of(r, "/outer").timed, 600);
	assert_false(r->figures.cut);
	free_record(r);
}

static void slow_call_writes_what_was_before(void **state)
{
	const char *path = live_path("slow.rpt");
	struct live_proc *target = live_target("labels slow 1");
	struct live_proc *rptrace = live_rptrace_ready(
		"record -p %d -f nap --last 1h --slower-than 200ms -o %s", target->pid, path);
	struct record *r;

	(void)state;
	live_finish(target);
	assert_int_equal(live_wait(rptrace), 0);
	r = read_record(path);
	assert_int_equal(sums_of(r, "/nap").timed, 2);
	free_record(r);
}

static void stuck_call_writes_what_was_before(void **state)
{
	const char *path = live_path("stuck.rpt");
	struct live_proc *target = live_target("stuck blocked");
	struct live_proc *rptrace = live_rptrace_ready(
		"record -p %d -f request --last 1h --stuck 100ms -o %s", target->pid, path);

	(void)state;
	live_release(target);
	await_file(path);
	kill(rptrace->pid, SIGINT);
	assert_int_equal(live_wait(rptrace), 0);
	free_record(read_record(path));
}

/* ---- rptrace record ------------------------------------------------------------------------- */

static void record_runs_a_command(void **state)
{
	const char *path = live_path("command.rpt");
	struct live_proc *rptrace = live_rptrace("record -o %s -f outer -- %s", path,
						 live_target_path("threads busy 2 300"));
	struct record *r;
	struct stat st;

	(void)state;
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->err, "600 instances in "));
	assert_non_null(strstr(rptrace->err, "\nrptrace: hint: rptrace report /"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	r = read_record(path);
	assert_int_equal(sums_of(r, "/outer").timed, 600);
	assert_int_equal(r->threads, 2);
	free_record(r);
}

static void what_is_open_at_the_end_is_there(void **state)
{
	const char *path = live_path("open.rpt");
	struct live_proc *target = live_target("stuck threads 5");
	struct live_proc *rptrace = live_rptrace_ready("record -p %d -f request -f lock_wait -o %s",
						       target->pid, path);
	uint64_t open = 0;
	struct record *r;

	(void)state;
	live_release(target);
	live_expect_line(target, "stuck", 1);
	kill(rptrace->pid, SIGINT);
	assert_int_equal(live_wait(rptrace), 0);
	r = read_record(path);
	for (size_t i = 0; i < NODES_MAX; i++)
		open += r->node[i].open;
	assert_int_equal(open, 10);
	assert_int_equal(r->threads, 5);
	free_record(r);
}

/* Blocks are written every half a second: those are read, whenever the end came. */
static void killed_recorder_leaves_a_record(void **state)
{
	off_t bytes = *(const off_t *)*state;
	char name[32];
	const char *path;
	struct live_proc *target = live_target("threads busy 2 1000000"), *rptrace;
	struct record *r;

	/* One each: what detaches for a killed recorder has its locks for a moment more. */
	snprintf(name, sizeof(name), "killed.%ld.rpt", (long)bytes);
	path = live_path(name);
	rptrace = live_rptrace_ready("record -p %d -f outer -o %s", target->pid, path);
	live_release(target);
	await_size(path, bytes);
	/* The block that has made it so long may be under way, but not once another one is: that
	   one may be damaged. */
	if (bytes >= 5000)
		await_size(path, size_of(path) + 1);
	kill(rptrace->pid, SIGKILL);
	assert_int_equal(live_wait(rptrace), 128 + SIGKILL);
	kill(target->pid, SIGKILL);
	r = read_torn_record(path);
	assert_true(r->figures.n_damaged <= 1);
	assert_true(r->figures.cut);
	assert_true(bytes < 5000 || sums_of(r, "/outer").timed > 0);
	free_record(r);
}

/* The target goes on, the command ends well, and what was written is read. */
static void full_disk_ends_the_record_alone(void **state)
{
	const char *path = live_path("full.rpt");
	struct live_proc *rptrace = live_start(
		"/usr/bin/prlimit --fsize=400000 %s record -o %s -f outer -f middle -f inner -- %s",
		live_program(), path, live_target_path("threads busy 2 20000"));
	struct record *r;

	(void)state;
	live_release(rptrace);
	live_expect_line(rptrace, "expect outer 40000", 1);
	assert_int_equal(live_wait(rptrace), 1);
	assert_non_null(strstr(rptrace->err, "ends early, as it cannot be written: "));
	r = read_record(path);
	assert_true(r->figures.cut);
	assert_true(r->figures.instances > 0);
	free_record(r);
}

/*
 * Of a record and a stream it is the stream that has no room: what is told names that, and another.
 */
static void full_disk_of_a_stream_is_told_as_such(void **state)
{
	const char *path = live_path("beside.rpt");
	struct live_proc *rptrace = live_start(
		"/usr/bin/prlimit --fsize=400000 %s record -o %s --stream %s -f outer -- %s",
		live_program(), path, live_path("full.trace.json"),
		live_target_path("threads busy 2 20000"));

	(void)state;
	live_release(rptrace);
	live_expect_line(rptrace, "expect outer 40000", 1);
	assert_int_equal(live_wait(rptrace), 1);
	assert_non_null(
		strstr(rptrace->err, "full.trace.json ends early, as it cannot be written: "));
	assert_non_null(strstr(rptrace->err, "--stream /var/tmp/rptrace."));
	free_record(read_record(path));
}

static void nothing_starts_without_its_file(void **state)
{
	struct live_proc *rptrace = live_rptrace("record -o /dev/full -- %s",
						 live_target_path("threads busy 1 1"));

	(void)state;
	assert_int_equal(live_wait(rptrace), 1);
	assert_non_null(strstr(rptrace->err, "/dev/full cannot be written: "));
	assert_null(strstr(rptrace->out, "expect"));
}

/* A flight recorder makes its file late: that it can be made is known before it starts. */
static void nothing_starts_without_a_place_for_its_file(void **state)
{
	static const char *const names[] = {"no/such/folder.rpt", "."};

	(void)state;
	for (size_t i = 0; i < LIVE_COUNT(names); i++) {
		struct live_proc *rptrace = live_rptrace("record --last 1h -o %s -- %s",
							 live_path(names[i]),
							 live_target_path("threads busy 1 1"));

		assert_int_equal(live_wait(rptrace), 1);
		assert_non_null(strstr(rptrace->err, "-o /var/tmp/rptrace."));
		assert_null(strstr(rptrace->out, "expect"));
	}
}

/* As ranks of MPI that all are given one name: the record of the first is whole. */
static void a_file_has_one_recorder(void **state)
{
	const char *path = live_path("shared.rpt");
	struct live_proc *target = live_target("threads busy 2 100");
	struct live_proc *first = live_rptrace_ready("record -p %d -f outer -o %s", target->pid,
						     path);
	struct live_proc *second = live_rptrace("record -f outer -o %s -- %s", path,
						live_target_path("threads busy 1 1"));
	struct record *r;

	(void)state;
	assert_int_equal(live_wait(second), 1);
	assert_non_null(strstr(second->err, "is being written by another rptrace"));
	assert_non_null(strstr(second->err, " -o rptrace.%p.rpt "));
	assert_null(strstr(second->out, "expect"));
	live_release(target);
	live_wait(target);
	assert_int_equal(live_wait(first), 0);
	r = read_record(path);
	assert_int_equal(sums_of(r, "/outer").timed, 200);
	free_record(r);
}

/* Of a run that a signal ends before it begins there is nothing to record. */
static void an_older_record_outlives_a_run_that_never_began(void **state)
{
	const char *path = live_path("older.rpt");
	const char *script = live_script("at-start", "kill -TERM $$\nexec \"$@\"");
	struct live_proc *target = live_target("functions forever"), *rptrace;
	struct record *r;

	(void)state;
	assert_int_equal(live_wait(live_rptrace("record -f leaf -o %s -- %s", path,
						live_target_path("functions counts 1 10"))),
			 0);
	rptrace = live_start("/usr/bin/env --block-signal=TERM %s %s record -f leaf -o %s -p %d",
			     script, live_program(), path, target->pid);
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->err, "interrupted"));
	assert_null(strstr(rptrace->err, "instances in"));
	r = read_record(path);
	assert_true(r->figures.instances > 0);
	free_record(r);
}

static void summary_does_not_overwrite_the_record(void **state)
{
	const char *path = live_path("both.rpt");
	struct live_proc *rptrace = live_rptrace("--record %s -o %s --json -- %s", path, path,
						 live_target_path("threads busy 1 1"));

	(void)state;
	assert_int_equal(live_wait(rptrace), 2);
	assert_non_null(strstr(rptrace->err, "would overwrite the record"));
	assert_non_null(strstr(rptrace->err, "--record /var/tmp/rptrace."));
	assert_null(strstr(rptrace->out, "expect"));
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(no_tree_chosen_is_told),
		cmocka_unit_test(name_of_the_file_is_made),
		cmocka_unit_test(size_ends_the_record),
		cmocka_unit_test(last_seconds_are_written_on_a_signal),
		cmocka_unit_test(slow_call_writes_what_was_before),
		cmocka_unit_test(stuck_call_writes_what_was_before),
		cmocka_unit_test(record_runs_a_command),
		cmocka_unit_test(what_is_open_at_the_end_is_there),
		cmocka_unit_test(full_disk_ends_the_record_alone),
		cmocka_unit_test(full_disk_of_a_stream_is_told_as_such),
		cmocka_unit_test(nothing_starts_without_its_file),
		cmocka_unit_test(nothing_starts_without_a_place_for_its_file),
		cmocka_unit_test(a_file_has_one_recorder),
		cmocka_unit_test(an_older_record_outlives_a_run_that_never_began),
		cmocka_unit_test(summary_does_not_overwrite_the_record),
	};
	static const off_t killed_at[] = {1, 5000, 40000, 160000};
	struct CMUnitTest tests[LIVE_COUNT(killed_at) + LIVE_COUNT(others)];
	size_t n = LIVE_COUNT(killed_at);

	for (size_t i = 0; i < n; i++)
		tests[i] = live_test(killed_recorder_leaves_a_record, &killed_at[i],
				     "a recorder is killed at %ld bytes", (long)killed_at[i]);
	memcpy(&tests[n], others, sizeof(others));
	return live_main("recorder", tests, LIVE_COUNT(tests));
}

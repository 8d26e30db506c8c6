/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Every entry that the target made is counted, unwound, open, or in the counter of what was lost:
 * nothing twice, and nothing in silence.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "methods.h"

#define NESTED	  "-f outer -f middle -f inner"
#define JUMPS	  "-f descend -f around -f tail"
#define BY_KERNEL (BY_RETURN | BY_AUTO | BY_PERF)

/* Return probes that the kernel keeps for a thread. */
#define RETURNS 64u

#define DEPTH	200u
#define ROUNDS	20u

/* A figure of a region, which need not be there. */
static uint64_t figure(const struct live_run *run, const char *name, const char *key)
{
	return live_sum(run->json, name, key);
}

static uint64_t lost_returns(const struct live_run *run)
{
	return live_u64(json_object_get(run->json, "lost"), "returns");
}

static void assert_left(const struct live_run *run, const char *name, uint64_t count,
			uint64_t unwound)
{
	assert_int_equal(figure(run, name, "count"), count);
	assert_int_equal(figure(run, name, "unwound"), unwound);
	assert_int_equal(figure(run, name, "open"), 0);
}

/* What is deeper than the kernel's limit is lost, each time anew. */
static void deep_holds(const struct live_run *run)
{
	assert_left(run, "nest", RETURNS * ROUNDS, 0);
	assert_int_equal(lost_returns(run), (DEPTH - RETURNS) * ROUNDS);
	live_assert_sound(run->json);
}

/*
 * The kernel keeps the returns that a longjmp left behind until the thread returns from below them:
 * here never, so that it reports none any more.
 */
static void jumped_holds(const struct live_run *run)
{
	assert_left(run, "descend", 0, RETURNS);
	assert_left(run, "tail", 0, 0);
	assert_int_equal(lost_returns(run), DEPTH * ROUNDS - RETURNS + ROUNDS);
}

/* Here in every round, as `around` returns. */
static void jumped_within_holds(const struct live_run *run)
{
	assert_left(run, "around", ROUNDS, 0);
	assert_left(run, "tail", ROUNDS, 0);
	assert_left(run, "descend", 0, (RETURNS - 1) * ROUNDS);
	assert_int_equal(lost_returns(run), (DEPTH - RETURNS + 1) * ROUNDS);
}

static const struct live_case cases[] = {
	LIVE_CASE("threads deep 64 20", "-f nest", BY_ALL),
	LIVE_CASE("threads deep 200 20", "-f nest", BY_SITES | BY_PERF),
	LIVE_CASE("threads deep 200 20", "-f nest", BY_KERNEL, .lost = "returns",
		  .holds = deep_holds),
	LIVE_CASE("jumps over 200 20", JUMPS, BY_RETURN | BY_PERF, .lost = "returns",
		  .holds = jumped_holds),
	LIVE_CASE("jumps twice 200 20", JUMPS, BY_RETURN | BY_PERF, .lost = "returns",
		  .holds = jumped_within_holds),
	LIVE_CASE("threads short 10000 1", NESTED, BY_ALL),
	LIVE_CASE("threads short 500 20", NESTED, BY_ALL),
	LIVE_CASE("threads busy 16 1000", NESTED, BY_ALL),
	LIVE_CASE("threads busy 100 100", NESTED, BY_ALL),
	/* More than the kernel side has slots for. */
	LIVE_CASE("threads busy 1500 5", NESTED, BY_ALL),
};

/* ---- two at once ----------------------------------------------------------------------------- */

static void two_at_once(const char *first, const char *second)
{
	const char *const options[] = {first, second};
	const char *const paths[] = {live_path("first.json"), live_path("second.json")};
	struct live_proc *target = live_target("threads busy 4 1000"), *rptraces[2];
	struct live_run run = {.target = target};

	for (int i = 0; i < 2; i++)
		rptraces[i] = live_rptrace_ready("-p %d %s %s --format json -o %s", target->pid,
						 NESTED, options[i], paths[i]);
	live_finish(target);
	run.said = target->out;
	for (int i = 0; i < 2; i++) {
		run.json = live_figures(rptraces[i], paths[i]);
		live_assert_expected(&run, 3);
		live_assert_nothing_lost(run.json);
		live_assert_sound(run.json);
	}
}

static void two_by_return(void **state)
{
	(void)state;
	two_at_once("--exit return", "--exit return");
}

static void two_by_exits(void **state)
{
	(void)state;
	two_at_once("--exit ret-sites", "--exit ret-sites");
}

static void two_that_differ(void **state)
{
	(void)state;
	two_at_once("--attach multi --exit return", "--exit ret-sites");
}

/* ---- preemption ------------------------------------------------------------------------------ */

#define PREEMPT "/sys/kernel/debug/sched/preempt"

static char preempt_before[16];

static bool write_preempt(const char *mode)
{
	int fd = open(PREEMPT, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, mode, strlen(mode)) == (ssize_t)strlen(mode);

	if (fd >= 0)
		close(fd);
	return written;
}

static void restore_preempt(void)
{
	if (preempt_before[0] && !write_preempt(preempt_before))
		fprintf(stderr, "%s: \"%s\" could not be restored\n", PREEMPT, preempt_before);
	preempt_before[0] = '\0';
}

/* The file has all modes, the one in force in parentheses. */
static bool set_preempt(const char *mode)
{
	char *modes = live_slurp(PREEMPT), *at = strchr(modes, '('),
	     *end = at ? strchr(at, ')') : at;

	if (end)
		snprintf(preempt_before, sizeof(preempt_before), "%.*s", (int)(end - at - 1),
			 at + 1);
	free(modes);
	return preempt_before[0] && atexit(restore_preempt) == 0 && write_preempt(mode);
}

/* In a mount namespace of its own: debugfs need not be mounted elsewhere. */
static bool have_debugfs(void)
{
	if (access(PREEMPT, F_OK) == 0)
		return true;
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", "/sys/kernel/debug", "debugfs", 0, NULL) == 0;
}

/* Threads that are preempted in the middle of the probes, by others that are in probes. */
static void preempted_anywhere(void **state)
{
	struct live_run run;

	(void)state;
	if (!have_debugfs() || !set_preempt("full")) {
		fprintf(stderr, "SKIPPED: preemption cannot be set here (%s)\n", PREEMPT);
		preempt_before[0] = '\0';
		skip();
	}
	run = live_trace(LIVE_PID, "threads busy 32 2000", NESTED);
	restore_preempt();
	live_assert_expected(&run, 3);
	live_assert_nothing_lost(run.json);
	live_assert_sound(run.json);
}

int main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(two_by_return),
		cmocka_unit_test(two_by_exits),
		cmocka_unit_test(two_that_differ),
		cmocka_unit_test(preempted_anywhere),
	};

	return live_main_methods("exact", cases, LIVE_COUNT(cases), single, LIVE_COUNT(single));
}

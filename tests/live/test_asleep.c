// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* --off-cpu: where threads sleep in regions, and that all of it adds up. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live.h"

/* What stacks tell of a region, of one function or (NULL) in all. */
static uint64_t in_stacks(const json_t *row, const char *function, const char *key)
{
	const json_t *lines = json_object_get(row, "asleep_lines");
	uint64_t sum = 0;

	assert_true(json_is_array(lines));
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *line = json_array_get(lines, i);

		if (!function || !strcmp(live_str(line, "function"), function))
			sum += live_u64(line, key);
	}
	return sum;
}

/* To the ns: what the kernel has added up is in stacks, or known to be in none. */
static void assert_adds_up(const struct live_run *run, const char *name)
{
	json_t *row = live_region(run->json, name);

	assert_true(live_u64(row, "asleep_ns") > 0);
	assert_int_equal(in_stacks(row, NULL, "self_ns") + live_u64(row, "asleep_untold_ns"),
			 live_u64(row, "asleep_ns"));
	assert_int_equal(live_u64(json_object_get(run->json, "off_cpu"), "dropped_ns"), 0);
}

static bool is_within_1_percent(const struct live_run *run, const char *name)
{
	json_t *row = live_region(run->json, name);
	uint64_t blocked = live_u64(row, "blocked_ns"), asleep = live_u64(row, "asleep_ns");

	return 100 * asleep >= 99 * blocked && 100 * asleep <= 101 * blocked;
}

/*
 * Blocked is what is left of the wall time without that on a CPU and waiting for one; asleep is
 * summed up over sleeps. What a hypervisor takes while the thread is on a CPU, by chance in the
 * short time between sleeps, is in the first alone: so this has ten tries.
 */
static void asleep_is_blocked(void **state)
{
	bool same = false;

	(void)state;
	for (int i = 0; i < 10 && !same; i++) {
		struct live_run run = live_trace(LIVE_PID, "asleep places",
						 "-f both -f by_poll --off-cpu");

		live_assert_expected(&run, 2);
		live_assert_nothing_lost(run.json);
		assert_adds_up(&run, "both");
		assert_adds_up(&run, "by_poll");
		same = is_within_1_percent(&run, "both") && is_within_1_percent(&run, "by_poll");
	}
	assert_true(same);
}

/*
 * By function, and in the region that a sleep is in and those around it. That it asked for 5 ms
 * says nothing of how long it slept: it may have waited for a CPU to go to sleep on.
 */
static void places_are_right(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "asleep places", *state);
	json_t *both = live_region(run.json, "both"), *by_poll = live_region(run.json, "by_poll");

	assert_true(in_stacks(both, "by_clock", "cumulative_ns") > 0);
	assert_true(in_stacks(both, "by_poll", "cumulative_ns") > 0);
	assert_int_equal(in_stacks(both, "by_poll", "cumulative_ns"),
			 in_stacks(by_poll, NULL, "self_ns"));
	assert_int_equal(in_stacks(by_poll, "by_clock", "cumulative_ns"), 0);
	assert_int_equal(in_stacks(by_poll, "both", "cumulative_ns"), 0);
	/* Where it sleeps in the kernel, and not how the scheduler does that. */
	assert_int_equal(in_stacks(both, "hrtimer_nanosleep", "cumulative_ns"),
			 in_stacks(both, "by_clock", "cumulative_ns"));
	assert_int_equal(in_stacks(both, "schedule", "cumulative_ns"), 0);
	if (strstr(*state, "--sample"))
		assert_true(json_is_array(json_object_get(both, "lines")));
	else
		assert_null(json_object_get(both, "lines"));
}

/* More sleeps than stacks are taken of: what these miss is known to the ns. */
static void sleeps_beyond_the_bound_are_counted(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "asleep bounce 20000",
					 "-f bounce --off-cpu=100");
	json_t *row = live_region(run.json, "bounce");

	(void)state;
	assert_true(live_u64(json_object_get(run.json, "lost"), "sleeps") > 0);
	assert_int_equal(live_u64(json_object_get(run.json, "lost"), "samples"), 0);
	assert_true(live_u64(row, "asleep_untold_ns") > 0);
	assert_true(in_stacks(row, "bounce", "cumulative_ns") > 0);
	assert_adds_up(&run, "bounce");
}

/*
 * Of each window one stack a CPU: of what has none the time is known, and is that of what it runs
 * in, too. It sleeps in more windows than there are CPUs.
 */
static void each_window_has_some_stacks(void **state)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	char target[64];
	struct live_run run;

	(void)state;
	snprintf(target, sizeof(target), "asleep places %ld", 20 * cpus);
	run = live_trace(LIVE_PID, target, "-f both -f by_poll --off-cpu=1");
	assert_true(live_u64(json_object_get(run.json, "lost"), "sleeps") > 0);
	assert_true(live_u64(live_region(run.json, "by_poll"), "asleep_untold_ns") > 0);
	assert_true(live_u64(live_region(run.json, "both"), "asleep_untold_ns") >
		    live_u64(live_region(run.json, "by_poll"), "asleep_untold_ns"));
	assert_true(live_u64(json_object_get(run.json, "off_cpu"), "taken") > (uint64_t)cpus);
	assert_adds_up(&run, "by_poll");
	assert_adds_up(&run, "both");
}

/* Nobody empties the ring meanwhile: what finds no room in it is known to the ns, too. */
static void sleeps_without_room_are_counted(void **state)
{
	const char *path = live_path("full.json");
	struct live_proc *target = live_target("asleep bounce 40000");
	struct live_proc *rptrace = live_rptrace_ready(
		"-p %d -f bounce --off-cpu=1000000 --format json -o %s", target->pid, path);
	struct live_run run = {0};

	(void)state;
	kill(rptrace->pid, SIGSTOP);
	live_finish(target);
	kill(rptrace->pid, SIGCONT);
	run.json = live_figures(rptrace, path);
	live_assert_nothing_lost_but(run.json, "samples");
	assert_true(live_u64(json_object_get(run.json, "lost"), "samples") > 0);
	assert_true(in_stacks(live_region(run.json, "bounce"), "bounce", "cumulative_ns") > 0);
	assert_adds_up(&run, "bounce");
}

/* Sleeps outside of it are nowhere, though the frame of the region around it is there. */
static void what_is_not_within_is_left_out(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "asleep places",
					 "-f both -f by_poll --within by_poll --off-cpu");

	(void)state;
	live_assert_nothing_lost(run.json);
	assert_adds_up(&run, "by_poll");
	assert_int_equal(live_u64(json_object_get(run.json, "off_cpu"), "asleep_ns"),
			 in_stacks(live_region(run.json, "by_poll"), NULL, "self_ns"));
}

static void stacks_are_in_ns(void **state)
{
	const char *path = live_path("asleep.folded");
	struct live_proc *rptrace = live_rptrace("-f both --off-cpu --format folded -o %s -- %s",
						 path, live_target_path("asleep places"));
	uint64_t sum = 0;
	char *at;

	(void)state;
	assert_int_equal(live_wait(rptrace), 0);
	/* The libraries of a command that was just started may have no tables at first. */
	for (at = strtok(live_slurp(path), "\n"); at; at = strtok(NULL, "\n")) {
		assert_int_equal(strncmp(at, "both;", 5), 0);
		sum += strtoull(strrchr(at, ' '), NULL, 10);
	}
	assert_true(sum > 0);
}

static void records_have_no_sleeps(void **state)
{
	struct live_proc *rptrace = live_rptrace("-f both --off-cpu --wakers --record %s -- %s",
						 live_path("asleep.rpt"),
						 live_target_path("asleep places"));

	(void)state;
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->err, "rptrace: --off-cpu, --wakers: this run shows that, "
					     "but the record will not have it\n"));
}

/* What it has asked for, and whether it sleeps. */
static uint64_t switches(pid_t pid, bool *sleeps)
{
	static const char key[] = "\nvoluntary_ctxt_switches:";
	char path[64], *status;
	uint64_t n;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	status = live_slurp(path);
	assert_non_null(strstr(status, key));
	n = strtoull(strstr(status, key) + strlen(key), NULL, 10);
	*sleeps = strstr(status, "\nState:\tS");
	free(status);
	return n;
}

static void idle_target_is_left_alone(void **state)
{
	struct live_proc *target = live_target("asleep idle"), *rptrace;
	uint64_t before, until = live_deadline();
	bool sleeps;

	(void)state;
	live_release(target);
	live_expect_line(target, "idle", 1);
	for (before = switches(target->pid, &sleeps); !sleeps;
	     before = switches(target->pid, &sleeps))
		assert_true(live_tick(until));
	rptrace = live_rptrace_ready("-p %d -f both -f idle --off-cpu --sample -i 100ms -n 3",
				     target->pid);
	assert_int_equal(live_wait(rptrace), 0);
	assert_int_equal(switches(target->pid, &sleeps), before);
	live_close(target);
	assert_int_equal(live_wait(target), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asleep_is_blocked),
		live_test(places_are_right, "-f both -f by_poll --off-cpu", "places"),
		live_test(places_are_right, "-f both -f by_poll --off-cpu --sample",
			  "places beside samples"),
		cmocka_unit_test(sleeps_beyond_the_bound_are_counted),
		cmocka_unit_test(each_window_has_some_stacks),
		cmocka_unit_test(sleeps_without_room_are_counted),
		cmocka_unit_test(what_is_not_within_is_left_out),
		cmocka_unit_test(stacks_are_in_ns),
		cmocka_unit_test(records_have_no_sleeps),
		cmocka_unit_test(idle_target_is_left_alone),
	};

	return live_main("asleep", tests, LIVE_COUNT(tests));
}

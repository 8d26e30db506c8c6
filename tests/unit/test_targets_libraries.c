// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Libraries: of commands before they run, of processes too short to be looked at; stack switches.
 */
#include "libraries_fixture.h"

/* ---- commands -------------------------------------------------------------------------------- */

/* It and its libraries are probed before it has begun. */
static void test_command(void **state)
{
	(void)state;
	make_object("lib.so");
	preload("lib.so");
	add_command();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("lib.so")), 1);
	assert_int_equal(links_alive(&f.kernel), 2);
	assert_int_equal(processes(), 1);
}

/* Its loader may take longer than probes stay in files that nobody uses. */
static void test_command_that_loads_slowly(void **state)
{
	(void)state;
	make_object("lib.so");
	preload("lib.so");
	add_command();
	map(PID, "prog");
	send(RP_EVENT_EXEC, PID, 0);
	look();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("lib.so")), 1);
	map(PID, "lib.so");
	send(RP_EVENT_MAP, PID, 0);
	look();
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
	end_process(PID);
	send(RP_EVENT_EXIT, PID, 0);
	look();
	assert_int_equal(links_alive(&f.kernel), 0);
}

/* Only what is wanted of them. */
static void test_library_of_a_command(void **state)
{
	(void)state;
	make_object("lib.so");
	preload("lib.so");
	f.functions[0] = "lib.so:probed_*";
	add_command();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("lib.so")), 1);
	assert_int_equal(links_alive(&f.kernel), 1);
}

/* ---- processes too short to be looked at ----------------------------------------------------- */

/* A process of which the executable is known, and a library that it has not mapped yet. */
static void start_program(const char *function)
{
	run_program(PID, "prog");
	make_object("lib.so");
	if (function)
		f.functions[0] = function;
	start();
	add(PID);
}

/* A library that nobody has seen was not measured; what is run next finds it probed. */
static void test_library_of_a_short_process(void **state)
{
	(void)state;
	preload("lib.so");
	start_program(NULL);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("lib.so")), 0);
	send_library(PID, "lib.so", rp_clock__now());
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
	send(RP_EVENT_EXIT, PID, 0);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("lib.so")), 1);
	/* It is looked through once. */
	put_process(PID + 1, 1);
	map(PID + 1, "prog");
	send(RP_EVENT_EXEC, PID + 1, 0);
	send_library(PID + 1, "lib.so", rp_clock__now());
	send(RP_EVENT_EXIT, PID + 1, 0);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
}

static void run_shortly(pid_t pid)
{
	put_process(pid, 1);
	map(pid, "prog");
	send(RP_EVENT_EXEC, pid, 0);
	send_library(pid, "lib.so", rp_clock__now());
	end_process(pid);
	send(RP_EVENT_EXIT, pid, 0);
}

/* Who uses it keeps it probed for whoever comes next, also where its probes went in between. */
static void test_library_of_short_processes(void **state)
{
	uint64_t late;

	(void)state;
	preload("lib.so");
	start_program(NULL);
	send_library(PID, "lib.so", rp_clock__now());
	send(RP_EVENT_EXIT, PID, 0);
	look();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("lib.so")), 0);
	run_shortly(PID + 1);
	late = f.kernel.lost[RP_LOST_LATE];
	assert_int_equal(links_of(&f.kernel, 0, ino_of("lib.so")), 1);
	/* From here on nobody has used it for a second, but for who comes at the end of it. */
	rp_targets__rescan(f.targets);
	usleep(1100 * 1000);
	run_shortly(PID + 2);
	rp_targets__rescan(f.targets);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("lib.so")), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], late);
	look();
	assert_int_equal(links_alive(&f.kernel), 0);
}

/* Its name alone, which is all that is told, does not say that it is wanted. */
static void test_library_by_path_of_a_short_process(void **state)
{
	(void)state;
	preload("lib.so");
	run_program(PID, "prog");
	make_object("lib.so");
	map(PID, "lib.so");
	f.functions[0] = "*/lib.so:probed_*";
	start();
	add(PID);
	end_process(PID);
	send(RP_EVENT_EXIT, PID, 0);
	look();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("lib.so")), 0);
	run_shortly(PID + 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("lib.so")), 1);
}

/* What nobody uses is not probed again for that, or is let go again. */
static void test_unused_file_beside_a_short_process(void **state)
{
	(void)state;
	preload("lib.so");
	make_object("other");
	run_program(PID + 1, "other");
	start_program(NULL);
	add(PID + 1);
	end_process(PID + 1);
	send(RP_EVENT_EXIT, PID + 1, 0);
	look();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("other")), 0);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 1);
	send_library(PID, "lib.so", rp_clock__now());
	end_process(PID);
	send(RP_EVENT_EXIT, PID, 0);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("lib.so")), 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("other")), 0);
	look();
	assert_int_equal(links_alive(&f.kernel), 0);
}

/* What its parent has mapped since the last look a child has, too, and maps it not once more. */
static void test_child_of_one_that_loads(void **state)
{
	(void)state;
	start_beside_another();
	make_object("lib.so");
	put_process(PID + 50, 1);
	map(PID + 50, "lib.so");
	map(PID, "lib.so");
	send(RP_EVENT_MAP, PID, 0);
	put_process(PID + 1, PID);
	map(PID + 1, "prog");
	map(PID + 1, "lib.so");
	send(RP_EVENT_FORK, PID + 1, PID);
	end_process(PID);
	send(RP_EVENT_EXIT, PID, 0);
	look();
	assert_int_equal(links_of(&f.kernel, PID + 1, ino_of("lib.so")), 1);
	assert_true(f.kernel.lost[RP_LOST_LATE] > 0);
}

/* So it is at the start of another program, for the one before. */
static void test_library_before_another_program(void **state)
{
	(void)state;
	start_program(NULL);
	send_library(PID, "lib.so", rp_clock__now());
	send(RP_EVENT_EXEC, PID, 0);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	send(RP_EVENT_EXIT, PID, 0);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
}

/* Seen in time, whatever else was not; or of no interest. */
static void test_library_that_is_not_missed(void **state)
{
	uint64_t before = rp_clock__now();

	(void)state;
	start_program("lib.so:probed_*");
	send_library(PID, "lib.so", rp_clock__now());
	map(PID, "lib.so");
	send(RP_EVENT_MAP, PID, 0);
	look();
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1); /* by its first moments */
	f.kernel.lost[RP_LOST_LATE] = 0;
	send(RP_EVENT_EXIT, PID, 0);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
	/* Probed by now everywhere: only what ran before that was late. */
	put_process(PID + 1, 1);
	send(RP_EVENT_EXEC, PID + 1, 0);
	f.kernel.lost[RP_LOST_LATE] = 0;
	send_library(PID + 1, "prog", rp_clock__now());
	send_library(PID + 1, "lib.so", rp_clock__now());
	send(RP_EVENT_EXIT, PID + 1, 0);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
	put_process(PID + 2, 1);
	send_library(PID + 2, "lib.so", before);
	send(RP_EVENT_EXIT, PID + 2, 0);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
}

/* ---- code that switches stacks --------------------------------------------------------------- */

/* With mov %rsp,(%rdi); mov (%rsi),%rsp. */
static const uint8_t switching[] = {0x55, 0x53, 0x48, 0x89, 0x27, 0x48,
				    0x8b, 0x26, 0x5b, 0x5d, 0xc3};

static int set_up_target(void **state)
{
	if (set_up(state))
		return 1;
	make_file("target", "alpha", plain, sizeof(plain));
	make_file("plain", "other", plain, sizeof(plain));
	make_file("switcher", "other", switching, sizeof(switching));
	f.plan_opts.rules.return_probes = true;
	f.functions[0] = "target:alpha";
	put_process(PID, 1);
	map(PID, "target");
	return 0;
}

/* Functions of one that has no such code return by return probes, one site each. */
static void start_with_return_probes(void)
{
	struct rp_targets_stats stats;

	start();
	add(PID);
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.sites, 1);
}

/* What is loaded later switches stacks: calls are timed by RET sites from then on. */
static void test_switches_that_are_loaded_later(void **state)
{
	struct rp_targets_stats stats;

	(void)state;
	start_with_return_probes();
	assert_int_equal(links_alive(&f.kernel), 1);
	map(PID, "switcher");
	send(RP_EVENT_MAP, PID, 0);
	look();
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.sites, 1 + 2);
	assert_int_equal(links_alive(&f.kernel), 2);
	assert_true(f.kernel.links[0].alive && f.kernel.links[1].counts);
}

/* Nothing else that is loaded does that. */
static void test_no_switches_are_loaded_later(void **state)
{
	struct rp_targets_stats stats;

	(void)state;
	start_with_return_probes();
	map(PID, "plain");
	send(RP_EVENT_MAP, PID, 0);
	look();
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.sites, 1);
	assert_int_equal(links_alive(&f.kernel), 1);
}

/* What is linked is looked at before it is mapped, each file once. */
static void test_files_that_are_linked(void **state)
{
	char target[PATH_MAX], plain_path[PATH_MAX], switcher[PATH_MAX];
	struct rp_linked_file files[] = {{.path = target, .is_exe = true},
					 {.path = plain_path},
					 {.path = plain_path},
					 {.path = switcher}};
	const struct rp_linked known = {.items = files, .n = 3}, all = {.items = files, .n = 4};

	(void)state;
	snprintf(target, sizeof(target), "%s/target", f.root);
	snprintf(plain_path, sizeof(plain_path), "%s/plain", f.root);
	snprintf(switcher, sizeof(switcher), "%s/switcher", f.root);
	start();
	assert_int_equal(rp_targets__search_linked(f.targets, &known), 0);
	assert_true(rp_plan__fears_switches(f.plan));
	assert_int_equal(rp_targets__search_linked(f.targets, &all), 0);
	assert_true(rp_plan__has_switches(f.plan));
}

/* They are there when its functions are planned, in whatever file. */
static void test_switches_that_are_there(void **state)
{
	struct rp_targets_stats stats;

	(void)state;
	map(PID, "switcher");
	start();
	add(PID);
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.sites, 2);
}

/* Its exits cannot be found: an instruction that is none. */
static const uint8_t unknown[] = {0x55, 0x48, 0x89, 0xe5, 0x5d, 0x06, 0xc3};

/* Where returns are not safe any more, and there is nothing else, it is measured no more. */
static void test_switches_beside_unknown_exits(void **state)
{
	struct rp_targets_stats stats;

	(void)state;
	make_file("target", "alpha", unknown, sizeof(unknown));
	start_with_return_probes();
	assert_int_equal(links_alive(&f.kernel), 1);
	map(PID, "switcher");
	send(RP_EVENT_MAP, PID, 0);
	look();
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.sites, 0);
	assert_int_equal(links_alive(&f.kernel), 0);
	assert_int_equal(f.kernel.left_out, fake_region(region("alpha")));
}

/* Files that take too long to be searched are taken for such that switch. */
static void test_search_that_takes_too_long(void **state)
{
	(void)state;
	start();
	f.targets->searching = 3000000001;
	add(PID);
	assert_true(rp_plan__has_switches(f.plan));
}

static bool cancelled;

static bool is_cancelled(void)
{
	return cancelled;
}

/* Given up after the first one; what was searched is not searched again. */
static void test_search_that_is_given_up(void **state)
{
	struct rp_mapped_list list;

	(void)state;
	f.opts.is_cancelled = is_cancelled;
	put(NO_FILES, "/%d/maps", PID);
	map(PID, "plain");
	map(PID, "target");
	map(PID, "switcher");
	start();
	assert_int_equal(rp_proc__mapped(f.root, PID, &list), 0);
	cancelled = true;
	for (size_t i = 0; i < list.n - 1; i++) {
		assert_int_equal(rp_targets__search_mapped(f.targets, PID, list.items, list.n), 0);
		assert_int_equal(f.targets->n_searched, 1);
		assert_false(rp_plan__has_switches(f.plan));
	}
	cancelled = false;
	assert_int_equal(rp_targets__search_mapped(f.targets, PID, list.items, list.n), 0);
	assert_true(rp_plan__has_switches(f.plan));
	assert_int_equal(f.targets->n_searched, list.n);
	assert_true(f.targets->searching > 0);
	rp_proc__mapped_free(&list);
}

/* In the whole system, what runs the functions is searched: what is there, and what comes later. */
static void test_switches_of_a_process_that_is_there(void **state)
{
	(void)state;
	map(PID, "switcher");
	start_whole_system();
	assert_true(rp_plan__has_switches(f.plan));
	assert_int_equal(f.kernel.links[0].sites, 2);
}

static void test_switches_of_others(void **state)
{
	struct rp_mapped_list list;

	(void)state;
	put_process(PID + 1, 1);
	map(PID + 1, "switcher");
	start_whole_system();
	assert_true(rp_plan__fears_switches(f.plan));
	assert_int_equal(f.kernel.links[0].sites, 1);
	/* One that runs the functions maps it, too. */
	assert_int_equal(rp_proc__mapped(f.root, PID + 1, &list), 0);
	rp_targets__on_mapping(f.targets, PID + 1, list.items, rp_clock__now());
	assert_true(rp_plan__fears_switches(f.plan));
	map(PID, "switcher");
	rp_targets__on_mapping(f.targets, PID, list.items, rp_clock__now());
	assert_true(rp_plan__has_switches(f.plan));
	look();
	assert_int_equal(links_alive(&f.kernel), 2);
	rp_proc__mapped_free(&list);
}

/* One that comes later maps the functions beside code that switches. */
static void test_switches_of_a_process_that_comes(void **state)
{
	struct rp_mapped_list list;

	(void)state;
	end_process(PID);
	start_whole_system();
	put_process(PID + 1, 1);
	map(PID + 1, "switcher");
	map(PID + 1, "target");
	assert_int_equal(rp_proc__mapped(f.root, PID + 1, &list), 0);
	assert_int_equal(list.n, 2);
	rp_targets__on_mapping(f.targets, PID + 1, &list.items[1], rp_clock__now());
	assert_true(rp_plan__has_switches(f.plan));
	assert_int_equal(f.kernel.links[0].sites, 2);
	rp_proc__mapped_free(&list);
}

/* ---- what is told of processes --------------------------------------------------------------- */

static void test_processes_are_told(void **state)
{
	pid_t *pids, debugger = 0;
	size_t n;

	(void)state;
	start_beside_another();
	put("Name:\ttest\nTracerPid:\t0\n", "/%d/status", PID);
	assert_int_equal(rp_targets__pids(f.targets, &pids, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(pids[0], PID);
	free(pids);
	assert_int_equal(rp_targets__debugged(f.targets, &debugger), 0);
	put("Name:\ttest\nTracerPid:\t4711\n", "/%d/status", PID);
	assert_int_equal(rp_targets__debugged(f.targets, &debugger), PID);
	assert_int_equal(debugger, 4711);
}

static void test_regions_are_taken_back(void **state)
{
	uint32_t two;
	struct rp_err err;
	size_t all;

	(void)state;
	start_beside_another();
	all = f.kernel.links[0].sites;
	two = region("probed_two");
	assert_int_equal(rp_targets__leave_out(f.targets, &two, 1, &err), 0);
	look();
	assert_true(f.kernel.links[1].sites < all);
	assert_int_equal(rp_targets__take_back(f.targets, &two, 1, &err), 0);
	look();
	assert_int_equal(links_of(&f.kernel, PID, 0), 2);
	assert_int_equal(f.kernel.links[1].sites + f.kernel.links[2].sites, all);
	assert_true(f.kernel.links[2].counts);
}

#define LIBRARY_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down_preload)
#define SWITCH_TEST(test)  cmocka_unit_test_setup_teardown(test, set_up_target, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIBRARY_TEST(test_command),
		LIBRARY_TEST(test_library_of_a_command),
		LIBRARY_TEST(test_command_that_loads_slowly),
		LIBRARY_TEST(test_library_of_a_short_process),
		LIBRARY_TEST(test_library_of_short_processes),
		LIBRARY_TEST(test_library_by_path_of_a_short_process),
		LIBRARY_TEST(test_unused_file_beside_a_short_process),
		LIBRARY_TEST(test_child_of_one_that_loads),
		LIBRARY_TEST(test_library_before_another_program),
		LIBRARY_TEST(test_library_that_is_not_missed),
		SWITCH_TEST(test_switches_that_are_loaded_later),
		SWITCH_TEST(test_no_switches_are_loaded_later),
		SWITCH_TEST(test_files_that_are_linked),
		SWITCH_TEST(test_switches_that_are_there),
		SWITCH_TEST(test_switches_beside_unknown_exits),
		SWITCH_TEST(test_search_that_takes_too_long),
		SWITCH_TEST(test_search_that_is_given_up),
		SWITCH_TEST(test_switches_of_a_process_that_is_there),
		SWITCH_TEST(test_switches_of_others),
		SWITCH_TEST(test_switches_of_a_process_that_comes),
		TARGETS_TEST(test_processes_are_told),
		TARGETS_TEST(test_regions_are_taken_back),
	};

	return cmocka_run_group_tests_name("targets_libraries", tests, NULL, NULL);
}

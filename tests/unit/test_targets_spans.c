// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Spans whose ends are in two files. */
#include "libraries_fixture.h"

static int set_up_target(void **state)
{
	if (set_up(state))
		return 1;
	make_file("target", "alpha", plain, sizeof(plain));
	make_file("ends", "beta", plain, sizeof(plain));
	f.functions[0] = "*:alpha:beta@arg0";
	put_process(PID, 1);
	map(PID, "target");
	return 0;
}

/* Nothing is probed as long as one end is missing; then the other, too, which was there before. */
static void test_end_that_is_loaded_later(void **state)
{
	(void)state;
	start();
	add(PID);
	assert_int_equal(links_alive(&f.kernel), 0);
	map(PID, "ends");
	send(RP_EVENT_MAP, PID, 0);
	look();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("target")), 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("ends")), 1);
	assert_int_equal(f.kernel.links[0].sites + f.kernel.links[1].sites, 2);
	assert_true(f.kernel.links[0].counts && f.kernel.links[1].counts);
}

/* Who else maps a file is asked once something of it is wanted, not when it was found. */
static void test_stranger_before_the_end_is_loaded(void **state)
{
	(void)state;
	start();
	add(PID);
	put_process(PID + 100, 1);
	map(PID + 100, "target");
	map(PID, "ends");
	send(RP_EVENT_MAP, PID, 0);
	look();
	assert_int_equal(links_of(&f.kernel, PID, ino_of("target")), 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("ends")), 1);
	assert_int_equal(links_alive(&f.kernel), 2);
}

static void test_end_in_another_process(void **state)
{
	(void)state;
	f.functions[0] = "[et]*:alpha:beta@arg0";
	start_whole_system();
	assert_int_equal(links_alive(&f.kernel), 0);
	put_process(PID + 1, 1);
	map(PID + 1, "ends");
	send(RP_EVENT_EXEC, PID + 1, 0);
	look();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("target")), 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("ends")), 1);
}

static void test_ends_that_are_there(void **state)
{
	(void)state;
	map(PID, "ends");
	start();
	add(PID);
	look();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("target")), 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("ends")), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
	assert_int_equal(f.kernel.added, 0); /* while it counts */
}

/* Known when the first has ended; the next, which comes before all else, is not the only one. */
static void test_end_in_a_library_of_a_short_process(void **state)
{
	(void)state;
	make_file("ends", "beta", plain, sizeof(plain));
	f.functions[0] = "*:probed_one:beta@arg0";
	preload("ends");
	run_program(PID, "prog");
	start();
	add(PID);
	assert_int_equal(links_alive(&f.kernel), 0);
	send_library(PID, "ends", rp_clock__now());
	assert_int_equal(f.kernel.added, 0);
	send(RP_EVENT_EXIT, PID, 0);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 1);
	assert_true(f.kernel.links[0].added && f.kernel.links[1].added);
	run_program(PID + 1, "prog");
	send(RP_EVENT_EXEC, PID + 1, 0);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("ends")), 1);
	assert_int_equal(links_alive(&f.kernel), 2);
}

/* A file that is named has the other end, before anybody maps it. */
static void test_end_in_a_file_that_is_named(void **state)
{
	static char function[PATH_MAX + 32];
	struct rp_err err;

	(void)state;
	run_program(PID, "target");
	f.functions[0] = "alpha:beta@arg0";
	snprintf(function, sizeof(function), "%s:alpha:beta@arg0", path_of("ends"));
	f.functions[1] = function;
	f.plan_opts.n_functions = 2;
	start();
	add(PID);
	assert_int_equal(rp_targets__add_named(f.targets, &err), 0);
	look();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("target")), 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("ends")), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
	assert_int_equal(f.kernel.added, 0);
}

/* Others run the same program: it is attached to the command alone, before that runs. */
static void test_end_in_a_file_that_is_named_of_a_command(void **state)
{
	static char function[PATH_MAX + 32];
	struct rp_err err;

	(void)state;
	make_file("ends", "beta", plain, sizeof(plain));
	snprintf(function, sizeof(function), "%s:probed_one:beta@arg0", path_of("ends"));
	f.functions[0] = "probed_one:beta@arg0";
	f.functions[1] = function;
	f.plan_opts.n_functions = 2;
	run_program(PID + 100, "prog");
	add_command();
	assert_int_equal(rp_targets__add_named(f.targets, &err), 0);
	assert_int_equal(links_of(&f.kernel, PID, ino_of("prog")), 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("ends")), 1);
	assert_int_equal(f.kernel.added, 0);
}

static void test_ends_in_two_processes(void **state)
{
	(void)state;
	f.functions[0] = "[et]*:alpha:beta@arg0";
	put_process(PID + 1, 1);
	map(PID + 1, "ends");
	start_whole_system();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("target")), 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("ends")), 1);
	look();
	assert_int_equal(links_alive(&f.kernel), 2);
	assert_int_equal(f.kernel.added, 0);
}

#define SPAN_TEST(test)	   cmocka_unit_test_setup_teardown(test, set_up_target, tear_down)
#define LIBRARY_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down_preload)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SPAN_TEST(test_end_that_is_loaded_later),
		SPAN_TEST(test_stranger_before_the_end_is_loaded),
		SPAN_TEST(test_end_in_another_process),
		SPAN_TEST(test_ends_that_are_there),
		LIBRARY_TEST(test_end_in_a_library_of_a_short_process),
		SPAN_TEST(test_end_in_a_file_that_is_named),
		LIBRARY_TEST(test_end_in_a_file_that_is_named_of_a_command),
		SPAN_TEST(test_ends_in_two_processes),
	};

	return cmocka_run_group_tests_name("targets_spans", tests, NULL, NULL);
}

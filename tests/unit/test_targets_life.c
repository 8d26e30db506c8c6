// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Processes that are forked, execute another program, load a library and end; changes meanwhile. */
#include "targets_fixture.h"

static void test_fork(void **state)
{
	(void)state;
	start_beside_another();
	put_process(PID + 1, PID);
	map(PID + 1, "prog");
	send(RP_EVENT_FORK, PID + 1, PID);
	assert_int_equal(links_of(&f.kernel, PID + 1, 0), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	assert_int_equal(processes(), 2);
}

/* The probes of its parent could not be bound in time: the child has none either, which is told. */
static void test_fork_of_a_child_that_was_too_short(void **state)
{
	(void)state;
	start_beside_another();
	put_process(PID + 1, PID);
	map(PID + 1, "prog");
	f.kernel.link_error = -ESRCH;
	send(RP_EVENT_FORK, PID + 1, PID);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	send(RP_EVENT_FORK, PID + 2, PID + 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 2);
	/* Of whose parent nothing is known any more. */
	send(RP_EVENT_FORK, PID + 4, PID + 3);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 3);
}

/* What is probed everywhere needs nothing more for a child. */
static void test_fork_where_all_are_probed(void **state)
{
	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	start();
	add(PID);
	put_process(PID + 1, PID);
	send(RP_EVENT_FORK, PID + 1, PID);
	assert_int_equal(links_alive(&f.kernel), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
}

static void test_child_whose_parent_has_ended(void **state)
{
	(void)state;
	start_beside_another();
	end_process(PID);
	send(RP_EVENT_EXIT, PID, 0);
	put_process(PID + 1, 1);
	map(PID + 1, "prog");
	send(RP_EVENT_FORK, PID + 1, PID);
	assert_int_equal(links_of(&f.kernel, PID + 1, 0), 1);
}

static void test_exec(void **state)
{
	(void)state;
	start_beside_another();
	make_object("other");
	put(NO_FILES, "/%d/maps", PID);
	map(PID, "other");
	send(RP_EVENT_EXEC, PID, 0);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("other")), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
}

/* Nobody is probed whose mappings cannot be read, though it lives: once for all of its time. */
static void test_exec_of_who_may_not_be_looked_at(void **state)
{
	char path[PATH_MAX];

	(void)state;
	start_beside_another();
	remove_all("/%d/maps", PID);
	snprintf(path, sizeof(path), "%s/%d/maps", f.root, PID);
	assert_int_equal(mkdir(path, 0700), 0); /* opens, and does not read */
	send(RP_EVENT_EXEC, PID, 0);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	look();
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
}

/* It ran with its probes if its file had them all when it started. */
static void test_short_programs(void **state)
{
	uint64_t before = rp_clock__now();

	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	start();
	add(PID);
	assert_true(f.kernel.links[0].counts);
	make_object("other");
	send_short_program(PID + 1, "prog", rp_clock__now());
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
	send_short_program(PID + 2, "prog", before);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	send_short_program(PID + 3, "other", rp_clock__now());
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 2);
}

/*
 * From its start to its end, which is known later than that it was late, or until it was looked at.
 */
static void test_how_long_it_was_late(void **state)
{
	uint64_t before = rp_clock__now() - 5000000000, most;
	struct rp_event end = {
		.header.type = RP_EVENT_EXIT, .pid = PID + 1, .time = before + 3000000};

	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	start();
	add(PID);
	put_process(PID + 1, PID);
	send_short_program(PID + 1, "prog", before);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	most = rp_clock__now() - before;
	assert_in_range(f.kernel.late_ns, 5000000000, most);
	end_process(PID + 1);
	rp_targets__on_event(f.targets, &end);
	assert_int_equal(f.kernel.late_ns, 3000000);
}

/* Nobody has seen it mapped: it was late for that until then, not for as long as it goes on. */
static void test_a_library_that_was_closed_again(void **state)
{
	uint64_t before = rp_clock__now() - 5000000000, late_ns;
	struct stat st;
	struct rp_event load = {.header.type = RP_EVENT_LIBRARY, .pid = PID, .time = before};

	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	start();
	add(PID);
	assert_int_equal(stat(make_object("plugin.so"), &st), 0);
	load.dev = major(st.st_dev) << RP_DEV_MINOR_BITS | minor(st.st_dev);
	load.detail = st.st_ino;
	snprintf(load.path, sizeof(load.path), "%s/plugin.so", f.root);
	rp_targets__on_event(f.targets, &load);
	send(RP_EVENT_MAP, PID, 0);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
	look();
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	late_ns = f.kernel.late_ns;
	assert_in_range(late_ns, 5000000000, rp_clock__now() - before);
	send(RP_EVENT_EXIT, PID, 0);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	assert_int_equal(f.kernel.late_ns, late_ns);
}

/* It still looks alive when its start is looked at, but has no memory left to tell what it maps. */
static void test_short_programs_on_their_way_out(void **state)
{
	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	start();
	add(PID);
	make_object("other");
	put_process(PID + 1, PID);
	send_short_program(PID + 1, "other", rp_clock__now());
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("other")), 1);
	send_short_program(PID + 1, "other", rp_clock__now());
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
}

/* Its memory goes between two looks: the file is one that nobody has looked into, not unwanted. */
static void test_short_program_that_goes_meanwhile(void **state)
{
	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	start();
	add(PID);
	make_object("other");
	for (pid_t pid = PID + 1; pid <= PID + 2; pid++) {
		put_process(pid, PID);
		map(pid, "other");
		remove_all("/%d/map_files", pid);
	}
	remove_all("/other");
	for (pid_t pid = PID + 1; pid <= PID + 2; pid++) {
		send(RP_EVENT_EXEC, pid, 0);
		assert_int_equal(f.kernel.lost[RP_LOST_LATE], pid - PID);
	}
}

/* Probes that are bound to a process were there before it executed the program. */
static void test_short_program_of_own_probes(void **state)
{
	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	f.opts.others_hidden = true;
	start();
	add(PID);
	assert_int_equal(links_of(&f.kernel, PID, 0), 1);
	f.kernel.lost[RP_LOST_LATE] = 0;
	end_process(PID);
	send_short_program(PID, "prog", rp_clock__now());
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
	/* Another process has none. */
	send_short_program(PID + 1, "prog", rp_clock__now());
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
}

/* What nobody could look at while it ran is found by its path: nothing is wanted, nothing is
 * missed. */
static void test_short_programs_of_no_interest(void **state)
{
	(void)state;
	f.functions[0] = "prog:probed_*";
	put_process(PID, 1);
	map(PID, "prog");
	start();
	add(PID);
	make_object("other");
	put("no program", "/text");
	for (pid_t pid = PID + 1; pid < PID + 5; pid++)
		send_short_program(pid, pid & 1 ? "other" : "text", rp_clock__now());
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
}

/* Its first run was missed; those after it are not. */
static void test_short_program_is_probed(void **state)
{
	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	start();
	add(PID);
	make_object("other");
	send_short_program(PID + 1, "other", rp_clock__now());
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("other")), 1);
	send_short_program(PID + 2, "other", rp_clock__now());
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
}

/*
 * What it was nobody can tell: each run may have been missed. So too where another took its path.
 */
static void test_short_programs_that_are_removed(void **state)
{
	struct rp_event event = {.header.type = RP_EVENT_EXEC, .detail = 4711};

	(void)state;
	f.functions[0] = "prog:probed_*";
	put_process(PID, 1);
	map(PID, "prog");
	start();
	add(PID);
	make_object("other");
	for (unsigned i = 1; i < 5; i++) {
		snprintf(event.path, sizeof(event.path), "%s/%s", f.root, i & 1 ? "other" : "none");
		event.pid = PID + i;
		event.time = rp_clock__now();
		rp_targets__on_event(f.targets, &event);
		assert_int_equal(f.kernel.lost[RP_LOST_LATE], i);
	}
}

/* All that happened until a process was counted as late is one and the same lateness. */
static void test_late_once(void **state)
{
	uint64_t before = rp_clock__now();

	(void)state;
	start_beside_another();
	make_object("other");
	put(NO_FILES, "/%d/maps", PID);
	map(PID, "other");
	send(RP_EVENT_EXEC, PID, 0);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	end_process(PID);
	send_short_program(PID, "other", before);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
}

static void test_exit(void **state)
{
	(void)state;
	start_beside_another();
	end_process(PID);
	send(RP_EVENT_EXIT, PID, 5000000000ull);
	assert_int_equal(links_alive(&f.kernel), 0);
	assert_int_equal(processes(), 0);
	/* Less what it had used before. */
	assert_int_equal(rp_targets__cpu(f.targets), 5000000000ull - FAKE_CPU_NS);
}

/* What they use until all is attached has neither samples nor regions beside it. */
static void test_cpu_before_it_is_measured(void **state)
{
	(void)state;
	start_beside_another();
	fake_cpu_run = 3000000000;
	assert_int_equal(rp_targets__cpu(f.targets), 3000000000);
	rp_targets__begin_cpu(f.targets);
	assert_int_equal(rp_targets__cpu(f.targets), 0);
	fake_cpu_run += 20;
	assert_int_equal(rp_targets__cpu(f.targets), 20);
	end_process(PID);
	send(RP_EVENT_EXIT, PID, FAKE_CPU_NS + fake_cpu_run + 5);
	assert_int_equal(rp_targets__cpu(f.targets), 25);
	rp_targets__begin_cpu(f.targets);
	assert_int_equal(rp_targets__cpu(f.targets), 0);
	fake_cpu_run = 0;
}

static void test_end_that_nobody_tells(void **state)
{
	(void)state;
	start_beside_another();
	rp_targets__reap(f.targets);
	assert_int_equal(processes(), 1);
	end_process(PID);
	rp_targets__reap(f.targets);
	assert_int_equal(processes(), 0);
	assert_int_equal(links_alive(&f.kernel), 0);
}

/* Its number comes again: links of the process before say nothing of this one. */
static void test_reused_pid(void **state)
{
	(void)state;
	start_beside_another();
	end_process(PID);
	send(RP_EVENT_EXIT, PID, 0);
	put_process(PID, PID + 1);
	map(PID, "prog");
	send(RP_EVENT_FORK, PID, PID + 1);
	assert_int_equal(links_of(&f.kernel, PID, 0), 1);
	assert_int_equal(f.kernel.n_links, 2);
}

/* Its probes go a moment after its last user, and come again for its next one. */
static void test_unused_file(void **state)
{
	struct rp_err err;
	uint32_t one;

	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	put_process(PID + 1, 1);
	start();
	add(PID);
	add(PID + 1);
	one = region("probed_one");
	end_process(PID);
	send(RP_EVENT_EXIT, PID, 0);
	assert_int_equal(links_alive(&f.kernel), 1);
	look();
	assert_int_equal(links_alive(&f.kernel), 0);
	/* Nor do they stay where they come for a selection that nobody's code is in. */
	assert_int_equal(rp_targets__take_back(f.targets, &one, 1, &err), 0);
	look();
	assert_int_equal(links_alive(&f.kernel), 0);
	map(PID + 1, "prog");
	send(RP_EVENT_EXEC, PID + 1, 0);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
}

/* Whoever runs it after its probes went, and has ended when that is looked at, ran without them. */
static void test_short_program_of_unused_file(void **state)
{
	uint64_t before;

	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	put_process(PID + 1, 1);
	start();
	add(PID);
	add(PID + 1);
	end_process(PID);
	send(RP_EVENT_EXIT, PID, 0);
	look();
	assert_int_equal(links_alive(&f.kernel), 0);
	before = rp_clock__now();
	send_short_program(PID + 2, "prog", rp_clock__now());
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 1);
	send_short_program(PID + 3, "prog", before);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 2);
	send_short_program(PID + 4, "prog", rp_clock__now());
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 2);
	for (pid_t pid = PID + 2; pid <= PID + 4; pid++)
		send(RP_EVENT_EXIT, pid, 0);
	look();
	assert_int_equal(links_alive(&f.kernel), 0);
}

/* Who writes to it waits until the probes are out; what is in it then is planned anew. */
static void test_written_file(void **state)
{
	char path[PATH_MAX];
	int fd;

	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	start();
	add(PID);
	f.kernel.detaching = true;
	snprintf(path, sizeof(path), "%s/prog", f.root);
	assert_int_equal(open(path, O_WRONLY | O_NONBLOCK), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	rp_targets__rescan(f.targets);
	assert_int_equal(links_alive(&f.kernel), 0);
	assert_int_equal(f.kernel.lost[RP_LOST_REWRITTEN], 1);
	assert_int_equal(open(path, O_WRONLY | O_NONBLOCK), -1);
	f.kernel.detaching = false;
	rp_targets__rescan(f.targets);
	fd = open(path, O_WRONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	close(fd);
	send(RP_EVENT_EXEC, PID, 0);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 1);
}

static void test_library_loaded_later(void **state)
{
	(void)state;
	start_beside_another();
	make_object("plugin");
	map(PID, "plugin");
	send(RP_EVENT_MAP, PID, 0);
	look();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("plugin")), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 1);
}

/* ---- changes while it runs ------------------------------------------------------------------- */

/* Found one a look: the next look comes as soon as this one has paid for itself, not much later. */
static void test_libraries_loaded_in_turn(void **state)
{
	uint64_t began, cost;
	int ms;

	(void)state;
	start_beside_another();
	make_object("lib.so");
	map(PID, "lib.so");
	send(RP_EVENT_MAP, PID, 0);
	began = rp_clock__thread_cpu();
	while ((ms = rp_targets__rescan(f.targets)) >= 0 &&
	       !links_of(&f.kernel, 0, ino_of("lib.so")))
		usleep((useconds_t)ms * 1000);
	send(RP_EVENT_MAP, PID, 0);
	ms = rp_targets__rescan(f.targets);
	cost = rp_clock__thread_cpu() - began;
	assert_in_range(ms, 0, 2 + 2 * cost / RP_NS_PER_MS);
}

static void test_failed_add_leaves_what_was(void **state)
{
	struct rp_err err;

	(void)state;
	f.functions[0] = "*:probed_one";
	start_beside_another();
	f.kernel.link_error = -EMFILE;
	assert_int_equal(rp_targets__select(f.targets, "*:probed_two", &err), -EMFILE);
	assert_int_equal(links_of(&f.kernel, PID, 0), 1);
	f.kernel.link_error = 0;
	assert_int_equal(rp_targets__select(f.targets, "*:probed_two", &err), 0);
	assert_int_equal(links_of(&f.kernel, PID, 0), 2);
}

static void test_left_out(void **state)
{
	uint32_t two;
	struct rp_err err;

	(void)state;
	start_beside_another();
	two = region("probed_two");
	assert_int_equal(rp_targets__leave_out(f.targets, &two, 1, &err), 0);
	assert_int_equal(f.kernel.swaps, 1);
	look();
	assert_int_equal(f.kernel.ended_swaps, 1);
	assert_false(f.kernel.links[0].alive);
	assert_int_equal(links_of(&f.kernel, PID, 0), 1);
	assert_true(f.kernel.links[1].sites < f.kernel.links[0].sites);
	assert_true(f.kernel.links[1].counts);
}

static void test_failed_drop_is_rolled_back(void **state)
{
	uint32_t two;
	struct rp_err err;

	(void)state;
	start_beside_another();
	two = region("probed_two");
	f.kernel.link_error = -EMFILE;
	assert_int_equal(rp_targets__leave_out(f.targets, &two, 1, &err), -EMFILE);
	assert_int_equal(f.kernel.swaps, 0);
	assert_true(f.kernel.links[0].alive);
	assert_int_equal(links_alive(&f.kernel), 1);
}

/* Its calls on another stack are timed by RET sites, linked beside all that was; only once. */
static void test_region_on_another_stack(void **state)
{
	struct rp_targets_stats before, after;

	(void)state;
	f.plan_opts.rules.return_probes = true;
	start_beside_another();
	rp_targets__stats(f.targets, &before);
	for (int i = 0; i < 3; i++) {
		send(RP_EVENT_STACK, PID, region("probed_two"));
		send(RP_EVENT_STACK, PID, 4711);
		look();
		assert_int_equal(links_of(&f.kernel, PID, 0), 2);
	}
	assert_true(f.kernel.links[0].alive && f.kernel.links[0].counts);
	assert_true(f.kernel.links[1].alive && f.kernel.links[1].counts);
	assert_int_equal(f.kernel.swaps, 0);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
	rp_targets__stats(f.targets, &after);
	assert_int_equal(after.sites, before.sites + f.kernel.links[1].sites);
	/* A child gets both in this order: the last is hit first, and takes the call. */
	put_process(PID + 1, PID);
	map(PID + 1, "prog");
	send(RP_EVENT_FORK, PID + 1, PID);
	assert_int_equal(links_of(&f.kernel, PID + 1, 0), 2);
	assert_int_equal(f.kernel.links[2].sites, f.kernel.links[0].sites);
	assert_int_equal(f.kernel.links[3].sites, f.kernel.links[1].sites);
}

/* Where a method is forced it stays. */
static void test_forced_return_probes_stay(void **state)
{
	(void)state;
	f.plan_opts.exit_method = RP_EXIT_METHOD_RETURN;
	start_beside_another();
	send(RP_EVENT_STACK, PID, region("probed_two"));
	look();
	assert_int_equal(links_alive(&f.kernel), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TARGETS_TEST(test_fork),
		TARGETS_TEST(test_fork_where_all_are_probed),
		TARGETS_TEST(test_child_whose_parent_has_ended),
		TARGETS_TEST(test_fork_of_a_child_that_was_too_short),
		TARGETS_TEST(test_exec),
		TARGETS_TEST(test_exec_of_who_may_not_be_looked_at),
		TARGETS_TEST(test_short_programs_on_their_way_out),
		TARGETS_TEST(test_short_program_that_goes_meanwhile),
		TARGETS_TEST(test_short_programs),
		TARGETS_TEST(test_how_long_it_was_late),
		TARGETS_TEST(test_a_library_that_was_closed_again),
		TARGETS_TEST(test_short_programs_of_no_interest),
		TARGETS_TEST(test_short_program_is_probed),
		TARGETS_TEST(test_short_programs_that_are_removed),
		TARGETS_TEST(test_late_once),
		TARGETS_TEST(test_exit),
		TARGETS_TEST(test_cpu_before_it_is_measured),
		TARGETS_TEST(test_end_that_nobody_tells),
		TARGETS_TEST(test_reused_pid),
		TARGETS_TEST(test_unused_file),
		TARGETS_TEST(test_short_program_of_own_probes),
		TARGETS_TEST(test_short_program_of_unused_file),
		TARGETS_TEST(test_written_file),
		TARGETS_TEST(test_library_loaded_later),
		TARGETS_TEST(test_libraries_loaded_in_turn),
		TARGETS_TEST(test_failed_add_leaves_what_was),
		TARGETS_TEST(test_left_out),
		TARGETS_TEST(test_region_on_another_stack),
		TARGETS_TEST(test_forced_return_probes_stay),
		TARGETS_TEST(test_failed_drop_is_rolled_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

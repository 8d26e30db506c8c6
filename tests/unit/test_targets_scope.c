// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Who is probed where, and what the kernel refuses. */
#include <signal.h>
#include <sys/mman.h>

#include "targets_fixture.h"

static void test_only_traced_processes_map_it(void **state)
{
	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	start();
	add(PID);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 1);
	assert_int_equal(links_alive(&f.kernel), 1);
	assert_int_equal(f.kernel.links[0].sites, 3 * 2); /* an entry and a RET each, or so */
}

static void test_others_map_it_too(void **state)
{
	(void)state;
	for (pid_t pid = PID; pid < PID + 3; pid++) {
		put_process(pid, 1);
		map(pid, "prog");
	}
	start();
	add(PID);
	add(PID + 1);
	assert_int_equal(links_of(&f.kernel, PID, 0), 1);
	assert_int_equal(links_of(&f.kernel, PID + 1, 0), 1);
	assert_int_equal(links_alive(&f.kernel), 2);
}

/* Those that are named together are not outside of the trace for each other. */
static void test_all_that_map_it_are_traced(void **state)
{
	static const pid_t both[] = {PID, PID + 1};
	struct rp_err err;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		put_process(both[i], 1);
		map(both[i], "prog");
	}
	start();
	assert_int_equal(rp_targets__add(f.targets, both, 2, 0, &err), 0);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 1);
	assert_int_equal(links_alive(&f.kernel), 1);
}

/* This program, of which "prog" is a copy, has longjmp(), too: coroutines for all that is known. */
static void has_signal_stack_but_no_coroutines(void)
{
	size_t size = size_of("prog");
	char path[PATH_MAX], *image, *at;
	int fd;

	sigaltstack(NULL, NULL); /* what this program has, its copies have */
	snprintf(path, sizeof(path), "%s/prog", f.root);
	fd = open(path, O_RDWR);
	image = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(image, MAP_FAILED);
	while ((at = memmem(image, size, "longjmp", 7)))
		*at = 'L';
	munmap(image, size);
	close(fd);
}

/* Such a program may run handlers on another stack; nobody sees to returns in its children. */
static void test_no_return_probes_bound_to_who_has_signal_stacks(void **state)
{
	struct rp_targets_stats stats;

	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	has_signal_stack_but_no_coroutines();
	put_process(PID + 1, 1);
	map(PID + 1, "prog");
	f.plan_opts.rules.return_probes = true;
	start();
	add(PID);
	assert_int_equal(links_of(&f.kernel, PID, 0), 1);
	assert_int_equal(f.kernel.links[0].sites, 3 * 2);
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.sites, 3 * 2);
}

/* Where the programs are run for every hit they see to it. */
static void test_return_probes_of_all_who_have_signal_stacks(void **state)
{
	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	has_signal_stack_but_no_coroutines();
	f.plan_opts.rules.return_probes = true;
	start();
	add(PID);
	assert_int_equal(f.kernel.links[0].sites, 3);
}

/* Where the kernel takes every return, nobody can. */
static void test_no_return_probes_of_signal_stacks_without_sessions(void **state)
{
	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	has_signal_stack_but_no_coroutines();
	f.plan_opts.rules = (struct rp_site_rules){.return_probes = true, .no_sessions = true};
	start();
	add(PID);
	assert_int_equal(f.kernel.links[0].sites, 3 * 2);
}

/* What that does when it runs, nobody knows: stacks may be switched there. */
static void test_no_return_probes_beside_code_that_cannot_be_read(void **state)
{
	(void)state;
	has_signal_stack_but_no_coroutines();
	assert_int_equal(truncate(make_object("code"), 100), 0);
	put_process(PID, 1);
	map(PID, "prog");
	map(PID, "code");
	f.plan_opts.rules.return_probes = true;
	start();
	add(PID);
	assert_int_equal(f.kernel.links[0].sites, 3 * 2);
}

/* What is left of it would have return probes that nobody sees to. */
static void test_left_out_beside_functions_on_signal_stacks(void **state)
{
	uint32_t one;

	(void)state;
	f.plan_opts.rules.return_probes = true;
	put_process(PID, 1);
	map(PID, "prog");
	has_signal_stack_but_no_coroutines();
	start();
	add(PID);
	assert_int_equal(f.kernel.links[0].sites, 3);
	one = region("probed_one");
	assert_int_equal(rp_targets__leave_out(f.targets, &one, 1, NULL), 0);
	look();
	assert_int_equal(links_alive(&f.kernel), 1);
	assert_true(f.kernel.links[1].counts);
	assert_int_equal(f.kernel.links[1].sites, 2 * 2);
}

/* In a container the processes outside of it are not seen. */
static void test_others_are_hidden(void **state)
{
	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	f.opts.others_hidden = true;
	start();
	add(PID);
	assert_int_equal(links_of(&f.kernel, PID, 0), 1);
	assert_int_equal(links_alive(&f.kernel), 1);
}

/* Another container shows what may be the same file under another device. */
static void test_a_file_of_another_device_that_may_be_the_same(void **state)
{
	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	put_process(PID + 1, 1);
	map_part(PID + 1, "prog", 1, 0);
	start();
	add(PID);
	assert_int_equal(links_of(&f.kernel, PID, 0), 1);
	assert_int_equal(links_of(&f.kernel, 0, 0), 0);
}

static void test_nothing_is_linked_without_a_session(void **state)
{
	struct rp_targets_stats stats;

	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	f.opts.session = NULL;
	start();
	add(PID);
	rp_targets__stats(f.targets, &stats);
	assert_true(stats.sites >= 3);
	assert_int_equal(f.kernel.n_links, 0);
}

/* Beside one that may be read, and however often it is looked at. */
static void test_a_file_that_may_not_be_read_counts_once(void **state)
{
	struct rp_targets_stats stats;

	(void)state;
	assert_int_equal(chmod(make_object("secret"), 0), 0);
	put_process(PID, 1);
	map(PID, "secret");
	map(PID, "prog");
	start();
	set_read_rights(false);
	add(PID);
	add(PID);
	set_read_rights(true);
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.left, 1);
	assert_non_null(strstr(stats.left_path, "secret"));
	assert_int_equal(f.kernel.lost[RP_LOST_FILES], 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 1);
}

/* ---- code that is not where its file says ---------------------------------------------------- */

static size_t moved(void)
{
	struct rp_targets_stats stats;

	rp_targets__stats(f.targets, &stats);
	assert_int_equal(f.kernel.lost[RP_LOST_MOVED], stats.moved > 0);
	return stats.moved;
}

/* From the last page on the file is mapped as before; what is before that is anonymous now. */
static void test_code_that_was_moved_before(void **state)
{
	(void)state;
	put_process(PID, 1);
	map_part(PID, "prog", 0, (size_of("prog") - 1) / 4096 * 4096);
	start();
	add(PID);
	assert_int_equal(moved(), 6);
}

static void test_code_that_is_where_it_was(void **state)
{
	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	start();
	add(PID);
	assert_int_equal(moved(), 0);
}

static void test_code_that_is_moved_later(void **state)
{
	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	start();
	add(PID);
	put(NO_FILES, "/%d/maps", PID);
	map_part(PID, "prog", 0, (size_of("prog") - 1) / 4096 * 4096);
	send(RP_EVENT_MAP, PID, 0);
	look();
	assert_int_equal(moved(), 6);
	/* Once a process. */
	send(RP_EVENT_MAP, PID, 0);
	look();
	assert_int_equal(moved(), 6);
}

/* A program that an exec is about to map. */
static void test_code_that_is_not_mapped_yet(void **state)
{
	(void)state;
	put_process(PID, 1);
	put("", "/%d/maps", PID);
	map_part(PID, "prog", 0, (size_of("prog") - 1) / 4096 * 4096);
	start();
	add(PID);
	assert_int_equal(moved(), 0);
	/* Some time after an exec it is, though no vDSO says so. */
	send(RP_EVENT_EXEC, PID, 0);
	assert_int_equal(moved(), 0);
	look();
	assert_int_equal(moved(), 6);
}

/* All code is gone from its file: of what is not mapped nothing is expected. */
static void test_file_that_is_not_mapped(void **state)
{
	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	start();
	add(PID);
	put(NO_FILES, "/%d/maps", PID);
	send(RP_EVENT_MAP, PID, 0);
	look();
	assert_int_equal(moved(), 0);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void test_one_refused_site_among_three(void **state)
{
	struct rp_targets_stats stats;

	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	f.plan_opts.exit_method = RP_EXIT_METHOD_RETURN;
	f.kernel.refuse = 1;
	start();
	add(PID);
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.refused, 1);
	assert_int_equal(stats.sites, 3);
	assert_int_equal(f.kernel.links[0].sites, 2);
}

static void test_out_of_descriptors(void **state)
{
	struct rp_err err;

	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	f.kernel.link_error = -EMFILE;
	start();
	assert_int_equal(rp_targets__add(f.targets, &(pid_t){PID}, 1, 0, &err), -EMFILE);
	assert_int_equal(links_alive(&f.kernel), 0);
	/* Later, when there are some again. */
	f.kernel.link_error = 0;
	add(PID);
	assert_int_equal(links_alive(&f.kernel), 1);
}

static void test_no_such_process(void **state)
{
	struct rp_err err;

	(void)state;
	start();
	assert_int_equal(rp_targets__add(f.targets, &(pid_t){PID}, 1, 0, &err), -ESRCH);
	assert_int_equal(err.exit, RP_EXIT_FAILED);
	assert_string_not_equal(err.cure, "");
}

/* Of those that a name found, some end before they are looked at: the others are traced. */
static void test_ended_since_it_was_found(void **state)
{
	static const pid_t pids[] = {PID, PID + 1, PID + 2};
	struct rp_err err;

	(void)state;
	put_process(PID + 1, 1);
	map(PID + 1, "prog");
	start();
	assert_int_equal(rp_targets__add(f.targets, pids, 3, 2, &err), -ESRCH);
	assert_int_equal(rp_targets__add(f.targets, pids, 3, 3, &err), 0);
	assert_int_equal(links_alive(&f.kernel), 1);
}

/* One of two that are named ends before it is looked at: that is no error. Alone it is one. */
static void test_ended_before_it_is_looked_at(void **state)
{
	static const pid_t both[] = {PID, PID + 1};
	struct rp_err err;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		put_process(both[i], 1);
		map(both[i], "prog");
	}
	remove_all("/%d/maps", PID + 1);
	start();
	assert_int_equal(rp_targets__add(f.targets, both, 2, 0, &err), 0);
	assert_int_equal(links_alive(&f.kernel), 1);
	rp_targets__free(f.targets);
	f.targets = rp_targets__new(&f.opts);
	assert_int_equal(rp_targets__add(f.targets, both + 1, 1, 0, &err), -ESRCH);
	assert_string_equal(err.cause, "process 5000002: there is no such process");
}

/* What it maps first may have been known last: all of it is used. */
static void test_files_in_another_order(void **state)
{
	(void)state;
	make_object("lib.so");
	put_process(PID, 1);
	map(PID, "prog");
	map(PID, "lib.so");
	start();
	add(PID);
	put_process(PID + 1, 1);
	map(PID + 1, "lib.so");
	map(PID + 1, "prog");
	add(PID + 1);
	end_process(PID);
	send(RP_EVENT_EXIT, PID, 0);
	look();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 1);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("lib.so")), 1);
	assert_int_equal(links_alive(&f.kernel), 2);
}

/* A child that maps a file is not told yet: it is no stranger. */
static void test_child_that_is_not_known(void **state)
{
	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	make_object("lib.so");
	start();
	add(PID);
	put_process(PID + 1, PID);
	map(PID + 1, "lib.so");
	map(PID, "lib.so");
	send(RP_EVENT_MAP, PID, 0);
	look();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("lib.so")), 1);
}

/* Nor where its probes are refused because it has ended. */
static void test_ended_before_it_is_probed(void **state)
{
	static const pid_t both[] = {PID, PID + 1};
	struct rp_err err;

	(void)state;
	for (pid_t pid = PID; pid < PID + 3; pid++) {
		put_process(pid, 1);
		map(pid, "prog");
	}
	f.kernel.link_error = -ESRCH;
	f.kernel.error_pid = PID;
	start();
	assert_int_equal(rp_targets__add(f.targets, both, 2, 0, &err), 0);
	assert_int_equal(links_of(&f.kernel, PID, 0), 0);
	assert_int_equal(links_of(&f.kernel, PID + 1, 0), 1);
}

/* Its first thread has ended: links that are bound to it would see nothing. */
static void test_first_thread_has_ended(void **state)
{
	uint32_t two;
	struct rp_err err;

	(void)state;
	start_beside_another();
	assert_int_equal(links_of(&f.kernel, PID, 0), 1);
	two = region("probed_two");
	put("5000001 (test) Z 1 1 1 0 -1 0 0 0 0 0 0 0\n", "/%d/task/%d/stat", PID, PID);
	put("5000009 (test) S 1 1 1 0 -1 0 0 0 0 0 0 0\n", "/%d/task/%d/stat", PID, PID + 8);
	put("5000001 (test) Z 1 1 1 0 -1 0 0 0 0 0 0 0\n", "/%d/stat", PID);
	assert_int_equal(rp_targets__leave_out(f.targets, &two, 1, &err), -ENOTSUP);
	assert_non_null(strstr(err.cause, "process 5000001 cannot be given other probes"));
	assert_string_equal(err.cure, "start rptrace anew");
	assert_int_equal(f.kernel.swaps, 0);
	assert_int_equal(links_alive(&f.kernel), 1);
	/* What it maps from then on is probed in all, though others map it. */
	make_object("lib.so");
	map(PID + 100, "lib.so");
	put_process(PID + 8, 1); /* as the thread is shown */
	map(PID + 8, "lib.so");
	send(RP_EVENT_MAP, PID, 0);
	look();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("lib.so")), 1);
}

static void test_all_have_ended_since_they_were_found(void **state)
{
	static const pid_t both[] = {PID, PID + 1};
	struct rp_err err;

	(void)state;
	start();
	assert_int_equal(rp_targets__add(f.targets, both, 2, 2, &err), -ESRCH);
	assert_string_not_equal(err.cure, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TARGETS_TEST(test_only_traced_processes_map_it),
		TARGETS_TEST(test_others_map_it_too),
		TARGETS_TEST(test_all_that_map_it_are_traced),
		TARGETS_TEST(test_no_return_probes_bound_to_who_has_signal_stacks),
		TARGETS_TEST(test_return_probes_of_all_who_have_signal_stacks),
		TARGETS_TEST(test_no_return_probes_of_signal_stacks_without_sessions),
		TARGETS_TEST(test_no_return_probes_beside_code_that_cannot_be_read),
		TARGETS_TEST(test_left_out_beside_functions_on_signal_stacks),
		TARGETS_TEST(test_others_are_hidden),
		TARGETS_TEST(test_a_file_of_another_device_that_may_be_the_same),
		TARGETS_TEST(test_nothing_is_linked_without_a_session),
		TARGETS_TEST(test_a_file_that_may_not_be_read_counts_once),
		TARGETS_TEST(test_code_that_was_moved_before),
		TARGETS_TEST(test_code_that_is_where_it_was),
		TARGETS_TEST(test_code_that_is_moved_later),
		TARGETS_TEST(test_code_that_is_not_mapped_yet),
		TARGETS_TEST(test_file_that_is_not_mapped),
		TARGETS_TEST(test_one_refused_site_among_three),
		TARGETS_TEST(test_out_of_descriptors),
		TARGETS_TEST(test_no_such_process),
		TARGETS_TEST(test_ended_since_it_was_found),
		TARGETS_TEST(test_ended_before_it_is_looked_at),
		TARGETS_TEST(test_ended_before_it_is_probed),
		TARGETS_TEST(test_files_in_another_order),
		TARGETS_TEST(test_child_that_is_not_known),
		TARGETS_TEST(test_first_thread_has_ended),
		TARGETS_TEST(test_all_have_ended_since_they_were_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The whole system while it changes; links of single regions; what is told of objects. */
#include <poll.h>

#include "targets_fixture.h"

static void start_system(int expected)
{
	struct rp_err err;

	f.functions[0] = "prog:probed_*";
	f.plan_opts.whole_system = true;
	start();
	assert_int_equal(rp_targets__add_system(f.targets, &err), expected);
}

static void start_system_with_a_process(int expected)
{
	put_process(PID, 1);
	map(PID, "prog");
	start_system(expected);
}

/* ---- the whole system -------------------------------------------------------------------------
 */

/* A child maps what its parent does: the file is in use after the parent has ended. */
static void test_child(void **state)
{
	(void)state;
	start_system_with_a_process(0);
	put_process(PID + 1, PID);
	map(PID + 1, "prog");
	send(RP_EVENT_FORK, PID + 1, PID);
	assert_int_equal(processes(), 2);
	end_process(PID);
	send(RP_EVENT_EXIT, PID, 0);
	assert_int_equal(processes(), 1);
	look();
	assert_int_equal(links_alive(&f.kernel), 1);
	/* Of a parent that nobody knows it maps nothing that is known. */
	put_process(PID + 3, PID + 2);
	send(RP_EVENT_FORK, PID + 3, PID + 2);
	assert_int_equal(processes(), 1);
}

/* One that entered a region is looked at, and counts even where it has ended since. */
static void test_process_that_is_found(void **state)
{
	struct rp_targets_stats stats;

	(void)state;
	start_system(0);
	rp_targets__stats(f.targets, &stats);
	assert_false(stats.came);
	send(RP_EVENT_FOUND, PID, 0);
	rp_targets__stats(f.targets, &stats);
	assert_true(stats.came);
	assert_int_equal(stats.processes, 0);
	put_process(PID + 1, 1);
	map(PID + 1, "prog");
	send(RP_EVENT_FOUND, PID + 1, 0);
	assert_int_equal(processes(), 1);
	assert_int_equal(links_alive(&f.kernel), 1);
}

/* One that runs nothing of what is wanted any more is traced no more. */
static void test_process_that_is_counted_out(void **state)
{
	(void)state;
	start_system_with_a_process(0);
	assert_int_equal(processes(), 1);
	make_object("other");
	put(NO_FILES, "/%d/maps", PID);
	map(PID, "other");
	send(RP_EVENT_EXEC, PID, 0);
	assert_int_equal(processes(), 0);
	for (size_t i = 0; i < f.kernel.n_tracked; i++)
		assert_int_not_equal(f.kernel.tracked[i], PID);
}

static void test_taken_back_everywhere(void **state)
{
	uint32_t two;
	struct rp_err err;
	size_t all;

	(void)state;
	start_system_with_a_process(0);
	all = f.kernel.links[0].sites;
	two = region("probed_two");
	assert_int_equal(rp_targets__leave_out(f.targets, &two, 1, &err), 0);
	look();
	assert_true(f.kernel.links[1].sites < all);
	assert_int_equal(rp_targets__take_back(f.targets, &two, 1, &err), 0);
	look();
	assert_int_equal(links_of(&f.kernel, 0, 0), 2);
	assert_int_equal(f.kernel.links[1].sites + f.kernel.links[2].sites, all);
	assert_true(f.kernel.links[2].counts);
}

/* What the kernel refuses of a file is that file's; what it refuses of all ends it. */
static void test_links_that_are_refused(void **state)
{
	static const struct {
		int code;
		bool fatal;
	} cases[] = {{-EINVAL, false}, {-EPERM, true},	{-EACCES, true},
		     {-ENOMEM, true},  {-EMFILE, true}, {-ENOENT, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rp_targets_stats stats;

		assert_int_equal(set_up(state), 0);
		f.kernel.link_error = cases[i].code;
		start_system_with_a_process(cases[i].fatal ? cases[i].code : 0);
		rp_targets__stats(f.targets, &stats);
		assert_true(stats.refused >= 3);
		assert_int_equal(stats.objects, 0);
		assert_int_equal(tear_down(state), 0);
	}
}

/* ---- files that are written -------------------------------------------------------------------
 */

static void await_writer_once(void)
{
	struct pollfd fd = {.fd = rp_targets__fd(f.targets), .events = POLLIN};

	assert_int_equal(poll(&fd, 1, 20000), 1);
	rp_targets__rescan(f.targets);
}

static void await_writer(void)
{
	await_writer_once();
	look();
}

static int open_to_write(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", f.root, name);
	return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

/* Whoever wants to write to it is told of at once. */
static void test_writer_who_waits(void **state)
{
	(void)state;
	start_system_with_a_process(0);
	assert_int_equal(open_to_write("prog"), -1);
	await_writer();
	assert_int_equal(links_alive(&f.kernel), 0);
	assert_int_equal(f.kernel.lost[RP_LOST_REWRITTEN], 1);
}

/* What nobody runs is let go likewise, and nobody misses it. */
static void test_writer_of_what_nobody_runs(void **state)
{
	(void)state;
	start_system_with_a_process(0);
	end_process(PID);
	send(RP_EVENT_EXIT, PID, 0);
	assert_int_equal(links_alive(&f.kernel), 1);
	assert_int_equal(open_to_write("prog"), -1);
	await_writer();
	assert_int_equal(links_alive(&f.kernel), 0);
	assert_int_equal(f.kernel.lost[RP_LOST_REWRITTEN], 0);
}

/* Who had it open before cannot be held up, but each write is told of; other files stay. */
static void test_writer_who_was_there(void **state)
{
	int fd = open_to_write("prog");

	(void)state;
	make_object("other");
	put_process(PID, 1);
	map(PID, "other");
	f.functions[0] = "*:probed_*";
	start();
	add(PID);
	assert_int_equal(links_alive(&f.kernel), 1);
	put(NO_FILES, "/%d/maps", PID);
	map(PID, "other");
	map(PID, "prog");
	send(RP_EVENT_MAP, PID, 0);
	look();
	assert_int_equal(links_alive(&f.kernel), 2);
	assert_int_equal(pwrite(fd, "x", 1, 4096), 1);
	close(fd);
	await_writer();
	assert_int_equal(links_of(&f.kernel, 0, ino_of("prog")), 0);
	assert_int_equal(links_of(&f.kernel, 0, ino_of("other")), 1);
	assert_int_equal(f.kernel.lost[RP_LOST_REWRITTEN], 1);
}

/* Whoever has a copy of its descriptor, as workers that close links have. */
static void assert_may_be_written(void)
{
	int fd = open_to_write("prog");

	assert_true(fd >= 0);
	close(fd);
}

static int lease_of(const char *name)
{
	struct stat st, own;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", f.root, name);
	assert_int_equal(stat(path, &st), 0);
	for (int fd = 3; fd < 1024; fd++)
		if (!fstat(fd, &own) && own.st_ino == st.st_ino && own.st_dev == st.st_dev &&
		    fcntl(fd, F_GETLEASE) == F_RDLCK)
			return fd;
	return -1;
}

/* Breakpoints may be on their way out when a trace ends: the file is given back all the same. */
static void test_no_lease_outlives_the_trace(void **state)
{
	int copy;

	(void)state;
	start_system_with_a_process(0);
	copy = dup(lease_of("prog"));
	assert_true(copy >= 0);
	assert_int_equal(open_to_write("prog"), -1);
	f.kernel.detaching = true;
	await_writer_once();
	assert_int_equal(open_to_write("prog"), -1);
	rp_targets__free(f.targets);
	f.targets = NULL;
	assert_may_be_written();
	close(copy);
}

/* ---- links of single regions ------------------------------------------------------------------
 */

/* Where to close a link takes long, what stays does so in links of its own. */
static void test_link_per_region(void **state)
{
	uint32_t two;
	struct rp_err err;

	(void)state;
	f.opts.link_per_site = true;
	start_beside_another();
	assert_int_equal(links_of(&f.kernel, PID, 0), 3);
	two = region("probed_two");
	assert_int_equal(rp_targets__leave_out(f.targets, &two, 1, &err), 0);
	look();
	assert_int_equal(links_of(&f.kernel, PID, 0), 2);
	assert_int_equal(f.kernel.n_links, 3);
}

/* ---- what is told of objects ------------------------------------------------------------------
 */

static void test_objects_are_told(void **state)
{
	const char *path;
	struct rp_elf *elf;
	char exe[PATH_MAX], prog[PATH_MAX];
	struct stat st;
	size_t n;

	(void)state;
	put_process(PID, 1);
	make_object("lib.so");
	map(PID, "lib.so");
	map(PID, "prog");
	snprintf(exe, sizeof(exe), "%s/%d/exe", f.root, PID);
	snprintf(prog, sizeof(prog), "%s/prog", f.root);
	assert_int_equal(symlink(prog, exe), 0);
	start();
	add(PID);
	n = rp_targets__n_objects(f.targets);
	assert_int_equal(n, 2);
	/* The executable first, whatever is mapped before it. */
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(rp_targets__is_executable(f.targets, i), i == 0);
		assert_int_equal(fstat(rp_targets__object(f.targets, i, &path), &st), 0);
		assert_int_equal(st.st_ino, ino_of(i ? "lib.so" : "prog"));
		assert_string_equal(strrchr(path, '/'), i ? "/lib.so" : "/prog");
		assert_int_equal(rp_targets__read(f.targets, i, RP_ELF_FUNCTIONS, &elf), 0);
		rp_elf__free(elf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TARGETS_TEST(test_child),
		TARGETS_TEST(test_process_that_is_found),
		TARGETS_TEST(test_process_that_is_counted_out),
		TARGETS_TEST(test_taken_back_everywhere),
		cmocka_unit_test(test_links_that_are_refused),
		TARGETS_TEST(test_writer_who_waits),
		TARGETS_TEST(test_writer_of_what_nobody_runs),
		TARGETS_TEST(test_writer_who_was_there),
		TARGETS_TEST(test_no_lease_outlives_the_trace),
		TARGETS_TEST(test_link_per_region),
		TARGETS_TEST(test_objects_are_told),
	};

	return cmocka_run_group_tests_name("targets_changes", tests, NULL, NULL);
}

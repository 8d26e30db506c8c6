// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What is told of targets: to whoever runs the trace, in figures and in errors, and to the kernel.
 */
#include <signal.h>

#include "rptrace.h"
#include "targets/internal.h"
#include "targets_fixture.h"

/* Of this program, and so of its copies: two blocks, whose ends say no name. */
int marked_block(int x);

__attribute__((noinline)) int marked_block(int x)
{
	volatile int y = x;

	RPTRACE_REGION(parse)
	y++;
	RPTRACE_REGION(reply)
	y--;
	return y;
}

/* ---- figures ----------------------------------------------------------------------------------
 */

/* As many as are in the plan, of each kind. */
static void test_sites(void **state)
{
	struct rp_targets_stats stats;
	size_t n, slow = 0, two = 0, slow_two = 0;
	const struct rp_site *sites;
	struct rp_err err;
	uint32_t id;

	(void)state;
	start_beside_another();
	sites = rp_plan__sites(f.plan, &n);
	id = region("probed_two");
	for (size_t i = 0; i < n; i++) {
		slow += sites[i].slow;
		two += sites[i].region == id;
		slow_two += sites[i].region == id && sites[i].slow;
	}
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.sites, n);
	assert_int_equal(stats.slow_sites, slow);
	assert_int_equal(stats.objects, 1);
	assert_int_equal(stats.processes, 1);
	assert_false(stats.names || stats.stripped || stats.denied || stats.came);
	assert_int_equal(stats.refused + stats.moved + stats.trapped + stats.left, 0);
	assert_null(stats.left_path);
	assert_int_equal(rp_targets__leave_out(f.targets, &id, 1, &err), 0);
	look();
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.sites, n - two);
	assert_int_equal(stats.slow_sites, slow - slow_two);
	/* Nothing is measured in a file that is gone. */
	rp_object__drop(f.targets, &f.targets->objects[0]);
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.sites + stats.slow_sites + stats.objects, 0);
}

/* Refused by the kernel, in each process that it is refused in; not once more for what is left. */
static void test_refused_sites(void **state)
{
	struct rp_targets_stats stats;
	struct rp_err err;
	uint32_t two;

	(void)state;
	f.kernel.refuse = 2;
	start_beside_another();
	put_process(PID + 1, 1);
	map(PID + 1, "prog");
	add(PID + 1);
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.refused, 4);
	two = region("probed_two");
	assert_int_equal(rp_targets__leave_out(f.targets, &two, 1, &err), 0);
	look();
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.refused, 4);
}

/* ---- files that are left ----------------------------------------------------------------------
 */

static int open_with_lease(const char *name)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", f.root, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	fcntl(fd, F_SETSIG, SIGURG); /* ignored */
	assert_int_equal(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	return fd;
}

/* The first is told by its name, all are counted; what else there is is probed. */
static void test_files_with_leases(void **state)
{
	struct rp_targets_stats stats;
	int one, two;

	(void)state;
	make_object("one");
	make_object("two");
	put_process(PID, 1);
	map(PID, "one");
	map(PID, "two");
	map(PID, "prog");
	start();
	one = open_with_lease("one");
	two = open_with_lease("two");
	add(PID);
	close(one);
	close(two);
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.left, 2);
	assert_non_null(strstr(stats.left_path, "/one"));
	assert_string_equal(stats.left_why, "somebody has a lease on it");
	assert_false(stats.denied);
	assert_int_equal(f.kernel.lost[RP_LOST_FILES], 2);
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
	assert_int_equal(links_alive(&f.kernel), 1);
}

/* Two of them, in two processes: two are counted, and that they are there is told. */
static void test_files_that_may_not_be_read(void **state)
{
	struct rp_targets_stats stats;

	(void)state;
	assert_int_equal(chmod(make_object("one"), 0), 0);
	assert_int_equal(chmod(make_object("two"), 0), 0);
	for (pid_t pid = PID; pid < PID + 2; pid++) {
		put_process(pid, 1);
		map(pid, "one");
		map(pid, "two");
	}
	start();
	set_read_rights(false);
	add(PID);
	add(PID + 1);
	set_read_rights(true);
	rp_targets__stats(f.targets, &stats);
	assert_true(stats.denied);
	assert_int_equal(stats.left, 2);
	assert_non_null(strstr(stats.left_path, "/one"));
	assert_string_equal(stats.left_why, "you may not read it");
	assert_int_equal(f.kernel.lost[RP_LOST_FILES], 2);
}

/* ---- errors -----------------------------------------------------------------------------------
 */

static int try_to_add(pid_t pid, struct rp_err *err)
{
	*err = (struct rp_err){0};
	return rp_targets__add(f.targets, &pid, 1, 0, err);
}

static void test_process_whose_mappings_may_not_be_read(void **state)
{
	struct rp_err err;
	char path[PATH_MAX];
	int rc;

	(void)state;
	put_process(PID, 1);
	map(PID, "prog");
	snprintf(path, sizeof(path), "%s/%d/maps", f.root, PID);
	assert_int_equal(chmod(path, 0), 0);
	start();
	set_read_rights(false);
	rc = try_to_add(PID, &err);
	set_read_rights(true);
	assert_int_equal(rc, -EACCES);
	assert_int_equal(err.exit, RP_EXIT_DENIED);
	assert_non_null(strstr(err.cause, "process 5000001: "));
	assert_int_equal(err.remedy, RP_REMEDY_RIGHTS);
}

static void test_processes_that_run_no_program(void **state)
{
	struct rp_err err;

	(void)state;
	put_process(PID, 1);
	put("5000001 (kworker) S 2 0 0 0 -1 2097152 0 0 0 0 0\n", "/%d/stat", PID);
	put_process(getpid(), 1);
	start();
	assert_int_equal(try_to_add(PID, &err), -ENOEXEC);
	assert_int_equal(err.exit, RP_EXIT_NOTHING);
	assert_non_null(strstr(err.cause, "process 5000001 is a thread of the kernel"));
	assert_int_equal(try_to_add(getpid(), &err), -EINVAL);
	assert_int_equal(err.exit, RP_EXIT_FAILED);
	assert_non_null(strstr(err.cause, "does not trace itself"));
	assert_int_equal(processes(), 0);
}

/* All that descend from it, but for this very program. */
static void test_descendants(void **state)
{
	char children[64];

	(void)state;
	for (pid_t pid = PID; pid < PID + 5; pid++) {
		put_process(pid, pid < PID + 3 ? pid - 1 : 1);
		map(pid, "prog");
	}
	put_process(getpid(), PID);
	snprintf(children, sizeof(children), "%d %d ", (int)getpid(), PID + 1);
	put(children, "/%d/task/%d/children", PID, PID);
	snprintf(children, sizeof(children), "%d ", PID + 2);
	put(children, "/%d/task/%d/children", PID + 1, PID + 1);
	f.opts.follow = false;
	start();
	add(PID + 1);
	assert_int_equal(processes(), 1);
	f.targets->follow = true;
	add(PID);
	assert_int_equal(processes(), 3);
	for (pid_t pid = PID; pid < PID + 3; pid++)
		assert_int_equal(links_of(&f.kernel, pid, 0), 1);
	assert_int_equal(links_alive(&f.kernel), 3);
}

/* ---- what it works at -------------------------------------------------------------------------
 */

struct work {
	char text[1024];
};

static void note_work(void *ctx, const char *doing, const char *path)
{
	struct work *work = ctx;
	size_t len = strlen(work->text);

	snprintf(work->text + len, sizeof(work->text) - len, "%s%s; ", doing, strrchr(path, '/'));
}

static void test_work_is_told(void **state)
{
	struct work work = {0};

	(void)state;
	f.opts.on_work = note_work;
	f.opts.ctx = &work;
	start_beside_another();
	assert_string_equal(work.text, "reading symbols of/prog; attaching to/prog; ");
}

static void test_work_for_markers_is_told(void **state)
{
	struct work work = {0};
	static const char *const probes[] = {"rptrace:*"};

	(void)state;
	f.opts.on_work = note_work;
	f.opts.ctx = &work;
	f.plan_opts.n_functions = 0;
	f.plan_opts.usdts = probes;
	f.plan_opts.n_usdts = 1;
	start_beside_another();
	assert_string_equal(work.text, "reading notes of/prog; attaching to/prog; ");
}

/* ---- the kernel -------------------------------------------------------------------------------
 */

/* Before each look at it, as what is mapped from then on is told of again. */
static void test_looks_at_mappings_are_told(void **state)
{
	(void)state;
	start_beside_another();
	assert_int_equal(f.kernel.n_seen, 0);
	send(RP_EVENT_MAP, PID, 0);
	look();
	assert_int_equal(f.kernel.n_seen, 2); /* soon, and to be sure */
	assert_int_equal(f.kernel.seen[0], PID);
	assert_int_equal(f.kernel.seen[1], PID);
	assert_int_equal(rp_targets__rescan(f.targets), -1);
	assert_int_equal(f.kernel.n_seen, 2);
}

static void test_reaping_is_told(void **state)
{
	(void)state;
	start_beside_another();
	rp_targets__reap(f.targets);
	rp_targets__reap(f.targets);
	assert_int_equal(f.kernel.reaps, 2);
}

/* ---- ends of blocks ---------------------------------------------------------------------------
 */

static size_t sites_wanted(void)
{
	struct rp_targets_stats stats;

	rp_targets__stats(f.targets, &stats);
	return stats.sites;
}

/* They are of no region: they stay as long as any block of the file is wanted. */
static void test_ends_of_blocks(void **state)
{
	static const char *const probes[] = {"rptrace:*"};
	uint32_t parse, reply;
	struct rp_err err;
	size_t all, end = 0, n;
	const struct rp_site *sites;

	(void)state;
	f.plan_opts.n_functions = 0;
	f.plan_opts.usdts = probes;
	f.plan_opts.n_usdts = 1;
	start_beside_another();
	sites = rp_plan__sites(f.plan, &n);
	for (size_t i = 0; i < n; i++)
		end += sites[i].role == RP_ROLE_SCOPE_END;
	all = sites_wanted();
	assert_true(end > 0);
	assert_int_equal(all, end + 2);
	parse = region("parse");
	reply = region("reply");
	assert_int_equal(rp_targets__leave_out(f.targets, &parse, 1, &err), 0);
	look();
	assert_int_equal(f.kernel.links[1].sites, end + 1);
	assert_int_equal(rp_targets__leave_out(f.targets, &reply, 1, &err), 0);
	look();
	assert_int_equal(links_alive(&f.kernel), 0);
	assert_int_equal(f.kernel.n_left_out, 1);
	assert_int_equal(f.kernel.left_out, fake_region(reply));
	assert_int_equal(rp_targets__take_back(f.targets, &parse, 1, &err), 0);
	look();
	assert_int_equal(links_alive(&f.kernel), 1);
	assert_int_equal(f.kernel.links[2].sites, end + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TARGETS_TEST(test_sites),
		TARGETS_TEST(test_refused_sites),
		TARGETS_TEST(test_files_with_leases),
		TARGETS_TEST(test_files_that_may_not_be_read),
		TARGETS_TEST(test_process_whose_mappings_may_not_be_read),
		TARGETS_TEST(test_processes_that_run_no_program),
		TARGETS_TEST(test_descendants),
		TARGETS_TEST(test_work_is_told),
		TARGETS_TEST(test_work_for_markers_is_told),
		TARGETS_TEST(test_looks_at_mappings_are_told),
		TARGETS_TEST(test_reaping_is_told),
		TARGETS_TEST(test_ends_of_blocks),
	};

	return cmocka_run_group_tests_name("targets_told", tests, NULL, NULL);
}

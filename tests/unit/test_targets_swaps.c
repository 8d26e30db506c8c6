// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Regions that are left out, and taken back: which links come and go for it, and when. */
#include "targets/internal.h"
#include "targets_fixture.h"

/* As in site_groups.c. */
#define AGAIN_S	 0.02
#define LATEST_S 5.0
#define DETACH_S 0.5

static uint64_t all_regions(void)
{
	return fake_region(region("probed_one")) | fake_region(region("probed_two")) |
	       fake_region(region("probed_three"));
}

static size_t sites_wanted(void)
{
	struct rp_targets_stats stats;

	rp_targets__stats(f.targets, &stats);
	return stats.sites;
}

static int leave_out(const char *first, const char *second)
{
	const uint32_t regions[] = {region(first), second ? region(second) : 0};
	struct rp_err err;

	return rp_targets__leave_out(f.targets, regions, second ? 2 : 1, &err);
}

static void take_back(const char *name)
{
	const uint32_t id = region(name);
	struct rp_err err;

	assert_int_equal(rp_targets__take_back(f.targets, &id, 1, &err), 0);
}

/* What is probed for a process, or, 0, for all: regions, each by one link, all of which count. */
static void assert_probed(pid_t pid, ino_t ino, uint64_t regions)
{
	uint64_t found = 0;

	for (size_t i = 0; i < f.kernel.n_links; i++) {
		const struct rp_links *l = &f.kernel.links[i];

		if (!l->alive || l->pid != pid || (ino && l->ino != ino))
			continue;
		assert_true(l->counts);
		assert_int_equal(found & l->regions, 0);
		found |= l->regions;
	}
	assert_int_equal(found, regions);
}

/* One that maps two files, which others map, too. */
static void start_with_two_files(void)
{
	make_object("lib.so");
	put_process(PID, 1);
	map(PID, "prog");
	map(PID, "lib.so");
	put_process(PID + 100, 1);
	map(PID + 100, "prog");
	map(PID + 100, "lib.so");
	start();
	add(PID);
}

static void start_with_two_files_everywhere(void)
{
	make_object("lib.so");
	put_process(PID, 1);
	map(PID, "prog");
	map(PID, "lib.so");
	start();
	add(PID);
}

/* Two that are traced, each by itself. */
static void start_with_two_processes(void)
{
	start_beside_another();
	put_process(PID + 1, 1);
	map(PID + 1, "prog");
	add(PID + 1);
}

/* ---- old links ------------------------------------------------------------------------------- */

static void test_old_links_wait_for_what_is_open(void **state)
{
	const struct rp_retired *old;
	double due, latest;

	(void)state;
	start_beside_another();
	f.kernel.open = fake_region(region("probed_two"));
	assert_int_equal(leave_out("probed_two", "probed_three"), 0);
	assert_int_equal(f.kernel.swapped, 1);
	assert_int_equal(f.kernel.n_left_out, 2);
	assert_int_equal(f.kernel.left_out,
			 fake_region(region("probed_two")) | fake_region(region("probed_three")));
	old = f.targets->retired;
	due = old->due;
	latest = old->latest;
	assert_true(latest - due > LATEST_S - AGAIN_S - 1e-6 &&
		    latest - due < LATEST_S - AGAIN_S + 1e-6);
	/* Not before its time; then again and again. */
	assert_true(rp_targets__end_swaps(f.targets, due - 0.001) == due);
	assert_true(rp_targets__end_swaps(f.targets, due) == due + AGAIN_S);
	assert_true(rp_targets__end_swaps(f.targets, latest - 0.001) == latest - 0.001 + AGAIN_S);
	assert_int_equal(f.kernel.detached_swaps, 0);
	/* Once it is closed they are detached, which takes a moment. */
	f.kernel.open = fake_region(region("probed_one"));
	f.kernel.detaches = true;
	due = old->due;
	assert_true(rp_targets__end_swaps(f.targets, due) == due + AGAIN_S);
	assert_int_equal(f.kernel.detached_swaps, 1);
	assert_true(rp_targets__end_swaps(f.targets, due + AGAIN_S) > 0);
	assert_int_equal(f.kernel.ended_swaps, 0);
	assert_true(f.kernel.links[0].alive);
	f.kernel.detaches = false;
	assert_true(rp_targets__end_swaps(f.targets, due + 3 * AGAIN_S) == 0);
	assert_int_equal(f.kernel.detached_swaps, 1);
	assert_int_equal(f.kernel.ended_swaps, 1);
	assert_probed(PID, 0, fake_region(region("probed_one")));
}

/* A call that lasts, and a kernel that does not let go, hold them up for a time, not for ever. */
static void test_old_links_do_not_wait_for_ever(void **state)
{
	const struct rp_retired *old;
	double latest;

	(void)state;
	start_beside_another();
	f.kernel.any_open = f.kernel.detaches = true;
	assert_int_equal(leave_out("probed_two", NULL), 0);
	old = f.targets->retired;
	latest = old->latest;
	assert_true(rp_targets__end_swaps(f.targets, latest) == latest + AGAIN_S);
	assert_int_equal(f.kernel.detached_swaps, 1);
	assert_true(old->latest == latest + DETACH_S);
	assert_true(rp_targets__end_swaps(f.targets, latest + DETACH_S - 0.001) > 0);
	assert_int_equal(f.kernel.ended_swaps, 0);
	assert_true(rp_targets__end_swaps(f.targets, latest + DETACH_S + AGAIN_S) == 0);
	assert_int_equal(f.kernel.detached_swaps, 1);
	assert_int_equal(f.kernel.ended_swaps, 1);
}

/* Of several, those end whose time has come; the next is looked at first. */
static void test_old_links_of_two_files(void **state)
{
	struct rp_retired *first, *second;

	(void)state;
	start_with_two_files();
	assert_int_equal(leave_out("probed_two", NULL), 0);
	assert_int_equal(f.kernel.swaps, 2);
	first = f.targets->retired;
	second = first->next;
	assert_null(second->next);
	first->due = 1000;
	second->due = 900;
	assert_true(rp_targets__end_swaps(f.targets, 800) == 900);
	first->due = 900;
	second->due = 1000;
	assert_true(rp_targets__end_swaps(f.targets, 800) == 900);
	f.kernel.detaches = true;
	assert_true(rp_targets__end_swaps(f.targets, 950) == 950 + AGAIN_S);
	assert_int_equal(f.kernel.detached_swaps, 1);
	f.kernel.detaches = false;
	assert_true(rp_targets__end_swaps(f.targets, 990) == 1000);
	assert_int_equal(f.kernel.ended_swaps, 1);
	assert_ptr_equal(f.targets->retired, second);
	look();
	assert_int_equal(f.kernel.ended_swaps, 2);
	assert_int_equal(links_alive(&f.kernel), 2);
}

/* ---- what waits for them --------------------------------------------------------------------- */

/* Taken back while its frames are open: seen twice it would count twice. */
static void test_taken_back_before_it_has_gone(void **state)
{
	unsigned added;

	(void)state;
	start_beside_another();
	f.kernel.any_open = true;
	assert_int_equal(leave_out("probed_two", NULL), 0);
	assert_int_equal(f.kernel.n_links, 2);
	added = f.kernel.added;
	take_back("probed_two");
	assert_int_equal(f.kernel.n_links, 2);
	assert_int_equal(f.kernel.added, added + 2); /* before, and after */
	f.kernel.any_open = false;
	look();
	assert_int_equal(f.kernel.n_links, 3);
	assert_probed(PID, 0, all_regions());
	assert_int_equal(f.kernel.lost[RP_LOST_LATE], 0);
}

/* A group in a swap is not swapped once more before that is over. */
static void test_left_out_one_after_the_other(void **state)
{
	(void)state;
	start_beside_another();
	f.kernel.any_open = true;
	assert_int_equal(leave_out("probed_two", NULL), 0);
	assert_int_equal(leave_out("probed_three", NULL), 0);
	assert_int_equal(f.kernel.swaps, 1);
	assert_int_equal(f.kernel.n_links, 2);
	f.kernel.any_open = false;
	look();
	assert_int_equal(f.kernel.swaps, 2);
	assert_int_equal(f.kernel.ended_swaps, 2);
	assert_int_equal(f.kernel.left_out, fake_region(region("probed_three")));
	assert_probed(PID, 0, fake_region(region("probed_one")));
	assert_int_equal(sites_wanted(), f.kernel.links[2].sites);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void test_all_are_left_out(void **state)
{
	struct rp_targets_stats stats;
	size_t all;

	(void)state;
	start_with_two_files();
	all = sites_wanted();
	assert_int_equal(leave_out("probed_two", "probed_one"), 0);
	assert_int_equal(leave_out("probed_three", NULL), 0);
	look();
	assert_int_equal(links_alive(&f.kernel), 0);
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.sites, 0);
	assert_int_equal(stats.objects, 0);
	assert_int_equal(stats.processes, 1);
	take_back("probed_three");
	look();
	assert_probed(PID, ino_of("prog"), fake_region(region("probed_three")));
	assert_probed(PID, ino_of("lib.so"), fake_region(region("probed_three")));
	take_back("probed_one");
	take_back("probed_two");
	look();
	assert_probed(PID, ino_of("prog"), all_regions());
	assert_probed(PID, ino_of("lib.so"), all_regions());
	assert_int_equal(sites_wanted(), all);
	rp_targets__stats(f.targets, &stats);
	assert_int_equal(stats.objects, 2);
}

/* All at once: no new links are needed. Asked for once more, nothing happens. */
static void test_the_only_ones_are_left_out(void **state)
{
	(void)state;
	f.functions[0] = "*:probed_one";
	f.functions[1] = "*:probed_two";
	f.plan_opts.n_functions = 2;
	start_with_two_processes();
	assert_int_equal(leave_out("probed_two", "probed_one"), 0);
	assert_int_equal(f.kernel.n_links, 2);
	assert_int_equal(f.kernel.swaps, 1);
	assert_int_equal(f.kernel.swapped, 2);
	assert_int_equal(f.kernel.n_left_out, 2);
	look();
	assert_int_equal(leave_out("probed_two", "probed_one"), 0);
	look();
	assert_int_equal(f.kernel.swaps, 1);
	assert_int_equal(f.kernel.ended_swaps, 1);
	assert_int_equal(links_alive(&f.kernel), 0);
}

/* ---- several processes ----------------------------------------------------------------------- */

static void test_left_out_in_all_of_them(void **state)
{
	uint64_t left;

	(void)state;
	start_with_two_processes();
	assert_int_equal(leave_out("probed_two", NULL), 0);
	assert_int_equal(f.kernel.swaps, 1);
	assert_int_equal(f.kernel.swapped, 2);
	look();
	left = all_regions() & ~fake_region(region("probed_two"));
	assert_probed(PID, 0, left);
	assert_probed(PID + 1, 0, left);
	/* A child of one of them has what is left, and the parent keeps it. */
	put_process(PID + 2, PID + 1);
	map(PID + 2, "prog");
	send(RP_EVENT_FORK, PID + 2, PID + 1);
	assert_probed(PID + 2, 0, left);
	assert_int_equal(links_alive(&f.kernel), 3);
}

/* One of them ends meanwhile: the other loses the region all the same. */
static void test_left_out_where_one_ends(void **state)
{
	(void)state;
	start_with_two_processes();
	f.kernel.link_error = -ESRCH;
	f.kernel.error_pid = PID + 1;
	assert_int_equal(leave_out("probed_two", NULL), 0);
	look();
	assert_probed(PID, 0, all_regions() & ~fake_region(region("probed_two")));
	assert_int_equal(links_of(&f.kernel, PID + 1, 0), 0);
}

/* The old ones stay, whatever goes wrong with the new ones, and whichever of them. */
static void test_failed_swap_leaves_what_was(void **state)
{
	size_t all;

	(void)state;
	start_with_two_processes();
	all = sites_wanted();
	for (size_t after = 0; after < 3; after++) {
		f.kernel.link_error = after < 2 ? -EMFILE : 0;
		f.kernel.error_after = after;
		f.kernel.swap_error = after < 2 ? 0 : -ENOMEM;
		assert_int_equal(leave_out("probed_two", NULL), after < 2 ? -EMFILE : -ENOMEM);
		look();
		assert_int_equal(links_alive(&f.kernel), 2);
		assert_probed(PID, 0, all_regions());
		assert_probed(PID + 1, 0, all_regions());
		assert_int_equal(f.kernel.swaps, 0);
		assert_int_equal(sites_wanted(), all);
	}
	f.kernel.error_after = f.kernel.swap_error = 0;
	assert_int_equal(leave_out("probed_two", NULL), 0);
	look();
	assert_int_equal(links_alive(&f.kernel), 2);
	assert_true(sites_wanted() < all);
}

/* It has gone from the one file, when it cannot go from the other: it comes back to the first. */
static void test_swap_that_fails_in_the_second_file(void **state)
{
	(void)state;
	start_with_two_files_everywhere();
	f.kernel.link_error = -EMFILE;
	f.kernel.error_after = 1;
	f.kernel.any_open = true;
	assert_int_equal(leave_out("probed_two", NULL), -EMFILE);
	assert_int_equal(f.kernel.swaps, 1);
	f.kernel.link_error = 0;
	f.kernel.any_open = false;
	look();
	assert_probed(0, ino_of("prog"), all_regions());
	assert_probed(0, ino_of("lib.so"), all_regions());
	assert_int_equal(links_alive(&f.kernel), 3);
}

/* ---- a file that goes ------------------------------------------------------------------------ */

/* Written to while its links are replaced: all of them end at once, and none of another file's. */
static void test_written_while_links_are_replaced(void **state)
{
	struct rp_object *prog;

	(void)state;
	start_with_two_files();
	f.kernel.any_open = true;
	assert_int_equal(leave_out("probed_two", NULL), 0);
	assert_int_equal(links_alive(&f.kernel), 4);
	prog = &f.targets->objects[0];
	assert_int_equal(prog->st.st_ino, ino_of("prog"));
	rp_object__drop(f.targets, prog);
	assert_int_equal(f.kernel.ended_swaps, 1);
	assert_int_equal(links_of(&f.kernel, PID, ino_of("prog")), 0);
	assert_int_equal(links_of(&f.kernel, PID, ino_of("lib.so")), 2);
	assert_int_equal(rp_targets__object(f.targets, 0, &(const char *){NULL}), -1);
}

/* ---- links of single regions ----------------------------------------------------------------- */

/* Each region of a file has links of its own, in whatever order its sites are. */
static void test_links_of_single_regions(void **state)
{
	(void)state;
	f.opts.link_per_site = true;
	f.functions[0] = "*:probed_three";
	f.functions[1] = "*:probed_*";
	f.plan_opts.n_functions = 2;
	start_with_two_files_everywhere();
	assert_int_equal(f.kernel.n_links, 6);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(__builtin_popcountll(f.kernel.links[i].regions), 1);
	assert_probed(0, ino_of("prog"), all_regions());
	assert_probed(0, ino_of("lib.so"), all_regions());
	assert_int_equal(leave_out("probed_two", "probed_three"), 0);
	look();
	assert_int_equal(f.kernel.n_links, 6);
	assert_probed(0, ino_of("prog"), fake_region(region("probed_one")));
	assert_probed(0, ino_of("lib.so"), fake_region(region("probed_one")));
	take_back("probed_three");
	look();
	assert_int_equal(f.kernel.n_links, 8);
	assert_int_equal(links_alive(&f.kernel), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TARGETS_TEST(test_old_links_wait_for_what_is_open),
		TARGETS_TEST(test_old_links_do_not_wait_for_ever),
		TARGETS_TEST(test_old_links_of_two_files),
		TARGETS_TEST(test_taken_back_before_it_has_gone),
		TARGETS_TEST(test_left_out_one_after_the_other),
		TARGETS_TEST(test_all_are_left_out),
		TARGETS_TEST(test_the_only_ones_are_left_out),
		TARGETS_TEST(test_left_out_in_all_of_them),
		TARGETS_TEST(test_left_out_where_one_ends),
		TARGETS_TEST(test_failed_swap_leaves_what_was),
		TARGETS_TEST(test_swap_that_fails_in_the_second_file),
		TARGETS_TEST(test_written_while_links_are_replaced),
		TARGETS_TEST(test_links_of_single_regions),
	};

	return cmocka_run_group_tests_name("targets_swaps", tests, NULL, NULL);
}

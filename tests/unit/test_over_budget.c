/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#include "counts_fixture.h"

#include "aggregate/over_budget.h"

#define CPU 1000000 /* ns */

static struct fixture f;
static uint32_t root;

static int start(void **state)
{
	(void)state;
	fixture_init(&f);
	root = fixture_root(&f, 1, "a");
	f.counts.time = CPU;
	return 0;
}

/* Probes took that share of CPU. */
static struct rp_node_counts *region(const char *name, double share)
{
	uint32_t id = fixture_region(&f, name, RP_KIND_FUNCTION, "/bin/a");
	uint32_t node = fixture_node(&f, root, id);

	f.regions[id - 1].cost.whole = 100;
	fixture_frames(&f, node, (uint64_t)(share * CPU / 100), 10, 0, 10, 0);
	return &f.nodes[node - 1];
}

/* The names in the order in which they go. */
static void assert_goes(double share, const char *names)
{
	struct rp_snapshot_opts opts = {.by = RP_BY_NONE};
	struct rp_snapshot *s = rp_snapshot__build(&f.counts, NULL, &opts);
	const struct rp_row *rows[8];
	char found[64] = "";
	size_t n;

	assert_non_null(s);
	n = rp_over_budget(s, CPU, share, rows, 8);
	for (size_t i = 0; i < n; i++) {
		strcat(found, i ? " " : "");
		strcat(found, rows[i]->name);
	}
	assert_string_equal(found, names);
	rp_snapshot__free(s);
}

static void test_below(void **state)
{
	(void)state;
	region("a", 0.05);
	assert_goes(0.1, "");
}

static void test_costliest_first(void **state)
{
	(void)state;
	region("a", 0.1);
	region("b", 0.4);
	region("c", 0.01);
	region("d", 0.2);
	assert_goes(0.55, "b");
	assert_goes(0.1, "b d a");
	assert_goes(0.001, "b d a c");
}

/* Of those that cost the same the first goes first, and no more than there is room for. */
static void test_equal_costs(void **state)
{
	struct rp_snapshot_opts opts = {.by = RP_BY_NONE};
	const struct rp_row *rows[2];
	struct rp_snapshot *s;

	(void)state;
	region("a", 0.1);
	region("b", 0.2);
	region("c", 0.2);
	assert_goes(0.001, "b c a");
	s = rp_snapshot__build(&f.counts, NULL, &opts);
	assert_non_null(s);
	rows[1] = NULL;
	assert_int_equal(rp_over_budget(s, CPU, 0.001, rows, 1), 1);
	assert_null(rows[1]);
	assert_int_equal(rp_over_budget(s, CPU, 0.001, rows, 0), 0);
	/* What is left is as much as it may be. */
	assert_int_equal(rp_over_budget(s, CPU, 0.5, rows, 2), 0);
	rp_snapshot__free(s);
}

/* Nothing is to go in the next period because what went in this one gave the target its time back.
 */
static void test_of_what_is_used_without_them(void **state)
{
	(void)state;
	region("a", 0.5);
	region("b", 0.09);
	region("c", 0.04);
	assert_goes(0.1, "a b");
	assert_goes(0.27, "a");
}

/* The last one, if it had no others beside it, or 0 where others are left. */
static void assert_alone(double share, double alone)
{
	struct rp_snapshot_opts opts = {.by = RP_BY_NONE};
	struct rp_snapshot *s = rp_snapshot__build(&f.counts, NULL, &opts);
	const struct rp_row *rows[8];
	double found;

	assert_non_null(s);
	found = rp_share_alone(s, CPU, rows, rp_over_budget(s, CPU, share, rows, 8));
	assert_true(found > alone - 1e-9 && found < alone + 1e-9);
	rp_snapshot__free(s);
}

/* What takes longer than the period is called, too. */
static void test_open_is_left(void **state)
{
	(void)state;
	region("a", 0.5);
	region("open", 0)->figures.entries++;
	assert_alone(0.1, 0);
	f.regions[1].left_out = true;
	assert_alone(0.1, 0.5);
}

static void test_nothing_is_left(void **state)
{
	(void)state;
	region("a", 0.5);
	region("b", 0.09);
	region("idle", 0);
	assert_alone(0.7, 0);
	assert_alone(0.2, 0);
	assert_alone(0.1, 0.18);
	region("out", 0.01);
	assert_alone(0.1, 0);
	f.regions[3].left_out = true;
	assert_alone(0.1, 0.18);
}

/* Where all the time seems to go into probes, those that cost little are not to blame. */
static void test_more_than_all(void **state)
{
	(void)state;
	region("a", 0.02);
	region("b", 1.1);
	assert_goes(0.1, "b");
}

static void test_what_is_out_counts_no_more(void **state)
{
	(void)state;
	region("a", 0.3);
	region("b", 0.05);
	f.regions[0].left_out = true;
	assert_goes(0.1, "");
	assert_goes(0.01, "b");
}

/* Their probes were hit as all others. */
static void test_skipped_cost_as_well(void **state)
{
	struct rp_figures *figures = &region("a", 0)->figures;

	(void)state;
	figures->entries = figures->skipped = 5000;
	assert_goes(0.4, "a");
	assert_goes(0.6, "");
}

static void test_names_stay(void **state)
{
	uint32_t node = fixture_node(&f, root, RP_REGION_DYNAMIC);

	(void)state;
	f.dynamic[0] = (struct rp_region_name){.name = "n", .cost.whole = 100};
	f.counts.names.n_dynamic = 1;
	fixture_frames(&f, node, 5000, 10, 0, 10, 0);
	region("a", 0.02);
	assert_goes(0.1, "a");
}

/* What was left without an exit took a hit, too, and so did exits that close nothing. */
static void test_hits_that_are_not_timed(void **state)
{
	struct rp_node_counts *left = region("left", 0);
	uint64_t hits = (uint64_t)(0.3 * CPU / 100) * 2;

	(void)state;
	region("timed", 0.2);
	left->figures.entries = left->figures.unwound = hits;
	assert_goes(0.4, "left");
	left->figures.entries = left->figures.unwound = hits / 2;
	assert_goes(0.4, "");
	assert_goes(0.2, "timed");
	f.regions[0].stray.hits = hits / 2;
	assert_goes(0.4, "left");
}

/* A region that has but ends. */
static void test_ends_alone(void **state)
{
	(void)state;
	region("timed", 0.1);
	region("ends", 0);
	f.regions[1].stray = (struct rp_stray_hits){.hits = 10000, .unmatched = 10000};
	assert_goes(0.5, "ends");
	f.regions[1].left_out = true;
	assert_goes(0.5, "");
}

/* ---- what is told of it ---------------------------------------------------------------------- */

static void check_overhead(double probes, uint64_t cpu, uint64_t duration, double share, bool idle)
{
	struct rp_overhead overhead = rp_overhead__of(probes, cpu, duration);

	assert_true(overhead.share > share - 1e-9 && overhead.share < share + 1e-9);
	assert_int_equal(overhead.idle, idle);
}

/* Of what was used, or of the CPU that there was to use. */
static void test_share_of(void **state)
{
	(void)state;
	check_overhead(100, 1000, 1000, 0.1, false);
	check_overhead(100, 4000, 1000, 0.025, false);
	check_overhead(100, 500, 1000, 0.2, false);
	check_overhead(100, 499, 1000, 0.1, true);
	check_overhead(100, 1, 1000, 0.1, true);
	check_overhead(100, 0, 1000, 0.1, true);
	check_overhead(5000, 1000, 1000, 1, false);
	check_overhead(0, 1000, 1000, 0, false);
	check_overhead(100, 0, 0, 0, false);
}

/* A fifth of its own time, or more: that of a child is the child's. */
static void check_distorted(double inside, double whole, uint64_t self, bool compensate, bool outer,
			    bool inner)
{
	struct rp_snapshot_opts opts = {.by = RP_BY_NONE, .compensate = compensate};
	struct rp_snapshot *s;
	uint32_t a, b, above, below;

	start(NULL);
	a = fixture_region(&f, "outer", RP_KIND_FUNCTION, "/bin/a");
	b = fixture_region(&f, "inner", RP_KIND_FUNCTION, "/bin/a");
	above = fixture_node(&f, root, a);
	below = fixture_node(&f, above, b);
	f.regions[a - 1].cost = f.regions[b - 1].cost = (struct rp_probe_cost){.inside = inside,
									       .whole = whole};
	fixture_frames(&f, above, 10, 10000, 10000 - self, 0, 0);
	fixture_frames(&f, below, 10, 100, 0, 0, 0);
	s = rp_snapshot__build(&f.counts, NULL, &opts);
	assert_non_null(s);
	assert_int_equal(s->n_rows, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(s->rows[i].distorted,
				 strcmp(s->rows[i].name, "outer") ? inner : outer);
	rp_snapshot__free(s);
}

static void test_distorted(void **state)
{
	(void)state;
	for (int compensate = 0; compensate < 2; compensate++) {
		check_distorted(10, 20, 5000, compensate, false, false);
		check_distorted(30, 60, 5000, compensate, false, true);
		/* What is outside of the inner one falls into the outer one's own time. */
		check_distorted(10, 2000, 5000, compensate, true, false);
		/* A fifth of what is left would be less than a fifth of what was measured. */
		check_distorted(10, 900, 5000, compensate, false, false);
		check_distorted(10, 1100, 5000, compensate, true, false);
		check_distorted(0, 0, 5000, compensate, false, false);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_below, start),
		cmocka_unit_test_setup(test_costliest_first, start),
		cmocka_unit_test_setup(test_equal_costs, start),
		cmocka_unit_test_setup(test_hits_that_are_not_timed, start),
		cmocka_unit_test_setup(test_ends_alone, start),
		cmocka_unit_test_setup(test_of_what_is_used_without_them, start),
		cmocka_unit_test_setup(test_open_is_left, start),
		cmocka_unit_test_setup(test_nothing_is_left, start),
		cmocka_unit_test_setup(test_more_than_all, start),
		cmocka_unit_test_setup(test_what_is_out_counts_no_more, start),
		cmocka_unit_test_setup(test_skipped_cost_as_well, start),
		cmocka_unit_test_setup(test_names_stay, start),
		cmocka_unit_test(test_share_of),
		cmocka_unit_test(test_distorted),
	};

	return cmocka_run_group_tests_name("over budget", tests, NULL, NULL);
}

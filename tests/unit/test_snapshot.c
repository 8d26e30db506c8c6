// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <math.h>

#include "snapshot_fixture.h"

static void test_figures(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj"), n;
	struct rp_snapshot *s;
	const struct rp_row *r;

	(void)state;
	n = fixture_node(&now, fixture_root(&now, 1, "x"), a);
	fixture_frames(&now, n, 1, 100, 40, 50, 20);
	fixture_frames(&now, n, 1, 300, 0, 300, 0);
	now.nodes[n - 1].figures.entries += 10;
	now.nodes[n - 1].figures.skipped = 4;
	now.nodes[n - 1].figures.unwound = 1;
	s = build(NULL, RP_BY_NONE);
	assert_int_equal(s->n_rows, 1);
	r = row(s, "a", NULL);
	assert_string_equal(r->object, "obj");
	assert_int_equal(r->region, a);
	assert_null(r->group);
	assert_int_equal(r->f.count, 2);
	assert_int_equal(r->f.total, 400);
	assert_int_equal(r->f.self, 360);
	assert_int_equal(r->f.cpu, 350);
	assert_int_equal(r->f.wait, 20);
	assert_int_equal(r->f.blocked, 30);
	assert_int_equal(r->f.min, 100);
	assert_int_equal(r->f.max, 300);
	assert_true(r->f.mean == 200 && r->f.stddev == 100);
	assert_int_equal(r->f.open, 5);
	assert_int_equal(r->f.unwound, 1);
	assert_int_equal(s->n_tree, 1);
	assert_int_equal(s->tree[0].parent, 0);
	rp_snapshot__free(s);
}

/* In the tree, paths of which all was filtered are not shown, unless there is something below. */
static void test_filtered(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
	uint32_t b = fixture_region(&now, "b", RP_KIND_FUNCTION, "obj");
	uint32_t root = fixture_root(&now, 1, "x"), outer = fixture_node(&now, root, a);
	uint32_t inner = fixture_node(&now, outer, b), leaf = fixture_node(&now, inner, a);
	struct rp_snapshot *s;

	(void)state;
	now.nodes[outer - 1].figures.entries = now.nodes[outer - 1].figures.skipped = 3;
	now.nodes[leaf - 1].figures.entries = now.nodes[leaf - 1].figures.skipped = 5;
	fixture_frames(&now, inner, 2, 10, 0, 0, 0);
	s = build(NULL, RP_BY_NONE);
	assert_int_equal(s->n_tree, 2);
	assert_int_equal(s->tree[1].parent, 1);
	assert_int_equal(s->tree[1].row.f.count, 2);
	assert_int_equal(row(s, "a", NULL)->f.open, 0);
	rp_snapshot__free(s);
}

/* The kernel may give up on an extreme under contention; the histogram is whole all the same. */
static void test_missed_extremes(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj"), n;
	struct rp_snapshot *s;

	(void)state;
	n = fixture_node(&now, fixture_root(&now, 1, "x"), a);
	fixture_frames(&now, n, 2, 100, 0, 0, 0);
	fixture_frames(&now, n, 3, 5000, 0, 0, 0);
	fixture_frames(&now, n, 4, 900000, 0, 0, 0);
	now.nodes[n - 1].figures.min_inv = ~UINT64_C(4000);
	now.nodes[n - 1].figures.max = 6000;
	s = build(NULL, RP_BY_NONE);
	assert_int_equal(rp_hist_part__at(&s->rows[0].hist, rp_hist_index(100)), 2);
	assert_int_equal(rp_hist_part__at(&s->rows[0].hist, rp_hist_index(5000)), 3);
	assert_int_equal(rp_hist_part__at(&s->rows[0].hist, rp_hist_index(900000)), 4);
	assert_int_equal(s->rows[0].f.p999, 6000);
	rp_snapshot__free(s);
	now.nodes[n - 1].figures.min_inv = 0;
	s = build(NULL, RP_BY_NONE);
	assert_int_equal(rp_hist_part__at(&s->rows[0].hist, rp_hist_index(100)), 2);
	assert_int_equal(rp_hist_part__at(&s->rows[0].hist, rp_hist_index(900000)), 4);
	rp_snapshot__free(s);
}

/* Nothing may go below zero, though shards are not read at one instant. */
static void test_skew_clamps(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj"), n;
	struct rp_snapshot *s;

	(void)state;
	n = fixture_node(&now, fixture_root(&now, 1, "x"), a);
	fixture_frames(&now, n, 3, 100, 0, 90, 20);
	now.nodes[n - 1].figures.entries = 2;
	now.nodes[n - 1].figures.sq_lo = 1;
	s = build(NULL, RP_BY_NONE);
	assert_int_equal(s->rows[0].f.blocked, 0);
	assert_int_equal(s->rows[0].f.open, 0);
	assert_true(s->rows[0].f.stddev == 0);
	rp_snapshot__free(s);
}

/*
 * An hour, give or take a nanosecond: a difference of squares in doubles would say 0 or nonsense.
 */
static void test_deviation_does_not_cancel(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj"), n;
	const uint64_t hour = UINT64_C(3600000000000);
	struct rp_snapshot *s;

	(void)state;
	n = fixture_node(&now, fixture_root(&now, 1, "x"), a);
	fixture_frames(&now, n, 1000, hour - 1, 0, 0, 0);
	fixture_frames(&now, n, 1000, hour + 1, 0, 0, 0);
	s = build(NULL, RP_BY_NONE);
	assert_true(fabs(s->rows[0].f.stddev - 1) < 1e-9);
	assert_true(s->rows[0].f.mean == (double)hour);
	rp_snapshot__free(s);
}

/* a(1000) > b > a(300) > a(100), and b > a(70) elsewhere. */
static void test_recursion_counts_once(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
	uint32_t b = fixture_region(&now, "b", RP_KIND_FUNCTION, "obj");
	uint32_t root = fixture_root(&now, 1, "x"), n;
	struct rp_snapshot *s;
	const struct rp_row *r;

	(void)state;
	n = fixture_node(&now, root, a);
	fixture_frames(&now, n, 1, 1000, 400, 800, 10);
	n = fixture_node(&now, n, b);
	fixture_frames(&now, n, 1, 400, 300, 400, 0);
	n = fixture_node(&now, n, a);
	fixture_frames(&now, n, 1, 300, 100, 200, 5);
	n = fixture_node(&now, n, a);
	fixture_frames(&now, n, 1, 100, 0, 100, 1);
	n = fixture_node(&now, root, b);
	fixture_frames(&now, n, 1, 90, 70, 90, 0);
	n = fixture_node(&now, n, a);
	fixture_frames(&now, n, 1, 70, 0, 70, 0);
	s = build(NULL, RP_BY_NONE);
	r = row(s, "a", NULL);
	assert_int_equal(r->f.count, 4);
	assert_int_equal(r->f.total, 1070);
	assert_int_equal(r->f.cpu, 870);
	assert_int_equal(r->f.wait, 10);
	assert_int_equal(r->f.blocked, 190);
	assert_int_equal(r->f.self, 600 + 200 + 100 + 70);
	assert_int_equal(r->f.min, 70);
	assert_int_equal(r->f.max, 1000);
	assert_true(r->f.mean == 1470.0 / 4);
	assert_int_equal(row(s, "b", NULL)->f.total, 490);
	assert_int_equal(s->n_tree, 6);
	for (size_t i = 0; i < s->n_tree; i++) {
		assert_int_equal(s->tree[i].id, i + 1);
		assert_true(s->tree[i].parent < s->tree[i].id);
		if (s->tree[i].parent)
			assert_int_equal(s->tree[i].depth,
					 s->tree[s->tree[i].parent - 1].depth + 1);
	}
	assert_int_equal(s->tree[2].row.f.total, 300);
	assert_int_equal(s->tree[3].parent, 3);
	assert_int_equal(s->tree[3].row.f.total, 100);
	rp_snapshot__free(s);
}

static void test_difference(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj"), root, n;
	struct rp_snapshot *s;
	const struct rp_row *r;

	(void)state;
	now.regions[0].stray.unmatched = 2;
	now.counts.time = 1000;
	now.counts.lost[RP_LOST_EVENTS] = 3;
	root = fixture_root(&now, 1, "x");
	n = fixture_node(&now, root, a);
	fixture_frames(&now, n, 1, 5, 0, 5, 0);
	fixture_frames(&now, n, 1, 1000000, 0, 5, 0);
	now.nodes[n - 1].figures.entries += 2;
	before = now;
	before.counts.nodes = before.nodes;
	before.counts.names.regions = before.regions;
	before.nodes[n - 1].hist = fixture_part(&before.hists[n - 1]);

	now.counts.time = 4000;
	now.counts.lost[RP_LOST_EVENTS] = 10;
	now.regions[0].stray.unmatched = 9;
	fixture_frames(&now, n, 10, 1000, 0, 900, 50);
	fixture_frames(&now, fixture_node(&now, n, a), 1, 700, 0, 0, 0);
	s = build(&before, RP_BY_NONE);
	r = row(s, "a", NULL);
	assert_int_equal(s->duration, 3000);
	assert_int_equal(s->lost[RP_LOST_EVENTS], 7);
	assert_int_equal(r->f.unmatched, 7);
	assert_int_equal(r->f.count, 11);
	assert_int_equal(r->f.total, 10000);
	assert_int_equal(r->f.wait, 500);
	assert_int_equal(r->f.blocked, 500);
	assert_int_equal(r->f.open, 2);
	assert_int_equal(r->f.min, rp_hist_floor(rp_hist_index(700)));
	assert_int_equal(r->f.max, rp_hist_floor(rp_hist_index(1000) + 1) - 1);
	assert_true(fabs(r->f.mean - 10700.0 / 11) < 1e-9);
	assert_int_equal(rp_hist_part__at(&r->hist, rp_hist_index(5)), 0);
	rp_snapshot__free(s);
}

/* Nothing new: the row stays, for it is known, with zeros but for what is open. */
static void test_difference_of_nothing(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj"), n;
	struct rp_snapshot *s;

	(void)state;
	n = fixture_node(&now, fixture_root(&now, 1, "x"), a);
	fixture_frames(&now, n, 5, 5000, 0, 5, 0);
	now.nodes[n - 1].figures.entries++;
	s = build(&now, RP_BY_NONE);
	assert_int_equal(s->n_rows, 1);
	assert_int_equal(s->rows[0].f.count, 0);
	assert_int_equal(s->rows[0].f.min, 0);
	assert_int_equal(s->rows[0].f.max, 0);
	assert_int_equal(s->rows[0].f.p99, 0);
	assert_true(s->rows[0].f.mean == 0);
	assert_int_equal(s->rows[0].f.open, 1);
	rp_snapshot__free(s);
}

/* Figures are read one after the other while they grow: none of a difference is below zero. */
static void test_difference_is_never_negative(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj"), n;
	const struct rp_figures zero = {.entries = 1};
	struct rp_snapshot *s;
	const struct rp_row *r;

	(void)state;
	n = fixture_node(&now, fixture_root(&now, 1, "x"), a);
	now.regions[0].cost.whole = 10;
	before = now;
	before.counts.nodes = before.nodes;
	before.counts.names.regions = before.regions;
	now.nodes[n - 1].figures = zero;
	memset(&before.nodes[n - 1].figures, 1, sizeof(zero));
	before.regions[0].stray = (struct rp_stray_hits){.hits = 3, .unmatched = 4, .crossed = 5};
	s = build(&before, RP_BY_NONE);
	r = row(s, "a", NULL);
	assert_int_equal(r->f.count | r->f.total | r->f.self | r->f.cpu | r->f.wait, 0);
	assert_int_equal(r->f.blocked | r->f.unwound | r->f.unmatched | r->f.asleep, 0);
	assert_true(r->f.mean == 0 && r->f.stddev == 0);
	assert_true(r->probe_ns == 0);
	assert_false(r->crossed);
	rp_snapshot__free(s);
}

/* Of regions that share a name any may be the one whose exits have no entry. */
static void test_unmatched_of_the_second(void **state)
{
	struct rp_snapshot *s;

	(void)state;
	for (int which = 0; which < 2; which++) {
		start(state);
		fixture_region(&now, "a", RP_KIND_USDT, "obj");
		fixture_region(&now, "a", RP_KIND_USDT, "other");
		now.regions[which].stray.unmatched = 7;
		s = build(NULL, RP_BY_NONE);
		assert_int_equal(s->n_rows, 1);
		assert_int_equal(s->rows[0].f.unmatched, 7);
		rp_snapshot__free(s);
	}
}

static void make_groups(void)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");

	fixture_frames(&now, fixture_node(&now, fixture_root(&now, 30, "nginx"), a), 1, 10, 0, 0,
		       0);
	fixture_frames(&now, fixture_node(&now, fixture_root(&now, 7, "nginx"), a), 2, 10, 0, 0, 0);
	fixture_frames(&now, fixture_node(&now, fixture_root(&now, 8, "php"), a), 4, 10, 0, 0, 0);
}

static void test_groups(void **state)
{
	struct rp_snapshot *s;

	(void)state;
	make_groups();
	s = build(NULL, RP_BY_NONE);
	assert_int_equal(s->n_rows, 1);
	assert_int_equal(s->n_tree, 1);
	assert_int_equal(s->rows[0].f.count, 7);
	rp_snapshot__free(s);

	s = build(NULL, RP_BY_PROCESS);
	assert_int_equal(s->n_rows, 3);
	assert_int_equal(row(s, "a", "7 nginx")->f.count, 2);
	assert_int_equal(row(s, "a", "30 nginx")->f.count, 1);
	rp_snapshot__free(s);

	s = build(NULL, RP_BY_COMMAND);
	assert_int_equal(s->n_rows, 2);
	assert_int_equal(s->n_tree, 2);
	assert_int_equal(row(s, "a", "nginx")->f.count, 3);
	assert_int_equal(row(s, "a", "php")->f.count, 4);
	rp_snapshot__free(s);

	s = build(NULL, RP_BY_CGROUP);
	assert_int_equal(row(s, "a", "8")->f.count, 4);
	rp_snapshot__free(s);

	s = build(NULL, RP_BY_THREAD);
	assert_int_equal(row(s, "a", "8 php")->f.count, 4);
	rp_snapshot__free(s);
}

/* The kernel keeps 15 bytes of a name. */
static void test_commands_alike_in_12(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
	struct rp_snapshot *s;

	(void)state;
	fixture_frames(&now, fixture_node(&now, fixture_root(&now, 0, "worker_of_po_1"), a), 1, 10,
		       0, 0, 0);
	fixture_frames(&now, fixture_node(&now, fixture_root(&now, 0, "worker_of_po_2"), a), 2, 10,
		       0, 0, 0);
	s = build(NULL, RP_BY_COMMAND);
	assert_int_equal(s->n_rows, 2);
	assert_int_equal(row(s, "a", "worker_of_po_2")->f.count, 2);
	rp_snapshot__free(s);
}

/* A number that comes again is another process, of another name or of the same. */
static void test_reused_pids(void **state)
{
	struct rp_snapshot *s;

	(void)state;
	make_groups();
	for (size_t i = 0, starts = 0; i < now.counts.n_nodes; i++)
		if (now.nodes[i].node.region == RP_REGION_NONE)
			now.nodes[i].node.label = RP_ID_OVER_TIME(7, ++starts << 20);
	s = build(NULL, RP_BY_PROCESS);
	assert_int_equal(s->n_rows, 3);
	assert_int_equal(row(s, "a", "7 nginx")->f.count, 1);
	assert_int_equal(row(s, "a", "7 nginx (2)")->f.count, 2);
	assert_int_equal(row(s, "a", "7 php")->f.count, 4);
	rp_snapshot__free(s);
}

/* What was entered before the kernel grouped is of nobody in particular. */
static void test_before_groups(void **state)
{
	static const enum rp_by bys[] = {RP_BY_PROCESS, RP_BY_THREAD, RP_BY_CGROUP};
	uint32_t a = fixture_region(&now, "a", RP_KIND_MARKER, "obj");

	(void)state;
	fixture_frames(&now, fixture_node(&now, fixture_root(&now, 0, "first"), a), 2, 10, 0, 0, 0);
	fixture_frames(&now, fixture_node(&now, fixture_root(&now, 0, "again"), a), 4, 10, 0, 0, 0);
	fixture_frames(&now, fixture_node(&now, fixture_root(&now, 7, "nginx"), a), 1, 10, 0, 0, 0);
	for (size_t i = 0; i < sizeof(bys) / sizeof(bys[0]); i++) {
		struct rp_snapshot *s = build(NULL, bys[i]);

		assert_int_equal(s->n_rows, 2);
		assert_int_equal(row(s, "a", "-")->f.count, 6);
		rp_snapshot__free(s);
	}
}

/* Regions that are called the same are one: what some of them do it does, and what all of them. */
static void test_joined_regions(void **state)
{
	for (unsigned own = 0; own < 4; own++) {
		bool some = own > 0, all = own == 3;
		struct rp_snapshot *s;

		start(state);
		for (unsigned i = 0; i < 2; i++) {
			uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
			bool has = own >> i & 1;

			now.regions[i].slow = now.regions[i].ends_at_jump = has;
			now.regions[i].left_out = has;
			fixture_frames(&now, fixture_node(&now, fixture_root(&now, 1, "x"), a), 1,
				       10, 0, 0, 0);
		}
		s = build(NULL, RP_BY_NONE);
		assert_int_equal(s->n_rows, 1);
		assert_int_equal(s->rows[0].f.count, 2);
		assert_int_equal(s->rows[0].slow, some);
		assert_int_equal(s->rows[0].ends_at_jump, some);
		assert_int_equal(s->rows[0].left_out, all);
		rp_snapshot__free(s);
	}
}

/* Nodes that cannot be: each is left out, with what hangs below it. */
static void test_broken_nodes(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj"), root, n, i;
	uint32_t parents[] = {0, 8, 2, 3, 999, UINT32_MAX};
	struct rp_snapshot *s;

	(void)state;
	root = fixture_root(&now, 1, "x");
	for (i = 0; i < sizeof(parents) / sizeof(parents[0]); i++)
		fixture_frames(&now, fixture_node(&now, parents[i], a), 100, 10, 0, 0, 0);
	n = fixture_node(&now, root, a);
	fixture_frames(&now, n, 1, 10, 0, 0, 0);
	now.nodes[n].node = (struct rp_node){.parent = n, .flags = RP_NODE_VALID}; /* root below */
	now.nodes[n + 1].node = (struct rp_node){.parent = n, .region = a};	   /* not valid */
	fixture_frames(&now, n + 2, 100, 10, 0, 0, 0);
	now.counts.n_nodes += 2;
	for (enum rp_by by = RP_BY_NONE; by <= RP_BY_LABEL; by++) {
		s = build(NULL, by);
		assert_int_equal(s->n_rows, 1);
		assert_int_equal(s->rows[0].f.count, 1);
		assert_int_equal(s->n_tree, 1);
		rp_snapshot__free(s);
	}
}

/*
 * A region's name met at run time is the same region; an id without a name is shown, not dropped.
 */
static void test_dynamic_names(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_MARKER, "obj");
	uint32_t root = fixture_root(&now, 1, "x"), n;
	struct rp_snapshot *s;

	(void)state;
	now.dynamic[0] = (struct rp_region_name){.name = "new", .kind = RP_KIND_MARKER};
	now.dynamic[1] = (struct rp_region_name){.name = "a", .kind = RP_KIND_MARKER};
	now.counts.names.n_dynamic = 2;
	n = fixture_node(&now, root, a);
	fixture_frames(&now, n, 1, 50, 0, 0, 0);
	fixture_frames(&now, fixture_node(&now, n, RP_REGION_DYNAMIC + 1), 1, 30, 0, 0, 0);
	fixture_frames(&now, fixture_node(&now, root, RP_REGION_DYNAMIC), 2, 10, 0, 0, 0);
	fixture_frames(&now, fixture_node(&now, root, RP_REGION_DYNAMIC + 2), 3, 10, 0, 0, 0);
	fixture_frames(&now, fixture_node(&now, root, 77), 4, 10, 0, 0, 0);
	s = build(NULL, RP_BY_NONE);
	assert_int_equal(s->n_rows, 3);
	assert_int_equal(row(s, "a", NULL)->f.count, 2);
	assert_int_equal(row(s, "a", NULL)->f.total, 50);
	assert_int_equal(row(s, "new", NULL)->region, RP_REGION_DYNAMIC);
	assert_string_equal(row(s, "new", NULL)->object, "");
	assert_int_equal(row(s, "?", NULL)->f.count, 7);
	rp_snapshot__free(s);
}

/* Stray hits cost as much as others, once, whatever the rows are grouped by. */
static void test_cost_of_stray_hits(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_MARKER, "obj");
	enum rp_by by[] = {RP_BY_NONE, RP_BY_PROCESS};

	(void)state;
	now.regions[a - 1].cost.whole = 100;
	now.regions[a - 1].stray.hits = 8;
	now.counts.names.unknown.cost.whole = 10;
	now.counts.names.unknown.stray.hits = 20;
	for (uint64_t pid = 1; pid <= 2; pid++) {
		uint32_t node = fixture_node(&now, fixture_root(&now, pid, "x"), a);

		fixture_frames(&now, node, 5, 10, 0, 0, 0);
		now.nodes[node - 1].figures.unwound = 2;
		now.nodes[node - 1].figures.entries += 2;
	}
	for (size_t i = 0; i < 2; i++) {
		struct rp_snapshot *s = build(NULL, by[i]);
		double rows = 0;

		for (size_t k = 0; k < s->n_rows; k++)
			rows += s->rows[k].probe_ns;
		assert_true(rows == 100 * (10 + 4 / 2 + 8 / 2));
		assert_true(s->probe_ns == rows + 10 * 20 / 2);
		assert_true(s->pairs == 10 + 4 / 2 + 8 / 2 + 20 / 2);
		assert_int_equal(s->count, 10);
		rp_snapshot__free(s);
	}
	/* In an interval those of the interval. */
	before = now;
	before.counts.nodes = before.nodes;
	before.counts.names.regions = before.regions;
	now.regions[a - 1].stray.hits = 10;
	now.counts.names.unknown.stray.hits = 22;
	struct rp_snapshot *s = build(&before, RP_BY_NONE);

	assert_true(s->probe_ns == 100 * 2 / 2 + 10 * 2 / 2);
	rp_snapshot__free(s);
}

static void test_idle_rows(void **state)
{
	struct rp_snapshot_opts opts = {.by = RP_BY_PROCESS, .idle_rows = true};
	struct rp_snapshot *s;
	uint32_t root;

	(void)state;
	fixture_region(&now, "idle", RP_KIND_FUNCTION, "obj");
	fixture_region(&now, "ends only", RP_KIND_USDT, "obj");
	fixture_region(&now, "touched", RP_KIND_USDT, "obj");
	now.regions[1].stray.unmatched = 5;
	root = fixture_root(&now, 1, "x");
	fixture_node(&now, root, 3);
	s = build(NULL, RP_BY_NONE);
	assert_int_equal(s->n_rows, 1);
	assert_int_equal(s->n_tree, 0);
	assert_int_equal(row(s, "ends only", NULL)->f.unmatched, 5);
	rp_snapshot__free(s);

	s = rp_snapshot__build(&now.counts, NULL, &opts);
	assert_non_null(s);
	assert_int_equal(s->n_rows, 3);
	assert_int_equal(row(s, "idle", "-")->f.count, 0);
	rp_snapshot__free(s);
}

static void test_nothing(void **state)
{
	struct rp_counts counts = {.time = 5};
	struct rp_snapshot_opts opts = {.since = 10};
	struct rp_snapshot *s = rp_snapshot__build(&counts, NULL, &opts);

	(void)state;
	assert_non_null(s);
	assert_int_equal(s->n_rows, 0);
	assert_int_equal(s->n_tree, 0);
	assert_int_equal(s->duration, 0);
	rp_snapshot__sort(s, rp_column__find("total"), false);
	rp_snapshot__free(s);
	rp_snapshot__free(NULL);
}

/* The snapshot owns its names: collect may have freed what it was made from. */
static void test_outlives_counts(void **state)
{
	char name[] = "a", object[] = "obj";
	struct rp_snapshot *s;

	(void)state;
	fixture_region(&now, name, RP_KIND_FUNCTION, object);
	fixture_frames(&now, fixture_node(&now, fixture_root(&now, 1, "x"), 1), 1, 10, 0, 0, 0);
	s = build(NULL, RP_BY_PROCESS);
	name[0] = object[0] = 'Z';
	memset(now.nodes, 0xee, sizeof(now.nodes));
	memset(now.hists, 0xee, sizeof(now.hists));
	assert_string_equal(s->rows[0].name, "a");
	assert_string_equal(s->tree[0].row.object, "obj");
	assert_string_equal(s->rows[0].group, "1 x");
	assert_int_equal(rp_hist_part__at(&s->rows[0].hist, 10), 1);
	rp_snapshot__free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_figures, start),
		cmocka_unit_test_setup(test_filtered, start),
		cmocka_unit_test_setup(test_missed_extremes, start),
		cmocka_unit_test_setup(test_skew_clamps, start),
		cmocka_unit_test_setup(test_deviation_does_not_cancel, start),
		cmocka_unit_test_setup(test_recursion_counts_once, start),
		cmocka_unit_test_setup(test_difference, start),
		cmocka_unit_test_setup(test_difference_of_nothing, start),
		cmocka_unit_test_setup(test_difference_is_never_negative, start),
		cmocka_unit_test(test_unmatched_of_the_second),
		cmocka_unit_test_setup(test_groups, start),
		cmocka_unit_test_setup(test_commands_alike_in_12, start),
		cmocka_unit_test_setup(test_reused_pids, start),
		cmocka_unit_test_setup(test_before_groups, start),
		cmocka_unit_test_setup(test_joined_regions, start),
		cmocka_unit_test_setup(test_broken_nodes, start),
		cmocka_unit_test_setup(test_dynamic_names, start),
		cmocka_unit_test_setup(test_cost_of_stray_hits, start),
		cmocka_unit_test_setup(test_idle_rows, start),
		cmocka_unit_test_setup(test_nothing, start),
		cmocka_unit_test_setup(test_outlives_counts, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

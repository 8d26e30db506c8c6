/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Tables of intervals: each tells what came in it and nothing else, and all of them together make
 * the summary, in every figure that adds up. And what probes cost, taken off level by level.
 */
#include "snapshot_fixture.h"

#define INTERVALS 3

/* Calls in each interval, of `outer`, of `inner` in it, of `outer` again in that. */
static const struct {
	uint64_t n, ns, child, cpu, wait;
} work[INTERVALS][3] = {
	{{4, 9000, 3000, 5000, 1000}, {7, 3000, 500, 2000, 300}, {2, 500, 0, 400, 10}},
	{{1, 100000, 60000, 20000, 70000}, {2, 60000, 1, 1000, 50000}, {0, 0, 0, 0, 0}},
	{{9, 2000, 1500, 1900, 0}, {30, 1500, 1000, 1200, 100}, {30, 1000, 0, 900, 5}},
};

static uint32_t nodes[3];

static void make_nodes(void)
{
	uint32_t outer = fixture_region(&now, "outer", RP_KIND_FUNCTION, "obj");
	uint32_t inner = fixture_region(&now, "inner", RP_KIND_FUNCTION, "obj");

	nodes[0] = fixture_node(&now, fixture_root(&now, 1, "x"), outer);
	nodes[1] = fixture_node(&now, nodes[0], inner);
	nodes[2] = fixture_node(&now, nodes[1], outer);
}

/* As the counts are: the copy's pointers lead into itself. */
static void keep_as_before(void)
{
	before = now;
	before.counts.nodes = before.nodes;
	before.counts.names.regions = before.regions;
	before.counts.names.dynamic = before.dynamic;
	for (size_t i = 0; i < before.counts.n_nodes; i++)
		if (before.nodes[i].hist.bucket)
			before.nodes[i].hist = fixture_part(&before.hists[i]);
}

static void go_on(size_t interval)
{
	keep_as_before();
	for (size_t i = 0; i < 3; i++)
		if (work[interval][i].n)
			fixture_frames(&now, nodes[i], work[interval][i].n, work[interval][i].ns,
				       work[interval][i].child, work[interval][i].cpu,
				       work[interval][i].wait);
	now.nodes[nodes[1] - 1].figures.entries += interval + 1;
	now.nodes[nodes[1] - 1].figures.unwound += interval + 1;
	now.counts.time += 1000 + interval;
	now.counts.lost[RP_LOST_DEPTH] += 5 + interval;
	now.counts.lost[RP_LOST_LATE] += 1;
}

struct sum {
	uint64_t count, total, self, cpu, wait, blocked, unwound, in_hist;
};

static void add(struct sum *sum, const struct rp_row *r)
{
	sum->count += r->f.count;
	sum->total += r->f.total;
	sum->self += r->f.self;
	sum->cpu += r->f.cpu;
	sum->wait += r->f.wait;
	sum->blocked += r->f.blocked;
	sum->unwound += r->f.unwound;
	for (uint32_t b = r->hist.from; b < r->hist.end; b++)
		sum->in_hist += rp_hist_part__at(&r->hist, b);
}

static void test_intervals_add_up(void **state)
{
	static const char *const names[] = {"outer", "inner"};
	struct sum intervals[2] = {0}, whole[2] = {0};
	uint64_t duration = 0, depth = 0, late = 0;
	struct rp_snapshot *s;

	(void)state;
	make_nodes();
	for (size_t i = 0; i < INTERVALS; i++) {
		go_on(i);
		s = build(&before, RP_BY_NONE);
		for (size_t k = 0; k < 2; k++)
			add(&intervals[k], row(s, names[k], NULL));
		duration += s->duration;
		depth += s->lost[RP_LOST_DEPTH];
		late += s->lost[RP_LOST_LATE];
		rp_snapshot__free(s);
	}
	s = build(NULL, RP_BY_NONE);
	for (size_t k = 0; k < 2; k++) {
		add(&whole[k], row(s, names[k], NULL));
		assert_memory_equal(&intervals[k], &whole[k], sizeof(whole[k]));
	}
	assert_int_equal(duration, s->duration);
	assert_int_equal(depth, s->lost[RP_LOST_DEPTH]);
	assert_int_equal(late, s->lost[RP_LOST_LATE]);
	rp_snapshot__free(s);
}

/* All calls of an interval take the same: no deviation, whatever came before it. */
static void test_deviation_of_an_interval(void **state)
{
	struct rp_snapshot *s;

	(void)state;
	make_nodes();
	for (size_t i = 0; i < INTERVALS; i++) {
		go_on(i);
		s = build(&before, RP_BY_NONE);
		assert_true(row(s, "inner", NULL)->f.stddev == 0);
		assert_true(row(s, "inner", NULL)->f.mean == (double)work[i][1].ns);
		rp_snapshot__free(s);
	}
}

/* One call is known to the ns, though its bucket is wide. */
static void test_one_call(void **state)
{
	const struct rp_row *r;
	struct rp_snapshot *s;

	(void)state;
	make_nodes();
	go_on(0);
	go_on(1);
	s = build(&before, RP_BY_NONE);
	r = row(s, "outer", NULL);
	assert_int_equal(r->f.count, 1);
	assert_int_equal(r->f.min, 100000);
	assert_int_equal(r->f.max, 100000);
	rp_snapshot__free(s);
}

/* Filtered rows are gone: what is below the others still names its parent by the new id. */
static void test_parents_behind_filtered(void **state)
{
	struct rp_snapshot *s;
	uint32_t root, gone, outer;

	(void)state;
	fixture_region(&now, "gone", RP_KIND_FUNCTION, "obj");
	fixture_region(&now, "outer", RP_KIND_FUNCTION, "obj");
	fixture_region(&now, "inner", RP_KIND_FUNCTION, "obj");
	root = fixture_root(&now, 1, "x");
	gone = fixture_node(&now, root, 1);
	now.nodes[gone - 1].figures.entries = now.nodes[gone - 1].figures.skipped = 3;
	outer = fixture_node(&now, root, 2);
	fixture_frames(&now, outer, 2, 100, 50, 0, 0);
	fixture_frames(&now, fixture_node(&now, outer, 3), 2, 50, 0, 0, 0);
	s = build(NULL, RP_BY_NONE);
	assert_int_equal(s->n_tree, 2);
	for (size_t i = 0; i < s->n_tree; i++) {
		assert_int_equal(s->tree[i].id, i + 1);
		assert_int_equal(s->tree[i].parent, strcmp(s->tree[i].row.name, "inner") ? 0 : 1);
	}
	rp_snapshot__free(s);
}

/* Three levels deep: probes cost 10 ns a call, of which the call's own time has 4. */
static void test_costs_of_levels(void **state)
{
	struct rp_snapshot_opts opts = {.compensate = true};
	uint32_t node = fixture_root(&now, 1, "x");
	struct rp_snapshot *s;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		static const char *const names[] = {"a", "b", "c"};
		uint32_t region = fixture_region(&now, names[i], RP_KIND_FUNCTION, "obj");

		now.regions[i].cost.inside = 4;
		now.regions[i].cost.whole = 10;
		node = fixture_node(&now, node, region);
		fixture_frames(&now, node, 100, 1000 - 300 * i, i < 2 ? 700 - 300 * i : 0,
			       1000 - 300 * i, 0);
	}
	s = rp_snapshot__build(&now.counts, NULL, &opts);
	assert_non_null(s);
	/* Less its own 4, and of all below: two calls of 10. */
	assert_int_equal(row(s, "a", NULL)->f.total, 100 * (1000 - 4 - 10 - 10));
	assert_int_equal(row(s, "a", NULL)->f.cpu, 100 * (1000 - 4 - 10 - 10));
	assert_int_equal(row(s, "b", NULL)->f.total, 100 * (700 - 4 - 10));
	assert_int_equal(row(s, "c", NULL)->f.total, 100 * (400 - 4));
	/* Of the call right below, what its own time has not. */
	assert_int_equal(row(s, "a", NULL)->f.self, 100 * (300 - 4 - 6));
	assert_int_equal(row(s, "c", NULL)->f.self, 100 * (400 - 4));
	rp_snapshot__free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_intervals_add_up, start),
		cmocka_unit_test_setup(test_deviation_of_an_interval, start),
		cmocka_unit_test_setup(test_one_call, start),
		cmocka_unit_test_setup(test_parents_behind_filtered, start),
		cmocka_unit_test_setup(test_costs_of_levels, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What probes cost: whose time it falls into, how it is taken off, and how it is told. */
#include <math.h>

#include "aggregate/overhead.h"
#include "snapshot_fixture.h"

/*
 * Probes of 10 ns, of which 4 fall inside a call: a(3) calls b(6), which calls c(2). A call left
 * without an exit has half of them.
 */
static void costly_calls(enum rp_kind kind)
{
	uint32_t node = fixture_root(&now, 1, "x");
	static const uint64_t calls[] = {3, 6, 2}, ns[] = {1000, 300, 100}, own[] = {400, 260, 100};

	for (size_t i = 0; i < 3; i++) {
		const char *const names[] = {"a", "b", "c"};
		uint32_t region = fixture_region(&now, names[i], kind, "obj");

		now.regions[region - 1].cost = (struct rp_probe_cost){.inside = 4, .whole = 10};
		node = fixture_node(&now, node, region);
		fixture_frames(&now, node, calls[i], ns[i], ns[i] - own[i], ns[i] - 50, 45);
	}
	now.nodes[node - 1].figures.unwound = 4;
	now.nodes[node - 1].figures.entries += 4;
}

static void assert_near(double value, double wanted)
{
	if (fabs(value - wanted) > 1e-9)
		fail_msg("%g is not %g", value, wanted);
}

static void test_costs(void **state)
{
	struct rp_snapshot *s;

	(void)state;
	costly_calls(RP_KIND_FUNCTION);
	s = build(NULL, RP_BY_NONE);
	assert_near(row(s, "a", NULL)->probe_ns, 30);
	assert_near(row(s, "b", NULL)->probe_ns, 60);
	assert_near(row(s, "c", NULL)->probe_ns, 40);
	assert_near(s->probe_ns, 130);
	assert_near(s->pairs, 13);
	/* What is inside of an instance, that of all it calls included. */
	assert_near(row(s, "c", NULL)->probes, 8 / 2.0);
	assert_near(row(s, "b", NULL)->probes, (24 + 40) / 6.0);
	assert_near(row(s, "a", NULL)->probes, (12 + 60 + 40) / 3.0);
	assert_int_equal(row(s, "a", NULL)->f.total, 3000);
	rp_snapshot__free(s);
}

/* What is below falls into all that enclose it, by whichever path. */
static void test_costs_of_two_below(void **state)
{
	uint32_t root = fixture_root(&now, 1, "x"), top, one, two;
	struct rp_snapshot *s;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		static const char *const names[] = {"top", "one", "two", "leaf"};

		fixture_region(&now, names[i], RP_KIND_FUNCTION, "obj");
		now.regions[i].cost = (struct rp_probe_cost){.inside = 4 + i,
							     .whole = 10 * (i + 1)};
	}
	top = fixture_node(&now, root, 1);
	one = fixture_node(&now, top, 2);
	two = fixture_node(&now, top, 3);
	fixture_frames(&now, top, 1, 10000, 2000, 0, 0);
	fixture_frames(&now, one, 2, 500, 100, 0, 0);
	fixture_frames(&now, two, 3, 300, 100, 0, 0);
	fixture_frames(&now, fixture_node(&now, one, 4), 5, 20, 0, 0, 0);
	fixture_frames(&now, fixture_node(&now, two, 4), 7, 20, 0, 0, 0);
	s = build(NULL, RP_BY_NONE);
	assert_near(row(s, "leaf", NULL)->probes, 7);
	assert_near(row(s, "one", NULL)->probes, (2 * 5 + 5 * 40) / 2.0);
	assert_near(row(s, "two", NULL)->probes, (3 * 6 + 7 * 40) / 3.0);
	assert_near(row(s, "top", NULL)->probes, 4 + 2 * 20 + 3 * 30 + 12 * 40);
	assert_near(s->probe_ns, 10 + 2 * 20 + 3 * 30 + 12 * 40);
	rp_snapshot__free(s);
	s = rp_snapshot__build(&now.counts, NULL, &(struct rp_snapshot_opts){.compensate = true});
	assert_non_null(s);
	assert_int_equal(row(s, "top", NULL)->f.self, 8000 - 4 - 2 * (20 - 5) - 3 * (30 - 6));
	assert_int_equal(row(s, "top", NULL)->f.total, 10000 - 4 - 40 - 90 - 480);
	rp_snapshot__free(s);
}

/* Taken out where they are asked to be: no time is less than none, no part more than the whole. */
static void test_compensated(void **state)
{
	struct rp_snapshot_opts opts = {.compensate = true};
	struct rp_snapshot *s;

	(void)state;
	costly_calls(RP_KIND_FUNCTION);
	s = rp_snapshot__build(&now.counts, NULL, &opts);
	assert_non_null(s);
	assert_int_equal(row(s, "c", NULL)->f.total, 200 - 8);
	assert_int_equal(row(s, "c", NULL)->f.self, 200 - 8);
	assert_int_equal(row(s, "c", NULL)->f.cpu, 100 - 8);
	assert_int_equal(row(s, "c", NULL)->f.wait, 90);
	assert_int_equal(row(s, "b", NULL)->f.total, 1800 - 64);
	assert_int_equal(row(s, "b", NULL)->f.self, 1560 - 24 - 4 * 6);
	assert_int_equal(row(s, "b", NULL)->f.cpu, 1500 - 64);
	assert_int_equal(row(s, "a", NULL)->f.total, 3000 - 112);
	assert_int_equal(row(s, "a", NULL)->f.self, 1200 - 12 - 6 * 6);
	assert_int_equal(row(s, "a", NULL)->f.cpu, 2850 - 112);
	assert_int_equal(row(s, "a", NULL)->f.blocked, 150 - 135);
	rp_snapshot__free(s);
	now.regions[2].cost.inside = 55;
	now.nodes[3].figures.wait = 180;
	s = rp_snapshot__build(&now.counts, NULL, &opts);
	assert_non_null(s);
	assert_int_equal(row(s, "c", NULL)->f.total, 200 - 110);
	assert_int_equal(row(s, "c", NULL)->f.cpu, 0);
	assert_int_equal(row(s, "c", NULL)->f.wait, 90);
	rp_snapshot__free(s);
}

/* Of the time that is left, waiting takes no more than what was not running, and else all it did.
 */
static void test_compensated_wait(void **state)
{
	static const struct {
		uint64_t cpu, wait, left;
	} cells[] = {{20, 60, 60}, {20, 79, 79}, {20, 80, 80}, {20, 81, 80}, {30, 100, 70}};

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		struct rp_snapshot_opts opts = {.compensate = true};
		struct rp_snapshot *s;
		uint32_t node;

		start(state);
		fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
		now.regions[0].cost = (struct rp_probe_cost){.inside = 10, .whole = 10};
		node = fixture_node(&now, fixture_root(&now, 1, "x"), 1);
		fixture_frames(&now, node, 1, 110, 0, cells[i].cpu + 10, cells[i].wait);
		s = rp_snapshot__build(&now.counts, NULL, &opts);
		assert_non_null(s);
		assert_int_equal(s->rows[0].f.total, 100);
		assert_int_equal(s->rows[0].f.cpu, cells[i].cpu);
		assert_int_equal(s->rows[0].f.wait, cells[i].left);
		assert_int_equal(s->rows[0].f.blocked, 100 - cells[i].cpu - cells[i].left);
		rp_snapshot__free(s);
	}
}

/* Of a row, what is in all of its paths: one may be far over the share, and one below. */
static void test_distorted_in_all(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 2; turn++)
		for (uint64_t calls = 8; calls <= 12; calls++) {
			uint32_t root, parents[2], nodes[2];
			struct rp_snapshot *s;

			start(state);
			fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
			fixture_region(&now, "b", RP_KIND_FUNCTION, "obj");
			fixture_region(&now, "c", RP_KIND_FUNCTION, "obj");
			now.regions[0].cost = (struct rp_probe_cost){10, 10};
			root = fixture_root(&now, 1, "x");
			for (uint32_t i = 0; i < 2; i++) {
				parents[i] = fixture_node(&now, root, 2 + i);
				nodes[i] = fixture_node(&now, parents[i], 1);
			}
			/* 10 of 12 ns each, and 10 of 430: as a whole a fifth from 10 on. */
			fixture_frames(&now, nodes[turn], calls, 12, 0, 12, 0);
			fixture_frames(&now, nodes[!turn], 1, 430, 0, 430, 0);
			s = build(NULL, RP_BY_NONE);
			assert_int_equal(row(s, "a", NULL)->distorted,
					 10.0 * (double)(calls + 1) >
						 0.2 * (double)(12 * calls + 430));
			assert_int_equal(s->tree[turn ? 3 : 1].row.distorted, true);
			assert_int_equal(s->tree[turn ? 1 : 3].row.distorted, false);
			rp_snapshot__free(s);
		}
}

/* More than a fifth of a region's own time, as it was measured. */
static void test_distorted(void **state)
{
	(void)state;
	for (unsigned compensate = 0; compensate < 2; compensate++)
		for (enum rp_kind kind = RP_KIND_FUNCTION; kind <= RP_KIND_SPAN; kind++)
			for (uint64_t ns = 49; ns <= 51; ns++) {
				struct rp_snapshot_opts opts = {.compensate = compensate};
				struct rp_snapshot *s;
				uint32_t a;

				start(state);
				a = fixture_region(&now, "a", kind, "obj");
				now.regions[0].cost = (struct rp_probe_cost){10, 20};
				fixture_frames(&now,
					       fixture_node(&now, fixture_root(&now, 1, "x"), a),
					       10, ns, 0, ns, 0);
				s = rp_snapshot__build(&now.counts, NULL, &opts);
				assert_non_null(s);
				assert_int_equal(s->rows[0].distorted,
						 kind != RP_KIND_SPAN && ns < 50);
				rp_snapshot__free(s);
			}
}

/* Of the CPU time, or of the duration where the target hardly ran; never more than the whole. */
static void test_overhead(void **state)
{
	static const struct {
		double probe_ns;
		uint64_t cpu, duration;
		double share;
		bool idle;
	} cells[] = {
		{10, 100, 100, 0.1, false},  {10, 50, 100, 0.2, false}, {10, 49, 100, 0.1, true},
		{0, 100, 100, 0, false},     {-1, 100, 100, 0, false},	{100, 100, 100, 1, false},
		{101, 100, 100, 1, false},   {10, 0, 0, 0, false},	{10, 0, 100, 0.1, true},
		{99, 100, 100, 0.99, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		struct rp_overhead is = rp_overhead__of(cells[i].probe_ns, cells[i].cpu,
							cells[i].duration);

		assert_near(is.share, cells[i].share);
		assert_int_equal(is.idle, cells[i].idle);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_costs, start),
		cmocka_unit_test_setup(test_costs_of_two_below, start),
		cmocka_unit_test_setup(test_compensated, start),
		cmocka_unit_test(test_compensated_wait),
		cmocka_unit_test(test_distorted),
		cmocka_unit_test(test_distorted_in_all),
		cmocka_unit_test(test_overhead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

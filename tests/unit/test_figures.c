// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Each figure has its own value here, and the whole is compared: none is another, none is lost. */
#include <math.h>

#include "aggregate/overhead.h"
#include "snapshot_fixture.h"

#define N_FIGURES (sizeof(struct rp_figures) / sizeof(uint64_t))

static const uint64_t *words(const struct rp_figures *figures)
{
	return (const uint64_t *)figures;
}

static struct rp_figures numbered(uint64_t from, uint64_t step)
{
	struct rp_figures figures;
	uint64_t word[N_FIGURES];

	for (size_t i = 0; i < N_FIGURES; i++)
		word[i] = from + i * step;
	memcpy(&figures, word, sizeof(figures));
	return figures;
}

/* All add up, but for the extremes, of which the further one stays. */
static void test_join(void **state)
{
	const struct rp_figures small = numbered(3, 7), large = numbered(1000, 90);

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		const struct rp_figures *more = turn ? &small : &large;
		struct rp_figures sum = turn ? large : small, wanted = numbered(1003, 97);

		wanted.min_inv = large.min_inv;
		wanted.max = large.max;
		rp_figures__join(&sum, more);
		for (size_t i = 0; i < N_FIGURES; i++)
			assert_int_equal(words(&sum)[i], words(&wanted)[i]);
	}
}

static void test_join_carries(void **state)
{
	struct rp_figures sum = {.sq_lo = UINT64_MAX, .sq_hi = 4};

	(void)state;
	rp_figures__join(&sum, &(struct rp_figures){.sq_lo = 3, .sq_hi = 5});
	assert_int_equal(sum.sq_lo, 2);
	assert_int_equal(sum.sq_hi, 10);
}

static void assert_figures(const struct rp_row_figures *f, const struct rp_row_figures *wanted)
{
	static const struct {
		const char *name;
		size_t offset;
	} figures[] = {
#define FIGURE(name) {#name, offsetof(struct rp_row_figures, name)}
		FIGURE(count),	   FIGURE(total),   FIGURE(self),   FIGURE(cpu),
		FIGURE(wait),	   FIGURE(blocked), FIGURE(asleep), FIGURE(asleep_untold),
		FIGURE(min),	   FIGURE(max),	    FIGURE(p50),    FIGURE(p90),
		FIGURE(p99),	   FIGURE(p999),    FIGURE(open),   FIGURE(unwound),
		FIGURE(unmatched), FIGURE(first),   FIGURE(last),
#undef FIGURE
	};

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		uint64_t is, has;

		memcpy(&is, (const char *)f + figures[i].offset, sizeof(is));
		memcpy(&has, (const char *)wanted + figures[i].offset, sizeof(has));
		if (is != has)
			fail_msg("%s is %llu, not %llu", figures[i].name, (unsigned long long)is,
				 (unsigned long long)has);
	}
	assert_true(fabs(f->mean - wanted->mean) < 1e-9);
	assert_true(fabs(f->stddev - wanted->stddev) < 0.01);
	assert_true(f->imbalance == wanted->imbalance);
}

/* Beside what fixture_frames() sets. */
static void set_rest(uint32_t node, const struct rp_figures *rest, uint64_t first, uint64_t last)
{
	struct rp_figures *f = &now.nodes[node - 1].figures;

	f->entries += rest->entries;
	f->unwound = rest->unwound;
	f->skipped = rest->skipped;
	f->asleep = rest->asleep;
	f->asleep_untold = rest->asleep_untold;
	now.nodes[node - 1].first = first;
	now.nodes[node - 1].last = last;
}

/* a: 4 of 64 ns below b, 1 of 96 ns below c, and nowhere inside of itself. */
static uint32_t two_paths(void)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
	uint32_t b = fixture_region(&now, "b", RP_KIND_FUNCTION, "obj");
	uint32_t c = fixture_region(&now, "c", RP_KIND_FUNCTION, "obj");
	uint32_t root = fixture_root(&now, 1, "x");
	uint32_t one = fixture_node(&now, fixture_node(&now, root, b), a);
	uint32_t two = fixture_node(&now, fixture_node(&now, root, c), a);

	fixture_frames(&now, one, 4, 64, 4, 31, 2);
	fixture_frames(&now, two, 1, 96, 9, 40, 5);
	set_rest(one,
		 &(struct rp_figures){.entries = 11,
				      .unwound = 3,
				      .skipped = 2,
				      .asleep = 70,
				      .asleep_untold = 17},
		 500, 900);
	set_rest(two,
		 &(struct rp_figures){.entries = 100,
				      .unwound = 20,
				      .skipped = 50,
				      .asleep = 200,
				      .asleep_untold = 1000},
		 300, 1200);
	now.regions[a - 1].stray.unmatched = 8;
	return two;
}

static const struct rp_row_figures below_b = {
	.count = 4,
	.total = 256,
	.self = 240,
	.cpu = 124,
	.wait = 8,
	.blocked = 124,
	.asleep = 70,
	.asleep_untold = 17,
	.min = 64,
	.max = 64,
	.mean = 64,
	.p50 = 64,
	.p90 = 64,
	.p99 = 64,
	.p999 = 64,
	.open = 6,
	.unwound = 3,
	.unmatched = 8,
	.first = 500,
	.last = 900,
};
static const struct rp_row_figures below_c = {
	.count = 1,
	.total = 96,
	.self = 87,
	.cpu = 40,
	.wait = 5,
	.blocked = 51,
	.asleep = 200,
	.asleep_untold = 1000,
	.min = 96,
	.max = 96,
	.mean = 96,
	.p50 = 96,
	.p90 = 96,
	.p99 = 96,
	.p999 = 96,
	.open = 30,
	.unwound = 20,
	.unmatched = 8,
	.first = 300,
	.last = 1200,
};

/* A row of the table has the sums of its paths, and they their own. */
static void test_paths_add_up(void **state)
{
	const struct rp_row_figures both = {
		.count = 5,
		.total = 352,
		.self = 327,
		.cpu = 164,
		.wait = 13,
		.blocked = 175,
		.asleep = 270,
		.asleep_untold = 1017,
		.min = 64,
		.max = 96,
		.mean = 70.4,
		.stddev = 12.8,
		.p50 = 68, /* 5/8 through the bucket of 64 to 71 */
		.p90 = 96,
		.p99 = 96,
		.p999 = 96,
		.open = 36,
		.unwound = 23,
		.unmatched = 8,
		.first = 300,
		.last = 1200,
	};
	struct rp_snapshot *s;

	(void)state;
	two_paths();
	s = build(NULL, RP_BY_NONE);
	assert_figures(&row(s, "a", NULL)->f, &both);
	assert_int_equal(s->n_tree, 4);
	assert_figures(&s->tree[1].row.f, &below_b);
	assert_figures(&s->tree[3].row.f, &below_c);
	assert_int_equal(s->count, 5 + 52);
	rp_snapshot__free(s);
}

/* Of a period only what came in it; what is open is a state, and times of a record stay. */
static void test_period_of_each(void **state)
{
	struct rp_row_figures wanted = below_b;
	const struct rp_row *r;
	struct rp_snapshot *s;
	uint32_t two;

	(void)state;
	two = two_paths();
	before = now;
	before.counts.nodes = before.nodes;
	before.counts.names.regions = before.regions;
	for (uint32_t i = 0; i < now.counts.n_nodes; i++)
		before.nodes[i].hist = fixture_part(&before.hists[i]);
	fixture_frames(&now, two, 4, 64, 4, 31, 2);
	set_rest(two,
		 &(struct rp_figures){.entries = 9,
				      .unwound = 20 + 3,
				      .skipped = 50 + 2,
				      .asleep = 200 + 70,
				      .asleep_untold = 1000 + 17},
		 300, 1200);
	now.regions[0].stray.unmatched += 5;
	s = build(&before, RP_BY_NONE);
	wanted.unmatched = 5;
	/* The extremes are those of the whole path, within the bucket that the period has. */
	wanted.max = 71;
	wanted.p50 = 68;
	wanted.p90 = 70;
	wanted.p99 = wanted.p999 = 71;
	wanted.first = 300;
	wanted.last = 1200;
	wanted.open = 30 + 4;
	assert_int_equal(s->n_tree, 4);
	assert_figures(&s->tree[3].row.f, &wanted);
	r = &s->tree[1].row;
	assert_int_equal(r->f.count | r->f.total | r->f.self | r->f.cpu | r->f.wait, 0);
	assert_int_equal(r->f.asleep | r->f.asleep_untold | r->f.unwound, 0);
	assert_int_equal(r->f.open, 6);
	assert_int_equal(row(s, "a", NULL)->f.asleep, 70);
	assert_int_equal(s->count, 6);
	rp_snapshot__free(s);
}

/* Of one region in another call of itself, the figures of time are those of the outer one alone. */
static void test_outermost_alone(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
	uint32_t outer = fixture_node(&now, fixture_root(&now, 1, "x"), a);
	uint32_t inner = fixture_node(&now, outer, a);
	const struct rp_row *r;
	struct rp_snapshot *s;

	(void)state;
	fixture_frames(&now, outer, 1, 100, 60, 50, 20);
	fixture_frames(&now, inner, 1, 60, 0, 20, 10);
	set_rest(outer, &(struct rp_figures){.asleep = 30, .asleep_untold = 3}, 0, 0);
	set_rest(inner, &(struct rp_figures){.asleep = 7, .asleep_untold = 1}, 0, 0);
	s = build(NULL, RP_BY_NONE);
	r = row(s, "a", NULL);
	assert_int_equal(r->f.count, 2);
	assert_int_equal(r->f.self, 100);
	assert_int_equal(r->f.total, 100);
	assert_int_equal(r->f.cpu, 50);
	assert_int_equal(r->f.wait, 20);
	assert_int_equal(r->f.asleep, 30);
	assert_int_equal(r->f.asleep_untold, 3);
	rp_snapshot__free(s);
}

/* Whoever is on no thread neither runs nor sleeps; all others do. */
static void test_blocked_of_kinds(void **state)
{
	static const enum rp_kind kinds[] = {RP_KIND_FUNCTION, RP_KIND_USDT, RP_KIND_MARKER,
					     RP_KIND_SPAN};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct rp_snapshot *s;
		uint32_t a;

		start(state);
		a = fixture_region(&now, "a", kinds[i], "obj");
		fixture_frames(&now, fixture_node(&now, fixture_root(&now, 1, "x"), a), 1, 100, 0,
			       50, 20);
		s = build(NULL, RP_BY_NONE);
		assert_int_equal(s->rows[0].kind, kinds[i]);
		assert_int_equal(s->rows[0].f.blocked, kinds[i] == RP_KIND_SPAN ? 0 : 30);
		rp_snapshot__free(s);
	}
}

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

/* Each text is the one of its name, and a copy. */
static void test_meta_is_kept(void **state)
{
	char texts[8][2] = {"1", "2", "3", "4", "5", "6", "7", "8"};
	const struct rp_meta all = {.version = texts[0],
				    .host = texts[1],
				    .kernel = texts[2],
				    .target = texts[3],
				    .attach_mode = texts[4],
				    .group_by = texts[5],
				    .kept = texts[6],
				    .options = texts[7],
				    .probes = 9};
	struct rp_meta meta = all, none = {.slow_sites = 3};
	struct rp_arena strings = {0};

	(void)state;
	assert_int_equal(rp_meta__keep(&meta, &strings), 0);
	memset(texts, 0, sizeof(texts));
	assert_string_equal(meta.version, "1");
	assert_string_equal(meta.host, "2");
	assert_string_equal(meta.kernel, "3");
	assert_string_equal(meta.target, "4");
	assert_string_equal(meta.attach_mode, "5");
	assert_string_equal(meta.group_by, "6");
	assert_string_equal(meta.kept, "7");
	assert_string_equal(meta.options, "8");
	assert_int_equal(meta.probes, 9);
	assert_int_equal(rp_meta__keep(&none, &strings), 0);
	assert_null(none.version);
	assert_null(none.options);
	assert_int_equal(none.slow_sites, 3);
	rp_arena__free(&strings);
}

/* What a snapshot says of the whole is the counts', less those of before. */
static void test_whole(void **state)
{
	struct rp_snapshot_opts opts = {.since = 300, .meta = {.host = "box"}};
	struct rp_snapshot *s;

	(void)state;
	now.counts.time = 1000;
	now.counts.late_ns = 70;
	before.counts.time = 400;
	before.counts.late_ns = 50;
	for (size_t i = 0; i < RP_LOST_COUNT; i++) {
		now.counts.lost[i] = 100 + 10 * i;
		before.counts.lost[i] = i;
	}
	for (int period = 0; period < 2; period++) {
		s = rp_snapshot__build(&now.counts, period ? &before.counts : NULL, &opts);
		assert_non_null(s);
		assert_int_equal(s->duration, period ? 600 : 700);
		assert_int_equal(s->late_ns, period ? 20 : 70);
		assert_string_equal(s->meta.host, "box");
		for (size_t i = 0; i < RP_LOST_COUNT; i++)
			assert_int_equal(s->lost[i], 100 + (period ? 9 : 10) * i);
		rp_snapshot__free(s);
	}
	before.counts.late_ns = 71;
	before.counts.lost[0] = 101;
	before.counts.time = 1001;
	s = rp_snapshot__build(&now.counts, &before.counts, &opts);
	assert_non_null(s);
	assert_int_equal(s->late_ns | s->lost[0] | s->duration, 0);
	rp_snapshot__free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_join_carries),
		cmocka_unit_test_setup(test_paths_add_up, start),
		cmocka_unit_test_setup(test_period_of_each, start),
		cmocka_unit_test_setup(test_outermost_alone, start),
		cmocka_unit_test(test_blocked_of_kinds),
		cmocka_unit_test_setup(test_costs, start),
		cmocka_unit_test_setup(test_compensated, start),
		cmocka_unit_test(test_distorted),
		cmocka_unit_test(test_overhead),
		cmocka_unit_test(test_meta_is_kept),
		cmocka_unit_test_setup(test_whole, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Each figure has its own value here, and the whole is compared: none is another, none is lost. */
#include <math.h>

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

/* As much again as there was before, which is kept as that. */
static void grow_again(const uint32_t nodes[2])
{
	before = now;
	before.counts.nodes = before.nodes;
	before.counts.names.regions = before.regions;
	for (uint32_t i = 0; i < now.counts.n_nodes; i++)
		before.nodes[i].hist = fixture_part(&before.hists[i]);
	for (uint32_t i = 0; i < 2; i++) {
		struct rp_figures *f = &now.nodes[nodes[i] - 1].figures;
		uint64_t entries = 2 * f->entries;

		fixture_frames(&now, nodes[i], 3 + i, 100, 10 + i, 20 + i, 30 + i);
		fixture_frames(&now, nodes[i], 1, 1000 << (4 * i), 0, 0, 0);
		f->entries = entries;
		f->unwound *= 2;
		f->skipped *= 2;
		f->asleep *= 2;
		f->asleep_untold *= 2;
		f->min_inv = ~UINT64_C(1);
	}
}

/* The same path in two processes is one, with the sums of both, histogram and all. */
static void test_nodes_of_one_path(void **state)
{
	const struct rp_row *r;
	struct rp_snapshot *s;
	uint32_t a, nodes[2];

	(void)state;
	a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
	for (uint32_t i = 0; i < 2; i++) {
		nodes[i] = fixture_node(&now, fixture_root(&now, i + 1, "x"), a);
		fixture_frames(&now, nodes[i], 3 + i, 100, 10 + i, 20 + i, 30 + i);
		fixture_frames(&now, nodes[i], 1, 1000 << (4 * i), 0, 0, 0);
		set_rest(nodes[i],
			 &(struct rp_figures){.entries = 10 + i,
					      .unwound = 1 + i,
					      .skipped = 4,
					      .asleep = 50 + i,
					      .asleep_untold = 5 + i},
			 70 - i, 90 + i);
	}
	for (int period = 0; period < 2; period++) {
		s = build(period ? &before : NULL, RP_BY_NONE);
		assert_int_equal(s->n_tree, 1);
		r = &s->rows[0];
		assert_int_equal(r->f.count, 9);
		assert_int_equal(r->f.total, 700 + 17000);
		assert_int_equal(r->f.self, 3 * 90 + 4 * 89 + 17000);
		assert_int_equal(r->f.cpu, 3 * 20 + 4 * 21);
		assert_int_equal(r->f.wait, 3 * 30 + 4 * 31);
		assert_int_equal(r->f.unwound, 3);
		assert_int_equal(r->f.asleep, 101);
		assert_int_equal(r->f.asleep_untold, 11);
		assert_int_equal(r->f.open, period ? 20 : 10);
		assert_int_equal(r->f.first, 69);
		assert_int_equal(r->f.last, 91);
		assert_int_equal(rp_hist_part__at(&r->hist, rp_hist_index(100)), 7);
		assert_int_equal(rp_hist_part__at(&r->hist, rp_hist_index(1000)), 1);
		assert_int_equal(rp_hist_part__at(&r->hist, rp_hist_index(16000)), 1);
		assert_int_equal(r->f.min, period ? rp_hist_floor(rp_hist_index(100)) : 100);
		rp_snapshot__free(s);
		if (period)
			break;
		grow_again(nodes);
	}
}

/* Probes were hit by what was filtered and left as well, in all paths of a row. */
static void test_hits_add_up(void **state)
{
	const struct rp_row *r;
	struct rp_snapshot *s;

	(void)state;
	two_paths();
	now.regions[0].cost = (struct rp_probe_cost){.inside = 2, .whole = 10};
	s = build(NULL, RP_BY_NONE);
	r = row(s, "a", NULL);
	assert_true(fabs(r->probe_ns - 10 * (5 + 52 + 23 / 2.0)) < 1e-9);
	assert_true(fabs(r->probes - 2) < 1e-9);
	assert_true(fabs(s->tree[1].row.probe_ns - 10 * (4 + 2 + 3 / 2.0)) < 1e-9);
	assert_true(fabs(s->tree[3].row.probe_ns - 10 * (1 + 50 + 20 / 2.0)) < 1e-9);
	assert_true(fabs(s->probe_ns - r->probe_ns) < 1e-9);
	rp_snapshot__free(s);
}

/* What was filtered in part is shown, and a call inside of it is inside of a call. */
static void test_filtered_in_part(void **state)
{
	static const struct rp_figures left[] = {{.count = 1}, {.unwound = 1}, {0}};

	for (size_t i = 0; i < 3; i++) {
		struct rp_snapshot *s;
		uint32_t a, outer, inner;

		start(state);
		a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
		outer = fixture_node(&now, fixture_root(&now, 1, "x"), a);
		inner = fixture_node(&now, outer, a);
		now.nodes[outer - 1].figures = left[i];
		now.nodes[outer - 1].figures.skipped = 2;
		now.nodes[outer - 1].figures.entries = 3;
		fixture_frames(&now, inner, 1, 60, 0, 60, 0);
		s = build(NULL, RP_BY_NONE);
		assert_int_equal(s->n_tree, 2);
		assert_int_equal(row(s, "a", NULL)->f.total, 0);
		assert_int_equal(row(s, "a", NULL)->f.open, i == 2);
		rp_snapshot__free(s);
		now.nodes[outer - 1].figures = (struct rp_figures){.skipped = 3, .entries = 3};
		s = build(NULL, RP_BY_NONE);
		assert_int_equal(s->n_tree, 2);
		assert_int_equal(row(s, "a", NULL)->f.total, 60);
		rp_snapshot__free(s);
	}
}

/* Where calls of one process are not asked for, those of the path are not all there. */
static void test_incomplete(void **state)
{
	for (unsigned which = 0; which < 4; which++) {
		struct rp_snapshot *s;

		start(state);
		fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
		for (uint32_t i = 0; i < 2; i++) {
			uint32_t outer = fixture_node(&now, fixture_root(&now, i + 1, "x"), 1);

			now.nodes[outer - 1].incomplete = which >> i & 1;
			fixture_frames(&now, fixture_node(&now, outer, 1), 1, 30, 0, 0, 0);
		}
		s = build(NULL, RP_BY_NONE);
		assert_int_equal(s->n_tree, 2);
		assert_int_equal(row(s, "a", NULL)->f.count, 2);
		assert_int_equal(row(s, "a", NULL)->f.total, which ? 60 : 0);
		rp_snapshot__free(s);
	}
}

/* Nodes past those that were there before, whatever stands behind them, count from zero. */
static void test_new_nodes(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
	uint32_t root = fixture_root(&now, 1, "x");
	struct rp_snapshot *s;

	(void)state;
	for (int i = 0; i < 3; i++)
		fixture_frames(&now, fixture_node(&now, root, a), 10, 100, 0, 0, 0);
	for (size_t n = 1; n <= 4; n++) {
		before = now;
		before.counts.nodes = before.nodes;
		before.counts.names.regions = before.regions;
		before.counts.n_nodes = n;
		s = build(&before, RP_BY_NONE);
		assert_int_equal(s->rows[0].f.count, 10 * (4 - n));
		rp_snapshot__free(s);
		before.nodes[1].node.flags = 0; /* not yet made */
		s = build(&before, RP_BY_NONE);
		assert_int_equal(s->rows[0].f.count, 10 * (4 - n) + (n > 1 ? 10 : 0));
		rp_snapshot__free(s);
	}
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

/* What a row says of its region is what that was called, in the table as in the tree. */
static void test_row_of_region(void **state)
{
	const struct rp_overlap told = {
		.arg = {{0}, {0}, {.begun = 8, .matched = 8, .crossed = 1}}};
	char name[] = "name", object[] = "object", usdt[] = "usdt";
	struct rp_snapshot *s;

	(void)state;
	for (unsigned flag = 0; flag < 6; flag++) {
		uint32_t root;

		start(state);
		fixture_region(&now, name, RP_KIND_MARKER, object);
		now.regions[0].slow = flag == 0;
		now.regions[0].left_out = flag == 1;
		now.regions[0].ends_at_jump = flag == 2;
		now.regions[0].stray.crossed = flag == 3;
		now.regions[0].usdt = flag == 4 ? usdt : NULL;
		now.regions[0].overlap = flag == 5 ? told : (struct rp_overlap){0};
		root = fixture_root(&now, 1, "x");
		fixture_frames(&now, fixture_node(&now, root, 1), 1, 100, 0, 0, 0);
		fixture_frames(&now, fixture_node(&now, root, 77), 1, 100, 0, 0, 0);
		s = build(NULL, RP_BY_NONE);
		for (unsigned i = 0; i < 2; i++) {
			const struct rp_row *r = i ? &s->tree[0].row : row(s, "name", NULL);

			assert_string_equal(r->name, "name");
			assert_ptr_not_equal(r->name, name);
			assert_string_equal(r->object, "object");
			assert_int_equal(r->kind, RP_KIND_MARKER);
			assert_int_equal(r->region, 1);
			assert_int_equal(r->slow, flag == 0);
			assert_int_equal(r->left_out, flag == 1);
			assert_int_equal(r->ends_at_jump, flag == 2);
			assert_int_equal(r->crossed, flag == 3);
			assert_int_equal(!!r->usdt, flag == 4);
			assert_int_equal(r->told_by, flag == 5 ? 3 : 0);
			assert_false(r->late || r->distorted || r->new);
		}
		if (flag == 4)
			assert_string_equal(row(s, "name", NULL)->usdt, "usdt");
		assert_int_equal(s->n_left_out, flag == 1);
		if (flag == 1)
			assert_string_equal(s->left_out[0], "name");
		assert_string_equal(row(s, "?", NULL)->object, "");
		assert_int_equal(row(s, "?", NULL)->kind, RP_KIND_MARKER);
		assert_int_equal(row(s, "?", NULL)->region, RP_REGION_NONE);
		rp_snapshot__free(s);
	}
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
		cmocka_unit_test_setup(test_nodes_of_one_path, start),
		cmocka_unit_test_setup(test_hits_add_up, start),
		cmocka_unit_test(test_filtered_in_part),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test_setup(test_new_nodes, start),
		cmocka_unit_test_setup(test_period_of_each, start),
		cmocka_unit_test_setup(test_outermost_alone, start),
		cmocka_unit_test(test_blocked_of_kinds),
		cmocka_unit_test(test_row_of_region),
		cmocka_unit_test_setup(test_whole, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

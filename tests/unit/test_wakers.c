// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Who ended the sleep of regions: from paths to rows, and how that is shown. */
#include "snapshot_fixture.h"

static struct rp_waker_count counts[16], counts_before[16];
static struct rp_waker_counts wakers, wakers_before;

static int begin(void **state)
{
	wakers = (struct rp_waker_counts){.item = counts};
	wakers_before = (struct rp_waker_counts){.item = counts_before};
	start(state);
	now.counts.wakers = &wakers;
	return 0;
}

static void add(struct rp_waker_counts *to, uint32_t node, uint32_t waker, uint64_t count,
		uint64_t ns)
{
	to->item[to->n++] = (struct rp_waker_count){{node, waker}, {count, ns}};
}

static void assert_waking(const struct rp_row *of, size_t i, const char *name, uint64_t count,
			  uint64_t ns)
{
	assert_true(i < of->wakings.n);
	assert_string_equal(rp_waking__name(&of->wakings.item[i]), name);
	assert_int_equal(of->wakings.item[i].count, count);
	assert_int_equal(of->wakings.item[i].ns, ns);
}

/* Blocked for 70 of 100, of which 30 inside of b; 25 of the 40 are seen to be asleep. */
static void test_own_sleep(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
	uint32_t b = fixture_region(&now, "b", RP_KIND_FUNCTION, "obj");
	uint32_t outer = fixture_node(&now, fixture_root(&now, 1, "x"), a);
	uint32_t inner = fixture_node(&now, outer, b);
	struct rp_snapshot *s;
	const struct rp_row *r;

	(void)state;
	fixture_frames(&now, outer, 1, 100, 50, 20, 10);
	fixture_frames(&now, inner, 1, 50, 0, 20, 0);
	add(&wakers, inner, RP_WAKER_INTERRUPT, 3, 30);
	add(&wakers, outer, a, 1, 5);
	add(&wakers, outer, b, 2, 20);
	s = build(NULL, RP_BY_NONE);
	r = row(s, "a", NULL);
	assert_int_equal(r->wakings.n, 3);
	assert_int_equal(r->wakings.ns, 40);
	assert_int_equal(r->wakings.count, 3);
	assert_waking(r, 0, "b", 2, 20);
	assert_waking(r, 1, "nobody known", 0, 15);
	assert_waking(r, 2, "a", 1, 5);
	r = row(s, "b", NULL);
	assert_int_equal(r->wakings.n, 1);
	assert_waking(r, 0, "interrupts", 3, 30);
	assert_waking(&s->tree[0].row, 0, "b", 2, 20);
	assert_waking(&s->tree[1].row, 0, "interrupts", 3, 30);
	rp_snapshot__free(s);
}

/* Paths of which all was filtered are not shown: sleeps are told of those that are. */
static void test_behind_filtered(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
	uint32_t b = fixture_region(&now, "b", RP_KIND_FUNCTION, "obj");
	uint32_t c = fixture_region(&now, "c", RP_KIND_FUNCTION, "obj");
	uint32_t root = fixture_root(&now, 1, "x"), short_ = fixture_node(&now, root, a);
	uint32_t one = fixture_node(&now, root, b), below = fixture_node(&now, one, a);
	uint32_t two = fixture_node(&now, root, c);
	struct rp_snapshot *s;

	(void)state;
	now.nodes[short_ - 1].figures.entries = now.nodes[short_ - 1].figures.skipped = 3;
	now.nodes[below - 1].figures.entries = now.nodes[below - 1].figures.skipped = 3;
	fixture_frames(&now, one, 1, 100, 0, 0, 0);
	fixture_frames(&now, two, 1, 50, 0, 0, 0);
	add(&wakers, short_, a, 1, 7);
	add(&wakers, one, c, 2, 60);
	add(&wakers, below, RP_WAKER_OUTSIDE, 3, 40);
	add(&wakers, two, b, 4, 50);
	s = build(NULL, RP_BY_NONE);
	assert_int_equal(s->n_tree, 2);
	assert_int_equal(s->tree[0].row.wakings.n, 2);
	assert_waking(&s->tree[0].row, 0, "c", 2, 60);
	/* In the nearest one above that is shown. */
	assert_waking(&s->tree[0].row, 1, "threads in no region", 3, 40);
	assert_int_equal(s->tree[1].row.wakings.n, 1);
	assert_waking(&s->tree[1].row, 0, "b", 4, 50);
	rp_snapshot__free(s);
}

/* The same time: in the order of regions, then the kinds of others. */
static void test_order_of_wakers(void **state)
{
	static const char *const names[] = {
		"nobody known",	      "a",	   "b", "threads in no region",
		"what is not traced", "interrupts"};
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
	uint32_t b = fixture_region(&now, "b", RP_KIND_FUNCTION, "obj"), n;
	uint32_t wakers_of[] = {RP_WAKER_INTERRUPT, b, RP_WAKER_UNTRACED, a, RP_WAKER_OUTSIDE};
	struct rp_snapshot *s;

	(void)state;
	n = fixture_node(&now, fixture_root(&now, 1, "x"), a);
	fixture_frames(&now, n, 1, 100, 0, 0, 0);
	for (size_t i = 0; i < 5; i++)
		add(&wakers, n, wakers_of[i], i + 1, 10);
	s = build(NULL, RP_BY_NONE);
	assert_int_equal(s->rows[0].wakings.n, 6);
	assert_int_equal(s->rows[0].wakings.ns, 100);
	assert_int_equal(s->rows[0].wakings.count, 15);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(rp_waking__name(&s->rows[0].wakings.item[i]), names[i]);
	assert_string_equal(rp_waking__kind(&s->rows[0].wakings.item[0]), "unknown");
	assert_string_equal(rp_waking__kind(&s->rows[0].wakings.item[1]), "region");
	assert_string_equal(rp_waking__kind(&s->rows[0].wakings.item[3]), "outside");
	assert_string_equal(rp_waking__kind(&s->rows[0].wakings.item[4]), "untraced");
	assert_string_equal(rp_waking__kind(&s->rows[0].wakings.item[5]), "interrupt");
	rp_snapshot__free(s);
}

/* A row of the table has the sleeps of all its paths; regions of one name are one waker. */
static void test_paths(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
	uint32_t b = fixture_region(&now, "b", RP_KIND_FUNCTION, "obj");
	uint32_t again = fixture_region(&now, "b", RP_KIND_FUNCTION, "obj2");
	uint32_t root = fixture_root(&now, 1, "x"), top = fixture_node(&now, root, a);
	uint32_t below = fixture_node(&now, fixture_node(&now, root, b), a);
	struct rp_snapshot *s;
	const struct rp_row *r;

	(void)state;
	fixture_frames(&now, top, 1, 100, 0, 0, 0);
	fixture_frames(&now, below, 1, 60, 0, 0, 0);
	fixture_frames(&now, below - 1, 1, 60, 60, 0, 0);
	add(&wakers, top, b, 1, 100);
	add(&wakers, below, again, 2, 30);
	add(&wakers, below, RP_WAKER_UNTRACED, 1, 30);
	s = build(NULL, RP_BY_NONE);
	r = row(s, "a", NULL);
	assert_int_equal(r->wakings.n, 2);
	assert_waking(r, 0, "b", 3, 130);
	assert_waking(r, 1, "what is not traced", 1, 30);
	assert_int_equal(row(s, "b", NULL)->wakings.n, 0);
	rp_snapshot__free(s);
}

/* Of a period, what came since it began. What is not accounted for is told of all from the start
 * alone: the sleep of a call that ends now may have been told before. */
static void test_period(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
	uint32_t n = fixture_node(&now, fixture_root(&now, 1, "x"), a);
	struct rp_snapshot *s;

	(void)state;
	fixture_region(&before, "a", RP_KIND_FUNCTION, "obj");
	fixture_node(&before, fixture_root(&before, 1, "x"), a);
	fixture_frames(&now, n, 2, 100, 0, 0, 0);
	add(&wakers, n, RP_WAKER_OUTSIDE, 5, 70);
	add(&wakers, n, a, 1, 10);
	add(&wakers_before, n, a, 1, 10);
	add(&wakers_before, n, RP_WAKER_OUTSIDE, 3, 50);
	before.counts.time = 1000;
	before.counts.wakers = &wakers_before;
	wakers.since = 1000;
	s = build(&before, RP_BY_NONE);
	assert_false(s->wakers->whole);
	assert_int_equal(s->rows[0].wakings.n, 1);
	assert_waking(&s->rows[0], 0, "threads in no region", 2, 20);
	rp_snapshot__free(s);
	wakers.since = 0;
	s = build(NULL, RP_BY_NONE);
	assert_true(s->wakers->whole);
	assert_int_equal(s->rows[0].wakings.n, 3);
	assert_waking(&s->rows[0], 0, "nobody known", 0, 120);
	rp_snapshot__free(s);
	before.counts.wakers = NULL;
	wakers.since = 1001;
	s = build(&before, RP_BY_NONE);
	assert_false(s->wakers->whole);
	assert_int_equal(s->rows[0].wakings.n, 2);
	assert_waking(&s->rows[0], 0, "threads in no region", 5, 70);
	assert_waking(&s->rows[0], 1, "a", 1, 10);
	rp_snapshot__free(s);
}

/* Each count less its own of before, in whatever order they were read. */
static void test_period_of_many(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj"), nodes[3];
	uint32_t b = fixture_region(&now, "b", RP_KIND_FUNCTION, "obj");
	uint32_t root = fixture_root(&now, 1, "x");
	const uint32_t of[] = {a, b, RP_WAKER_OUTSIDE, RP_WAKER_INTERRUPT};
	struct rp_snapshot *s;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t region = fixture_region(&now, i ? i > 1 ? "e" : "d" : "c",
						 RP_KIND_FUNCTION, "obj");

		nodes[i] = fixture_node(&now, root, region);
		fixture_frames(&now, nodes[i], 1, 1000, 0, 0, 0);
	}
	for (uint32_t i = 0; i < 12; i++) {
		uint32_t k = 7 * i % 12, j = 5 * i % 12;

		add(&wakers, nodes[k % 3], of[k / 3], 100 + k, 1000 + 10 * (11 - k));
		add(&wakers_before, nodes[j % 3], of[j / 3], j, 0);
	}
	before.counts.time = 1000;
	before.counts.wakers = &wakers_before;
	s = build(&before, RP_BY_NONE);
	assert_int_equal(s->n_tree, 3);
	for (uint32_t i = 0; i < 3; i++) {
		static const char *const names[] = {"a", "b", "threads in no region", "interrupts"};

		assert_int_equal(s->tree[i].row.wakings.n, 4);
		assert_int_equal(s->tree[i].row.wakings.count, 400);
		for (uint32_t k = 0; k < 4; k++)
			assert_waking(&s->tree[i].row, k, names[k], 100,
				      1000 + 10 * (11 - (3 * k + i)));
	}
	rp_snapshot__free(s);
}

/* Somebody began to ask in the midst of the run: what was not watched is of nobody. */
static void test_asked_later(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
	uint32_t n = fixture_node(&now, fixture_root(&now, 1, "x"), a);
	struct rp_snapshot *s;

	(void)state;
	fixture_frames(&now, n, 2, 100, 0, 0, 0);
	add(&wakers, n, a, 1, 10);
	wakers.since = 1;
	s = build(NULL, RP_BY_NONE);
	assert_false(s->wakers->whole);
	assert_int_equal(s->rows[0].wakings.n, 1);
	assert_waking(&s->rows[0], 0, "a", 1, 10);
	rp_snapshot__free(s);
}

/* Sleeps of frames that are open still, or were left without an exit, are in no blocked time. */
static void test_more_than_blocked(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
	uint32_t n = fixture_node(&now, fixture_root(&now, 1, "x"), a);
	struct rp_snapshot *s;

	(void)state;
	fixture_frames(&now, n, 1, 100, 0, 0, 0);
	add(&wakers, n, a, 5, 300);
	add(&wakers, n + 7, a, 5, 300);
	s = build(NULL, RP_BY_NONE);
	assert_int_equal(s->rows[0].wakings.n, 1);
	assert_waking(&s->rows[0], 0, "a", 5, 300);
	rp_snapshot__free(s);
}

static void check(const char *view, const char *golden)
{
	struct rp_snapshot *s;
	char *text;

	fixture_server(&now);
	now.counts.wakers = &wakers;
	wakers = (struct rp_waker_counts){.item = counts};
	add(&wakers, 2, 2, 100, 300000000);
	add(&wakers, 2, RP_WAKER_INTERRUPT, 3, 2000000);
	add(&wakers, 2, RP_WAKER_OUTSIDE, 2, 300000);
	add(&wakers, 2, RP_WAKER_UNTRACED, 1, 200);
	add(&wakers, 3, 1, 4, 1300000);
	add(&wakers, 3, RP_WAKER_INTERRUPT, 1, 100);
	add(&wakers, 4, 3, 1, 4000);
	s = fixture_snapshot(&now, RP_BY_NONE);
	text = fixture_print(view, s, &(struct rp_view_opts){0});
	assert_golden(golden, text);
	free(text);
	rp_snapshot__free(s);
}

static void test_views(void **state)
{
	(void)state;
	check("table", "wakers.txt");
	check("csv", "wakers.csv");
	check("json", "wakers.json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_own_sleep, begin),
		cmocka_unit_test_setup(test_behind_filtered, begin),
		cmocka_unit_test_setup(test_order_of_wakers, begin),
		cmocka_unit_test_setup(test_paths, begin),
		cmocka_unit_test_setup(test_period, begin),
		cmocka_unit_test_setup(test_period_of_many, begin),
		cmocka_unit_test_setup(test_asked_later, begin),
		cmocka_unit_test_setup(test_more_than_blocked, begin),
		cmocka_unit_test_setup(test_views, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

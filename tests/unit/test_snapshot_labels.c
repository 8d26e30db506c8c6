// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Snapshots whose calls are told apart by labels. */
#include "snapshot_fixture.h"

static void label(uint32_t node, uint64_t value, uint32_t flags)
{
	now.nodes[node - 1].node.label = value;
	now.nodes[node - 1].node.flags |= flags;
}

static void test_labels(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_MARKER, "obj");
	uint32_t b = fixture_region(&now, "b", RP_KIND_MARKER, "obj");
	uint32_t root = fixture_root(&now, 1, "x"), minus, seven, other;
	struct rp_snapshot *s;

	(void)state;
	minus = fixture_node(&now, root, a);
	label(minus, (uint64_t)-1, RP_NODE_LABELED | RP_NODE_SIGNED);
	seven = fixture_node(&now, root, a);
	label(seven, 7, RP_NODE_LABELED);
	other = fixture_node(&now, root, a);
	label(other, 0, RP_NODE_LABELED | RP_NODE_OTHER);
	fixture_frames(&now, minus, 1, 10, 0, 0, 0);
	fixture_frames(&now, seven, 2, 10, 0, 0, 0);
	fixture_frames(&now, other, 4, 10, 0, 0, 0);
	fixture_frames(&now, fixture_node(&now, seven, b), 8, 10, 0, 0, 0);
	fixture_frames(&now, fixture_node(&now, minus, b), 16, 10, 0, 0, 0);

	s = build(NULL, RP_BY_LABEL);
	assert_int_equal(s->n_rows, 4);
	assert_int_equal(s->n_tree, 5);
	assert_int_equal(row(s, "a", "-1")->f.count, 1);
	assert_int_equal(row(s, "a", "7")->f.count, 2);
	assert_int_equal(row(s, "a", "other")->f.count, 4);
	assert_int_equal(row(s, "b", "-")->f.count, 24);
	rp_snapshot__free(s);

	s = build(NULL, RP_BY_NONE);
	assert_int_equal(s->n_rows, 2);
	assert_int_equal(s->n_tree, 2);
	assert_int_equal(row(s, "a", NULL)->f.count, 7);
	assert_int_equal(s->tree[1].row.f.count, 24);
	assert_int_equal(s->tree[1].parent, 1);
	rp_snapshot__free(s);
}

/* A label that came late in one process did so in all; regions of another kind are others. */
static void test_late_in_one(void **state)
{
	for (unsigned which = 0; which < 4; which++) {
		struct rp_snapshot *s;

		start(state);
		fixture_region(&now, "a", RP_KIND_MARKER, "obj");
		fixture_region(&now, "a", RP_KIND_USDT, "obj");
		for (uint32_t i = 0; i < 2; i++) {
			uint32_t root = fixture_root(&now, i + 1, "x");
			uint32_t node = fixture_node(&now, root, 1);

			label(node, 7, RP_NODE_LABELED | (which >> i & 1 ? RP_NODE_LATE : 0));
			fixture_frames(&now, node, 1, 10, 0, 0, 0);
			fixture_frames(&now, fixture_node(&now, root, 2), 5, 10, 0, 0, 0);
		}
		s = build(NULL, RP_BY_LABEL);
		assert_int_equal(s->n_rows, 2);
		assert_int_equal(row(s, "a", "7")->f.count, 2);
		assert_int_equal(row(s, "a", "7")->late, which != 0);
		assert_int_equal(row(s, "a", "7")->kind, RP_KIND_MARKER);
		assert_int_equal(row(s, "a", "-")->f.count, 10);
		assert_int_equal(row(s, "a", "-")->kind, RP_KIND_USDT);
		assert_false(row(s, "a", "-")->late);
		rp_snapshot__free(s);
	}
}

/* Numbers by their size, whatever their sign; then addresses, texts, and what is no value. */
static void test_order_of_labels(void **state)
{
	static const struct rp_text texts[] = {{.text = "b"}, {.text = "a"}};
	static const struct {
		uint64_t value;
		uint32_t flags;
		const char *group;
	} labels[] = {
		{0, 0, "-"},
		{5, RP_NODE_LABELED | RP_NODE_OTHER, "other"},
		{RP_TEXT_FIRST, RP_NODE_LABELED | RP_NODE_TEXT, "b"},
		{3, RP_NODE_LABELED | RP_NODE_HEX, "0x3"},
		{UINT64_MAX, RP_NODE_LABELED, "18446744073709551615"},
		{0, RP_NODE_LABELED | RP_NODE_SIGNED, "0"},
		{(uint64_t)-1, RP_NODE_LABELED | RP_NODE_SIGNED, "-1"},
		{RP_TEXT_UNREAD, RP_NODE_LABELED | RP_NODE_TEXT, "?"},
		{RP_TEXT_NULL, RP_NODE_LABELED | RP_NODE_TEXT, "NULL"},
		{RP_TEXT_FIRST + 1, RP_NODE_LABELED | RP_NODE_TEXT, "a"},
		{(uint64_t)-5, RP_NODE_LABELED | RP_NODE_SIGNED, "-5"},
		{2, RP_NODE_LABELED, "2"},
		{1, RP_NODE_LABELED | RP_NODE_SIGNED, "1"},
	};
	static const char *const order[] = {"-5",  "-1", "0", "1",    "2", "18446744073709551615",
					    "0x3", "a",	 "b", "NULL", "?", "other",
					    "-"};
	uint32_t root = fixture_root(&now, 1, "x"), node;
	struct rp_snapshot *s;

	(void)state;
	fixture_region(&now, "a", RP_KIND_MARKER, "obj");
	now.counts.names.texts = texts;
	now.counts.names.n_texts = 2;
	for (size_t i = 0; i < 13; i++) {
		node = fixture_node(&now, root, 1);
		label(node, labels[i].value, labels[i].flags);
		fixture_frames(&now, node, i + 1, 10, 0, 0, 0);
	}
	s = build(NULL, RP_BY_LABEL);
	assert_int_equal(s->n_tree, 13);
	for (size_t i = 0; i < 13; i++) {
		assert_string_equal(s->tree[i].row.group, order[i]);
		assert_int_equal(row(s, "a", labels[i].group)->f.count, i + 1);
	}
	rp_snapshot__free(s);
}

/* Calls that got their label at the end were in a row without one; not all of them are left yet. */
static void test_labels_at_the_end(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
	uint32_t b = fixture_region(&now, "b", RP_KIND_FUNCTION, "obj");
	uint32_t root = fixture_root(&now, 1, "x"), before = fixture_node(&now, root, a);
	uint32_t after = fixture_node(&now, root, a);
	struct rp_snapshot *s;

	(void)state;
	label(after, 7, RP_NODE_LABELED);
	fixture_frames(&now, after, 2, 10, 0, 0, 0);
	fixture_frames(&now, fixture_node(&now, before, b), 3, 10, 0, 0, 0);
	s = build(NULL, RP_BY_LABEL);
	assert_int_equal(s->n_rows, 2);
	assert_int_equal(s->n_tree, 3);
	rp_snapshot__free(s);

	now.nodes[before - 1].figures.entries = 1;
	s = build(NULL, RP_BY_LABEL);
	assert_int_equal(row(s, "a", "-")->f.open, 1);
	rp_snapshot__free(s);
}

/* Rows of labels add up to the row without them, in all that adds up. */
static void test_labels_add_up(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_MARKER, "obj");
	uint32_t root = fixture_root(&now, 1, "x"), node;
	struct rp_row_figures sum = {0};
	struct rp_snapshot *s;

	(void)state;
	for (uint32_t i = 0; i < 30; i++) {
		node = fixture_node(&now, root, a);
		label(node, i, i < 29 ? RP_NODE_LABELED : RP_NODE_LABELED | RP_NODE_OTHER);
		fixture_frames(&now, node, i + 1, 1000 * i + 7, 3 * i, i, i);
		now.nodes[node - 1].figures.entries += 2;
		now.nodes[node - 1].figures.unwound = 1;
	}
	s = build(NULL, RP_BY_LABEL);
	assert_int_equal(s->n_rows, 30);
	for (size_t i = 0; i < s->n_rows; i++) {
		const struct rp_row_figures *f = &s->rows[i].f;

		sum.count += f->count;
		sum.total += f->total;
		sum.self += f->self;
		sum.cpu += f->cpu;
		sum.wait += f->wait;
		sum.blocked += f->blocked;
		sum.open += f->open;
		sum.unwound += f->unwound;
	}
	rp_snapshot__free(s);
	s = build(NULL, RP_BY_NONE);
	assert_int_equal(s->n_rows, 1);
	assert_int_equal(s->rows[0].f.count, 30 * 31 / 2);
	assert_int_equal(s->rows[0].f.count, sum.count);
	assert_int_equal(s->rows[0].f.total, sum.total);
	assert_int_equal(s->rows[0].f.self, sum.self);
	assert_int_equal(s->rows[0].f.cpu, sum.cpu);
	assert_int_equal(s->rows[0].f.wait, sum.wait);
	assert_int_equal(s->rows[0].f.blocked, sum.blocked);
	assert_int_equal(s->rows[0].f.open, sum.open);
	assert_int_equal(s->rows[0].f.unwound, sum.unwound);
	rp_snapshot__free(s);
}

/*
 * A row's total is that of the outermost frames of its region and label, on one path or on many:
 * a(1) calls a(2), which calls itself and a(1); and a(1) calls a(3).
 */
static void test_labels_under_recursion(void **state)
{
	static const struct {
		uint32_t parent; /* index here; 0: the root */
		uint64_t label, ns, cpu, wait;
	} frames[] = {
		{0, 1, 1000, 500, 50}, {1, 2, 600, 300, 30}, {2, 2, 400, 200, 20},
		{3, 1, 100, 50, 5},    {1, 3, 200, 100, 10},
	};
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
	uint32_t node[6] = {fixture_root(&now, 1, "x")};
	struct rp_snapshot *s;

	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		node[i + 1] = fixture_node(&now, node[frames[i].parent], a);
		label(node[i + 1], frames[i].label, RP_NODE_LABELED);
		fixture_frames(&now, node[i + 1], 1, frames[i].ns, 0, frames[i].cpu,
			       frames[i].wait);
	}
	s = build(NULL, RP_BY_LABEL);
	assert_int_equal(row(s, "a", "1")->f.total, 1000);
	assert_int_equal(row(s, "a", "1")->f.count, 2);
	assert_int_equal(row(s, "a", "2")->f.total, 600);
	assert_int_equal(row(s, "a", "2")->f.cpu, 300);
	assert_int_equal(row(s, "a", "2")->f.wait, 30);
	assert_int_equal(row(s, "a", "2")->f.blocked, 270);
	assert_int_equal(row(s, "a", "3")->f.total, 200);
	rp_snapshot__free(s);
	/* Without labels it is one recursion. */
	s = build(NULL, RP_BY_NONE);
	assert_int_equal(row(s, "a", NULL)->f.total, 1000);
	rp_snapshot__free(s);
}

/* A call below one that has its label only when it returns may be of the same label. */
static void test_labels_of_returns_under_recursion(void **state)
{
	uint32_t a = fixture_region(&now, "a", RP_KIND_FUNCTION, "obj");
	uint32_t root = fixture_root(&now, 1, "x"), unlabeled, outer, inner;
	struct rp_snapshot *s;

	(void)state;
	unlabeled = fixture_node(&now, root, a);
	outer = fixture_node(&now, root, a);
	label(outer, 7, RP_NODE_LABELED);
	inner = fixture_node(&now, unlabeled, a);
	label(inner, 7, RP_NODE_LABELED);
	fixture_frames(&now, outer, 1, 1000, 400, 0, 0);
	fixture_frames(&now, inner, 1, 400, 0, 0, 0);
	s = build(NULL, RP_BY_LABEL);
	assert_int_equal(row(s, "a", "7")->f.count, 2);
	assert_int_equal(row(s, "a", "7")->f.total, 1000);
	rp_snapshot__free(s);
	/* So it is where only those have stayed without one that return what is not wanted. */
	now.nodes[unlabeled - 1].figures.entries = now.nodes[unlabeled - 1].figures.skipped = 3;
	s = build(NULL, RP_BY_LABEL);
	assert_int_equal(row(s, "a", "7")->f.total, 1000);
	rp_snapshot__free(s);
}

/* A number is one row however its sites declare it, unless it means something else. */
static void test_labels_of_types(void **state)
{
	static const struct {
		uint64_t label;
		uint32_t flags;
		const char *group;
	} labels[] = {
		{7, 0, "7"},
		{7, RP_NODE_SIGNED, "7"},
		{(uint64_t)-2, RP_NODE_SIGNED, "-2"},
		{(uint64_t)-2, 0, "18446744073709551614"},
		{7, RP_NODE_HEX, "0x7"},
		{RP_TEXT_NULL, RP_NODE_TEXT, "NULL"},
		{RP_TEXT_UNREAD, RP_NODE_TEXT, "?"},
		{RP_TEXT_FIRST + 99, RP_NODE_TEXT, "?"}, /* the kernel gives no such */
	};
	uint32_t a = fixture_region(&now, "a", RP_KIND_MARKER, "obj");
	uint32_t root = fixture_root(&now, 1, "x");
	struct rp_snapshot *s;

	(void)state;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		uint32_t node = fixture_node(&now, root, a);

		label(node, labels[i].label, RP_NODE_LABELED | labels[i].flags);
		fixture_frames(&now, node, 1, 10, 0, 0, 0);
	}
	s = build(NULL, RP_BY_LABEL);
	assert_int_equal(s->n_rows, 6);
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		assert_non_null(row(s, "a", labels[i].group));
	assert_int_equal(row(s, "a", "7")->f.count, 2);
	assert_int_equal(row(s, "a", "?")->f.count, 2);
	rp_snapshot__free(s);
}

/* Strings are shown as they are; in quotes where they could be taken for what they are not. */
static void test_labels_that_are_texts(void **state)
{
#define SIXTEEN "0123456789abcdef"
	static const struct rp_text texts[] = {
		{.text = "plain"},
		{.text = "other"},
		{.text = "NULL"},
		{.text = "?"},
		{.text = "-"},
		{.text = ""},
		{.text = "\"quoted\""},
		{.text = "\x1b[2J"},
		{.text = SIXTEEN SIXTEEN SIXTEEN SIXTEEN},
		{.text = SIXTEEN SIXTEEN SIXTEEN SIXTEEN, .cut = 1},
	};
	static const char *const groups[] = {"plain",
					     "\"other\"",
					     "\"NULL\"",
					     "\"?\"",
					     "\"-\"",
					     "\"\"",
					     "\"\"quoted\"\"",
					     "\x1b[2J",
					     SIXTEEN SIXTEEN SIXTEEN SIXTEEN,
					     SIXTEEN SIXTEEN SIXTEEN SIXTEEN "..."};
	uint32_t a = fixture_region(&now, "a", RP_KIND_MARKER, "obj");
	uint32_t root = fixture_root(&now, 1, "x");
	struct rp_snapshot *s;

	(void)state;
	now.counts.names.texts = texts;
	now.counts.names.n_texts = sizeof(texts) / sizeof(texts[0]);
	for (size_t i = 0; i < now.counts.names.n_texts; i++) {
		uint32_t node = fixture_node(&now, root, a);

		label(node, RP_TEXT_FIRST + i, RP_NODE_LABELED | RP_NODE_TEXT);
		fixture_frames(&now, node, i + 1, 10, 0, 0, 0);
	}
	s = build(NULL, RP_BY_LABEL);
	assert_int_equal(s->n_rows, now.counts.names.n_texts);
	for (size_t i = 0; i < now.counts.names.n_texts; i++)
		assert_int_equal(row(s, "a", groups[i])->f.count, i + 1);
	rp_snapshot__free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_labels, start),
		cmocka_unit_test(test_late_in_one),
		cmocka_unit_test_setup(test_order_of_labels, start),
		cmocka_unit_test_setup(test_labels_at_the_end, start),
		cmocka_unit_test_setup(test_labels_add_up, start),
		cmocka_unit_test_setup(test_labels_under_recursion, start),
		cmocka_unit_test_setup(test_labels_of_returns_under_recursion, start),
		cmocka_unit_test_setup(test_labels_of_types, start),
		cmocka_unit_test_setup(test_labels_that_are_texts, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

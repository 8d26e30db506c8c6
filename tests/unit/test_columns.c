// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "counts_fixture.h"

static struct fixture server;

/* The contract of JSON and CSV, in this order. */
static void test_exported_keys(void **state)
{
	static const char *const keys[] = {
		"name", "kind", "object", "count", "total_ns", "self_ns", "cpu_ns", "wait_ns",
		"blocked_ns", "min_ns", "max_ns", "mean_ns", "stddev_ns", "p50_ns", "p90_ns",
		"p99_ns", "p999_ns", "open", "unwound", "ends_at_jump", "overlaps", "late", "group",
		/* where samples are taken */
		"samples", "sampled_cpu_ns",
		/* where threads are watched going to sleep */
		"asleep_ns", "asleep_untold_ns",
		/* with a baseline */
		"new", "rate_change", "p50_change", "p99_change"};
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < rp_n_columns; i++) {
		if (!rp_columns[i].exported)
			continue;
		assert_true(n < sizeof(keys) / sizeof(keys[0]));
		assert_string_equal(rp_columns[i].key, keys[n++]);
	}
	assert_int_equal(n, sizeof(keys) / sizeof(keys[0]));
}

static void test_find(void **state)
{
	static const char *const sorts[] = {"name", "count",   "rate", "total", "self", "cpu",
					    "wait", "blocked", "min",  "max",	"mean", "stddev",
					    "p50",  "p90",     "p99",  "p999",	"open", "unwound"};

	(void)state;
	for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++)
		assert_string_equal(rp_column__find(sorts[i])->sort, sorts[i]);
	assert_ptr_equal(rp_column__find("TOTAL"), rp_column__find("total_ns"));
	assert_ptr_equal(rp_column__find("P99.9"), rp_column__find("p999"));
	assert_null(rp_column__find("tota"));
	assert_null(rp_column__find(""));
}

static void check_format(const char *column, const struct rp_row *row, const struct rp_snapshot *s,
			 bool utf8, const char *want)
{
	char buf[32];

	assert_string_equal(
		rp_column__format(rp_column__find(column), row, s, utf8, buf, sizeof(buf)), want);
}

static void test_list(void **state)
{
	static const char text[] = "p99,COUNT,total_ns,count";
	struct rp_column_list list;

	(void)state;
	assert_null(rp_column_list__parse(text, &list));
	assert_int_equal(list.n, 4);
	assert_string_equal(list.column[0]->sort, "name");
	assert_string_equal(list.column[1]->sort, "p99");
	assert_string_equal(list.column[2]->sort, "count");
	assert_string_equal(list.column[3]->sort, "total");
	assert_string_equal(rp_column_list__parse("count,p9,self", &list), "p9,self");
	assert_string_equal(rp_column_list__parse("", &list), "");
	assert_string_equal(rp_column_list__parse("count,", &list), "");
}

/* The bar is whole whatever the parts are, and none of a time that was not there. */
static void test_split(void **state)
{
	struct rp_row row = {.f = {.total = 100, .cpu = 50, .wait = 10, .blocked = 40}};
	size_t cells[RP_SPLIT_PARTS];
	char buf[64];

	(void)state;
	assert_true(rp_split__cells(&row, 10, cells));
	assert_int_equal(cells[RP_SPLIT_CPU], 5);
	assert_int_equal(cells[RP_SPLIT_WAIT], 1);
	assert_int_equal(cells[RP_SPLIT_BLOCKED], 4);
	check_format("split", &row, &(struct rp_snapshot){0}, false, "#######+.....");
	assert_string_equal(rp_split__format(&row, true, buf, sizeof(buf)), "███████▒░░░░░");
	for (uint64_t cpu = 0; cpu <= 100; cpu++)
		for (uint64_t wait = 0; cpu + wait <= 100; wait++) {
			row.f.cpu = cpu;
			row.f.wait = wait;
			row.f.blocked = 100 - cpu - wait;
			assert_true(rp_split__cells(&row, 7, cells));
			assert_int_equal(cells[0] + cells[1] + cells[2], 7);
			assert_true(row.f.blocked || !cells[RP_SPLIT_BLOCKED]);
			assert_true(wait || !cells[RP_SPLIT_WAIT]);
		}
	row.kind = RP_KIND_SPAN;
	assert_false(rp_split__cells(&row, 7, cells));
	row = (struct rp_row){0};
	check_format("split", &row, &(struct rp_snapshot){0}, true, "-");
}

/* Each mark stands for what it says, and for nothing else that a row is. */
static void test_marks(void **state)
{
	static const struct {
		struct rp_row row;
		const char *marks;
	} cells[] = {
		{{0}, ""},
		{{.f.unmatched = 1}, "!"},
		{{.crossed = true}, "x"},
		{{.distorted = true}, "%"},
		{{.slow = true}, "~"},
		{{.ends_at_jump = true}, ">"},
		{{.told_by = 2}, ""},
		{{.usdt = "a:b"}, ""},
		{{.told_by = 2, .usdt = "a:b"}, "@"},
		{{.late = true}, "+"},
		{{.left_out = true}, "-"},
		{{.left_out = true, .distorted = true, .slow = true}, "-"},
		{{.f.unmatched = 9,
		  .crossed = true,
		  .distorted = true,
		  .slow = true,
		  .ends_at_jump = true,
		  .told_by = 1,
		  .usdt = "a:b",
		  .late = true},
		 "!x%~>@+"},
	};
	char buf[RP_MARKS + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		memset(buf, '#', sizeof(buf));
		assert_ptr_equal(rp_row__marks(&cells[i].row, buf), buf);
		assert_string_equal(buf, cells[i].marks);
	}
}

static const struct {
	const char *key;
	double value;
} own_values[] = {
	{"count", 1},	     {"total_ns", 2},	 {"self_ns", 3},     {"cpu_ns", 4},
	{"wait_ns", 5},	     {"blocked_ns", 6},	 {"asleep_ns", 7},   {"asleep_untold_ns", 8},
	{"min_ns", 9},	     {"max_ns", 10},	 {"mean_ns", 11},    {"stddev_ns", 12},
	{"p50_ns", 13},	     {"p90_ns", 14},	 {"p99_ns", 15},     {"p999_ns", 16},
	{"open", 17},	     {"unwound", 18},	 {"unmatched", 19},  {"first_ns", 20},
	{"last_ns", 21},     {"imbalance", 22},	 {"samples", 23},    {"sampled_cpu_ns", 24},
	{"rate_change", 25}, {"p50_change", 26}, {"p99_change", 27}, {"ends_at_jump", 1},
	{"late", 0},	     {"new", 0},	 {"rate", 0.25},     {"share", 50},
	{"trend", 0.25},
};
static const struct rp_row row_of_them = {
	.f = {.count = 1,
	      .total = 2,
	      .self = 3,
	      .cpu = 4,
	      .wait = 5,
	      .blocked = 6,
	      .asleep = 7,
	      .asleep_untold = 8,
	      .min = 9,
	      .max = 10,
	      .mean = 11,
	      .stddev = 12,
	      .p50 = 13,
	      .p90 = 14,
	      .p99 = 15,
	      .p999 = 16,
	      .open = 17,
	      .unwound = 18,
	      .unmatched = 19,
	      .first = 20,
	      .last = 21,
	      .imbalance = 22},
	.profile = {.samples = 23, .cpu = 24},
	.ends_at_jump = true,
	.change = {[RP_CHANGED_RATE] = {.value = 25},
		   [RP_CHANGED_P50] = {.value = 26},
		   [RP_CHANGED_P99] = {.value = 27}},
};

/* Each figure by its own column, as it is and as a number that rows are sorted by. */
static void test_figures(void **state)
{
	const struct rp_snapshot second = {.duration = 4000000000}, none = {0};
	const struct rp_snapshot share = {.duration = 4};

	(void)state;
	for (size_t i = 0; i < sizeof(own_values) / sizeof(own_values[0]); i++) {
		const struct rp_column *column = rp_column__find(own_values[i].key);
		bool is_share = !strcmp(own_values[i].key, "share");

		assert_non_null(column);
		assert_true(column->value(&row_of_them, is_share ? &share : &second) ==
			    own_values[i].value);
		if (column->exact)
			assert_int_equal(column->exact(&row_of_them), own_values[i].value);
	}
	assert_true(rp_column__find("rate")->value(&row_of_them, &none) == 0);
	assert_true(rp_column__find("share")->value(&row_of_them, &none) == 0);
}

static void test_flags_and_texts(void **state)
{
	static const char *const flags[] = {"ends_at_jump", "late", "new"};
	struct rp_row row = {0};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct rp_column *column = rp_column__find(flags[i]);

		for (size_t k = 0; k <= 3; k++) {
			row = (struct rp_row){
				.ends_at_jump = k == 0, .late = k == 1, .new = k == 2};
			assert_int_equal(column->exact(&row), i == k);
		}
	}
	row = (struct rp_row){0};
	assert_string_equal(rp_column__find("name")->text(&row), "");
	assert_string_equal(rp_column__find("object")->text(&row), "");
	assert_string_equal(rp_column__find("group")->text(&row), "");
	assert_string_equal(rp_column__find("overlaps")->text(&row), "");
	row = (struct rp_row){
		.name = "n", .object = "o", .group = "g", .kind = RP_KIND_MARKER, .told_by = 4};
	assert_string_equal(rp_column__find("name")->text(&row), "n");
	assert_string_equal(rp_column__find("object")->text(&row), "o");
	assert_string_equal(rp_column__find("group")->text(&row), "g");
	assert_string_equal(rp_column__find("kind")->text(&row), "marker");
	assert_string_equal(rp_column__find("overlaps")->text(&row), "@arg3");
}

/* What each column asks for before it applies, of rows of each kind. */
static void test_applies(void **state)
{
	static const struct {
		const char *keys[20];
		struct rp_row row; /* to which they apply */
		bool to_spans;
	} cells[] = {
		{{"name", "kind", "object",  "group",	  "count", "total", "self",
		  "min",  "max",  "mean",    "stddev",	  "p50",   "p90",   "p99",
		  "p999", "open", "unwound", "unmatched", "rate",  NULL},
		 {.kind = RP_KIND_USDT},
		 true},
		{{"cpu", "wait", "blocked", "asleep", "asleep_untold", NULL},
		 {.kind = RP_KIND_FUNCTION},
		 false},
		{{"samples", "sampled_cpu", NULL}, {.profile.samples = 1}, true},
		{{"imbalance", NULL}, {.f.imbalance = 0.1}, true},
		{{"first", "last", NULL}, {.f.last = 1}, true},
		{{"rate_change", NULL}, {.change[RP_CHANGED_RATE].high = 1}, true},
		{{"p50_change", NULL}, {.change[RP_CHANGED_P50].high = 1}, true},
		{{"p99_change", NULL}, {.change[RP_CHANGED_P99].high = 1}, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		for (size_t k = 0; cells[i].keys[k]; k++) {
			const struct rp_column *column = rp_column__find(cells[i].keys[k]);
			struct rp_row row = {0};

			assert_true(rp_column__applies(column, &cells[i].row));
			row = cells[i].row;
			row.kind = RP_KIND_SPAN;
			assert_int_equal(rp_column__applies(column, &row), cells[i].to_spans);
			/* The others' conditions are not its own. */
			for (size_t j = 2; j < sizeof(cells) / sizeof(cells[0]); j++)
				if (i >= 2 && j != i)
					assert_false(rp_column__applies(column, &cells[j].row));
		}
}

/* Each column has what its unit needs: views call it without asking. */
static void test_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < rp_n_columns; i++) {
		const struct rp_column *c = &rp_columns[i];

		assert_non_null(c->key);
		assert_non_null(c->sort);
		assert_non_null(c->title);
		assert_non_null(c->help);
		assert_int_equal(c->text != NULL, c->unit == RP_UNIT_TEXT);
		assert_int_equal(c->value != NULL, c->unit != RP_UNIT_TEXT);
	}
}

static size_t shown(const struct rp_snapshot *s, char *titles)
{
	const struct rp_column *columns[32];
	size_t n = rp_columns__shown(s, columns, 32);
	char title[32];

	titles[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		strcat(titles, i ? " " : "");
		strcat(titles, rp_column__title(columns[i], s, title, sizeof(title)));
	}
	assert_int_equal(rp_columns__shown(s, columns, 2), 2);
	return n;
}

static void test_shown(void **state)
{
	struct rp_snapshot *s;
	char titles[512];

	(void)state;
	fixture_server(&server);
	s = fixture_snapshot(&server, RP_BY_PROCESS);
	shown(s, titles);
	assert_string_equal(titles, "REGION PROCESS COUNT TOTAL SELF CPU WAIT BLOCKED MEAN P50 P99 "
				    "MAX OPEN UNWOUND UNMATCHED");
	rp_snapshot__free(s);

	server.counts.n_nodes = 7;
	server.nodes[1].figures.entries = server.nodes[1].figures.count;
	server.nodes[1].figures.unwound = 0;
	server.regions[1].stray.unmatched = 0;
	s = fixture_snapshot(&server, RP_BY_NONE);
	shown(s, titles);
	assert_string_equal(titles, "REGION COUNT TOTAL SELF CPU WAIT BLOCKED MEAN P50 P99 MAX");
	rp_snapshot__free(s);
}

static void test_format(void **state)
{
	static const char *const of_frames[] = {"min", "max", "mean", "stddev",
						"p50", "p90", "p99",  "p999"};
	struct rp_snapshot s = {.duration = 2000000000};
	struct rp_row row = {.f = {.count = 5, .total = 500000000, .p50 = 12345}}, none = {0};

	(void)state;
	check_format("p50", &row, &s, false, "12.3 us");
	check_format("p50", &row, &s, true, "12.3 µs");
	check_format("total", &row, &s, true, "500 ms");
	check_format("rate", &row, &s, true, "2.50");
	check_format("share", &row, &s, true, "25.0%");
	for (size_t i = 0; i < sizeof(of_frames) / sizeof(of_frames[0]); i++)
		check_format(of_frames[i], &none, &s, true, "-");
	check_format("total", &none, &s, true, "0 ns");
	check_format("count", &none, &s, true, "0");
	s.duration = 0;
	check_format("rate", &row, &s, true, "0");
	check_format("share", &row, &s, true, "0.0%");
}

/* ---- sorting ----------------------------------------------------------------------------- */

static void check_order(struct rp_snapshot *s, const char *column, bool invert, const char *want)
{
	char names[64] = "";

	rp_snapshot__sort(s, rp_column__find(column), invert);
	for (size_t i = 0; i < s->n_rows; i++)
		strcat(names, s->rows[i].name);
	assert_string_equal(names, want);
}

static void test_sort_rows(void **state)
{
	/* Two totals that are one and the same double. */
	struct rp_row rows[] = {
		{.name = "d", .f = {.total = UINT64_MAX - 1, .mean = 1.5}},
		{.name = "c", .f = {.total = 7, .mean = 1.25}},
		{.name = "b", .f = {.total = UINT64_MAX}},
		{.name = "a", .f = {.total = 7, .mean = 1.75}},
	};
	struct rp_snapshot s = {.rows = rows, .n_rows = 4};

	(void)state;
	check_order(&s, "total", false, "bdac");
	check_order(&s, "total", true, "acdb");
	check_order(&s, "name", false, "abcd");
	check_order(&s, "name", true, "dcba");
	check_order(&s, "mean", false, "adcb");
}

/* Equal ones are by name and group, whatever they were sorted by before. */
static void test_sort_ties(void **state)
{
	struct rp_row rows[] = {
		{.name = "b", .group = "2", .f = {.total = 7, .count = 1}},
		{.name = "b", .group = "1", .f = {.total = 7, .count = 2}},
		{.name = "a", .group = "2", .f = {.total = 7, .count = 3}},
	};
	struct rp_snapshot s = {.rows = rows, .n_rows = 3};

	(void)state;
	for (int invert = 0; invert < 2; invert++) {
		check_order(&s, "count", invert, invert ? "bba" : "abb");
		check_order(&s, "total", invert, "abb");
		assert_string_equal(rows[1].group, "1");
	}
}

static struct rp_tree_row tree_row(uint32_t id, uint32_t parent, uint32_t depth, const char *name,
				   const char *group, uint64_t total)
{
	return (struct rp_tree_row){.id = id,
				    .parent = parent,
				    .depth = depth,
				    .row = {.name = name, .group = group, .f.total = total}};
}

static void check_tree(struct rp_snapshot *s, const char *column, const char *want)
{
	char names[64] = "";

	rp_snapshot__sort(s, rp_column__find(column), false);
	for (size_t i = 0; i < s->n_tree; i++)
		strcat(names, s->tree[i].row.name);
	assert_string_equal(names, want);
}

static void test_sort_tree(void **state)
{
	struct rp_tree_row tree[] = {
		tree_row(1, 0, 0, "a", "g1", 50), tree_row(2, 1, 1, "b", "g1", 5),
		tree_row(3, 1, 1, "c", "g1", 9),  tree_row(4, 3, 2, "d", "g1", 99),
		tree_row(5, 0, 0, "e", "g2", 60), tree_row(6, 0, 0, "f", "g1", 70),
		tree_row(7, 5, 1, "g", "g2", 1),
	};
	struct rp_snapshot s = {.tree = tree, .n_tree = 7};

	(void)state;
	check_tree(&s, "total", "facdbeg");
	check_tree(&s, "name", "abcdfeg");
	check_tree(&s, "total", "facdbeg");
}

/* What no snapshot should hold neither hangs nor reads out of bounds; no row is lost. */
static void test_sort_broken_tree(void **state)
{
	struct rp_tree_row tree[] = {
		tree_row(9, 9, 0, "a", NULL, 1),
		tree_row(2, 3, 0, "b", NULL, 2),
		tree_row(3, 2, 0, "c", NULL, 3),
		tree_row(0, UINT32_MAX, 0, "d", NULL, 4),
	};
	struct rp_snapshot s = {.tree = tree, .n_tree = 4};

	(void)state;
	check_tree(&s, "total", "dbca");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exported_keys),	cmocka_unit_test(test_find),
		cmocka_unit_test(test_complete),	cmocka_unit_test(test_shown),
		cmocka_unit_test(test_format),		cmocka_unit_test(test_sort_rows),
		cmocka_unit_test(test_sort_tree),	cmocka_unit_test(test_list),
		cmocka_unit_test(test_marks),		cmocka_unit_test(test_figures),
		cmocka_unit_test(test_flags_and_texts), cmocka_unit_test(test_applies),
		cmocka_unit_test(test_split),		cmocka_unit_test(test_sort_broken_tree),
		cmocka_unit_test(test_sort_ties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

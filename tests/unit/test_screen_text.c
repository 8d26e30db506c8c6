// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The live screen's cells, line editing, layout and panes. */
#include <locale.h>

#include "counts_fixture.h"
#include "screen/cells.h"
#include "screen/layout.h"
#include "screen/panes.h"
#include "screen/prompt.h"

/* ---- cells ------------------------------------------------------------------------------ */

static void fits(const char *text, size_t width, bool utf8, const char *expected)
{
	char buf[RP_CELLS_BUF];

	assert_string_equal(rp_cells__fit(text, width, utf8, buf), expected);
}

static void test_fit(void **state)
{
	(void)state;
	fits("name", 6, true, "name  ");
	fits("name", 4, true, "name");
	fits("names", 4, true, "nam…");
	fits("names", 4, false, "nam>");
	fits("name", 0, true, "");
	fits("", 2, true, "  ");
	fits(NULL, 2, true, "  ");
	/* A character of two columns is never cut in two. */
	fits("日本語", 6, true, "日本語");
	fits("日本語", 5, true, "日本…");
	fits("日本語", 4, true, "日… ");
	fits("日本", 2, true, "… ");
}

static void test_hostile(void **state)
{
	(void)state;
	fits("a\x1b[2Jb", 10, true, "a\\x1b[2Jb ");
	fits("a\nb", 8, true, "a\\x0ab  ");
	fits("\xff", 6, true, "\\xff  ");
	fits("\xe2\x80\xae", 12, true, "\\xe2\\x80\\xae");
	fits("ö", 8, false, "\\xc3\\xb6");
	/* Accents go with a letter, two at most, and never with what stands to the left. */
	fits("e\xcc\x81", 3, true, "e\xcc\x81  ");
	fits("\xcc\x81", 8, true, "\\xcc\\x81");
	fits("e\xcc\x81\xcc\x81\xcc\x81", 9, true, "e\xcc\x81\xcc\x81\\xcc\\x81");
	fits("e\xcc\x81\xcc\x81\xcc\x81\xcc\x81", 17, true,
	     "e\xcc\x81\xcc\x81\\xcc\\x81\\xcc\\x81");
}

static void test_long(void **state)
{
	char text[4 * RP_CELLS_MAX], buf[RP_CELLS_BUF];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(strlen(rp_cells__fit(text, 100000, false, buf)), RP_CELLS_MAX);
	memset(text, 1, sizeof(text) - 1);
	assert_int_equal(strlen(rp_cells__right(text, RP_CELLS_MAX, false, buf)), RP_CELLS_MAX);
	assert_int_equal(rp_cells__width("日本", true), 4);
	assert_int_equal(rp_cells__width("\x01", true), 4);
}

static void test_right(void **state)
{
	char buf[RP_CELLS_BUF];

	(void)state;
	assert_string_equal(rp_cells__right("12", 4, true, buf), "  12");
	assert_string_equal(rp_cells__right("1 µs", 6, true, buf), "  1 µs");
	assert_string_equal(rp_cells__right("12345", 4, true, buf), "123…");
}

static void test_graphs(void **state)
{
	static const float rise[] = {0, 1, 2, 4, 8}, nothing[] = {0, 0}, level[] = {95, 100, 98},
			   high[] = {1000, 1200, 1600}, late[] = {-1, 5, 10};
	char buf[RP_CELLS_BUF];

	(void)state;
	assert_string_equal(rp_cells__spark(rise, 5, true, buf), " ▁▂▄▇");
	assert_string_equal(rp_cells__spark(rise, 5, false, buf), " ._=#");
	assert_string_equal(rp_cells__spark(nothing, 2, true, buf), "  ");
	/* Level is shown level; what moves is seen to, however far from zero. */
	assert_string_equal(rp_cells__spark(level, 3, true, buf), "▄▄▄");
	assert_string_equal(rp_cells__spark(high, 3, true, buf), "▁▃▇");
	/* What was not watched yet is no zero that others would rise from. */
	assert_string_equal(rp_cells__spark(late, 3, true, buf), " ▁▇");
	assert_string_equal(rp_cells__bar(1, 4, true, buf), "████");
	assert_string_equal(rp_cells__bar(0.5, 3, true, buf), "█▌");
	assert_string_equal(rp_cells__bar(0.0001, 4, true, buf), "▏");
	assert_string_equal(rp_cells__bar(0.0001, 4, false, buf), "#");
	assert_string_equal(rp_cells__bar(0, 4, true, buf), "");
	assert_string_equal(rp_cells__bar(7, 2, false, buf), "##");
}

/* ---- line editing ----------------------------------------------------------------------- */

static void type(struct rp_prompt *p, const char *keys)
{
	for (; *keys; keys++)
		assert_true(rp_prompt__key(p, *keys));
}

static void test_prompt(void **state)
{
	struct rp_prompt p;

	(void)state;
	rp_prompt__set(&p, "");
	type(&p, "parse");
	rp_prompt__key(&p, RP_KEY_HOME);
	type(&p, "re");
	assert_string_equal(p.text, "reparse");
	rp_prompt__key(&p, RP_KEY_DELETE);
	assert_string_equal(p.text, "rearse");
	rp_prompt__key(&p, RP_KEY_RIGHT);
	rp_prompt__key(&p, RP_KEY_BACKSPACE);
	assert_string_equal(p.text, "rerse");
	rp_prompt__key(&p, RP_KEY_END);
	rp_prompt__key(&p, 0x65e5); /* three bytes */
	rp_prompt__key(&p, 'x');
	rp_prompt__key(&p, RP_KEY_LEFT);
	rp_prompt__key(&p, RP_KEY_LEFT);
	assert_int_equal(p.cursor, 5);
	rp_prompt__key(&p, RP_CTRL('k'));
	assert_string_equal(p.text, "rerse");
	type(&p, " two words");
	rp_prompt__key(&p, RP_CTRL('w'));
	assert_string_equal(p.text, "rerse two ");
	/* The word before the blanks, with them. */
	rp_prompt__key(&p, ' ');
	rp_prompt__key(&p, RP_CTRL('w'));
	assert_string_equal(p.text, "rerse ");
	rp_prompt__key(&p, RP_CTRL('u'));
	assert_string_equal(p.text, "");
	rp_prompt__key(&p, RP_KEY_BACKSPACE);
	rp_prompt__key(&p, RP_KEY_DELETE);
	rp_prompt__key(&p, RP_KEY_LEFT);
	assert_int_equal(p.len, 0);
	assert_false(rp_prompt__key(&p, 0x1b));
	assert_false(rp_prompt__key(&p, 0x9b));
	assert_false(rp_prompt__key(&p, 0xd800));
	assert_false(rp_prompt__key(&p, RP_KEY_F0 + 5));
}

static void test_prompt_full(void **state)
{
	struct rp_prompt p;

	(void)state;
	rp_prompt__set(&p, "");
	for (int i = 0; i < 2 * RP_PROMPT_MAX; i++)
		rp_prompt__key(&p, 0x1f600);
	assert_int_equal(p.len, (RP_PROMPT_MAX - 1) / 4 * 4);
	assert_int_equal(strlen(p.text), p.len);
}

/* ---- layout ----------------------------------------------------------------------------- */

static void plan(struct rp_layout *l, size_t rows, size_t width, bool pane)
{
	struct rp_screen_columns columns;

	rp_screen_columns__init(&columns, false);
	for (size_t i = 0; i < columns.n; i++)
		columns.item[i].shown = true;
	rp_layout__plan(
		l, &columns,
		&(struct rp_layout_opts){.rows = rows, .width = width, .name = 20, .pane = pane});
}

/* Whatever the size: nothing overlaps, nothing lies outside. */
static void test_layout_sizes(void **state)
{
	struct rp_layout l;

	(void)state;
	for (size_t rows = 1; rows < 70; rows++)
		for (size_t width = 1; width < 300; width += 7)
			for (int pane = 0; pane < 2; pane++) {
				plan(&l, rows, width, pane);
				assert_true(l.table + l.n_table <= l.bar || !l.n_table);
				assert_true(!l.n_pane || l.pane + l.n_pane == l.bar);
				assert_true(l.bar < rows);
				for (size_t i = 0; i < l.n_cells; i++)
					assert_true(l.cell[i].x + l.cell[i].width <= width ||
						    !l.cell[i].width);
				for (size_t i = 1; i < l.n_cells; i++)
					assert_true(l.cell[i].x >
						    l.cell[i - 1].x + l.cell[i - 1].width);
			}
}

static void test_layout_small(void **state)
{
	struct rp_layout l;

	(void)state;
	plan(&l, 8, 40, false);
	assert_int_equal(l.header, 2);
	assert_int_equal(l.n_table, 4);
	assert_true(l.n_cells >= 2);
	assert_true(l.more);
	plan(&l, 8, 40, true);
	assert_int_equal(l.n_pane, 4);
	assert_int_equal(l.n_table, 0);
	plan(&l, 30, 100, true);
	assert_true(l.n_table >= 4 && l.n_pane >= 6);
	plan(&l, 30, 500, false);
	assert_false(l.more);
}

/* ---- panes ------------------------------------------------------------------------------ */

static void test_histogram(void **state)
{
	struct rp_row_figures f = {.count = 111,
				   .p50 = 1000,
				   .p90 = 1000,
				   .p99 = 50000,
				   .p999 = 900000,
				   .max = 900000};
	struct rp_hist hist = {0};
	const struct rp_hist_part part = {.bucket = (uint64_t *)hist.bucket,
					  .end = RP_HIST_BUCKETS};
	struct rp_hist_lines lines;
	uint64_t sum = 0;

	(void)state;
	hist.bucket[rp_hist_index(1000)] = 100;
	hist.bucket[rp_hist_index(50000)] = 10;
	hist.bucket[rp_hist_index(900000)] = 1;
	for (size_t max = 1; max < 2 * RP_HIST_LINES_MAX; max++) {
		rp_hist_lines__make(&lines, &part, &f, max);
		assert_in_range(lines.n, 1, max);
		sum = 0;
		for (size_t i = 0; i < lines.n; i++) {
			assert_true(lines.line[i].from < lines.line[i].to);
			assert_true(!i || lines.line[i].from == lines.line[i - 1].to);
			sum += lines.line[i].count;
		}
		assert_int_equal(sum, 111);
		assert_true(lines.line[0].from <= 1000 && lines.line[lines.n - 1].to > 900000);
	}
	rp_hist_lines__make(&lines, &part, &f, 20);
	assert_true(lines.most == 100);
	for (size_t i = 0; i < lines.n; i++) {
		bool first = lines.line[i].from <= 1000 && lines.line[i].to > 1000;
		bool last = i + 1 == lines.n;

		assert_string_equal(lines.line[i].marks,
				    first  ? "p50 p90"
				    : last ? "p99.9 max"
				    : lines.line[i].from <= 50000 && lines.line[i].to > 50000
					    ? "p99"
					    : "");
	}
}

/* The first ns of a line is that line's, not the one's before: each has its own mark. */
static void test_marks_of_edges(void **state)
{
	struct rp_row_figures f = {.count = 5};
	struct rp_hist hist = {0};
	const struct rp_hist_part part = {.bucket = (uint64_t *)hist.bucket,
					  .end = RP_HIST_BUCKETS};
	const uint32_t first = rp_hist_index(100000);
	uint64_t *const marked[] = {&f.p50, &f.p90, &f.p99, &f.p999, &f.max};
	static const char *const marks[] = {"p50", "p90", "p99", "p99.9", "max"};
	struct rp_hist_lines lines;

	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		hist.bucket[first + i] = 1;
		*marked[i] = rp_hist_floor(first + i);
	}
	rp_hist_lines__make(&lines, &part, &f, 20);
	assert_int_equal(lines.n, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(lines.line[i].marks, marks[i]);
}

static void test_histogram_empty(void **state)
{
	struct rp_hist hist = {0};
	const struct rp_hist_part part = {.bucket = (uint64_t *)hist.bucket,
					  .end = RP_HIST_BUCKETS},
				  none = {0};
	struct rp_row_figures f = {0};
	struct rp_hist_lines lines;

	(void)state;
	rp_hist_lines__make(&lines, &part, &f, 10);
	assert_int_equal(lines.n, 0);
	rp_hist_lines__make(&lines, &none, &f, 10);
	assert_int_equal(lines.n, 0);
	hist.bucket[RP_HIST_BUCKETS - 1] = 1;
	rp_hist_lines__make(&lines, &part, &f, 10);
	assert_int_equal(lines.n, 1);
	rp_hist_lines__make(&lines, &part, &f, 0);
	assert_int_equal(lines.n, 0);
}

static const struct rp_row *row_named(const struct rp_snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->n_rows; i++)
		if (!strcmp(s->rows[i].name, name))
			return &s->rows[i];
	fail_msg("no row %s", name);
	return NULL;
}

static void test_kin(void **state)
{
	struct fixture server;
	struct rp_snapshot *s;
	struct rp_call_list callers, callees;

	(void)state;
	fixture_server(&server);
	s = fixture_snapshot(&server, RP_BY_NONE);
	assert_int_equal(rp_calls__find(s, row_named(s, "query"), &callers, &callees), 0);
	assert_int_equal(callers.n, 2);
	assert_string_equal(callers.item[0].name, "handle_request");
	assert_int_equal(callers.item[0].count, 1010);
	assert_null(callers.item[1].name);
	assert_int_equal(callers.item[1].count, 20);
	assert_int_equal(callees.n, 0);
	assert_int_equal(rp_calls__find(s, row_named(s, "handle_request"), &callers, &callees), 0);
	assert_int_equal(callees.n, 2);
	assert_string_equal(callees.item[0].name, "query");
	/* A recursion is its own caller and callee. */
	assert_int_equal(rp_calls__find(s, row_named(s, "walk<int>(tree*)"), &callers, &callees),
			 0);
	assert_int_equal(callers.n, 2);
	assert_string_equal(callees.item[0].name, "walk<int>(tree*)");
	rp_snapshot__free(s);
}

/* A region that dispatches to more than the pane has room for: it says that there are more. */
static void test_many_callees(void **state)
{
	static struct rp_tree_row tree[RP_CALLS_MAX + 2];
	struct rp_snapshot snapshot = {.tree = tree, .n_tree = RP_CALLS_MAX + 1};
	struct rp_call_list callers, callees;

	(void)state;
	for (uint32_t i = 0; i < RP_CALLS_MAX + 2; i++)
		tree[i] = (struct rp_tree_row){
			.id = i + 1, .parent = i > 0, .row = {.region = i + 1, .name = "called"}};
	for (unsigned over = 0; over < 2; over++) {
		snapshot.n_tree = RP_CALLS_MAX + 1 + over;
		assert_int_equal(rp_calls__find(&snapshot, &tree[0].row, &callers, &callees), 0);
		assert_int_equal(callees.n, RP_CALLS_MAX);
		assert_true(callees.more == over);
		assert_int_equal(callers.n, 1);
		assert_false(callers.more);
	}
}

/* The most of the time first, whoever came first; of equal ones the region that came first. */
static void test_order_of_kin(void **state)
{
	static const uint64_t totals[] = {20, 40, 10, 40, 30};
	static const uint32_t order[] = {11, 13, 14, 10, 12};
	static struct rp_tree_row tree[11];
	struct rp_snapshot snapshot = {.tree = tree, .n_tree = 11};
	struct rp_call_list callers, callees;

	(void)state;
	tree[0] = (struct rp_tree_row){.id = 1, .row = {.region = 1, .name = "of"}};
	for (uint32_t i = 0; i < 5; i++) {
		tree[1 + i] = (struct rp_tree_row){
			.id = 2 + i,
			.parent = 1,
			.row = {.region = 10 + i,
				.name = "called",
				.f = {.count = 100 + i, .total = totals[i]}}};
		tree[6 + i] = (struct rp_tree_row){
			.id = 7 + i,
			.parent = 2 + i,
			.row = {.region = 1,
				.name = "of",
				.f = {.count = 200 + i, .total = totals[i]}}};
	}
	assert_int_equal(rp_calls__find(&snapshot, &tree[0].row, &callers, &callees), 0);
	assert_int_equal(callees.n, 5);
	assert_int_equal(callers.n, 6);
	for (size_t i = 0; i < 5; i++) {
		uint32_t at = order[i] - 10;

		assert_int_equal(callees.item[i].region, order[i]);
		assert_int_equal(callees.item[i].count, 100 + at);
		assert_int_equal(callees.item[i].total, totals[at]);
		assert_int_equal(callers.item[i].region, order[i]);
		assert_int_equal(callers.item[i].count, 200 + at);
		assert_int_equal(callers.item[i].total, totals[at]);
	}
	assert_null(callers.item[5].name);
}

static void test_groups(void **state)
{
	struct fixture server;
	const struct rp_row *rows[8], *query;
	struct rp_snapshot *s;

	(void)state;
	fixture_server(&server);
	s = fixture_snapshot(&server, RP_BY_PROCESS);
	query = row_named(s, "query");
	assert_int_equal(rp_groups__find(s, query->region, rows, 8), 2);
	assert_string_equal(rows[0]->group, "4242 server");
	assert_string_equal(rows[1]->group, "999 worker");
	assert_int_equal(rp_groups__find(s, query->region, rows, 1), 1);
	assert_string_equal(rows[0]->group, "4242 server");
	assert_int_equal(rp_groups__find(s, query->region, rows, 0), 0);
	for (size_t i = 0; i < s->n_tree; i++) {
		const struct rp_row *flat = rp_flat__find(s, &s->tree[i].row);

		assert_non_null(flat);
		assert_string_equal(flat->name, s->tree[i].row.name);
		assert_string_equal(flat->group, s->tree[i].row.group);
	}
	rp_snapshot__free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_graphs),
		cmocka_unit_test(test_prompt),
		cmocka_unit_test(test_prompt_full),
		cmocka_unit_test(test_layout_sizes),
		cmocka_unit_test(test_layout_small),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_marks_of_edges),
		cmocka_unit_test(test_histogram_empty),
		cmocka_unit_test(test_kin),
		cmocka_unit_test(test_many_callees),
		cmocka_unit_test(test_order_of_kin),
		cmocka_unit_test(test_groups),
	};

	/* How wide characters are is the locale's to tell. */
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The table on the live screen, without a terminal: order, choice, filter, tree. */
#include "screen_fixture.h"

#include "screen/panes.h"
#include "screen/search.h"

static const char *name(size_t i)
{
	assert_true(i < s.n_visible);
	return rp_state__row(&s, i, NULL)->name;
}

static const char *chosen(void)
{
	assert_non_null(rp_state__chosen_row(&s));
	return rp_state__chosen_row(&s)->name;
}

static void assert_sorted(bool ascending)
{
	for (size_t i = 1; i < s.n_visible; i++) {
		const struct rp_row *a = rp_state__row(&s, i - 1, NULL);
		const struct rp_row *b = rp_state__row(&s, i, NULL);
		double x, y;

		if (s.sort->text) {
			int order = strcmp(s.sort->text(a), s.sort->text(b));

			assert_true(ascending ? order <= 0 : order >= 0);
			continue;
		}
		x = s.sort->value(a, s.shown);
		y = s.sort->value(b, s.shown);
		assert_true(ascending ? x <= y : x >= y);
	}
}

/* ---- order ------------------------------------------------------------------------------ */

static void test_sort_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < s.columns.n; i++) {
		bool text = s.sort->text;

		assert_sorted(text);
		key('I');
		assert_sorted(!text);
		key('>');
	}
	/* Around all the shown ones, and back again. */
	key('<');
	key('>');
	assert_sorted(s.sort->text);
}

static void test_sort_around(void **state)
{
	const struct rp_column *first = s.sort;
	size_t n = 0;

	(void)state;
	do {
		key('>');
		n++;
	} while (s.sort != first && n < 100);
	assert_in_range(n, 5, s.columns.n);
	key('>');
	key('<');
	assert_ptr_equal(s.sort, first);
}

/* A column that is sorted by is seen, however narrow the terminal. */
static void test_sort_scrolls(void **state)
{
	(void)state;
	rp_state__resize(&s, 20, 60);
	for (size_t i = 0; i < 2 * s.columns.n; i++) {
		bool seen = false;

		key(i < s.columns.n ? '>' : '<');
		for (size_t c = 0; c < s.layout.n_cells; c++)
			seen |= s.layout.cell[c].column == s.sort;
		assert_true(seen);
	}
}

/* ---- the cursor ------------------------------------------------------------------------- */

static void test_move(void **state)
{
	size_t n = s.n_visible;

	(void)state;
	assert_true(n >= 4);
	assert_int_equal(s.cursor, 0);
	key(RP_KEY_UP);
	assert_int_equal(s.cursor, 0);
	key(RP_KEY_DOWN);
	assert_int_equal(s.cursor, 1);
	key(RP_KEY_END);
	assert_int_equal(s.cursor, n - 1);
	key(RP_KEY_DOWN);
	assert_int_equal(s.cursor, n - 1);
	key(RP_KEY_HOME);
	assert_int_equal(s.cursor, 0);
	assert_int_equal(s.selected, 0); /* whichever is first from now on */
	key(RP_KEY_PAGE_DOWN);
	assert_int_equal(s.cursor, n - 1);
	key(RP_KEY_PAGE_UP);
	assert_int_equal(s.cursor, 0);
}

static void test_scrolls(void **state)
{
	(void)state;
	rp_state__resize(&s, 6, 40);
	for (size_t i = 0; i + 1 < s.n_visible; i++) {
		assert_in_range(s.cursor, s.top, s.top + s.layout.n_table - 1);
		key(RP_KEY_DOWN);
	}
	assert_int_equal(s.cursor, s.n_visible - 1);
	rp_state__resize(&s, 1, 1);
	rp_state__resize(&s, 200, 400);
	assert_int_equal(s.top, 0);
}

/* The chosen region stays chosen where rows change places; the first place stays the first. */
static void test_cursor_follows(void **state)
{
	char before[64];

	(void)state;
	key('I');
	assert_int_equal(s.cursor, 0);
	key(RP_KEY_DOWN);
	snprintf(before, sizeof(before), "%s", chosen());
	key('I');
	assert_string_equal(chosen(), before);
	assert_int_equal(s.cursor, s.n_visible - 2);
	update(11);
	assert_string_equal(chosen(), before);
}

/* ---- search and filter ------------------------------------------------------------------ */

static void test_search(void **state)
{
	(void)state;
	assert_true(rp_search__matches("walk", "x|AL"));
	assert_false(rp_search__matches("walk", "x||y"));
	assert_false(rp_search__matches("walk", "|"));
	keys("/QUERY");
	assert_int_equal(s.mode, RP_MODE_SEARCH);
	assert_string_equal(chosen(), "query");
	key(RP_KEY_ESCAPE);
	assert_int_equal(s.cursor, 0);
	keys("/walk\n");
	assert_int_equal(s.mode, RP_MODE_TABLE);
	assert_string_equal(chosen(), "walk<int>(tree*)");
	key('n');
	assert_string_equal(chosen(), "walk<int>(tree*)");
	keys("/nowhere");
	assert_non_null(strstr(s.message, "nowhere"));
	key('\n');
}

static void test_search_steps(void **state)
{
	size_t found[3];

	(void)state;
	keys("/request|query|walk");
	found[0] = s.cursor;
	key('\n');
	for (size_t i = 1; i < 3; i++) {
		key('n');
		found[i] = s.cursor;
		assert_int_not_equal(found[i], found[i - 1]);
	}
	key('n');
	assert_int_equal(s.cursor, found[0]);
	for (size_t i = 3; i--;) {
		key('N');
		assert_int_equal(s.cursor, found[i]);
	}
}

static void test_filter(void **state)
{
	size_t all = s.n_visible;
	uint32_t regions[4];

	(void)state;
	keys("\\query|WALK\n");
	assert_int_equal(s.n_visible, 2);
	update(11);
	assert_int_equal(s.n_visible, 2);
	key('\\');
	assert_string_equal(s.prompt.text, "query|WALK");
	key(RP_CTRL('u'));
	keys("zzz");
	assert_int_equal(s.n_visible, 0);
	assert_int_equal(rp_state__chosen(&s, regions, 4), 0);
	key('d');
	key(RP_KEY_DOWN);
	key(RP_KEY_ESCAPE);
	assert_int_equal(s.n_visible, all);
}

/* ---- tree ------------------------------------------------------------------------------- */

static void test_tree(void **state)
{
	size_t all;

	(void)state;
	key('t');
	all = s.n_visible;
	assert_int_equal(all, s.shown->n_tree);
	assert_string_equal(chosen(), "handle_request");
	assert_true(rp_state__has_children(&s, 0));
	key(RP_KEY_LEFT);
	assert_int_equal(s.n_visible, all - 3);
	update(11);
	assert_int_equal(s.n_visible, all - 3);
	key(RP_KEY_RIGHT);
	assert_int_equal(s.n_visible, all);
	key(RP_KEY_RIGHT);
	assert_int_equal(s.cursor, 1);
	key(RP_KEY_LEFT);
	assert_int_equal(s.cursor, 0);
	key('*');
	assert_int_equal(s.n_visible, all - 3);
	key('*');
	assert_int_equal(s.n_visible, all);
	key('t');
	assert_int_equal(s.n_visible, s.shown->n_rows);
}

/* What is left has its ancestors with it. */
static void test_tree_filter(void **state)
{
	const struct rp_tree_row *node;

	(void)state;
	key('t');
	keys("\\walk\n");
	assert_int_equal(s.n_visible, 3);
	assert_string_equal(name(0), "handle_request");
	for (size_t i = 0; i < 3; i++) {
		rp_state__row(&s, i, &node);
		assert_int_equal(node->depth, i);
	}
}

static void test_tree_stays(void **state)
{
	(void)state;
	keys("/walk\nt");
	assert_string_equal(chosen(), "walk<int>(tree*)");
	key('t');
	assert_string_equal(chosen(), "walk<int>(tree*)");
}

/* ---- callers and callees ---------------------------------------------------------------- */

/* Two processes have the region: what it enters in one of them says nothing of the other. */
static void test_calls_are_of_the_group(void **state)
{
	static struct rp_call_list callers, callees;
	uint32_t node = fixture_node(&server, fixture_root(&server, 7, "other"), 1);
	struct rp_snapshot *snapshot;
	size_t found = 0;

	(void)state;
	fixture_frames(&server, node, 3, 5000, 1000, 0, 0);
	fixture_frames(&server, fixture_node(&server, node, 4), 2, 100, 0, 0, 0);
	snapshot = fixture_snapshot(&server, RP_BY_PROCESS);
	for (size_t i = 0; i < snapshot->n_rows; i++) {
		const struct rp_row *row = &snapshot->rows[i];

		if (strcmp(row->name, "handle_request") != 0)
			continue;
		assert_int_equal(rp_calls__find(snapshot, row, &callers, &callees), 0);
		assert_int_equal(callers.n, 1);
		assert_int_equal(callers.item[0].count, row->f.count);
		if (row->f.count != 3)
			continue;
		found++;
		assert_int_equal(callees.n, 1);
		assert_string_equal(callees.item[0].name, "walk<int>(tree*)");
		assert_int_equal(callees.item[0].count, 2);
	}
	assert_int_equal(found, 1);
	rp_snapshot__free(snapshot);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_sort_all),
		TEST(test_sort_around),
		TEST(test_sort_scrolls),
		TEST(test_move),
		TEST(test_scrolls),
		TEST(test_cursor_follows),
		TEST(test_search),
		TEST(test_search_steps),
		TEST(test_filter),
		TEST(test_tree),
		TEST(test_tree_filter),
		TEST(test_tree_stays),
		TEST(test_calls_are_of_the_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What keys and the mouse ask for and open on the live screen, without a terminal. */
#include <locale.h>

#include "samples_fixture.h"
#include "screen_fixture.h"

#include "screen/cells.h"

static void test_ended(void **state)
{
	(void)state;
	s.ended = true;
	for (const char *k = "ria"; *k; k++) {
		key(*k);
		assert_int_equal(request.type, RP_REQUEST_NONE);
		assert_int_equal(s.mode, RP_MODE_TABLE);
		assert_non_null(strstr(s.message, "ended"));
	}
	keys("t>I");
	assert_true(s.tree && s.invert);
	key('w');
	assert_int_equal(request.type, RP_REQUEST_SAVE);
	key('q');
	assert_int_equal(request.type, RP_REQUEST_QUIT);
}

static void test_pause(void **state)
{
	(void)state;
	key('p');
	assert_true(s.paused);
	assert_int_equal(request.type, RP_REQUEST_NONE);
	key('p');
	assert_false(s.paused);
	assert_int_equal(request.type, RP_REQUEST_REFRESH);
}

static void test_interval(void **state)
{
	(void)state;
	key('+');
	assert_true(s.interval == 2);
	for (int i = 0; i < 20; i++)
		key('+');
	assert_true(s.interval == 60);
	for (int i = 0; i < 20; i++)
		key('-');
	assert_true(s.interval == 0.1);
	s.interval = 3;
	key('-');
	assert_true(s.interval == 2);
	s.interval = 100;
	key('+');
	assert_true(s.interval == 100);
}

/* ---- requests --------------------------------------------------------------------------- */

static void test_tags(void **state)
{
	uint32_t regions[4];

	(void)state;
	assert_int_equal(rp_state__chosen(&s, regions, 4), 1);
	assert_int_equal(regions[0], rp_state__row(&s, 0, NULL)->region);
	keys("  ");
	assert_int_equal(s.cursor, 2);
	assert_int_equal(rp_state__chosen(&s, regions, 4), 2);
	assert_int_equal(rp_state__chosen(&s, regions, 1), 1);
	update(11);
	assert_int_equal(rp_state__chosen(&s, regions, 4), 2);
	key('d');
	assert_int_equal(request.type, RP_REQUEST_DROP);
	key('U');
	assert_int_equal(rp_state__chosen(&s, regions, 4), 1);
	/* A second time takes a tag away, of that row alone. */
	rp_state__key(&s, RP_KEY_HOME, &request);
	keys("  ");
	rp_state__key(&s, RP_KEY_HOME, &request);
	key(' ');
	assert_int_equal(rp_state__chosen(&s, regions, 4), 1);
	assert_int_equal(regions[0], rp_state__row(&s, 1, NULL)->region);
}

static void test_add(void **state)
{
	static const char *const names[] = {"parse_body", "parse_head"};

	(void)state;
	keys("apa\t");
	assert_int_equal(request.type, RP_REQUEST_COMPLETE);
	assert_string_equal(request.text, "pa");
	rp_state__complete(&s, names, 2);
	assert_string_equal(s.prompt.text, "parse_");
	assert_non_null(strstr(s.message, "parse_body"));
	assert_non_null(strstr(s.message, "parse_head"));
	rp_state__complete(&s, names, 0);
	assert_string_equal(s.prompt.text, "parse_");
	keys("*\n");
	assert_int_equal(request.type, RP_REQUEST_ADD);
	assert_string_equal(request.text, "parse_*");
	assert_int_equal(s.mode, RP_MODE_TABLE);
	keys("a\n");
	assert_int_equal(request.type, RP_REQUEST_NONE);
	keys("ax");
	key(RP_KEY_ESCAPE);
	assert_int_equal(request.type, RP_REQUEST_NONE);
}

static void test_group(void **state)
{
	(void)state;
	keys("gt");
	assert_int_equal(request.type, RP_REQUEST_GROUP);
	assert_int_equal(request.by, RP_BY_THREAD);
	s.by = RP_BY_THREAD;
	key('g');
	key('\n');
	assert_int_equal(request.type, RP_REQUEST_NONE);
	key('g');
	key(RP_KEY_UP);
	key('\n');
	assert_int_equal(request.type, RP_REQUEST_GROUP);
	assert_int_equal(request.by, RP_BY_PROCESS);
	/* Nothing of the rows before is left. */
	s.by = RP_BY_PROCESS;
	rp_state__forget(&s);
	assert_int_equal(s.n_visible, 0);
	assert_null(rp_state__chosen_row(&s));
	keys(" d\n\t");
	update(11);
	assert_non_null(rp_state__chosen_row(&s)->group);
}

/* ---- as htop has it --------------------------------------------------------------------- */

static void test_sort_menu(void **state)
{
	size_t at;

	(void)state;
	key(RP_KEY_F0 + 6);
	assert_int_equal(s.mode, RP_MODE_SORT);
	assert_ptr_equal(s.columns.item[s.menu].column, rp_column__find("total"));
	assert_true(s.layout.table_width < s.layout.menu_x);
	key(RP_KEY_DOWN);
	at = s.menu;
	key(RP_KEY_ENTER);
	assert_int_equal(s.mode, RP_MODE_TABLE);
	assert_ptr_equal(s.sort, s.columns.item[at].column);
	assert_int_equal(s.layout.table_width, s.layout.width);
	/* Left as it was. */
	key(RP_KEY_F0 + 6);
	key(RP_KEY_UP);
	key(RP_KEY_ESCAPE);
	assert_ptr_equal(s.sort, s.columns.item[at].column);
	/* With the mouse: on a line of it, and beside it. */
	key(RP_KEY_F0 + 6);
	rp_state__mouse(&s, s.layout.titles + 1, s.layout.menu_x + 1, RP_BUTTON_CLICK, &request);
	assert_int_equal(s.mode, RP_MODE_TABLE);
	assert_ptr_equal(s.sort, s.columns.item[0].column);
	key(RP_KEY_F0 + 6);
	rp_state__mouse(&s, s.layout.titles + 1, 1, RP_BUTTON_CLICK, &request);
	assert_int_equal(s.mode, RP_MODE_TABLE);
}

static void test_orders(void **state)
{
	(void)state;
	key('I');
	key('P');
	assert_ptr_equal(s.sort, rp_column__find("cpu"));
	assert_false(s.invert);
	key('T');
	assert_ptr_equal(s.sort, rp_column__find("total"));
}

static void test_says_what_does(void **state)
{
	static const char *const says[][2] = {{"M", "P sorts"}, {"s", "Enter"}, {"u", "g groups"}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		keys(says[i][0]);
		assert_non_null(strstr(s.message, says[i][1]));
		assert_true(strlen(s.message) <= 80);
	}
}

static void test_asks_before_it_detaches(void **state)
{
	(void)state;
	key(RP_KEY_F0 + 9);
	assert_int_equal(request.type, RP_REQUEST_NONE);
	assert_int_equal(s.mode, RP_MODE_CONFIRM);
	key('n');
	assert_int_equal(request.type, RP_REQUEST_NONE);
	assert_int_equal(s.mode, RP_MODE_TABLE);
	for (const char *yes = "y\n"; *yes; yes++) {
		key(RP_KEY_F0 + 9);
		key(*yes);
		assert_int_equal(request.type, RP_REQUEST_DROP);
	}
	key('z');
	assert_int_equal(request.type, RP_REQUEST_UNDO);
}

/* Functions are chosen where there are samples to choose by; that is asked for in no other case. */
static void test_choosing_functions(void **state)
{
	(void)state;
	key('A');
	assert_int_equal(request.type, RP_REQUEST_NONE);
	assert_non_null(strstr(s.message, "--sample"));
	samples_init(&server, 2);
	update(11);
	key('A');
	assert_int_equal(request.type, RP_REQUEST_CHOOSE);
	s.ended = true;
	key('A');
	assert_int_equal(request.type, RP_REQUEST_NONE);
	samples_free(&server);
}

static void test_help_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < rp_n_help; i++)
		assert_in_range(rp_cells__width(rp_help[i].text, true), 0,
				rp_help[i].keys ? 60 : 80);
}

/* ---- columns, panes, mouse -------------------------------------------------------------- */

static bool is_shown(const char *title)
{
	for (size_t i = 0; i < s.columns.n; i++)
		if (!strcmp(s.columns.item[i].column->title, title))
			return s.columns.item[i].shown;
	fail_msg("no column %s", title);
	return false;
}

static void test_columns(void **state)
{
	(void)state;
	assert_true(is_shown("COUNT"));
	assert_false(is_shown("P90"));
	assert_true(is_shown("UNWOUND")); /* as some were */
	key('c');
	while (strcmp(s.columns.item[s.menu].column->title, "COUNT") != 0)
		key(RP_KEY_DOWN);
	key(' ');
	key('>');
	assert_string_equal(s.columns.item[s.menu].column->title, "COUNT");
	key('<');
	while (strcmp(s.columns.item[s.menu].column->title, "P90") != 0)
		key(RP_KEY_DOWN);
	keys(" s\n");
	assert_int_equal(s.mode, RP_MODE_TABLE);
	assert_string_equal(s.sort->title, "P90");
	update(11);
	assert_false(is_shown("COUNT"));
	assert_true(is_shown("P90"));
	/* The name stays where it is. */
	keys("c >");
	assert_true(s.columns.item[0].shown);
	assert_string_equal(s.columns.item[0].column->key, "name");
}

/* From its place to before all others but the name, and back to the last place; no further. */
static void test_columns_move(void **state)
{
	static const int left[] = {'<', RP_KEY_LEFT, RP_KEY_F0 + 7},
			 right[] = {'>', RP_KEY_RIGHT, RP_KEY_F0 + 8};
	const struct rp_column *before[RP_SCREEN_COLUMNS_MAX];
	size_t n = s.columns.n;

	(void)state;
	for (size_t i = 0; i < n; i++)
		before[i] = s.columns.item[i].column;
	key('c');
	while (s.menu + 1 < n)
		key(RP_KEY_DOWN);
	for (size_t k = 0; k < sizeof(left) / sizeof(left[0]); k++) {
		for (size_t i = 0; i <= n; i++)
			key(left[k]);
		assert_int_equal(s.menu, 1);
		assert_ptr_equal(s.columns.item[0].column, before[0]);
		assert_ptr_equal(s.columns.item[1].column, before[n - 1]);
		for (size_t i = 2; i < n; i++)
			assert_ptr_equal(s.columns.item[i].column, before[i - 1]);
		for (size_t i = 0; i <= n; i++)
			key(right[k]);
		assert_int_equal(s.menu, n - 1);
		for (size_t i = 0; i < n; i++)
			assert_ptr_equal(s.columns.item[i].column, before[i]);
	}
}

/* Each column of every view can be had here. */
/* Changes against a baseline, and what is new, where there is one. */
static void test_columns_complete(void **state)
{
	(void)state;
	assert_int_equal(s.columns.n, rp_n_columns - 4);
	rp_screen_columns__init(&s.columns, true);
	for (size_t i = 0; i < rp_n_columns; i++)
		is_shown(rp_columns[i].title);
	assert_int_equal(s.columns.n, rp_n_columns);
}

static void test_panes(void **state)
{
	(void)state;
	key(RP_KEY_ENTER);
	assert_int_equal(s.pane, RP_PANE_HIST);
	assert_true(s.layout.n_pane > 0);
	for (int pane = RP_PANE_HIST + 1; pane <= RP_PANE_WAKERS; pane++) {
		key(RP_KEY_TAB);
		assert_int_equal(s.pane, pane);
	}
	key(RP_KEY_TAB);
	assert_int_equal(s.pane, RP_PANE_HIST);
	key(RP_KEY_BACK_TAB);
	assert_int_equal(s.pane, RP_PANE_WAKERS);
	key(RP_KEY_BACK_TAB);
	assert_int_equal(s.pane, RP_PANE_WAKERS - 1);
	key(RP_KEY_ESCAPE);
	assert_int_equal(s.layout.n_pane, 0);
	key(RP_KEY_TAB);
	assert_int_equal(s.pane, RP_PANE_HIST);
}

/* What it did stands on the screen; elsewhere than in a histogram it does nothing, and says so. */
static void test_log_scale(void **state)
{
	(void)state;
	key('l');
	assert_false(s.log_scale);
	assert_non_null(strstr(s.message, "histogram"));
	key(RP_KEY_ENTER);
	key('l');
	assert_true(s.log_scale);
	assert_non_null(strstr(s.message, "log scale"));
	key('l');
	assert_false(s.log_scale);
	assert_non_null(strstr(s.message, "linear"));
}

static uint32_t depth(void)
{
	const struct rp_tree_row *node;

	rp_state__row(&s, s.cursor, &node);
	return node->depth;
}

/* Down is into a path, up out of it, left and right are beside it; then the table is back. */
static void test_icicle(void **state)
{
	size_t root = 0, beside;

	(void)state;
	key(RP_KEY_ENTER);
	key(RP_KEY_TAB);
	key(RP_KEY_TAB);
	assert_int_equal(s.pane, RP_PANE_ICICLE);
	assert_true(s.tree);
	while (!rp_state__has_children(&s, root))
		root++;
	rp_state__move_to(&s, root);
	key(RP_KEY_DOWN);
	assert_int_equal(depth(), 1);
	beside = s.cursor;
	key(RP_KEY_RIGHT);
	assert_int_equal(depth(), 1);
	assert_true(s.cursor > beside);
	key(RP_KEY_LEFT);
	assert_int_equal(s.cursor, beside);
	key(RP_KEY_LEFT);
	assert_int_equal(s.cursor, beside);
	key(RP_KEY_UP);
	assert_int_equal(s.cursor, root);
	key(RP_KEY_UP);
	assert_int_equal(s.cursor, root);
	key(RP_KEY_ESCAPE);
	assert_false(s.tree);
	/* A tree that was there before stays. */
	key('t');
	rp_pane__open(&s, RP_PANE_ICICLE);
	key(RP_KEY_TAB);
	assert_true(s.tree);
}

static void test_mouse(void **state)
{
	const struct rp_cell_place *count = NULL;

	(void)state;
	for (size_t i = 0; i < s.layout.n_cells; i++)
		if (!strcmp(s.layout.cell[i].column->key, "count"))
			count = &s.layout.cell[i];
	assert_non_null(count);
	rp_state__mouse(&s, s.layout.titles, count->x + 1, RP_BUTTON_CLICK, &request);
	assert_string_equal(s.sort->key, "count");
	assert_false(s.invert);
	rp_state__mouse(&s, s.layout.titles, count->x + 1, RP_BUTTON_CLICK, &request);
	assert_true(s.invert);
	rp_state__mouse(&s, s.layout.table + 2, 5, RP_BUTTON_CLICK, &request);
	assert_int_equal(s.cursor, 2);
	assert_int_equal(s.pane, RP_PANE_NONE);
	rp_state__mouse(&s, s.layout.table + 2, 5, RP_BUTTON_CLICK, &request);
	assert_int_equal(s.pane, RP_PANE_HIST);
	rp_state__mouse(&s, s.layout.pane, strlen(" Histogram  Heat map  Icicle  C"),
			RP_BUTTON_CLICK, &request);
	assert_int_equal(s.pane, RP_PANE_CALLS);
	rp_state__mouse(&s, s.layout.pane, 0, RP_BUTTON_CLICK, &request);
	assert_int_equal(s.pane, RP_PANE_HIST);
	rp_state__mouse(&s, s.layout.pane, 90, RP_BUTTON_CLICK, &request);
	assert_int_equal(s.pane, RP_PANE_HIST);
	key(RP_KEY_ENTER);
	rp_state__mouse(&s, 5, 5, RP_BUTTON_WHEEL_UP, &request);
	assert_int_equal(s.cursor, 0);
	rp_state__mouse(&s, s.layout.bar, 0, RP_BUTTON_CLICK, &request);
	assert_int_equal(s.mode, RP_MODE_HELP);
	key(RP_KEY_ESCAPE);
	for (size_t y = 0; y < 40; y++)
		for (size_t x = 0; x < 110; x += 3)
			rp_state__mouse(&s, y, x, RP_BUTTON_CLICK, &request);
}

/* Any keys in any order, at any size, with and without rows. */
static void test_any_keys(void **state)
{
	static const int specials[] = {RP_KEY_ENTER, RP_KEY_ESCAPE,    RP_KEY_TAB, RP_KEY_LEFT,
				       RP_KEY_RIGHT, RP_KEY_PAGE_DOWN, RP_KEY_END};
	uint32_t random = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		random = random * 1664525 + 1013904223;
		if (i % 500 == 0)
			rp_state__resize(&s, (random >> 8) % 40, (random >> 16) % 150);
		if (i % 1000 == 0)
			update(11 + (uint64_t)i / 1000);
		if (i % 3000 == 2999)
			rp_state__forget(&s);
		key(random >> 30 ? ' ' + (int)((random >> 20) % 95) : specials[(random >> 20) % 7]);
		assert_true(s.cursor < s.n_visible || !s.cursor);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_ended),
		TEST(test_pause),
		TEST(test_interval),
		TEST(test_tags),
		TEST(test_add),
		TEST(test_group),
		TEST(test_columns),
		TEST(test_columns_move),
		TEST(test_columns_complete),
		TEST(test_panes),
		TEST(test_log_scale),
		TEST(test_mouse),
		TEST(test_icicle),
		TEST(test_any_keys),
		TEST(test_sort_menu),
		TEST(test_orders),
		TEST(test_says_what_does),
		TEST(test_asks_before_it_detaches),
		cmocka_unit_test(test_help_fits),
		cmocka_unit_test_setup_teardown(test_choosing_functions, setup, teardown),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}

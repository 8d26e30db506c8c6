// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What keys do to the live screen, without a terminal. */
#include "counts_fixture.h"
#include "screen/keys.h"
#include "screen/state.h"

#define S 1000000000ull

static struct fixture server;
static struct rp_state s;
static struct rp_request request;

static void key(int k)
{
	rp_state__key(&s, k, &request);
}

static void keys(const char *text)
{
	for (; *text; text++)
		key(*text);
}

/* The fixture as it is, at a second. */
static void update(uint64_t second)
{
	struct rp_snapshot *snapshot;

	server.counts.time = second * S;
	snapshot = fixture_snapshot(&server, s.by);
	assert_int_equal(rp_state__update(&s, snapshot, NULL, second * S, second * S / 2), 0);
}

static int setup(void **state)
{
	(void)state;
	fixture_server(&server);
	rp_state__init(&s, &(struct rp_state_opts){
				   .sort = rp_column__find("total"), .interval = 1, .utf8 = true});
	rp_state__resize(&s, 30, 100);
	update(10);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rp_state__free(&s);
	return 0;
}

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

static uint64_t past_count(const char *row, double *rate)
{
	for (size_t i = 0; i < s.shown->n_rows; i++)
		if (!strcmp(s.shown->rows[i].name, row)) {
			*rate = s.shown->rows[i].past->rate;
			return s.shown->rows[i].f.count;
		}
	fail_msg("no row %s", row);
	return 0;
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
	size_t first, second;

	(void)state;
	keys("/u"); /* handle_request, query */
	first = s.cursor;
	key('\n');
	key('n');
	second = s.cursor;
	assert_int_not_equal(first, second);
	key('N');
	assert_int_equal(s.cursor, first);
	key('n');
	key('n');
	assert_int_equal(s.cursor, first);
}

static void test_filter(void **state)
{
	size_t all = s.n_visible;

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

/* ---- figures over time ------------------------------------------------------------------ */

static void test_rates(void **state)
{
	double rate;
	float minute[RP_PAST_SECONDS];
	const struct rp_row *row;

	(void)state;
	assert_int_equal(past_count("query", &rate), 1030);
	assert_true(rate == 0);
	server.nodes[1].figures.count += 50;
	server.nodes[1].figures.entries += 50;
	server.nodes[1].figures.total += S;
	server.nodes[1].figures.self += S;
	update(12);
	past_count("handle_request", &rate);
	assert_true(rate > 24.99 && rate < 25.01);
	row = rp_state__row(&s, 0, NULL);
	assert_string_equal(row->name, "handle_request");
	assert_true(row->past->share > 49.9 && row->past->share < 50.1);
	assert_true(row->past->heat > 0.99);
	assert_true(s.pasts.all.rate > 24.9 && s.pasts.all.rate < 25.1);
	/* Half of it in each of the two seconds that are over, nothing before. */
	update(13);
	rp_past__minute(rp_state__row(&s, 0, NULL)->past, s.pasts.second, minute, RP_PAST_SECONDS);
	assert_true(minute[59] == 0);
	assert_true(minute[58] > 24.9f && minute[58] < 25.1f);
	assert_true(minute[57] > 24.9f && minute[57] < 25.1f);
	assert_true(minute[56] == 0);
	/* A minute later nothing is left of it. */
	update(75);
	rp_past__minute(rp_state__row(&s, 0, NULL)->past, s.pasts.second, minute, RP_PAST_SECONDS);
	for (size_t i = 0; i < RP_PAST_SECONDS; i++)
		assert_true(minute[i] == 0);
}

/* After a reset the figures are smaller than they were: no rate comes of that. */
static void test_reset(void **state)
{
	double rate;

	(void)state;
	key('r');
	assert_int_equal(request.type, RP_REQUEST_RESET);
	rp_state__rebase(&s);
	for (size_t i = 0; i < FIXTURE_NODES; i++)
		server.nodes[i].figures.count = 0;
	server.nodes[1].figures.count = 7;
	update(11);
	assert_int_equal(past_count("handle_request", &rate), 7);
	assert_true(rate > 6.99 && rate < 7.01);
	past_count("query", &rate);
	assert_true(rate == 0);
	assert_true(s.pasts.all.rate > 6.99 && s.pasts.all.rate < 7.01);
}

/* A key may ask for new figures right behind others: rates go on over the whole of the interval. */
static void test_rates_over_intervals(void **state)
{
	double rate;

	(void)state;
	s.interval = 4;
	server.nodes[1].figures.count += 50;
	update(11);
	assert_int_equal(past_count("handle_request", &rate), 1060);
	assert_true(rate == 0);
	update(12);
	assert_int_equal(past_count("handle_request", &rate), 1060);
	assert_true(rate > 24.99 && rate < 25.01);
}

static void test_losses(void **state)
{
	(void)state;
	assert_int_equal(rp_state__lost(&s), 19);
	assert_false(s.losing);
	server.counts.lost[RP_LOST_DEPTH]++;
	update(11);
	assert_true(s.losing);
	update(12);
	assert_false(s.losing);
	assert_int_equal(rp_state__lost(&s), 20);
}

/* What was found can be looked at; nothing new can be asked for. */
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

/* Each column of every view can be had here. */
static void test_columns_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < rp_n_columns; i++)
		is_shown(rp_columns[i].title);
	assert_int_equal(s.columns.n, rp_n_columns + 1); /* and the last minute */
}

static void test_panes(void **state)
{
	(void)state;
	key(RP_KEY_ENTER);
	assert_int_equal(s.pane, RP_PANE_HIST);
	assert_true(s.layout.n_pane > 0);
	for (int pane = RP_PANE_HIST + 1; pane < RP_PANE_END; pane++) {
		key(RP_KEY_TAB);
		assert_int_equal(s.pane, pane);
	}
	key(RP_KEY_TAB);
	assert_int_equal(s.pane, RP_PANE_HIST);
	key(RP_KEY_BACK_TAB);
	assert_int_equal(s.pane, RP_PANE_END - 1);
	key(RP_KEY_BACK_TAB);
	assert_int_equal(s.pane, RP_PANE_END - 2);
	key(RP_KEY_ESCAPE);
	assert_int_equal(s.layout.n_pane, 0);
	key(RP_KEY_TAB);
	assert_int_equal(s.pane, RP_PANE_HIST);
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
	rp_state__mouse(&s, s.layout.pane, strlen(" Histogram  C"), RP_BUTTON_CLICK, &request);
	assert_int_equal(s.pane, RP_PANE_KIN);
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
		TEST(test_sort_all),	 TEST(test_sort_around),
		TEST(test_sort_scrolls), TEST(test_move),
		TEST(test_scrolls),	 TEST(test_cursor_follows),
		TEST(test_search),	 TEST(test_search_steps),
		TEST(test_filter),	 TEST(test_tree),
		TEST(test_tree_filter),	 TEST(test_tree_stays),
		TEST(test_rates),	 TEST(test_reset),
		TEST(test_pause),	 TEST(test_rates_over_intervals),
		TEST(test_losses),	 TEST(test_ended),
		TEST(test_interval),	 TEST(test_tags),
		TEST(test_add),		 TEST(test_group),
		TEST(test_columns),	 TEST(test_columns_complete),
		TEST(test_panes),	 TEST(test_mouse),
		TEST(test_any_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

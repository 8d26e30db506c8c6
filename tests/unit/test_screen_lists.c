// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What the screen looks like where it lists open regions, groups and sites, or asks for a text. */
#include <locale.h>

#include "screen_grid.h"

#define STUCK (5 * S)

static const struct size tiny = {50, 12}, small = {80, 24}, usual = {120, 30};

static void check(const struct size *size, bool styles, const char *golden)
{
	static char text[ROWS_MAX * WIDTH_MAX * 4];

	draw(size, styles, text);
	assert_golden(golden, text);
}

static void assert_shown(const struct size *size, const char *what, bool shown)
{
	static char text[ROWS_MAX * WIDTH_MAX * 4];

	draw(size, false, text);
	if ((strstr(text, what) != NULL) != shown)
		fail_msg("%s is %s:\n%s", what, shown ? "not there" : "there", text);
}

static void show(bool utf8)
{
	fixture_server(&server);
	rp_state__init(&s, &(struct rp_state_opts){
				   .sort = rp_column__find("total"), .interval = 1, .utf8 = utf8});
	rp_state__resize(&s, usual.rows, usual.width);
}

/* ---- menus ------------------------------------------------------------------------------------
 */

/* What is so now is told by a word, wherever the cursor is. */
static void test_menus_tell_what_is_now(void **state)
{
	static const struct size large = {200, 50};

	(void)state;
	show(true);
	update(10);
	key('g');
	key(RP_KEY_DOWN);
	assert_shown(&usual, "n  none  (now)", true);
	assert_shown(&usual, "p  process  (now)", false);
	key(RP_KEY_ESCAPE);
	s.sort = rp_column__find("name");
	key('c');
	assert_shown(&large, "name of the region  (sorted by)", true);
	rp_state__free(&s);
}

/* ---- open regions ---------------------------------------------------------------------------- */

static struct rp_node nodes[] = {{0}, {.region = 1}, {.region = 2, .parent = 1}, {.region = 3}};
static struct rp_region_name regions[8];

/* Frames of threads and of a goroutine, one in another, and a span; two of them are stuck. */
static void update_open(uint64_t second, size_t n)
{
	struct rp_open_entry entries[] = {
		{.start = 90 * S, .node = 1, .region = 1, .tid = 8, .depth = 1, .comm = "worker"},
		{.start = 94 * S, .node = 2, .region = 2, .tid = 8, .depth = 2, .comm = "worker"},
		{.start = 99 * S + S / 2, .node = 3, .region = 3, .span = 4711, .comm = "web"},
		{.start = 99 * S, .node = 1, .region = 1, .goroutine = 0xc000182000, .depth = 1},
	};
	struct rp_open_entries in = {
		.item = entries,
		.n = n,
		.nodes = nodes,
		.n_nodes = 3,
		.time = second * S,
		.names = {.regions = regions, .n_regions = server.counts.names.n_regions}};
	struct rp_open_regions *open;

	for (size_t i = 0; i < 4; i++)
		entries[i].pid = 7;
	for (size_t i = 0; i < server.counts.names.n_regions; i++)
		regions[i] = (struct rp_region_name){.name = server.regions[i].name, .object = ""};
	regions[2].kind = RP_KIND_SPAN;
	open = rp_open_regions__build(&in, STUCK);
	assert_non_null(open);
	update_with(second, open);
}

static void test_open_regions(void **state)
{
	(void)state;
	show(true);
	update_open(99, 4);
	key('o');
	update_open(100, 4);
	key(RP_KEY_DOWN);
	check(&usual, false, "screen-120-open.txt");
	check(&usual, true, "screen-120-open-styles.txt");
	check(&tiny, false, "screen-50-open.txt");
	rp_state__free(&s);
	show(false);
	update_open(100, 3);
	key('o');
	update_open(100, 3);
	keys("\\worker");
	key(RP_KEY_ENTER);
	update_open(100, 3);
	check(&small, false, "screen-80-open-ascii.txt");
	rp_state__free(&s);
}

/* Why there are no rows. */
static void test_no_open_regions(void **state)
{
	(void)state;
	show(true);
	update_with(10, NULL);
	key('o');
	assert_shown(&small, "what is open is being read", true);
	update_with(11, NULL);
	assert_shown(&small, "what is open is being read", false);
	assert_shown(&small, "this kernel cannot tell which regions are open", true);
	assert_shown(&small, "0 open regions", true);
	update_open(100, 1);
	assert_shown(&small, "1 open region  every 1 s", true);
	keys("\\nowhere");
	key(RP_KEY_ENTER);
	update_open(100, 1);
	assert_shown(&small, "no row has this text", true);
	assert_shown(&small, "0 of 1 open region ", true);
	rp_state__free(&s);
}

/* ---- texts that are asked for ---------------------------------------------------------------- */

static void test_prompts(void **state)
{
	(void)state;
	show(true);
	update(10);
	keys("/walk");
	key(RP_KEY_LEFT);
	check(&small, false, "screen-80-search.txt");
	assert_int_equal(cursor, strlen("Search: wal"));
	key(RP_KEY_ESCAPE);
	keys("\\par");
	check(&small, false, "screen-80-filter.txt");
	assert_int_equal(cursor, strlen("Filter: par"));
	/* What does not fit goes on the left. */
	for (size_t i = 0; i < 50; i++)
		key('x');
	assert_shown(&tiny, "Filter: xxxxx", true);
	assert_int_equal(cursor, tiny.width - 1);
	key(RP_KEY_ENTER);
	assert_shown(&small, "filter: par", true);
	rp_state__free(&s);
}

/* ---- panes ----------------------------------------------------------------------------------- */

static void open_pane(enum rp_pane pane)
{
	key(RP_KEY_ENTER);
	while (s.pane != pane)
		key(RP_KEY_TAB);
}

static void test_calls(void **state)
{
	(void)state;
	show(true);
	update(10);
	key(RP_KEY_DOWN);
	open_pane(RP_PANE_CALLS);
	check(&usual, true, "screen-120-calls-styles.txt");
	check(&tiny, false, "screen-50-calls.txt");
	rp_state__free(&s);
}

static void test_groups(void **state)
{
	(void)state;
	show(true);
	update(10);
	open_pane(RP_PANE_GROUPS);
	assert_shown(&usual, "not grouped: g groups by", true);
	s.by = RP_BY_PROCESS;
	update(11);
	/* The region that is in two of them. */
	while (rp_state__chosen_row(&s)->region != 2)
		key(RP_KEY_DOWN);
	assert_shown(&usual, "not grouped: g groups by", false);
	check(&usual, false, "screen-120-groups.txt");
	check(&usual, true, "screen-120-groups-styles.txt");
	rp_state__free(&s);
}

static void test_sites(void **state)
{
	static struct rp_source source = {
		.site = {{.role = "entry",
			  .object = "/usr/bin/server",
			  .offset = 0x1234,
			  .state = RP_SOURCE_LINE,
			  .line = 42,
			  .file = "/home/somebody/a/folder/that/is/deep/and/deeper/than/the/pane/"
				  "is/"
				  "wide/for/it/src/main.c"},
			 {.role = "exit",
			  .object = "a-library-with-a-very-long-name.so.1",
			  .offset = 0x22222222,
			  .slow = true,
			  .state = RP_SOURCE_NO_LINE},
			 {.role = "begin", .object = "x", .state = RP_SOURCE_PENDING},
			 {.role = "end", .object = "x", .state = RP_SOURCE_FAILED}},
		.n = 4,
		.more = 3};

	(void)state;
	show(true);
	update(10);
	open_pane(RP_PANE_SOURCE);
	s.source = &source;
	check(&usual, false, "screen-120-sites.txt");
	check(&usual, true, "screen-120-sites-styles.txt");
	source.more = 0;
	assert_shown(&usual, "4 of ", false);
	source.site[0].state = RP_SOURCE_NO_DEBUG;
	assert_shown(&usual, "no debug information", true);
	assert_shown(&usual, "build it with -g", true);
	source.n = 0;
	assert_shown(&usual, "named at run time", true);
	rp_state__free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_menus_tell_what_is_now),
		cmocka_unit_test(test_open_regions),
		cmocka_unit_test(test_no_open_regions),
		cmocka_unit_test(test_prompts),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_sites),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}

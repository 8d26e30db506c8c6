// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The list of open regions on the screen, without a terminal. */
#include "screen_fixture.h"

#define STUCK (5 * S)
#define LINES 10

static uint64_t now; /* s */

static struct rp_node nodes[3];
static struct rp_region_name regions[8];
static struct rp_open_entry entries[64];
static struct rp_open_entries in;

/* Entered at a second, alone on the stack of a thread. */
static void enter(uint32_t tid, uint64_t second, uint32_t region)
{
	entries[in.n++] = (struct rp_open_entry){.start = second * S,
						 .region = region,
						 .pid = 7,
						 .tid = tid,
						 .depth = 1,
						 .comm = "worker"};
}

static void refresh(void)
{
	struct rp_open_regions *open;

	in.time = ++now * S;
	open = rp_open_regions__build(&in, STUCK);
	assert_non_null(open);
	update_with(now, open);
}

static int setup_list(void **state)
{
	(void)state;
	show_server(LINES + 5);
	for (size_t i = 0; i < server.counts.names.n_regions; i++)
		regions[i] = (struct rp_region_name){.name = server.regions[i].name, .object = ""};
	in = (struct rp_open_entries){
		.item = entries,
		.nodes = nodes,
		.names = {.regions = regions, .n_regions = server.counts.names.n_regions}};
	now = 100;
	return 0;
}

static uint32_t chosen(void)
{
	const struct rp_open_row *row = rp_open_list__row(&s.list, s.list.cursor);

	assert_non_null(row);
	return row->tid;
}

static void test_open_and_close(void **state)
{
	(void)state;
	enter(1, 99, 1);
	refresh();
	assert_false(s.list.shown);
	key('o');
	assert_true(s.list.shown);
	assert_int_equal(request.type, RP_REQUEST_REFRESH);
	key('o');
	assert_false(s.list.shown);
	assert_int_equal(request.type, RP_REQUEST_NONE);
	key('o');
	key(RP_KEY_ESCAPE);
	assert_false(s.list.shown);
	/* Keys of the table do nothing to what is not seen. */
	key('o');
	keys("tId ");
	assert_false(s.tree || s.invert);
	key('q');
	assert_int_equal(request.type, RP_REQUEST_QUIT);
}

/* No pane takes lines from it, and the table is as it was behind it. */
static void test_lines(void **state)
{
	(void)state;
	refresh();
	key(RP_KEY_ENTER);
	assert_true(s.layout.n_pane > 0);
	key('o');
	assert_int_equal(s.layout.n_pane, 0);
	assert_int_equal(s.layout.n_table, LINES);
	key('o');
	assert_true(s.layout.n_pane > 0);
}

/* A label for which there is no room is left out: a path is what a line is known by. */
static void test_path(void **state)
{
	const struct rp_open_row *first;
	struct rp_open_row row;
	char path[16];

	(void)state;
	enter(1, 96, 1);
	refresh();
	key('o');
	first = rp_open_list__row(&s.list, 0);
	assert_non_null(first);
	row = *first;
	snprintf(row.label, sizeof(row.label), "7");
	rp_open_list__path(&s.list, &row, path, sizeof(path));
	assert_non_null(strstr(path, "[7]"));
	snprintf(row.label, sizeof(row.label), "fifteen letters");
	rp_open_list__path(&s.list, &row, path, sizeof(path));
	assert_int_not_equal(path[0], '\0');
	assert_null(strstr(path, "["));
}

static void test_stuck(void **state)
{
	(void)state;
	enter(1, 96, 1); /* 5 s at the update */
	enter(2, 97, 1);
	enter(3, 10, 1);
	key('o');
	refresh();
	assert_int_equal(s.list.n_visible, 3);
	assert_int_equal(chosen(), 3);
	assert_true(rp_open_list__is_stuck(&s.list, 0));
	assert_true(rp_open_list__is_stuck(&s.list, 1));
	assert_false(rp_open_list__is_stuck(&s.list, 2));
}

/* The chosen line stays chosen wherever it goes; without a choice the oldest is. */
static void test_choice(void **state)
{
	(void)state;
	for (uint32_t tid = 1; tid <= 30; tid++)
		enter(tid, 20 + tid, 1);
	key('o');
	refresh();
	entries[0].start = 80 * S; /* left and entered again */
	refresh();
	assert_int_equal(chosen(), 2);
	key(RP_KEY_DOWN);
	key(RP_KEY_DOWN);
	assert_int_equal(chosen(), 4);
	entries[1].start = 81 * S;
	refresh();
	assert_int_equal(chosen(), 4);
	/* Gone itself: the line stays. */
	entries[3].start = 82 * S;
	refresh();
	assert_int_equal(s.list.cursor, 1);
	key(RP_KEY_END);
	assert_int_equal(s.list.cursor, 29);
	assert_int_equal(s.list.top, 30 - LINES);
	rp_state__mouse(&s, s.layout.table + 2, 30, RP_BUTTON_CLICK, &request);
	assert_int_equal(s.list.cursor, 30 - LINES + 2);
	key(RP_KEY_END);
	key(RP_KEY_PAGE_UP);
	assert_int_equal(s.list.cursor, 29 - (LINES - 1));
	key(RP_KEY_HOME);
	assert_int_equal(s.list.top, 0);
	entries[2].start = 83 * S;
	refresh();
	assert_int_equal(s.list.cursor, 0);
}

static void test_filter(void **state)
{
	(void)state;
	enter(1, 50, 1);
	enter(2, 51, 2);
	enter(3, 52, 1);
	memcpy(entries[2].comm, "Other", 6);
	key('o');
	refresh();
	keys("\\");
	keys(regions[1].name);
	assert_int_equal(s.list.n_visible, 1);
	assert_int_equal(chosen(), 2);
	keys("|other");
	key(RP_KEY_ENTER);
	assert_true(s.list.shown);
	refresh();
	assert_int_equal(s.list.n_visible, 2);
	assert_int_equal(rp_open_list__row(&s.list, 1)->tid, 3);
}

static void test_go_to_region(void **state)
{
	(void)state;
	enter(1, 50, 1);
	enter(2, 51, 2);
	key('o');
	refresh();
	key(RP_KEY_DOWN);
	key(RP_KEY_ENTER);
	assert_false(s.list.shown);
	assert_int_equal(rp_state__chosen_row(&s)->region, 2);
	/* By the mouse: the first click chooses, the second one goes there. */
	key('o');
	rp_state__mouse(&s, s.layout.table, 30, RP_BUTTON_CLICK, &request);
	assert_int_equal(chosen(), 1);
	rp_state__mouse(&s, s.layout.table, 30, RP_BUTTON_CLICK, &request);
	assert_false(s.list.shown);
	assert_int_equal(rp_state__chosen_row(&s)->region, 1);
}

static void test_end(void **state)
{
	(void)state;
	enter(1, 50, 1);
	key('o');
	refresh();
	in.n = 0;
	refresh();
	assert_int_equal(s.list.n_visible, 0);
	keys("kj");
	key(RP_KEY_ENTER);
	s.ended = true;
	key('o');
	assert_false(s.list.shown);
	key('o');
	assert_false(s.list.shown);
	assert_string_equal(s.message, "the target has ended");
	/* Other groups: nothing of it is left. */
	rp_state__forget(&s);
	assert_null(s.list.open);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_list, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_open_and_close), TEST(test_lines),  TEST(test_path),
		TEST(test_stuck),	   TEST(test_choice), TEST(test_filter),
		TEST(test_go_to_region),   TEST(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

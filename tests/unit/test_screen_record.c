// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The screen on a record: its window, and what keys ask for. */
#include "screen_fixture.h"

static struct rp_axis axis;

/* 100 s, of which 40 to 60 are shown. */
static int setup_record(void **state)
{
	(void)state;
	axis = (struct rp_axis){.end = 100 * S, .from = 40 * S, .to = 60 * S};
	fixture_server(&server);
	rp_state__init(&s, &(struct rp_state_opts){
				   .sort = rp_column__find("total"), .utf8 = true, .axis = &axis});
	rp_state__resize(&s, 30, 100);
	update(22);
	return 0;
}

static void assert_asks(int k, uint64_t from, uint64_t to)
{
	key(k);
	assert_int_equal(request.type, RP_REQUEST_WINDOW);
	assert_int_equal(request.span.from, from);
	assert_int_equal(request.span.to, to);
	assert_string_equal(s.message, "");
}

static void show_window(uint64_t from, uint64_t to)
{
	axis.from = from;
	axis.to = to;
}

static void assert_goes_no_further(int k)
{
	key(k);
	assert_int_equal(request.type, RP_REQUEST_NONE);
	assert_string_equal(s.message, "the window is as far as it goes");
}

static void test_moves(void **state)
{
	(void)state;
	assert_asks('.', 45 * S, 65 * S);
	assert_asks(',', 35 * S, 55 * S);
	assert_asks('}', 60 * S, 80 * S);
	assert_asks('{', 20 * S, 40 * S);
	/* As far as there is something, and as long as it was. */
	show_window(78 * S, 98 * S);
	assert_asks('.', 80 * S, 100 * S);
	show_window(80 * S, 100 * S);
	assert_goes_no_further('.');
	assert_goes_no_further('}');
	show_window(3 * S, 23 * S);
	assert_asks('{', 0, 20 * S);
	show_window(0, 20 * S);
	assert_goes_no_further(',');
}

static void test_zooms(void **state)
{
	static const int closer[] = {'+', '=', RP_KEY_F0 + 8}, wider[] = {'-', RP_KEY_F0 + 7};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_asks(closer[i], 45 * S, 55 * S);
	for (size_t i = 0; i < 2; i++)
		assert_asks(wider[i], 30 * S, 70 * S);
	assert_asks('0', 0, 100 * S);
	show_window(80 * S, 100 * S);
	assert_asks('-', 60 * S, 100 * S);
	show_window(10 * S, 70 * S);
	assert_asks('-', 0, 100 * S);
	show_window(0, 100 * S);
	assert_goes_no_further('-');
	assert_goes_no_further('0');
	/* Down to what instances are short in, and no further. */
	for (int i = 0; i < 64; i++) {
		key('+');
		if (request.type == RP_REQUEST_WINDOW)
			show_window(request.span.from, request.span.to);
	}
	assert_int_equal(axis.to - axis.from, 1000);
	assert_goes_no_further('+');
}

static void test_mouse(void **state)
{
	size_t y = s.layout.axis, width = rp_axis__width(&s);

	(void)state;
	assert_int_equal(s.layout.n_axis, 3);
	rp_state__mouse(&s, y, RP_AXIS_X + width * 3 / 4, RP_BUTTON_CLICK, &request);
	assert_int_equal(request.type, RP_REQUEST_WINDOW);
	assert_in_range(request.span.from, 64 * S, 67 * S);
	assert_int_equal(request.span.to - request.span.from, 20 * S);
	rp_state__mouse(&s, y + 2, RP_AXIS_X, RP_BUTTON_WHEEL_UP, &request);
	assert_int_equal(request.span.from, 45 * S);
	rp_state__mouse(&s, y + 1, RP_AXIS_X, RP_BUTTON_WHEEL_DOWN, &request);
	assert_int_equal(request.span.from, 30 * S);
	/* Beside it, and in the table, it is for something else. */
	rp_state__mouse(&s, y, RP_AXIS_X + width, RP_BUTTON_CLICK, &request);
	assert_int_equal(request.type, RP_REQUEST_NONE);
	rp_state__mouse(&s, y - 1, RP_AXIS_X, RP_BUTTON_CLICK, &request);
	assert_int_equal(request.type, RP_REQUEST_NONE);
}

/* What is for a program that runs says so, and asks for nothing. */
static void test_keys_that_are_not_for_records(void **state)
{
	static const int live[] = {'a', 'd', RP_KEY_F0 + 9, 'z', 'r', 'i', 'p', 'o'};

	(void)state;
	for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++) {
		key(live[i]);
		assert_int_equal(request.type, RP_REQUEST_NONE);
		assert_int_equal(s.mode, RP_MODE_TABLE);
		assert_string_not_equal(s.message, "");
	}
	assert_false(s.paused || s.recent || s.list.shown);
	key('w');
	assert_int_equal(request.type, RP_REQUEST_SAVE);
	key('q');
	assert_int_equal(request.type, RP_REQUEST_QUIT);
}

/* Those of the window, however often and in whatever order windows are shown. */
static void test_rates_are_those_of_the_window(void **state)
{
	const struct rp_row *row = rp_state__chosen_row(&s);
	double seconds = (double)s.total->duration / (double)S;
	double count = (double)row->f.count, total = (double)row->f.total / (double)S;

	(void)state;
	assert_true(row->f.count > 0);
	for (int i = 0; i < 2; i++) {
		assert_float_equal(row->history->rate, count / seconds, 1e-6);
		assert_float_equal(row->history->share, total / seconds * 100, 1e-6);
		update(12);
		update(22);
		row = rp_state__chosen_row(&s);
	}
}

static void test_panes(void **state)
{
	(void)state;
	key(RP_KEY_ENTER);
	for (int i = 0; i < 2 * RP_PANE_END; i++) {
		key(RP_KEY_TAB);
		assert_true(rp_pane__is_there(&s, s.pane));
	}
	for (int i = 0; i < 2 * RP_PANE_END; i++) {
		key(RP_KEY_BACK_TAB);
		assert_true(rp_pane__is_there(&s, s.pane));
	}
	assert_false(rp_pane__is_there(&s, RP_PANE_SOURCE));
	for (size_t x = 0; x < 100; x++)
		assert_int_not_equal(rp_panes__at(&s, x), RP_PANE_SOURCE);
}

/* First and last are columns of records alone; a trend they have not. */
static void test_columns(void **state)
{
	bool has_first = false;

	(void)state;
	for (size_t i = 0; i < s.columns.n; i++) {
		assert_string_not_equal(s.columns.item[i].column->key, "trend");
		has_first |= !strcmp(s.columns.item[i].column->sort, "first");
	}
	assert_true(has_first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_moves, setup_record, teardown),
		cmocka_unit_test_setup_teardown(test_zooms, setup_record, teardown),
		cmocka_unit_test_setup_teardown(test_mouse, setup_record, teardown),
		cmocka_unit_test_setup_teardown(test_keys_that_are_not_for_records, setup_record,
						teardown),
		cmocka_unit_test_setup_teardown(test_rates_are_those_of_the_window, setup_record,
						teardown),
		cmocka_unit_test_setup_teardown(test_panes, setup_record, teardown),
		cmocka_unit_test_setup_teardown(test_columns, setup_record, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

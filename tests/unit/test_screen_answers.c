// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Keys and clicks where there is little to do: what they say, and what they leave alone. */
#include "screen_fixture.h"

static void click(size_t y, size_t x)
{
	rp_state__mouse(&s, y, x, RP_BUTTON_CLICK, &request);
}

/* What is detached is what has the tag, though the cursor went on. */
static void test_name_of_tagged(void **state)
{
	const char *first = rp_state__row(&s, 0, NULL)->name;
	uint32_t regions[4];

	(void)state;
	key(' ');
	key('d');
	assert_int_equal(request.type, RP_REQUEST_DROP);
	assert_int_equal(rp_state__chosen(&s, regions, 4), 1);
	assert_string_equal(rp_state__name(&s, regions[0]), first);
	assert_string_not_equal(rp_state__chosen_row(&s)->name, first);
	assert_string_equal(rp_state__name(&s, 12345), "");
}

/* A message hides the keys of the bar: a click there means none of them. */
static void test_click_on_message(void **state)
{
	size_t x = 0;

	(void)state;
	while (rp_bar__at(rp_bar__of(false), x, 100) != RP_KEY_F0 + 10)
		x++;
	rp_state__say(&s, "something to read");
	click(s.layout.bar, x);
	assert_int_equal(request.type, RP_REQUEST_NONE);
	assert_string_equal(s.message, "");
	click(s.layout.bar, x);
	assert_int_equal(request.type, RP_REQUEST_QUIT);
}

/* Keys that have no room are not there for the mouse either. */
static void check_bar(const struct rp_bar *bar)
{
	static const size_t widths[] = {1, 79, 80, 99, 100, 113, 500};
	size_t width[sizeof(widths) / sizeof(widths[0])] = {0};

	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		size_t n = rp_bar__shown(bar, widths[i]);

		assert_in_range(n, bar->always, bar->n);
		for (size_t k = 0; k < n; k++)
			width[i] += strlen(bar->key[k].name) + strlen(bar->key[k].label) + 1;
		assert_true(n == bar->always || width[i] <= widths[i]);
		assert_int_equal(rp_bar__at(bar, width[i] - 1, widths[i]), bar->key[n - 1].key);
		assert_int_equal(rp_bar__at(bar, width[i], widths[i]), 0);
	}
	assert_true(width[0] <= 80);
}

static void test_bar(void **state)
{
	(void)state;
	check_bar(rp_bar__of(false));
	check_bar(rp_bar__of(true));
}

static void test_search_back(void **state)
{
	(void)state;
	key('N');
	assert_int_equal(s.mode, RP_MODE_SEARCH);
	key('#');
	key(RP_KEY_ENTER);
	assert_int_equal(s.cursor, 0);
	key('N');
	assert_non_null(strstr(s.message, "no row has '#'"));
	assert_int_equal(s.cursor, 0);
}

/* Names part in the middle of a character: none of its bytes is taken. */
static void test_complete(void **state)
{
	static const char *const names[] = {"gr\xc3\xb6\xc3\x9f", "gr\xc3\xbcn"};

	(void)state;
	key('a');
	key('g');
	rp_state__complete(&s, names, 2);
	assert_string_equal(s.prompt.text, "gr");
}

/* Nothing new comes; but from the last interval there is a way back to all of it. */
static void test_ended(void **state)
{
	(void)state;
	key('i');
	assert_true(s.recent);
	s.ended = true;
	key('i');
	assert_false(s.recent);
	assert_int_equal(request.type, RP_REQUEST_PERIOD);
	key('i');
	assert_false(s.recent);
	assert_non_null(strstr(s.message, "has ended"));
	key('d');
	assert_int_equal(request.type, RP_REQUEST_NONE);
	assert_non_null(strstr(s.message, "has ended"));
}

/* Of the last interval, in which nothing was left, and back: the rows that were chosen stay so. */
static void test_period(void **state)
{
	struct rp_snapshot_opts opts = {0};
	struct rp_snapshot *recent;
	const char *chosen;

	(void)state;
	key(RP_KEY_DOWN);
	chosen = rp_state__chosen_row(&s)->name;
	assert_int_not_equal(rp_state__chosen_row(&s)->f.count, 0);
	key('i');
	assert_int_equal(request.type, RP_REQUEST_PERIOD);
	recent = rp_snapshot__build(&server.counts, &server.counts, &opts);
	assert_int_equal(rp_state__show_period(&s, recent), 0);
	assert_int_equal(rp_state__chosen_row(&s)->f.count, 0);
	assert_string_equal(rp_state__chosen_row(&s)->name, chosen);
	assert_non_null(rp_state__chosen_row(&s)->history);
	key('i');
	assert_int_equal(request.type, RP_REQUEST_PERIOD);
	assert_int_equal(rp_state__show_period(&s, NULL), 0);
	assert_ptr_equal(s.shown, s.total);
	assert_string_equal(rp_state__chosen_row(&s)->name, chosen);
	assert_int_not_equal(rp_state__chosen_row(&s)->f.count, 0);
}

/* Until there are rows of the other groups, the header is all that is known. */
static void test_other_groups(void **state)
{
	(void)state;
	key('t');
	rp_state__forget(&s);
	assert_non_null(s.shown);
	assert_int_equal(s.n_visible, 0);
	assert_null(rp_state__costliest(&s));
	key('t');
	key('G');
	assert_null(rp_state__chosen_row(&s));
	update(11);
	assert_int_not_equal(s.n_visible, 0);
}

static void test_list(void **state)
{
	(void)state;
	key('o');
	assert_true(s.list.shown);
	assert_true(s.list.asked); /* it is not known yet whether something is open */
	update(11);
	assert_false(s.list.asked);
	key('d');
	assert_int_equal(request.type, RP_REQUEST_NONE);
	assert_non_null(strstr(s.message, "o leads back"));
	key('#');
	assert_string_equal(s.message, "");
	key('o');
	assert_false(s.list.shown);
	key('d');
	assert_int_equal(request.type, RP_REQUEST_DROP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_name_of_tagged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_click_on_message, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bar, setup, teardown),
		cmocka_unit_test_setup_teardown(test_search_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_complete, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(test_period, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_groups, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

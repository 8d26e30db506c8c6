// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What keys and the mouse come to, as terminals send them. */
#include "terminal_fixture.h"

static const struct {
	const char *bytes;
	int key;
} known[] = {
	{"\x1b[A", RP_KEY_UP},
	{"\x1bOA", RP_KEY_UP},
	{"\x1b[B", RP_KEY_DOWN},
	{"\x1bOB", RP_KEY_DOWN},
	{"\x1b[C", RP_KEY_RIGHT},
	{"\x1bOC", RP_KEY_RIGHT},
	{"\x1b[D", RP_KEY_LEFT},
	{"\x1bOD", RP_KEY_LEFT},
	{"\x1b[1;2D", RP_KEY_SHIFT_LEFT},
	{"\x1b[1;2C", RP_KEY_SHIFT_RIGHT},
	{"\x1b[H", RP_KEY_HOME},
	{"\x1b[1~", RP_KEY_HOME},
	{"\x1b[7~", RP_KEY_HOME},
	{"\x1bOH", RP_KEY_HOME},
	{"\x1b[F", RP_KEY_END},
	{"\x1b[4~", RP_KEY_END},
	{"\x1b[8~", RP_KEY_END},
	{"\x1bOF", RP_KEY_END},
	{"\x1b[5~", RP_KEY_PAGE_UP},
	{"\x1b[6~", RP_KEY_PAGE_DOWN},
	{"\x1b[3~", RP_KEY_DELETE},
	{"\x1b[Z", RP_KEY_BACK_TAB},
	{"\x1bOP", RP_KEY_F0 + 1},
	{"\x1b[11~", RP_KEY_F0 + 1},
	{"\x1bOQ", RP_KEY_F0 + 2},
	{"\x1b[12~", RP_KEY_F0 + 2},
	{"\x1bOR", RP_KEY_F0 + 3},
	{"\x1bOS", RP_KEY_F0 + 4},
	{"\x1b[15~", RP_KEY_F0 + 5},
	{"\x1b[24~", RP_KEY_F0 + 12},
	{"\x7f", RP_KEY_BACKSPACE},
	{"\r", RP_KEY_ENTER},
	{"\n", '\n'},
	{"x", 'x'},
	{" ", ' '},
	{"\x0c", 0x0c},
	{"\x1b", RP_KEY_ESCAPE},
};

static void keys_are_known_by_what_terminals_send(void **state)
{
	struct rp_input got[sizeof(known) / sizeof(known[0])] = {0};
	bool more[sizeof(known) / sizeof(known[0])];
	bool opened = open_screen(false);

	(void)state;
	for (size_t i = 0; opened && i < sizeof(known) / sizeof(known[0]); i++) {
		struct rp_input none;

		type(known[i].bytes, strlen(known[i].bytes));
		while (!rp_terminal__read(&got[i]))
			;
		more[i] = rp_terminal__read(&none);
	}
	close_screen();
	assert_true(opened);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_int_equal(got[i].key, known[i].key);
		assert_false(more[i]);
	}
}

/* What no key is sent by is passed over whole; what is behind it is a key. */
static void other_sequences_are_no_keys(void **state)
{
	static const char *const before[] = {"\x1b[I", "\x1b[?2026;2$y", "\x1bOz",
					     "\x1b]11;rgb:0/0/0\x07", "\x1b[200~"};
	struct rp_input got[5] = {0}, none;
	bool opened = open_screen(false), more = false;

	(void)state;
	for (size_t i = 0; opened && i < 5; i++) {
		type(before[i], strlen(before[i]));
		type("k", 1);
		while (!rp_terminal__read(&got[i]))
			;
		more |= rp_terminal__read(&none);
	}
	close_screen();
	assert_true(opened);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(got[i].key, 'k');
	assert_false(more);
}

/* An escape before a key of its own, which is not lost. */
static void escape_before_another_key(void **state)
{
	struct rp_input got[4] = {0};
	bool opened = open_screen(false);

	(void)state;
	if (opened) {
		type("\x1bq\x1b\x1b[A", 6);
		for (size_t i = 0; i < 4; i++)
			while (!rp_terminal__read(&got[i]))
				;
	}
	close_screen();
	assert_true(opened);
	assert_int_equal(got[0].key, RP_KEY_ESCAPE);
	assert_int_equal(got[1].key, 'q');
	assert_int_equal(got[2].key, RP_KEY_ESCAPE);
	assert_int_equal(got[3].key, RP_KEY_UP);
}

static void the_mouse_clicks_and_turns(void **state)
{
	static const struct {
		const char *bytes;
		enum rp_button button;
		size_t y, x;
	} cases[] = {
		{"\x1b[<0;5;3M\x1b[<0;5;3m", RP_BUTTON_CLICK, 2, 4},
		{"\x1b[<64;1;1M", RP_BUTTON_WHEEL_UP, 0, 0},
		{"\x1b[<65;80;24M", RP_BUTTON_WHEEL_DOWN, 23, 79},
	};
	struct rp_input got[3] = {0};
	bool opened = open_screen(true), asks;

	(void)state;
	asks = receive("\x1b[?1006;1000h") || receive("1000h");
	for (size_t i = 0; opened && i < 3; i++) {
		type(cases[i].bytes, strlen(cases[i].bytes));
		got[i] = (struct rp_input){.key = -1, .button = (enum rp_button)9};
		while (!rp_terminal__read(&got[i]))
			;
	}
	close_screen();
	assert_true(opened);
	assert_true(asks);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(got[i].key, 0);
		assert_int_equal(got[i].button, cases[i].button);
		assert_int_equal(got[i].y, cases[i].y);
		assert_int_equal(got[i].x, cases[i].x);
	}
}

/* What is typed while a run begins is looked at for keys that end it, and served later. */
static void keys_are_held_until_they_can_be_served(void **state)
{
	static const int ends[] = {'q', 0x03};
	bool opened, before, none = true, found = false, again = false, late = true;
	struct rp_input got[4] = {0}, more;

	(void)state;
	before = rp_terminal__hold(ends, 2);
	opened = open_screen(false);
	if (opened) {
		type("ab", 2);
		none = rp_terminal__hold(ends, 2);
		type("qc", 2);
		while (!(found = rp_terminal__hold(ends, 2)))
			;
		again = rp_terminal__hold(ends, 2);
		for (size_t i = 0; i < 4; i++)
			while (!rp_terminal__read(&got[i]))
				;
		type("q", 1);
		late = rp_terminal__hold(ends, 2);
		while (!rp_terminal__read(&more))
			;
	}
	close_screen();
	assert_true(opened);
	assert_false(before);
	assert_false(none);
	assert_true(found);
	assert_true(again);
	assert_false(late);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(got[i].key, "abqc"[i]);
	assert_int_equal(more.key, 'q');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_known_by_what_terminals_send),
		cmocka_unit_test(other_sequences_are_no_keys),
		cmocka_unit_test(escape_before_another_key),
		cmocka_unit_test(the_mouse_clicks_and_turns),
		cmocka_unit_test(keys_are_held_until_they_can_be_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* How a terminal is drawn on, taken over and given back. */
#include <signal.h>

#include "terminal_fixture.h"

/* What ncurses has prepared for a terminal that it does not know it does not free. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:new_prescr";
}

static void send_all(void)
{
	rp_terminal__send(false);
	while (rp_terminal__is_behind())
		rp_terminal__resume();
}

struct drawn {
	bool bold, faint, reverse;
	int text, ground; /* colours; -1: the terminal's own */
};

static void set_attribute(struct drawn *d, const char **at)
{
	int n = (int)strtol(*at, (char **)at, 10);

	if (!n)
		*d = (struct drawn){.text = -1, .ground = -1};
	else if (n == 1)
		d->bold = true;
	else if (n == 2)
		d->faint = true;
	else if (n == 7)
		d->reverse = true;
	else if (n >= 30 && n <= 37)
		d->text = n - 30;
	else if (n == 38 && !strncmp(*at, ";5;", 3))
		d->text = (int)strtol(*at + 3, (char **)at, 10);
	else if (n == 39)
		d->text = -1;
	else if (n >= 40 && n <= 47)
		d->ground = n - 40;
	else if (n == 49)
		d->ground = -1;
}

/* How a text was drawn. Other sequences than those of attributes change nothing. */
static struct drawn drawn_as(const char *text)
{
	const char *end = strstr(pty.text, text), *at = pty.text;
	struct drawn d = {.text = -2};

	while (end && (at = strstr(at, "\x1b[")) && at < end) {
		const char *last = at + 2 + strspn(at + 2, "0123456789;");

		at += 2;
		if (*last != 'm')
			continue;
		do {
			at += *at == ';';
			set_attribute(&d, &at);
		} while (at < last);
	}
	return d;
}

static const char *const style_names[RP_STYLES] = {
	[RP_STYLE_NORMAL] = "s-normal",	   [RP_STYLE_STRONG] = "s-strong",
	[RP_STYLE_TITLE] = "s-title",	   [RP_STYLE_TITLE_SORT] = "s-sort",
	[RP_STYLE_SELECTED] = "s-chosen",  [RP_STYLE_TAGGED] = "s-tagged",
	[RP_STYLE_LABEL] = "s-label",	   [RP_STYLE_WARNING] = "s-warning",
	[RP_STYLE_FAINT] = "s-faint",	   [RP_STYLE_GRAPH] = "s-graph",
	[RP_STYLE_WORSE] = "s-worse",	   [RP_STYLE_BETTER] = "s-better",
	[RP_STYLE_SPLIT] = "s-on",	   [RP_STYLE_SPLIT + 1] = "s-wait",
	[RP_STYLE_SPLIT + 2] = "s-asleep", [RP_STYLE_HEAT] = "s-heat0",
	[RP_STYLE_HEAT + 1] = "s-heat1",   [RP_STYLE_HEAT + 2] = "s-heat2",
	[RP_STYLE_HEAT + 3] = "s-heat3",
};

static bool draw_styles(void)
{
	rp_terminal__clear();
	for (size_t i = 0; i < RP_STYLES; i++)
		rp_terminal__put((enum rp_style)i, i, i % 7 + 2, style_names[i]);
	rp_terminal__put(RP_STYLE_NORMAL, 23, 0, "the-end");
	rp_terminal__finish(0, RP_CURSOR_NONE);
	send_all();
	return receive("the-end");
}

struct style_case {
	enum rp_style style;
	struct drawn drawn;
};

/* Which of them is drawn otherwise; NULL: none. */
static const char *odd_style(const struct style_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct drawn *want = &cases[i].drawn;
		struct drawn got = drawn_as(style_names[cases[i].style]);

		if (got.bold != want->bold || got.faint != want->faint ||
		    got.reverse != want->reverse || got.text != want->text ||
		    got.ground != want->ground)
			return style_names[cases[i].style];
	}
	return NULL;
}

#define N(array) (sizeof(array) / sizeof((array)[0]))

static void styles_are_told_by_colour(void **state)
{
	static const struct style_case cases[] = {
		{RP_STYLE_NORMAL, {.text = -1, .ground = -1}},
		{RP_STYLE_STRONG, {.bold = true, .text = -1, .ground = -1}},
		{RP_STYLE_TITLE, {.text = 0, .ground = 2}},
		{RP_STYLE_TITLE_SORT, {.text = 0, .ground = 6}},
		{RP_STYLE_SELECTED, {.text = 0, .ground = 6}},
		{RP_STYLE_LABEL, {.text = 0, .ground = 6}},
		{RP_STYLE_TAGGED, {.bold = true, .text = 136, .ground = -1}},
		{RP_STYLE_WARNING, {.bold = true, .text = 1, .ground = -1}},
		{RP_STYLE_FAINT, {.faint = true, .text = -1, .ground = -1}},
		{RP_STYLE_GRAPH, {.text = 31, .ground = -1}},
		{RP_STYLE_WORSE, {.bold = true, .text = 1, .ground = -1}},
		{RP_STYLE_BETTER, {.bold = true, .text = 71, .ground = -1}},
		{RP_STYLE_SPLIT, {.text = 71, .ground = -1}},
		{RP_STYLE_SPLIT + 1, {.text = 208, .ground = -1}},
		{RP_STYLE_SPLIT + 2, {.text = 67, .ground = -1}},
		{RP_STYLE_HEAT, {.text = 31, .ground = -1}},
		{RP_STYLE_HEAT + 1, {.text = 136, .ground = -1}},
		{RP_STYLE_HEAT + 2, {.bold = true, .text = 166, .ground = -1}},
		{RP_STYLE_HEAT + 3, {.bold = true, .text = 196, .ground = -1}},
	};
	bool opened = open_screen(false), drawn = opened && draw_styles();

	(void)state;
	close_screen();
	assert_true(drawn);
	assert_null(odd_style(cases, N(cases)));
}

/* Of eight colours, and none at all where the user says so. */
static void fewer_colours_are_told_otherwise(void **state)
{
	static const struct style_case of_eight[] = {
		{RP_STYLE_TAGGED, {.bold = true, .text = 5, .ground = -1}},
		{RP_STYLE_GRAPH, {.text = 6, .ground = -1}},
		{RP_STYLE_SPLIT, {.text = 2, .ground = -1}},
		{RP_STYLE_SPLIT + 1, {.text = 1, .ground = -1}},
		{RP_STYLE_SPLIT + 2, {.text = -1, .ground = -1}},
		{RP_STYLE_HEAT, {.text = 6, .ground = -1}},
		{RP_STYLE_HEAT + 1, {.text = 2, .ground = -1}},
		{RP_STYLE_HEAT + 2, {.bold = true, .text = 5, .ground = -1}},
		{RP_STYLE_HEAT + 3, {.bold = true, .text = 1, .ground = -1}},
	};
	static const struct style_case of_none[] = {
		{RP_STYLE_TITLE, {.reverse = true, .text = -1, .ground = -1}},
		{RP_STYLE_TITLE_SORT, {.bold = true, .reverse = true, .text = -1, .ground = -1}},
		{RP_STYLE_SELECTED, {.reverse = true, .text = -1, .ground = -1}},
		{RP_STYLE_LABEL, {.reverse = true, .text = -1, .ground = -1}},
		{RP_STYLE_TAGGED, {.bold = true, .text = -1, .ground = -1}},
		{RP_STYLE_WARNING, {.bold = true, .text = -1, .ground = -1}},
		{RP_STYLE_FAINT, {.text = -1, .ground = -1}},
		{RP_STYLE_WORSE, {.bold = true, .text = -1, .ground = -1}},
		{RP_STYLE_BETTER, {.bold = true, .text = -1, .ground = -1}},
		{RP_STYLE_HEAT + 1, {.text = -1, .ground = -1}},
		{RP_STYLE_HEAT + 2, {.bold = true, .text = -1, .ground = -1}},
		{RP_STYLE_HEAT + 3, {.bold = true, .text = -1, .ground = -1}},
	};
	bool drawn[2];
	const char *odd;

	(void)state;
	begin();
	setenv("TERM", "xterm-color", 1);
	drawn[0] = !rp_terminal__open(false, &(struct rp_err){0}) && draw_styles();
	close_screen();
	odd = odd_style(of_eight, N(of_eight));
	begin();
	setenv("NO_COLOR", "1", 1);
	drawn[1] = !rp_terminal__open(false, &(struct rp_err){0}) && draw_styles();
	close_screen();
	assert_true(drawn[0]);
	assert_true(drawn[1]);
	assert_null(odd);
	assert_null(odd_style(of_none, N(of_none)));
}

/* A terminal of another size is known, be it in one direction; one that tells none is as it was. */
static void size_changes(void **state)
{
	static const struct winsize sizes[] = {
		{.ws_row = 24, .ws_col = 80}, {.ws_row = 30, .ws_col = 100},
		{.ws_row = 30, .ws_col = 90}, {.ws_row = 25, .ws_col = 90},
		{.ws_row = 0, .ws_col = 0},   {.ws_row = 0, .ws_col = 50},
		{.ws_row = 20, .ws_col = 0},  {.ws_row = 26, .ws_col = 91},
	};
	enum { N = sizeof(sizes) / sizeof(sizes[0]) };
	size_t rows[N] = {0}, width[N] = {0}, last = 0;
	bool opened = open_screen(false);

	(void)state;
	for (size_t i = 0; opened && i < N; i++) {
		ioctl(pty.master, TIOCSWINSZ, &sizes[i]);
		rp_terminal__size(&rows[i], &width[i]);
	}
	close_screen();
	assert_true(opened);
	for (size_t i = 0; i < N; i++) {
		last = sizes[i].ws_row && sizes[i].ws_col ? i : last;
		assert_int_equal(rows[i], sizes[last].ws_row);
		assert_int_equal(width[i], sizes[last].ws_col);
	}
}

/* Where the cursor shows. */
static void cursor_is_shown(void **state)
{
	bool opened = open_screen(false), shows = false, hides = false;

	(void)state;
	if (opened) {
		rp_terminal__clear();
		rp_terminal__fill(RP_STYLE_TITLE, 0, 0, 20);
		rp_terminal__put(RP_STYLE_NORMAL, 1, 0, "text");
		rp_terminal__finish(1, 2);
		send_all();
		shows = receive("text") && receive("\x1b[?25h");
		pty.n = 0;
		rp_terminal__clear();
		rp_terminal__put(RP_STYLE_NORMAL, 1, 0, "hidden");
		rp_terminal__finish(0, RP_CURSOR_NONE);
		send_all();
		hides = receive("hidden") && receive("\x1b[?25l");
	}
	close_screen();
	assert_true(opened);
	assert_true(shows);
	assert_true(hides);
}

/* Left and entered again, all is drawn anew; closed, it is as it was. */
static void given_back_and_taken_again(void **state)
{
	struct termios before, after;
	bool opened, drawn = false, left = false, again = false, closed;

	(void)state;
	rp_terminal__close(); /* is not open */
	begin();
	tcgetattr(pty.line, &before);
	opened = !rp_terminal__open(true, &(struct rp_err){0});
	if (opened) {
		rp_terminal__clear();
		rp_terminal__put(RP_STYLE_NORMAL, 3, 3, "picture");
		rp_terminal__finish(0, RP_CURSOR_NONE);
		send_all();
		drawn = receive("picture");
		pty.n = 0;
		rp_terminal__leave();
		left = receive("\x1b[?1049l");
		pty.n = 0;
		rp_terminal__enter();
		while (rp_terminal__is_behind())
			rp_terminal__resume();
		again = receive("picture");
	}
	pty.n = 0;
	rp_terminal__close();
	closed = receive("\x1b[?1049l") && receive("1000l");
	tcgetattr(pty.line, &after);
	end();
	assert_true(opened);
	assert_true(drawn);
	assert_true(left);
	assert_true(again);
	assert_true(closed);
	assert_int_equal(before.c_lflag, after.c_lflag);
	assert_int_equal(before.c_iflag, after.c_iflag);
}

/* It is read from a file, by and by. */
static void drawing_drops_no_signal(void **state)
{
	sigset_t stop, before, pending;
	bool is_there, is_opened;

	(void)state;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	sigprocmask(SIG_BLOCK, &stop, &before);
	is_opened = open_screen(false);
	raise(SIGTSTP);
	rp_terminal__put(RP_STYLE_NORMAL, 0, 0, "a picture");
	send_all();
	is_there = !sigpending(&pending) && sigismember(&pending, SIGTSTP);
	close_screen();
	signal(SIGTSTP, SIG_IGN);
	signal(SIGTSTP, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_true(is_opened);
	assert_true(is_there);
}

static void only_able_terminals_are_used(void **state)
{
	static const char *const names[] = {"xterm", "dumb", "", "no-such-terminal"};
	bool able[4], without = true, file = true;
	int in;

	(void)state;
	begin();
	for (size_t i = 0; i < 4; i++) {
		setenv("TERM", names[i], 1);
		able[i] = rp_terminal__is_able();
	}
	unsetenv("TERM");
	without = rp_terminal__is_able();
	setenv("TERM", "xterm", 1);
	in = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(in, STDIN_FILENO);
	file = rp_terminal__is_able();
	dup2(pty.line, STDIN_FILENO);
	dup2(in, STDOUT_FILENO);
	file |= rp_terminal__is_able();
	close(in);
	end();
	assert_true(able[0]);
	assert_false(able[1]);
	assert_false(able[2]);
	assert_false(able[3]);
	assert_false(without);
	assert_false(file);
}

static void a_terminal_that_cannot_is_refused(void **state)
{
	struct rp_err err = {0};
	int rc;

	(void)state;
	begin();
	setenv("TERM", "no-such-terminal", 1);
	rc = rp_terminal__open(false, &err);
	end();
	assert_int_not_equal(rc, 0);
	assert_non_null(strstr(err.cause, "cannot show a full screen"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(styles_are_told_by_colour),
		cmocka_unit_test(fewer_colours_are_told_otherwise),
		cmocka_unit_test(size_changes),
		cmocka_unit_test(cursor_is_shown),
		cmocka_unit_test(given_back_and_taken_again),
		cmocka_unit_test(drawing_drops_no_signal),
		cmocka_unit_test(only_able_terminals_are_used),
		cmocka_unit_test(a_terminal_that_cannot_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

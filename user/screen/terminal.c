// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/terminal.h"

#include <curses.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "screen/picture.h"
#include "screen/sequence.h"

#define ESCAPE_MS 25 /* a lone escape is one after this time */

#define HELD_MAX  64 /* keys that are typed before they can be served */

/* ncurses has one terminal a process, and so has this. */
static SCREEN *terminal;
static WINDOW *keys; /* nowhere on it: else a picture would be written out whenever one is read */
static struct rp_outgoing outgoing;
static struct rp_picture picture;
static attr_t styles[RP_STYLES];
static enum rp_sequence sequence; /* under way: it may come in pieces */
static struct {
	struct rp_input input[HELD_MAX];
	size_t n, next;
	bool on;
} held;

/* ---- taken over and given back ---------------------------------------------------------- */

bool rp_terminal__is_able(void)
{
	const char *name = getenv("TERM");
	int found;
	bool able;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || !name || !*name)
		return false;
	if (setupterm(NULL, STDOUT_FILENO, &found) != OK)
		return false;
	able = cursor_address && clear_screen;
	del_curterm(cur_term);
	return able;
}

static void set_styles(void)
{
	/*
	 * Neither light nor dark: read as text on a white and on a black background. So no yellow
	 * of the eight, which is next to white in many terminals.
	 */
	static const short ramp_256[] = {31, 136, 166, 196};
	static const short ramp_8[] = {COLOR_CYAN, COLOR_GREEN, COLOR_MAGENTA, COLOR_RED};
	/* Blue of the eight is next to black in many: what is asleep has the colour of text. */
	static const short split_256[] = {71, 208, 67}, split_8[] = {COLOR_GREEN, COLOR_RED, -1};
	const char *no_color = getenv("NO_COLOR");

	for (int i = 0; i < RP_STYLES; i++)
		styles[i] = A_NORMAL;
	styles[RP_STYLE_STRONG] = styles[RP_STYLE_TAGGED] = styles[RP_STYLE_WARNING] = A_BOLD;
	styles[RP_STYLE_TITLE] = styles[RP_STYLE_SELECTED] = styles[RP_STYLE_LABEL] = A_REVERSE;
	styles[RP_STYLE_TITLE_SORT] = A_REVERSE | A_BOLD;
	styles[RP_STYLE_HEAT + 2] = styles[RP_STYLE_HEAT + 3] = A_BOLD;
	styles[RP_STYLE_WORSE] = styles[RP_STYLE_BETTER] = A_BOLD;
	if ((no_color && *no_color) || !has_colors() || start_color() != OK)
		return;
	use_default_colors();
	for (int i = 0; i < 4; i++) {
		init_pair((short)(i + 1), COLORS >= 256 ? ramp_256[i] : ramp_8[i], -1);
		styles[RP_STYLE_HEAT + i] |= COLOR_PAIR(i + 1);
	}
	for (int i = 0; i < 3; i++) {
		init_pair((short)(i + 10), COLORS >= 256 ? split_256[i] : split_8[i], -1);
		styles[RP_STYLE_SPLIT + i] = COLOR_PAIR(i + 10);
	}
	init_pair(5, COLOR_BLACK, COLOR_GREEN);
	init_pair(6, COLOR_BLACK, COLOR_CYAN);
	init_pair(7, COLORS >= 256 ? ramp_256[1] : COLOR_MAGENTA, -1);
	init_pair(8, COLOR_RED, -1);
	init_pair(9, COLORS >= 256 ? ramp_256[0] : COLOR_CYAN, -1);
	styles[RP_STYLE_TITLE] = COLOR_PAIR(5);
	styles[RP_STYLE_TITLE_SORT] = styles[RP_STYLE_SELECTED] = COLOR_PAIR(6);
	styles[RP_STYLE_LABEL] = COLOR_PAIR(6);
	styles[RP_STYLE_TAGGED] |= COLOR_PAIR(7);
	styles[RP_STYLE_WARNING] |= COLOR_PAIR(8);
	styles[RP_STYLE_GRAPH] = COLOR_PAIR(9);
	styles[RP_STYLE_WORSE] |= COLOR_PAIR(8);
	styles[RP_STYLE_BETTER] |= COLOR_PAIR(10);
	styles[RP_STYLE_FAINT] = A_DIM;
}

/*
 * What terminals send other than they say: cursor keys in the other mode, and what has many forms.
 */
static void know_more_keys(void)
{
	static const struct {
		const char *bytes;
		int code;
	} keys[] = {
		{"\x1b[A", KEY_UP},	{"\x1bOA", KEY_UP},	  {"\x1b[B", KEY_DOWN},
		{"\x1bOB", KEY_DOWN},	{"\x1b[C", KEY_RIGHT},	  {"\x1bOC", KEY_RIGHT},
		{"\x1b[D", KEY_LEFT},	{"\x1bOD", KEY_LEFT},	  {"\x1b[H", KEY_HOME},
		{"\x1bOH", KEY_HOME},	{"\x1b[1~", KEY_HOME},	  {"\x1b[7~", KEY_HOME},
		{"\x1b[F", KEY_END},	{"\x1bOF", KEY_END},	  {"\x1b[4~", KEY_END},
		{"\x1b[8~", KEY_END},	{"\x1b[Z", KEY_BTAB},	  {"\x1bOP", KEY_F(1)},
		{"\x1bOQ", KEY_F(2)},	{"\x1bOR", KEY_F(3)},	  {"\x1bOS", KEY_F(4)},
		{"\x1b[11~", KEY_F(1)}, {"\x1b[12~", KEY_F(2)},	  {"\x1b[13~", KEY_F(3)},
		{"\x1b[14~", KEY_F(4)}, {"\x1b[1;2D", KEY_SLEFT}, {"\x1b[1;2C", KEY_SRIGHT},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (key_defined(keys[i].bytes) <= 0)
			define_key(keys[i].bytes, keys[i].code);
}

static void never_called(int signal)
{
	(void)signal;
}

/*
 * ncurses ignores SIGTSTP whenever it draws, at which the kernel drops one that is pending until it
 * is read from a file (run/signals.h): Ctrl-Z would often do nothing. It never does where it finds
 * a handler at first.
 */
static SCREEN *new_terminal(void)
{
	void (*before)(int) = signal(SIGTSTP, never_called);
	SCREEN *new = newterm(NULL, outgoing.file, stdin);

	signal(SIGTSTP, before);
	return new;
}

int rp_terminal__open(bool mouse, struct rp_err *err)
{
	int rc = rp_outgoing__open(&outgoing);

	if (rc) {
		rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "the screen cannot be opened: %s",
			    strerror(-rc));
		return rp_err__line(err, rc, NULL, "-b", NULL);
	}
	picture = (struct rp_picture){.out = &outgoing};
	terminal = new_terminal();
	if (!terminal) {
		rp_outgoing__close(&outgoing);
		rp_err__set(err, RP_EXIT_FAILED, -ENOTTY, NULL,
			    "the terminal cannot show a full screen");
		return rp_err__line(err, -ENOTTY, NULL, "-b", NULL);
	}
	set_term(terminal);
	set_escdelay(ESCAPE_MS);
	cbreak();
	noecho();
	nonl();
	keys = newpad(1, 1);
	keypad(keys, TRUE);
	nodelay(keys, TRUE);
	typeahead(-1); /* pictures are whole, whatever has been typed meanwhile */
	know_more_keys();
	held.n = held.next = 0;
	held.on = true;
	/*
	 * All of them, though few are of use: behind one that is not asked for ncurses waits for
	 * the next, whatever it was told of delays.
	 */
	mousemask(mouse ? ALL_MOUSE_EVENTS : 0, NULL);
	mouseinterval(0);
	set_styles();
	curs_set(0);
	leaveok(stdscr, TRUE);
	return 0;
}

void rp_terminal__close(void)
{
	if (!terminal)
		return;
	/* Stopped by Ctrl-S, it would be waited for by a run that has been ended. What is to go on
	 * has to be stopped by this means, too. */
	tcflow(STDOUT_FILENO, TCOOFF);
	tcflow(STDOUT_FILENO, TCOON);
	rp_outgoing__finish(&outgoing);
	mousemask(0, NULL);
	curs_set(1);
	endwin();
	delwin(keys);
	delscreen(terminal);
	rp_outgoing__close(&outgoing);
	terminal = NULL;
}

void rp_terminal__leave(void)
{
	rp_outgoing__finish(&outgoing);
	endwin();
}

void rp_terminal__enter(void)
{
	rp_outgoing__finish(&outgoing);
	endwin();	   /* whoever had the terminal may have changed its modes */
	reset_prog_mode(); /* of the terminal itself: what is drawn goes to memory */
	clearok(curscr, TRUE);
	rp_outgoing__begin(&outgoing);
	refresh();
	rp_outgoing__end(&outgoing, true);
}

void rp_terminal__size(size_t *rows, size_t *width)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col &&
	    (size.ws_row != LINES || size.ws_col != COLS))
		resizeterm(size.ws_row, size.ws_col);
	*rows = (size_t)LINES;
	*width = (size_t)COLS;
}

/* ---- drawing ---------------------------------------------------------------------------- */

void rp_terminal__put(enum rp_style style, size_t y, size_t x, const char *text)
{
	rp_picture__add(&picture, y, &style, sizeof(style));
	rp_picture__add(&picture, y, &x, sizeof(x));
	rp_picture__add(&picture, y, text, strlen(text));
	attrset(styles[style]);
	mvaddstr((int)y, (int)x, text);
	attrset(A_NORMAL);
}

void rp_terminal__fill(enum rp_style style, size_t y, size_t x, size_t width)
{
	rp_picture__add(&picture, y, &style, sizeof(style));
	rp_picture__add(&picture, y, &x, sizeof(x));
	attrset(styles[style]);
	mvhline((int)y, (int)x, ' ' | styles[style], (int)width);
	attrset(A_NORMAL);
}

void rp_terminal__clear(void)
{
	rp_picture__begin(&picture);
	erase();
}

void rp_terminal__finish(size_t y, long x)
{
	leaveok(stdscr, x < 0);
	rp_outgoing__begin(&outgoing);
	curs_set(x >= 0);
	rp_outgoing__end(&outgoing, false);
	if (x >= 0)
		move((int)y, (int)x);
}

void rp_terminal__send(bool by_key)
{
	rp_picture__send(&picture, by_key);
}

void rp_terminal__resume(void)
{
	rp_picture__resume(&picture);
}

bool rp_terminal__is_behind(void)
{
	return rp_picture__is_behind(&picture);
}

uint64_t rp_terminal__next(void)
{
	return rp_outgoing__next(&outgoing);
}

/* ---- keys ------------------------------------------------------------------------------- */

static int key_of(wint_t code)
{
	static const struct {
		wint_t code;
		int key;
	} keys[] = {
		{KEY_UP, RP_KEY_UP},
		{KEY_DOWN, RP_KEY_DOWN},
		{KEY_LEFT, RP_KEY_LEFT},
		{KEY_RIGHT, RP_KEY_RIGHT},
		{KEY_SLEFT, RP_KEY_SHIFT_LEFT},
		{KEY_SRIGHT, RP_KEY_SHIFT_RIGHT},
		{KEY_PPAGE, RP_KEY_PAGE_UP},
		{KEY_NPAGE, RP_KEY_PAGE_DOWN},
		{KEY_HOME, RP_KEY_HOME},
		{KEY_FIND, RP_KEY_HOME},
		{KEY_END, RP_KEY_END},
		{KEY_SELECT, RP_KEY_END},
		{KEY_BACKSPACE, RP_KEY_BACKSPACE},
		{KEY_DC, RP_KEY_DELETE},
		{KEY_BTAB, RP_KEY_BACK_TAB},
		{KEY_ENTER, RP_KEY_ENTER},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].code == code)
			return keys[i].key;
	if (code >= KEY_F0 && code <= KEY_F0 + 12)
		return RP_KEY_F0 + (int)(code - KEY_F0);
	return 0;
}

static bool read_mouse(struct rp_input *input)
{
	MEVENT event;

	if (getmouse(&event) != OK || event.y < 0 || event.x < 0)
		return false;
	input->key = 0;
	input->y = (size_t)event.y;
	input->x = (size_t)event.x;
	if (event.bstate & BUTTON4_PRESSED)
		input->button = RP_BUTTON_WHEEL_UP;
	else if (event.bstate & BUTTON5_PRESSED)
		input->button = RP_BUTTON_WHEEL_DOWN;
	else if (event.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED))
		input->button = RP_BUTTON_CLICK;
	else
		return false;
	return true;
}

/* An escape is a key where nothing is behind it; else it may begin what has to be followed. */
static bool begins_sequence(void)
{
	wint_t next;
	int kind = wget_wch(keys, &next);

	if (kind == OK)
		sequence = rp_sequence__begin(next);
	if (kind == KEY_CODE_YES)
		ungetch((int)next);
	else if (kind == OK && !sequence)
		unget_wch((wchar_t)next);
	return sequence;
}

static bool read_input(struct rp_input *input)
{
	wint_t code;
	int kind;

	while ((kind = wget_wch(keys, &code)) != ERR) {
		if (kind == KEY_CODE_YES && code == KEY_MOUSE) {
			if (read_mouse(input))
				return true;
			continue;
		}
		if (kind == OK && (rp_sequence__takes(&sequence, code) ||
				   (code == RP_KEY_ESCAPE && begins_sequence())))
			continue;
		input->key = kind == KEY_CODE_YES ? key_of(code)
			     : code == '\r'	  ? RP_KEY_ENTER
						  : (int)code;
		if (input->key)
			return true;
	}
	return false;
}

bool rp_terminal__read(struct rp_input *input)
{
	held.on = false;
	if (held.next == held.n)
		return read_input(input);
	*input = held.input[held.next++];
	return true;
}

bool rp_terminal__hold(const int *keys, size_t n)
{
	bool found = false;

	if (!terminal || !held.on)
		return false;
	while (held.n < HELD_MAX && read_input(&held.input[held.n]))
		held.n++;
	for (size_t i = 0; i < held.n; i++)
		for (size_t k = 0; k < n; k++)
			found |= held.input[i].key == keys[k];
	return found;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What of a picture goes to a terminal first, and when: on ncurses, with a line that is made up. */
#include <curses.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "screen/picture.h"

/* ---- a line that takes so many pieces ---------------------------------------------------------
 */

static struct {
	FILE *file;
	unsigned pieces; /* that it takes before it is full */
	unsigned begun, ended, writes;
	bool wrapped;	     /* the last piece */
	char text[16][4096]; /* of each piece */
} line;

void rp_outgoing__begin(struct rp_outgoing *out)
{
	(void)out;
	line.begun++;
	fflush(line.file);
	assert_int_equal(ftruncate(fileno(line.file), 0), 0);
	rewind(line.file);
}

void rp_outgoing__end(struct rp_outgoing *out, bool wrapped)
{
	ssize_t got;

	assert_true(line.ended < 16);
	fflush(line.file);
	got = pread(fileno(line.file), line.text[line.ended], sizeof(line.text[0]) - 1, 0);
	assert_true(got >= 0);
	line.text[line.ended][got] = '\0';
	out->written += (uint64_t)got;
	line.ended++;
	line.wrapped = wrapped;
	if (line.pieces)
		line.pieces--;
}

void rp_outgoing__write(struct rp_outgoing *out)
{
	(void)out;
	line.writes++;
}

bool rp_outgoing__is_free(struct rp_outgoing *out)
{
	(void)out;
	return line.pieces;
}

/* ---- pictures ----------------------------------------------------------------------------------
 */

static SCREEN *screen;
static struct rp_outgoing out;
static struct rp_picture picture;

static void send_next(unsigned pieces)
{
	line.pieces = pieces;
	line.begun = line.ended = 0;
	memset(line.text, 0, sizeof(line.text));
}

static int begin(void **state)
{
	(void)state;
	setenv("LINES", "6", 1);
	setenv("COLUMNS", "20", 1);
	line.file = fdopen(memfd_create("line", MFD_CLOEXEC), "w+");
	screen = newterm("xterm", line.file, stdin);
	if (!screen)
		return -1;
	set_term(screen);
	erase();
	refresh();
	picture = (struct rp_picture){.out = &out};
	return 0;
}

static int end(void **state)
{
	(void)state;
	endwin();
	delscreen(screen);
	fclose(line.file);
	return 0;
}

/* As the terminal does: what is drawn is told by its bytes. */
static void draw(const char *const *lines)
{
	rp_picture__begin(&picture);
	erase();
	for (size_t y = 0; y < 6; y++) {
		rp_picture__add(&picture, y, lines[y], strlen(lines[y]));
		mvaddstr((int)y, 0, lines[y]);
	}
}

static bool has(unsigned piece, const char *text)
{
	return strstr(line.text[piece], text);
}

static const char *const first[] = {"one", "two", "three", "four", "five", "six"};
static const char *const second[] = {"one", "two", "THREE", "FOUR", "five", "SIX"};
static const char *const third[] = {"ONE", "two", "THREE", "FOUR", "five", "SIX"};

static void quick_lines_get_it_at_once(void **state)
{
	(void)state;
	rp_pace__init(&out.pace, UINT32_MAX);
	send_next(5);
	draw(first);
	rp_picture__send(&picture, false);
	assert_int_equal(line.begun, 1);
	assert_int_equal(line.ended, 1);
	assert_true(line.wrapped);
	for (size_t y = 0; y < 6; y++)
		assert_true(has(0, first[y]));
	assert_false(picture.unfinished);
	/* All of it is there. */
	send_next(5);
	rp_picture__resume(&picture);
	assert_int_equal(line.ended, 0);
}

/* A line that takes nothing gets the newest picture once it does. */
static void what_is_full_waits(void **state)
{
	(void)state;
	rp_pace__init(&out.pace, UINT32_MAX);
	send_next(0);
	line.writes = 0;
	draw(first);
	rp_picture__send(&picture, false);
	assert_int_equal(line.ended, 0);
	assert_int_equal(line.writes, 1);
	assert_true(rp_picture__is_behind(&picture));
	draw(second);
	send_next(1);
	rp_picture__resume(&picture);
	assert_int_equal(line.ended, 1);
	assert_true(has(0, "THREE"));
	assert_false(has(0, "three"));
	assert_false(picture.unfinished);
	assert_true(rp_picture__is_behind(&picture)); /* it is full */
}

/* Line by line, those first that a key has changed; and the rest later. */
static void slow_lines_get_what_a_key_changed_first(void **state)
{
	(void)state;
	rp_pace__init(&out.pace, UINT32_MAX);
	send_next(5);
	draw(first);
	rp_picture__send(&picture, false);
	rp_pace__init(&out.pace, 2400);
	assert_true(rp_pace__is_slow(&out.pace));
	/* Lines 2, 3 and 5, of which two can be carried. */
	send_next(2);
	draw(second);
	rp_picture__send(&picture, true);
	assert_int_equal(line.ended, 2);
	assert_false(line.wrapped);
	assert_true(has(0, "THREE"));
	assert_false(has(0, "FOUR"));
	assert_true(has(1, "FOUR"));
	assert_true(picture.unfinished);
	assert_true(rp_picture__is_behind(&picture));
	/* Another key changes line 0: what the first one has changed is still before the rest. */
	send_next(2);
	draw(third);
	rp_picture__send(&picture, true);
	assert_true(has(0, "ONE"));
	assert_true(has(1, "SIX"));
	assert_true(picture.unfinished);
	/* Lines that are there already are empty pieces; where the cursor is comes last. */
	send_next(15);
	rp_picture__resume(&picture);
	assert_false(picture.unfinished);
	for (size_t y = 0; y < 6; y++)
		assert_false(picture.first[y]);
}

/* It rests as long as it took, so that a slow line is not kept busy. */
static void a_picture_is_followed_by_rest(void **state)
{
	(void)state;
	rp_pace__init(&out.pace, 300);
	send_next(15);
	out.written = 0;
	draw(first);
	rp_picture__send(&picture, false);
	assert_false(picture.unfinished);
	assert_int_equal(picture.began, 0);
	send_next(1);
	assert_true(rp_picture__is_behind(&picture));
	/* On a quick one there is none. */
	rp_pace__init(&out.pace, UINT32_MAX);
	send_next(2);
	draw(second);
	rp_picture__send(&picture, false);
	assert_false(rp_picture__is_behind(&picture));
}

static void lines_beyond_the_last_are_not_told(void **state)
{
	(void)state;
	rp_picture__begin(&picture);
	rp_picture__add(&picture, RP_PICTURE_LINES, "x", 1);
	rp_picture__add(&picture, RP_PICTURE_LINES - 1, "x", 1);
	assert_int_not_equal(picture.drawn[RP_PICTURE_LINES - 1], 0);
	assert_false(picture.first[0]);
	/* Another order is another line. */
	rp_picture__add(&picture, 0, "ab", 2);
	rp_picture__add(&picture, 1, "ba", 2);
	assert_int_not_equal(picture.drawn[0], picture.drawn[1]);
	/* What was drawn before is known. */
	rp_picture__begin(&picture);
	assert_int_not_equal(picture.before[0], 0);
	assert_int_equal(picture.drawn[0], 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(quick_lines_get_it_at_once),
		TEST(what_is_full_waits),
		TEST(slow_lines_get_what_a_key_changed_first),
		TEST(a_picture_is_followed_by_rest),
		TEST(lines_beyond_the_last_are_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

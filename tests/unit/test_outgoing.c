// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Which terminals are taken for slow lines; what they are sent. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "screen/outgoing.h"

/* A pseudo terminal that is standard output meanwhile. */
struct terminal {
	int master, line, before;
};

static struct terminal open_terminal(speed_t speed)
{
	struct terminal t = {.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK),
			     .before = dup(STDOUT_FILENO)};
	struct termios modes;

	assert_true(t.master >= 0 && !grantpt(t.master) && !unlockpt(t.master));
	t.line = open(ptsname(t.master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(t.line >= 0);
	assert_int_equal(tcgetattr(t.line, &modes), 0);
	cfmakeraw(&modes);
	cfsetspeed(&modes, speed);
	assert_int_equal(tcsetattr(t.line, TCSANOW, &modes), 0);
	fflush(stdout);
	dup2(t.line, STDOUT_FILENO);
	return t;
}

static void close_terminal(const struct terminal *t)
{
	dup2(t->before, STDOUT_FILENO);
	close(t->before);
	close(t->line);
	close(t->master);
}

static bool is_slow(speed_t speed)
{
	struct terminal t = open_terminal(speed);
	struct rp_outgoing out;
	bool opened = !rp_outgoing__open(&out), slow = opened && rp_pace__is_slow(&out.pace);

	if (opened)
		rp_outgoing__close(&out);
	close_terminal(&t);
	assert_true(opened);
	return slow;
}

static void a_speed_that_was_set_tells(void **state)
{
	(void)state;
	assert_true(is_slow(B2400));
	assert_true(is_slow(B4800));
	assert_true(is_slow(B19200));
}

static void speeds_that_nobody_has_set_tell_nothing(void **state)
{
	(void)state;
	assert_false(is_slow(B38400));
	assert_false(is_slow(B9600)); /* from a Mac through ssh */
}

/* ---- pictures -------------------------------------------------------------------------------- */

/* What has come to the terminal, once at least n bytes have: it may take a moment to pass on. */
static size_t receive(const struct terminal *t, char *text, size_t n, size_t size)
{
	struct pollfd master = {.fd = t->master, .events = POLLIN};
	ssize_t more;
	size_t got = 0;

	while (got < n && poll(&master, 1, 20000) > 0) {
		more = read(t->master, text + got, size - 1 - got);
		got += more > 0 ? (size_t)more : 0;
	}
	text[got] = '\0';
	return got;
}

static void draw(struct rp_outgoing *out, const char *text, bool wrapped)
{
	rp_outgoing__begin(out);
	fputs(text, out->file);
	fflush(out->file);
	rp_outgoing__end(out, wrapped);
}

/* Where a terminal can be told, a picture comes at once; a figure or two need no telling. */
static void pictures_come_whole(void **state)
{
	static const char long_text[] = "a text that is longer than a figure or two are",
			  figure[] = "12345";
	static const struct {
		const char *text;
		bool wrapped;
		const char *expected;
	} cases[] = {
		{long_text, false, long_text},
		{long_text, true,
		 "\x1b[?2026ha text that is longer than a figure or two are\x1b[?2026l"},
		{figure, true, figure},
		{"", true, ""},
		{figure, false, figure},
	};
	struct terminal t = open_terminal(B38400);
	struct rp_outgoing out;
	char got[sizeof(cases) / sizeof(cases[0])][128], directly[128];
	uint64_t written = 0;

	(void)state;
	assert_int_equal(rp_outgoing__open(&out), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		draw(&out, cases[i].text, cases[i].wrapped);
		receive(&t, got[i], strlen(cases[i].expected), sizeof(got[i]));
	}
	/* Between pictures it goes there by itself. */
	fputs("bell", out.file);
	fflush(out.file);
	receive(&t, directly, strlen("bell"), sizeof(directly));
	written = out.written;
	rp_outgoing__close(&out);
	close_terminal(&t);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(got[i], cases[i].expected);
		written -= strlen(cases[i].expected);
	}
	assert_string_equal(directly, "bell");
	assert_int_equal(written, 0);
}

/* A terminal that takes nothing for now gets the rest later, and nothing is lost. */
static void what_is_not_taken_waits(void **state)
{
	static char text[200000], all[sizeof(text)];
	struct terminal t = open_terminal(B38400);
	struct rp_outgoing out;
	bool waits, is_free;
	size_t got = 0;
	int own, shared;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + i % 26);
	assert_int_equal(rp_outgoing__open(&out), 0);
	own = fcntl(out.terminal, F_GETFL);
	shared = fcntl(STDOUT_FILENO, F_GETFL);
	if (own & O_NONBLOCK) /* or drawing would not end */
		draw(&out, text, false);
	waits = out.n > 0;
	is_free = rp_outgoing__is_free(&out);
	while (waits && got < sizeof(text) - 1) {
		size_t more = receive(&t, all + got, 1, sizeof(all) - got);

		if (!more)
			break;
		got += more;
		rp_outgoing__write(&out);
	}
	rp_outgoing__close(&out);
	close_terminal(&t);
	assert_true(own & O_NONBLOCK);
	assert_false(shared & O_NONBLOCK); /* who else writes there waits */
	assert_true(waits);
	assert_false(is_free);
	assert_string_equal(all, text);
}

/* What is for a terminal that has gone is for nobody: it neither waits nor keeps the end waiting.
 */
static void a_terminal_that_has_gone(void **state)
{
	struct terminal t = open_terminal(B38400);
	struct rp_outgoing out;
	uint64_t written;
	size_t left;
	int rc;

	(void)state;
	rc = rp_outgoing__open(&out);
	close(t.master);
	t.master = -1;
	draw(&out, "what nobody sees", false);
	left = out.n;
	written = out.written;
	rp_outgoing__close(&out);
	close_terminal(&t);
	assert_int_equal(rc, 0);
	assert_int_equal(left, 0);
	assert_int_equal(written, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_speed_that_was_set_tells),
		cmocka_unit_test(speeds_that_nobody_has_set_tell_nothing),
		cmocka_unit_test(pictures_come_whole),
		cmocka_unit_test(what_is_not_taken_waits),
		cmocka_unit_test(a_terminal_that_has_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A pseudo terminal in which the screen's terminal is opened. */
#ifndef RP_TEST_TERMINAL_FIXTURE_H
#define RP_TEST_TERMINAL_FIXTURE_H

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "screen/terminal.h"

/* A pseudo terminal that is standard input and output meanwhile: nothing may fail before end(). */
static struct {
	int master, line, in, out;
	char text[1 << 16]; /* that has come to it */
	size_t n;
} pty;

static inline void begin(void)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	struct termios modes;

	pty.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	assert_true(pty.master >= 0 && !grantpt(pty.master) && !unlockpt(pty.master));
	pty.line = open(ptsname(pty.master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(pty.line >= 0);
	assert_int_equal(tcgetattr(pty.line, &modes), 0);
	cfmakeraw(&modes);
	assert_int_equal(tcsetattr(pty.line, TCSANOW, &modes), 0);
	assert_int_equal(ioctl(pty.master, TIOCSWINSZ, &size), 0);
	fflush(stdout);
	pty.in = dup(STDIN_FILENO);
	pty.out = dup(STDOUT_FILENO);
	dup2(pty.line, STDIN_FILENO);
	dup2(pty.line, STDOUT_FILENO);
	setenv("TERM", "xterm-256color", 1);
	unsetenv("NO_COLOR");
	unsetenv("LINES");
	unsetenv("COLUMNS");
	pty.n = 0;
}

static inline void end(void)
{
	dup2(pty.in, STDIN_FILENO);
	dup2(pty.out, STDOUT_FILENO);
	close(pty.in);
	close(pty.out);
	close(pty.line);
	close(pty.master);
}

/* Take what has come, up to a text at its end, which is there in the end. */
static inline bool receive(const char *up_to)
{
	struct pollfd master = {.fd = pty.master, .events = POLLIN};

	for (;;) {
		ssize_t more;

		pty.text[pty.n] = '\0';
		if (strstr(pty.text, up_to))
			return true;
		if (poll(&master, 1, 20000) <= 0 || pty.n + 1 >= sizeof(pty.text))
			return false;
		more = read(pty.master, pty.text + pty.n, sizeof(pty.text) - 1 - pty.n);
		if (more <= 0)
			return false; /* it has gone */
		pty.n += (size_t)more;
	}
}

static inline bool open_screen(bool mouse)
{
	struct rp_err err = {0};

	begin();
	return !rp_terminal__open(mouse, &err);
}

/* As when its window is closed. */
static inline void hang_up(void)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(nothing, pty.master);
	close(nothing);
}

static inline void close_screen(void)
{
	rp_terminal__close();
	end();
}

/* The line discipline hands it on by and by. */
static inline void type(const char *bytes, size_t n)
{
	struct pollfd line = {.fd = pty.line, .events = POLLIN};
	int there = 0;
	ssize_t written = write(pty.master, bytes, n);

	while (written == (ssize_t)n && poll(&line, 1, 20000) > 0 &&
	       !ioctl(pty.line, FIONREAD, &there) && there < (int)n)
		;
}

#endif

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Which terminals are taken for slow lines. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "screen/outgoing.h"

/* A pseudo terminal of that speed is standard output meanwhile. */
static bool is_slow(speed_t speed)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int before = dup(STDOUT_FILENO), line;
	struct rp_outgoing out;
	struct termios modes;
	bool slow, opened;

	assert_true(master >= 0 && !grantpt(master) && !unlockpt(master));
	line = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(line >= 0);
	assert_int_equal(tcgetattr(line, &modes), 0);
	cfsetspeed(&modes, speed);
	assert_int_equal(tcsetattr(line, TCSANOW, &modes), 0);
	dup2(line, STDOUT_FILENO);
	opened = !rp_outgoing__open(&out);
	slow = opened && rp_pace__is_slow(&out.pace);
	if (opened)
		rp_outgoing__close(&out);
	dup2(before, STDOUT_FILENO);
	close(before);
	close(line);
	close(master);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_speed_that_was_set_tells),
		cmocka_unit_test(speeds_that_nobody_has_set_tell_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

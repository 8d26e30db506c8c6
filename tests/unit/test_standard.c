// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* How long what reads the output of a run is waited for, with a poll(2) that takes no time. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "run/standard.h"

#define LOOKS 9 /* that find no room, until an end waits no more */

static unsigned full; /* looks until there is room */

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	assert_int_equal(n, 1);
	assert_int_equal(fds->fd, 77);
	assert_int_equal(fds->events, POLLOUT);
	assert_in_range(timeout, 1, 1000);
	full -= full > 0;
	return full ? 0 : 1;
}

static bool has_room_after(unsigned looks)
{
	full = looks + 1;
	return rp_standard__await_room(77);
}

static void a_run_waits_for_as_long_as_it_lasts(void **state)
{
	(void)state;
	assert_true(has_room_after(0));
	assert_true(has_room_after(100000));
}

/* Each time that something is taken the reader has all of that time again. */
static void an_end_waits_for_one_that_reads_slowly(void **state)
{
	(void)state;
	rp_standard__hurry();
	for (int i = 0; i < 5; i++)
		assert_true(has_room_after(LOOKS));
	assert_true(has_room_after(0));
}

/* All that is written is waited for together, until some of it is taken. */
static void but_not_for_one_that_reads_nothing(void **state)
{
	(void)state;
	rp_standard__hurry();
	assert_false(has_room_after(LOOKS + 1));
	assert_false(has_room_after(1));
	assert_true(has_room_after(0));
	assert_true(has_room_after(LOOKS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_waits_for_as_long_as_it_lasts),
		cmocka_unit_test(an_end_waits_for_one_that_reads_slowly),
		cmocka_unit_test(but_not_for_one_that_reads_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

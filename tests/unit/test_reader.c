// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What a reader answers that was taken over by the object it reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "symbolize/reader.c"

/* Texts without an end are given one. */
static void names_end(void **state)
{
	const size_t head = offsetof(struct rp_reader_answer, frames);
	struct rp_reader_answer sent, got;
	struct rp_reader reader = {.pid = getpid()};
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	reader.socket = ends[0];
	memset(&sent, 'x', sizeof(sent));
	sent.offset = 7;
	sent.n = 1;
	assert_true(write(ends[1], &sent, head + sizeof(sent.frames[0])) > 0);
	assert_int_equal(rp_reader__ask(&reader, 7, NULL, &got), 0);
	assert_int_equal(strnlen(got.frames[0].function, sizeof(got.frames[0].function)),
			 sizeof(got.frames[0].function) - 1);
	assert_int_equal(strnlen(got.frames[0].file, sizeof(got.frames[0].file)),
			 sizeof(got.frames[0].file) - 1);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_end),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}

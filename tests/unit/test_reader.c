// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What a reader answers that was taken over by the object it reads. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "symbolize/reader.h"

#define OFFSET 7

static pid_t asks;

/* Of a reader: texts without an end, whatever it was to say. */
ssize_t write(int fd, const void *bytes, size_t size)
{
	struct rp_reader_answer answer;

	if (getpid() == asks)
		return syscall(SYS_write, fd, bytes, size);
	memset(&answer, 'x', sizeof(answer));
	answer.offset = OFFSET;
	answer.n = 1;
	return syscall(SYS_write, fd, &answer,
		       offsetof(struct rp_reader_answer, frames) + sizeof(answer.frames[0]));
}

/* They are given one. */
static void names_end(void **state)
{
	struct rp_killed killed = {0};
	struct rp_reader_answer got;
	struct rp_reader *reader;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	asks = getpid();
	reader = rp_reader__start(fd, -1, false);
	assert_non_null(reader);
	assert_int_equal(rp_reader__ask(reader, OFFSET, NULL, &got), 0);
	assert_int_equal(got.frames[0].function[0], 'x');
	assert_int_equal(strnlen(got.frames[0].function, sizeof(got.frames[0].function)),
			 sizeof(got.frames[0].function) - 1);
	assert_int_equal(strnlen(got.frames[0].file, sizeof(got.frames[0].file)),
			 sizeof(got.frames[0].file) - 1);
	rp_reader__end(reader, &killed);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_end),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <errno.h>

#include "util/kernel_file.h"

static char path[] = "/tmp/rptrace-kernel-file-XXXXXX";

static void write_file(const char *text, size_t times, const char *end)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (size_t i = 0; i < times; i++)
		fputs(text, file);
	fputs(end, file);
	assert_int_equal(fclose(file), 0);
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 || close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void test_read(void **state)
{
	char buf[8];

	(void)state;
	write_file("ab\ncdefgh", 1, "");
	assert_int_equal(rp_kernel_file__read(path, buf, sizeof(buf)), 7);
	assert_string_equal(buf, "ab\ncdef");
	assert_int_equal(rp_kernel_file__read_line(path, buf, sizeof(buf)), 2);
	assert_string_equal(buf, "ab");
	assert_int_equal(rp_kernel_file__read("/nowhere/at/all", buf, sizeof(buf)), -ENOENT);
	assert_string_equal(buf, "");
}

/* A line that is too long is cut, and what is cut off is not taken for a line. */
static void test_lines(void **state)
{
	struct rp_line_reader reader;

	(void)state;
	write_file("0123456789abcdef", 10000, "\nsecond\n\nlast");
	assert_int_equal(rp_line_reader__open(&reader, path), 0);
	assert_true(rp_line_reader__next(&reader));
	assert_int_equal(strlen(reader.line), (64 << 10) - 1);
	assert_true(rp_line_reader__next(&reader));
	assert_string_equal(reader.line, "second");
	assert_true(rp_line_reader__next(&reader));
	assert_string_equal(reader.line, "");
	assert_true(rp_line_reader__next(&reader));
	assert_string_equal(reader.line, "last");
	assert_false(rp_line_reader__next(&reader));
	rp_line_reader__close(&reader);
	assert_int_equal(rp_line_reader__open(&reader, "/nowhere/at/all"), -ENOENT);
	assert_false(rp_line_reader__next(&reader));
	rp_line_reader__close(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}

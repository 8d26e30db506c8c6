// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What could not be written is known when it is closed, and no earlier: on a network, or a quota.
 */
#include "run_fixture.h"

#include <sys/stat.h>

static struct stat fails; /* the file whose close fails; no inode: none does */

/* Where it is written. */
int close(int fd)
{
	int mode = fcntl(fd, F_GETFL);
	struct stat st;
	bool is_it = fails.st_ino && mode >= 0 && (mode & O_ACCMODE) != O_RDONLY &&
		     !fstat(fd, &st) && st.st_ino == fails.st_ino && st.st_dev == fails.st_dev;
	int rc = (int)syscall(SYS_close, fd);

	if (!is_it)
		return rc;
	errno = EIO;
	return -1;
}

static int end_close(void **state)
{
	fails.st_ino = 0;
	return end_target(state);
}

static void a_summary_is_not_written(void **state)
{
	(void)state;
	assert_int_equal(stat("/dev/null", &fails), 0);
	assert_int_equal(trace("-b -n 1 -i 20ms -f probed_one -o /dev/null"), RP_EXIT_FAILED);
	assert_failed("the summary could not be written to /dev/null: Input/output error",
		      "-o rptrace.out");
}

static void a_record_is_not_written(void **state)
{
	char path[] = "/tmp/rptrace-closing-XXXXXX", words[128];
	int fd = mkstemp(path), status;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(stat(path, &fails), 0);
	snprintf(words, sizeof(words), "-b -n 1 -i 20ms -f probed_one --record %s", path);
	status = trace(words);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(status, RP_EXIT_FAILED);
	assert_failed(" ends early, as it cannot be written: Input/output error", "--record ");
}

#define CLOSING_TEST(test) cmocka_unit_test_setup_teardown(test, begin_target, end_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLOSING_TEST(a_summary_is_not_written),
		CLOSING_TEST(a_record_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

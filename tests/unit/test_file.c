// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Which files are opened, and how much of them is read. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/file.h"

struct folder {
	char path[64], below[96], outside[96];
};

static const char *in(const char *folder, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void put(const char *folder, const char *name, const char *text)
{
	FILE *file = fopen(in(folder, name), "we");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->path, "/tmp/rptrace-test-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	snprintf(f->below, sizeof(f->below), "%s/below", f->path);
	snprintf(f->outside, sizeof(f->outside), "%s/outside", f->path);
	assert_int_equal(mkdir(f->below, 0700), 0);
	put(f->path, "outside", "secret");
	put(f->below, "file", "text");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct folder *f = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", f->path);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static int opens(const char *path)
{
	int fd = rp_file__open_regular(path, NULL);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int opens_below(const char *folder, const char *path)
{
	struct stat st;
	int fd = rp_file__open_below(folder, path, &st);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static void test_regular_files_alone(void **state)
{
	const struct folder *f = *state;

	assert_int_equal(opens(f->outside), 0);
	assert_int_equal(opens(in(f->path, "missing")), -ENOENT);
	assert_int_equal(opens(f->path), -EINVAL);
	assert_int_equal(opens("/dev/zero"), -EINVAL);
	assert_int_equal(mkfifo(in(f->path, "fifo"), 0600), 0);
	assert_int_equal(opens(in(f->path, "fifo")), -EINVAL);
}

/* Of a file system that nobody serves the file itself is kept; a handle is made one to read. */
static void test_handles(void **state)
{
	const struct folder *f = *state;
	int fd = rp_file__to_keep(rp_file__open_regular(f->outside, NULL));
	int handle = open(f->outside, O_PATH | O_CLOEXEC);
	struct stat st, own;

	assert_false(rp_file__is_handle(fd));
	assert_int_equal(rp_file__to_read(fd), fd);
	assert_int_equal(rp_file__stat(fd, &own), 0);
	close(fd);
	assert_true(rp_file__is_handle(handle));
	fd = rp_file__to_read(handle);
	assert_false(rp_file__is_handle(fd));
	assert_int_equal(rp_file__stat(fd, &st), 0);
	assert_int_equal(st.st_ino, own.st_ino);
	close(fd);
	assert_int_equal(rp_file__to_keep(-ENOENT), -ENOENT);
	assert_int_equal(rp_file__to_read(-ENOENT), -ENOENT);
	assert_int_equal(rp_file__to_read(open(f->path, O_PATH | O_CLOEXEC)), -EINVAL);
}

/* stat(2) calls them regular; the first has no end, and a link leads to it from anywhere. */
static void test_made_up_files(void **state)
{
	const struct folder *f = *state;

	assert_int_equal(opens("/proc/self/pagemap"), -EINVAL);
	assert_int_equal(opens("/proc/self/maps"), -EINVAL);
	assert_int_equal(opens("/sys/kernel/mm/transparent_hugepage/enabled"), -EINVAL);
	assert_int_equal(symlink("/proc/self/pagemap", in(f->path, "link")), 0);
	assert_int_equal(opens(in(f->path, "link")), -EINVAL);
}

static void test_links_stay_below(void **state)
{
	const struct folder *f = *state;

	assert_int_equal(opens_below(f->below, "file"), 0);
	assert_int_equal(symlink("file", in(f->below, "near")), 0);
	assert_int_equal(opens_below(f->below, "near"), 0);
	assert_int_equal(symlink("../outside", in(f->below, "up")), 0);
	assert_int_equal(opens_below(f->below, "up"), -EXDEV);
	assert_int_equal(symlink(f->outside, in(f->below, "away")), 0);
	assert_int_equal(opens_below(f->below, "away"), -EXDEV);
	assert_int_equal(opens_below(f->below, "../outside"), -EXDEV);
	assert_int_equal(opens_below(f->below, f->outside), -EXDEV);
	assert_int_equal(symlink("..", in(f->below, "folder")), 0);
	assert_int_equal(opens_below(f->below, "folder/outside"), -EXDEV);
}

static void test_lease_is_not_waited_for(void **state)
{
	const struct folder *f = *state;
	int fd = open(f->outside, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	signal(SIGIO, SIG_IGN);
	if (fcntl(fd, F_SETLEASE, F_WRLCK)) {
		close(fd);
		skip(); /* this file system has none */
	}
	assert_int_equal(opens(f->outside), -EWOULDBLOCK);
	assert_int_equal(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	assert_int_equal(opens(f->outside), 0);
	close(fd);
}

static void test_holes_are_no_data(void **state)
{
	static const char piece[256 << 10];
	const struct folder *f = *state;
	struct stat st;
	int fd = open(f->outside, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(rp_file__data_bytes(fd, &st) >= 6, true);
	assert_int_equal(ftruncate(fd, 1ll << 30), 0);
	assert_int_equal(pwrite(fd, "x", 1, 1 << 29), 1);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(rp_file__data_bytes(fd, &st) < 1 << 20);
	/* All pieces of it, not the last one alone. */
	assert_int_equal(pwrite(fd, piece, sizeof(piece), 0), sizeof(piece));
	assert_true(rp_file__data_bytes(fd, &st) >= sizeof(piece));
	close(fd);
}

static bool yes(void)
{
	return true;
}

static void test_budget(void **state)
{
	struct rp_file_budget budget;

	(void)state;
	rp_file_budget__start(&budget);
	assert_true(rp_file_budget__take(&budget, budget.bytes));
	assert_false(budget.is_spent);
	assert_false(rp_file_budget__take(&budget, 1));
	assert_true(budget.is_spent);
	assert_false(rp_file_budget__take(&budget, 0)); /* what was given up stays so */
	rp_file_budget__start(&budget);
	budget.cpu_end = 0;
	assert_false(rp_file_budget__take(&budget, 1));
	assert_true(budget.is_spent);
	/* Whoever ends us has not made the file too large. */
	rp_file_budget__start(&budget);
	budget.is_cancelled = yes;
	assert_false(rp_file_budget__take(&budget, 1));
	assert_false(budget.is_spent);
}

#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(test_regular_files_alone),
		FILE_TEST(test_handles),
		FILE_TEST(test_made_up_files),
		FILE_TEST(test_links_stay_below),
		FILE_TEST(test_lease_is_not_waited_for),
		FILE_TEST(test_holes_are_no_data),
		FILE_TEST(test_budget),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}

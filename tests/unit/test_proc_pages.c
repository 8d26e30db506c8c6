// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* A file is told from its copy by its pages in memory. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/proc.h"

/* A file of a page, mapped; returns the descriptor. */
static int map_page(char *path, struct rp_mapped *mapped)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = mkstemp(path);
	volatile char *at;

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(ftruncate(fd, (off_t)page), 0);
	assert_int_equal(pwrite(fd, "page", 4, 0), 4);
	at = mmap(NULL, page, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	assert_true(at != MAP_FAILED);
	assert_int_equal(at[0], 'p');
	mapped->start = (uintptr_t)at;
	mapped->end = mapped->start + page;
	mapped->offset = 0;
	return fd;
}

static void test_shares_pages(void **state)
{
	char one[] = "/tmp/rpt-XXXXXX", two[] = "/tmp/rpt-XXXXXX";
	struct rp_mapped first = {0}, second = {0};
	int fd = map_page(one, &first), copy = map_page(two, &second);
	int same = rp_proc__shares_pages("/proc", getpid(), &first, fd);

	(void)state;
	if (same == -ENODATA)
		skip(); /* only root may see the frames */
	assert_int_equal(same, 1);
	assert_int_equal(rp_proc__shares_pages("/proc", getpid(), &second, copy), 1);
	assert_int_equal(rp_proc__shares_pages("/proc", getpid(), &second, fd), 0);
	assert_int_equal(rp_proc__shares_pages("/nowhere", getpid(), &first, fd), -ENODATA);
	close(fd);
	close(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

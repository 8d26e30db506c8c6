// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* A file is told from its copy, and from another one, by its pages in memory and its number. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
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

/* Memory differs where something was written to it, and nowhere that is not the file's. */
static void test_differs(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char path[] = "/tmp/rpt-XXXXXX";
	int fd = mkstemp(path);
	struct rp_mapped mapped = {.offset = page};
	char *at;

	(void)state;
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(ftruncate(fd, (off_t)(4 * page)), 0);
	at = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	assert_true(at != MAP_FAILED);
	memset(at, 'x', 3 * page);
	/* The second page alone is mapped, as it is in the file, but for its last byte. */
	mapped.start = (uintptr_t)at + page;
	mapped.end = mapped.start + page;
	memset(at + page, 0, page - 1);
	assert_false(rp_proc__differs("/proc", getpid(), &mapped, fd, page));
	assert_false(rp_proc__differs("/proc", getpid(), &mapped, fd, 2 * page - 2));
	assert_true(rp_proc__differs("/proc", getpid(), &mapped, fd, 2 * page - 1));
	assert_false(rp_proc__differs("/proc", getpid(), &mapped, fd, 2 * page));
	assert_false(rp_proc__differs("/proc", getpid(), &mapped, fd, page - 1));
	munmap(at, 3 * page);
	close(fd);
}

/* A byte of our own code is changed, as breakpoints do it: in memory, not in the file. */
static void test_differs_from_own_code(void **state)
{
	long page = sysconf(_SC_PAGESIZE);
	struct rp_mapped mapped = {0};
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st, seen;
	char *code;

	(void)state;
	assert_true(fd >= 0);
	code = mmap(NULL, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, fd, page);
	assert_true(code != MAP_FAILED);
	mapped.start = (uint64_t)(uintptr_t)code;
	mapped.end = mapped.start + page;
	mapped.offset = page;
	assert_int_equal(fstat(fd, &st), 0);
	mapped.dev = st.st_dev;
	mapped.ino = st.st_ino;
	assert_int_equal(rp_proc__stat_mapped("/proc", getpid(), &mapped, &seen), 0);
	assert_int_equal(seen.st_ino, st.st_ino);
	assert_false(rp_proc__differs("/proc", getpid(), &mapped, fd, page + 5));
	code[5] ^= 1;
	assert_true(rp_proc__differs("/proc", getpid(), &mapped, fd, page + 5));
	assert_false(rp_proc__differs("/proc", getpid(), &mapped, fd, page + 6));
	/* Not mapped there, nor at all. */
	assert_false(rp_proc__differs("/proc", getpid(), &mapped, fd, 2 * page + 5));
	assert_false(rp_proc__differs("/proc", getpid(), &mapped, fd, 5));
	assert_int_equal(munmap(code, page), 0);
	assert_false(rp_proc__differs("/proc", getpid(), &mapped, fd, page + 5));
	assert_int_equal(rp_proc__stat_mapped("/proc", getpid(), &mapped, &seen), -ENOENT);
	close(fd);
}

/* A device that is none tells nothing, where maps have another: the file may be below an overlay.
 */
static void test_may_be_mapped(void **state)
{
	const struct rp_mapped on_disk = {.dev = makedev(8, 1), .ino = 7},
			       on_overlay = {.dev = makedev(0, 50), .ino = 7};
	struct stat st = {.st_dev = makedev(8, 1), .st_ino = 7};

	(void)state;
	assert_true(rp_proc__may_be_mapped(&on_disk, &st));
	assert_false(rp_proc__may_be_mapped(&on_overlay, &st));
	st.st_dev = makedev(8, 2);
	assert_false(rp_proc__may_be_mapped(&on_disk, &st));
	st.st_dev = makedev(0, 51);
	st.st_ino = 8;
	assert_true(rp_proc__may_be_mapped(&on_disk, &st));
	assert_true(rp_proc__may_be_mapped(&on_overlay, &st));
	st.st_dev = on_overlay.dev;
	assert_false(rp_proc__may_be_mapped(&on_overlay, &st));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares_pages),
		cmocka_unit_test(test_differs),
		cmocka_unit_test(test_differs_from_own_code),
		cmocka_unit_test(test_may_be_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Whether what a process maps is a file that we have open, whatever numbers and path each of the
 * two goes by: a file has its pages in memory once, for all that map it. So the page frame of a
 * page that both map is the same, and is another for a copy. Pages with a breakpoint in them are
 * the process's own and tell nothing; those without are the file's.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "discover/proc.h"

#define PAGES_MAX 256 /* of a mapping that are looked at */

/* An entry of /proc/PID/pagemap. */
#define PRESENT	  (1ull << 63)
#define FILE_PAGE (1ull << 61)
#define FRAME	  ((1ull << 55) - 1) /* 0: not for us to know */

static size_t read_entries(const char *path, uint64_t at, size_t page, uint64_t *entries, size_t n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return 0;
	got = pread(fd, entries, n * sizeof(*entries), (off_t)(at / page * sizeof(*entries)));
	close(fd);
	return got < 0 ? 0 : (size_t)got / sizeof(*entries);
}

static bool is_file_page(uint64_t entry)
{
	return (entry & PRESENT) && (entry & FILE_PAGE) && (entry & FRAME);
}

/* What is mapped from an address on, and what the file has from an offset on. */
static int compare(const char *pagemap, uint64_t start, uint64_t end, uint64_t offset, int fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), n = (end - start) / page;
	uint64_t theirs[PAGES_MAX], ours;
	void *own;
	int rc = -ENODATA;

	if (n > PAGES_MAX)
		n = PAGES_MAX;
	n = read_entries(pagemap, start, page, theirs, n);
	for (size_t i = 0; i < n && rc <= 0; i++) {
		if (!is_file_page(theirs[i]))
			continue;
		own = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)(offset + i * page));
		if (own == MAP_FAILED)
			return -errno;
		if (!madvise(own, page, MADV_POPULATE_READ) &&
		    read_entries("/proc/self/pagemap", (uintptr_t)own, page, &ours, 1) &&
		    is_file_page(ours))
			rc = (ours & FRAME) == (theirs[i] & FRAME);
		munmap(own, page);
	}
	return rc;
}

int rp_proc__shares_pages(const char *proc_root, pid_t pid, const struct rp_mapped *mapped, int fd)
{
	uint64_t offset = mapped->offset;
	char path[PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "%s/%d/pagemap", proc_root, (int)pid);
	rc = compare(path, mapped->start, mapped->end, offset, fd);
	/* All of its code may have breakpoints. What comes before code in a file is mapped before
	 * it, as a rule; where that is something else, nothing follows. */
	if (rc < 0 && offset && offset <= mapped->start &&
	    compare(path, mapped->start - offset, mapped->start, 0, fd) > 0)
		rc = 1;
	return rc;
}

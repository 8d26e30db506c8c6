// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * bench_tables FILE...: reads the unwind table of each, as --sample does of what its targets map.
 * Prints a line for each that has one: its rows, the bytes that they take, the ns of CPU time in
 * which it was read (the best of some times), and the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "unwind/object.h"

#define TIMES 5

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int bench(const char *path)
{
	uint64_t best = UINT64_MAX;
	size_t rows = 0;
	int rc = 0, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (int i = 0; !rc && i < TIMES; i++) {
		struct rp_unwind_object object;
		uint64_t before = cpu_ns(), took;

		rc = rp_unwind_object__read(fd, &object);
		took = cpu_ns() - before;
		if (rc)
			break;
		best = took < best ? took : best;
		rows = object.table.n;
		rp_unwind_object__free(&object);
	}
	close(fd);
	if (!rc)
		printf("%zu %zu %" PRIu64 " %s\n", rows, rows * sizeof(struct rp_unwind_row), best,
		       path);
	return rc == -ENODATA ? 0 : rc;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int rc = bench(argv[i]);

		if (rc) {
			fprintf(stderr, "bench_tables: %s: %s\n", argv[i], strerror(-rc));
			return 1;
		}
	}
	return 0;
}

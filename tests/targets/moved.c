// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * moved before|after page|all|shared CALLS: moves its code to anonymous memory, as programs do that
 * want it on huge pages, or maps it anew, shared with the file, before or after it waits for a
 * byte; then calls moved_work.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ul

__attribute__((noinline, section(".moved"), aligned(4096))) int moved_work(int x)
{
	volatile int y = x;

	return y + 1;
}

/* All executable mappings of this program lie in a row. */
static void find_code(uintptr_t *start, uintptr_t *end, unsigned long *file_offset)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uintptr_t here = (uintptr_t)moved_work, from, to;
	unsigned long offset;
	char line[4352], perms[5];

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %4s %lx", &from, &to, perms, &offset) == 4 &&
		    from <= here && here < to) {
			*start = from;
			*end = to;
			*file_offset = offset;
		}
	if (maps)
		fclose(maps);
}

/* Where it is as it is, from the file. */
static int share(void)
{
	uintptr_t start = 0, end = 0;
	unsigned long offset = 0;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	find_code(&start, &end, &offset);
	return mmap((void *)start, end - start, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd,
		    (off_t)offset) == MAP_FAILED;
}

static int move(const char *what)
{
	uintptr_t start = (uintptr_t)moved_work & ~(PAGE - 1), end = start + PAGE;
	unsigned long offset;
	size_t len;
	char *copy;

	if (!strcmp(what, "shared"))
		return share();
	if (!strcmp(what, "all"))
		find_code(&start, &end, &offset);
	len = end - start;
	copy = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED)
		return 1;
	memcpy(copy, (void *)start, len);
	mprotect(copy, len, PROT_READ | PROT_EXEC);
	return mremap(copy, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)start) == MAP_FAILED;
}

int main(int argc, char **argv)
{
	unsigned long n = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
	char byte;

	if (!n || (!strcmp(argv[1], "before") && move(argv[2])))
		return 2;
	puts("ready");
	fflush(stdout);
	if (read(STDIN_FILENO, &byte, 1) < 0 || (!strcmp(argv[1], "after") && move(argv[2])))
		return 2;
	for (unsigned long i = 0; i < n; i++)
		moved_work((int)i);
	return 0;
}

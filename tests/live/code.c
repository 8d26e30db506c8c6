/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Probes in the code of a target. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "live.h"

/* Where the byte at addr is in the object that is mapped there; -1: no such mapping. */
static int64_t file_offset(pid_t pid, uint64_t addr, size_t *len, char *path, size_t size)
{
	char maps[64], line[4608], name[4200] = "";
	unsigned long long start, end, offset;
	int64_t found = -1;
	FILE *f;

	snprintf(maps, sizeof(maps), "/proc/%d/maps", pid);
	f = fopen(maps, "re");
	while (f && found < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx-%llx %*s %llx %*s %*s %4199[^\n]", &start, &end, &offset,
			   name) < 3)
			continue;
		if (addr < start || addr >= end)
			continue;
		found = (int64_t)(offset + (addr - start));
		if (*len > end - addr)
			*len = end - addr;
	}
	if (f)
		fclose(f);
	snprintf(path, size, "/proc/%d/root%s", pid, name);
	return found;
}

static bool read_at(const char *path, uint64_t offset, unsigned char *buf, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool all = fd >= 0 && pread(fd, buf, len, (off_t)offset) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return all;
}

unsigned live_probes(struct live_proc *target, const char *name, size_t len)
{
	unsigned char memory[256], file[256];
	unsigned long long addr = 0;
	unsigned runs = 0;
	char key[64], path[4300], mem[64], word[64];
	const char *at;
	int64_t offset;
	int pid = 0;

	live_read(target);
	assert_true(len <= sizeof(memory));
	for (unsigned nth = 1; !addr; nth++) {
		at = live_expect_line(target, "code ", nth);
		assert_int_equal(sscanf(at, "%d %63s %llx", &pid, word, &addr), 3);
		if (strcmp(word, name) != 0)
			addr = 0;
	}
	snprintf(key, sizeof(key), "%s of %d", name, pid);
	offset = file_offset(pid, addr, &len, path, sizeof(path));
	snprintf(mem, sizeof(mem), "/proc/%d/mem", pid);
	if (offset < 0 || !read_at(path, (uint64_t)offset, file, len) ||
	    !read_at(mem, addr, memory, len))
		fail_msg("cannot read the code of %s", key);
	for (size_t i = 0; i < len; i++)
		if (memory[i] != file[i] && (i == 0 || memory[i - 1] == file[i - 1]))
			runs++;
	return runs;
}

void live_await_probes(struct live_proc *target, const char *name, size_t len, unsigned n)
{
	uint64_t until = live_deadline();
	unsigned found;

	while ((found = live_probes(target, name, len)), n ? found < n : found > 0)
		if (!live_tick(until))
			fail_msg("%s: %u probes, not %u", name, found, n);
	/* They count once all of their file are there. */
	if (n)
		live_await_idle();
}

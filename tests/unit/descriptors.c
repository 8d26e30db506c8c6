// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Linked to each unit test, which fails if it ends with more open files than it had: where nobody
 * closes one, a trace of days runs out of them. Sanitizers see memory that is left, not these.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pid_t tested;
static size_t at_start;

/* What they are is printed where `name` is given. */
static size_t count(const char *name)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	size_t n = 0;

	if (!dir)
		abort();
	while ((entry = readdir(dir))) {
		char path[300], to[128] = "";

		n++;
		snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
		if (name && readlink(path, to, sizeof(to) - 1) > 0)
			fprintf(stderr, "%s: left open: %s: %s\n", name, entry->d_name, to);
	}
	closedir(dir);
	return n;
}

static __attribute__((constructor)) void begin(void)
{
	tested = getpid();
	at_start = count(NULL);
}

static __attribute__((destructor)) void end(void)
{
	if (getpid() != tested || count(NULL) <= at_start)
		return;
	count("descriptors");
	fflush(NULL);
	_exit(1);
}

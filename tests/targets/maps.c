/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * maps [HOW] FILE...: maps files as code that never runs, and waits. Those that cannot be mapped
 * are left.
 *
 *   --times N	N times each
 *   --lease	with a lease on each, that is not given up
 *   --grow	and writes to the end of each all the while
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "target.h"

#define GROWN_MAX (64 << 20)

static const char *growing;

static void *grow(void *arg)
{
	static const char more[4096];
	int fd = open(growing, O_WRONLY | O_APPEND | O_CLOEXEC);

	for (size_t n = 0; fd >= 0 && n < GROWN_MAX; n += sizeof(more))
		if (write(fd, more, sizeof(more)) < 0 || usleep(50))
			break;
	return arg;
}

static void map(const char *path, unsigned long times, int lease)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return;
	if (!fstat(fd, &st) && st.st_size)
		while (times--)
			mmap(NULL, st.st_size < 4096 ? 4096 : (size_t)st.st_size,
			     PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (!lease)
		close(fd);
	else if (fcntl(fd, F_SETLEASE, F_WRLCK))
		exit(1);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	unsigned long times = !strcmp(how, "--times") ? target_number(argc, argv, 2, 1) : 1;
	int lease = !strcmp(how, "--lease"), first = 1 + (how[0] == '-') + (times > 1);
	pthread_t thread;

	signal(SIGIO, SIG_IGN); /* somebody wants what is leased */
	for (int i = first; i < argc; i++)
		map(argv[i], times, lease);
	growing = !strcmp(how, "--grow") ? argv[first] : NULL;
	if (growing && pthread_create(&thread, NULL, grow, NULL))
		return 1;
	target_wait();
	return 0;
}

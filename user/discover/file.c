// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "discover/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int rp_file__open_regular(const char *path, struct stat *st)
{
	char link[64];
	struct stat own;
	int handle, fd;

	/* A handle without access first: what is checked is what is opened then. */
	handle = open(path, O_PATH | O_CLOEXEC);
	if (handle < 0)
		return -errno;
	if (!st)
		st = &own;
	if (fstat(handle, st)) {
		fd = -errno;
		goto out;
	}
	if (!S_ISREG(st->st_mode)) {
		fd = -EINVAL;
		goto out;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", handle);
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		fd = -errno;
out:
	close(handle);
	return fd;
}

size_t rp_file__read(int fd, uint64_t offset, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got;

		if (offset > INT64_MAX - done)
			break;
		got = pread(fd, (char *)buf + done, len - done, offset + done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += got;
	}
	return done;
}

bool rp_file__same_content(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

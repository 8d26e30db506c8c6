// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/kernel_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No line of the kernel's is longer: most have a path, whose bytes become four each at most. */
#define LINE_BYTES (64 << 10)

ssize_t rp_kernel_file__read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 0, rc;
	size_t len = 0;

	buf[0] = '\0';
	if (fd < 0)
		return -errno;
	while (len < size - 1) {
		got = read(fd, buf + len, size - 1 - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	rc = got < 0 ? -errno : (ssize_t)len;
	close(fd);
	buf[len] = '\0';
	return rc;
}

ssize_t rp_kernel_file__read_line(const char *path, char *buf, size_t size)
{
	ssize_t len = rp_kernel_file__read(path, buf, size);

	if (len < 0)
		return len;
	buf[strcspn(buf, "\n")] = '\0';
	return (ssize_t)strlen(buf);
}

int rp_line_reader__open(struct rp_line_reader *lines, const char *path)
{
	*lines = (struct rp_line_reader){.file = fopen(path, "re")};
	return lines->file ? 0 : -errno;
}

bool rp_line_reader__next(struct rp_line_reader *lines)
{
	size_t len;
	int c;

	if (!lines->line) {
		lines->room = LINE_BYTES;
		lines->line = malloc(lines->room);
	}
	if (!lines->file || !lines->line || !fgets(lines->line, (int)lines->room, lines->file))
		return false;
	len = strcspn(lines->line, "\n");
	/* What is left of a line that is too long is none of its own. */
	if (len + 1 == lines->room)
		do
			c = fgetc(lines->file);
		while (c != EOF && c != '\n');
	lines->line[len] = '\0';
	return true;
}

void rp_line_reader__close(struct rp_line_reader *lines)
{
	if (lines->file)
		fclose(lines->file);
	free(lines->line);
	*lines = (struct rp_line_reader){0};
}

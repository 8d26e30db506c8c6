// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/standard.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#include "run/signals.h"

#define LOOK_MS	 50
#define IDLE_MAX 9 /* with nothing taken by whoever reads any of them */

/* Streams of the process, as they are in the C library. */
static struct {
	bool begun, hurried;
	unsigned idle; /* looks since anything was taken */
	bool given_up[STDERR_FILENO + 1];
} standard;

/* A pipe that is ready takes that much without waiting. */
static size_t piece(size_t left)
{
	return left < PIPE_BUF ? left : PIPE_BUF;
}

/* false: not in time. */
static bool await_room(int fd)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};

	while (poll(&room, 1, LOOK_MS) <= 0)
		if ((standard.hurried || rp_signals__is_end_pending()) &&
		    ++standard.idle > IDLE_MAX)
			return false;
	return true;
}

/* As fopencookie(3) wants it: less than `size` is an error. */
static ssize_t put(void *cookie, const char *bytes, size_t size)
{
	int fd = (int)(intptr_t)cookie;
	size_t done = 0;

	while (done < size && !standard.given_up[fd]) {
		ssize_t wrote;

		standard.given_up[fd] = !await_room(fd);
		if (standard.given_up[fd])
			break;
		wrote = write(fd, bytes + done, piece(size - done));
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return (ssize_t)done;
		standard.idle = 0;
		done += (size_t)wrote;
	}
	if (done < size)
		errno = EINTR;
	return (ssize_t)done;
}

static void replace(FILE **stream, int fd, int buffering)
{
	FILE *other = fopencookie((void *)(intptr_t)fd, "w", (cookie_io_functions_t){.write = put});

	fflush(*stream);
	if (!other)
		return;
	setvbuf(other, NULL, buffering, BUFSIZ);
	*stream = other;
}

void rp_standard__begin(void)
{
	if (standard.begun)
		return;
	standard.begun = true;
	replace(&stdout, STDOUT_FILENO, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF);
	replace(&stderr, STDERR_FILENO, _IONBF);
}

void rp_standard__hurry(void)
{
	standard.hurried = true;
}

int rp_standard__fileno(FILE *stream)
{
	return stream == stdout ? STDOUT_FILENO : stream == stderr ? STDERR_FILENO : fileno(stream);
}

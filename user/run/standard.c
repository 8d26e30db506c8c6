// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/standard.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "run/signals.h"

#define LOOK_MS	 50
#define IDLE_MAX 9 /* with nothing taken by whoever reads any of them */

struct stream {
	int fd;
	bool given_up;
};

/* Of the process, whose thread that records writes, too. */
static struct {
	bool begun, hurried;
	unsigned idle;				  /* looks since anything was taken */
	struct stream streams[STDERR_FILENO + 1]; /* as they are in the C library */
} standard;

/* A pipe that is ready takes that much without waiting. */
static size_t piece(size_t left)
{
	return left < PIPE_BUF ? left : PIPE_BUF;
}

static bool is_to_end(void)
{
	return __atomic_load_n(&standard.hurried, __ATOMIC_RELAXED) || rp_signals__is_end_pending();
}

bool rp_standard__await_room(int fd)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};

	while (poll(&room, 1, LOOK_MS) <= 0)
		if (is_to_end() &&
		    __atomic_add_fetch(&standard.idle, 1, __ATOMIC_RELAXED) > IDLE_MAX)
			return false;
	__atomic_store_n(&standard.idle, 0, __ATOMIC_RELAXED);
	return true;
}

/* As fopencookie(3) wants it: less than `size` is an error. */
static ssize_t put(void *cookie, const char *bytes, size_t size)
{
	struct stream *s = cookie;
	size_t done = 0;

	while (done < size && !s->given_up) {
		ssize_t wrote;

		s->given_up = !rp_standard__await_room(s->fd);
		if (s->given_up)
			break;
		wrote = write(s->fd, bytes + done, piece(size - done));
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return (ssize_t)done;
		done += (size_t)wrote;
	}
	if (done < size)
		errno = EINTR;
	return (ssize_t)done;
}

static int end(void *cookie)
{
	struct stream *s = cookie;
	int rc = close(s->fd);

	free(s);
	return rc;
}

FILE *rp_standard__open(int fd)
{
	struct stream *s = calloc(1, sizeof(*s));
	FILE *file = s ? fopencookie(s, "w", (cookie_io_functions_t){.write = put, .close = end})
		       : NULL;

	if (file)
		s->fd = fd;
	else
		free(s);
	return file;
}

static void replace(FILE **stream, int fd, int buffering)
{
	struct stream *s = &standard.streams[fd];
	FILE *other = fopencookie(s, "w", (cookie_io_functions_t){.write = put});

	s->fd = fd;
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
	__atomic_store_n(&standard.hurried, true, __ATOMIC_RELAXED);
}

int rp_standard__fileno(FILE *stream)
{
	return stream == stdout ? STDOUT_FILENO : stream == stderr ? STDERR_FILENO : fileno(stream);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/outgoing.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/major.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/memory_file.h"

#define BEGIN_PICTURE "\x1b[?2026h" /* synchronised output */
#define END_PICTURE   "\x1b[?2026l"
#define SMALL	      32 /* bytes, a figure or two, that come together whatever is around them */
#define LOOK_NS	      (50 * RP_NS_PER_MS) /* at a terminal that takes nothing */

static bool is_pseudo_terminal(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISCHR(st.st_mode) &&
	       major(st.st_rdev) >= UNIX98_PTY_SLAVE_MAJOR &&
	       major(st.st_rdev) < UNIX98_PTY_SLAVE_MAJOR + UNIX98_PTY_MAJOR_COUNT;
}

/* UINT32_MAX: not below what may be slow. */
static unsigned baud_of(int fd)
{
	static const struct {
		speed_t speed;
		unsigned baud;
	} speeds[] = {{B300, 300},   {B600, 600},   {B1200, 1200}, {B1800, 1800},
		      {B2400, 2400}, {B4800, 4800}, {B9600, 9600}, {B19200, 19200}};
	unsigned baud = UINT32_MAX;
	struct termios modes;

	if (tcgetattr(fd, &modes))
		return 0;
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++)
		if (cfgetospeed(&modes) == speeds[i].speed)
			baud = speeds[i].baud;
	/* ssh says so, too, of terminals whose speed it is not told, and macOS of all. */
	return baud == 9600 && is_pseudo_terminal(fd) ? UINT32_MAX : baud;
}

int rp_outgoing__open(struct rp_outgoing *out)
{
	int own = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), rc;

	if (own < 0)
		return -errno;
	*out = (struct rp_outgoing){
		.file = fdopen(own, "w"),
		.memory = rp_memory_file__new("picture"),
		/* Opened anew: whoever shares the other description waits when he writes. */
		.terminal = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC),
	};
	rp_pace__init(&out->pace, baud_of(STDOUT_FILENO));
	if (out->file && out->memory >= 0)
		return 0;
	rc = out->file ? out->memory : -ENOMEM;
	if (!out->file)
		close(own);
	rp_outgoing__close(out);
	return rc;
}

void rp_outgoing__close(struct rp_outgoing *out)
{
	if (out->file)
		fclose(out->file);
	if (out->memory >= 0)
		close(out->memory);
	if (out->terminal >= 0)
		close(out->terminal);
	free(out->bytes);
	*out = (struct rp_outgoing){.memory = -1, .terminal = -1};
}

/* ---- from ncurses ------------------------------------------------------------------------- */

static bool reserve(struct rp_outgoing *out, size_t more)
{
	size_t capacity = 2 * (out->n + more);
	char *bytes;

	if (out->n + more <= out->capacity)
		return true;
	bytes = realloc(out->bytes, capacity);
	if (!bytes)
		return false;
	out->bytes = bytes;
	out->capacity = capacity;
	return true;
}

static void add(struct rp_outgoing *out, const char *text)
{
	memcpy(out->bytes + out->n, text, strlen(text));
	out->n += strlen(text);
}

void rp_outgoing__begin(struct rp_outgoing *out)
{
	dup3(out->memory, fileno(out->file), O_CLOEXEC);
}

/* Without memory the piece is lost: Ctrl-L draws all of it. */
void rp_outgoing__end(struct rp_outgoing *out, bool wrapped)
{
	off_t size = lseek(out->memory, 0, SEEK_CUR);
	ssize_t got;

	dup3(STDOUT_FILENO, fileno(out->file), O_CLOEXEC);
	wrapped &= size > SMALL;
	if (size > 0 && reserve(out, (size_t)size + sizeof(BEGIN_PICTURE END_PICTURE))) {
		if (wrapped)
			add(out, BEGIN_PICTURE);
		got = pread(out->memory, out->bytes + out->n, (size_t)size, 0);
		out->n += got > 0 ? (size_t)got : 0;
		if (wrapped)
			add(out, END_PICTURE);
	}
	if (size > 0 && !ftruncate(out->memory, 0))
		lseek(out->memory, 0, SEEK_SET);
	rp_outgoing__write(out);
}

/* ---- to the terminal ---------------------------------------------------------------------- */

static void take(struct rp_outgoing *out, int fd)
{
	ssize_t n = write(fd, out->bytes, out->n);

	if (n < 0) {
		/* A terminal that is gone is noticed by its keys. */
		if (errno != EAGAIN && errno != EINTR)
			out->n = 0;
		return;
	}
	out->n -= (size_t)n;
	memmove(out->bytes, out->bytes + n, out->n);
	out->written += (uint64_t)n;
	rp_pace__wrote(&out->pace, (uint64_t)n, rp_clock__now());
}

void rp_outgoing__write(struct rp_outgoing *out)
{
	if (out->n)
		take(out, out->terminal >= 0 ? out->terminal : STDOUT_FILENO);
}

void rp_outgoing__finish(struct rp_outgoing *out)
{
	struct pollfd terminal = {.fd = STDOUT_FILENO, .events = POLLOUT};

	while (out->n) {
		poll(&terminal, 1, -1); /* whoever shares the descriptor may want no waiting */
		take(out, STDOUT_FILENO);
	}
}

/* A queue that is not empty is told by serial lines alone, one that is full by all. */
bool rp_outgoing__is_free(struct rp_outgoing *out)
{
	struct pollfd terminal = {.fd = STDOUT_FILENO, .events = POLLOUT};
	uint64_t now = rp_clock__now();
	int queued = 0;

	if (!ioctl(STDOUT_FILENO, TIOCOUTQ, &queued) && queued > 0)
		rp_pace__queued(&out->pace, (uint64_t)queued, now);
	if (out->n || (queued > 0 && !rp_pace__is_slow(&out->pace)))
		return false;
	return rp_pace__next(&out->pace, now) <= now && poll(&terminal, 1, 0);
}

uint64_t rp_outgoing__next(const struct rp_outgoing *out)
{
	uint64_t now = rp_clock__now(), next = rp_pace__next(&out->pace, now);

	return next > now ? next : now + LOOK_NS;
}

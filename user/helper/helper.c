// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "helper/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "discover/file.h"
#include "helper/message.h"
#include "util/array.h"
#include "util/clock.h"
#include "util/cpu_time.h"

/* The helper stops by itself at the budget of a file (discover/file.h); this is for what does not
 * ask. */
#define CPU_MAX_NS   (20 * RP_NS_PER_S)
#define IDLE_MAX_NS  (5 * RP_NS_PER_S)
#define LOOK_MS	     20
#define PIECES	     64 /* of code that are kept: exits of functions lead to and fro */
#define DEAD_MAX     16
#define SILENT_MAX   16

#define WHY_IDLE     "its file system does not answer"
#define WHY_CPU	     "reading it takes too long"
#define WHY_LARGE    "it is too large to be read"
#define WHY_DIED     "the process that reads files has ended over it"
#define WHY_NO_FORK  "no process could be started to read it"
#define WHY_NONSENSE "the process that reads files has answered what cannot be"

struct piece {
	bool is_known;
	uint64_t offset;
	size_t size;
	char bytes[RP_HELPER_PIECE];
};

struct rp_helper {
	pid_t pid; /* 0: there is none */
	int socket;
	bool (*is_cancelled)(void);
	const char *why;
	bool has_object;
	pid_t dead[DEAD_MAX]; /* killed, and not yet seen to have ended */
	size_t n_dead;
	dev_t silent[SILENT_MAX]; /* file systems that did not answer */
	size_t n_silent;
	struct rp_helper_request request;
	struct rp_helper_reply reply;
	struct piece pieces[PIECES];
};

/* ---- the process ----------------------------------------------------------------------------- */

static void reap(struct rp_helper *h)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->n_dead; i++)
		if (!waitpid(h->dead[i], NULL, WNOHANG))
			h->dead[kept++] = h->dead[i];
	h->n_dead = kept;
}

/* One that may sleep in the kernel is not waited for. */
static void end(struct rp_helper *h)
{
	if (!h->pid)
		return;
	kill(h->pid, SIGKILL);
	close(h->socket);
	reap(h);
	if (h->n_dead < DEAD_MAX)
		h->dead[h->n_dead++] = h->pid;
	h->pid = 0;
}

static bool start(struct rp_helper *h)
{
	pid_t parent = getpid();
	int ends[2];

	reap(h);
	if (h->pid)
		return true;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return false;
	h->pid = fork();
	if (!h->pid)
		rp_helper__serve(ends[1], parent);
	close(ends[1]);
	h->socket = ends[0];
	if (h->pid < 0) {
		close(h->socket);
		h->pid = 0;
	}
	return h->pid;
}

struct rp_helper *rp_helper__new(bool (*is_cancelled)(void))
{
	struct rp_helper *h = calloc(1, sizeof(*h));

	if (h) {
		h->is_cancelled = is_cancelled;
		start(h);
	}
	return h;
}

void rp_helper__free(struct rp_helper *h)
{
	if (!h)
		return;
	end(h);
	free(h);
}

pid_t rp_helper__pid(const struct rp_helper *h)
{
	return h ? h->pid : 0;
}

const char *rp_helper__why(const struct rp_helper *h)
{
	return h ? h->why : NULL;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* 0 when there is an answer; -EIO, and why there will be none; -EINTR. */
static int await(struct rp_helper *h)
{
	struct pollfd answer = {.fd = h->socket, .events = POLLIN};
	uint64_t before = rp_cpu_time__process(h->pid), last = before, since = rp_clock__now();

	while (poll(&answer, 1, LOOK_MS) <= 0) {
		uint64_t cpu = rp_cpu_time__process(h->pid), now = rp_clock__now();

		if (h->is_cancelled && h->is_cancelled())
			return -EINTR;
		/* One that could run and is not let to, on a busy machine, is not idle. */
		if (cpu != last || rp_proc__state("/proc", h->pid) == 'R')
			since = now;
		last = cpu;
		if (cpu > before + CPU_MAX_NS)
			h->why = WHY_CPU;
		else if (now > since + IDLE_MAX_NS)
			h->why = WHY_IDLE;
		if (h->why)
			return -EIO;
	}
	return 0;
}

static void hang_up(struct rp_helper *h, int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	end(h);
}

/* 0: there is an answer. */
static int ask_once(struct rp_helper *h, int file, int *fd)
{
	const ssize_t least = offsetof(struct rp_helper_reply, piece);
	ssize_t got;
	int rc;

	h->why = NULL;
	if (!start(h)) {
		h->why = WHY_NO_FORK;
		return -EIO;
	}
	/* One that has died meanwhile does not take it. */
	got = rp_helper_message__send(h->socket, &h->request, sizeof(h->request), file) ? 0
											: -EPIPE;
	rc = got ? 0 : await(h);
	if (rc)
		return rc;
	if (!got)
		got = rp_helper_message__receive(h->socket, &h->reply, sizeof(h->reply), fd);
	if (got < least)
		h->why = WHY_DIED;
	else if (got != least + (ssize_t)h->reply.size || h->reply.rc > 0)
		h->why = WHY_NONSENSE;
	return h->why ? -EIO : 0;
}

/*
 * Send h->request, with a file (-1: none), and wait for h->reply. 0; -EIO with h->why; -EINTR. *fd:
 * what came with it, or -1. Where the helper died the next one is asked, once: who knows what it
 * died of.
 */
static int ask(struct rp_helper *h, enum rp_helper_what what, int file, int *fd)
{
	int rc = -EIO;

	*fd = -1;
	h->request.what = what;
	h->why = NULL;
	if (h->is_cancelled && h->is_cancelled())
		return -EINTR;
	for (unsigned tries = 0; rc && tries < 2; tries++) {
		rc = ask_once(h, file, fd);
		if (rc)
			hang_up(h, fd);
		if (!rc || rc == -EINTR || strcmp(h->why, WHY_DIED))
			break;
	}
	return rc;
}

static void set_path(struct rp_helper *h, const char *path)
{
	snprintf(h->request.path, sizeof(h->request.path), "%s", path);
}

/* A file system that has not answered once is not asked again. */
static bool is_silent(struct rp_helper *h, dev_t dev)
{
	for (size_t i = 0; i < h->n_silent && i < SILENT_MAX; i++)
		if (h->silent[i] == dev) {
			h->why = WHY_IDLE;
			return true;
		}
	return false;
}

static void note_silent(struct rp_helper *h, dev_t dev)
{
	if (h->why && !strcmp(h->why, WHY_IDLE))
		h->silent[h->n_silent++ % SILENT_MAX] = dev;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Open for reading, regular, and, where it was mapped, what is mapped there: nothing else is for
 * the helper to choose. */
static bool may_be(int fd, pid_t pid, const struct rp_mapped *mapped)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st, there;

	if (flags < 0 || (flags & (O_ACCMODE | O_PATH)) != O_RDONLY || rp_file__stat(fd, &st) ||
	    !S_ISREG(st.st_mode))
		return false;
	return !mapped || rp_proc__stat_mapped("/proc", pid, mapped, &there) ||
	       (st.st_dev == there.st_dev && st.st_ino == there.st_ino);
}

static int ask_for_file(struct rp_helper *h, enum rp_helper_what what, pid_t pid,
			const struct rp_mapped *mapped)
{
	int fd, rc = ask(h, what, -1, &fd);

	if (rc || h->reply.rc)
		return rc ? rc : h->reply.rc;
	if (fd >= 0 && may_be(fd, pid, mapped))
		return fd;
	if (fd >= 0)
		close(fd);
	h->why = WHY_NONSENSE;
	end(h);
	return -EIO;
}

int rp_helper__open(struct rp_helper *h, const char *path, struct stat *st)
{
	int fd;

	if (!h)
		return rp_file__open_regular(path, st);
	set_path(h, path);
	fd = ask_for_file(h, RP_HELPER_OPEN, 0, NULL);
	if (fd >= 0 && st)
		rp_file__stat(fd, st);
	return fd;
}

int rp_helper__open_mapped(struct rp_helper *h, const char *proc, pid_t pid,
			   const struct rp_mapped *mapped)
{
	char via[PATH_MAX];
	int fd;

	if (!h)
		return rp_proc__open_mapped(proc, pid, mapped, via, sizeof(via));
	if (is_silent(h, mapped->dev))
		return -EIO;
	set_path(h, mapped->path);
	h->request.pid = pid;
	h->request.is_exe = mapped->is_exe;
	h->request.start = mapped->start;
	h->request.end = mapped->end;
	h->request.dev = mapped->dev;
	h->request.ino = mapped->ino;
	fd = ask_for_file(h, RP_HELPER_OPEN_MAPPED, pid, mapped);
	note_silent(h, mapped->dev);
	return fd;
}

/* ---- objects --------------------------------------------------------------------------------- */

/*
 * Bytes that came as a file in memory, malloc'ed: read, not mapped, so that nobody changes them
 * once they are checked, and none of its tricks ends us. Takes fd over.
 */
static int take_bytes(struct rp_helper *h, int fd, char **bytes, size_t *size)
{
	struct stat st;
	int rc = -EIO;

	*bytes = NULL;
	/* Seals are what only files in memory have: others might not answer here. */
	if (fd < 0 || fcntl(fd, F_GET_SEALS) < 0 || fstat(fd, &st) || st.st_size < 0 ||
	    (uint64_t)st.st_size > RP_ELF_IMAGE_MAX)
		goto out;
	*size = st.st_size;
	*bytes = malloc(*size + 1);
	if (!*bytes) {
		rc = -ENOMEM;
		goto out;
	}
	rc = rp_file__read(fd, 0, *bytes, *size) == *size ? 0 : -EIO;
	(*bytes)[*size] = '\0';
out:
	if (fd >= 0)
		close(fd);
	if (rc == -EIO) {
		h->why = WHY_NONSENSE;
		end(h);
	}
	return rc;
}

static const struct piece *find_piece(struct rp_helper *h, uint64_t offset)
{
	struct piece *p = &h->pieces[offset / RP_HELPER_PIECE % PIECES];
	int fd;

	if (p->is_known && p->offset == offset)
		return p;
	p->is_known = false;
	h->request.offset = offset;
	/* What was not read once is not asked for again. */
	if (h->why || ask(h, RP_HELPER_READ, -1, &fd))
		return NULL;
	if (fd >= 0)
		close(fd);
	if (h->reply.rc) {
		h->why = WHY_DIED; /* the one that had the object open */
		return NULL;
	}
	p->is_known = true;
	p->offset = offset;
	p->size = h->reply.size;
	memcpy(p->bytes, h->reply.piece, p->size);
	return p;
}

static size_t read_code(void *ctx, uint64_t offset, void *buf, size_t len)
{
	struct rp_helper *h = ctx;
	size_t done = 0;

	while (done < len && offset + done >= offset) {
		uint64_t at = offset + done, begin = at & ~(uint64_t)(RP_HELPER_PIECE - 1);
		const struct piece *p = find_piece(h, begin);
		size_t left = p && p->size > at - begin ? p->size - (at - begin) : 0;
		size_t n = left < len - done ? left : len - done;

		if (!n)
			break;
		memcpy((char *)buf + done, p->bytes + (at - begin), n);
		done += n;
	}
	return done;
}

static void close_object(void *ctx)
{
	struct rp_helper *h = ctx;

	h->has_object = false;
	h->request.what = RP_HELPER_CLOSE;
	if (h->pid && !rp_helper_message__send(h->socket, &h->request, sizeof(h->request), -1))
		end(h);
}

static int ask_for_object(struct rp_helper *h, int fd, const struct stat *st, const char *name,
			  struct rp_elf **out, struct rp_err *err)
{
	const struct rp_elf_reader reader = {.read = read_code, .close = close_object, .ctx = h};
	size_t size;
	char *bytes;
	int image, rc;

	rc = is_silent(h, st->st_dev) ? -EIO : ask(h, RP_HELPER_OBJECT, fd, &image);
	note_silent(h, st->st_dev);
	if (rc)
		return rc;
	if (h->reply.rc) {
		if (image >= 0)
			close(image);
		if (h->reply.rc == -EFBIG || h->reply.rc == -ENOMEM)
			h->why = WHY_LARGE;
		rp_err__set(err, RP_EXIT_FAILED, h->reply.rc, NULL, "%.*s",
			    (int)sizeof(h->reply.cause), h->reply.cause);
		return rp_err__remedy(err, h->reply.rc, RP_REMEDY_LIST);
	}
	rc = take_bytes(h, image, &bytes, &size);
	if (!rc)
		rc = rp_elf_image__open(bytes, size, st->st_size, name, &reader, out);
	else
		free(bytes);
	if (rc == -EBADMSG) {
		h->why = WHY_NONSENSE;
		end(h);
	}
	h->has_object = !rc;
	return rc;
}

int rp_helper__object(struct rp_helper *h, int fd, const char *name, unsigned tables,
		      struct rp_elf **out, struct rp_err *err)
{
	struct stat st;
	int rc;

	if (!h)
		return rp_elf__open(fd, name, out, err);
	if (h->has_object)
		return -EBUSY;
	if (rp_file__stat(fd, &st))
		return rp_err__set(err, RP_EXIT_FAILED, -EIO, NULL, "%s: it is gone", name);
	for (size_t i = 0; i < PIECES; i++)
		h->pieces[i].is_known = false;
	set_path(h, name);
	h->request.tables = tables;
	rc = ask_for_object(h, fd, &st, name, out, err);
	if (h->why)
		return rp_err__set(err, RP_EXIT_FAILED, -EIO, NULL, "%s: %s", name, h->why);
	return rc;
}

/* ---- what a command links -------------------------------------------------------------------- */

static int add_linked(struct rp_linked *linked, const char *entry)
{
	struct rp_linked_file *file;

	if (rp_array__fit(&linked->items, linked->n + 1, sizeof(*linked->items)))
		return -ENOMEM;
	file = &linked->items[linked->n];
	file->is_exe = entry[0] == '*';
	file->path = strdup(entry + 1);
	if (!file->path)
		return -ENOMEM;
	linked->n++;
	return 0;
}

int rp_helper__linked(struct rp_helper *h, const char *path, struct rp_linked *out)
{
	size_t size = 0;
	char *bytes = NULL;
	int fd, rc;

	if (!h)
		return rp_linked__of_command(path, out);
	*out = (struct rp_linked){0};
	set_path(h, path);
	rc = ask(h, RP_HELPER_LINKED, -1, &fd);
	if (!rc)
		rc = h->reply.rc ? h->reply.rc : take_bytes(h, fd, &bytes, &size);
	for (const char *at = bytes; !rc && at < bytes + size; at += strlen(at) + 1)
		rc = at[0] ? add_linked(out, at) : 0;
	if (rc)
		rp_linked__free(out);
	free(bytes);
	return rc;
}

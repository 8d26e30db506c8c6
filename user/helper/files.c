// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What the helper is asked for: files, objects, what a command links. No answer is believed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discover/file.h"
#include "helper/internal.h"
#include "util/array.h"

static void set_path(struct rp_helper *h, const char *path)
{
	snprintf(h->request.path, sizeof(h->request.path), "%s", path);
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Open for reading, or a handle; regular, and, where it was mapped, what is mapped there: nothing
 * else is for the helper to choose. */
static bool may_be(int fd, pid_t pid, const struct rp_mapped *mapped)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st, there;

	if (flags < 0 || (flags & O_ACCMODE) != O_RDONLY || rp_file__stat(fd, &st) ||
	    !S_ISREG(st.st_mode))
		return false;
	if (!mapped || (st.st_dev == mapped->dev && st.st_ino == mapped->ino))
		return true;
	return rp_proc__may_be_mapped(mapped, &st) &&
	       (rp_proc__stat_mapped("/proc", pid, mapped, &there) ||
		(st.st_dev == there.st_dev && st.st_ino == there.st_ino));
}

/* The file that was asked for, or why there is none. */
static int take_file(struct rp_helper *h, int fd, pid_t pid, const struct rp_mapped *mapped)
{
	if (h->reply.rc)
		return h->reply.rc;
	if (fd >= 0 && may_be(fd, pid, mapped))
		return fd;
	if (fd >= 0)
		close(fd);
	h->why = RP_HELPER_WHY_NONSENSE;
	rp_helper__end(h);
	return -EIO;
}

static int ask_for_file(struct rp_helper *h, enum rp_helper_what what, pid_t pid,
			const struct rp_mapped *mapped)
{
	int fd, rc = rp_helper__ask(h, what, -1, &fd);

	return rc ? rc : take_file(h, fd, pid, mapped);
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

static void set_mapped(struct rp_helper *h, pid_t pid, const struct rp_mapped *mapped)
{
	set_path(h, mapped->path);
	h->request.pid = pid;
	h->request.is_exe = mapped->is_exe;
	h->request.start = mapped->start;
	h->request.end = mapped->end;
	h->request.dev = mapped->dev;
	h->request.ino = mapped->ino;
	h->request.mapped_offset = mapped->offset;
}

/* Two requests, so that it is known whether the file system or the process did not answer. */
int rp_helper__open_mapped(struct rp_helper *h, const char *proc, pid_t pid,
			   const struct rp_mapped *mapped)
{
	char via[PATH_MAX];
	int first, fd;

	if (!h)
		return rp_proc__open_mapped(proc, pid, mapped, via, sizeof(via));
	if (rp_helper__is_silent_device(h, mapped->dev))
		return -EIO;
	set_mapped(h, pid, mapped);
	first = ask_for_file(h, RP_HELPER_OPEN_MAPPING, pid, mapped);
	rp_helper__note_device(h, mapped->dev);
	if (h->why || first == -EINTR || !rp_proc__may_try_path(first))
		return first;
	if (rp_helper__is_silent_process(h, pid))
		return -EIO;
	fd = ask_for_file(h, RP_HELPER_OPEN_PATH, pid, mapped);
	rp_helper__note_process(h, pid);
	return fd >= 0 || h->why || fd == -EINTR ? fd : rp_proc__why_not_open(first, fd);
}

bool rp_helper__differs(struct rp_helper *h, const char *proc, pid_t pid,
			const struct rp_mapped *mapped, int fd, uint64_t offset)
{
	int none, rc;

	if (!h)
		return rp_proc__differs(proc, pid, mapped, fd, offset);
	if (rp_helper__is_silent_device(h, mapped->dev) || rp_helper__is_silent_process(h, pid))
		return false;
	set_mapped(h, pid, mapped);
	h->request.offset = offset;
	rc = rp_helper__ask(h, RP_HELPER_DIFFERS, fd, &none);
	rp_helper__note_process(h, pid);
	if (!rc && none >= 0)
		close(none);
	return !rc && h->reply.size == 1 && h->reply.piece[0];
}

int rp_helper__hash_code(struct rp_helper *h, int fd, const uint64_t *places, size_t n,
			 uint64_t *hash)
{
	struct stat st;
	int none, rc = 0;

	if (!h) {
		*hash = rp_file__hash_code(fd, places, n, *hash);
		return 0;
	}
	if (rp_file__stat(fd, &st) || rp_helper__is_silent_device(h, st.st_dev))
		return -EIO;
	for (size_t done = 0; done < n && !rc; done += h->request.n_places) {
		h->request.n_places = n - done < RP_HELPER_PLACES ? n - done : RP_HELPER_PLACES;
		memcpy(h->request.places, &places[done],
		       h->request.n_places * sizeof(*h->request.places));
		h->request.hash = *hash;
		rc = rp_helper__ask(h, RP_HELPER_CODE, fd, &none);
		rp_helper__note_device(h, st.st_dev);
		if (!rc && none >= 0)
			close(none);
		if (!rc && h->reply.size != sizeof(*hash))
			rc = -EIO;
		if (!rc)
			memcpy(hash, h->reply.piece, sizeof(*hash));
	}
	return rc;
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
		h->why = RP_HELPER_WHY_NONSENSE;
		rp_helper__end(h);
	}
	return rc;
}

static const struct rp_helper_piece *find_piece(struct rp_helper *h, uint64_t offset)
{
	struct rp_helper_piece *p = &h->pieces[offset / RP_HELPER_PIECE % RP_HELPER_PIECES];
	int fd;

	if (p->is_known && p->offset == offset)
		return p;
	p->is_known = false;
	h->request.offset = offset;
	/* After a failure nothing more of this object is asked for. */
	if (h->why || rp_helper__ask(h, RP_HELPER_READ, -1, &fd))
		return NULL;
	if (fd >= 0)
		close(fd);
	if (h->reply.rc) {
		h->why = RP_HELPER_WHY_DIED; /* the one that had the object open */
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
		const struct rp_helper_piece *p = find_piece(h, begin);
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
	int none;

	h->has_object = false;
	if (h->pid && !rp_helper__ask(h, RP_HELPER_CLOSE, -1, &none) && none >= 0)
		close(none);
	h->why = NULL; /* all was answered that was of use */
}

static int ask_for_object(struct rp_helper *h, int fd, const struct stat *st, const char *name,
			  struct rp_elf **out, struct rp_err *err)
{
	const struct rp_elf_reader reader = {.read = read_code, .close = close_object, .ctx = h};
	size_t size;
	char *bytes;
	int image, rc;

	h->request.leaves_folder = rp_helper__is_silent_owner(h, st->st_uid);
	rc = rp_helper__is_silent_device(h, st->st_dev)
		     ? -EIO
		     : rp_helper__ask(h, RP_HELPER_OBJECT, fd, &image);
	rp_helper__note_object(h, st);
	if (rc)
		return rc;
	if (h->reply.rc) {
		if (h->reply.rc == -EFBIG || h->reply.rc == -ENOMEM)
			h->why = RP_HELPER_WHY_LARGE;
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
		h->why = RP_HELPER_WHY_NONSENSE;
		rp_helper__end(h);
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
	for (size_t i = 0; i < RP_HELPER_PIECES; i++)
		h->pieces[i].is_known = false;
	set_path(h, name);
	h->request.tables = tables;
	rc = ask_for_object(h, fd, &st, name, out, err);
	if (rc == -EMFILE)
		return rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "%s: %s", name, strerror(EMFILE));
	if (h->why)
		return rp_err__set(err, RP_EXIT_FAILED, -EIO, NULL, "%s: %s", name, h->why);
	return rc;
}

/* ---- for samples ----------------------------------------------------------------------------- */

int rp_helper__debug_file(struct rp_helper *h, int fd, const char *name)
{
	struct rp_elf *elf;
	struct stat st;
	int file, rc;

	if (!h) {
		rc = rp_elf__open(fd, name, &elf, NULL);
		if (rc)
			return rc;
		file = rp_elf__debug_fd(elf);
		rc = file < 0 ? -ENOENT : fcntl(file, F_DUPFD_CLOEXEC, 0);
		rp_elf__free(elf);
		return rc;
	}
	if (rp_file__stat(fd, &st) || rp_helper__is_silent_device(h, st.st_dev))
		return -EIO;
	set_path(h, name);
	h->request.leaves_folder = rp_helper__is_silent_owner(h, st.st_uid);
	rc = rp_helper__ask(h, RP_HELPER_DEBUG_FILE, fd, &file);
	rp_helper__note_object(h, &st);
	return rc ? rc : take_file(h, file, 0, NULL);
}

/* What was asked for came as bytes, if it came. */
static int take_answer(struct rp_helper *h, int rc, int fd, char **bytes, size_t *size)
{
	*bytes = NULL;
	if (rc || h->reply.rc)
		return rc ? rc : h->reply.rc;
	return take_bytes(h, fd, bytes, size);
}

/*
 * rc is of checking the answer: after -EBADMSG, nothing that this helper says is believed any more.
 */
static int judge(struct rp_helper *h, int rc)
{
	if (rc != -EBADMSG)
		return rc;
	h->why = RP_HELPER_WHY_NONSENSE;
	rp_helper__end(h);
	return -EIO;
}

int rp_helper__unwinding(struct rp_helper *h, int fd, struct rp_unwind_object *out)
{
	struct stat st;
	size_t size;
	char *bytes;
	int none, rc;

	*out = (struct rp_unwind_object){0};
	if (!h)
		return rp_unwind_object__read(fd, out);
	if (rp_file__stat(fd, &st) || rp_helper__is_silent_device(h, st.st_dev))
		return -EIO;
	rc = rp_helper__ask(h, RP_HELPER_UNWINDING, fd, &none);
	rp_helper__note_device(h, st.st_dev);
	rc = take_answer(h, rc, none, &bytes, &size);
	if (!rc)
		rc = judge(h, rp_unwind_object__unpack(bytes, size, out));
	free(bytes);
	return rc;
}

int rp_helper__perf_map(struct rp_helper *h, const char *proc, pid_t pid,
			const struct rp_perf_map_version *known, struct rp_perf_map **out)
{
	size_t size;
	char *bytes;
	int fd, rc;

	if (!h)
		return rp_perf_map__read(proc, pid, known, out);
	if (rp_helper__is_silent_process(h, pid))
		return -EIO;
	h->request.pid = pid;
	h->request.known = *known;
	rc = rp_helper__ask(h, RP_HELPER_PERF_MAP, -1, &fd);
	rp_helper__note_process(h, pid);
	rc = take_answer(h, rc, fd, &bytes, &size);
	if (!rc)
		rc = judge(h, rp_perf_map__unpack(bytes, size, out));
	else
		free(bytes);
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
	rc = rp_helper__ask(h, RP_HELPER_LINKED, -1, &fd);
	if (!rc)
		rc = h->reply.rc ? h->reply.rc : take_bytes(h, fd, &bytes, &size);
	for (const char *at = bytes; !rc && at < bytes + size; at += strlen(at) + 1)
		rc = at[0] ? add_linked(out, at) : 0;
	if (rc)
		rp_linked__free(out);
	free(bytes);
	return rc;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/record_files.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "run/standard.h"
#include "util/caller.h"

void rp_record_files__init(struct rp_record_files *f, const char *name, unsigned keep)
{
	*f = (struct rp_record_files){.name = name, .keep = keep, .fd = -1, .first = -1};
}

const char *rp_record_files__path(const struct rp_record_files *f, unsigned number, char *buf)
{
	if (number > 1)
		snprintf(buf, PATH_MAX, "%s.%u", f->name, number);
	else
		snprintf(buf, PATH_MAX, "%s", f->name);
	return buf;
}

/* ---- opened ---------------------------------------------------------------------------------- */

/*
 * Two runs that write to one file, such as MPI ranks with the same -o, would destroy both records.
 * The lock belongs to this process alone, so that no child keeps it after rptrace was killed. On a
 * file system without locks there is no such check.
 */
static int claim(int fd)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct stat st;

	if (!fstat(fd, &st) && !S_ISREG(st.st_mode)) {
		/* A pipe is waited for, but not after the end. */
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		return 0;
	}
	if (!fcntl(fd, F_SETLK, &whole))
		return 0;
	return errno == EAGAIN || errno == EACCES ? -EBUSY : 0;
}

static int open_locked(const char *path)
{
	int fd = rp_caller__create(path, true), rc;

	if (fd < 0)
		return fd;
	rc = claim(fd);
	if (rc)
		close(fd);
	return rc ? rc : fd;
}

int rp_record_files__check(const struct rp_record_files *f)
{
	struct stat st;
	int fd;

	if (lstat(f->name, &st))
		return errno == ENOENT ? rp_caller__may_create(f->name) : -errno;
	fd = open_locked(f->name);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* Makes room for the next file. That the old one is not there any more is no error. */
static int remove_old(const struct rp_record_files *f)
{
	char path[PATH_MAX];
	int rc;

	if (!f->keep || f->number < f->keep)
		return 0;
	rc = rp_caller__remove(rp_record_files__path(f, f->number + 1 - f->keep, path));
	return rc == -ENOENT ? 0 : rc;
}

int rp_record_files__next(void *ctx)
{
	struct rp_record_files *f = ctx;
	char path[PATH_MAX];
	int rc = rp_record_files__end(f);

	if (!rc)
		rc = remove_old(f);
	if (rc)
		return rc;
	f->fd = open_locked(rp_record_files__path(f, f->number + 1, path));
	if (f->fd < 0)
		return f->fd;
	f->number++;
	f->end = 0;
	return 0;
}

/* ---- written --------------------------------------------------------------------------------- */

/* What the parts of a write have left. */
static int write_all(int fd, struct iovec *part, int n)
{
	while (n) {
		ssize_t wrote = writev(fd, part, n);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0 && errno == EAGAIN) {
			if (!rp_standard__await_room(fd))
				return -EINTR;
			continue;
		}
		if (wrote < 0)
			return -errno;
		for (; n && (size_t)wrote >= part->iov_len; part++, n--)
			wrote -= (ssize_t)part->iov_len;
		if (n) {
			part->iov_base = (char *)part->iov_base + wrote;
			part->iov_len -= (size_t)wrote;
		}
	}
	return 0;
}

int rp_record_files__write(void *ctx, const struct rp_block_header *header, const void *payload)
{
	struct rp_record_files *f = ctx;
	struct iovec parts[] = {{(void *)header, sizeof(*header)},
				{(void *)payload, header->stored}};
	char path[PATH_MAX];
	int rc = f->end ? 0 : rp_caller__empty(f->fd, rp_record_files__path(f, f->number, path));

	if (!rc)
		rc = write_all(f->fd, parts, 2);
	/* What this thread has worked with may be gone. */
	if (__atomic_load_n(&f->abandoned, __ATOMIC_ACQUIRE))
		pthread_exit(NULL);
	if (!rc)
		f->end += (off_t)(sizeof(*header) + header->stored);
	else if (ftruncate(f->fd, f->end))
		return rc; /* readers skip what is there of it */
	return rc;
}

/* Writing goes on in a file that was removed, or on a file system that was unmounted meanwhile. */
int rp_record_files__find(const struct rp_record_files *f)
{
	int fd = f->number == 1 && f->fd < 0 ? f->first : f->fd;
	char path[PATH_MAX];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	return rp_caller__is_file(fd, rp_record_files__path(f, f->number, path)) ? 0 : -ESTALE;
}

/* ---- ended ----------------------------------------------------------------------------------- */

static int close_fd(int *fd)
{
	int rc = *fd >= 0 && close(*fd) ? -errno : 0;

	*fd = -1;
	return rc;
}

/* To close the first would unlock it. */
int rp_record_files__end(struct rp_record_files *f)
{
	if (f->number != 1)
		return close_fd(&f->fd);
	if (f->fd >= 0) /* it may have ended before */
		f->first = f->fd;
	f->fd = -1;
	return 0;
}

int rp_record_files__close(struct rp_record_files *f)
{
	int rc = close_fd(&f->fd), first = close_fd(&f->first);

	return rc ? rc : first;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "discover/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "util/clock.h"

#define BUDGET_BYTES (3ull << 30)
#define BUDGET_CPU_S 10
#define HOLES_MAX    4096 /* looked for, in one file */

/* Those that <linux/magic.h> does not have. */
#define CONFIGFS_MAGIC 0x62656570
#define FUSECTL_MAGIC  0x65735543
#define MQUEUE_MAGIC   0x19800202

/* File systems whose files are made up as they are read. */
static bool is_made_up(int handle)
{
	static const unsigned long made_up[] = {
		PROC_SUPER_MAGIC, SYSFS_MAGIC,	      DEBUGFS_MAGIC,	    TRACEFS_MAGIC,
		SECURITYFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,  BPF_FS_MAGIC,
		PSTOREFS_MAGIC,	  EFIVARFS_MAGIC,     CONFIGFS_MAGIC,	    FUSECTL_MAGIC,
		MQUEUE_MAGIC,	  SELINUX_MAGIC,      SMACK_MAGIC,	    DEVPTS_SUPER_MAGIC,
		BINFMTFS_MAGIC,	  NSFS_MAGIC,	      RDTGROUP_SUPER_MAGIC, ANON_INODE_FS_MAGIC,
		XENFS_SUPER_MAGIC};
	struct statfs fs;

	if (fstatfs(handle, &fs))
		return true;
	for (size_t i = 0; i < sizeof(made_up) / sizeof(made_up[0]); i++)
		if ((unsigned long)fs.f_type == made_up[i])
			return true;
	return false;
}

/* The same file, whatever its path leads to by now. */
static int open_again(int fd, int flags)
{
	char link[64];
	int again;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	again = open(link, flags | O_CLOEXEC);
	return again < 0 ? -errno : again;
}

/*
 * Open what a handle without access leads to, and close the handle: what is checked is what is
 * opened then. O_NONBLOCK does nothing to a regular file but where a lease would hold us up.
 */
static int open_handle(int handle, struct stat *st)
{
	struct stat own;
	int fd;

	if (handle < 0)
		return -errno;
	if (!st)
		st = &own;
	if (fstat(handle, st)) {
		fd = -errno;
		goto out;
	}
	if (!S_ISREG(st->st_mode) || is_made_up(handle)) {
		fd = -EINVAL;
		goto out;
	}
	fd = open_again(handle, O_RDONLY | O_NOCTTY | O_NONBLOCK);
out:
	close(handle);
	return fd;
}

int rp_file__open_regular(const char *path, struct stat *st)
{
	return open_handle(open(path, O_PATH | O_CLOEXEC), st);
}

bool rp_file__is_handle(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && flags & O_PATH;
}

int rp_file__to_keep(int fd)
{
	struct statfs fs;
	int handle;

	if (fd < 0 || (!fstatfs(fd, &fs) && fs.f_type != FUSE_SUPER_MAGIC))
		return fd;
	handle = open_again(fd, O_PATH);
	close(fd);
	return handle;
}

int rp_file__to_read(int fd)
{
	return fd >= 0 && rp_file__is_handle(fd) ? open_handle(fd, NULL) : fd;
}

/* Where the kernel has found it; false: nowhere, or it is too long. */
static bool real_path(int handle, char *path, size_t size)
{
	char link[64];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", handle);
	len = readlink(link, path, size);
	if (len <= 0 || (size_t)len == size)
		return false;
	path[len] = '\0';
	return true;
}

/* openat2(2) could tell, too, but not in a process whose calls are filtered by their flags. */
static bool is_below(int folder, int handle)
{
	char above[PATH_MAX], path[PATH_MAX];
	size_t len;

	if (!real_path(folder, above, sizeof(above)) || !real_path(handle, path, sizeof(path)))
		return false;
	len = strcmp(above, "/") ? strlen(above) : 0;
	return !strncmp(path, above, len) && path[len] == '/';
}

int rp_file__open_below(const char *folder, const char *path, struct stat *st)
{
	int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), handle;

	if (dir < 0)
		return -errno;
	handle = openat(dir, path, O_PATH | O_CLOEXEC);
	if (handle < 0) {
		handle = -errno;
	} else if (!is_below(dir, handle)) {
		close(handle);
		handle = -EXDEV;
	}
	close(dir);
	return handle < 0 ? handle : open_handle(handle, st);
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

uint64_t rp_file__hash_code(int fd, const uint64_t *places, size_t n, uint64_t hash)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char code[RP_FILE_CODE] = {0};

		rp_file__read(fd, places[i], code, sizeof(code));
		for (size_t at = 0; at < sizeof(code); at++)
			hash = (hash ^ code[at]) * 0x100000001b3;
	}
	return hash;
}

static int stat_unasked(int fd, const char *path, int flags, struct stat *st)
{
	struct statx known;

	if (statx(fd, path, flags | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS,
		  &known))
		return -errno;
	*st = (struct stat){
		.st_dev = makedev(known.stx_dev_major, known.stx_dev_minor),
		.st_ino = known.stx_ino,
		.st_mode = known.stx_mode,
		.st_uid = known.stx_uid,
		.st_size = (off_t)known.stx_size,
		.st_mtim = {known.stx_mtime.tv_sec, known.stx_mtime.tv_nsec},
	};
	return 0;
}

int rp_file__stat(int fd, struct stat *st)
{
	return stat_unasked(fd, "", AT_EMPTY_PATH, st);
}

int rp_file__stat_path(const char *path, struct stat *st)
{
	return stat_unasked(AT_FDCWD, path, 0, st);
}

bool rp_file__same_content(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

uint64_t rp_file__data_bytes(int fd, const struct stat *st)
{
	uint64_t bytes = 0;
	off_t data, end = 0;

	for (int holes = 0; end < st->st_size && holes < HOLES_MAX; holes++) {
		data = lseek(fd, end, SEEK_DATA);
		if (data < 0) /* nothing but a hole is left, or the file system knows of none */
			return errno == ENXIO ? bytes : (uint64_t)st->st_size;
		end = lseek(fd, data, SEEK_HOLE);
		if (end < 0)
			break;
		bytes += (uint64_t)(end - data);
	}
	return bytes;
}

void rp_file_budget__start(struct rp_file_budget *budget)
{
	*budget = (struct rp_file_budget){
		.bytes = BUDGET_BYTES,
		.cpu_end = rp_clock__thread_cpu() + BUDGET_CPU_S * RP_NS_PER_S,
	};
}

bool rp_file_budget__take(struct rp_file_budget *budget, uint64_t bytes)
{
	if (budget->is_cancelled && budget->is_cancelled())
		return false;
	budget->is_spent |= bytes > budget->bytes || rp_clock__thread_cpu() > budget->cpu_end;
	if (budget->is_spent)
		return false;
	budget->bytes -= bytes;
	return true;
}

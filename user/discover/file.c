// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "discover/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
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

/*
 * Open what a handle without access leads to, and close the handle: what is checked is what is
 * opened then. O_NONBLOCK does nothing to a regular file but where a lease would hold us up.
 */
static int open_handle(int handle, struct stat *st)
{
	char link[64];
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
	snprintf(link, sizeof(link), "/proc/self/fd/%d", handle);
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		fd = -errno;
out:
	close(handle);
	return fd;
}

int rp_file__open_regular(const char *path, struct stat *st)
{
	return open_handle(open(path, O_PATH | O_CLOEXEC), st);
}

int rp_file__open_below(const char *folder, const char *path, struct stat *st)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), handle;

	if (dir < 0)
		return -errno;
	handle = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	if (handle < 0)
		handle = -errno;
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

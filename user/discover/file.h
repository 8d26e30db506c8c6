/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Opening and reading files that somebody hostile may have put there. All files of targets are
 * opened here, and nowhere else.
 */
#ifndef RP_FILE_H
#define RP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * Open a regular file for reading; links are followed. Anything else is never opened, as opening
 * a device or a FIFO may have effects or may block, and neither are files that only look regular:
 * those of procfs and the like have no size, and may never end. -EINVAL: it is one of these;
 * -EWOULDBLOCK: somebody has a lease on it. Returns a file descriptor; st may be NULL.
 */
int rp_file__open_regular(const char *path, struct stat *st);

/*
 * The same for a path below a folder. What it leads to lies below that folder, too; else -EXDEV.
 */
int rp_file__open_below(const char *folder, const char *path, struct stat *st);

/*
 * A process that serves a file system (FUSE) is asked about each file that is closed, and who
 * closes it cannot be ended before there is an answer. So who must not be held up keeps a handle
 * without access (O_PATH): the kernel asks nobody about that.
 *
 * The first takes a file over that is open for reading, and returns it, or its handle where it is
 * served so. The second makes a file to read of what the first has returned, and takes that over.
 * Both pass a negative errno on.
 */
int rp_file__to_keep(int fd);
int rp_file__to_read(int fd);
bool rp_file__is_handle(int fd);

/* Read up to len bytes at an offset; returns the bytes there were. */
size_t rp_file__read(int fd, uint64_t offset, void *buf, size_t len);

/* What is at each of these places goes into a hash (FNV-1a, from RP_FILE_HASH_START on). */
#define RP_FILE_CODE	   16 /* bytes at each */
#define RP_FILE_HASH_START 0xcbf29ce484222325
uint64_t rp_file__hash_code(int fd, const uint64_t *places, size_t n, uint64_t hash);

/*
 * What is known of an open file without asking whoever serves it, who may never answer: fstat(2)
 * does ask. Devices, times and so on as there. 0 or a negative errno.
 */
int rp_file__stat(int fd, struct stat *st);

/* The same for a path that leads to one, as those of /proc do. */
int rp_file__stat_path(const char *path, struct stat *st);

/* As far as size and time tell. */
bool rp_file__same_content(const struct stat *a, const struct stat *b);

/* Bytes that have been written: holes of a sparse file cost nobody anything, and are not among
 * them. */
uint64_t rp_file__data_bytes(int fd, const struct stat *st);

/*
 * What one file may cost: whoever reads asks before each step, and stops where there is nothing
 * left. Time is that of this thread on a CPU, so that a busy machine takes nothing away.
 */
struct rp_file_budget {
	uint64_t bytes;		    /* left */
	uint64_t cpu_end;	    /* ns */
	bool (*is_cancelled)(void); /* whether to stop in any case; NULL: never */
	bool is_spent;		    /* there was nothing left at some time */
};

void rp_file_budget__start(struct rp_file_budget *budget);
/* Take that much out of it; false: stop. */
bool rp_file_budget__take(struct rp_file_budget *budget, uint64_t bytes);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Opening and reading files that somebody hostile may have put there. */
#ifndef RP_FILE_H
#define RP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * Open a regular file for reading; links are followed. Anything else is never opened, as opening
 * a device or a FIFO may have effects or may block: -EINVAL. Returns a file descriptor; st may be
 * NULL.
 */
int rp_file__open_regular(const char *path, struct stat *st);

/* Read up to len bytes at an offset; returns the bytes there were. */
size_t rp_file__read(int fd, uint64_t offset, void *buf, size_t len);

/* As far as size and time tell. */
bool rp_file__same_content(const struct stat *a, const struct stat *b);

#endif

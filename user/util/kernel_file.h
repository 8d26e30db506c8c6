/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The one reader of what the kernel writes: files of /proc and /sys, made while they are read. */
#ifndef RP_KERNEL_FILE_H
#define RP_KERNEL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* The begin of a file, terminated; size is at least 1. Its length, or a negative errno. */
ssize_t rp_kernel_file__read(const char *path, char *buf, size_t size);

/* The same up to the end of the first line. */
ssize_t rp_kernel_file__read_line(const char *path, char *buf, size_t size);

/* Files that are too long to read at once, line by line. */
struct rp_line_reader {
	FILE *file;
	char *line; /* without its newline, up to the next call */
	size_t room;
};

/* 0 or a negative errno; close it in both cases. */
int rp_line_reader__open(struct rp_line_reader *lines, const char *path);
/* false: the end. */
bool rp_line_reader__next(struct rp_line_reader *lines);
void rp_line_reader__close(struct rp_line_reader *lines);

#endif

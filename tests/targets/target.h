/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What all targets share: how they are held back until something is attached to them. Works in C
 * and C++.
 *
 * A target calls target_wait() once it is set up. Where RPT_WAIT is set in its environment, or its
 * standard input is a pipe, that prints "ready" and blocks until one byte, or the end, can be read
 * from standard input. Otherwise (run by hand, from /dev/null) it returns at once.
 */
#ifndef TARGET_H
#define TARGET_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static inline int target_is_held(void)
{
	struct stat in;

	return getenv("RPT_WAIT") || (fstat(STDIN_FILENO, &in) == 0 && S_ISFIFO(in.st_mode));
}

/* Until one more byte, or the end, can be read. */
static inline void target_wait_again(void)
{
	char byte;

	if (target_is_held() && read(STDIN_FILENO, &byte, 1) < 0)
		exit(1);
}

static inline void target_wait(void)
{
	if (!target_is_held())
		return;
	puts("ready");
	fflush(stdout);
	target_wait_again();
}

#define RPT_WAIT() target_wait()

/* The nth argument as a number, or what to use without it. */
static inline unsigned long target_number(int argc, char **argv, int n, unsigned long otherwise)
{
	return argc > n ? strtoul(argv[n], NULL, 10) : otherwise;
}

#endif

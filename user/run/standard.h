/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Standard output and standard error of a run, and what else it writes to pipes. The signals that
 * end it are blocked, and so would be a write to a pipe that nobody reads, for good. What is
 * written here is waited for as long as the run lasts; once it is to end, as long as anything of it
 * is taken.
 */
#ifndef RP_STANDARD_H
#define RP_STANDARD_H

#include <stdbool.h>
#include <stdio.h>

/* stdout and stderr are these from here on. What had been written to them is written out. */
void rp_standard__begin(void);

/* A stream that writes to fd in that way, and closes it; NULL: out of memory. */
FILE *rp_standard__open(int fd);

/* For what writes by itself, to a descriptor with O_NONBLOCK. false: it is not waited for. */
bool rp_standard__await_room(int fd);

/* A signal that ends the run has been taken; as long as it is pending, that is seen here. */
void rp_standard__hurry(void);

/* The descriptor of any stream: fileno() knows none of these. */
int rp_standard__fileno(FILE *stream);

#endif

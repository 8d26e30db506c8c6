/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Who rptrace works for: the user who has started it, be it with file capabilities or through
 * sudo. What is read and written in that user's name is so with no more rights than they have.
 */
#ifndef RP_CALLER_H
#define RP_CALLER_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

/*
 * Open descriptors 0 to 2 where they are closed, so that no file takes their numbers. Reading from
 * them and writing to them still fails. To be called before anything else. false: it cannot be
 * done.
 */
bool rp_caller__open_standard_files(void);

/*
 * A setuid or setgid rptrace would start commands and write files as its owner, for anybody:
 * RP_EXIT_DENIED.
 */
int rp_caller__check(struct rp_err *err);

#define RP_REFUSAL_SIZE 128

/*
 * Open a file for writing. It is never followed through a link somebody left there, but for
 * /dev/stdout and /dev/stderr; it is the caller's own if it is new; and nothing waits for who might
 * read it. What was in it stays until it is emptied. secret: nobody else may read it. A descriptor,
 * or a negative errno: -EACCES, too, where somebody else has put a file there to get at what is
 * written to it; -ENOSPC where less than 64 KiB are free.
 */
int rp_caller__create(const char *path, bool secret);

/*
 * The cause to print for the error that rp_caller__create returned: a static text, or one that is
 * written to `text`, of RP_REFUSAL_SIZE bytes.
 */
const char *rp_caller__refusal(const char *path, int code, char *text, size_t size);

/* As rp_caller__create, of a file that must be new: -EEXIST if anything is there, even a link. */
int rp_caller__create_new(const char *path);

/* Open a file for reading, with the caller's own rights: a descriptor, or a negative errno. Never
 * waits, as opening a FIFO does. */
int rp_caller__open(const char *path);

/* These act with the caller's own rights, and return 0 or a negative errno. */

/* Could a file that is not there be created? */
int rp_caller__may_create(const char *path);
int rp_caller__remove(const char *path);
/* Rename a file, in the place of what is there. */
int rp_caller__replace(const char *from, const char *to);

/* Whether a path leads to the file that is open: never to what is no file, as a terminal. */
bool rp_caller__is_file(int fd, const char *path);

/* Empty a file of rp_caller__create, once there is something to write to it. */
int rp_caller__empty(int fd, const char *path);

#endif

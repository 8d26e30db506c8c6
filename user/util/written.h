/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Where what a command prints ends: a full device must not pass for an answer. */
#ifndef RP_WRITTEN_H
#define RP_WRITTEN_H

#include <stdio.h>

#include "util/error.h"

/*
 * All of it is written now. Else -errno, and err says that `what` could not be written; the cure is
 * the same line, as it prints to the terminal.
 */
int rp_written__check(FILE *out, const char *what, struct rp_err *err);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The file that -o names. */
#ifndef RP_OUTPUT_H
#define RP_OUTPUT_H

#include <stdio.h>

#include "util/error.h"

/*
 * *out becomes NULL where path is NULL or "-", which is standard output. The file keeps what is in
 * it until there is something to write.
 */
int rp_output__open(const char *path, FILE **out, struct rp_err *err);
/* There is. Nothing to do where out is NULL. */
int rp_output__begin(FILE *out, const char *path);

/* What to propose to somebody who cannot write where they wanted to: `name`, if nothing is there,
 * and something could be, or else `other`. */
const char *rp_output__instead(const char *name, const char *other);

/*
 * The same for output that is useless until it is complete: opens a temporary file beside that one,
 * to be renamed over it at the end. *beside: its name, to be freed. Only for regular files
 * (RP_EXIT_USAGE).
 */
int rp_output__open_beside(const char *path, FILE **out, char **beside, struct rp_err *err);

#endif

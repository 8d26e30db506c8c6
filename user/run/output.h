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

/*
 * The same for what is of no use before it is whole: a file of another name beside that one, which
 * is to take its place. *beside: that name, to be freed. Only of what is a file (RP_EXIT_USAGE).
 */
int rp_output__open_beside(const char *path, FILE **out, char **beside, struct rp_err *err);

#endif

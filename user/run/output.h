/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The file that -o names. */
#ifndef RP_OUTPUT_H
#define RP_OUTPUT_H

#include <stdio.h>

#include "util/error.h"

/* *out becomes NULL where path is NULL or "-", which is standard output. */
int rp_output__open(const char *path, FILE **out, struct rp_err *err);

#endif

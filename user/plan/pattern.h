/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Strings and globs that strings of a target are compared with in the kernel. */
#ifndef RP_PATTERN_H
#define RP_PATTERN_H

#include <stdbool.h>

#include "rp_filter.h"

/*
 * Read a string in quotes, 'x' or "x", and move *at behind it; a glob may do without quotes, up to
 * a blank, a bracket or the next && or ||. Of a glob '*' is any bytes, '?' one, [a-z] and [!a-z]
 * one of these, or of the others. In both, \xHH is the byte with that number, and a backslash takes
 * the meaning off whatever else is behind it: names as they are printed can be typed. NULL, or what
 * is wrong at *at, as a static text.
 */
const char *rp_pattern__parse(const char **at, bool is_glob, struct rp_pattern *out);

/* A pattern of a glob that is all of a text. NULL, or what is wrong. */
const char *rp_pattern__of_glob(const char *glob, struct rp_pattern *out);

#endif

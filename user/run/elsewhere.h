/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A function that none of the target's executables has: is it one of its libraries'? */
#ifndef RP_ELSEWHERE_H
#define RP_ELSEWHERE_H

#include "opts/opts.h"

/*
 * The file name of the first library that has functions a glob matches, as -f takes it. false: none
 * has, or it cannot be found out. All of them are read, which is for an answer to a mistake.
 */
bool rp_elsewhere__find(const struct rp_opts *opts, const char *glob, char *name, size_t size);

#endif

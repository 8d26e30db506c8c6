/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What interpreters do only if they are told to: hit their probes, which are there and silent
 * without that, and name the code that they compile. Pure.
 */
#ifndef RP_OPT_IN_H
#define RP_OPT_IN_H

#include <stddef.h>

#include "aggregate/counts.h"
#include "discover/proc.h"

/*
 * The i-th kind of such probes that is among the regions and was never hit: what it takes, a static
 * text. NULL: that kind is not there, or was hit.
 */
const char *rp_opt_in__silent(size_t i, const struct rp_counts *counts);
extern const size_t rp_opt_in__kinds;

/* What a build of the program at this path lacks where nothing has probes of the provider; NULL:
 * nothing is known. */
const char *rp_opt_in__build(const char *path, const char **provider);

/*
 * The command by which the process that has mapped these files names what it compiles; false:
 * nothing is known.
 */
bool rp_opt_in__compiled(const struct rp_mapped_list *mapped, pid_t pid, char *cure, size_t size);

#endif

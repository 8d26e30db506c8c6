/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * --where: which calls are measured. Comparisons joined by &&, ||, ! and brackets become a table of
 * truth, which the kernel looks up.
 */
#ifndef RP_WHERE_H
#define RP_WHERE_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/operand.h"
#include "rp_abi.h"
#include "rp_filter.h"

/* n is 0 where all calls are measured. */
struct rp_where {
	struct rp_filter filter;
	struct rp_operand operand[RP_ATOMS_MAX]; /* of each comparison */
	struct rp_pattern pattern[RP_ATOMS_MAX]; /* likewise, of strings */
};

/* Is there a string among what is asked for whose length another argument tells? */
bool rp_where__has_lengths(const struct rp_where *where);

/*
 * Read an expression such as 'arg1 > 4096 && (dur >= 1.5ms || ret:i32 < 0)'. Durations have units.
 * Strings are in quotes, and globs are after =~: 'arg0:str == "x" || arg0 =~ "lib*.so"'.
 * What a call does not have makes a comparison untrue, and its opposite as well.
 * NULL, or what is wrong, as a static text, and *at is where.
 */
const char *rp_where__parse(const char *text, struct rp_where *out, size_t *at);

#endif

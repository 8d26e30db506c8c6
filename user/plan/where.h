/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * --where: which calls are measured. Comparisons joined by &&, ||, ! and brackets become a table of
 * truth, which the kernel looks up.
 */
#ifndef RP_WHERE_H
#define RP_WHERE_H

#include <stddef.h>

#include "plan/operand.h"
#include "rp_abi.h"

/* n is 0 where all calls are measured. */
struct rp_where {
	struct rp_filter filter;
	struct rp_operand operand[RP_ATOMS_MAX]; /* of each comparison */
};

/*
 * Read an expression such as 'arg1 > 4096 && (dur >= 1.5ms || ret:i32 < 0)'. Durations have units.
 * What a call does not have makes a comparison untrue, and its opposite as well.
 * NULL, or what is wrong, as a static text, and *at is where.
 */
const char *rp_where__parse(const char *text, struct rp_where *out, size_t *at);

#endif

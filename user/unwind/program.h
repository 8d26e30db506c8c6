/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The program of a function in .eh_frame (DW_CFA_*), run: which rule holds from which address. */
#ifndef RP_UNWIND_PROGRAM_H
#define RP_UNWIND_PROGRAM_H

#include "rp_unwind.h"
#include "unwind/entries.h"

/* A rule that holds from an address on; pc of the row is not set. 0 or a negative errno. */
typedef int (*rp_unwind_on_rule)(void *ctx, uint64_t addr, const struct rp_unwind_row *rule);

/*
 * Tell all rules of the function in ascending order, the first at its start. *steps are taken off
 * for each instruction. What on_rule returns if not 0; -EBADMSG: the program is broken or makes
 * more steps than there are; what was told by then holds.
 */
int rp_unwind_program__run(const struct rp_eh_frame *eh_frame, const struct rp_unwind_fde *fde,
			   uint64_t *steps, rp_unwind_on_rule on_rule, void *ctx);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Which argument tells calls of a region apart that overlap. Pure. */
#ifndef RP_OVERLAP_H
#define RP_OVERLAP_H

#include "rp_abi.h"

/*
 * The number of the argument, plus one; 0: calls do not overlap, or none is an id of theirs. An id
 * is the same at a begin and at its end, and no other call's that is open; some ends may be missed
 * whose begins were before anybody looked.
 */
unsigned rp_overlap__told_by(const struct rp_overlap *overlap);

#endif

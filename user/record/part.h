/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A file of a run that has several: which it is, and whether there is another. Pure. */
#ifndef RP_PART_H
#define RP_PART_H

#include "record/blocks.h"

/* Its number, from 1 on. *before: the items of what was missing before it, until the next block is
 * read. */
uint32_t rp_part__number(struct rp_blocks *blocks, struct rp_cursor *before);

/* It was closed, but not as the last one of its run. */
bool rp_part__goes_on(const struct rp_blocks *blocks);

#endif

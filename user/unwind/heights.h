/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Rows of code that .eh_frame says nothing of, from the code itself. */
#ifndef RP_UNWIND_HEIGHTS_H
#define RP_UNWIND_HEIGHTS_H

#include <stddef.h>

#include "unwind/rows.h"

/* Of an object, in bytes, from its first gap on. What is beyond stays a gap. */
#define RP_UNWIND_GAPS_MAX (2u << 20)

/* Read `size` bytes of code from a virtual address on; how many there are. */
typedef size_t (*rp_unwind_read_code)(void *ctx, uint64_t addr, void *buf, size_t size);

/*
 * Put rows into the gaps of a table. What cannot be told stays a gap. -EFBIG: more rows than of any
 * program, -ENOMEM: with both the table is as it was.
 */
int rp_unwind_heights__add(struct rp_unwind_rows *rows, rp_unwind_read_code read, void *ctx);

#endif

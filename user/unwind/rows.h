/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* An object's .eh_frame as a table of rows, each of which holds up to the next one. */
#ifndef RP_UNWIND_ROWS_H
#define RP_UNWIND_ROWS_H

#include "rp_unwind.h"
#include "unwind/entries.h"

/* A function of .eh_frame. */
struct rp_unwind_function {
	uint64_t start; /* comes first: rp_array__up_to() */
	uint32_t size;
	uint32_t offset; /* of its entry in the section */
};

/*
 * All of them, by start, in a malloc'ed array. *broken: entries that could not be read. -ENODATA:
 * there are none; -EFBIG: more than in any program; -ENOMEM.
 */
int rp_unwind_functions__read(const struct rp_eh_frame *eh_frame,
			      struct rp_unwind_function **functions, size_t *n, size_t *broken);

struct rp_unwind_rows {
	struct rp_unwind_row *rows; /* by pc, no two alike in a row; the last one is a gap */
	size_t n;
	uint64_t base; /* virtual address that pc counts from */
	size_t functions;
	size_t broken; /* functions of which nothing, or not all, could be read */
};

/*
 * -ENODATA: it has no functions; -EFBIG: more of them, or of rows, than any program; -ENOMEM.
 * Whatever is broken in it costs the functions that it is of.
 */
int rp_unwind_rows__read(const struct rp_eh_frame *eh_frame, struct rp_unwind_rows *out);
void rp_unwind_rows__free(struct rp_unwind_rows *rows);

/* The row that holds at a virtual address; NULL: the table does not reach there. */
const struct rp_unwind_row *rp_unwind_rows__find(const struct rp_unwind_rows *rows, uint64_t addr);

#endif

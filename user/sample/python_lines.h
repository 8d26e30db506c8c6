/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The lines of a Python code object: its location table, since 3.11. */
#ifndef RP_PYTHON_LINES_H
#define RP_PYTHON_LINES_H

#include <stddef.h>
#include <stdint.h>

/* From that instruction on up to the next one of these. */
struct rp_python_line {
	uint64_t start; /* bytes from the first instruction; comes first: rp_array__up_to() */
	uint32_t line;	/* 0: none */
};

/* In malloc'ed memory. What of the table is damaged is left out. 0 or -ENOMEM. */
int rp_python_lines__read(const uint8_t *table, size_t size, uint32_t first_line,
			  struct rp_python_line **lines, size_t *n);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Source lines from the debug information (DWARF) of an object, or of its separate debug file.
 *
 * libdw reads it: whoever has not made the object himself lets a process do so that has nothing to
 * lose.
 */
#ifndef RP_LINES_H
#define RP_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/elf_object.h"

struct rp_lines;

/*
 * elf has to outlive it. The files are open from then on, and libdw has not seen them yet: whoever
 * has rights may give them up here. -ENODATA: there is no debug information; -ENOMEM.
 */
int rp_lines__open(struct rp_elf *elf, struct rp_lines **out);
void rp_lines__free(struct rp_lines *lines);

/*
 * File and line of the instruction at a file offset. Several lines may share one, as those before
 * it left no code: entry takes the first, which at the entry of a function is its own.
 * -ENOENT: nothing is said of it. -ENODATA: the debug information cannot be read.
 */
int rp_lines__find(struct rp_lines *lines, uint64_t offset, bool entry, char *file, size_t size,
		   uint32_t *line);

#define RP_CODE_FUNCTION 384
#define RP_CODE_FILE	 256

/* A function that an instruction is part of. Text that is too long is cut. */
struct rp_code_frame {
	char function[RP_CODE_FUNCTION]; /* as people write it; "": it has no name */
	char file[RP_CODE_FILE];	 /* "": not known, and neither is the line */
	uint32_t line;
	uint32_t inlined; /* into the next frame, whose line is that of the call */
};

/*
 * The functions that the instruction at a virtual address is part of, the innermost inlined one
 * first, up to the one that they are in. Returns how many there are, at most max; 0: nothing is
 * known.
 */
size_t rp_lines__frames(struct rp_lines *lines, uint64_t addr, struct rp_code_frame *frames,
			size_t max);

#endif

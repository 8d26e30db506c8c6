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

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the files that read debug information share; nobody else includes it. */
#ifndef RP_LINES_INTERNAL_H
#define RP_LINES_INTERNAL_H

#include <elfutils/libdw.h>

#include "discover/lines.h"

/* Code of a compilation unit. */
struct rp_unit_range {
	uint64_t start, end; /* start comes first: rp_array__up_to() */
	Dwarf_Die unit;
};

struct rp_calls;

struct rp_lines {
	const struct rp_elf *elf, *from; /* from: the object itself, or its debug file */
	Elf *libelf;
	Dwarf *dwarf;
	struct rp_unit_range *units; /* by start; read when a unit is first looked for */
	size_t n_units;
	bool units_read;
	struct rp_calls *calls; /* of the units that were asked for: discover/inlines.c */
};

/* 0, or -ENODATA: libdw cannot read it. */
int rp_lines__open_dwarf(struct rp_lines *lines);

/* The compilation unit that the code at an address is of. */
bool rp_lines__unit(struct rp_lines *lines, uint64_t addr, Dwarf_Die *unit);

void rp_calls__free(struct rp_calls *calls);

#endif

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "discover/lines.h"

#include <elfutils/libdw.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/elf_internal.h"

struct rp_lines {
	const struct rp_elf *elf, *from; /* from: the object itself, or its debug file */
	Elf *libelf;
	Dwarf *dwarf;
};

int rp_lines__open(struct rp_elf *elf, struct rp_lines **out)
{
	struct rp_elf *from = rp_elf__has_lines(elf) ? elf : rp_elf__debug_file(elf);
	struct rp_lines *lines;

	if (!from)
		return -ENODATA;
	lines = calloc(1, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	lines->elf = elf;
	lines->from = from;
	*out = lines;
	return 0;
}

static int open_dwarf(struct rp_lines *lines)
{
	if (lines->dwarf)
		return 0;
	elf_version(EV_CURRENT);
	if (!lines->libelf)
		lines->libelf = elf_begin(lines->from->fd, ELF_C_READ_MMAP, NULL);
	if (lines->libelf)
		lines->dwarf = dwarf_begin_elf(lines->libelf, DWARF_C_READ, NULL);
	return lines->dwarf ? 0 : -ENODATA;
}

void rp_lines__free(struct rp_lines *lines)
{
	if (!lines)
		return;
	dwarf_end(lines->dwarf);
	elf_end(lines->libelf);
	free(lines);
}

/* Through the table of addresses where it has one: clang makes none, nor do all assemblers. */
static bool find_unit(Dwarf *dwarf, uint64_t addr, Dwarf_Die *unit)
{
	Dwarf_CU *cu = NULL;

	if (dwarf_addrdie(dwarf, addr, unit))
		return true;
	while (!dwarf_get_units(dwarf, cu, &cu, NULL, NULL, unit, NULL))
		if (dwarf_haspc(unit, addr) > 0)
			return true;
	return false;
}

/* NULL: none begins right there. */
static Dwarf_Line *first_line(Dwarf_Die *unit, uint64_t addr)
{
	Dwarf_Lines *lines;
	Dwarf_Addr begin;
	size_t n;

	if (dwarf_getsrclines(unit, &lines, &n))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		Dwarf_Line *line = dwarf_onesrcline(lines, i);

		if (!dwarf_lineaddr(line, &begin) && begin == addr)
			return line;
	}
	return NULL;
}

int rp_lines__find(struct rp_lines *lines, uint64_t offset, bool entry, char *file, size_t size,
		   uint32_t *line)
{
	const char *name;
	Dwarf_Line *at;
	Dwarf_Die unit;
	uint64_t addr;
	int number, rc = open_dwarf(lines);

	if (rc)
		return rc;
	if (rp_elf__address(lines->elf, offset, &addr) || !find_unit(lines->dwarf, addr, &unit))
		return -ENOENT;
	at = entry ? first_line(&unit, addr) : NULL;
	if (!at)
		at = dwarf_getsrc_die(&unit, addr);
	name = at ? dwarf_linesrc(at, NULL, NULL) : NULL;
	if (!name || dwarf_lineno(at, &number) || number <= 0)
		return -ENOENT;
	snprintf(file, size, "%s", name);
	*line = (uint32_t)number;
	return 0;
}

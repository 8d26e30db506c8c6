// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "discover/lines_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/elf_internal.h"
#include "util/array.h"

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

int rp_lines__open_dwarf(struct rp_lines *lines)
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
	rp_calls__free(lines->calls);
	free(lines->units);
	dwarf_end(lines->dwarf);
	elf_end(lines->libelf);
	free(lines);
}

static int compare_starts(const void *x, const void *y)
{
	const struct rp_unit_range *a = x, *b = y;

	return a->start < b->start ? -1 : a->start > b->start;
}

/* What was found until memory ended is right, too. */
static void read_units(struct rp_lines *lines)
{
	Dwarf_Addr base, start, end;
	size_t room = 0;
	Dwarf_CU *cu = NULL;
	Dwarf_Die unit;

	lines->units_read = true;
	while (!dwarf_get_units(lines->dwarf, cu, &cu, NULL, NULL, &unit, NULL)) {
		ptrdiff_t at = 0;

		while ((at = dwarf_ranges(&unit, at, &base, &start, &end)) > 0) {
			if (end <= start)
				continue;
			if (rp_array__grow(&lines->units, lines->n_units, &room,
					   sizeof(*lines->units)))
				goto out;
			lines->units[lines->n_units++] = (struct rp_unit_range){start, end, unit};
		}
	}
out:
	rp_array__sort(lines->units, lines->n_units, sizeof(*lines->units), compare_starts);
}

/* By their ranges: of a table of addresses clang makes none, nor do all assemblers. */
bool rp_lines__unit(struct rp_lines *lines, uint64_t addr, Dwarf_Die *unit)
{
	size_t n;

	if (!lines->units_read)
		read_units(lines);
	n = rp_array__up_to(lines->units, lines->n_units, sizeof(*lines->units), addr);
	if (!n || lines->units[n - 1].end <= addr)
		return false;
	*unit = lines->units[n - 1].unit;
	return true;
}

/*
 * NULL: none begins right there. What ends there is no line: it is behind the code of another
 * section, which this one may follow at once.
 */
static Dwarf_Line *first_line(Dwarf_Die *unit, uint64_t addr)
{
	Dwarf_Lines *lines;
	Dwarf_Addr begin;
	bool is_end;
	size_t n;

	if (dwarf_getsrclines(unit, &lines, &n))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		Dwarf_Line *line = dwarf_onesrcline(lines, i);

		if (!dwarf_lineaddr(line, &begin) && begin == addr &&
		    !dwarf_lineendsequence(line, &is_end) && !is_end)
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
	int number, rc = rp_lines__open_dwarf(lines);

	if (rc)
		return rc;
	if (rp_elf__address(lines->elf, offset, &addr) || !rp_lines__unit(lines, addr, &unit))
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

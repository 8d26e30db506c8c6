// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Functions that are inlined at an address. The tree of a compilation unit is walked once: what
 * code each function and each inlined call has goes into a list by address, in which what is inside
 * stands behind what is around it. What an address is in is then found by a binary search, and from
 * there on outwards.
 */
#include <dwarf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/demangle.h"
#include "discover/lines_internal.h"
#include "util/array.h"
#include "util/table.h"

#define DEPTH_MAX 256	     /* of the tree: deeper parts are left out */
#define CALLS_MAX (4u << 20) /* of a unit */
#define NO_PARENT UINT32_MAX

/* A stretch of code of a function, or of a call that is inlined. */
struct call {
	uint64_t start, end; /* start comes first: rp_array__up_to() */
	uint32_t depth;	     /* of the tree */
	uint32_t parent;     /* the stretch around it */
	Dwarf_Off die;
};

/* Those of one unit. */
struct rp_calls {
	Dwarf_Off unit;
	struct call *calls;
	size_t n, room;
	UT_hash_handle hh;
};

void rp_calls__free(struct rp_calls *all)
{
	struct rp_calls *calls, *next;

	HASH_ITER (hh, all, calls, next) {
		HASH_DEL(all, calls);
		free(calls->calls);
		free(calls);
	}
}

/* ---- the list of a unit ---------------------------------------------------------------------- */

static int add_die(struct rp_calls *calls, Dwarf_Die *die, uint32_t depth)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		if (end <= start)
			continue;
		if (calls->n == CALLS_MAX ||
		    rp_array__grow(&calls->calls, calls->n, &calls->room, sizeof(*calls->calls)))
			return -ENOMEM;
		calls->calls[calls->n++] = (struct call){
			.start = start, .end = end, .depth = depth, .die = dwarf_dieoffset(die)};
	}
	return 0;
}

/* What may hold functions, or calls that are inlined. */
static bool is_scope(int tag)
{
	switch (tag) {
	case DW_TAG_subprogram:
	case DW_TAG_inlined_subroutine:
	case DW_TAG_lexical_block:
	case DW_TAG_namespace:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_module:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
		return true;
	default:
		return false;
	}
}

/* Not by calls of itself, as a hostile tree is as deep as it likes. */
static int add_unit(struct rp_calls *calls, Dwarf_Die *unit)
{
	Dwarf_Die at[DEPTH_MAX];
	uint32_t depth = 0;
	int err = 0;

	if (dwarf_child(unit, &at[0]))
		return 0;
	while (!err) {
		Dwarf_Die *die = &at[depth];
		int tag = dwarf_tag(die);

		if (tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine)
			err = add_die(calls, die, depth);
		if (is_scope(tag) && depth + 1 < DEPTH_MAX && !dwarf_child(die, &at[depth + 1])) {
			depth++;
			continue;
		}
		while (dwarf_siblingof(&at[depth], &at[depth]))
			if (!depth--)
				return err;
	}
	return err;
}

static int compare_calls(const void *x, const void *y)
{
	const struct call *a = x, *b = y;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->depth < b->depth ? -1 : a->depth > b->depth;
}

/* Each stretch inside the one before it, or the one around that, and so on. */
static void find_parents(struct rp_calls *calls)
{
	for (size_t i = 0; i < calls->n; i++) {
		uint32_t around = i ? (uint32_t)i - 1 : NO_PARENT;

		while (around != NO_PARENT && (calls->calls[around].end <= calls->calls[i].start ||
					       calls->calls[around].depth >= calls->calls[i].depth))
			around = calls->calls[around].parent;
		calls->calls[i].parent = around;
	}
}

static struct rp_calls *calls_of(struct rp_lines *lines, Dwarf_Die *unit)
{
	Dwarf_Off number = dwarf_dieoffset(unit);
	struct rp_calls *calls;

	HASH_FIND(hh, lines->calls, &number, sizeof(number), calls);
	if (calls)
		return calls;
	calls = calloc(1, sizeof(*calls));
	if (!calls)
		return NULL;
	calls->unit = number;
	/* What was found until memory ended is right, too. */
	add_unit(calls, unit);
	rp_array__sort(calls->calls, calls->n, sizeof(*calls->calls), compare_calls);
	find_parents(calls);
	HASH_ADD(hh, lines->calls, unit, sizeof(number), calls);
	return calls;
}

/* The innermost stretch that an address is in; NO_PARENT: none. */
static uint32_t innermost(const struct rp_calls *calls, uint64_t addr)
{
	size_t n = rp_array__up_to(calls->calls, calls->n, sizeof(*calls->calls), addr);
	uint32_t at = n ? (uint32_t)n - 1 : NO_PARENT;

	while (at != NO_PARENT && calls->calls[at].end <= addr)
		at = calls->calls[at].parent;
	return at;
}

/* ---- names ----------------------------------------------------------------------------------- */

static void set_name(Dwarf_Die *die, char *name, size_t size)
{
	static const unsigned linkage[] = {DW_AT_linkage_name, DW_AT_MIPS_linkage_name};
	Dwarf_Attribute attr;
	const char *plain = NULL;

	for (size_t i = 0; i < 2 && !plain; i++)
		plain = dwarf_formstring(dwarf_attr_integrate(die, linkage[i], &attr));
	if (plain && rp_demangle__name(plain, name, size) == 1)
		return;
	plain = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attr));
	snprintf(name, size, "%s", plain ? plain : "");
}

static void set_line(Dwarf_Die *unit, uint64_t addr, struct rp_code_frame *frame)
{
	Dwarf_Line *at = dwarf_getsrc_die(unit, addr);
	const char *file = at ? dwarf_linesrc(at, NULL, NULL) : NULL;
	int number;

	if (!file || dwarf_lineno(at, &number) || number <= 0)
		return;
	snprintf(frame->file, sizeof(frame->file), "%s", file);
	frame->line = (uint32_t)number;
}

/* Where an inlined function is called. */
static void set_call_line(Dwarf_Die *unit, Dwarf_Die *die, struct rp_code_frame *frame)
{
	Dwarf_Word file = 0, line = 0;
	Dwarf_Attribute attr;
	Dwarf_Files *files;
	const char *name;
	size_t n;

	if (dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attr), &file) ||
	    dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attr), &line) ||
	    dwarf_getsrcfiles(unit, &files, &n) || file >= n || !line || line > INT32_MAX)
		return;
	name = dwarf_filesrc(files, file, NULL, NULL);
	if (!name)
		return;
	snprintf(frame->file, sizeof(frame->file), "%s", name);
	frame->line = (uint32_t)line;
}

size_t rp_lines__frames(struct rp_lines *lines, uint64_t addr, struct rp_code_frame *frames,
			size_t max)
{
	const struct rp_calls *calls;
	Dwarf_Die unit, die;
	size_t n = 0;

	if (!max || rp_lines__open_dwarf(lines) || !rp_lines__unit(lines, addr, &unit))
		return 0;
	memset(frames, 0, max * sizeof(*frames));
	set_line(&unit, addr, &frames[0]);
	calls = calls_of(lines, &unit);
	for (uint32_t at = calls ? innermost(calls, addr) : NO_PARENT; at != NO_PARENT;
	     at = calls->calls[at].parent) {
		if (!dwarf_offdie(lines->dwarf, calls->calls[at].die, &die))
			break;
		set_name(&die, frames[n].function, sizeof(frames[n].function));
		frames[n].inlined = dwarf_tag(&die) == DW_TAG_inlined_subroutine;
		n++;
		if (n == max || !frames[n - 1].inlined)
			break;
		set_call_line(&unit, &die, &frames[n]);
	}
	return n || frames[0].line ? (n ? n : 1) : 0;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Constructors and destructors of C++ are several functions of one name, clones of each other: for
 * whole objects (C1, D1), for those that are a base of another (C2, D2), and one that also frees
 * the memory (D0). Where one of them is not the code once more but a call of another, the object is
 * constructed or destroyed once all the same: only one of the two is probed.
 *
 * It is known by the first instruction that leaves the order of the code: a body that happens to
 * destroy another object of its class comes to that by a condition or a call of something else.
 * Calls through the procedure linkage table, by which libraries allow others to replace a clone,
 * are not seen through.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_internal.h"
#include "util/array.h"

#define CODE_READ 128u

/* How a clone is numbered in its mangled name; 0: the two are no clones of each other. */
static char clone_number(const char *linker, const char *other)
{
	size_t at = 0;

	while (linker[at] && linker[at] == other[at])
		at++;
	if (!at || !strchr("CD", linker[at - 1]) || !isdigit((unsigned char)linker[at]) ||
	    !isdigit((unsigned char)other[at]) || strcmp(linker + at + 1, other + at + 1) != 0)
		return 0;
	return linker[at];
}

/* Offset in the file of what it calls first of all; its own: nothing is known. */
static uint64_t first_called(const struct rp_plan_object *object,
			     const struct rp_function *function)
{
	size_t size = function->size < CODE_READ ? function->size : CODE_READ;
	uint8_t code[CODE_READ];
	uint64_t offset = function->symbol->offset;

	size = object->read(object->file, offset, code, size);
	return offset + (uint64_t)rp_site__first_branch(object->traits.machine, code, size);
}

/*
 * Which of the two is probed? Others may call the callee as well, so that it is the one; but
 * the body that GCC puts into a function of its own (C4, D4) is called by clones alone, and has
 * other arguments.
 */
static void choose_clone(struct rp_function *caller, struct rp_function *callee)
{
	const char *name = callee->symbol->linker;
	char called = clone_number(name, caller->symbol->linker);

	if (called == '4')
		callee->is_clone = true;
	else if (called > clone_number(caller->symbol->linker, name))
		caller->is_clone = true;
}

static int by_offset(const void *a_, const void *b_)
{
	const struct rp_function *const *a = a_, *const *b = b_;

	return ((*a)->symbol->offset > (*b)->symbol->offset) -
	       ((*a)->symbol->offset < (*b)->symbol->offset);
}

static int compare_offset(const void *offset_, const void *function_)
{
	const struct rp_function *const *function = function_;
	const uint64_t *offset = offset_;

	return (*offset > (*function)->symbol->offset) - (*offset < (*function)->symbol->offset);
}

/* They are searched by offset, as a file may have any number that are called the same. */
void rp_plan__find_clones(const struct rp_plan_object *object, struct rp_function **functions,
			  size_t n)
{
	rp_array__sort(functions, n, sizeof(struct rp_function *), by_offset);
	for (size_t i = 0; i < n; i++) {
		struct rp_function **callee;
		uint64_t called;

		if (strncmp(functions[i]->symbol->linker, "_Z", 2) != 0)
			continue;
		called = first_called(object, functions[i]);
		callee = bsearch(&called, functions, n, sizeof(struct rp_function *),
				 compare_offset);
		if (callee && *callee != functions[i])
			choose_clone(functions[i], *callee);
	}
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Functions are found first, sorted by address, and only then are their programs run: rows come
 * out sorted, and each function is known to end where the next one begins. A gap is put behind a
 * function if no other begins right there. Rows like the one before them are left out last: were
 * that done first, the gap behind one function could take the place of the start of the next.
 */
#include "unwind/rows.h"

#include <errno.h>
#include <stdlib.h>

#include "unwind/program.h"
#include "util/array.h"

#define FUNCTIONS_MAX  (1u << 21)
#define EH_FRAME_MAX   UINT32_MAX /* offsets into it have 32 bits */
#define STEPS_PER_BYTE 4 /* of the section: the program of a CIE is run for each function */
#define STEPS_AT_LEAST 1024

struct build {
	const struct rp_eh_frame *eh_frame;
	struct rp_unwind_function *functions;
	size_t n_functions;
	struct rp_unwind_rows *out;
	size_t row_room;
	uint64_t end; /* of the function whose rows are added */
};

static int compare_functions(const void *a, const void *b)
{
	const struct rp_unwind_function *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int find_functions(const struct rp_eh_frame *eh_frame, struct rp_unwind_function **functions,
			  size_t *n, size_t *broken)
{
	size_t offset = 0, cie_offset = SIZE_MAX, here = 0, room = 0;
	struct rp_unwind_fde fde;
	enum rp_unwind_entry entry;
	int err;

	for (; (entry = rp_unwind_entry__read(eh_frame, &offset, &cie_offset, &fde));
	     here = offset) {
		*broken += entry == RP_UNWIND_ENTRY_BROKEN;
		if (entry != RP_UNWIND_ENTRY_FDE)
			continue;
		if (*n == FUNCTIONS_MAX)
			return -EFBIG;
		err = rp_array__grow(functions, *n, &room, sizeof(**functions));
		if (err)
			return err;
		(*functions)[(*n)++] = (struct rp_unwind_function){
			.start = fde.start,
			.size = fde.size < UINT32_MAX ? (uint32_t)fde.size : UINT32_MAX,
			.offset = (uint32_t)here,
		};
	}
	return *n ? 0 : -ENODATA;
}

int rp_unwind_functions__read(const struct rp_eh_frame *eh_frame,
			      struct rp_unwind_function **functions, size_t *n, size_t *broken)
{
	int err;

	*functions = NULL;
	*n = *broken = 0;
	if (eh_frame->size > EH_FRAME_MAX)
		return -EFBIG;
	err = find_functions(eh_frame, functions, n, broken);
	if (err) {
		free(*functions);
		*functions = NULL;
		return err;
	}
	rp_array__sort(*functions, *n, sizeof(**functions), compare_functions);
	return 0;
}

static bool same_rule(const struct rp_unwind_row *a, const struct rp_unwind_row *b)
{
	return a->cfa == b->cfa && a->fp == b->fp && a->off == b->off;
}

static int add_row(void *ctx, uint64_t addr, const struct rp_unwind_row *rule)
{
	struct build *b = ctx;
	struct rp_unwind_rows *out = b->out;
	uint64_t pc = addr - out->base;
	int err;

	if (addr >= b->end || (out->n && same_rule(&out->rows[out->n - 1], rule)))
		return 0;
	if (out->n == RP_UNWIND_ROWS_MAX || pc > UINT32_MAX)
		return -EFBIG;
	err = rp_array__grow(&out->rows, out->n, &b->row_room, sizeof(*out->rows));
	if (err)
		return err;
	out->rows[out->n] = *rule;
	out->rows[out->n++].pc = (uint32_t)pc;
	return 0;
}

/* Up to its end, but no further than to the next function. */
static uint64_t end_of(const struct build *b, size_t i)
{
	const struct rp_unwind_function *f = &b->functions[i];
	uint64_t end = f->start + f->size;

	return i + 1 < b->n_functions && f[1].start < end ? f[1].start : end;
}

static int add_function(struct build *b, const struct rp_unwind_function *f, size_t *cie_offset,
			struct rp_unwind_fde *fde, uint64_t *steps)
{
	static const struct rp_unwind_row unknown = {.cfa = RP_UNWIND_UNKNOWN};
	const struct rp_unwind_rows *out = b->out;
	size_t offset = f->offset, before = out->n;
	int err;

	if (rp_unwind_entry__read(b->eh_frame, &offset, cie_offset, fde) != RP_UNWIND_ENTRY_FDE)
		return -EBADMSG;
	err = rp_unwind_program__run(b->eh_frame, fde, steps, add_row, b);
	if (err != -EBADMSG)
		return err;
	/* Which of its rules are wrong cannot be told. */
	b->out->broken++;
	b->out->n = before;
	return add_row(b, f->start, &unknown);
}

/*
 * The way back from a signal handler ends in a system call that never returns: a thread that is in
 * it is just behind the end of the code.
 */
static bool ends_in_call(const struct rp_unwind_rows *rows)
{
	return rows->n && rows->rows[rows->n - 1].cfa == RP_UNWIND_SIGNAL;
}

static int add_functions(struct build *b)
{
	static const struct rp_unwind_row gap = {.cfa = RP_UNWIND_GAP};
	uint64_t steps = STEPS_AT_LEAST + STEPS_PER_BYTE * (uint64_t)b->eh_frame->size;
	size_t cie_offset = SIZE_MAX;
	struct rp_unwind_fde fde;
	int err = 0;

	b->out->base = b->functions[0].start;
	b->out->functions = b->n_functions;
	for (size_t i = 0; !err && i < b->n_functions; i++) {
		const struct rp_unwind_function *f = &b->functions[i];
		uint64_t end = end_of(b, i);

		b->end = end;
		if (end > f->start)
			err = add_function(b, f, &cie_offset, &fde, &steps);
		b->end = UINT64_MAX;
		if (!err && (i + 1 == b->n_functions || f[1].start > end))
			err = add_row(b, end + ends_in_call(b->out), &gap);
	}
	return err;
}

int rp_unwind_rows__read(const struct rp_eh_frame *eh_frame, struct rp_unwind_rows *out)
{
	struct build b = {.eh_frame = eh_frame, .out = out};
	int err;

	*out = (struct rp_unwind_rows){0};
	err = rp_unwind_functions__read(eh_frame, &b.functions, &b.n_functions, &out->broken);
	if (err)
		return err;
	err = add_functions(&b);
	free(b.functions);
	if (err)
		rp_unwind_rows__free(out);
	return err;
}

void rp_unwind_rows__free(struct rp_unwind_rows *rows)
{
	free(rows->rows);
	*rows = (struct rp_unwind_rows){0};
}

const struct rp_unwind_row *rp_unwind_rows__find(const struct rp_unwind_rows *rows, uint64_t addr)
{
	size_t low = 0, high = rows->n; /* the row is at or before `high` */

	if (addr < rows->base || addr - rows->base > UINT32_MAX)
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows->rows[middle].pc <= addr - rows->base)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &rows->rows[low - 1] : NULL;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* .eh_frame written by hand: what rows it gives, and what is done with one that is broken. */
#include <dwarf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unwind/rows.h"

#define SECTION	   0x10000ull /* its address */
#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

struct section {
	uint8_t bytes[4096];
	size_t size;
	size_t cie; /* the one written last */
};

static void put(struct section *s, uint64_t value, size_t size)
{
	assert_true(s->size + size <= sizeof(s->bytes));
	memcpy(s->bytes + s->size, &value, size);
	s->size += size;
}

static void put_bytes(struct section *s, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(s, ((const uint8_t *)bytes)[i], 1);
}

static void end_entry(struct section *s, size_t start)
{
	uint32_t length = (uint32_t)(s->size - start - 4);

	memcpy(s->bytes + start, &length, 4);
}

/* The CIE of gcc: CFA = sp + 8, the return address below. */
static void put_cie(struct section *s, const char *letters, const void *data, size_t n)
{
	s->cie = s->size;
	put(s, 0, 4);
	put(s, 0, 4);
	put(s, 1, 1);
	put_bytes(s, letters, strlen(letters) + 1);
	put_bytes(s, BYTES(1, 0x78, 16)); /* alignment of code 1, of data -8, register 16 */
	put(s, n, 1);
	put_bytes(s, data, n);
	put_bytes(s, BYTES(DW_CFA_def_cfa, 7, 8, DW_CFA_offset | 16, 1));
	end_entry(s, s->cie);
}

static void put_plain_cie(struct section *s)
{
	put_cie(s, "zR", BYTES(DW_EH_PE_udata4));
}

static void put_function(struct section *s, uint32_t start, uint32_t size, const void *program,
			 size_t n)
{
	size_t at = s->size;

	put(s, 0, 4);
	put(s, s->size - s->cie, 4);
	put(s, start, 4);
	put(s, size, 4);
	put(s, 0, 1);
	put_bytes(s, program, n);
	end_entry(s, at);
}

static int read_rows(const struct section *s, struct rp_unwind_rows *rows)
{
	/* Of its very size, so that the sanitizer sees what is read past the end. */
	void *copy = malloc(s->size ? s->size : 1);
	struct rp_eh_frame eh_frame = {.data = copy, .size = s->size, .addr = SECTION};
	int err;

	assert_non_null(copy);
	memcpy(copy, s->bytes, s->size);
	err = rp_unwind_rows__read(&eh_frame, rows);
	free(copy);
	for (size_t i = 1; !err && i < rows->n; i++)
		assert_true(rows->rows[i].pc > rows->rows[i - 1].pc);
	return err;
}

static void assert_rule(const struct rp_unwind_rows *rows, uint64_t addr, int cfa, int off, int fp)
{
	const struct rp_unwind_row *row = rp_unwind_rows__find(rows, addr);

	assert_non_null(row);
	assert_int_equal(row->cfa, cfa);
	assert_int_equal(row->off, off);
	assert_int_equal(row->fp, fp);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void test_a_function(void **state)
{
	struct section s = {0};
	struct rp_unwind_rows rows;

	(void)state;
	put_plain_cie(&s);
	put_function(&s, 0x1000, 0x40,
		     BYTES(DW_CFA_advance_loc | 1, DW_CFA_def_cfa_offset, 16, DW_CFA_offset | 6, 2,
			   DW_CFA_advance_loc | 3, DW_CFA_def_cfa_register, 6, DW_CFA_advance_loc1,
			   0x30, DW_CFA_def_cfa, 7, 8));
	assert_int_equal(read_rows(&s, &rows), 0);
	assert_int_equal(rows.functions, 1);
	assert_null(rp_unwind_rows__find(&rows, 0xfff));
	assert_rule(&rows, 0x1000, RP_UNWIND_CFA_SP, 1, RP_UNWIND_FP_SAME);
	assert_rule(&rows, 0x1001, RP_UNWIND_CFA_SP, 2, -2);
	assert_rule(&rows, 0x1003, RP_UNWIND_CFA_SP, 2, -2);
	assert_rule(&rows, 0x1004, RP_UNWIND_CFA_FP, 2, -2);
	assert_rule(&rows, 0x1034, RP_UNWIND_CFA_SP, 1, -2);
	assert_rule(&rows, 0x103f, RP_UNWIND_CFA_SP, 1, -2);
	assert_rule(&rows, 0x1040, RP_UNWIND_GAP, 0, 0);
	rp_unwind_rows__free(&rows);
}

/* The second begins where the first ends; the third behind a gap; they come in any order. */
static void test_gaps_and_neighbours(void **state)
{
	struct section s = {0};
	struct rp_unwind_rows rows;

	(void)state;
	put_plain_cie(&s);
	put_function(&s, 0x1020, 0x10, BYTES(DW_CFA_nop));
	put_function(&s, 0x1000, 0x10, BYTES(DW_CFA_advance_loc | 4, DW_CFA_def_cfa_offset, 16));
	put_function(&s, 0x1010, 0x8, BYTES(DW_CFA_undefined, 16));
	assert_int_equal(read_rows(&s, &rows), 0);
	assert_int_equal(rows.n, 6);
	assert_rule(&rows, 0x100f, RP_UNWIND_CFA_SP, 2, 0);
	assert_rule(&rows, 0x1010, RP_UNWIND_OUTERMOST, 0, 0);
	assert_rule(&rows, 0x1018, RP_UNWIND_GAP, 0, 0);
	assert_rule(&rows, 0x1020, RP_UNWIND_CFA_SP, 1, 0);
	assert_rule(&rows, 0x1030, RP_UNWIND_GAP, 0, 0);
	rp_unwind_rows__free(&rows);
}

/* The first row of a function is like the last one of its neighbour: one row holds for both. */
static void test_like_rows_are_one(void **state)
{
	struct section s = {0};
	struct rp_unwind_rows rows;

	(void)state;
	put_plain_cie(&s);
	for (uint32_t i = 0; i < 10; i++)
		put_function(&s, 0x1000 + 16 * i, 16, BYTES(DW_CFA_advance_loc | 4));
	assert_int_equal(read_rows(&s, &rows), 0);
	assert_int_equal(rows.n, 2);
	assert_rule(&rows, 0x109f, RP_UNWIND_CFA_SP, 1, 0);
	rp_unwind_rows__free(&rows);
}

/* A function ends where the next one begins, whatever it says. */
static void test_functions_that_overlap(void **state)
{
	struct section s = {0};
	struct rp_unwind_rows rows;

	(void)state;
	put_plain_cie(&s);
	put_function(&s, 0x1000, 0x100,
		     BYTES(DW_CFA_advance_loc1, 0x80, DW_CFA_def_cfa_offset, 16));
	put_function(&s, 0x1010, 0x10, BYTES(DW_CFA_def_cfa_offset, 24));
	assert_int_equal(read_rows(&s, &rows), 0);
	assert_rule(&rows, 0x100f, RP_UNWIND_CFA_SP, 1, 0);
	assert_rule(&rows, 0x1010, RP_UNWIND_CFA_SP, 3, 0);
	assert_rule(&rows, 0x1020, RP_UNWIND_GAP, 0, 0);
	assert_rule(&rows, 0x1080, RP_UNWIND_GAP, 0, 0);
	rp_unwind_rows__free(&rows);
}

/* ---- instructions --------------------------------------------------------------------------- */

/* The rule at the end of a function with that program. */
static struct rp_unwind_row last_rule(const char *letters, const void *program, size_t n)
{
	struct section s = {0};
	struct rp_unwind_rows rows;
	struct rp_unwind_row row;

	put_cie(&s, letters, BYTES(DW_EH_PE_udata4));
	put_function(&s, 0x1000, 0x1000, program, n);
	assert_int_equal(read_rows(&s, &rows), 0);
	row = *rp_unwind_rows__find(&rows, 0x1fff);
	rp_unwind_rows__free(&rows);
	return row;
}

static void assert_last(int cfa, int off, int fp, const void *program, size_t n)
{
	struct rp_unwind_row row = last_rule("zR", program, n);

	assert_int_equal(row.cfa, cfa);
	assert_int_equal(row.off, off);
	assert_int_equal(row.fp, fp);
}

static void test_instructions_of_the_cfa(void **state)
{
	(void)state;
	assert_last(RP_UNWIND_CFA_SP, 4, 0, BYTES(DW_CFA_def_cfa_offset_sf, 0x7c));
	assert_last(RP_UNWIND_CFA_FP, 2, 0, BYTES(DW_CFA_def_cfa_sf, 6, 0x7e));
	assert_last(RP_UNWIND_CFA_SP, 25, 0, BYTES(DW_CFA_def_cfa_offset, 0xc8, 1));
	/* Arrays on the stack: the last that is near, the first and the last that are far. */
	assert_last(RP_UNWIND_CFA_SP, 0x7fff, 0, BYTES(DW_CFA_def_cfa_offset, 0xf8, 0xff, 0x0f));
	assert_last(RP_UNWIND_CFA_SP_FAR, 0, 0, BYTES(DW_CFA_def_cfa_offset, 0x80, 0x80, 0x10));
	assert_last(RP_UNWIND_CFA_SP_FAR, -1, 0, BYTES(DW_CFA_def_cfa_offset, 0xf8, 0xff, 0x2f));
	assert_last(RP_UNWIND_UNKNOWN, 0, 0, BYTES(DW_CFA_def_cfa_offset, 0x80, 0x80, 0x30));
	/* No other register is known, no odd offset and none that is too large. */
	assert_last(RP_UNWIND_UNKNOWN, 0, 0, BYTES(DW_CFA_def_cfa_register, 3));
	assert_last(RP_UNWIND_UNKNOWN, 0, 0, BYTES(DW_CFA_def_cfa_offset, 12));
	assert_last(RP_UNWIND_UNKNOWN, 0, 0, BYTES(DW_CFA_def_cfa_offset, 0x80, 0x80, 0x80, 1));
	/* A state comes back whole. */
	assert_last(RP_UNWIND_CFA_SP, 1, 0,
		    BYTES(DW_CFA_remember_state, DW_CFA_def_cfa, 6, 16, DW_CFA_offset | 6, 2,
			  DW_CFA_restore_state));
}

/* Of the return address one is, where the frame pointer is as it was. */
static void test_return_address_in_a_register(void **state)
{
	(void)state;
	assert_last(RP_UNWIND_RETURN_DI, 0, 0,
		    BYTES(DW_CFA_def_cfa_offset, 0, DW_CFA_register, 16, 5));
	assert_last(RP_UNWIND_UNKNOWN, 0, 0,
		    BYTES(DW_CFA_def_cfa_offset, 0, DW_CFA_register, 16, 3));
	assert_last(RP_UNWIND_UNKNOWN, 0, 0, BYTES(DW_CFA_offset | 6, 2, DW_CFA_register, 16, 5));
	assert_last(RP_UNWIND_UNKNOWN, 0, 0, BYTES(DW_CFA_def_cfa, 6, 16, DW_CFA_register, 16, 5));
}

static void test_instructions_of_registers(void **state)
{
	(void)state;
	assert_last(RP_UNWIND_CFA_SP, 1, -3, BYTES(DW_CFA_offset_extended, 6, 3));
	assert_last(RP_UNWIND_CFA_SP, 1, -3, BYTES(DW_CFA_offset_extended_sf, 6, 3));
	assert_last(RP_UNWIND_CFA_SP, 1, -3,
		    BYTES(DW_CFA_GNU_negative_offset_extended, 6, 0xfd, 0xff, 0xff, 0xff, 0xff,
			  0xff, 0xff, 0xff, 0xff, 1));
	assert_last(RP_UNWIND_CFA_SP, 1, 0, BYTES(DW_CFA_offset | 6, 2, DW_CFA_restore | 6));
	assert_last(RP_UNWIND_CFA_SP, 1, 0,
		    BYTES(DW_CFA_offset | 6, 2, DW_CFA_restore_extended, 6));
	assert_last(RP_UNWIND_CFA_SP, 1, 0, BYTES(DW_CFA_offset | 6, 2, DW_CFA_same_value, 6));
	/* Others do not matter. */
	assert_last(RP_UNWIND_CFA_SP, 1, 0,
		    BYTES(DW_CFA_offset | 3, 2, DW_CFA_val_offset, 3, 1, DW_CFA_GNU_args_size, 32,
			  DW_CFA_register, 12, 13, DW_CFA_val_expression, 3, 1, DW_OP_lit0));
	assert_last(RP_UNWIND_CFA_SP, 1, RP_UNWIND_FP_LOST, BYTES(DW_CFA_undefined, 6));
	assert_last(RP_UNWIND_CFA_SP, 1, RP_UNWIND_FP_LOST, BYTES(DW_CFA_register, 6, 3));
	assert_last(RP_UNWIND_CFA_SP, 1, RP_UNWIND_FP_LOST, BYTES(DW_CFA_val_offset, 6, 2));
	assert_last(RP_UNWIND_CFA_SP, 1, RP_UNWIND_FP_LOST, BYTES(DW_CFA_offset | 6, 0));
	assert_last(RP_UNWIND_CFA_SP, 1, RP_UNWIND_FP_LOST,
		    BYTES(DW_CFA_offset_extended, 6, 0x80, 8));
	assert_last(RP_UNWIND_UNKNOWN, 0, 0, BYTES(DW_CFA_offset | 16, 2));
	assert_last(RP_UNWIND_UNKNOWN, 0, 0, BYTES(DW_CFA_register, 16, 3));
}

static void test_instructions_that_advance(void **state)
{
	(void)state;
	assert_last(RP_UNWIND_CFA_SP, 2, 0,
		    BYTES(DW_CFA_advance_loc2, 0xff, 0x0f, DW_CFA_def_cfa_offset, 16));
	assert_last(RP_UNWIND_CFA_SP, 2, 0,
		    BYTES(DW_CFA_advance_loc4, 0xff, 0x0f, 0, 0, DW_CFA_def_cfa_offset, 16));
	assert_last(RP_UNWIND_CFA_SP, 2, 0,
		    BYTES(DW_CFA_MIPS_advance_loc8, 0xff, 0x0f, 0, 0, 0, 0, 0, 0,
			  DW_CFA_def_cfa_offset, 16));
	assert_last(RP_UNWIND_CFA_SP, 2, 0,
		    BYTES(DW_CFA_set_loc, 0xff, 0x1f, 0, 0, DW_CFA_def_cfa_offset, 16));
	/* Past the end, and back. */
	assert_last(RP_UNWIND_UNKNOWN, 0, 0, BYTES(DW_CFA_advance_loc2, 1, 0x10));
	assert_last(RP_UNWIND_UNKNOWN, 0, 0, BYTES(DW_CFA_set_loc, 0xff, 0x0f, 0, 0));
}

static void test_expressions(void **state)
{
	struct rp_unwind_row row;

	(void)state;
	assert_last(RP_UNWIND_CFA_PLT, 11, 0,
		    BYTES(DW_CFA_def_cfa_expression, 11, DW_OP_breg7, 8, DW_OP_breg16, 0,
			  DW_OP_lit15, DW_OP_and, DW_OP_lit11, DW_OP_ge, DW_OP_lit3, DW_OP_shl,
			  DW_OP_plus));
	assert_last(RP_UNWIND_CFA_FP_DEREF, -1, RP_UNWIND_FP_AT_FP,
		    BYTES(DW_CFA_def_cfa_expression, 3, DW_OP_breg6, 0x78, DW_OP_deref,
			  DW_CFA_expression, 6, 2, DW_OP_breg6, 0));
	assert_last(RP_UNWIND_CFA_SP_DEREF, 2, 0,
		    BYTES(DW_CFA_def_cfa_expression, 5, DW_OP_breg7, 16, DW_OP_deref,
			  DW_OP_plus_uconst, 8));
	assert_last(RP_UNWIND_UNKNOWN, 0, 0,
		    BYTES(DW_CFA_def_cfa_expression, 3, DW_OP_breg3, 0x78, DW_OP_deref));
	assert_last(RP_UNWIND_UNKNOWN, 0, 0, BYTES(DW_CFA_def_cfa_expression, 0));
	row = last_rule("zRS", BYTES(DW_CFA_def_cfa_expression, 4, DW_OP_breg7, 0xa0, 1,
				     DW_OP_deref, DW_CFA_expression, 16, 3, DW_OP_breg7, 0xa8, 1));
	assert_int_equal(row.cfa, RP_UNWIND_SIGNAL);
	/* With another offset or operation, or one more, it is something else. */
	row = last_rule("zRS",
			BYTES(DW_CFA_def_cfa_expression, 4, DW_OP_breg7, 0xa1, 1, DW_OP_deref));
	assert_int_not_equal(row.cfa, RP_UNWIND_SIGNAL);
	row = last_rule("zRS",
			BYTES(DW_CFA_def_cfa_expression, 4, DW_OP_breg6, 0xa0, 1, DW_OP_deref));
	assert_int_not_equal(row.cfa, RP_UNWIND_SIGNAL);
	row = last_rule("zRS",
			BYTES(DW_CFA_def_cfa_expression, 4, DW_OP_breg7, 0xa0, 1, DW_OP_dup));
	assert_int_not_equal(row.cfa, RP_UNWIND_SIGNAL);
	row = last_rule("zRS", BYTES(DW_CFA_def_cfa_expression, 5, DW_OP_breg7, 0xa0, 1,
				     DW_OP_deref, DW_OP_deref));
	assert_int_not_equal(row.cfa, RP_UNWIND_SIGNAL);
	/* The same of a function that is no signal's. */
	assert_last(RP_UNWIND_UNKNOWN, 0, 0,
		    BYTES(DW_CFA_def_cfa_expression, 4, DW_OP_breg7, 0xa0, 1, DW_OP_deref,
			  DW_CFA_expression, 16, 3, DW_OP_breg7, 0xa8, 1));
}

/* A thread in the system call with which it ends is behind its code. */
static void test_end_of_a_signal(void **state)
{
	struct section s = {0};
	struct rp_unwind_rows rows;

	(void)state;
	put_cie(&s, "zRS", BYTES(DW_EH_PE_udata4));
	put_function(&s, 0x1000, 0x10,
		     BYTES(DW_CFA_def_cfa_expression, 4, DW_OP_breg7, 0xa0, 1, DW_OP_deref));
	assert_int_equal(read_rows(&s, &rows), 0);
	assert_rule(&rows, 0x1010, RP_UNWIND_SIGNAL, 0, 0);
	assert_rule(&rows, 0x1011, RP_UNWIND_GAP, 0, 0);
	rp_unwind_rows__free(&rows);
}

static void test_augmentations(void **state)
{
	struct section s = {0};
	struct rp_unwind_rows rows;

	(void)state;
	put_cie(&s, "zPLR", BYTES(DW_EH_PE_udata4, 1, 2, 3, 4, DW_EH_PE_udata8, DW_EH_PE_udata4));
	put_function(&s, 0x1000, 16, BYTES(DW_CFA_nop));
	/* Relative to the place where it is written, which is 8 bytes into the entry. */
	put_cie(&s, "zR", BYTES(DW_EH_PE_pcrel | DW_EH_PE_sdata4));
	put_function(&s, (uint32_t)(0x2000 - (SECTION + s.size + 8)), 16, BYTES(DW_CFA_nop));
	put_cie(&s, "zX", BYTES(DW_EH_PE_udata4));
	put_function(&s, 0x3000, 16, BYTES(DW_CFA_nop));
	put_cie(&s, "zR", BYTES(DW_EH_PE_datarel | DW_EH_PE_udata4));
	put_function(&s, 0x4000, 16, BYTES(DW_CFA_nop));
	assert_int_equal(read_rows(&s, &rows), 0);
	assert_int_equal(rows.functions, 2);
	assert_int_equal(rows.broken, 2);
	assert_rule(&rows, 0x1000, RP_UNWIND_CFA_SP, 1, 0);
	assert_rule(&rows, 0x1010, RP_UNWIND_GAP, 0, 0);
	assert_rule(&rows, 0x200f, RP_UNWIND_CFA_SP, 1, 0);
	rp_unwind_rows__free(&rows);
}

/* Code before the section: distances of two bytes have a sign as well. */
static void test_short_distances(void **state)
{
	struct section s = {0};
	struct rp_unwind_rows rows;
	size_t at;

	(void)state;
	put_cie(&s, "zR", BYTES(DW_EH_PE_pcrel | DW_EH_PE_sdata2));
	at = s.size;
	put(&s, 0, 4);
	put(&s, s.size - s.cie, 4);
	put(&s, SECTION - 0x1000 - (SECTION + s.size), 2);
	put(&s, 16, 2);
	put(&s, 0, 1);
	end_entry(&s, at);
	assert_int_equal(read_rows(&s, &rows), 0);
	assert_int_equal(rows.base, SECTION - 0x1000);
	rp_unwind_rows__free(&rows);
}

/* ---- hostile -------------------------------------------------------------------------------- */

static void test_nothing_in_it(void **state)
{
	struct section s = {0};
	struct rp_unwind_rows rows;

	(void)state;
	assert_int_equal(read_rows(&s, &rows), -ENODATA);
	put_plain_cie(&s);
	assert_int_equal(read_rows(&s, &rows), -ENODATA);
}

/* A broken function costs its own rows, not its neighbours'. */
static void test_one_is_broken(void **state)
{
	struct section s = {0};
	struct rp_unwind_rows rows;

	(void)state;
	put_plain_cie(&s);
	put_function(&s, 0x1000, 0x10, BYTES(DW_CFA_def_cfa_offset, 16));
	put_function(&s, 0x1010, 0x10,
		     BYTES(DW_CFA_advance_loc | 1, DW_CFA_def_cfa_offset, 24, 0x3f));
	put_function(&s, 0x1020, 0x10, BYTES(DW_CFA_def_cfa_offset, 32));
	assert_int_equal(read_rows(&s, &rows), 0);
	assert_int_equal(rows.broken, 1);
	assert_rule(&rows, 0x100f, RP_UNWIND_CFA_SP, 2, 0);
	assert_rule(&rows, 0x1010, RP_UNWIND_UNKNOWN, 0, 0);
	assert_rule(&rows, 0x101f, RP_UNWIND_UNKNOWN, 0, 0);
	assert_rule(&rows, 0x1020, RP_UNWIND_CFA_SP, 4, 0);
	rp_unwind_rows__free(&rows);
}

static void test_cut_anywhere(void **state)
{
	struct section whole = {0}, cut;
	struct rp_unwind_rows rows;

	(void)state;
	put_cie(&whole, "zPLR",
		BYTES(DW_EH_PE_udata4, 1, 2, 3, 4, DW_EH_PE_udata8, DW_EH_PE_udata4));
	put_function(&whole, 0x1000, 0x10,
		     BYTES(DW_CFA_def_cfa_expression, 3, DW_OP_breg6, 0x78, DW_OP_deref));
	put_function(&whole, 0x1010, 0x10, BYTES(DW_CFA_advance_loc4, 1, 0, 0, 0));
	for (size_t size = 0; size < whole.size; size++) {
		cut = whole;
		cut.size = size;
		if (!read_rows(&cut, &rows))
			rp_unwind_rows__free(&rows);
		/* The same where lengths say that all is there. */
		memset(cut.bytes + size, 0xff, sizeof(cut.bytes) - size);
		cut.size = whole.size;
		if (!read_rows(&cut, &rows))
			rp_unwind_rows__free(&rows);
	}
}

static void test_lengths_that_lie(void **state)
{
	static const uint32_t lengths[] = {0xffffffff, 0xfffffffe, 0x7fffffff, 5, 4, 1};
	struct rp_unwind_rows rows;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct section s = {0};

		put_plain_cie(&s);
		put_function(&s, 0x1000, 0x10, BYTES(DW_CFA_nop));
		s.size += 32;
		memcpy(s.bytes, &lengths[i], 4);
		assert_int_equal(read_rows(&s, &rows), -ENODATA);
	}
}

/* A function that says that it, or what is before the section, is its own CIE. */
/* Nor is anything of a CIE that cannot be read taken for the one before. */
static void test_a_cie_is_broken(void **state)
{
	struct section s = {0};
	struct rp_unwind_rows rows;
	size_t first;

	(void)state;
	put_plain_cie(&s);
	first = s.cie;
	put_function(&s, 0x1000, 0x10, BYTES(DW_CFA_nop));
	put_cie(&s, "zX", BYTES(DW_EH_PE_udata4));
	put_function(&s, 0x1010, 0x10, BYTES(DW_CFA_nop));
	s.cie = first;
	put_function(&s, 0x1020, 0x10, BYTES(DW_CFA_def_cfa_offset, 32));
	assert_int_equal(read_rows(&s, &rows), 0);
	assert_int_equal(rows.functions, 2);
	assert_int_equal(rows.broken, 1);
	assert_rule(&rows, 0x1000, RP_UNWIND_CFA_SP, 1, 0);
	assert_rule(&rows, 0x1010, RP_UNWIND_GAP, 0, 0);
	assert_rule(&rows, 0x1020, RP_UNWIND_CFA_SP, 4, 0);
	rp_unwind_rows__free(&rows);
}

static void test_wrong_ways_to_the_cie(void **state)
{
	struct rp_unwind_rows rows;

	(void)state;
	for (uint32_t back = 1; back < 64; back++) {
		struct section s = {0};

		put_plain_cie(&s);
		s.cie = s.size + 4 - back;
		put_function(&s, 0x1000, 0x10, BYTES(DW_CFA_nop));
		if (!read_rows(&s, &rows))
			rp_unwind_rows__free(&rows);
	}
	for (int i = 0; i < 2; i++) {
		struct section s = {0};

		s.cie = i ? 0 : (size_t)-64;
		put_function(&s, 0x1000, 0x10, BYTES(DW_CFA_nop));
		assert_int_equal(read_rows(&s, &rows), -ENODATA);
	}
}

/* Many functions of one CIE with a long program: the time is that of the bytes. */
static void test_steps_are_bounded(void **state)
{
	struct section s = {0};
	struct rp_unwind_rows rows;

	(void)state;
	put_cie(&s, "zR", BYTES(DW_EH_PE_udata4));
	memset(s.bytes + s.size, DW_CFA_nop, 2000);
	s.size += 2000;
	end_entry(&s, s.cie);
	for (uint32_t i = 0; i < 80; i++)
		put_function(&s, 0x1000 + 16 * i, 16, BYTES(DW_CFA_nop));
	assert_int_equal(read_rows(&s, &rows), 0);
	assert_true(rows.broken > 60 && rows.broken < 80);
	assert_rule(&rows, 0x1000, RP_UNWIND_CFA_SP, 1, 0);
	assert_rule(&rows, 0x1000 + 16 * 79, RP_UNWIND_UNKNOWN, 0, 0);
	rp_unwind_rows__free(&rows);
}

static void test_states_are_bounded(void **state)
{
	uint8_t program[64];

	(void)state;
	memset(program, DW_CFA_remember_state, sizeof(program));
	assert_last(RP_UNWIND_CFA_SP, 1, 0, program, 16);
	assert_last(RP_UNWIND_UNKNOWN, 0, 0, program, 17);
	memset(program, DW_CFA_restore_state, sizeof(program));
	assert_last(RP_UNWIND_UNKNOWN, 0, 0, program, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_function),
		cmocka_unit_test(test_gaps_and_neighbours),
		cmocka_unit_test(test_like_rows_are_one),
		cmocka_unit_test(test_functions_that_overlap),
		cmocka_unit_test(test_instructions_of_the_cfa),
		cmocka_unit_test(test_return_address_in_a_register),
		cmocka_unit_test(test_instructions_of_registers),
		cmocka_unit_test(test_instructions_that_advance),
		cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_end_of_a_signal),
		cmocka_unit_test(test_augmentations),
		cmocka_unit_test(test_short_distances),
		cmocka_unit_test(test_nothing_in_it),
		cmocka_unit_test(test_one_is_broken),
		cmocka_unit_test(test_a_cie_is_broken),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_lengths_that_lie),
		cmocka_unit_test(test_wrong_ways_to_the_cie),
		cmocka_unit_test(test_steps_are_bounded),
		cmocka_unit_test(test_states_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

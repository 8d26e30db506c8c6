// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Of all registers two matter: the return address, and the frame pointer, as callers may need it.
 * The rest of a program is read over.
 *
 * A CFA that is an expression is compared with the few that there are in practice, byte by byte:
 * the linker's PLT, realigned stacks of compilers, OpenSSL's assembly, and the C library's way
 * back from a signal handler.
 */
#include "unwind/program.h"

#include <dwarf.h>
#include <errno.h>

/* DWARF's numbers of registers on x86-64. */
#define REG_DI	     5
#define REG_FP	     6
#define REG_SP	     7
#define REG_RETURN   16

#define REMEMBER_MAX 16
#define OPCODE_MASK  0xc0 /* three instructions have an operand in their lower bits */

enum where {
	SAME,
	UNDEFINED,
	AT_CFA, /* saved, at an offset from the CFA */
	AT_FP,	/* saved, at the address in the frame pointer */
	IN_DI,	/* in rdi */
	ELSEWHERE,
};

struct saved {
	enum where where;
	int64_t offset;
};

struct state {
	uint64_t cfa_reg;
	int64_t cfa_offset;
	bool by_expression;
	struct rp_unwind_bytes expression; /* of the CFA */
	struct saved fp, ret;
};

struct machine {
	const struct rp_eh_frame *eh_frame;
	const struct rp_unwind_fde *fde;
	uint64_t *steps;
	uint64_t addr;
	struct state now, initial, remembered[REMEMBER_MAX];
	unsigned n_remembered;
	rp_unwind_on_rule on_rule; /* NULL: the program of the CIE is run */
	void *ctx;
};

/* ---- a state as a row ----------------------------------------------------------------------- */

static bool in_words(int64_t bytes, int64_t min, int64_t max)
{
	return bytes % RP_UNWIND_WORD == 0 && bytes / RP_UNWIND_WORD >= min &&
	       bytes / RP_UNWIND_WORD <= max;
}

static bool is_signal_frame(struct rp_unwind_bytes e)
{
	return rp_unwind_bytes__number(&e, 1) == DW_OP_breg0 + REG_SP &&
	       rp_unwind_bytes__signed(&e) == RP_UNWIND_SIGNAL_SP &&
	       rp_unwind_bytes__number(&e, 1) == DW_OP_deref && e.at == e.end;
}

/* sp + 8 + ((ip & 15) >= N) * 8, as the linkers write it; the byte that differs is N. */
static bool is_plt(struct rp_unwind_bytes e, struct rp_unwind_row *row)
{
	static const uint8_t begin[] = {DW_OP_breg0 + REG_SP, 8,	DW_OP_breg0 + REG_RETURN, 0,
					DW_OP_lit15,	      DW_OP_and};
	static const uint8_t end[] = {DW_OP_ge, DW_OP_lit3, DW_OP_shl, DW_OP_plus};
	size_t n = rp_unwind_bytes__left(&e);

	if (n != sizeof(begin) + 1 + sizeof(end) || memcmp(e.at, begin, sizeof(begin)) ||
	    memcmp(e.at + sizeof(begin) + 1, end, sizeof(end)))
		return false;
	row->cfa = RP_UNWIND_CFA_PLT;
	row->off = (int16_t)(e.at[sizeof(begin)] - DW_OP_lit0);
	return row->off >= 0 && row->off < 16;
}

/* What is stored at a register and an offset; for sp with 8 added. */
static bool is_stored(struct rp_unwind_bytes e, struct rp_unwind_row *row)
{
	uint64_t reg = rp_unwind_bytes__number(&e, 1) - DW_OP_breg0;
	int64_t offset = rp_unwind_bytes__signed(&e);

	if (rp_unwind_bytes__number(&e, 1) != DW_OP_deref ||
	    !in_words(offset, INT16_MIN, INT16_MAX))
		return false;
	row->off = (int16_t)(offset / RP_UNWIND_WORD);
	if (reg == REG_FP && e.at == e.end) {
		row->cfa = RP_UNWIND_CFA_FP_DEREF;
		return !e.failed;
	}
	row->cfa = RP_UNWIND_CFA_SP_DEREF;
	return reg == REG_SP && rp_unwind_bytes__number(&e, 1) == DW_OP_plus_uconst &&
	       rp_unwind_bytes__unsigned(&e) == RP_UNWIND_WORD && e.at == e.end && !e.failed;
}

static bool set_cfa(const struct state *s, struct rp_unwind_row *row)
{
	if (s->by_expression)
		return is_plt(s->expression, row) || is_stored(s->expression, row);
	if (s->cfa_reg == REG_SP &&
	    in_words(s->cfa_offset, RP_UNWIND_FAR, RP_UNWIND_FAR + UINT16_MAX)) {
		row->cfa = RP_UNWIND_CFA_SP_FAR;
		row->off = (int16_t)(s->cfa_offset / RP_UNWIND_WORD - RP_UNWIND_FAR);
		return true;
	}
	if ((s->cfa_reg != REG_SP && s->cfa_reg != REG_FP) ||
	    !in_words(s->cfa_offset, INT16_MIN, INT16_MAX))
		return false;
	row->cfa = s->cfa_reg == REG_SP ? RP_UNWIND_CFA_SP : RP_UNWIND_CFA_FP;
	row->off = (int16_t)(s->cfa_offset / RP_UNWIND_WORD);
	return true;
}

static int8_t where_fp_is(const struct saved *fp)
{
	switch (fp->where) {
	case SAME:
		return RP_UNWIND_FP_SAME;
	case AT_FP:
		return RP_UNWIND_FP_AT_FP;
	case AT_CFA:
		/* 0 and the ends of the range say something else. */
		if (fp->offset &&
		    in_words(fp->offset, RP_UNWIND_FP_LOST + 1, RP_UNWIND_FP_AT_FP - 1))
			return (int8_t)(fp->offset / RP_UNWIND_WORD);
		break;
	default:
		break;
	}
	return RP_UNWIND_FP_LOST;
}

static struct rp_unwind_row rule_of(const struct machine *m)
{
	const struct state *s = &m->now;
	struct rp_unwind_row row = {0};

	if (s->ret.where == UNDEFINED)
		return (struct rp_unwind_row){.cfa = RP_UNWIND_OUTERMOST};
	if (m->fde->cie.is_signal && s->by_expression && is_signal_frame(s->expression))
		return (struct rp_unwind_row){.cfa = RP_UNWIND_SIGNAL};
	if (s->ret.where == IN_DI && s->fp.where == SAME && set_cfa(s, &row) &&
	    row.cfa == RP_UNWIND_CFA_SP)
		return (struct rp_unwind_row){.cfa = RP_UNWIND_RETURN_DI, .off = row.off};
	if (s->ret.where != AT_CFA || s->ret.offset != -RP_UNWIND_WORD || !set_cfa(s, &row))
		return (struct rp_unwind_row){.cfa = RP_UNWIND_UNKNOWN};
	row.fp = where_fp_is(&s->fp);
	return row;
}

/* ---- instructions --------------------------------------------------------------------------- */

static int move_to(struct machine *m, uint64_t addr)
{
	struct rp_unwind_row rule;
	int err;

	if (!m->on_rule || addr < m->addr)
		return -EBADMSG;
	if (addr == m->addr)
		return 0;
	rule = rule_of(m);
	err = m->on_rule(m->ctx, m->addr, &rule);
	m->addr = addr;
	return err;
}

static int advance(struct machine *m, uint64_t by)
{
	uint64_t bytes;

	/* Past the end of the function nothing is said of it. */
	if (__builtin_mul_overflow(by, m->fde->cie.code_align, &bytes) ||
	    bytes > m->fde->start + m->fde->size - m->addr)
		return -EBADMSG;
	return move_to(m, m->addr + bytes);
}

static struct saved *saved_of(struct machine *m, struct state *s, uint64_t reg)
{
	if (reg == REG_FP)
		return &s->fp;
	return reg == m->fde->cie.return_reg ? &s->ret : NULL;
}

static int set_saved(struct machine *m, uint64_t reg, enum where where, int64_t offset)
{
	struct saved *saved = saved_of(m, &m->now, reg);

	if (saved)
		*saved = (struct saved){where, offset};
	return 0;
}

/* Factored by the alignment of data; what overflows is no place on a stack. */
static int set_at_cfa(struct machine *m, uint64_t reg, int64_t factor)
{
	int64_t offset;

	if (__builtin_mul_overflow(factor, m->fde->cie.data_align, &offset))
		return set_saved(m, reg, ELSEWHERE, 0);
	return set_saved(m, reg, AT_CFA, offset);
}

static int restore(struct machine *m, uint64_t reg)
{
	struct saved *saved = saved_of(m, &m->initial, reg);

	return saved ? set_saved(m, reg, saved->where, saved->offset) : 0;
}

static int set_expression(struct machine *m, uint64_t reg, struct rp_unwind_bytes e)
{
	bool at_fp = rp_unwind_bytes__number(&e, 1) == DW_OP_breg0 + REG_FP &&
		     rp_unwind_bytes__signed(&e) == 0 && e.at == e.end && !e.failed;

	return set_saved(m, reg, at_fp ? AT_FP : ELSEWHERE, 0);
}

static int set_cfa_rule(struct machine *m, uint64_t reg, int64_t offset)
{
	m->now.cfa_reg = reg;
	m->now.cfa_offset = offset;
	m->now.by_expression = false;
	return 0;
}

static int remember(struct machine *m)
{
	if (m->n_remembered == REMEMBER_MAX)
		return -EBADMSG;
	m->remembered[m->n_remembered++] = m->now;
	return 0;
}

static int recall(struct machine *m)
{
	if (!m->n_remembered)
		return -EBADMSG;
	m->now = m->remembered[--m->n_remembered];
	return 0;
}

static struct rp_unwind_bytes block(struct rp_unwind_bytes *b)
{
	return rp_unwind_bytes__take(b, rp_unwind_bytes__unsigned(b));
}

/* Instructions about the CFA. */
static int run_cfa(struct machine *m, uint8_t op, struct rp_unwind_bytes *b)
{
	int64_t align = m->fde->cie.data_align;
	uint64_t reg = m->now.cfa_reg;

	switch (op) {
	case DW_CFA_def_cfa:
		reg = rp_unwind_bytes__unsigned(b);
		return set_cfa_rule(m, reg, (int64_t)rp_unwind_bytes__unsigned(b));
	case DW_CFA_def_cfa_sf:
		reg = rp_unwind_bytes__unsigned(b);
		return set_cfa_rule(
			m, reg, (int64_t)((uint64_t)rp_unwind_bytes__signed(b) * (uint64_t)align));
	case DW_CFA_def_cfa_register:
		return set_cfa_rule(m, rp_unwind_bytes__unsigned(b), m->now.cfa_offset);
	case DW_CFA_def_cfa_offset:
		return set_cfa_rule(m, reg, (int64_t)rp_unwind_bytes__unsigned(b));
	case DW_CFA_def_cfa_offset_sf:
		return set_cfa_rule(
			m, reg, (int64_t)((uint64_t)rp_unwind_bytes__signed(b) * (uint64_t)align));
	default: /* DW_CFA_def_cfa_expression */
		m->now.by_expression = true;
		m->now.expression = block(b);
		return 0;
	}
}

/* Instructions about a register, whose number comes first. */
static int run_register(struct machine *m, uint8_t op, struct rp_unwind_bytes *b)
{
	uint64_t reg = rp_unwind_bytes__unsigned(b);

	switch (op) {
	case DW_CFA_offset_extended:
		return set_at_cfa(m, reg, (int64_t)rp_unwind_bytes__unsigned(b));
	case DW_CFA_offset_extended_sf:
		return set_at_cfa(m, reg, rp_unwind_bytes__signed(b));
	case DW_CFA_GNU_negative_offset_extended:
		return set_at_cfa(m, reg, (int64_t)(0 - rp_unwind_bytes__unsigned(b)));
	case DW_CFA_restore_extended:
		return restore(m, reg);
	case DW_CFA_undefined:
		return set_saved(m, reg, UNDEFINED, 0);
	case DW_CFA_same_value:
		return set_saved(m, reg, SAME, 0);
	case DW_CFA_expression:
		return set_expression(m, reg, block(b));
	case DW_CFA_val_expression:
		block(b);
		return set_saved(m, reg, ELSEWHERE, 0);
	case DW_CFA_register:
		return set_saved(m, reg, rp_unwind_bytes__unsigned(b) == REG_DI ? IN_DI : ELSEWHERE,
				 0);
	default: /* DW_CFA_val_offset, DW_CFA_val_offset_sf: alike in length */
		rp_unwind_bytes__unsigned(b);
		return set_saved(m, reg, ELSEWHERE, 0);
	}
}

static int run_extended(struct machine *m, uint8_t op, struct rp_unwind_bytes *b)
{
	switch (op) {
	case DW_CFA_nop:
		return 0;
	case DW_CFA_set_loc:
		return move_to(m, rp_unwind_entry__address(m->eh_frame, b, m->fde->cie.encoding));
	case DW_CFA_advance_loc1:
		return advance(m, rp_unwind_bytes__number(b, 1));
	case DW_CFA_advance_loc2:
		return advance(m, rp_unwind_bytes__number(b, 2));
	case DW_CFA_advance_loc4:
		return advance(m, rp_unwind_bytes__number(b, 4));
	case DW_CFA_MIPS_advance_loc8:
		return advance(m, rp_unwind_bytes__number(b, 8));
	case DW_CFA_remember_state:
		return remember(m);
	case DW_CFA_restore_state:
		return recall(m);
	case DW_CFA_GNU_args_size:
		rp_unwind_bytes__unsigned(b);
		return 0;
	case DW_CFA_def_cfa:
	case DW_CFA_def_cfa_sf:
	case DW_CFA_def_cfa_register:
	case DW_CFA_def_cfa_offset:
	case DW_CFA_def_cfa_offset_sf:
	case DW_CFA_def_cfa_expression:
		return run_cfa(m, op, b);
	case DW_CFA_offset_extended:
	case DW_CFA_offset_extended_sf:
	case DW_CFA_GNU_negative_offset_extended:
	case DW_CFA_restore_extended:
	case DW_CFA_undefined:
	case DW_CFA_same_value:
	case DW_CFA_register:
	case DW_CFA_expression:
	case DW_CFA_val_offset:
	case DW_CFA_val_offset_sf:
	case DW_CFA_val_expression:
		return run_register(m, op, b);
	default:
		return -EBADMSG;
	}
}

static int run(struct machine *m, struct rp_unwind_bytes b)
{
	int err = 0;

	while (!err && b.at < b.end) {
		uint8_t op = (uint8_t)rp_unwind_bytes__number(&b, 1), low = op & ~OPCODE_MASK;

		if (!*m->steps)
			return -EBADMSG;
		--*m->steps;
		switch (op & OPCODE_MASK) {
		case DW_CFA_advance_loc:
			err = advance(m, low);
			break;
		case DW_CFA_offset:
			err = set_at_cfa(m, low, (int64_t)rp_unwind_bytes__unsigned(&b));
			break;
		case DW_CFA_restore:
			err = restore(m, low);
			break;
		default:
			err = run_extended(m, op, &b);
		}
		if (b.failed)
			return -EBADMSG;
	}
	return err;
}

int rp_unwind_program__run(const struct rp_eh_frame *eh_frame, const struct rp_unwind_fde *fde,
			   uint64_t *steps, rp_unwind_on_rule on_rule, void *ctx)
{
	struct machine m = {.eh_frame = eh_frame,
			    .fde = fde,
			    .steps = steps,
			    .addr = fde->start,
			    .now = {.ret = {.where = ELSEWHERE}},
			    .ctx = ctx};
	struct rp_unwind_row rule;
	int err = run(&m, fde->cie.program);

	if (err)
		return err;
	m.initial = m.now;
	m.on_rule = on_rule;
	err = run(&m, fde->program);
	if (err)
		return err;
	/* What holds at the end of the program holds up to the end of the function. */
	if (m.addr >= fde->start + fde->size)
		return 0;
	rule = rule_of(&m);
	return on_rule(ctx, m.addr, &rule);
}

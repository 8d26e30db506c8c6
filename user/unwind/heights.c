// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Assembly often has no .eh_frame, as that is written by hand there. What it does to the stack can
 * be read from it all the same: at a ret the return address is on top, and each instruction before
 * says how far it was up to there: a pop makes it one word more. So rules are carried from the rets
 * backwards, along each way that the code takes, and nothing need be known of where functions
 * begin: their names are mostly stripped.
 *
 * Two ways that disagree make neither right: such a place stays a gap. So does what leads to jumps
 * through registers alone, and to a stack pointer that comes from elsewhere.
 */
#include "unwind/heights.h"

#include <Zydis/Zydis.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

#define GAP_MIN	   16 /* bytes: less than that is padding */
#define RET	   0xc3
#define PASSES_MAX 8

enum effect {
	EFFECT_NONE,
	EFFECT_SP_MOVES, /* up by `value` bytes */
	EFFECT_FP_PUSHED,
	EFFECT_FP_POPPED,
	EFFECT_FP_LOADED,  /* from sp + value */
	EFFECT_FP_FROM_SP, /* with value added */
	EFFECT_SP_FROM_FP,
	EFFECT_FP_WRITTEN, /* with anything else */
	EFFECT_LEAVE,
	EFFECT_CALLED,
	EFFECT_UNKNOWN,
};

enum flow { FLOW_ON, FLOW_MAY_JUMP, FLOW_JUMPS, FLOW_RETURNS, FLOW_ENDS };

struct insn {
	struct rp_unwind_row row; /* what holds where it begins; RP_UNWIND_GAP: not known */
	int32_t value;
	uint8_t effect, flow;
	uint64_t target; /* of a jump: pc as in rows */
};

struct gap {
	struct insn *insns;
	size_t n, room;
};

struct build {
	const struct rp_unwind_rows *from;
	rp_unwind_read_code read;
	void *ctx;
	ZydisDecoder decoder;
	struct rp_unwind_row *rows;
	size_t n, room;
	uint64_t left; /* bytes of gaps that may still be decoded */
};

/* ---- what instructions do ------------------------------------------------------------------- */

struct decoded {
	ZydisDecodedInstruction i;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
};

static bool is_register(const ZydisDecodedOperand *op, ZydisRegister reg)
{
	return op->type == ZYDIS_OPERAND_TYPE_REGISTER && op->reg.value == reg;
}

static bool writes(const struct decoded *d, ZydisRegister reg)
{
	for (size_t i = 0; i < d->i.operand_count; i++) {
		const ZydisDecodedOperand *op = &d->ops[i];

		if (op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE &&
		    ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, op->reg.value) ==
			    reg)
			return true;
	}
	return false;
}

/* A register with a constant added, in registers or memory: is it of `base`? */
static bool is_beside(const ZydisDecodedOperand *op, ZydisRegister base, int32_t *value)
{
	if (op->type != ZYDIS_OPERAND_TYPE_MEMORY || op->mem.base != base ||
	    op->mem.index != ZYDIS_REGISTER_NONE ||
	    op->mem.disp.value != (int32_t)op->mem.disp.value)
		return false;
	*value = (int32_t)op->mem.disp.value;
	return true;
}

static enum effect sp_effect(const struct decoded *d, int32_t *value)
{
	const ZydisDecodedOperand *to = &d->ops[0], *from = &d->ops[1];
	int64_t by = from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE ? from->imm.value.s : INT64_MAX;

	if (!is_register(to, ZYDIS_REGISTER_RSP))
		return EFFECT_UNKNOWN;
	switch (d->i.mnemonic) {
	case ZYDIS_MNEMONIC_ADD:
	case ZYDIS_MNEMONIC_SUB:
		*value = (int32_t)(d->i.mnemonic == ZYDIS_MNEMONIC_ADD ? by : -by);
		return by == (int32_t)by && by != INT32_MIN ? EFFECT_SP_MOVES : EFFECT_UNKNOWN;
	case ZYDIS_MNEMONIC_LEA:
		if (is_beside(from, ZYDIS_REGISTER_RSP, value))
			return EFFECT_SP_MOVES;
		return is_beside(from, ZYDIS_REGISTER_RBP, value) ? EFFECT_SP_FROM_FP
								  : EFFECT_UNKNOWN;
	case ZYDIS_MNEMONIC_MOV:
		return is_register(from, ZYDIS_REGISTER_RBP) ? EFFECT_SP_FROM_FP : EFFECT_UNKNOWN;
	default:
		return EFFECT_UNKNOWN;
	}
}

static enum effect fp_effect(const struct decoded *d, int32_t *value)
{
	const ZydisDecodedOperand *from = &d->ops[1];

	if (!is_register(&d->ops[0], ZYDIS_REGISTER_RBP))
		return EFFECT_FP_WRITTEN;
	if (d->i.mnemonic == ZYDIS_MNEMONIC_MOV && is_register(from, ZYDIS_REGISTER_RSP))
		return EFFECT_FP_FROM_SP;
	if (!is_beside(from, ZYDIS_REGISTER_RSP, value))
		return EFFECT_FP_WRITTEN;
	if (d->i.mnemonic == ZYDIS_MNEMONIC_LEA)
		return EFFECT_FP_FROM_SP;
	return d->i.mnemonic == ZYDIS_MNEMONIC_MOV ? EFFECT_FP_LOADED : EFFECT_FP_WRITTEN;
}

/* Of pushes and pops: all have 8 bytes, or are left alone. */
static enum effect stack_effect(const struct decoded *d, int32_t *value)
{
	bool pushes = d->i.meta.category == ZYDIS_CATEGORY_PUSH;
	bool of_fp = is_register(&d->ops[0], ZYDIS_REGISTER_RBP);

	*value = pushes ? -RP_UNWIND_WORD : RP_UNWIND_WORD;
	if (d->i.operand_width != 64 || (!pushes && is_register(&d->ops[0], ZYDIS_REGISTER_RSP)))
		return EFFECT_UNKNOWN;
	if (of_fp)
		return pushes ? EFFECT_FP_PUSHED : EFFECT_FP_POPPED;
	return EFFECT_SP_MOVES;
}

static enum effect effect_of(const struct decoded *d, int32_t *value)
{
	*value = 0;
	if (d->i.mnemonic == ZYDIS_MNEMONIC_LEAVE)
		return EFFECT_LEAVE;
	if (d->i.meta.category == ZYDIS_CATEGORY_PUSH || d->i.meta.category == ZYDIS_CATEGORY_POP)
		return stack_effect(d, value);
	if (d->i.meta.category == ZYDIS_CATEGORY_CALL)
		return EFFECT_CALLED;
	if (writes(d, ZYDIS_REGISTER_RSP))
		return sp_effect(d, value);
	return writes(d, ZYDIS_REGISTER_RBP) ? fp_effect(d, value) : EFFECT_NONE;
}

static enum flow flow_of(const struct decoded *d)
{
	switch (d->i.meta.category) {
	case ZYDIS_CATEGORY_RET:
		return d->i.mnemonic == ZYDIS_MNEMONIC_RET ? FLOW_RETURNS : FLOW_ENDS;
	case ZYDIS_CATEGORY_COND_BR:
		return FLOW_MAY_JUMP;
	case ZYDIS_CATEGORY_UNCOND_BR:
		return d->ops[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE ? FLOW_JUMPS : FLOW_ENDS;
	default:
		return d->i.mnemonic == ZYDIS_MNEMONIC_UD2 || d->i.mnemonic == ZYDIS_MNEMONIC_HLT ||
				       d->i.mnemonic == ZYDIS_MNEMONIC_INT3
			       ? FLOW_ENDS
			       : FLOW_ON;
	}
}

/* What is at pc, in its length in bytes. What is no instruction is one byte. */
static size_t decode(const struct build *b, const uint8_t *code, size_t size, struct insn *insn)
{
	uint64_t pc = insn->row.pc;
	struct decoded d;

	insn->effect = EFFECT_UNKNOWN;
	insn->flow = FLOW_ENDS;
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&b->decoder, code, size, &d.i, d.ops)))
		return 1;
	insn->flow = (uint8_t)flow_of(&d);
	insn->effect = (uint8_t)effect_of(&d, &insn->value);
	if (insn->flow == FLOW_RETURNS)
		insn->effect = EFFECT_NONE;
	if (insn->flow == FLOW_JUMPS || insn->flow == FLOW_MAY_JUMP)
		insn->target = pc + d.i.length + d.ops[0].imm.value.u;
	return d.i.length;
}

/* ---- rules, backwards ----------------------------------------------------------------------- */

static bool is_known(const struct rp_unwind_row *row)
{
	return row->cfa != RP_UNWIND_GAP;
}

static bool same_rule(const struct rp_unwind_row *a, const struct rp_unwind_row *b)
{
	return a->cfa == b->cfa && a->fp == b->fp && a->off == b->off;
}

/* The CFA is `bytes` further up from its register. false: no row can hold that. */
static bool move_cfa(struct rp_unwind_row *row, int32_t bytes)
{
	int32_t off = row->off + bytes / RP_UNWIND_WORD;

	row->off = (int16_t)off;
	return bytes % RP_UNWIND_WORD == 0 && off == row->off;
}

/* The caller's frame pointer is where sp + bytes points to. */
static bool set_slot(struct rp_unwind_row *row, int32_t bytes)
{
	int32_t slot = bytes / RP_UNWIND_WORD - row->off;

	row->fp = slot < 0 && slot > RP_UNWIND_FP_LOST ? (int8_t)slot : RP_UNWIND_FP_LOST;
	return bytes % RP_UNWIND_WORD == 0;
}

static bool fp_was_popped(struct rp_unwind_row *row)
{
	bool restores = row->fp == RP_UNWIND_FP_SAME;

	return row->cfa == RP_UNWIND_CFA_SP && move_cfa(row, RP_UNWIND_WORD) &&
	       (!restores || set_slot(row, 0));
}

static bool fp_was_pushed(struct rp_unwind_row *row)
{
	bool saves = row->cfa == RP_UNWIND_CFA_SP && row->fp == -row->off;

	if (row->cfa == RP_UNWIND_CFA_SP && !move_cfa(row, -RP_UNWIND_WORD))
		return false;
	if (saves)
		row->fp = RP_UNWIND_FP_SAME;
	return true;
}

static bool fp_was_written(struct rp_unwind_row *row)
{
	if (row->fp == RP_UNWIND_FP_SAME)
		row->fp = RP_UNWIND_FP_LOST;
	return row->cfa == RP_UNWIND_CFA_SP;
}

static bool fp_was_made(struct rp_unwind_row *row, int32_t value)
{
	if (row->cfa == RP_UNWIND_CFA_SP)
		return fp_was_written(row);
	row->cfa = RP_UNWIND_CFA_SP;
	return move_cfa(row, value);
}

static bool sp_was_made(struct rp_unwind_row *row, int32_t value)
{
	if (row->cfa == RP_UNWIND_CFA_FP)
		return true;
	row->cfa = RP_UNWIND_CFA_FP;
	return move_cfa(row, value);
}

/*
 * Behind a call that does not return another function begins. Where one calls, the stack pointer is
 * at a multiple of 16, hence not where it was at its beginning.
 */
static bool has_returned(const struct rp_unwind_row *row)
{
	return row->cfa == RP_UNWIND_CFA_FP || row->off > 1;
}

/* From what holds behind an instruction to what holds before it; false: that cannot be told. */
static bool step_back(const struct insn *insn, struct rp_unwind_row *row)
{
	switch ((enum effect)insn->effect) {
	case EFFECT_NONE:
		return true;
	case EFFECT_SP_MOVES:
		return row->cfa == RP_UNWIND_CFA_FP || move_cfa(row, insn->value);
	case EFFECT_FP_PUSHED:
		return fp_was_pushed(row);
	case EFFECT_FP_POPPED:
		return fp_was_popped(row);
	case EFFECT_FP_LOADED:
		return row->cfa == RP_UNWIND_CFA_SP &&
		       (row->fp != RP_UNWIND_FP_SAME || set_slot(row, insn->value));
	case EFFECT_FP_FROM_SP:
		return fp_was_made(row, insn->value);
	case EFFECT_SP_FROM_FP:
		return sp_was_made(row, insn->value);
	case EFFECT_FP_WRITTEN:
		return fp_was_written(row);
	case EFFECT_LEAVE:
		return fp_was_popped(row) && sp_was_made(row, 0);
	case EFFECT_CALLED:
		return has_returned(row);
	case EFFECT_UNKNOWN:
		break;
	}
	return false;
}

static int compare_pc(const void *key, const void *item)
{
	uint64_t pc = *(const uint64_t *)key;
	const struct insn *insn = item;

	return pc < insn->row.pc ? -1 : pc > insn->row.pc;
}

/* What holds at the target of a jump, in the gap or in a function that has rows. */
static struct rp_unwind_row row_at_target(const struct build *b, const struct gap *gap,
					  uint64_t target)
{
	const struct insn *insn = bsearch(&target, gap->insns, gap->n, sizeof(*gap->insns),
					  compare_pc);
	const struct rp_unwind_row *row = insn ? &insn->row
					       : rp_unwind_rows__find(b->from,
								      b->from->base + target);

	if (row && row->cfa == RP_UNWIND_CFA_PLT)
		return (struct rp_unwind_row){.cfa = RP_UNWIND_CFA_SP, .off = 1};
	if (row && (row->cfa == RP_UNWIND_CFA_SP || row->cfa == RP_UNWIND_CFA_FP))
		return *row;
	return (struct rp_unwind_row){.cfa = RP_UNWIND_GAP};
}

/* What holds behind an instruction, by the ways on from there; a gap: not known, or they differ. */
static struct rp_unwind_row row_behind(const struct build *b, const struct gap *gap, size_t i)
{
	static const struct rp_unwind_row returns = {.cfa = RP_UNWIND_CFA_SP, .off = 1};
	static const struct rp_unwind_row unknown = {.cfa = RP_UNWIND_GAP};
	const struct insn *insn = &gap->insns[i];
	struct rp_unwind_row next = i + 1 < gap->n ? insn[1].row : unknown, target;

	switch ((enum flow)insn->flow) {
	case FLOW_RETURNS:
		return returns;
	case FLOW_ENDS:
		return unknown;
	case FLOW_ON:
		return next;
	case FLOW_JUMPS:
		return row_at_target(b, gap, insn->target);
	case FLOW_MAY_JUMP:
		break;
	}
	target = row_at_target(b, gap, insn->target);
	if (!is_known(&next) || !is_known(&target))
		return is_known(&next) ? next : target;
	return same_rule(&next, &target) ? next : unknown;
}

/* Does it change anything? What is known once stays, but where ways differ. */
static bool update(const struct build *b, const struct gap *gap, size_t i)
{
	struct insn *insn = &gap->insns[i];
	struct rp_unwind_row row = row_behind(b, gap, i);
	uint32_t pc = insn->row.pc;

	if (!is_known(&row) || !step_back(insn, &row) ||
	    (row.cfa == RP_UNWIND_CFA_SP && row.off < 1))
		row = (struct rp_unwind_row){.cfa = RP_UNWIND_GAP};
	if (same_rule(&row, &insn->row))
		return false;
	insn->row = row;
	insn->row.pc = pc;
	return true;
}

/* ---- gaps ----------------------------------------------------------------------------------- */

static int decode_gap(const struct build *b, struct gap *gap, uint32_t pc, const uint8_t *code,
		      size_t size)
{
	gap->n = 0;
	for (size_t at = 0; at < size;) {
		int err = rp_array__grow(&gap->insns, gap->n, &gap->room, sizeof(*gap->insns));
		struct insn *insn;

		if (err)
			return err;
		insn = &gap->insns[gap->n++];
		*insn = (struct insn){.row = {.pc = pc + (uint32_t)at, .cfa = RP_UNWIND_GAP}};
		at += decode(b, code + at, size - at, insn);
	}
	return 0;
}

/* Loops lead back to what is known only later: until nothing changes. */
static void carry_back(const struct build *b, const struct gap *gap)
{
	bool changes = true;

	for (int pass = 0; changes && pass < PASSES_MAX; pass++) {
		changes = false;
		for (size_t i = gap->n; i--;)
			changes |= update(b, gap, i);
	}
}

static int add_row(struct build *b, const struct rp_unwind_row *row)
{
	int err;

	if (b->n && same_rule(&b->rows[b->n - 1], row))
		return 0;
	if (b->n == RP_UNWIND_ROWS_MAX)
		return -EFBIG;
	err = rp_array__grow(&b->rows, b->n, &b->room, sizeof(*b->rows));
	if (!err)
		b->rows[b->n++] = *row;
	return err;
}

static int add_gap(struct build *b, struct gap *gap, const struct rp_unwind_row *from, uint64_t end)
{
	const struct rp_unwind_row is_gap = {.pc = from->pc, .cfa = RP_UNWIND_GAP};
	struct rp_unwind_row behind = is_gap;
	uint64_t size = end - from->pc;
	uint8_t *code;
	int err;

	if (size > b->left)
		size = b->left;
	if (size < GAP_MIN)
		return add_row(b, &is_gap);
	code = malloc(size);
	if (!code)
		return -ENOMEM;
	size = b->read(b->ctx, b->from->base + from->pc, code, size);
	/* Longer padding, and data. */
	if (!memchr(code, RET, size))
		size = 0;
	b->left -= size;
	err = decode_gap(b, gap, from->pc, code, size);
	free(code);
	if (err)
		return err;
	carry_back(b, gap);
	for (size_t i = 0; !err && i < gap->n; i++)
		err = add_row(b, &gap->insns[i].row);
	behind.pc += (uint32_t)size;
	return err || behind.pc == end ? err : add_row(b, &behind);
}

int rp_unwind_heights__add(struct rp_unwind_rows *rows, rp_unwind_read_code read, void *ctx)
{
	struct build b = {.from = rows, .read = read, .ctx = ctx, .left = RP_UNWIND_GAPS_MAX};
	struct gap gap = {0};
	int err = 0;

	ZydisDecoderInit(&b.decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (size_t i = 0; !err && i < rows->n; i++) {
		const struct rp_unwind_row *row = &rows->rows[i];

		if (row->cfa == RP_UNWIND_GAP)
			err = add_gap(&b, &gap, row, i + 1 < rows->n ? row[1].pc : 1ull << 32);
		else
			err = add_row(&b, row);
	}
	free(gap.insns);
	if (err) {
		free(b.rows);
		return err;
	}
	free(rows->rows);
	rows->rows = b.rows;
	rows->n = b.n;
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * x86-64 instructions. What the kernel refuses, steps or emulates follows its uprobes for that
 * machine: the emulated ones are push of a register, jmp, jcc and call to a relative target, and
 * nops.
 */
#include <errno.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "plan/site_arch.h"

struct decoded {
	const uint8_t *bytes;
	ZydisDecodedInstruction i;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
};

static bool has_prefix(const struct decoded *d, uint8_t prefix)
{
	for (int p = 0; p < d->i.raw.prefix_count; p++)
		if (d->i.raw.prefixes[p].value == prefix)
			return true;
	return false;
}

static bool is_map(const struct decoded *d, ZydisOpcodeMap map)
{
	return d->i.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY && d->i.opcode_map == map;
}

/* ---- what the kernel does with a probe there ------------------------------------------------- */

static bool has_refused_prefix(const struct decoded *d)
{
	static const uint8_t refused[] = {0x26, 0x2e, 0x36, 0x3e, 0xf0};

	for (size_t i = 0; i < sizeof(refused); i++)
		if (has_prefix(d, refused[i]))
			return true;
	return false;
}

/*
 * Opcodes of one byte that the kernel refuses: invalid, privileged, in and out, interrupts. It
 * looks opcodes of VEX instructions up in the same table, meaningless as that is.
 */
static bool is_refused_opcode(uint8_t opcode)
{
	switch (opcode) {
	case 0x06 ... 0x07:
	case 0x0e:
	case 0x16 ... 0x17:
	case 0x1e ... 0x1f:
	case 0x27:
	case 0x2f:
	case 0x37:
	case 0x3f:
	case 0x60 ... 0x62:
	case 0x6c ... 0x6f:
	case 0x82:
	case 0x9a:
	case 0xcc ... 0xcf:
	case 0xd4 ... 0xd6:
	case 0xe4 ... 0xe7:
	case 0xea:
	case 0xec ... 0xef:
	case 0xf1:
	case 0xf4:
	case 0xfa ... 0xfb:
		return true;
	default:
		return false;
	}
}

/* The same behind 0f: system instructions, ud2, and those that must not run outside their place. */
static bool is_refused_opcode_0f(uint8_t opcode)
{
	switch (opcode) {
	case 0x00 ... 0x01:
	case 0x05 ... 0x09:
	case 0x0b:
	case 0x30:
	case 0x34 ... 0x35:
	case 0x37:
	case 0x78 ... 0x79:
	case 0xae:
		return true;
	default:
		return false;
	}
}

static bool writes_segment(const struct decoded *d)
{
	for (int o = 0; o < d->i.operand_count; o++)
		if (d->ops[o].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    d->ops[o].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE &&
		    ZydisRegisterGetClass(d->ops[o].reg.value) == ZYDIS_REGCLASS_SEGMENT)
			return true;
	return false;
}

/* jmp, jcc or call to a relative target; not loop and jrcxz, which the kernel steps. */
static bool is_relative_branch(const struct decoded *d)
{
	uint8_t opcode = d->i.opcode;

	if (is_map(d, ZYDIS_OPCODE_MAP_DEFAULT))
		return opcode == 0xe8 || opcode == 0xe9 || opcode == 0xeb ||
		       (opcode & 0xf0) == 0x70;
	return is_map(d, ZYDIS_OPCODE_MAP_0F) && (opcode & 0xf0) == 0x80;
}

/*
 * Kernels since 7.2 leave this jump in the place of a 10-byte nop, and take any such for their own.
 */
static bool is_jump_over_8(const struct decoded *d)
{
	return d->i.length == 2 && d->bytes[0] == 0xeb && d->bytes[1] == 8;
}

static bool is_nop(const struct decoded *d)
{
	return d->i.mnemonic == ZYDIS_MNEMONIC_NOP;
}

static bool is_probeable(const struct decoded *d, const struct rp_site_rules *rules)
{
	if (has_refused_prefix(d) || writes_segment(d) || is_jump_over_8(d))
		return false;
	if (is_nop(d) && d->i.length == 5 && rules->nop5_unsafe)
		return false;
	if (is_relative_branch(d) && has_prefix(d, 0x66))
		return false;
	switch (d->i.encoding) {
	case ZYDIS_INSTRUCTION_ENCODING_LEGACY:
		if (d->i.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT)
			return !is_refused_opcode(d->i.opcode);
		if (d->i.opcode_map == ZYDIS_OPCODE_MAP_0F)
			return !is_refused_opcode_0f(d->i.opcode);
		return d->i.opcode_map != ZYDIS_OPCODE_MAP_0F0F;
	case ZYDIS_INSTRUCTION_ENCODING_VEX:
		return !is_refused_opcode(d->i.opcode);
	default:
		return false;
	}
}

/*
 * The kernel compares with its own nops byte by byte: other forms of the same length are stepped.
 */
static bool is_kernel_nop(const struct decoded *d)
{
	static const uint8_t nops[9][8] = {
		[3] = {0x0f, 0x1f, 0x00},
		[4] = {0x0f, 0x1f, 0x40, 0x00},
		[5] = {0x0f, 0x1f, 0x44, 0x00, 0x00},
		[6] = {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
		[7] = {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
		[8] = {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
	};
	uint8_t length = d->i.length;

	return length >= 3 && length <= 8 && !memcmp(d->bytes, nops[length], length);
}

static bool is_push_register(const struct decoded *d)
{
	if (!is_map(d, ZYDIS_OPCODE_MAP_DEFAULT) || (d->i.opcode & 0xf8) != 0x50)
		return false;
	return d->i.length == 1 || (d->i.length == 2 && d->bytes[0] == 0x41);
}

static bool is_emulated(const struct decoded *d, const struct rp_site_rules *rules)
{
	if (is_relative_branch(d) || is_push_register(d))
		return true;
	if (!is_nop(d))
		return false;
	/* The kernel knows opcode 90 without regard to the prefixes, in the same way for long. */
	return is_map(d, ZYDIS_OPCODE_MAP_DEFAULT) ||
	       (rules->multi_nop_emulated && is_kernel_nop(d));
}

/* ---- where it goes --------------------------------------------------------------------------- */

/* Conditional jumps have their condition in the opcode; loop and jrcxz look at a register. */
static uint8_t branch_condition(const struct decoded *d)
{
	if (d->i.mnemonic == ZYDIS_MNEMONIC_JMP)
		return RP_CONDITION_ALWAYS;
	return is_relative_branch(d) ? d->i.opcode & 0xf : RP_CONDITION_UNKNOWN;
}

static bool is_relative(const struct decoded *d)
{
	return d->i.operand_count && d->ops[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
	       d->ops[0].imm.is_relative;
}

static enum rp_flow indirect_jump(const struct decoded *d, const struct rp_sweep *sweep)
{
	const ZydisDecodedOperand *op = &d->ops[0];

	/* Compilers exempt jumps through jump tables from branch tracking (notrack), and only
	 * these. */
	if (has_prefix(d, 0x3e))
		return RP_FLOW_TABLE;
	if (op->type == ZYDIS_OPERAND_TYPE_REGISTER)
		return rp_site__jump_by_origin(
			sweep->origins[ZydisRegisterGetId(op->reg.value) & 15]);
	if (op->type == ZYDIS_OPERAND_TYPE_MEMORY && op->mem.index == ZYDIS_REGISTER_NONE)
		return RP_FLOW_POINTER;
	return RP_FLOW_UNCLEAR;
}

static enum rp_flow find_flow(const struct decoded *d, const struct rp_sweep *sweep)
{
	switch (d->i.mnemonic) {
	case ZYDIS_MNEMONIC_RET:
		return d->i.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR ? RP_FLOW_END : RP_FLOW_RET;
	case ZYDIS_MNEMONIC_JMP:
		return is_relative(d) ? RP_FLOW_JUMP : indirect_jump(d, sweep);
	case ZYDIS_MNEMONIC_CALL:
		return RP_FLOW_CALL;
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
	case ZYDIS_MNEMONIC_HLT:
	case ZYDIS_MNEMONIC_INT3:
	case ZYDIS_MNEMONIC_INT1:
	case ZYDIS_MNEMONIC_IRET:
	case ZYDIS_MNEMONIC_IRETD:
	case ZYDIS_MNEMONIC_IRETQ:
		return RP_FLOW_END;
	default:
		return is_relative(d) ? RP_FLOW_COND : RP_FLOW_NEXT;
	}
}

static void set_flow(const struct decoded *d, const struct rp_sweep *sweep, struct rp_insn *insn)
{
	insn->flow = find_flow(d, sweep);
	insn->target = RP_TARGET_OUTSIDE;
	if (is_relative(d))
		rp_insn__branch(insn, insn->offset + d->i.length + d->ops[0].imm.value.s,
				sweep->size, branch_condition(d));
	/* A call to the next instruction is a push of its address. */
	if (insn->flow == RP_FLOW_CALL && insn->target == insn->offset + insn->length)
		insn->flow = RP_FLOW_NEXT;
}

/* ---- what it does to the stack --------------------------------------------------------------- */

static ZydisRegister enclosing(ZydisRegister reg)
{
	return ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
}

/* By exact name: esp and sp are no addresses. */
static enum rp_stack_reg stack_reg(ZydisRegister reg)
{
	return reg == ZYDIS_REGISTER_RSP   ? RP_REG_SP
	       : reg == ZYDIS_REGISTER_RBP ? RP_REG_FP
					   : RP_REG_OTHER;
}

static enum rp_stack_reg stack_operand(const ZydisDecodedOperand *op)
{
	return op->type == ZYDIS_OPERAND_TYPE_REGISTER ? stack_reg(op->reg.value) : RP_REG_OTHER;
}

static uint8_t find_clobbers(const struct decoded *d)
{
	uint8_t clobbers = 0;

	for (int o = 0; o < d->i.operand_count; o++) {
		const ZydisDecodedOperand *op = &d->ops[o];
		enum rp_stack_reg reg;

		if (op->type != ZYDIS_OPERAND_TYPE_REGISTER ||
		    !(op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			continue;
		reg = stack_reg(enclosing(op->reg.value));
		if (reg != RP_REG_OTHER)
			clobbers |= 1u << reg;
	}
	return clobbers;
}

static void set_stack(struct rp_insn *insn, enum rp_stack_reg dst, enum rp_stack_reg src,
		      int64_t delta)
{
	if (dst == RP_REG_OTHER || src == RP_REG_OTHER || delta != (int32_t)delta)
		return;
	insn->dst = dst;
	insn->src = src;
	insn->delta = delta;
}

static void set_stack_by_lea(const struct decoded *d, struct rp_insn *insn)
{
	const ZydisDecodedOperand *from = &d->ops[1];

	if (from->mem.index == ZYDIS_REGISTER_NONE)
		set_stack(insn, stack_operand(&d->ops[0]), stack_reg(from->mem.base),
			  from->mem.disp.value);
}

static void set_stack_by_sum(const struct decoded *d, struct rp_insn *insn, int sign)
{
	const ZydisDecodedOperand *by = &d->ops[1];
	enum rp_stack_reg reg = stack_operand(&d->ops[0]);

	if (by->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && by->imm.value.s == (int32_t)by->imm.value.s)
		set_stack(insn, reg, reg, sign * by->imm.value.s);
}

static void set_stack_effect(const struct decoded *d, struct rp_insn *insn)
{
	const ZydisDecodedOperand *op = d->ops;

	insn->dst = RP_REG_OTHER;
	insn->clobbers = find_clobbers(d);
	switch (d->i.mnemonic) {
	case ZYDIS_MNEMONIC_PUSH:
	case ZYDIS_MNEMONIC_PUSHF:
	case ZYDIS_MNEMONIC_PUSHFQ:
		set_stack(insn, RP_REG_SP, RP_REG_SP, -(d->i.operand_width / 8));
		break;
	case ZYDIS_MNEMONIC_POP:
	case ZYDIS_MNEMONIC_POPF:
	case ZYDIS_MNEMONIC_POPFQ:
		if (stack_operand(&op[0]) != RP_REG_SP ||
		    op[0].visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN)
			set_stack(insn, RP_REG_SP, RP_REG_SP, d->i.operand_width / 8);
		break;
	case ZYDIS_MNEMONIC_LEAVE:
		set_stack(insn, RP_REG_SP, RP_REG_FP, 8);
		break;
	case ZYDIS_MNEMONIC_MOV:
		set_stack(insn, stack_operand(&op[0]), stack_operand(&op[1]), 0);
		break;
	case ZYDIS_MNEMONIC_LEA:
		set_stack_by_lea(d, insn);
		break;
	case ZYDIS_MNEMONIC_ADD:
		set_stack_by_sum(d, insn, 1);
		break;
	case ZYDIS_MNEMONIC_SUB:
		set_stack_by_sum(d, insn, -1);
		break;
	case ZYDIS_MNEMONIC_CALL:
		/* One that comes back has put the stack pointer back. */
		insn->clobbers = 0;
		if (insn->flow == RP_FLOW_NEXT)
			set_stack(insn, RP_REG_SP, RP_REG_SP, -8);
		break;
	default:
		break;
	}
}

/* ---- what an entry probe may sit behind ------------------------------------------------------ */

/*
 * Plain computation and moves: all that compilers mix into a prologue, nothing that traps or waits.
 */
static bool is_plain(const struct decoded *d)
{
	switch (d->i.meta.category) {
	case ZYDIS_CATEGORY_BINARY:
	case ZYDIS_CATEGORY_BITBYTE:
	case ZYDIS_CATEGORY_CMOV:
	case ZYDIS_CATEGORY_CONVERT:
	case ZYDIS_CATEGORY_DATAXFER:
	case ZYDIS_CATEGORY_LOGICAL:
	case ZYDIS_CATEGORY_LOGICAL_FP:
	case ZYDIS_CATEGORY_NOP:
	case ZYDIS_CATEGORY_ROTATE:
	case ZYDIS_CATEGORY_SETCC:
	case ZYDIS_CATEGORY_SHIFT:
	case ZYDIS_CATEGORY_SSE:
	case ZYDIS_CATEGORY_WIDENOP:
		return true;
	default:
		return d->i.mnemonic == ZYDIS_MNEMONIC_LEA ||
		       d->i.mnemonic == ZYDIS_MNEMONIC_ENDBR64;
	}
}

static bool may_be_written(ZydisRegister reg)
{
	switch (enclosing(reg)) {
	case ZYDIS_REGISTER_RSP:
	case ZYDIS_REGISTER_RDI:
	case ZYDIS_REGISTER_RSI:
	case ZYDIS_REGISTER_RDX:
	case ZYDIS_REGISTER_RCX:
	case ZYDIS_REGISTER_R8:
	case ZYDIS_REGISTER_R9:
		return false;
	default:
		return ZydisRegisterGetClass(reg) != ZYDIS_REGCLASS_SEGMENT;
	}
}

/*
 * Reading memory is harmless. Writing it is not forbidden by what the probe sees (return address
 * and argument registers) but would make a site depend on where the writes go: not to the return
 * address.
 */
static bool is_transparent(const struct decoded *d)
{
	if (!is_plain(d) || has_prefix(d, 0xf0))
		return false;
	for (int o = 0; o < d->i.operand_count; o++) {
		const ZydisDecodedOperand *op = &d->ops[o];

		if (!(op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			continue;
		if (op->type != ZYDIS_OPERAND_TYPE_REGISTER || !may_be_written(op->reg.value))
			return false;
	}
	return true;
}

/* ---- where values come from ------------------------------------------------------------------ */

static int gpr(const ZydisDecodedOperand *op)
{
	if (op->type != ZYDIS_OPERAND_TYPE_REGISTER ||
	    ZydisRegisterGetClass(enclosing(op->reg.value)) != ZYDIS_REGCLASS_GPR64)
		return -ENOENT;
	return ZydisRegisterGetId(enclosing(op->reg.value));
}

static uint8_t result_origin(const struct decoded *d, const struct rp_sweep *sweep)
{
	const ZydisDecodedOperand *from = &d->ops[1];
	bool indexed = from->type == ZYDIS_OPERAND_TYPE_MEMORY &&
		       from->mem.index != ZYDIS_REGISTER_NONE;
	int dst = gpr(&d->ops[0]), src = gpr(from);

	switch (d->i.mnemonic) {
	case ZYDIS_MNEMONIC_MOVSXD:
		return indexed ? RP_ORIGIN_OFFSET : RP_ORIGIN_ANY;
	case ZYDIS_MNEMONIC_MOV:
		if (src >= 0)
			return sweep->origins[src];
		return indexed ? RP_ORIGIN_ELEMENT : RP_ORIGIN_ANY;
	case ZYDIS_MNEMONIC_ADD:
		if (sweep->origins[dst] == RP_ORIGIN_OFFSET ||
		    (src >= 0 && sweep->origins[src] == RP_ORIGIN_OFFSET))
			return RP_ORIGIN_COMPUTED;
		return RP_ORIGIN_ANY;
	default:
		return RP_ORIGIN_ANY;
	}
}

static void track_origins(const struct decoded *d, struct rp_sweep *sweep)
{
	int dst = gpr(&d->ops[0]);
	uint8_t origin = dst >= 0 && d->i.operand_count > 1 ? result_origin(d, sweep)
							    : RP_ORIGIN_ANY;

	for (int o = 0; o < d->i.operand_count; o++) {
		int reg = gpr(&d->ops[o]);

		if (reg >= 0 && d->ops[o].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
			sweep->origins[reg] = reg == dst ? origin : RP_ORIGIN_ANY;
	}
}

/* ---------------------------------------------------------------------------------------------- */

static int decode(const struct rp_sweep *sweep, uint32_t offset, struct decoded *d)
{
	ZydisDecoder decoder;

	if (ZYAN_FAILED(
		    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)))
		return -EILSEQ;
	d->bytes = sweep->code + offset;
	memset(d->ops, 0, sizeof(d->ops[0]) * 2);
	if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, d->bytes, sweep->size - offset, &d->i,
					       d->ops)))
		return -EILSEQ;
	return 0;
}

int rp_site_x86__decode(struct rp_sweep *sweep, uint32_t offset, struct rp_insn *insn)
{
	struct decoded d;

	if (decode(sweep, offset, &d))
		return -EILSEQ;
	insn->offset = offset;
	insn->length = d.i.length;
	insn->nop = is_nop(&d);
	insn->breakpoint = d.i.mnemonic == ZYDIS_MNEMONIC_INT3;
	insn->transparent = is_transparent(&d);
	insn->probeable = is_probeable(&d, sweep->rules);
	insn->emulated = insn->probeable && is_emulated(&d, sweep->rules);
	set_flow(&d, sweep, insn);
	set_stack_effect(&d, insn);
	track_origins(&d, sweep);
	return 0;
}

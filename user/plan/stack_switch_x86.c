// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Stack switches in x86-64 code: see stack_switch.c.
 *
 * Where the stack pointer is loaded from a register, it matters what that holds. The code before is
 * decoded, from a place where no instruction may begin; it gets in step within a few of them. For
 * each register it is noted whether its value was made from the frame: the stack pointer itself, or
 * what was read from the frame, which is how compilers give back the space of an array of variable
 * size. They may also keep the old stack pointer in a register for long. So a register that was not
 * written nearby is let pass where the code around copies the stack pointer to it. Not so one that
 * arguments come in, at the beginning of a function: that is how a switch is told where to go.
 */
#include <Zydis/Zydis.h>
#include <string.h>

#include "plan/stack_switch_internal.h"

/* Decoding begins so far before, and is in step after so many. */
#define BEFORE_BYTES 160u
#define STEP_BYTES   32u
/* The longest row of instructions that restores registers after a switch. */
#define RESTORE_INSTRUCTIONS 16
#define LEAVE		     0xc9
/* A load of the frame pointer is looked at where a leave is no further away. */
#define LEAVE_BYTES 24
/* What iretq takes from the stack, the new stack pointer among it. Less than that is data. */
#define IRET_PUSHES 5

enum source { SOURCE_UNKNOWN, SOURCE_FRAME, SOURCE_ELSEWHERE };

struct decoded {
	ZydisDecodedInstruction i;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
};

/* What is known where an instruction begins. */
struct state {
	uint8_t sources[16]; /* enum source, by register number */
	bool begins;	     /* no flow from the code before: a function may begin here */
	bool saved;	     /* something was put on the stack, or the stack pointer elsewhere */
	uint8_t pushes;	     /* since no flow came from the code before */
	bool unrolled;	     /* the stack pointer was just set from the frame pointer */
};

/* ---- what registers hold ------------------------------------------------------------------- */

static bool decode(const uint8_t *code, size_t size, struct decoded *d)
{
	ZydisDecoder decoder;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code, size, &d->i, d->ops));
}

/* Number of a general register, whatever part of it is meant; -1: it is none. */
static int gpr(ZydisRegister reg)
{
	ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);

	return whole >= ZYDIS_REGISTER_RAX && whole <= ZYDIS_REGISTER_R15
		       ? (int)(whole - ZYDIS_REGISTER_RAX)
		       : -1;
}

static bool is_sp(const ZydisDecodedOperand *op)
{
	return op->type == ZYDIS_OPERAND_TYPE_REGISTER && op->reg.value == ZYDIS_REGISTER_RSP;
}

static bool is_frame_register(ZydisRegister reg)
{
	return reg == ZYDIS_REGISTER_RSP || reg == ZYDIS_REGISTER_RBP;
}

static enum source register_source(const struct state *s, ZydisRegister reg)
{
	int number = gpr(reg);

	if (is_frame_register(reg))
		return SOURCE_FRAME;
	return number >= 0 ? s->sources[number] : SOURCE_ELSEWHERE;
}

static enum source operand_source(const struct state *s, const struct decoded *d,
				  const ZydisDecodedOperand *op)
{
	if (op->type == ZYDIS_OPERAND_TYPE_REGISTER)
		return register_source(s, op->reg.value);
	if (op->type != ZYDIS_OPERAND_TYPE_MEMORY)
		return SOURCE_ELSEWHERE;
	if (d->i.mnemonic == ZYDIS_MNEMONIC_LEA)
		return register_source(s, op->mem.base);
	return is_frame_register(op->mem.base) ? SOURCE_FRAME : SOURCE_ELSEWHERE;
}

/* What is in the register that the instruction writes. */
static enum source result_source(const struct state *s, const struct decoded *d)
{
	enum source before = register_source(s, d->ops[0].reg.value), from;

	switch (d->i.mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
	case ZYDIS_MNEMONIC_LEA:
		return operand_source(s, d, &d->ops[1]);
	case ZYDIS_MNEMONIC_ADD:
	case ZYDIS_MNEMONIC_SUB:
	case ZYDIS_MNEMONIC_AND:
		from = operand_source(s, d, &d->ops[1]);
		return from == SOURCE_FRAME ? from : before;
	default:
		return SOURCE_ELSEWHERE;
	}
}

static void step(struct state *s, const struct decoded *d)
{
	const ZydisDecodedOperand *to = &d->ops[0];
	int number = -1;

	s->pushes += d->i.meta.category == ZYDIS_CATEGORY_PUSH;
	s->saved |= d->i.mnemonic == ZYDIS_MNEMONIC_PUSH ||
		    (d->i.mnemonic == ZYDIS_MNEMONIC_MOV && is_sp(&d->ops[1]));
	s->unrolled = d->i.mnemonic == ZYDIS_MNEMONIC_MOV && is_sp(to);
	switch (d->i.mnemonic) {
	case ZYDIS_MNEMONIC_RET:
	case ZYDIS_MNEMONIC_JMP:
	case ZYDIS_MNEMONIC_UD2:
	case ZYDIS_MNEMONIC_HLT:
		*s = (struct state){.begins = true};
		return;
	case ZYDIS_MNEMONIC_CALL:
		s->sources[0] = SOURCE_ELSEWHERE;
		return;
	default:
		break;
	}
	if (d->i.operand_count_visible && to->type == ZYDIS_OPERAND_TYPE_REGISTER &&
	    to->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
		number = gpr(to->reg.value);
	if (number >= 0)
		s->sources[number] = result_source(s, d);
}

/* ---- loads of the stack pointer ------------------------------------------------------------ */

/* Is mov %rsp,REG or lea N(%rsp),REG anywhere around? REG by its number. */
static bool is_kept_around(const uint8_t *code, size_t size, size_t at, int reg)
{
	uint8_t mov_rex = 0x48 | (reg > 7), mov_modrm = 0xe0 | (reg & 7);
	uint8_t lea_rex = 0x48 | (reg > 7) << 2, lea_modrm = 0x04 | (reg & 7) << 3;
	size_t from = at > RP_STACK_SWITCH_AROUND ? at - RP_STACK_SWITCH_AROUND : 0;
	size_t end = size - at > RP_STACK_SWITCH_AROUND ? at + RP_STACK_SWITCH_AROUND : size;

	for (size_t i = from; i + 4 <= end; i++) {
		const uint8_t *c = code + i;

		if (c[0] == mov_rex && c[1] == 0x89 && c[2] == mov_modrm)
			return true;
		if (c[0] == lea_rex && c[1] == 0x8d && (c[2] & 0x3f) == lea_modrm && c[3] == 0x24)
			return true;
	}
	return false;
}

static bool holds_argument(int reg)
{
	switch (reg + ZYDIS_REGISTER_RAX) {
	case ZYDIS_REGISTER_RDI:
	case ZYDIS_REGISTER_RSI:
	case ZYDIS_REGISTER_RDX:
	case ZYDIS_REGISTER_RCX:
		return true;
	default:
		return false;
	}
}

/* What comes after a switch: the registers of the other side, and on to it, by a call if `calls`.
 */
static bool goes_on(const uint8_t *code, size_t size, bool calls)
{
	struct decoded d;

	for (int i = 0; i < RESTORE_INSTRUCTIONS && decode(code, size, &d); i++) {
		switch (d.i.mnemonic) {
		case ZYDIS_MNEMONIC_RET:
			return true;
		case ZYDIS_MNEMONIC_CALL:
			return calls;
		case ZYDIS_MNEMONIC_JMP:
			return !(d.i.attributes & ZYDIS_ATTRIB_IS_RELATIVE) &&
			       d.i.meta.branch_type != ZYDIS_BRANCH_TYPE_FAR;
		case ZYDIS_MNEMONIC_POP:
		case ZYDIS_MNEMONIC_MOV:
			if (is_sp(&d.ops[0]) || (d.ops[1].type == ZYDIS_OPERAND_TYPE_MEMORY &&
						 d.ops[1].mem.base == ZYDIS_REGISTER_RBP))
				return false;
			break;
		default:
			return false;
		}
		code += d.i.length;
		size -= d.i.length;
	}
	return false;
}

static bool goes_on_elsewhere(const uint8_t *code, size_t size)
{
	return goes_on(code, size, true);
}

/* Where the register has its value from; `next`: the offset behind the instruction. */
static bool is_from_elsewhere(const struct state *s, ZydisRegister reg, const uint8_t *code,
			      size_t size, size_t next)
{
	int number = gpr(reg);

	switch (register_source(s, reg)) {
	case SOURCE_FRAME:
		return false;
	case SOURCE_ELSEWHERE:
		return true;
	default:
		if (s->begins && holds_argument(number) &&
		    (s->saved || goes_on_elsewhere(code + next, size - next)))
			return true;
		return !is_kept_around(code, size, next, number);
	}
}

static bool is_branch(const struct decoded *d)
{
	return d->i.meta.category == ZYDIS_CATEGORY_RET ||
	       d->i.meta.category == ZYDIS_CATEGORY_CALL ||
	       d->i.meta.category == ZYDIS_CATEGORY_COND_BR ||
	       d->i.meta.category == ZYDIS_CATEGORY_UNCOND_BR;
}

static bool writes_frame_pointer(const struct decoded *d)
{
	return d->ops[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
	       d->ops[0].reg.value == ZYDIS_REGISTER_RBP &&
	       d->ops[0].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
}

/*
 * Anything to the frame pointer, which a leave further down copies to the stack pointer. `next`:
 * the offset behind that instruction.
 */
static bool is_leave_from_elsewhere(const struct decoded *d, const uint8_t *code, size_t size,
				    size_t next)
{
	size_t end = size - next < LEAVE_BYTES ? size : next + LEAVE_BYTES;
	struct decoded then;

	if (!writes_frame_pointer(d) || (d->i.mnemonic == ZYDIS_MNEMONIC_MOV && is_sp(&d->ops[1])))
		return false;
	for (; next < end && decode(code + next, size - next, &then); next += then.i.length) {
		if (then.i.mnemonic == ZYDIS_MNEMONIC_LEAVE)
			return goes_on_elsewhere(code + next + 1, size - next - 1);
		if (is_branch(&then) || writes_frame_pointer(&then))
			return false;
	}
	return false;
}

static bool loads_sp(const struct state *s, const struct decoded *d, const uint8_t *code,
		     size_t size, size_t next)
{
	const ZydisDecodedOperand *to = &d->ops[0], *from = &d->ops[1];

	if (d->i.meta.category == ZYDIS_CATEGORY_CMOV)
		return is_sp(to) && goes_on_elsewhere(code + next, size - next);
	switch (d->i.mnemonic) {
	case ZYDIS_MNEMONIC_IRETQ:
		return s->pushes >= IRET_PUSHES;
	case ZYDIS_MNEMONIC_POP:
		if (is_leave_from_elsewhere(d, code, size, next))
			return true;
		return is_sp(to) && !s->unrolled && goes_on_elsewhere(code + next, size - next);
	case ZYDIS_MNEMONIC_MOVQ:
		return is_sp(to) && goes_on_elsewhere(code + next, size - next);
	case ZYDIS_MNEMONIC_XADD:
	case ZYDIS_MNEMONIC_XCHG:
		return (is_sp(to) || is_sp(from)) && goes_on_elsewhere(code + next, size - next);
	case ZYDIS_MNEMONIC_LEA:
		return is_sp(to) && is_from_elsewhere(s, from->mem.base, code, size, next);
	/*
	 * The way from one stack to the other. Before a call it makes room for an array of variable
	 * size.
	 */
	case ZYDIS_MNEMONIC_ADD:
	case ZYDIS_MNEMONIC_SUB:
	case ZYDIS_MNEMONIC_XOR:
		return is_sp(to) && from->type != ZYDIS_OPERAND_TYPE_IMMEDIATE &&
		       goes_on(code + next, size - next, false);
	case ZYDIS_MNEMONIC_MOV:
		if (is_leave_from_elsewhere(d, code, size, next))
			return true;
		if (!is_sp(to))
			return false;
		if (from->type == ZYDIS_OPERAND_TYPE_MEMORY)
			return !is_frame_register(from->mem.base);
		return from->type == ZYDIS_OPERAND_TYPE_REGISTER &&
		       is_from_elsewhere(s, from->reg.value, code, size, next);
	default:
		return false;
	}
}

/* Does the instruction that holds the byte `at` load the stack pointer? */
static bool is_load(const uint8_t *code, size_t size, size_t at)
{
	size_t offset = at > BEFORE_BYTES ? at - BEFORE_BYTES : 0;
	size_t in_step = offset ? offset + STEP_BYTES : 0;
	struct state s = {.begins = !offset};
	struct decoded d;

	while (offset <= at) {
		if (offset < in_step)
			s = (struct state){.begins = false};
		if (!decode(code + offset, size - offset, &d)) {
			s = (struct state){.begins = true};
			offset++;
			continue;
		}
		if (offset + d.i.length > at)
			return loads_sp(&s, &d, code, size, offset + d.i.length);
		step(&s, &d);
		offset += d.i.length;
	}
	return false;
}

/* Of an opcode of two bytes. */
static bool looks_like_long_load(const uint8_t *at, size_t size)
{
	uint8_t rex = at[-1], modrm = size > 2 ? at[2] : 0;

	switch (at[1]) {
	case 0x7e: /* from a vector register */
	case 0xc1: /* xadd */
		return (modrm & 0xc7) == 0xc4 && (rex & 0xf9) == 0x48;
	default: /* cmov anything to register */
		return (at[1] & 0xf0) == 0x40 && (modrm & 0x38) == 0x20 && (rex & 0xfc) == 0x48;
	}
}

static bool has_leave_behind(const uint8_t *at, size_t size)
{
	return memchr(at + 1, LEAVE, (size < LEAVE_BYTES ? size : LEAVE_BYTES) - 1);
}

/*
 * Could the opcode at `at` be that of a load of the stack pointer? There is a byte before it, and
 * size of them, two or more, from it on. This is asked of every byte, and the first test answers
 * most.
 */
static bool looks_like_load(const uint8_t *at, size_t size)
{
	static const bool is_opcode[256] = {
		[0x01] = true, [0x03] = true, [0x0f] = true, [0x29] = true, [0x2b] = true,
		[0x31] = true, [0x33] = true, [0x5c] = true, [0x5d] = true, [0x87] = true,
		[0x89] = true, [0x8b] = true, [0x8d] = true, [0x94] = true, [0xcf] = true};
	uint8_t rex = at[-1], modrm = at[1];

	if (!is_opcode[at[0]])
		return false;
	switch (at[0]) {
	case 0x01: /* add, sub, xor: register to register */
	case 0x29:
	case 0x31:
		return (modrm & 0xc7) == 0xc4 && (rex == 0x48 || rex == 0x4c);
	case 0x03: /* the same: anything to register */
	case 0x2b:
	case 0x33:
		return (modrm & 0x38) == 0x20 && (rex & 0xfc) == 0x48;
	case 0x0f:
		return looks_like_long_load(at, size);
	case 0x5d: /* pop to the frame pointer; leave */
		return modrm == LEAVE;
	case 0x89: /* mov register to register; not from the frame pointer */
		if ((modrm & 0xc7) == 0xc5 && modrm != 0xe5 && has_leave_behind(at, size))
			return true;
		return (modrm & 0xc7) == 0xc4 && (rex == 0x4c || (rex == 0x48 && modrm != 0xec));
	case 0x8b: /* mov anything to register; not from the frame */
		if ((modrm & 0x38) == 0x28 && has_leave_behind(at, size))
			return true;
		return (modrm & 0x38) == 0x20 && (rex & 0xfc) == 0x48 &&
		       (modrm < 0x40 || (modrm & 7) != 5);
	case 0x8d: /* lea from a register that arguments come in */
		return (modrm & 0x38) == 0x20 && rex == 0x48 && modrm < 0xc0 &&
		       holds_argument(modrm & 7);
	case 0x87: /* xchg */
		return (rex & 0xf8) == 0x48 && ((modrm & 0x38) == 0x20 || (modrm & 0xc7) == 0xc4);
	case 0x94: /* xchg with rax */
	case 0xcf: /* iretq */
		return rex == 0x48;
	default: /* pop, without a prefix that makes it r12; then more of them, or a jump */
		return (rex & 0xf1) != 0x41 &&
		       ((modrm & 0xf8) == 0x58 || modrm == 0x41 || modrm == 0xc3 || modrm == 0xff);
	}
}

bool rp_stack_switch__in_x86(const uint8_t *code, size_t from, size_t end, size_t size)
{
	for (size_t i = from ? from : 1; i < end && i + 1 < size; i++)
		if (looks_like_load(code + i, size - i) && is_load(code, size, i))
			return true;
	return false;
}

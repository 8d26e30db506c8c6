// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Stack switches in x86-64 code: see stack_switch.c.
 *
 * Where the stack pointer is loaded from a register, it matters what that holds. The code before is
 * decoded, from a place where no instruction need begin; it gets in step within a few of
 * them. For each register it is noted whether its value was made from the frame: the stack pointer
 * itself, or what was read from the frame, which is how compilers give back the space of an array
 * of variable size. They may also keep the old stack pointer in a register for long. So a register
 * that was not written nearby is let pass where the code around copies the stack pointer to it. Not
 * so one that arguments come in, at the beginning of a function: that is how a switch is told where
 * to go.
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
	return op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
	       (op->reg.value == ZYDIS_REGISTER_RSP || op->reg.value == ZYDIS_REGISTER_ESP);
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
		case ZYDIS_MNEMONIC_POPFQ:
		case ZYDIS_MNEMONIC_LDMXCSR:
		case ZYDIS_MNEMONIC_FLDCW:
		case ZYDIS_MNEMONIC_NOP:
		case ZYDIS_MNEMONIC_ENDBR64:
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

/* leave, mov %rbp,%rsp, or lea N(%rbp),%rsp */
static bool is_sp_from_fp(const struct decoded *d)
{
	const ZydisDecodedOperand *from = &d->ops[1];

	return d->i.mnemonic == ZYDIS_MNEMONIC_LEAVE ||
	       (d->i.mnemonic == ZYDIS_MNEMONIC_MOV && is_sp(&d->ops[0]) &&
		from->type == ZYDIS_OPERAND_TYPE_REGISTER &&
		from->reg.value == ZYDIS_REGISTER_RBP) ||
	       (d->i.mnemonic == ZYDIS_MNEMONIC_LEA && is_sp(&d->ops[0]) &&
		from->mem.base == ZYDIS_REGISTER_RBP);
}

/*
 * Anything to the frame pointer, which goes on to the stack pointer further down. `next`: the
 * offset behind that instruction.
 */
static bool is_leave_from_elsewhere(const struct decoded *d, const uint8_t *code, size_t size,
				    size_t next)
{
	size_t end = size - next < LEAVE_BYTES ? size : next + LEAVE_BYTES;
	struct decoded then;

	if (!writes_frame_pointer(d) ||
	    (d->i.mnemonic == ZYDIS_MNEMONIC_MOV && is_sp(&d->ops[1])) ||
	    (d->i.mnemonic == ZYDIS_MNEMONIC_LEA && is_frame_register(d->ops[1].mem.base)))
		return false;
	for (; next < end && decode(code + next, size - next, &then); next += then.i.length) {
		size_t behind = next + then.i.length;

		if (is_sp_from_fp(&then))
			return goes_on_elsewhere(code + behind, size - behind);
		if (is_branch(&then) || (writes_frame_pointer(&then) &&
					 !(then.ops[0].actions & ZYDIS_OPERAND_ACTION_MASK_READ)))
			return false;
	}
	return false;
}

/*
 * Registers that are no arguments have the frame mostly: GCC finds it again by r10, and assembly by
 * any that it has copied the stack pointer to at the beginning.
 */
static bool is_lea_from_elsewhere(const struct state *s, const ZydisDecodedOperand *from,
				  const uint8_t *code, size_t size, size_t next)
{
	ZydisRegister base = from->mem.base;

	if (is_frame_register(from->mem.index))
		return false;
	if (from->mem.index == ZYDIS_REGISTER_NONE)
		return (gpr(base) < 0 || holds_argument(gpr(base))) &&
		       is_from_elsewhere(s, base, code, size, next);
	return register_source(s, base) == SOURCE_ELSEWHERE &&
	       goes_on(code + next, size - next, false);
}

/* These lie below the frame pointer: nobody has kept the stack pointer above it. */
static bool is_local(const ZydisDecodedOperand *op)
{
	return op->mem.base == ZYDIS_REGISTER_RSP ||
	       (op->mem.base == ZYDIS_REGISTER_RBP && op->mem.disp.value < 0);
}

static bool loads_sp(const struct state *s, const struct decoded *d, const uint8_t *code,
		     size_t size, size_t next)
{
	const ZydisDecodedOperand *to = &d->ops[0], *from = &d->ops[1];

	if (is_leave_from_elsewhere(d, code, size, next))
		return true;
	if (d->i.mnemonic == ZYDIS_MNEMONIC_IRETQ)
		return s->pushes >= IRET_PUSHES;
	if ((d->i.mnemonic == ZYDIS_MNEMONIC_XADD || d->i.mnemonic == ZYDIS_MNEMONIC_XCHG) &&
	    is_sp(from))
		to = from;
	if (!d->i.operand_count_visible || !is_sp(to) ||
	    !(to->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
		return false;
	/* Nobody does this but to switch: more often it is data. */
	if (to->reg.value == ZYDIS_REGISTER_ESP &&
	    !(s->saved && goes_on_elsewhere(code + next, size - next)))
		return false;
	switch (d->i.mnemonic) {
	case ZYDIS_MNEMONIC_POP:
		return !s->unrolled && goes_on_elsewhere(code + next, size - next);
	case ZYDIS_MNEMONIC_LEA:
		return is_lea_from_elsewhere(s, from, code, size, next);
	/*
	 * The way from one stack to the other. Before a call it makes room for an array of variable
	 * size.
	 */
	case ZYDIS_MNEMONIC_ADD:
	case ZYDIS_MNEMONIC_SUB:
	case ZYDIS_MNEMONIC_XOR:
		return from->type != ZYDIS_OPERAND_TYPE_IMMEDIATE &&
		       goes_on(code + next, size - next, false);
	case ZYDIS_MNEMONIC_MOV:
		if (from->type == ZYDIS_OPERAND_TYPE_MEMORY)
			return !is_local(from);
		if (from->type == ZYDIS_OPERAND_TYPE_REGISTER)
			return is_from_elsewhere(s, from->reg.value, code, size, next);
		return goes_on_elsewhere(code + next, size - next);
	default:
		return from->type != ZYDIS_OPERAND_TYPE_IMMEDIATE &&
		       goes_on_elsewhere(code + next, size - next);
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

/* ---- what they look like ------------------------------------------------------------------- */

/* In which part of the byte behind an opcode is what it writes? By OTHERWISE, see below. */
enum written { IN_REG = 1, IN_RM = 2, OTHERWISE = 4 };

static const uint8_t written_by[256] = {
	/* add, or, adc, sbb, and, sub, xor */
	[0x01] = IN_RM,
	[0x03] = IN_REG,
	[0x09] = IN_RM,
	[0x0b] = IN_REG,
	[0x11] = IN_RM,
	[0x13] = IN_REG,
	[0x19] = IN_RM,
	[0x1b] = IN_REG,
	[0x21] = IN_RM,
	[0x23] = IN_REG,
	[0x29] = IN_RM,
	[0x2b] = IN_REG,
	[0x31] = IN_RM,
	[0x33] = IN_REG,
	[0x63] = IN_REG, /* movslq */
	[0x69] = IN_REG,
	[0x6b] = IN_REG,		     /* imul */
	[0x87] = IN_REG | IN_RM | OTHERWISE, /* xchg */
	[0x89] = IN_RM | OTHERWISE,
	[0x8b] = IN_REG | OTHERWISE,
	[0xc7] = IN_RM,		     /* mov */
	[0x8d] = IN_REG | OTHERWISE, /* lea */
	[0xd1] = IN_RM,
	[0xd3] = IN_RM, /* shifts */
	[0xf7] = IN_RM, /* not, neg */
	[0x0f] = OTHERWISE,
	[0x5c] = OTHERWISE,
	[0x5d] = OTHERWISE,
	[0x94] = OTHERWISE,
	[0x95] = OTHERWISE,
	[0xbc] = OTHERWISE,
	[0xc4] = OTHERWISE,
	[0xcf] = OTHERWISE};

/* Behind the byte 0f. */
static const uint8_t written_by_long[256] = {
	[0x40 ... 0x4f] = IN_REG, /* cmov */
	[0x7e] = IN_RM,		  /* from a vector register */
	[0xa4] = IN_RM,
	[0xa5] = IN_RM,
	[0xac] = IN_RM,
	[0xad] = IN_RM,	 /* shld, shrd */
	[0xae] = IN_RM,	 /* rdfsbase */
	[0xaf] = IN_REG, /* imul */
	[0xb1] = IN_RM,
	[0xc1] = IN_REG | IN_RM,      /* cmpxchg, xadd */
	[0xb2] = IN_REG,	      /* lss */
	[0xc8 + 4] = IN_REG | IN_RM}; /* bswap %rsp: no byte behind it */

/* Behind the bytes 0f 38 or 0f 3a, or a VEX prefix. */
static uint8_t written_by_longer(unsigned map, uint8_t opcode)
{
	switch (map << 8 | opcode) {
	case 0x17e: /* from a vector register */
	case 0x316: /* out of one */
		return IN_RM;
	case 0x2f0: /* movbe */
	case 0x2f2: /* andn, bzhi, pext, pdep, adcx, bextr, shlx, rorx */
	case 0x2f5:
	case 0x2f6:
	case 0x2f7:
	case 0x3f0:
		return IN_REG;
	default:
		return 0;
	}
}

/* Register 4, of eight or, by the bit for either part, of sixteen. */
static bool writes_sp(uint8_t written, uint8_t modrm, bool reg_extended, bool rm_extended)
{
	return (written & IN_REG && (modrm & 0x38) == 0x20 && !reg_extended) ||
	       (written & IN_RM && (modrm & 0xc7) == 0xc4 && !rm_extended);
}

/* Of an opcode behind the byte 0f; all with 64 bits. */
static bool looks_like_long_load(const uint8_t *at, size_t size)
{
	uint8_t rex = at[-1], written = written_by_long[at[1]], modrm = size > 2 ? at[2] : 0;

	if ((rex & 0xf8) != 0x48)
		return false;
	if (at[1] == 0xc8 + 4)
		return !(rex & 1);
	if ((at[1] == 0x38 || at[1] == 0x3a) && size > 3) {
		written = written_by_longer(at[1] == 0x38 ? 2 : 3, at[2]);
		modrm = at[3];
	}
	return writes_sp(written, modrm, rex & 4, rex & 1);
}

/* Of a VEX prefix of three bytes, in which the bits of the registers are inverted. */
static bool looks_like_vex_load(const uint8_t *at, size_t size)
{
	return size > 4 && writes_sp(written_by_longer(at[1] & 0x1f, at[3]), at[4], !(at[1] & 0x80),
				     !(at[1] & 0x20));
}

/* leave, or what comes to the same, further down. */
static bool has_leave_behind(const uint8_t *at, size_t size)
{
	for (size_t i = 1; i < size && i < LEAVE_BYTES; i++) {
		if (at[i] == LEAVE)
			return true;
		if (at[i] == 0x48 && i + 2 < size &&
		    ((at[i + 1] == 0x89 && at[i + 2] == 0xec) ||
		     (at[i + 1] == 0x8b && at[i + 2] == 0xe5) ||
		     (at[i + 1] == 0x8d && at[i + 2] == 0x65)))
			return true;
	}
	return false;
}

/* To the frame pointer: pop, mov, lea, xchg. */
static bool writes_fp(const uint8_t *at)
{
	uint8_t rex = at[-1], modrm = at[1];

	switch (at[0]) {
	case 0x5d:
		return rex != 0x41;
	case 0x95:
		return rex == 0x48;
	case 0x87:
	case 0x89:
		return (modrm & 0xc7) == 0xc5 && modrm != 0xe5 && (rex & 0xf9) == 0x48;
	default:
		return (modrm & 0x38) == 0x28 && (rex & 0xfc) == 0x48;
	}
}

/* Loads from the frame, which are many, are none. */
static bool is_of_frame(const uint8_t *at, size_t size)
{
	uint8_t rex = at[-1], modrm = at[1], base = modrm & 7;

	if (rex & 1)
		return false;
	if (at[0] == 0x89)
		return modrm == 0xec && rex == 0x48;
	if (modrm >= 0xc0)
		return at[0] == 0x8b && modrm == 0xe5 && rex == 0x48;
	if (base == 5 && modrm >= 0x40) /* the last byte of the displacement is its sign */
		return at[0] == 0x8d || size < 6 || at[modrm < 0x80 ? 2 : 5] & 0x80;
	return base == 4 && at[0] == 0x8d && size > 2 && (at[2] & 7) == 4;
}

/* mov, lea: with 32 bits as well, which give the whole register. */
static bool looks_like_mov(const uint8_t *at, size_t size)
{
	uint8_t rex = (at[-1] & 0xf0) == 0x40 ? at[-1] : 0;

	return writes_sp(written_by[at[0]], at[1], rex & 4, rex & 1) && !is_of_frame(at, size);
}

/*
 * Could the opcode at `at` be that of a load of the stack pointer? There is a byte before it, and
 * size of them, two or more, from it on. This is asked of every byte.
 */
static bool looks_like_load(const uint8_t *at, size_t size)
{
	uint8_t rex = at[-1], modrm = at[1], written = written_by[at[0]];

	if (!(written & OTHERWISE))
		return written && (rex & 0xf8) == 0x48 &&
		       writes_sp(written, modrm, rex & 4, rex & 1);
	switch (at[0]) {
	case 0x0f:
		return looks_like_long_load(at, size);
	case 0xc4:
		return looks_like_vex_load(at, size);
	case 0x5d:
	case 0x95:
		return writes_fp(at) && has_leave_behind(at, size);
	case 0x87:
	case 0x89:
	case 0x8b:
	case 0x8d:
		return looks_like_mov(at, size) || (writes_fp(at) && has_leave_behind(at, size));
	case 0x94: /* xchg with rax */
	case 0xcf: /* iretq */
		return rex == 0x48;
	case 0xbc: /* mov of an address */
		return (rex & 0xf9) == 0x48;
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

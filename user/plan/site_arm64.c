/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * arm64 instructions, by their fixed masks. The reverse of x86: the kernel simulates branches, ret
 * included, and nop, but steps the usual prologue (stp, sub sp, paciasp).
 *
 * A return probe replaces the link register: no entry site may be behind paciasp, which signs it.
 * What is skipped leaves it and the stack pointer alone.
 */
#include <errno.h>
#include <string.h>

#include "plan/site_arch.h"

#define REG_FP 29
#define REG_SP 31 /* the zero register in other places */

static uint32_t bits(uint32_t word, unsigned from, unsigned count)
{
	return word >> from & ((1u << count) - 1);
}

static int32_t signed_bits(uint32_t word, unsigned from, unsigned count)
{
	return (int32_t)(word << (32 - from - count)) >> (32 - count);
}

static bool matches(uint32_t word, uint32_t mask, uint32_t value)
{
	return (word & mask) == value;
}

static unsigned rd(uint32_t word)
{
	return bits(word, 0, 5);
}

static unsigned rn(uint32_t word)
{
	return bits(word, 5, 5);
}

static bool is_hint(uint32_t word)
{
	return matches(word, 0xfffff01f, 0xd503201f);
}

static bool is_nop(uint32_t word)
{
	return word == 0xd503201f;
}

static bool is_bti(uint32_t word)
{
	return matches(word, 0xffffff3f, 0xd503241f);
}

static bool is_breakpoint(uint32_t word)
{
	return matches(word, 0xffe0001f, 0xd4200000);
}

/* ---- where it goes --------------------------------------------------------------------------- */

/* Displacement of direct branches, in instructions. */
static enum rp_flow direct_flow(uint32_t word, int32_t *displacement)
{
	if (matches(word, 0x7c000000, 0x14000000)) { /* b, bl */
		*displacement = signed_bits(word, 0, 26);
		return word >> 31 ? RP_FLOW_CALL : RP_FLOW_JUMP;
	}
	if (matches(word, 0xff000000, 0x54000000) || /* b.cond */
	    matches(word, 0x7e000000, 0x34000000)) { /* cbz, cbnz */
		*displacement = signed_bits(word, 5, 19);
		return RP_FLOW_COND;
	}
	if (matches(word, 0x7e000000, 0x36000000)) { /* tbz, tbnz */
		*displacement = signed_bits(word, 5, 14);
		return RP_FLOW_COND;
	}
	return RP_FLOW_NEXT;
}

static bool is_br(uint32_t word)
{
	return matches(word, 0xfffffc1f, 0xd61f0000);
}

static bool is_blr(uint32_t word)
{
	return matches(word, 0xfffffc1f, 0xd63f0000);
}

static bool is_ret(uint32_t word)
{
	return matches(word, 0xfffffc1f, 0xd65f0000);
}

static bool is_authenticated_ret(uint32_t word)
{
	return matches(word, 0xfffffbff, 0xd65f0bff);
}

static enum rp_flow indirect_flow(uint32_t word, const struct rp_sweep *sweep)
{
	if (is_br(word) || matches(word, 0xfefff800, 0xd61f0800)) /* br, braa and the like */
		return rp_site__jump_by_origin(sweep->origins[rn(word)]);
	if (is_blr(word) || matches(word, 0xfefff800, 0xd63f0800))
		return RP_FLOW_CALL;
	if (is_ret(word) || is_authenticated_ret(word))
		return RP_FLOW_RET;
	if (is_breakpoint(word) || word >> 16 == 0 || /* brk, udf */
	    matches(word, 0xffe0001f, 0xd4400000) ||  /* hlt */
	    matches(word, 0xfffff3ff, 0xd69f03e0))    /* eret */
		return RP_FLOW_END;
	return RP_FLOW_NEXT;
}

static void set_flow(uint32_t word, const struct rp_sweep *sweep, struct rp_insn *insn)
{
	int32_t displacement = 0;

	insn->target = RP_TARGET_OUTSIDE;
	insn->flow = direct_flow(word, &displacement);
	if (insn->flow == RP_FLOW_NEXT) {
		insn->flow = indirect_flow(word, sweep);
		return;
	}
	rp_insn__branch(insn, (int64_t)insn->offset + (int64_t)displacement * 4, sweep->size,
			insn->flow == RP_FLOW_COND ? RP_CONDITION_UNKNOWN : RP_CONDITION_ALWAYS);
}

/* ---- what the kernel does with a probe there ------------------------------------------------- */

static bool is_literal_load(uint32_t word)
{
	return matches(word, 0x3b000000, 0x18000000);
}

static bool is_simulated_load(uint32_t word)
{
	return matches(word, 0xbf000000, 0x18000000) || matches(word, 0xff000000, 0x98000000);
}

/* Of the hints: nop, bti, and those on pointer authentication. */
static bool is_steppable_hint(uint32_t word)
{
	uint32_t number = bits(word, 5, 7);

	return is_nop(word) || is_bti(word) || number == 7 || number == 8 || number == 10 ||
	       number == 12 || number == 14 || (number >= 24 && number <= 31);
}

static bool is_system(uint32_t word)
{
	return matches(word, 0xff000000, 0xd4000000) || /* svc, brk, hlt */
	       matches(word, 0xffc00000, 0xd5000000);	/* msr, barriers, cache operations, hints */
}

static bool is_read_of_system_register(uint32_t word)
{
	return matches(word, 0xfff00000, 0xd5300000);
}

static bool is_exclusive(uint32_t word)
{
	return matches(word, 0x3f000000, 0x08000000);
}

static bool is_probeable(uint32_t word)
{
	if (is_hint(word))
		return is_steppable_hint(word);
	if (is_system(word))
		return is_read_of_system_register(word);
	if (is_exclusive(word) || word >> 16 == 0)
		return false;
	if (matches(word, 0xfe000000, 0xd6000000))
		return is_br(word) || is_blr(word) || is_ret(word);
	return !is_literal_load(word) || is_simulated_load(word);
}

static bool is_simulated(uint32_t word)
{
	int32_t displacement;

	return direct_flow(word, &displacement) != RP_FLOW_NEXT || is_br(word) || is_blr(word) ||
	       is_ret(word) || is_nop(word) || is_simulated_load(word) ||
	       matches(word, 0x1f000000, 0x10000000); /* adr, adrp */
}

/* ---- what it does to the stack --------------------------------------------------------------- */

static enum rp_stack_reg stack_reg(unsigned reg)
{
	return reg == REG_SP ? RP_REG_SP : reg == REG_FP ? RP_REG_FP : RP_REG_OTHER;
}

static void add_to(struct rp_insn *insn, unsigned dst, unsigned src, int32_t delta)
{
	if (stack_reg(dst) == RP_REG_OTHER || stack_reg(src) == RP_REG_OTHER)
		return;
	insn->dst = stack_reg(dst);
	insn->src = stack_reg(src);
	insn->delta = delta;
}

static bool is_sum_with_immediate(uint32_t word)
{
	return matches(word, 0xbf800000, 0x91000000); /* 64-bit add and sub, no flags */
}

static bool is_pair(uint32_t word)
{
	return matches(word, 0x3a000000, 0x28000000);
}

/* ldr and str of one register with pre- or post-index. */
static bool is_single_with_writeback(uint32_t word)
{
	return matches(word, 0x3b200400, 0x38000400);
}

static int32_t pair_writeback(uint32_t word)
{
	bool vector = bits(word, 26, 1);
	unsigned opc = bits(word, 30, 2);
	unsigned shift = vector ? 2 + opc : opc == 2 ? 3 : 2;

	return signed_bits(word, 15, 7) * (1 << shift);
}

static bool is_load(uint32_t word)
{
	return matches(word, 0x0a000000, 0x08000000) &&
	       (is_literal_load(word) || bits(word, 22, 1));
}

static bool is_data_processing(uint32_t word)
{
	return matches(word, 0x1c000000, 0x10000000) || matches(word, 0x0e000000, 0x0a000000);
}

/*
 * Number 31 is the stack pointer as the result of sums with an immediate or an extended register,
 */
/* and of logical operations with an immediate, where they set no flags. */
static bool writes_sp(uint32_t word)
{
	return rd(word) == REG_SP &&
	       (matches(word, 0x3f000000, 0x11000000) || matches(word, 0x3fe00000, 0x0b200000) ||
		(matches(word, 0x1f800000, 0x12000000) && bits(word, 29, 2) != 3));
}

static bool writes_fp(uint32_t word)
{
	if (is_load(word) && !bits(word, 26, 1))
		return rd(word) == REG_FP || (is_pair(word) && bits(word, 10, 5) == REG_FP);
	return is_data_processing(word) && rd(word) == REG_FP;
}

static void set_stack_effect(uint32_t word, struct rp_insn *insn)
{
	insn->dst = RP_REG_OTHER;
	if (writes_sp(word))
		insn->clobbers |= 1u << RP_REG_SP;
	if (writes_fp(word))
		insn->clobbers |= 1u << RP_REG_FP;

	if (is_sum_with_immediate(word)) {
		int32_t value = bits(word, 10, 12) << (bits(word, 22, 1) ? 12 : 0);

		add_to(insn, rd(word), rn(word), bits(word, 30, 1) ? -value : value);
	} else if (is_pair(word) && bits(word, 23, 1)) {
		add_to(insn, rn(word), rn(word), pair_writeback(word));
	} else if (is_single_with_writeback(word)) {
		add_to(insn, rn(word), rn(word), signed_bits(word, 12, 9));
	}
}

/* ---- what an entry probe may sit behind ------------------------------------------------------ */

/* cmp, cmn and tst, with an immediate or a register. */
static bool is_comparison(uint32_t word)
{
	return matches(word, 0x3f80001f, 0x3100001f) || matches(word, 0x7f80001f, 0x7200001f) ||
	       matches(word, 0x3f00001f, 0x2b00001f) || matches(word, 0x7f20001f, 0x6a00001f);
}

/* Loads and sums into x9 to x17, which carry no argument: the rest of a stack check. */
static bool is_scratch_only(uint32_t word)
{
	return rd(word) >= 9 && rd(word) <= 17 &&
	       (matches(word, 0xffc00000, 0xf9400000) || is_sum_with_immediate(word));
}

static bool is_transparent(uint32_t word)
{
	return is_bti(word) || is_nop(word) || is_comparison(word) || is_scratch_only(word);
}

/* ---- where values come from ------------------------------------------------------------------ */

static void track_origins(uint32_t word, struct rp_sweep *sweep)
{
	if (matches(word, 0x3b200c00, 0x38200800) && is_load(word))
		sweep->origins[rd(word)] = bits(word, 30, 2) == 3 ? RP_ORIGIN_ELEMENT
								  : RP_ORIGIN_OFFSET;
	else if (matches(word, 0xff000000, 0x8b000000)) /* add of registers, shifted or extended */
		sweep->origins[rd(word)] = sweep->origins[rn(word)] == RP_ORIGIN_OFFSET ||
							   sweep->origins[bits(word, 16, 5)] ==
								   RP_ORIGIN_OFFSET
						   ? RP_ORIGIN_COMPUTED
						   : RP_ORIGIN_ANY;
	else if (is_load(word) || is_data_processing(word))
		sweep->origins[rd(word)] = RP_ORIGIN_ANY;
}

/* ---------------------------------------------------------------------------------------------- */

int rp_site_arm64__decode(struct rp_sweep *sweep, uint32_t offset, struct rp_insn *insn)
{
	const uint8_t *at = sweep->code + offset;
	uint32_t word;

	if (sweep->size - offset < 4)
		return -EILSEQ;
	word = at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;

	insn->offset = offset;
	insn->length = 4;
	insn->nop = is_nop(word);
	insn->breakpoint = is_breakpoint(word);
	insn->transparent = is_transparent(word);
	insn->probeable = is_probeable(word);
	insn->emulated = insn->probeable && is_simulated(word);
	set_flow(word, sweep, insn);
	set_stack_effect(word, insn);
	track_origins(word, sweep);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Between the choice of sites (site.c, site_exits.c) and the decoders of each machine: one
 * instruction, reduced to what that choice asks of it. Internal to site*.c.
 */
#ifndef RP_SITE_ARCH_H
#define RP_SITE_ARCH_H

#include "plan/site.h"

/* Where an instruction goes next. */
enum rp_flow {
	RP_FLOW_NEXT,
	RP_FLOW_CALL,	 /* returns to the next instruction, if it returns */
	RP_FLOW_COND,	 /* next instruction or target */
	RP_FLOW_JUMP,	 /* target */
	RP_FLOW_POINTER, /* jump through a pointer: a tail call where the stack is as at entry */
	RP_FLOW_TABLE,	 /* jump through a jump table: stays in the function */
	RP_FLOW_UNCLEAR, /* indirect jump that may be either */
	RP_FLOW_RET,
	RP_FLOW_END, /* never goes on: ud2 and the like */
};

/* The registers that tell how deep the stack is. */
enum rp_stack_reg {
	RP_REG_SP,
	RP_REG_FP,
	RP_REG_COUNT,
	RP_REG_OTHER = RP_REG_COUNT,
};

#define RP_TARGET_OUTSIDE UINT32_MAX /* a branch out of the code that is decoded */

struct rp_insn {
	uint32_t offset;
	uint32_t target; /* of a direct branch or call: offset, or RP_TARGET_OUTSIDE */
	int32_t delta;	 /* dst = src + delta, after all of `clobbers` became unknown */
	int64_t beyond;	 /* RP_TARGET_OUTSIDE, of a direct branch: offset all the same */
	uint8_t length;
	uint8_t flow; /* enum rp_flow */
	uint8_t dst;  /* enum rp_stack_reg; RP_REG_OTHER: neither is set to a known value */
	uint8_t src;
	uint8_t clobbers;  /* bit per stack register */
	uint8_t condition; /* of a branch, as struct rp_exit_site has it */
	bool nop : 1;
	bool breakpoint : 1;
	bool transparent : 1; /* the entry probe may sit behind it */
	bool probeable : 1;   /* the kernel accepts a probe on it, and nothing breaks */
	bool emulated : 1;    /* and needs no single step */
	bool landing : 1;     /* for the walk: some branch leads here */
	bool seen : 1;	      /* for the walk: has been there */
	bool exit : 1;	      /* for the walk: leaves the function */
};

/* Target and condition of a direct branch of the code that is decoded. */
static inline void rp_insn__branch(struct rp_insn *insn, int64_t target, uint32_t size,
				   uint8_t condition)
{
	insn->target = target >= 0 && target < size ? (uint32_t)target : RP_TARGET_OUTSIDE;
	insn->beyond = target;
	insn->condition = condition;
}

/* Where the value in a register came from, to tell a jump table from a function pointer. */
enum rp_origin {
	RP_ORIGIN_ANY,
	RP_ORIGIN_OFFSET,   /* loaded from an array of 32-bit offsets */
	RP_ORIGIN_COMPUTED, /* such an offset plus a base */
	RP_ORIGIN_ELEMENT,  /* loaded from an array of pointers */
};

/* What an indirect jump to a value of that origin is. */
enum rp_flow rp_site__jump_by_origin(uint8_t origin);

/* One linear pass over a function. Origins are those in program text order, reset at each end of
 * flow. */
struct rp_sweep {
	const struct rp_site_rules *rules;
	const uint8_t *code;
	uint32_t size;
	uint8_t origins[32]; /* enum rp_origin by register number */
};

/* Decode the instruction at `offset`: 0, or -EILSEQ. `insn` comes zeroed. */
typedef int rp_decode_fn(struct rp_sweep *sweep, uint32_t offset, struct rp_insn *insn);

rp_decode_fn rp_site_x86__decode;
rp_decode_fn rp_site_arm64__decode;

struct rp_code {
	struct rp_insn *insns; /* in the order of their offsets */
	size_t n;
	uint32_t size; /* bytes that were decoded */
	bool complete; /* all of it was */
};

/*
 * Decode a function front to back, up to the first bytes that are no instruction. Without `whole`
 * its end is not known: it is where flow ends and no branch so far leads further. -ENOTSUP with the
 * reason where that cannot be done, -ENOMEM, or 0.
 */
int rp_site__sweep(uint16_t machine, const uint8_t *code, size_t size, bool whole,
		   const struct rp_site_rules *rules, struct rp_code *out, const char **reason);

/* NULL where no instruction begins at that offset: outside, or in the middle of one. */
struct rp_insn *rp_site__insn_at(const struct rp_code *code, uint32_t offset);

/* Set *reason and return -ENOTSUP. */
int rp_site__refuse(const char **reason, const char *why);

#endif

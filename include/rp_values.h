/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Values of the target: where an argument is found when its site is hit, and the comparisons of
 * --where that are made with it.
 */
#ifndef RP_VALUES_H
#define RP_VALUES_H

#include "rp_types.h"

/* Where a USDT argument lives when its site is hit. */
enum rp_arg_kind {
	RP_ARG_NONE = 0,
	RP_ARG_CONST = 1,
	RP_ARG_REG = 2,
	RP_ARG_MEM = 3,
	RP_ARG_UNREADABLE = 4, /* declared in a form that is not understood */
};

struct rp_arg {
	__rp_u8 kind;  /* enum rp_arg_kind */
	__rp_u8 size;  /* bytes: 1, 2, 4 or 8 */
	__rp_u8 flags; /* RP_ARG_* below */
	__rp_u8 scale; /* of the index register: 1, 2, 4, 8; 0 without one */
	__rp_s16 reg;  /* byte offset of the register in struct pt_regs; RP_ARG_MEM: the base, or -1
			*/
	__rp_s16 index; /* the same for the index register, or -1 */
	__rp_s64 value; /* the constant, or the displacement from the base */
};

#define RP_ARG_SIGNED 1u    /* sign-extend to 64 bits */
#define RP_ARG_HEX    2u    /* an address, shown as such */
#define RP_ARG_TEXT   4u    /* points to a string, which is the label */
#define RP_ARGS_MAX   4096u /* different argument specifications */
_Static_assert(sizeof(struct rp_arg) == 16, "rp_arg is shared with BPF");

/* What labels and filters speak of. */
enum rp_operand_kind {
	RP_OPERAND_NONE = 0,
	RP_OPERAND_ARG = 1,
	RP_OPERAND_RET = 2, /* what a function returns */
	RP_OPERAND_DUR = 3, /* ns from entry to exit */
};

/* How an operand stands to the number that it is compared with. */
#define RP_LESS	     1u
#define RP_EQUAL     2u
#define RP_GREATER   4u
#define RP_ANY_ORDER 7u

/* A comparison with a number, or with a pattern of the same index. */
struct rp_atom {
	__rp_u8 kind;	  /* enum rp_operand_kind */
	__rp_u8 accepts;  /* orders in which it holds */
	__rp_u8 negative; /* the number is below zero */
	__rp_u8 is_text;  /* of a string: what matches is RP_EQUAL, all others are RP_LESS */
	__rp_u8 reserved[4];
	__rp_u64 value; /* the number, in 64 bits of two's complement */
};
_Static_assert(sizeof(struct rp_atom) == 16, "rp_atom is shared with BPF");

#define RP_ATOMS_MAX 6u

/*
 * What a site of a region reads: the label, then what is compared; where any string has a length,
 * as many arguments again, the lengths of those. Behind it is what has nothing to do with these.
 */
RP_INLINE __rp_u32 rp_args__lengths(__rp_u32 comparisons)
{
	return 1 + comparisons;
}

RP_INLINE __rp_u32 rp_args__end(__rp_u32 comparisons, bool have_lengths)
{
	return (1 + comparisons) * (have_lengths ? 2 : 1);
}

/* A length is an int, or its lower half; one below zero goes up to the zero byte. */
#define RP_LENGTH_NONE (-1)

/*
 * Which calls are measured. Bit k of an index into the tables is the outcome of comparison k; what
 * cannot be compared counts as untrue.
 */
struct rp_filter {
	__rp_u32 n; /* comparisons; 0: all calls */
	__rp_u32 reserved;
	__rp_u64 table; /* bit i: such calls are measured */
	struct rp_atom atom[RP_ATOMS_MAX];
};
_Static_assert(sizeof(struct rp_filter) == 16 + 16 * RP_ATOMS_MAX, "rp_filter is shared with BPF");

#endif

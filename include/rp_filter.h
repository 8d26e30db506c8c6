/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * --where: comparisons, and a table of truth over their outcomes. A set of outcomes is a number:
 * bit k is that of comparison k.
 */
#ifndef RP_FILTER_H
#define RP_FILTER_H

#include "rp_values.h"

/*
 * A string or a glob of up to RP_PATTERN_MAX characters, as a machine that is in several states at
 * a time, a bit each: in state i the first i characters have found theirs. It takes a step for each
 * byte of a text, whatever the pattern, and never goes back.
 */
#define RP_PATTERN_MAX 63u
struct rp_pattern {
	__rp_u64 accepts[256]; /* by byte: bit i: it is what character i stands for */
	__rp_u64 stays;	       /* bit i: '*' comes before character i, or the end */
	__rp_u64 end;	       /* the state in which all is found */
};

#define RP_PATTERN_START 1ull

RP_INLINE __rp_u64 rp_pattern__step(const volatile struct rp_pattern *pattern, __rp_u64 states,
				    __rp_u8 byte)
{
	return (states & pattern->accepts[byte]) << 1 | (states & pattern->stays);
}

RP_INLINE bool rp_pattern__is_found(const volatile struct rp_pattern *pattern, __rp_u64 states)
{
	return states & pattern->end;
}

RP_INLINE bool rp_atom__holds(const volatile struct rp_atom *atom, __rp_u64 value, bool is_signed)
{
	bool negative = is_signed && (__rp_s64)value < 0, below = atom->negative;
	__rp_u64 number = atom->value;
	__rp_u32 order = RP_EQUAL;

	if (negative != below)
		order = negative ? RP_LESS : RP_GREATER;
	else if (value != number)
		order = value < number ? RP_LESS : RP_GREATER;
	return atom->accepts & order;
}

/* Bits of a table where comparison k holds. */
RP_INLINE __rp_u64 rp_filter__bits_of(__rp_u32 k)
{
	switch (k) {
	case 0:
		return 0xaaaaaaaaaaaaaaaaull;
	case 1:
		return 0xccccccccccccccccull;
	case 2:
		return 0xf0f0f0f0f0f0f0f0ull;
	case 3:
		return 0xff00ff00ff00ff00ull;
	case 4:
		return 0xffff0000ffff0000ull;
	default:
		return 0xffffffff00000000ull;
	}
}

/* All outcomes but those of durations are told: is the call measured? */
RP_INLINE bool rp_filter__holds(const volatile struct rp_filter *filter, __rp_u32 outcomes,
				__rp_u64 ns)
{
	for (__rp_u32 k = 0; k < RP_ATOMS_MAX; k++)
		if (k < filter->n && filter->atom[k].kind == RP_OPERAND_DUR &&
		    rp_atom__holds(&filter->atom[k], ns, false))
			outcomes |= 1u << k;
	return filter->table >> (outcomes & 63) & 1;
}

/*
 * Only the outcomes of operands of some kinds are told (bit RP_OPERAND_*): can those of the others
 * be such that the call is measured?
 */
RP_INLINE bool rp_filter__may_hold(const volatile struct rp_filter *filter, __rp_u32 outcomes,
				   __rp_u32 told)
{
	__rp_u64 table = filter->table;

	for (__rp_u32 k = 0; k < RP_ATOMS_MAX; k++) {
		__rp_u64 bits = rp_filter__bits_of(k);

		if (k < filter->n && told >> (filter->atom[k].kind & 31) & 1)
			table &= outcomes >> k & 1 ? bits : ~bits;
	}
	return table;
}

/*
 * Kinds of operands whose outcomes are told by then, a bit each. What a call does not have is told:
 * its comparisons are untrue.
 */
#define RP_TOLD_AT_CALL	  (1u << RP_OPERAND_ARG)			/* functions only */
#define RP_TOLD_AT_RETURN (1u << RP_OPERAND_RET)			/* entry not seen */
#define RP_TOLD_AT_BEGIN  (1u << RP_OPERAND_ARG | 1u << RP_OPERAND_RET) /* all others */

#endif

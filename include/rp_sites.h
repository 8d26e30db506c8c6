/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Regions and probe sites by number: what a site's attach cookie says. */
#ifndef RP_SITES_H
#define RP_SITES_H

#include "rp_types.h"

/* ---- regions ---------------------------------------------------------------------- */

#define RP_REGION_NONE	  0u	    /* root nodes carry it */
#define RP_REGION_DYNAMIC 0x800000u /* ids from here are names met at run time, in order */
#define RP_REGION_CALIBRATE                                                                        \
	0x7ffff0u /* from here to RP_REGION_DYNAMIC: rptrace's own, never shown */
#define RP_REGION_MASK 0xffffffu
#define RP_NAME_LEN    64 /* bytes of a run-time name, terminator included */
#define RP_TEXT_LEN    64 /* bytes of a string that is a label, without a terminator */
#define RP_COMM_LEN    16

/* ---- probe sites: the attach cookie ------------------------------------------------ */

/* What a hit at a site means. Kept in 4 bits of the cookie. */
enum rp_role {
	RP_ROLE_CALL = 0,	  /* function entry whose return is probed by the kernel */
	RP_ROLE_CALL_SITE = 1,	  /* function entry whose RET sites are probed */
	RP_ROLE_RET_SITE = 2,	  /* RET instruction or tail jump out of the function */
	RP_ROLE_CALL_AND_RET = 9, /* function entry at a RET or tail jump: left as it is entered */
	RP_ROLE_TAIL_JUMP = 12,	  /* jump to a function, probed at its entry, that returns for it */
	RP_ROLE_CALL_AND_JUMP = 13, /* function entry at such a jump */
	RP_ROLE_BEGIN = 3,	    /* USDT or marker begin */
	RP_ROLE_END = 4,	    /* USDT or marker end */
	RP_ROLE_SCOPE_BEGIN = 5,    /* marker block begin; its arg is the key of the block */
	RP_ROLE_SCOPE_END = 6,	    /* marker block end, of any region; its arg is the key */
	RP_ROLE_NAME_BEGIN = 7,	    /* begin of a region named at run time; arg: char pointer */
	RP_ROLE_NAME_END = 8,	    /* end of a region named at run time; arg: char pointer */
	RP_ROLE_SPAN_BEGIN = 10,    /* begin of a span; its arg is the id */
	RP_ROLE_SPAN_END = 11,	    /* end of a span, on any thread; its arg is the id */
};

/*
 * cookie = region (24 bits) | role (4) | flags (4) | index into the arg_specs map (12) | site group
 * (16) | generation of the site group (4). Index 0 of arg_specs is "no argument". A site group is
 * what is attached at once, and starts and stops counting at once.
 */
#define RP_COOKIE(region, role, flags, spec, site_group, generation)                               \
	((__rp_u64)(region) | (__rp_u64)(role) << 24 | (__rp_u64)(flags) << 28 |                   \
	 (__rp_u64)(spec) << 32 | (__rp_u64)(site_group) << 44 | (__rp_u64)(generation) << 60)
#define RP_COOKIE_REGION(c)	((__rp_u32)(c)&RP_REGION_MASK)
#define RP_COOKIE_ROLE(c)	((__rp_u32)(c) >> 24 & 0xf)
#define RP_COOKIE_FLAGS(c)	((__rp_u32)(c) >> 28)
#define RP_COOKIE_SPEC(c)	((__rp_u32)((c) >> 32) & 0xfff)
#define RP_COOKIE_SITE_GROUP(c) ((__rp_u32)((c) >> 44) & 0xffff)
#define RP_COOKIE_GENERATION(c) ((__rp_u32)((c) >> 60))
#define RP_COOKIE_SITE(c)	((c) & (~0ull >> 4)) /* the same in all generations */

#define RP_SITE_LABEL		1u /* the argument is the label of the frame, also of one that ends */
#define RP_SITE_NESTED                                                                             \
	2u		  /* calls of an interpreter: may nest at one and the same C stack depth   \
			   */
#define RP_SITE_GO     2u /* of a function: its frames are on the stack of a goroutine */
#define RP_SITE_SOME   2u /* of the ends of blocks: some that end there are not traced */
#define RP_SITE_LOOSE  4u /* need not nest: may end after what it began in */
#define RP_SITE_SHARED 4u /* of an exit: those come here, too, whose entries are not probed */
#define RP_SITE_CONDITIONAL                                                                        \
	8u /* of a jump: the argument behind those of the filter is its RP_CONDITION_* */
#define RP_SITE_IDS                                                                                \
	8u /* of a begin or an end: the RP_OVERLAP_ARGS behind those of the filter may be ids */

/* When a jump is taken; below these the condition in the opcode of x86's conditional jumps. */
#define RP_CONDITION_ALWAYS  16u
#define RP_CONDITION_UNKNOWN 17u

/*
 * State of a site group: the generation whose hits count, from 1 to 15 and round again; 0: none
 * does, as long as links of the group come or go one by one. While the links of the generation
 * before may still be attached, RP_GENERATION_SWAPPING is set too, and above it the serial number
 * of the swap. A number of a group or a generation is used again only when the kernel has let go of
 * all links that had it.
 */
#define RP_GENERATION_FIRST	 1u
#define RP_GENERATION_NEXT(g)	 ((g) % RP_GENERATION_MASK + 1)
#define RP_GENERATION_MASK	 0xfu
#define RP_GENERATION_SWAPPING	 0x10u
#define RP_GENERATION_SWAP_SHIFT 5
#define RP_SITE_GROUPS_MAX	 65536u

/* Of rptrace's own calibration. */
RP_INLINE bool rp_region_is_own(__rp_u32 region)
{
	return region >= RP_REGION_CALIBRATE && region < RP_REGION_DYNAMIC;
}

RP_INLINE bool rp_role_is_function(__rp_u32 role)
{
	return role == RP_ROLE_CALL || role == RP_ROLE_CALL_SITE;
}

/* A site of such a role may be at a jump, which may be conditional. */
RP_INLINE bool rp_role_may_jump(__rp_u32 role)
{
	return role == RP_ROLE_RET_SITE || role == RP_ROLE_TAIL_JUMP ||
	       role == RP_ROLE_CALL_AND_RET || role == RP_ROLE_CALL_AND_JUMP;
}

/* Is x86's jump on a condition, as its opcode has it, taken with these flags? */
RP_INLINE bool rp_condition__holds(__rp_u64 condition, __rp_u64 flags)
{
	bool cf = flags & 1, pf = flags >> 2 & 1, zf = flags >> 6 & 1, sf = flags >> 7 & 1,
	     of = flags >> 11 & 1;
	const bool holds[8] = {of, cf, zf, cf || zf, sf, pf, sf != of, zf || sf != of};

	return holds[condition >> 1 & 7] != (condition & 1);
}

RP_INLINE bool rp_role_is_exit(__rp_u32 role)
{
	return role == RP_ROLE_RET_SITE || role == RP_ROLE_END || role == RP_ROLE_SCOPE_END ||
	       role == RP_ROLE_NAME_END || role == RP_ROLE_SPAN_END;
}

#endif

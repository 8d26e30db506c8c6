/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Unwinding of a user stack without frame pointers: the rule that one row of a table gives, and
 * the step from a frame to its caller. BPF takes it in the sampled thread, unit tests natively.
 *
 * An object's .eh_frame says for each instruction where the canonical frame address (CFA) is, the
 * stack pointer before the call, and where registers are saved. Of all that a row keeps what leads
 * to the caller: the CFA, below which the return address is, and where the frame pointer is saved,
 * as callers may compute their CFA from it. That is x86-64, where the return address is always at
 * CFA - 8.
 */
#ifndef RP_UNWIND_H
#define RP_UNWIND_H

#include "rp_python.h"
#include "rp_types.h"

/* Where the CFA of a row is. */
enum rp_unwind_cfa {
	RP_UNWIND_CFA_SP,     /* sp + off words */
	RP_UNWIND_CFA_SP_FAR, /* sp + RP_UNWIND_FAR words, and as many more as off says unsigned */
	RP_UNWIND_CFA_FP,     /* fp + off words */
	RP_UNWIND_CFA_SP_DEREF, /* what is stored at sp + off words, and 8 (OpenSSL's assembly) */
	RP_UNWIND_CFA_FP_DEREF, /* what is stored at fp + off words (realigned stacks) */
	RP_UNWIND_CFA_PLT,	/* sp + 8, and 8 more from byte `off` of a 16-byte PLT entry on */
	RP_UNWIND_RETURN_DI,	/* sp + off words; the return address is in rdi (vfork) */
	RP_UNWIND_SIGNAL,	/* the kernel's signal frame: all registers are at sp */
	RP_UNWIND_GAP,		/* .eh_frame says nothing of this code: try the frame pointer */
	RP_UNWIND_ELSEWHERE, /* nor is it of a file, but made at run time, or no code: likewise */
	RP_UNWIND_OUTERMOST, /* it says that there is no caller: the stack is complete */
	RP_UNWIND_UNKNOWN,   /* it says what a row cannot hold */
	RP_UNWIND_CFA_COUNT
};

/* Where the caller's frame pointer is, in words from the CFA; or one of these. */
#define RP_UNWIND_FP_SAME  0	/* not saved: it has not changed */
#define RP_UNWIND_FP_AT_FP 127	/* at the address in the frame pointer (realigned stacks) */
#define RP_UNWIND_FP_LOST  -128 /* nowhere that a row can tell */

#define RP_UNWIND_WORD	   8
#define RP_UNWIND_FAR	   0x8000 /* words: the first number that off cannot hold */

/* Holds from pc up to the pc of the next row. */
struct rp_unwind_row {
	__rp_u32 pc; /* from the base of the object's table */
	__rp_u8 cfa; /* enum rp_unwind_cfa */
	__rp_s8 fp;
	__rp_s16 off;
};
_Static_assert(sizeof(struct rp_unwind_row) == 8, "rp_unwind_row is shared with BPF");

/* Executable memory of a process that is mapped from a file. */
struct rp_unwind_mapping {
	__rp_u64 start, end;
	__rp_u64 bias;	 /* an address in memory less this is the pc of a row */
	__rp_u32 object; /* whose table: index of the inner map */
	__rp_u32 rows;	 /* 0: it has none */
};
_Static_assert(sizeof(struct rp_unwind_mapping) == 32, "rp_unwind_mapping is shared with BPF");

#define RP_UNWIND_MAPPINGS_MAX 256u /* of a process; a power of two */
#define RP_UNWIND_NOWHERE      (1ull << 62)
#define RP_UNWIND_FRAMES_MAX   127u /* of a stack that are kept, from the innermost on */
#define RP_UNWIND_OBJECTS_MAX  4096u
#define RP_UNWIND_ROWS_MAX     (1u << 22) /* of an object */

struct rp_unwind_process {
	/* Of what it has mapped: processes that share one have the same code at the same places. */
	__rp_u64 serial; /* 0: it has no tables */
	/* By start; those that are not used are behind all others, at RP_UNWIND_NOWHERE. */
	struct rp_unwind_mapping mappings[RP_UNWIND_MAPPINGS_MAX];
	struct rp_python python;
};

struct rp_unwind_regs {
	__rp_u64 ip, sp, fp;
	__rp_u64 di;	/* of the thread itself, not of its callers; 0: not known */
	bool is_return; /* ip is a return address: the call before it is what runs */
};

/* Why unwinding has ended: the reason, its key in exports, and what it means. */
#define RP_UNWIND_ENDS(X)                                                                          \
	X(COMPLETE, "complete", "stacks up to their outermost frame")                              \
	X(DEPTH, "depth", "stacks deeper than what is kept of one")                                \
	X(NO_ROW, "no_row", "code that has neither unwind tables nor frame pointers")              \
	X(UNKNOWN, "unknown", "code whose unwind table says what rptrace cannot follow")           \
	X(UNREADABLE, "unreadable", "memory of a stack that could not be read")                    \
	X(INCONSISTENT, "inconsistent", "stacks that do not lead upwards")                         \
	X(PROBE, "probe", "a return that one of rptrace's own probes was just about to take over") \
	X(EARLY, "early", "code that had just been mapped, and had no unwind tables yet")
enum rp_unwind_end {
	RP_UNWIND_GOES_ON,
#define RP_UNWIND_END_ENUM(symbol, key, meaning) RP_UNWIND_END_##symbol,
	RP_UNWIND_ENDS(RP_UNWIND_END_ENUM)
#undef RP_UNWIND_END_ENUM
		RP_UNWIND_END_COUNT
};

/* One word of the thread's memory; false: it cannot be read. */
typedef bool (*rp_unwind_read)(const void *memory, __rp_u64 address, __rp_u64 *value);

/* Of what the kernel puts on the stack for a signal handler, from ucontext_t on. */
#define RP_UNWIND_SIGNAL_FP 120u
#define RP_UNWIND_SIGNAL_SP 160u
#define RP_UNWIND_SIGNAL_IP 168u

/* From the signal's frame to what it has interrupted, which may be on another stack. */
RP_INLINE enum rp_unwind_end rp_unwind__signal(struct rp_unwind_regs *regs, rp_unwind_read read,
					       const void *memory)
{
	__rp_u64 context = regs->sp;

	if (!read(memory, context + RP_UNWIND_SIGNAL_IP, &regs->ip) ||
	    !read(memory, context + RP_UNWIND_SIGNAL_SP, &regs->sp) ||
	    !read(memory, context + RP_UNWIND_SIGNAL_FP, &regs->fp))
		return RP_UNWIND_END_UNREADABLE;
	regs->di = 0;
	regs->is_return = false;
	return RP_UNWIND_GOES_ON;
}

/* A child that has the stack of its parent may write over return addresses on it. */
RP_INLINE enum rp_unwind_end rp_unwind__by_register(const struct rp_unwind_row *row,
						    struct rp_unwind_regs *regs)
{
	if (regs->is_return || !regs->di)
		return RP_UNWIND_END_UNKNOWN;
	regs->ip = regs->di;
	regs->sp += (__rp_s64)row->off * RP_UNWIND_WORD;
	regs->is_return = true;
	return RP_UNWIND_GOES_ON;
}

/*
 * A call is RP_UNWIND_CALL and 4 bytes of how far; or RP_UNWIND_CALL_AT and what is called in 1, 2,
 * 5 or 6 bytes, the first of which tells it from other instructions.
 */
#define RP_UNWIND_CALL	    0xe8
#define RP_UNWIND_CALL_AT   0xff
#define RP_UNWIND_AT_MASK   0x38
#define RP_UNWIND_AT_CALLEE 0x10

/* The byte of the instruction that is so far before where it returns to. */
#define RP_UNWIND_BYTE(code, before) ((code) >> 8 * (8 - (before)) & 0xff)
#define RP_UNWIND_CALLS_AT(code, before)                                                           \
	(RP_UNWIND_BYTE(code, before) == RP_UNWIND_CALL_AT &&                                      \
	 (RP_UNWIND_BYTE(code, (before)-1) & RP_UNWIND_AT_MASK) == RP_UNWIND_AT_CALLEE)

/* Is a call right before that address? */
RP_INLINE bool rp_unwind__is_behind_call(__rp_u64 ip, rp_unwind_read read, const void *memory)
{
	__rp_u64 word = ip & -(__rp_u64)RP_UNWIND_WORD, bits = (ip - word) * 8, before, at = 0;
	__rp_u64 code;

	if (!read(memory, word - RP_UNWIND_WORD, &before) || (bits && !read(memory, word, &at)))
		return false;
	code = bits ? before >> bits | at << (64 - bits) : before;
	return RP_UNWIND_BYTE(code, 5) == RP_UNWIND_CALL || RP_UNWIND_CALLS_AT(code, 2) ||
	       RP_UNWIND_CALLS_AT(code, 3) || RP_UNWIND_CALLS_AT(code, 6) ||
	       RP_UNWIND_CALLS_AT(code, 7);
}

/*
 * Most assembly without rows keeps no frame and calls nothing: what has called it is on top of the
 * stack. Only where a thread itself is; and where nothing else is known, as on top of a frame may
 * be what an earlier call has left there.
 */
RP_INLINE enum rp_unwind_end rp_unwind__by_top_of_stack(struct rp_unwind_regs *regs,
							rp_unwind_read read, const void *memory)
{
	__rp_u64 ip;

	if (!read(memory, regs->sp, &ip) || !rp_unwind__is_behind_call(ip, read, memory))
		return RP_UNWIND_END_NO_ROW;
	regs->ip = ip;
	regs->sp += RP_UNWIND_WORD;
	regs->is_return = true;
	return RP_UNWIND_GOES_ON;
}

/* Code without rows: fine where it keeps frame pointers, as compilers at run time do. */
RP_INLINE enum rp_unwind_end rp_unwind__by_frame_pointer(struct rp_unwind_regs *regs, bool in_file,
							 rp_unwind_read read, const void *memory)
{
	__rp_u64 frame = regs->fp, ip, fp;

	/* That is how the outermost frame of such a chain is marked. */
	if (!frame && regs->is_return && in_file)
		return RP_UNWIND_END_COMPLETE;
	if (frame < regs->sp || frame % RP_UNWIND_WORD)
		return RP_UNWIND_END_NO_ROW;
	if (!read(memory, frame, &fp) || !read(memory, frame + RP_UNWIND_WORD, &ip))
		return RP_UNWIND_END_UNREADABLE;
	regs->ip = ip;
	regs->fp = fp;
	regs->sp = frame + 2 * RP_UNWIND_WORD;
	regs->is_return = true;
	return ip ? RP_UNWIND_GOES_ON : RP_UNWIND_END_COMPLETE;
}

/* 0: it cannot be told, as the memory that holds it cannot be read. */
RP_INLINE __rp_u64 rp_unwind__cfa(const struct rp_unwind_row *row,
				  const struct rp_unwind_regs *regs, rp_unwind_read read,
				  const void *memory)
{
	__rp_u64 off = (__rp_s64)row->off * RP_UNWIND_WORD, cfa = 0;

	switch (row->cfa) {
	case RP_UNWIND_CFA_SP:
		return regs->sp + off;
	case RP_UNWIND_CFA_SP_FAR:
		return regs->sp + (RP_UNWIND_FAR + (__rp_u64)(__rp_u16)row->off) * RP_UNWIND_WORD;
	case RP_UNWIND_CFA_FP:
		return regs->fp + off;
	case RP_UNWIND_CFA_SP_DEREF:
		return read(memory, regs->sp + off, &cfa) ? cfa + RP_UNWIND_WORD : 0;
	case RP_UNWIND_CFA_FP_DEREF:
		return read(memory, regs->fp + off, &cfa) ? cfa : 0;
	default: /* in a PLT entry */
		cfa = regs->sp + RP_UNWIND_WORD;
		return (regs->ip & 15) >= (__rp_u64)row->off ? cfa + RP_UNWIND_WORD : cfa;
	}
}

/* From a frame to its caller, by the row that holds at its pc. */
RP_INLINE enum rp_unwind_end rp_unwind__step(const struct rp_unwind_row *row,
					     struct rp_unwind_regs *regs, rp_unwind_read read,
					     const void *memory)
{
	__rp_u64 cfa, ip, at_fp = regs->fp;
	bool is_caller = regs->is_return;
	enum rp_unwind_end end;

	switch (row->cfa) {
	case RP_UNWIND_OUTERMOST:
		return RP_UNWIND_END_COMPLETE;
	case RP_UNWIND_GAP:
		end = rp_unwind__by_frame_pointer(regs, true, read, memory);
		if (end == RP_UNWIND_END_NO_ROW && !is_caller)
			end = rp_unwind__by_top_of_stack(regs, read, memory);
		return end;
	case RP_UNWIND_ELSEWHERE:
		return rp_unwind__by_frame_pointer(regs, false, read, memory);
	case RP_UNWIND_RETURN_DI:
		return rp_unwind__by_register(row, regs);
	case RP_UNWIND_SIGNAL:
		return rp_unwind__signal(regs, read, memory);
	case RP_UNWIND_UNKNOWN:
		return RP_UNWIND_END_UNKNOWN;
	}
	cfa = rp_unwind__cfa(row, regs, read, memory);
	if (!cfa)
		return RP_UNWIND_END_UNREADABLE;
	/* A stack grows down: callers are further up, or the registers are not what they seem. */
	if (cfa <= regs->sp)
		return RP_UNWIND_END_INCONSISTENT;
	if (!read(memory, cfa - RP_UNWIND_WORD, &ip))
		return RP_UNWIND_END_UNREADABLE;
	if (row->fp == RP_UNWIND_FP_LOST)
		regs->fp = 0;
	else if (row->fp != RP_UNWIND_FP_SAME) {
		if (row->fp != RP_UNWIND_FP_AT_FP)
			at_fp = cfa + (__rp_s64)row->fp * RP_UNWIND_WORD;
		if (!read(memory, at_fp, &regs->fp))
			return RP_UNWIND_END_UNREADABLE;
	}
	regs->ip = ip;
	regs->sp = cfa;
	regs->is_return = true;
	if (ip)
		return RP_UNWIND_GOES_ON;
	/* Where the thread itself is, a frame may be in the making. */
	return is_caller ? RP_UNWIND_END_COMPLETE : RP_UNWIND_END_INCONSISTENT;
}

#endif

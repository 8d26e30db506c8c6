/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Where in a function to put a probe: the cheapest safe instruction for the entry, and the
 * instructions that leave the function. Pure decoding of bytes (x86-64 through Zydis, arm64 by
 * mask).
 */
#ifndef RP_SITE_H
#define RP_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/plan.h"

struct rp_entry_site {
	uint32_t offset; /* bytes from the start of the function */
	bool slow;	 /* single-stepped */
};

/*
 * Choose the entry site. From the start, skip instructions that change neither the stack pointer
 * nor an argument register nor memory nor control flow, as long as no branch within the function
 * may land in between, to reach one that the kernel emulates; at the site (%rsp) is still the
 * return address. The one branch that is skipped is a stack check that starts the function over
 * (Go), as what is before it runs more than once a call. Where none is found: the first instruction
 * that can be probed, slow. code: the function's bytes (size of them), read from the file.
 * 0, -ENOMEM, or -ENOTSUP where no site is safe and reached once a call, *reason a static line.
 */
int rp_site__entry(uint16_t machine, const uint8_t *code, size_t size,
		   const struct rp_site_rules *rules, struct rp_entry_site *out,
		   const char **reason);

/*
 * What a function calls, or jumps to, before anything else: offset from its start; 0 where it does
 * neither, or within itself, or it is not known where to.
 */
int64_t rp_site__first_branch(uint16_t machine, const uint8_t *code, size_t size);

/* How control leaves a function for good. */
enum rp_exit_kind {
	RP_EXIT_RETURN,	   /* RET */
	RP_EXIT_TAIL_CALL, /* a direct jump with the stack as at entry: the target returns for it */
	RP_EXIT_POINTER,   /* the same through a pointer */
};

/* Offsets are relative to the start of the function; other parts of it may lie before it. */
struct rp_exit_site {
	int64_t offset;
	int64_t target;	   /* of a tail call */
	uint8_t kind;	   /* enum rp_exit_kind */
	uint8_t condition; /* RP_CONDITION_*: when the jump is taken */
	bool slow;	   /* single-stepped */
};

struct rp_exits {
	struct rp_exit_site *items; /* by offset */
	size_t n;
	const char *caution; /* NULL, or where code that is not seen may return for the function */
};

/* The code of the object around a function, by offsets from its start. */
struct rp_surroundings {
	/* Copy code up to the next function, at most len bytes; how many there were. */
	size_t (*read)(const void *ctx, int64_t offset, uint8_t *buf, size_t len);
	/* Parts of the function that are known by name (its cold parts); false past the last. */
	bool (*part)(const void *ctx, size_t i, int64_t *offset, size_t *size);
	const void *ctx;
};

/*
 * All exits of a function, those in parts of it elsewhere included. One of them is the entry site
 * where a function does nothing but jump elsewhere or return. `whole`: the code is that of the
 * function; else it begins with it and goes on beyond its end, which is not known. around: NULL
 * where there is nothing but the code. 0; -ENOMEM; or -ENOTSUP with *reason: the bytes do not
 * decode, the size is not known, or an indirect jump that may be a jump table or a tail call cannot
 * be told apart. No exits at all: it never returns.
 */
int rp_site__exits(uint16_t machine, const uint8_t *code, size_t size, bool whole,
		   const struct rp_surroundings *around, struct rp_exits *out, const char **reason);
void rp_exits__free(struct rp_exits *exits);

/*
 * Where to probe a USDT nop: offset to add, and slow. -ENOTSUP likewise. code: the bytes from the
 * nop on, no more than 16 are used, and none past the end of its page of the file: the kernel
 * refuses a 10-byte nop that crosses one.
 */
int rp_site__nop(uint16_t machine, const uint8_t *code, size_t size,
		 const struct rp_site_rules *rules, struct rp_entry_site *out, const char **reason);

#endif

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
 * All exits: RET instructions and unconditional jumps (direct or not) that leave the function with
 * the stack pointer as at entry. Offsets from the start of the function, ascending, in a malloc'ed
 * array. One of them is the entry site where a function does nothing but jump elsewhere or return.
 * 0, and then *reason is not NULL but a caution where code outside the function's bytes may return
 * for it unseen (cold parts, conditional tail calls); -ENOMEM; or -ENOTSUP with *reason: the bytes
 * do not decode, the size is not known, an indirect jump that may be a jump table or a tail call
 * cannot be told apart, or there is no exit at all.
 */
int rp_site__exits(uint16_t machine, const uint8_t *code, size_t size, uint32_t **offsets,
		   size_t *n, const char **reason);

/*
 * Where to probe a USDT nop: offset to add, and slow. -ENOTSUP likewise. code: the bytes from the
 * nop on, no more than 16 are used, and none past the end of its page of the file: the kernel
 * refuses a 10-byte nop that crosses one.
 */
int rp_site__nop(uint16_t machine, const uint8_t *code, size_t size,
		 const struct rp_site_rules *rules, struct rp_entry_site *out, const char **reason);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What unwind.bpf.c tells test_unwind. */
#ifndef UNWIND_STACK_H
#define UNWIND_STACK_H

#include "rp_unwind.h"

struct unwind_stack {
	__rp_u32 n;
	__rp_u32 end; /* enum rp_unwind_end */
	__rp_u64 address[RP_UNWIND_FRAMES_MAX];
};

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A shared object that switches stacks, for turns: a library of coroutines, as small as can be. */
#include "regions.h"

#ifdef __x86_64__
void turn_to(void **from, void **to);
__asm__(".text; .globl turn_to; .type turn_to,@function; turn_to:"
	"push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15;"
	"mov %rsp,(%rdi); mov (%rsi),%rsp;"
	"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp; ret;"
	".size turn_to,.-turn_to");
#endif

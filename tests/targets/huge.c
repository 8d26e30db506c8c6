// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * huge N: a program of 100,000 functions, in five parts of 20,000 that are called part1_... to
 * part5_...; calls all of part1 N times, with 0 until its input ends, and every hundredth of the
 * others once. The assembler makes the functions, as a compiler would take minutes.
 */
#include <poll.h>

#include "target.h"

#define FUNCTIONS 20000UL /* a part */

#ifdef __x86_64__
#define BODY                                                                                       \
	"push %rbp\n mov %rsp, %rbp\n add %rdi, huge_sum(%rip)\n xor %eax, %eax\n pop %rbp\n "     \
	"ret\n"
#else
#define BODY                                                                                       \
	"stp x29, x30, [sp, #-16]!\n mov x29, sp\n adrp x1, huge_sum\n add x1, x1, "               \
	":lo12:huge_sum\n"                                                                         \
	"ldr x2, [x1]\n add x2, x2, x0\n str x2, [x1]\n ldp x29, x30, [sp], #16\n ret\n"
#endif

/* \@ counts the expansions; what is in subsection 1 comes to lie together, as the table. */
__asm__(".macro huge_fn part\n"
	".pushsection .text\n"
	".type part\\part\\()_\\@, %function\n"
	"part\\part\\()_\\@:\n" BODY ".size part\\part\\()_\\@, . - part\\part\\()_\\@\n"
	".popsection\n"
	".quad part\\part\\()_\\@\n"
	".endm\n"
	".pushsection .data.rel.ro.huge, \"aw\"\n"
	"huge_table:\n"
	".rept 20000\n huge_fn 1\n .endr\n"
	".rept 20000\n huge_fn 2\n .endr\n"
	".rept 20000\n huge_fn 3\n .endr\n"
	".rept 20000\n huge_fn 4\n .endr\n"
	".rept 20000\n huge_fn 5\n .endr\n"
	".popsection\n");

extern void (*const huge_table[])(unsigned long);
unsigned long huge_sum;

static void call_part1(void)
{
	for (unsigned long i = 0; i < FUNCTIONS; i++)
		huge_table[i](1);
}

static int input_ends(void)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&in, 1, 50) > 0;
}

int main(int argc, char **argv)
{
	unsigned long n = target_number(argc, argv, 1, 3), rounds = 0;

	target_wait();
	while (n ? rounds < n : !input_ends()) {
		call_part1();
		rounds++;
	}
	for (unsigned long i = FUNCTIONS; i < 5 * FUNCTIONS; i += 100)
		huge_table[i](1);
	if (huge_sum != rounds * FUNCTIONS + 4 * FUNCTIONS / 100)
		return 3;
	if (n)
		printf("calls %lu\n", huge_sum);
	else
		puts("done");
	return 0;
}

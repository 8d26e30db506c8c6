/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * sites N [nop5]: probe sites that kernels treat differently, each reached N times here and N times
 * in a child: functions that open with nops of 1, 5 and 10 bytes, USDT probes at the same, one of
 * them behind a semaphore. Says "expect REGION COUNT" at its end, of the USDT probe at a 5-byte nop
 * with "nop5" only. Ends with 1 where a probe changed the red zone, or the child died.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "regions.h"
#include "target.h"

#define NOP1  ".byte 0x90\n"
#define NOP5  ".byte 0x0f,0x1f,0x44,0,0\n"
#define NOP10 ".byte 0x66,0x2e,0x0f,0x1f,0x84,0,0,0,0,0\n"

/* A USDT probe as systemtap's sys/sdt.h has it, at a nop of choice. */
#define PROBE(name, nop, semaphore)                                                                \
	"990: " nop ".pushsection .note.stapsdt,\"\",\"note\"\n.balign 4\n"                        \
	".4byte 992f-991f, 994f-993f, 3\n"                                                         \
	"991: .asciz \"stapsdt\"\n992: .balign 4\n"                                                \
	"993: .8byte 990b, _.stapsdt.base, " semaphore "\n"                                        \
	".asciz \"kernels\"\n.asciz \"" name "\"\n.asciz \"\"\n"                                   \
	"994: .balign 4\n.popsection\n"

__asm__(".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
	".weak _.stapsdt.base\n.hidden _.stapsdt.base\n_.stapsdt.base: .space 1\n"
	".size _.stapsdt.base,1\n.popsection\n");

#define FUNCTION(name, body)                                                                       \
	__asm__(".pushsection .text\n.p2align 4\n.globl " #name "\n.type " #name                   \
		", @function\n" #name ":\n" body ".size " #name ", . - " #name "\n.popsection\n"); \
	void name(void)

FUNCTION(open_nop1, NOP1 "push %rbp\npop %rbp\nret\n");
FUNCTION(open_nop5, NOP5 "push %rbp\npop %rbp\nret\n");
FUNCTION(open_nop10, NOP10 "push %rbp\npop %rbp\nret\n");
FUNCTION(open_endbr_nop5, "endbr64\n" NOP5 "push %rbp\npop %rbp\nret\n");

/* As rptrace's own markers: the site is a place of its own, so that a test sees what is there. */
FUNCTION(at_nop1_nop10,
	 PROBE("both__start", NOP1 NOP10, "0") PROBE("both__done", NOP1 NOP10, "0") "ret\n");

volatile unsigned short guarded_semaphore __attribute__((section(".probes")));
unsigned long red_zone_nop5(void);

/*
 * Fills the red zone, passes the probes, and returns how many of its words are not what they were.
 */
__asm__(".pushsection .text\n.p2align 4\n.globl red_zone_nop5\n"
	".type red_zone_nop5, @function\nred_zone_nop5:\n"
	"mov $16, %ecx\n"
	"1: mov %rcx, %rax\nneg %rax\nmov %rcx, (%rsp,%rax,8)\ndec %ecx\njnz 1b\n" PROBE(
		"five__start", NOP5, "0")
		PROBE("five__done", NOP5,
		      "0") "xor %eax, %eax\nmov $16, %ecx\n"
			   "2: mov %rcx, %rdx\nneg %rdx\nxor %r8d, %r8d\ncmp %rcx, "
			   "(%rsp,%rdx,8)\nsetne %r8b\n"
			   "add %r8, %rax\ndec %ecx\njnz 2b\n"
			   "ret\n.size red_zone_nop5, . - red_zone_nop5\n.popsection\n");

NO_CLONES static void guarded(void)
{
	if (!guarded_semaphore)
		return;
	__asm__ volatile(PROBE("guarded__start", NOP1, "guarded_semaphore"));
	KEEP();
	__asm__ volatile(PROBE("guarded__done", NOP1, "guarded_semaphore"));
}

static void work(unsigned long n)
{
	while (n--) {
		open_nop1();
		open_nop5();
		open_nop10();
		open_endbr_nop5();
		at_nop1_nop10();
		guarded();
		if (red_zone_nop5())
			exit(1);
	}
}

int main(int argc, char **argv)
{
	unsigned long n = target_number(argc, argv, 1, 10);
	int status;

	say_code(at_nop1_nop10);
	RPT_WAIT();
	work(n);
	if (fork() == 0) {
		work(n);
		_exit(0);
	}
	if (wait(&status) < 0 || status)
		return 1;
	expect("open_nop1", 2 * n);
	expect("open_nop5", 2 * n);
	expect("open_nop10", 2 * n);
	expect("open_endbr_nop5", 2 * n);
	expect("both", 2 * n);
	expect("guarded", 2 * n);
	if (argc > 2 && !strcmp(argv[2], "nop5"))
		expect("five", 2 * n);
	return 0;
}

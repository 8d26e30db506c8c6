// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * tails MODE N: functions whose last act is a jump. They are written in assembly, as whether a
 * compiler makes such jumps depends on its version. 1 ms is spent in `finish`, which all lead to.
 *
 *   direct N       wrap jumps to finish, N times
 *   chain N        first jumps to second, second to third, third to finish, N times
 *   maybe N        maybe jumps to finish if its argument is not 0: every other time
 *   pointer N      through jumps to finish by a pointer, N times
 *   cold N         slow has its rare path in another section, which returns for it: every other
 * time pingpong N     ping and pong jump to each other 10 times, in each of N calls of ping jump N
 * wrap_jump jumps to leave_all, which leaves by longjmp, N times; then wrap N times
 */
#include <setjmp.h>
#include <string.h>
#include <time.h>

#include "regions.h"
#include "target.h"

#ifdef __x86_64__

static jmp_buf back;

void wrap(void);
void first(void);
void second(void);
void third(void);
void maybe(int);
void through(void);
void slow(int);
void ping(int);
void pong(int);
void wrap_jump(void);
void finish(void);
void leave_all(void);
extern void (*volatile finish_pointer)(void);

void (*volatile finish_pointer)(void) = finish;

#define FUNCTION(name, code)                                                                       \
	".globl " name "\n.type " name ",@function\n" name ":\n" code ".size " name ",.-" name "\n"

__asm__(".text\n" FUNCTION("wrap", "push %rbx\n pop %rbx\n jmp finish\n") FUNCTION(
	"first", "jmp second\n") FUNCTION("second", "push %rbx\n pop %rbx\n jmp third\n")
		FUNCTION("third", "xor %eax,%eax\n jmp finish\n")
			FUNCTION("maybe", "test %edi,%edi\n jne finish\n ret\n") FUNCTION(
				"through", "push %rbx\n pop %rbx\n jmp *finish_pointer(%rip)\n")
				FUNCTION("slow", "push %rbx\n test %edi,%edi\n jne slow_rare\n pop "
						 "%rbx\n ret\n")
					FUNCTION("ping", "sub $1,%edi\n js finish\n jmp pong\n")
						FUNCTION("pong",
							 "push %rbx\n pop %rbx\n jmp ping\n")
							FUNCTION("wrap_jump",
								 "push %rbx\n pop %rbx\n jmp "
								 "leave_all\n") ".section "
										".text.unlikely,"
										"\"ax\",@progbits\n"
										"slow_rare:\n call "
										"finish\n pop "
										"%rbx\n ret\n"
										".text\n");

NO_CLONES void finish(void)
{
	struct timespec ms = {.tv_nsec = 1000000};

	nanosleep(&ms, NULL);
	KEEP();
}

NO_CLONES void leave_all(void)
{
	longjmp(back, 1);
}

static void call_by_jump(unsigned long n)
{
	for (volatile unsigned long i = 0; i < n; i++)
		if (!setjmp(back))
			wrap_jump();
	for (unsigned long i = 0; i < n; i++)
		wrap();
	expect("wrap_jump", 0);
	say("unwound wrap_jump %lu", n);
	expect("wrap", n);
}

static void call(const char *mode, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		if (!strcmp(mode, "direct"))
			wrap();
		else if (!strcmp(mode, "chain"))
			first();
		else if (!strcmp(mode, "maybe"))
			maybe(i & 1);
		else if (!strcmp(mode, "pointer"))
			through();
		else if (!strcmp(mode, "cold"))
			slow(i & 1);
		else
			ping(10);
	}
	expect("wrap", strcmp(mode, "direct") ? 0 : n);
	expect("first", strcmp(mode, "chain") ? 0 : n);
	expect("second", strcmp(mode, "chain") ? 0 : n);
	expect("third", strcmp(mode, "chain") ? 0 : n);
	expect("maybe", strcmp(mode, "maybe") ? 0 : n);
	expect("through", strcmp(mode, "pointer") ? 0 : n);
	expect("slow", strcmp(mode, "cold") ? 0 : n);
	expect("ping", strcmp(mode, "pingpong") ? 0 : 11 * n);
	expect("pong", strcmp(mode, "pingpong") ? 0 : 10 * n);
	expect("finish", !strcmp(mode, "maybe") || !strcmp(mode, "cold") ? n / 2 : n);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "direct";
	unsigned long n = target_number(argc, argv, 2, 10);

	target_wait();
	if (!strcmp(mode, "jump"))
		call_by_jump(n);
	else
		call(mode, n);
	return 0;
}

#else

int main(void)
{
	target_wait();
	say("no assembly for this machine");
	return 0;
}

#endif

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * coroutines WAY N [together]: two coroutines with stacks of their own take turns, each in the
 * middle of a call of request, N calls each. So functions are left in the order in which they were
 * entered. The program switches stacks by code of its own:
 *
 *   load      mov (%rsi),%rsp
 *   register  mov %rsi,%rsp
 *   exchange  xchg %rsi,%rsp
 *   pop       pop %rsp
 *   add       add %rsi,%rsp
 *   choose    cmovne %rsi,%rsp
 *   leave     mov (%rsi),%rbp; leave
 *
 * together: their stacks lie in one mapping, with nothing between them.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "regions.h"
#include "target.h"

#define STACK_BYTES 65536
#define GUARD_BYTES 4096

/* Save the stack pointer at *from and go on with that at *to. */
typedef void switch_fn(void **from, void **to);

#ifdef __x86_64__
#define SAVED_WORDS 7 /* with the address to return to */
#define SAVE	    "push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15; mov %rsp,(%rdi);"
#define RESTORE	    "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp; ret;"
#define SWITCH(name, load)                                                                         \
	switch_fn name;                                                                            \
	__asm__(".text; .type " #name ",@function; " #name ": " SAVE load RESTORE ".size " #name   \
		",.-" #name)

SWITCH(by_load, "mov (%rsi),%rsp;");
SWITCH(by_register, "mov (%rsi),%rsi; mov %rsi,%rsp;");
SWITCH(by_exchange, "mov (%rsi),%rsi; xchg %rsi,%rsp;");
SWITCH(by_pop, "push (%rsi); pop %rsp;");
SWITCH(by_add, "mov (%rsi),%rsi; sub %rsp,%rsi; add %rsi,%rsp;");
SWITCH(by_choice, "mov (%rsi),%rsi; test %rsi,%rsi; cmovne %rsi,%rsp;");
/* It pops one word more than is there. */
SWITCH(by_leave, "mov (%rsi),%rsi; sub $8,%rsi; mov %rsi,%rbp; leave;");
#endif

static const struct {
	const char *name;
	switch_fn *function;
} ways[] = {
#ifdef __x86_64__
	{"load", by_load}, {"register", by_register}, {"exchange", by_exchange}, {"pop", by_pop},
	{"add", by_add},   {"choose", by_choice},     {"leave", by_leave},
#endif
};

static switch_fn *switch_to;
static unsigned long rounds;
static void *main_sp, *sp[2];

NO_CLONES void request(int i);
void request(int i)
{
	switch_to(&sp[i], &main_sp);
	KEEP();
}

static void run(int i)
{
	for (unsigned long n = 0; n < rounds; n++)
		request(i);
	switch_to(&sp[i], &main_sp);
	abort();
}

static void first(void)
{
	run(0);
}

static void second(void)
{
	run(1);
}

#ifdef __x86_64__
static int together;

/* Guarded below, so no two are in one mapping, or of one that has room for both. */
static char *stack_memory(int i)
{
	static char *both;
	size_t bytes = together ? 2 * STACK_BYTES : STACK_BYTES;
	char *stack = both;

	if (!stack)
		stack = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			     0);
	if (stack == MAP_FAILED || (!together && mprotect(stack, GUARD_BYTES, PROT_NONE)))
		exit(1);
	if (!together)
		return stack;
	both = stack;
	return both + i * STACK_BYTES;
}

/* As if it had been left at the beginning of a function. */
static void *new_stack(int i, void (*begin)(void))
{
	void **top = (void **)(stack_memory(i) + STACK_BYTES) - 8;

	top[0] = (void *)(uintptr_t)begin;
	return top - (SAVED_WORDS - 1);
}
#else
static int together;

static void *new_stack(int i, void (*begin)(void))
{
	(void)i;
	(void)begin;
	return NULL;
}
#endif

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(argv[1], ways[i].name))
			switch_to = ways[i].function;
	if (!switch_to)
		return 77; /* not written for this machine */
	rounds = target_number(argc, argv, 2, 100);
	together = argc > 3;
	sp[0] = new_stack(0, first);
	sp[1] = new_stack(1, second);
	target_wait();
	for (unsigned long n = 0; n <= rounds; n++)
		for (int i = 0; i < 2; i++)
			switch_to(&main_sp, &sp[i]);
	expect("request", 2 * rounds);
	return 0;
}

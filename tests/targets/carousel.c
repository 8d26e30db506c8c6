/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * carousel N ROUNDS [alone] [together]: N coroutines take turns, in any order. Each makes ROUNDS
 * calls of request, which calls parse, gives way, and calls reply, which gives way, too. Whose turn
 * it is main asks pick for, in serve.
 *
 * alone: neither serve nor pick, so no call is made on the stack of main. together: the stacks lie
 * in one mapping, with nothing between them.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "regions.h"
#include "target.h"

#define COROUTINES_MAX 2000
#define STACK_BYTES    65536
#define GUARD_BYTES    4096

static ucontext_t home, coroutine[COROUTINES_MAX];
static unsigned long rounds, n_coroutines, n_picked;
static unsigned long left[COROUTINES_MAX]; /* turns of each */
static uint32_t chance = 1;

static void give_way(unsigned i)
{
	swapcontext(&coroutine[i], &home);
}

REGION_FN(parse)
{
	KEEP();
}

NO_CLONES void reply(unsigned i);
void reply(unsigned i)
{
	give_way(i);
	KEEP();
}

NO_CLONES void request(unsigned i);
void request(unsigned i)
{
	parse();
	give_way(i);
	reply(i);
	KEEP();
}

static void run(int i)
{
	for (unsigned long n = 0; n < rounds; n++)
		request((unsigned)i);
}

/* The next that has turns left, from one that is chosen by chance. */
static unsigned choose(void)
{
	unsigned i;

	chance = chance * 1664525u + 1013904223u;
	i = (chance >> 8) % n_coroutines;
	while (!left[i])
		i = (i + 1) % n_coroutines;
	return i;
}

NO_CLONES unsigned pick(void);
unsigned pick(void)
{
	n_picked++;
	return choose();
}

static void go_round(unsigned (*next)(void))
{
	for (unsigned long turns = n_coroutines * (2 * rounds + 1); turns; turns--) {
		unsigned i = next();

		left[i]--;
		swapcontext(&home, &coroutine[i]);
	}
}

REGION_FN(serve)
{
	go_round(pick);
	KEEP();
}

static void make(unsigned i, char *stack, bool together)
{
	if (!together && mprotect(stack, GUARD_BYTES, PROT_NONE))
		exit(1);
	getcontext(&coroutine[i]);
	coroutine[i].uc_stack.ss_sp = stack + (together ? 0 : GUARD_BYTES);
	coroutine[i].uc_stack.ss_size = STACK_BYTES - (together ? 0 : GUARD_BYTES);
	coroutine[i].uc_link = &home;
	makecontext(&coroutine[i], (void (*)(void))run, 1, (int)i);
	left[i] = 2 * rounds + 1;
}

static bool is_asked_for(int argc, char **argv, const char *what)
{
	for (int i = 3; i < argc; i++)
		if (!strcmp(argv[i], what))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	bool together = is_asked_for(argc, argv, "together");
	bool alone = is_asked_for(argc, argv, "alone");
	char *stacks;

	n_coroutines = target_number(argc, argv, 1, 8);
	rounds = target_number(argc, argv, 2, 10);
	if (!n_coroutines || n_coroutines > COROUTINES_MAX)
		return 2;
	stacks = mmap(NULL, n_coroutines * STACK_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stacks == MAP_FAILED)
		return 1;
	for (unsigned i = 0; i < n_coroutines; i++)
		make(i, stacks + (n_coroutines - 1 - i) * STACK_BYTES, together);
	target_wait();
	if (alone)
		go_round(choose);
	else
		serve();
	expect("request", n_coroutines * rounds);
	expect("parse", n_coroutines * rounds);
	expect("reply", n_coroutines * rounds);
	if (!alone) {
		expect("serve", 1);
		expect("pick", n_picked);
	}
	return 0;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * sigcoroutines N: two coroutines take turns, each in the middle of a call of request, N calls
 * each. Each was born in a handler on a signal stack, into which the program jumps back after it
 * has ended: the way of GNU Pth, which needs no code of its own to switch stacks.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "regions.h"
#include "target.h"

#define STACK_BYTES 65536
#define GUARD_BYTES 4096

static jmp_buf main_place, places[2];
static volatile int born;
static unsigned long rounds;

static void yield(int i)
{
	if (!_setjmp(places[i]))
		_longjmp(main_place, 1);
}

NO_CLONES void request(int i);
void request(int i)
{
	yield(i);
	KEEP();
}

NO_CLONES void run(int i);
void run(int i)
{
	for (unsigned long n = 0; n < rounds; n++)
		request(i);
	yield(i);
	abort();
}

static void handle(int signal)
{
	(void)signal;
	if (_setjmp(places[born]))
		run(born);
}

/* No two are in one mapping. */
static void give_birth(int i)
{
	void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	stack_t own = {.ss_sp = stack, .ss_size = STACK_BYTES}, none = {.ss_flags = SS_DISABLE};

	if (stack == MAP_FAILED || mprotect(stack, GUARD_BYTES, PROT_NONE))
		exit(1);
	own.ss_sp = (char *)stack + GUARD_BYTES;
	own.ss_size = STACK_BYTES - GUARD_BYTES;
	born = i;
	sigaltstack(&own, NULL);
	raise(SIGUSR1);
	sigaltstack(&none, NULL);
}

int main(int argc, char **argv)
{
	struct sigaction action;

	rounds = target_number(argc, argv, 1, 100);
	memset(&action, 0, sizeof(action));
	action.sa_handler = handle;
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR1, &action, NULL);
	give_birth(0);
	give_birth(1);
	target_wait();
	for (unsigned long n = 0; n <= rounds; n++)
		for (int i = 0; i < 2; i++) {
			born = i; /* what the coroutine is, when it begins */
			if (!_setjmp(main_place))
				_longjmp(places[i], 1);
		}
	expect("request", 2 * rounds);
	return 0;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * climber: burns CPU time at the end of call stacks that are hard to unwind without tables, built
 * without frame pointers. In turn: at the end of a recursion of 40 calls, in a function with a
 * stack that is aligned anew and of changing size, below a call from the C library (qsort), in the
 * handler of a signal on a stack of its own, in the vDSO. Ends with its standard input.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "regions.h"
#include "target.h"

#define DEPTH 40
#define TURNS 20000

static volatile unsigned long work;

NO_CLONES void burn(void)
{
	for (int i = 0; i < TURNS; i++)
		work += (unsigned long)i;
}

NO_CLONES int recurse(int left)
{
	int result;

	if (!left) {
		burn();
		return 1;
	}
	result = recurse(left - 1);
	work += (unsigned long)left; /* no tail call */
	return result + 1;
}

NO_CLONES void realign(int n)
{
	alignas(64) volatile char aligned[64];
	volatile char *changing = __builtin_alloca((size_t)n);

	memset((void *)changing, n, (size_t)n);
	memset((void *)aligned, n, sizeof(aligned));
	burn();
	work += (unsigned long)(aligned[3] + changing[n - 1]);
}

int compare(const void *a, const void *b)
{
	burn();
	return *(const int *)a - *(const int *)b;
}

NO_CLONES void sort(void)
{
	int numbers[8] = {5, 3, 8, 1, 7, 2, 6, 4};

	qsort(numbers, 8, sizeof(numbers[0]), compare);
	work += (unsigned long)numbers[0];
}

void handle(int number)
{
	(void)number;
	for (int i = 0; i < 4; i++)
		burn();
	work++;
}

NO_CLONES void signalled(void)
{
	raise(SIGUSR1);
	work++;
}

NO_CLONES void ask_the_time(void)
{
	struct timespec now;

	for (int i = 0; i < 2000; i++)
		clock_gettime(CLOCK_MONOTONIC, &now);
	work++;
}

static void *climb(void *unused)
{
	static char memory[1 << 16];
	stack_t stack = {.ss_sp = memory, .ss_size = sizeof(memory)};

	sigaltstack(&stack, NULL);
	for (;;) {
		recurse(DEPTH);
		realign(100);
		sort();
		signalled();
		ask_the_time();
	}
	return unused;
}

int main(void)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};
	pthread_t thread;

	sigaction(SIGUSR1, &action, NULL);
	if (pthread_create(&thread, NULL, climb, NULL))
		return 1;
	target_wait();
	return 0;
}

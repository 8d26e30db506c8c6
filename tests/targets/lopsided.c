// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * lopsided: turns of 1000 calls of hot, which does nothing, a millisecond of work, and a call of
 * rare, until a second byte, or the end, comes on standard input.
 */
#include <poll.h>
#include <time.h>

#include "regions.h"
#include "target.h"

#define HOT	1000
#define WORK_NS 1000000

REGION_FN(hot)
{
	__asm__ volatile("nop");
}

REGION_FN(rare)
{
	__asm__ volatile("nop");
}

static long cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

int main(void)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	unsigned long turns = 0;

	say_code(hot);
	target_wait();
	while (!poll(&in, 1, 0)) {
		long end;

		for (int i = 0; i < HOT; i++)
			hot();
		end = cpu_now() + WORK_NS;
		while (cpu_now() < end)
			;
		rare();
		turns++;
	}
	expect("hot", HOT * turns);
	expect("rare", turns);
	return 0;
}

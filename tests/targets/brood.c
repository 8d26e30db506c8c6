// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * brood N WORK: parent calls tiny N times, which does WORK rounds of nothing. Every now and then it
 * calls bare, which does the same, and by what that takes parent tells what it would take if nobody
 * traced tiny ("untraced NS" of CPU time).
 */
#include <time.h>

#include "regions.h"
#include "target.h"

#define BLOCK 1000
#define BARE  (BLOCK / 10)

NO_CLONES void tiny(unsigned long work);
void tiny(unsigned long work)
{
	__asm__ volatile("nop"); /* a site that is not slow */
	while (work--)
		KEEP();
}

NO_CLONES void bare(unsigned long work);
void bare(unsigned long work)
{
	__asm__ volatile("nop");
	while (work--)
		KEEP();
}

static unsigned long cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ul + t.tv_nsec;
}

static unsigned long bare_children(unsigned long work)
{
	unsigned long began = cpu_now();

	for (int i = 0; i < BARE; i++)
		bare(work);
	return cpu_now() - began;
}

NO_CLONES unsigned long parent(unsigned long n, unsigned long work);
unsigned long parent(unsigned long n, unsigned long work)
{
	unsigned long spent = 0;

	for (unsigned long i = 0; i < n; i++) {
		if (i % BLOCK == 0)
			spent += bare_children(work);
		tiny(work);
	}
	return spent + spent * (BLOCK / BARE);
}

int main(int argc, char **argv)
{
	unsigned long n = target_number(argc, argv, 1, 1000000);
	unsigned long work = target_number(argc, argv, 2, 6000);

	target_wait();
	say("untraced %lu", parent(n, work));
	expect("parent", 1);
	expect("tiny", n);
	return 0;
}

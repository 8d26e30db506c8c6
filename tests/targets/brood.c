// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * brood N WORK: parent calls tiny N times, which does WORK rounds of nothing, and tells what CPU
 * time all of it took ("took NS").
 */
#include <time.h>

#include "regions.h"
#include "target.h"

NO_CLONES void tiny(unsigned long work);
void tiny(unsigned long work)
{
	__asm__ volatile("nop"); /* a site that is not slow */
	while (work--)
		KEEP();
}

static unsigned long cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ul + t.tv_nsec;
}

NO_CLONES void parent(unsigned long n, unsigned long work);
void parent(unsigned long n, unsigned long work)
{
	for (unsigned long i = 0; i < n; i++)
		tiny(work);
	KEEP();
}

int main(int argc, char **argv)
{
	unsigned long n = target_number(argc, argv, 1, 1000000);
	unsigned long work = target_number(argc, argv, 2, 6000), began;

	target_wait();
	began = cpu_now();
	parent(n, work);
	say("took %lu", cpu_now() - began);
	expect("parent", 1);
	expect("tiny", n);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * sleepspin: a region that sleeps (20 times 5 ms), one that computes (10 times 10 ms of CPU
 * time), and one around both.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <time.h>

#include "regions.h"
#include "target.h"

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

REGION_FN(sleeper)
{
	struct timespec ts = {.tv_nsec = 5000000};

	nanosleep(&ts, NULL);
	KEEP();
}

REGION_FN(spinner)
{
	uint64_t end = cpu_ns() + 10000000;

	while (cpu_ns() < end)
		KEEP();
}

REGION_FN(both)
{
	for (int i = 0; i < 20; i++)
		sleeper();
	for (int i = 0; i < 10; i++)
		spinner();
	KEEP();
}

int main(void)
{
	RPT_WAIT();
	both();
	expect("both", 1);
	expect("sleeper", 20);
	expect("spinner", 10);
	return 0;
}

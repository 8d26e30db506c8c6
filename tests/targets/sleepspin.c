/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * sleepspin [TIMES]: a region that sleeps (20 times 5 ms), one that computes (10 times 10 ms of CPU
 * time), one that ends on another CPU than it began on (and sleeps as the first does, for the
 * clocks of CPUs differ), and one around all. Tells the CPU time of the second ("spun NS") and of
 * all ("used NS").
 */
#define _GNU_SOURCE
#include <sched.h>
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

static void sleep_5_ms(void)
{
	struct timespec ts = {.tv_nsec = 5000000};

	nanosleep(&ts, NULL);
}

REGION_FN(sleeper)
{
	sleep_5_ms();
	KEEP();
}

/* To the next CPU that this process may run on, if it has more than one. */
static void move(void)
{
	static cpu_set_t allowed;
	cpu_set_t next;
	int cpu = sched_getcpu();

	if (!CPU_COUNT(&allowed))
		sched_getaffinity(0, sizeof(allowed), &allowed);
	do
		cpu = (cpu + 1) % CPU_SETSIZE;
	while (!CPU_ISSET(cpu, &allowed));
	CPU_ZERO(&next);
	CPU_SET(cpu, &next);
	sched_setaffinity(0, sizeof(next), &next);
}

REGION_FN(mover)
{
	move();
	sleep_5_ms();
	KEEP();
}

static uint64_t spun; /* ns on a CPU, within spinner */

REGION_FN(spinner)
{
	uint64_t begin = cpu_ns(), now;

	do
		now = cpu_ns();
	while (now < begin + 10000000);
	spun += now - begin;
}

REGION_FN(all)
{
	for (int i = 0; i < 20; i++)
		sleeper();
	for (int i = 0; i < 10; i++)
		spinner();
	for (int i = 0; i < 20; i++)
		mover();
	KEEP();
}

int main(int argc, char **argv)
{
	unsigned long times = target_number(argc, argv, 1, 1);
	uint64_t began;

	RPT_WAIT();
	began = cpu_ns();
	for (unsigned long i = 0; i < times; i++)
		all();
	say("spun %lu", (unsigned long)spun);
	say("used %lu", (unsigned long)(cpu_ns() - began));
	expect("all", times);
	expect("sleeper", times * 20);
	expect("spinner", times * 10);
	expect("mover", times * 20);
	return 0;
}

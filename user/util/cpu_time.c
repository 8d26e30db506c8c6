// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/cpu_time.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "util/kernel_file.h"

#define ROUNDS 21

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

uint64_t rp_cpu_time__process(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
		return 0;
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t rp_cpu_time__waited(pid_t pid)
{
	unsigned long long waited;
	char path[64], text[128];

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	if (pid <= 0 || rp_kernel_file__read(path, text, sizeof(text)) <= 0 ||
	    sscanf(text, "%*u %llu", &waited) != 1)
		return 0;
	return waited;
}

void rp_cpu_time__measure(void (*call)(void), unsigned calls, struct rp_cpu_time *out)
{
	double round[ROUNDS], sum = 0;

	for (int r = 0; r < ROUNDS; r++) {
		double began = now();

		for (unsigned i = 0; i < calls; i++)
			call();
		round[r] = (now() - began) / calls;
		sum += round[r];
	}
	qsort(round, ROUNDS, sizeof(round[0]), compare);
	out->median = round[ROUNDS / 2];
	out->mean = sum / ROUNDS;
}

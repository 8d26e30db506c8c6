/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * bench_marker [REPEATS [ITERATIONS]]: what markers cost that nobody traces. Prints nanoseconds an
 * iteration, the best and the median of REPEATS. bench_marker_off is the same with all markers
 * compiled out: the difference is the price, of one pair, one block and one run-time name.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

#define BYTES	    64
#define REPEATS_MAX 1000

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static uint64_t mix(uint64_t hash, const unsigned char *bytes)
{
	for (int i = 0; i < BYTES; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	return hash;
}

/* A small request: look at it, compute on it, file it. */
NO_CLONES static uint64_t serve(unsigned char *bytes, uint64_t hash)
{
	rptrace_begin("bench_name");
	RPTRACE_BEGIN_VALUE(bench_pair, hash % 16);
	hash = mix(hash, bytes);
	RPTRACE_END(bench_pair);
	RPTRACE_REGION(bench_block)
	{
		bytes[hash % BYTES] ^= (unsigned char)hash;
		hash = mix(hash, bytes);
	}
	rptrace_end("bench_name");
	return hash;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	unsigned long repeats = target_number(argc, argv, 1, 21);
	unsigned long n = target_number(argc, argv, 2, 200000);
	static double ns[REPEATS_MAX];
	unsigned char bytes[BYTES] = "GET /bench HTTP/1.1";
	uint64_t hash = 0xcbf29ce484222325u;

	if (!repeats || repeats > REPEATS_MAX || !n)
		return 2;
	for (unsigned long r = 0; r < repeats; r++) {
		double start = now_ns();

		for (unsigned long i = 0; i < n; i++)
			hash = serve(bytes, hash);
		ns[r] = (now_ns() - start) / (double)n;
	}
	qsort(ns, repeats, sizeof(*ns), compare);
	printf("markers %s: %.2f ns an iteration, median %.2f (check %llx)\n",
	       RPTRACE_ENABLED ? "in " : "out", ns[0], ns[repeats / 2], (unsigned long long)hash);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * functions MODE [ARG...]: function regions with known counts.
 *
 *   counts T N     T threads, each calls leaf N times
 *   pool T N       the same with threads that are there before "ready"
 *   nested N       outer N times, in it middle 3 times, in that inner 2 times
 *   recursive D N  recurse to depth D, N times; "elapsed NS" is what all of it took
 *   many N         part_one N times, part_two 2 N times, part_three 3 N times
 *   jump N         catcher calls jumper, which leaves by longjmp
 *   leave N        N threads end in leaver, by pthread_exit
 *   replace N      replacer executes this program again, which calls leaf N times
 *   forever        leaf until standard input ends; "running" after the first 100
 *   stuck          10 times leaf, then never leaves asleep_in; says "in asleep_in" there
 *   exit CODE      10 times leaf, then exit with CODE
 *   signal SIGNAL  10 times leaf, then die by SIGNAL
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "regions.h"
#include "target.h"

#define THREADS_MAX 256

static jmp_buf back;
static volatile int armed = 1;

REGION_FN(leaf)
{
	KEEP();
}

REGION_FN(inner)
{
	KEEP();
}

REGION_FN(middle)
{
	inner();
	inner();
	KEEP();
}

REGION_FN(outer)
{
	for (int i = 0; i < 3; i++)
		middle();
	KEEP();
}

REGION_FN(part_one)
{
	KEEP();
}

REGION_FN(part_two)
{
	KEEP();
}

REGION_FN(part_three)
{
	KEEP();
}

/* Has an exit of its own, which is never taken. */
REGION_FN(jumper)
{
	if (armed)
		longjmp(back, 1);
}

REGION_FN(catcher)
{
	if (!setjmp(back))
		jumper();
	KEEP();
}

REGION_FN(leaver)
{
	pthread_exit(NULL);
}

static char *const *next_program;

REGION_FN(replacer)
{
	execv("/proc/self/exe", next_program);
	exit(127);
}

REGION_FN(asleep_in)
{
	say("in asleep_in");
	for (;;)
		pause();
}

NO_CLONES void recurse(unsigned depth);
NO_CLONES void recurse(unsigned depth)
{
	leaf();
	if (depth > 1)
		recurse(depth - 1);
	KEEP();
}

static void repeat(void (*fn)(void), unsigned long n)
{
	while (n--)
		fn();
}

/* ---- threads ------------------------------------------------------------------------------- */

static pthread_barrier_t barrier;

static void *worker(void *arg)
{
	pthread_setname_np(pthread_self(), "worker");
	pthread_barrier_wait(&barrier);
	repeat(leaf, *(unsigned long *)arg);
	return NULL;
}

static void threads(unsigned long n_threads, unsigned long n, int early)
{
	static pthread_t ids[THREADS_MAX];

	if (n_threads > THREADS_MAX)
		exit(2);
	if (!early)
		RPT_WAIT();
	pthread_barrier_init(&barrier, NULL, (unsigned)n_threads + 1);
	for (unsigned long i = 0; i < n_threads; i++)
		if (pthread_create(&ids[i], NULL, worker, &n))
			exit(1);
	if (early)
		RPT_WAIT();
	pthread_barrier_wait(&barrier);
	for (unsigned long i = 0; i < n_threads; i++)
		pthread_join(ids[i], NULL);
	expect("leaf", n_threads * n);
}

static void *leave_thread(void *arg)
{
	(void)arg;
	leaver();
	return NULL;
}

static void leave(unsigned long n)
{
	pthread_t id;

	for (unsigned long i = 0; i < n; i++)
		if (pthread_create(&id, NULL, leave_thread, NULL) || pthread_join(id, NULL))
			exit(1);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void recursive(unsigned depth, unsigned long n)
{
	uint64_t start = now();

	for (unsigned long i = 0; i < n; i++)
		recurse(depth);
	say("elapsed %llu", (unsigned long long)(now() - start));
	expect("recurse", n * depth);
	expect("leaf", n * depth);
}

static void forever(void)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	unsigned long n = 0;
	char byte;

	do {
		repeat(leaf, 100);
		n += 100;
		if (n == 100)
			say("running");
	} while (poll(&in, 1, 5) == 0 || read(STDIN_FILENO, &byte, 1) > 0);
	expect("leaf", n);
}

static void stuck(void)
{
	repeat(leaf, 10);
	asleep_in();
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	unsigned long a = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned long b = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;

	say_code(leaf);
	if (!strcmp(mode, "counts") || !strcmp(mode, "pool")) {
		threads(a, b, !strcmp(mode, "pool"));
		return 0;
	}
	if (!strcmp(mode, "replaced")) {
		repeat(leaf, a);
		expect("leaf", a);
		return 0;
	}
	RPT_WAIT();
	if (!strcmp(mode, "nested")) {
		repeat(outer, a);
		expect("outer", a);
		expect("middle", 3 * a);
		expect("inner", 6 * a);
	} else if (!strcmp(mode, "recursive")) {
		recursive((unsigned)a, b);
	} else if (!strcmp(mode, "many")) {
		repeat(part_one, a);
		repeat(part_two, 2 * a);
		repeat(part_three, 3 * a);
		expect("part_one", a);
		expect("part_two", 2 * a);
		expect("part_three", 3 * a);
	} else if (!strcmp(mode, "jump")) {
		repeat(catcher, a);
		expect("catcher", a);
		say("unwound jumper %lu", a);
	} else if (!strcmp(mode, "leave")) {
		leave(a);
	} else if (!strcmp(mode, "replace")) {
		next_program = (char *[]){argv[0], "replaced", argv[2], NULL};
		replacer();
	} else if (!strcmp(mode, "forever")) {
		forever();
	} else if (!strcmp(mode, "stuck")) {
		stuck();
	} else if (!strcmp(mode, "exit")) {
		repeat(leaf, 10);
		return (int)a;
	} else if (!strcmp(mode, "signal")) {
		repeat(leaf, 10);
		raise((int)a);
	} else {
		return 2;
	}
	return 0;
}

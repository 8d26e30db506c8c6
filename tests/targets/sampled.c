// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * sampled MODE MS: two functions that compute, `seven` for as long as `three` takes and more than
 * that again, until a thread has used MS of CPU time. At the end it tells what both took: "spent
 * NAME NS", in all of its threads and processes. No call takes as long as the one before it: a
 * program in step with the clock of samples would have all of them at the same few places.
 *
 *   alone      one thread
 *   step       in step with the clock of samples: half of its period for both, each time
 *   lines      two loops of one function instead, at lines of their own: "line NAME NUMBER"
 *   threads    four of them at once, each for MS
 *   burst      200 of them
 *   crowd      one thread, and 500 that sleep
 *   deep       below 1,000 calls of `recurse`
 *   child      `three` is computed by children alone, one after the other
 *   exec       the same, by this program executed anew
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "regions.h"
#include "target.h"

#define ROUNDS 20000ul

static volatile unsigned long sink;

NO_CLONES void seven(unsigned long n);
void seven(unsigned long n)
{
	for (unsigned long i = 0; i < 7 * n; i++)
		sink += i;
}

NO_CLONES void three(unsigned long n);
void three(unsigned long n)
{
	for (unsigned long i = 0; i < 3 * n; i++)
		sink += i;
}

/* Shared with children. */
static _Atomic unsigned long long *spent;
enum { SEVEN, THREE };

static unsigned long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (unsigned long long)t.tv_sec * 1000000000u + (unsigned long long)t.tv_nsec;
}

/* From half of ROUNDS to one and a half, by chance. */
static unsigned long rounds(void)
{
	static _Thread_local unsigned int state = 1;

	state = state * 1664525u + 1013904223u;
	return ROUNDS / 2 + (state >> 8) % ROUNDS;
}

static void take(int which)
{
	unsigned long long before = now();

	if (which == SEVEN)
		seven(rounds());
	else
		three(rounds());
	spent[which] += now() - before;
}

#define STEP_NS (1e9 / 997 / 2)

static void compute_until(double end)
{
	while ((double)now() < end)
		for (int i = 0; i < 100; i++)
			sink += (unsigned long)i;
}

NO_CLONES void long_part(double end);
void long_part(double end)
{
	compute_until(end);
	sink++;
}

NO_CLONES void short_part(double end);
void short_part(double end)
{
	compute_until(end);
	sink++;
}

static unsigned long ms;

static void in_step(void)
{
	double start = (double)now(), end = start + (double)ms * 1e6;

	for (double at = start; at < end; at += STEP_NS) {
		unsigned long long before = now(), between;

		long_part(at + 0.7 * STEP_NS);
		between = now();
		short_part(at + STEP_NS);
		spent[SEVEN] += between - before;
		spent[THREE] += now() - between;
	}
}

/* Where the loops below begin, each with its body in the next line. */
enum { LINE_SEVEN = __LINE__ + 6, LINE_THREE = LINE_SEVEN + 3 };

NO_CLONES void loops(unsigned long n, unsigned long long took[3]);
void loops(unsigned long n, unsigned long long took[3])
{
	took[0] = now();
	for (unsigned long i = 0; i < 7 * n; i++)
		sink += i;
	took[1] = now();
	for (unsigned long i = 0; i < 3 * n; i++)
		sink += i;
	took[2] = now();
}

static void lines(void)
{
	unsigned long long took[3];

	while (now() < ms * 1000000ull) {
		loops(rounds(), took);
		spent[SEVEN] += took[1] - took[0];
		spent[THREE] += took[2] - took[1];
	}
	printf("line seven %d\nline three %d\n", LINE_SEVEN, LINE_THREE);
}

/* What the thread has used before does not count: on a slow machine it may be more than that. */
static void both(void)
{
	unsigned long long end = now() + ms * 1000000ull;

	while (now() < end) {
		take(SEVEN);
		take(THREE);
	}
}

static void *thread(void *unused)
{
	both();
	return unused;
}

static pthread_t started[500];

static void start_threads(int n, void *(*run)(void *))
{
	for (int i = 0; i < n; i++)
		if (pthread_create(&started[i], NULL, run, NULL))
			exit(1);
}

static void threads(int n)
{
	start_threads(n, thread);
	for (int i = 0; i < n; i++)
		pthread_join(started[i], NULL);
}

static void *sleeper(void *unused)
{
	for (;;)
		pause();
	return unused;
}

NO_CLONES void recurse(int depth);
void recurse(int depth)
{
	depth > 1 ? recurse(depth - 1) : both(); /* one line, which has all samples */
	sink++;
}

/* Each takes a quarter of the time. */
static void children(const char *self)
{
	unsigned long long end = ms * 250000ull;
	char amount[32];

	snprintf(amount, sizeof(amount), "%lu", ms);
	for (int i = 0; i < 4; i++) {
		if (!fork()) {
			if (self)
				execl("/proc/self/exe", self, "leaf", amount, NULL);
			while (now() < end)
				take(THREE);
			_exit(0);
		}
		while (now() < (unsigned long long)(i + 1) * end)
			take(SEVEN);
		wait(NULL);
	}
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "alone";
	int flags = MAP_SHARED | MAP_ANONYMOUS;

	ms = target_number(argc, argv, 2, 2000);
	spent = mmap(NULL, 4096, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (spent == MAP_FAILED)
		return 1;
	if (!strcmp(mode, "leaf")) {
		while (now() < ms * 250000ull)
			take(THREE);
		return 0;
	}
	if (!strcmp(mode, "crowd"))
		start_threads(500, sleeper);
	target_wait();
	if (!strcmp(mode, "threads"))
		threads(4);
	else if (!strcmp(mode, "burst"))
		threads(200);
	else if (!strcmp(mode, "deep"))
		recurse(1000);
	else if (!strcmp(mode, "step"))
		in_step();
	else if (!strcmp(mode, "lines"))
		lines();
	else if (!strcmp(mode, "child"))
		children(NULL);
	else if (!strcmp(mode, "exec"))
		children(argv[0]);
	else
		both();
	printf("spent seven %llu\nspent three %llu\n", spent[SEVEN], spent[THREE]);
	return 0;
}

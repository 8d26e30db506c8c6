// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * threads MODE ...: many threads in nested regions.
 *
 *   short T N    T threads that live for N calls of outer each, at most 64 at a time
 *   busy T N     T threads at once, each N times outer
 *   deep D N     one thread, N times down to depth D of nest
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "regions.h"
#include "target.h"

#define IN_FLIGHT 64

static unsigned long calls;
static sem_t room;
static pthread_barrier_t all;

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
	middle();
	inner();
	KEEP();
}

NO_CLONES void nest(unsigned long depth);
void nest(unsigned long depth)
{
	if (depth > 1)
		nest(depth - 1);
	KEEP();
}

static void repeat(void)
{
	for (unsigned long i = 0; i < calls; i++)
		outer();
}

static void *short_lived(void *arg)
{
	repeat();
	sem_post(&room);
	return arg;
}

static void *busy(void *arg)
{
	pthread_barrier_wait(&all);
	repeat();
	pthread_barrier_wait(&all);
	return arg;
}

static void expect_outer(unsigned long n)
{
	expect("outer", n);
	expect("middle", n);
	expect("inner", 3 * n);
}

static void run_short(unsigned long n)
{
	pthread_attr_t attr;
	pthread_t id;

	sem_init(&room, 0, IN_FLIGHT);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 65536);
	for (unsigned long i = 0; i < n; i++) {
		sem_wait(&room);
		if (pthread_create(&id, &attr, short_lived, NULL))
			exit(1);
	}
	for (int i = 0; i < IN_FLIGHT; i++)
		sem_wait(&room);
	expect_outer(n * calls);
}

static void run_busy(unsigned long n)
{
	pthread_t *ids = calloc(n, sizeof(*ids));

	if (!ids || pthread_barrier_init(&all, NULL, (unsigned)n))
		exit(1);
	for (unsigned long i = 0; i < n; i++)
		if (pthread_create(&ids[i], NULL, busy, NULL))
			exit(1);
	for (unsigned long i = 0; i < n; i++)
		pthread_join(ids[i], NULL);
	free(ids);
	expect_outer(n * calls);
}

static void run_deep(unsigned long depth)
{
	for (unsigned long i = 0; i < calls; i++)
		nest(depth);
	expect("nest", depth * calls);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	unsigned long a = target_number(argc, argv, 2, 64);

	calls = target_number(argc, argv, 3, 100);
	target_wait();
	if (!strcmp(mode, "short"))
		run_short(a);
	else if (!strcmp(mode, "busy"))
		run_busy(a);
	else if (!strcmp(mode, "deep"))
		run_deep(a);
	else
		return 2;
	return 0;
}

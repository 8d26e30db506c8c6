// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * crowd THREADS [headless]: threads in small regions of many names, until a second byte, or the
 * end, comes on standard input; headless: the first thread, that is in none, ends before. Once a
 * turn each of them enters
 *
 *   steady > pair > block > nest > nest > nest > victim_I, I going round
 *
 * functions but for pair and block, which are markers. All of it within one call of throughout.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

#define DEPTH	    3
#define THREADS_MAX 64

#define EIGHT(X, d) X(d##0) X(d##1) X(d##2) X(d##3) X(d##4) X(d##5) X(d##6) X(d##7)
#define VICTIMS(X)  EIGHT(X, 0) EIGHT(X, 1) EIGHT(X, 2)

/* Each alone in its 16 bytes. */
#define DEFINE(i)                                                                                  \
	__attribute__((aligned(16))) REGION_FN(victim_##i)                                         \
	{                                                                                          \
		__asm__ volatile("nop");                                                           \
	}
#define NAME(i) victim_##i,
#define TELL(i) say_code(victim_##i);

VICTIMS(DEFINE)

static void (*const victims[])(void) = {VICTIMS(NAME)};
#define N_VICTIMS (sizeof(victims) / sizeof(victims[0]))

static atomic_bool over;

NO_CLONES void nest(unsigned depth, unsigned long turn);
void nest(unsigned depth, unsigned long turn)
{
	if (depth > 1)
		nest(depth - 1, turn);
	else
		victims[turn % N_VICTIMS]();
	KEEP();
}

NO_CLONES void steady(unsigned long turn);
void steady(unsigned long turn)
{
	RPTRACE_BEGIN(pair);
	RPTRACE_REGION(block)
	{
		nest(DEPTH, turn);
	}
	RPTRACE_END(pair);
	KEEP();
}

NO_CLONES void throughout(unsigned long *turns);
void throughout(unsigned long *turns)
{
	while (!over)
		steady((*turns)++);
	KEEP();
}

static void *run(void *turns)
{
	throughout(turns);
	return NULL;
}

struct crowd {
	unsigned long n, turns[THREADS_MAX];
	pthread_t ids[THREADS_MAX], first;
};

static void see_to_end(struct crowd *c)
{
	unsigned long all = 0;

	getchar();
	over = true;
	for (unsigned long i = 0; i < c->n; i++) {
		pthread_join(c->ids[i], NULL);
		all += c->turns[i];
	}
	expect("throughout", c->n);
	expect("steady", all);
	expect("pair", all);
	expect("block", all);
	expect("nest", DEPTH * all);
}

static void *survive(void *crowd)
{
	struct crowd *c = crowd;

	pthread_join(c->first, NULL);
	say("headless");
	see_to_end(c);
	return NULL;
}

int main(int argc, char **argv)
{
	static struct crowd c;
	pthread_t survivor;

	c.n = target_number(argc, argv, 1, 4);
	c.first = pthread_self();
	if (c.n > THREADS_MAX)
		return 2;
	VICTIMS(TELL)
	target_wait();
	for (unsigned long i = 0; i < c.n; i++)
		if (pthread_create(&c.ids[i], NULL, run, &c.turns[i]))
			return 1;
	if (argc > 2) {
		if (pthread_create(&survivor, NULL, survive, &c))
			return 1;
		pthread_exit(NULL);
	}
	see_to_end(&c);
	return 0;
}

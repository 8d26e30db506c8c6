/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * asleep places [TIMES]: a region that sleeps in two ways, 20 times 5 ms each; the second in a
 * region of its own. asleep bounce TIMES: two threads that wake each other as fast as they can,
 * each in a region. asleep idle: a region that does nothing until the input ends.
 */
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "regions.h"
#include "target.h"

static unsigned long times = 20, bounces;
static int to_first[2], to_second[2];

NO_CLONES void by_clock(void)
{
	struct timespec ts = {.tv_nsec = 5000000};

	nanosleep(&ts, NULL);
	KEEP();
}

REGION_FN(by_poll)
{
	poll(NULL, 0, 5);
	KEEP();
}

REGION_FN(both)
{
	for (unsigned long i = 0; i < times; i++) {
		by_clock();
		by_poll();
	}
	KEEP();
}

NO_CLONES void bounce(int from, int to)
{
	char byte = 0;

	for (unsigned long i = 0; i < bounces; i++)
		if (write(to, &byte, 1) != 1 || read(from, &byte, 1) != 1)
			exit(1);
	KEEP();
}

static void *second(void *arg)
{
	bounce(to_second[0], to_first[1]);
	return arg;
}

static int bounce_between_threads(void)
{
	pthread_t thread;

	if (pipe(to_first) || pipe(to_second) || pthread_create(&thread, NULL, second, NULL))
		return 1;
	bounce(to_first[0], to_second[1]);
	pthread_join(thread, NULL);
	expect("bounce", 2);
	return 0;
}

REGION_FN(idle)
{
	say("idle");
	target_wait_again();
	KEEP();
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "places";

	target_wait();
	if (!strcmp(what, "bounce")) {
		bounces = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;
		return bounce_between_threads();
	}
	if (!strcmp(what, "idle")) {
		idle();
		return 0;
	}
	if (argc > 2)
		times = strtoul(argv[2], NULL, 10);
	both();
	expect("both", 1);
	expect("by_poll", times);
	return 0;
}

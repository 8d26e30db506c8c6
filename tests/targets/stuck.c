// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * stuck MODE ...: threads that stay in nested regions until a byte is on standard input.
 *
 *   blocked      the only thread, asleep in the kernel
 *   spin         a thread that runs all the time
 *   threads T    T threads that wait for a lock
 *   deep D       D calls of nest, one in the other
 *   marks        markers, the innermost with a value
 *   span         a span that has begun, and the thread that began it is in no region
 *   shell        a marker with a name that no shell should obey
 *   flip D N     not stuck: D frames deep it goes N times through a in p, and b in q
 *
 * Once it is stuck it prints for each open region "open FROM TO TID PATH", and "stuck" then. The
 * region was entered between the times FROM and TO, ns of CLOCK_MONOTONIC.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

#define DEPTH_MAX 1024

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* main holds it until the byte is there */
static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool released;
static atomic_ulong inside;

/* When the calling thread entered its regions. */
static _Thread_local unsigned long long from[DEPTH_MAX], to[DEPTH_MAX];

static unsigned long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void say_open(const char *const *names, unsigned long n)
{
	pthread_mutex_lock(&output);
	for (unsigned long i = 0; i < n; i++) {
		printf("open %llu %llu %d ", from[i], to[i], (int)gettid());
		for (unsigned long j = 0; j <= i; j++)
			printf("%s%s", j ? " > " : "", names[j]);
		putchar('\n');
	}
	fflush(stdout);
	pthread_mutex_unlock(&output);
	inside++;
}

static void await_byte(void)
{
	char byte;

	say("stuck");
	if (read(STDIN_FILENO, &byte, 1) < 0)
		exit(1);
}

/* ---- functions -------------------------------------------------------------------------- */

static void block(void)
{
	await_byte();
}

static void spin(void)
{
	while (!released)
		;
}

static void wait_for_gate(void)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
}

static void (*stay)(void);

REGION_FN(lock_wait)
{
	static const char *const names[] = {"request", "compute", "lock_wait"};

	to[2] = now();
	say_open(names, 3);
	stay();
	KEEP();
}

REGION_FN(compute)
{
	to[1] = from[2] = now();
	lock_wait();
	KEEP();
}

REGION_FN(request)
{
	to[0] = from[1] = now();
	compute();
	KEEP();
}

static void *serve(void *arg)
{
	from[0] = now();
	request();
	return arg;
}

NO_CLONES void nest(unsigned long level, unsigned long depth);
void nest(unsigned long level, unsigned long depth)
{
	to[level] = from[level + 1] = now();
	if (level + 1 < depth) {
		nest(level + 1, depth);
	} else {
		const char *names[DEPTH_MAX];

		for (unsigned long i = 0; i < depth; i++)
			names[i] = "nest";
		say_open(names, depth);
		await_byte();
	}
	KEEP();
}

static void run_threads(unsigned long n)
{
	pthread_t *ids = calloc(n, sizeof(*ids));
	pthread_attr_t attr;

	if (!ids)
		exit(1);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	pthread_mutex_lock(&gate);
	for (unsigned long i = 0; i < n; i++)
		if (pthread_create(&ids[i], &attr, serve, NULL))
			exit(1);
	while (inside < n)
		usleep(1000);
	await_byte();
	released = true;
	pthread_mutex_unlock(&gate);
	for (unsigned long i = 0; i < n; i++)
		pthread_join(ids[i], NULL);
	free(ids);
}

/* ---- markers ---------------------------------------------------------------------------- */

static void run_marks(void)
{
	static const char *const names[] = {"outer", "name > \x1b[2J", "value"};

	from[0] = now();
	RPTRACE_BEGIN(outer);
	to[0] = from[1] = now();
	rptrace_begin(names[1]);
	to[1] = from[2] = now();
	RPTRACE_BEGIN_VALUE(value, -7);
	to[2] = now();
	say_open(names, 3);
	await_byte();
	RPTRACE_END(value);
	rptrace_end(names[1]);
	RPTRACE_END(outer);
}

static void run_span(void)
{
	static const char *const names[] = {"job"};

	from[0] = now();
	RPTRACE_SPAN_BEGIN(job, 4711);
	to[0] = now();
	say_open(names, 1);
	await_byte();
	RPTRACE_SPAN_END(job, 4711);
}

static void run_shell(void)
{
	static const char *const names[] = {"$(touch obeyed);`touch obeyed`='\"\n"};

	rptrace_begin(names[0]);
	await_byte();
	rptrace_end(names[0]);
}

static void run_flip(unsigned long depth, unsigned long n)
{
	if (depth) {
		RPTRACE_BEGIN(n);
		run_flip(depth - 1, n);
		RPTRACE_END(n);
		return;
	}
	while (n--) {
		RPTRACE_REGION(p)
		{
			RPTRACE_REGION(a)
			{
				KEEP();
			}
		}
		RPTRACE_REGION(q)
		{
			RPTRACE_REGION(b)
			{
				KEEP();
			}
		}
	}
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	unsigned long n = target_number(argc, argv, 2, 1);

	target_wait();
	if (!strcmp(mode, "marks")) {
		run_marks();
	} else if (!strcmp(mode, "span")) {
		run_span();
	} else if (!strcmp(mode, "shell")) {
		run_shell();
	} else if (!strcmp(mode, "flip")) {
		run_flip(n, target_number(argc, argv, 3, 1));
	} else if (!strcmp(mode, "deep") && n < DEPTH_MAX) {
		from[0] = now();
		nest(0, n);
	} else if (!strcmp(mode, "blocked")) {
		stay = block;
		serve(NULL);
	} else if (!strcmp(mode, "spin")) {
		stay = spin;
		run_threads(1);
	} else if (!strcmp(mode, "threads")) {
		stay = wait_for_gate;
		run_threads(n);
	} else {
		return 2;
	}
	return 0;
}

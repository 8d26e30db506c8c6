// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * jumps MODE ...: functions that are left, or interrupted, in other ways than by a return.
 *
 *   over D N      longjmp over D frames of descend, N times; then tail N times
 *   twice D N     the same between two returns of the function around it
 *   far D N       as over, where each frame has some KiB that are used
 *   fifo N        two coroutines on stacks of their own, each in work when the other goes on; they
 *                 leave in the order in which they came
 *   signal D N    N signals on an alternate stack, in handle, at depth D of dive
 *   escape D N    the same, but the handler leaves all of it by siglongjmp
 *   exit N        N threads end by pthread_exit, at depth 3, with a clean-up handler
 *   cancel N      N threads are cancelled there
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "regions.h"
#include "target.h"

#define STACK_BYTES 65536

#define FAR_BYTES   2048

static sigjmp_buf back;
static bool far;

static void expect_left(const char *region, unsigned long counted, unsigned long unwound)
{
	expect(region, counted);
	say("unwound %s %lu", region, unwound);
}

/* ---- longjmp -------------------------------------------------------------------------------- */

REGION_FN(tail)
{
	KEEP();
}

NO_CLONES void descend(unsigned long depth);

static void descend_far(unsigned long depth)
{
	volatile char used[FAR_BYTES];

	for (size_t i = 0; i < sizeof(used); i++)
		used[i] = 1;
	descend(depth);
	KEEP();
}

void descend(unsigned long depth)
{
	if (depth <= 1)
		siglongjmp(back, 1);
	if (far)
		descend_far(depth - 1);
	else
		descend(depth - 1);
	KEEP();
}

NO_CLONES void around(unsigned long depth);
void around(unsigned long depth)
{
	if (!sigsetjmp(back, 0))
		descend(depth);
	KEEP();
}

static void over(unsigned long depth, unsigned long n)
{
	for (volatile unsigned long i = 0; i < n; i++)
		if (!sigsetjmp(back, 0))
			descend(depth);
	for (unsigned long i = 0; i < n; i++)
		tail();
	expect_left("descend", 0, depth * n);
	expect("tail", n);
}

static void twice(unsigned long depth, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		around(depth);
		tail();
	}
	expect_left("descend", 0, depth * n);
	expect("around", n);
	expect("tail", n);
}

/* ---- coroutines ------------------------------------------------------------------------------ */

static ucontext_t home, fibers[2];

NO_CLONES void work(unsigned me);
void work(unsigned me)
{
	tail();
	swapcontext(&fibers[me], &home);
	tail();
	KEEP();
}

static void fiber(int me, int n)
{
	for (int i = 0; i < n; i++) {
		work((unsigned)me);
		swapcontext(&fibers[me], &home);
	}
}

static void make_fiber(int me, unsigned long n)
{
	/* The page below stays without access, as fiber libraries have it. */
	char *stack = mmap(NULL, STACK_BYTES + 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (stack == MAP_FAILED || mprotect(stack + 4096, STACK_BYTES, PROT_READ | PROT_WRITE))
		exit(1);
	getcontext(&fibers[me]);
	fibers[me].uc_stack.ss_sp = stack + 4096;
	fibers[me].uc_stack.ss_size = STACK_BYTES;
	fibers[me].uc_link = &home;
	makecontext(&fibers[me], (void (*)(void))fiber, 2, me, (int)n);
}

static void fifo(unsigned long n)
{
	make_fiber(0, n);
	make_fiber(1, n);
	/*
	 * Both are in work after the first round of each pair, both have left it after the second.
	 */
	for (unsigned long i = 0; i < 2 * n; i++)
		for (int me = 0; me < 2; me++)
			swapcontext(&home, &fibers[me]);
	expect("work", 2 * n);
	expect("tail", 4 * n);
}

/* ---- signals --------------------------------------------------------------------------------- */

static volatile int escapes;

NO_CLONES void handle(int signal);
void handle(int signal)
{
	(void)signal;
	tail();
	if (escapes)
		siglongjmp(back, 1);
	KEEP();
}

NO_CLONES void dive(unsigned long depth);
void dive(unsigned long depth)
{
	if (depth > 1)
		dive(depth - 1);
	else
		raise(SIGUSR1);
	KEEP();
}

static void signals(unsigned long depth, unsigned long n)
{
	stack_t alternate = {.ss_sp = malloc(STACK_BYTES), .ss_size = STACK_BYTES};
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};

	sigaltstack(&alternate, NULL);
	sigaction(SIGUSR1, &action, NULL);
	for (volatile unsigned long i = 0; i < n; i++)
		if (!sigsetjmp(back, 1))
			dive(depth);
	if (escapes)
		for (unsigned long i = 0; i < n; i++)
			tail();
	expect_left("dive", escapes ? 0 : depth * n, escapes ? depth * n : 0);
	expect_left("handle", escapes ? 0 : n, escapes ? n : 0);
	expect("tail", escapes ? 2 * n : n);
}

/* ---- the end of threads ---------------------------------------------------------------------- */

static unsigned long cleaned;
static sem_t inside;
static volatile int is_cancelled;

static void clean(void *arg)
{
	(void)arg;
	__atomic_fetch_add(&cleaned, 1, __ATOMIC_RELAXED);
	tail();
}

static void end_here(void)
{
	if (!is_cancelled)
		pthread_exit(NULL);
	sem_post(&inside);
	while (is_cancelled)
		pause();
}

NO_CLONES void end_at(unsigned long depth);
void end_at(unsigned long depth)
{
	pthread_cleanup_push(clean, NULL);
	if (depth > 1)
		end_at(depth - 1);
	else
		end_here();
	pthread_cleanup_pop(0);
}

static void *thread(void *arg)
{
	end_at(3);
	return arg;
}

static void threads(unsigned long n)
{
	pthread_t id;

	sem_init(&inside, 0, 0);
	for (unsigned long i = 0; i < n; i++) {
		if (pthread_create(&id, NULL, thread, NULL))
			exit(1);
		if (is_cancelled) {
			sem_wait(&inside);
			pthread_cancel(id);
		}
		pthread_join(id, NULL);
	}
	expect_left("end_at", 0, 3 * n);
	expect("tail", 3 * n);
	say("cleaned %lu", cleaned);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	unsigned long a = target_number(argc, argv, 2, 3), b = target_number(argc, argv, 3, 100);

	target_wait();
	if (!strcmp(mode, "over") || !strcmp(mode, "far")) {
		far = !strcmp(mode, "far");
		over(a, b);
	} else if (!strcmp(mode, "twice")) {
		twice(a, b);
	} else if (!strcmp(mode, "fifo")) {
		fifo(a);
	} else if (!strcmp(mode, "signal") || !strcmp(mode, "escape")) {
		escapes = !strcmp(mode, "escape");
		signals(a, b);
	} else if (!strcmp(mode, "exit") || !strcmp(mode, "cancel")) {
		is_cancelled = !strcmp(mode, "cancel");
		threads(a);
	} else {
		return 2;
	}
	return 0;
}

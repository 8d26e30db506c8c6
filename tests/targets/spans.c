// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * spans MODE N: spans that begin on one thread and end on another.
 *
 *   pool N	  one thread begins N jobs, four others end them; ids come back as soon as they may
 *   processes N  the same in two processes at once, with the same ids
 *   disorder N	  on one thread: overlapping, ended out of order, begun twice, ended twice, never
 *   race N	  four threads end each of N spans at the same time
 *   many N	  N spans open at once, then ended
 *   before N	  N begun before anything can be attached, ended after; then N more
 *   strange N	  ends of N that were never begun, twice
 *   exec N	  N open when the program executes itself, which ends them once more
 *   stuck N	  N open, then waits to be killed
 *   usdt N	  USDT probes with ids of several sizes as their second argument
 *   loop N	  an event loop: N connections, eight at a time, are taken up, served in turn, and
 *let go of, half of them on another thread; one that is never let go of overlaps N	  N rounds
 *on one thread: eight of pool begin, then all end, the first one first; the same of heap, the last
 *one first; recur nests; loose is left by its caller each second time; alike has the same argument
 *in all. Only pool and heap overlap, and their second argument tells
 *   cross N	  N times in cross_all: early begins, late begins, early ends, late ends
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

#define ENDERS 4
#define SLOTS  64

static unsigned long n;

static void begin(uint64_t id)
{
	RPTRACE_SPAN_BEGIN(job, id);
}

static void end(uint64_t id)
{
	RPTRACE_SPAN_END(job, id);
}

static void begin_all(void)
{
	for (uint64_t id = 0; id < n; id++)
		begin(id);
}

static void end_all(void)
{
	for (uint64_t id = 0; id < n; id++)
		end(id);
}

static void run_threads(void *(*run)(void *))
{
	pthread_t threads[ENDERS];

	for (int i = 0; i < ENDERS; i++)
		if (pthread_create(&threads[i], NULL, run, NULL))
			exit(1);
	for (int i = 0; i < ENDERS; i++)
		pthread_join(threads[i], NULL);
}

/* ---- jobs that are handed over ------------------------------------------------------------ */

/* Slots, which are the ids, that are free or hold a job. */
struct stack {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	unsigned slot[SLOTS], n;
	int closed;
};

#define STACK_INIT                                                                                 \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER              \
	}

static struct stack jobs = STACK_INIT, vacant = STACK_INIT;

static void put(struct stack *stack, unsigned slot)
{
	pthread_mutex_lock(&stack->lock);
	stack->slot[stack->n++] = slot;
	pthread_cond_signal(&stack->filled);
	pthread_mutex_unlock(&stack->lock);
}

/* -1: closed and empty. */
static int take(struct stack *stack)
{
	int slot = -1;

	pthread_mutex_lock(&stack->lock);
	while (!stack->n && !stack->closed)
		pthread_cond_wait(&stack->filled, &stack->lock);
	if (stack->n)
		slot = (int)stack->slot[--stack->n];
	pthread_mutex_unlock(&stack->lock);
	return slot;
}

static void *beginner(void *arg)
{
	for (unsigned slot = 0; slot < SLOTS; slot++)
		put(&vacant, slot);
	for (unsigned long i = 0; i < n; i++) {
		int slot = take(&vacant);

		begin((uint64_t)slot);
		put(&jobs, (unsigned)slot);
	}
	pthread_mutex_lock(&jobs.lock);
	jobs.closed = 1;
	pthread_cond_broadcast(&jobs.filled);
	pthread_mutex_unlock(&jobs.lock);
	return arg;
}

static void *ender(void *arg)
{
	for (int slot; (slot = take(&jobs)) >= 0;) {
		end((uint64_t)slot);
		put(&vacant, (unsigned)slot);
	}
	return arg;
}

static void hand_over(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, beginner, NULL))
		exit(1);
	run_threads(ender);
	pthread_join(thread, NULL);
}

static void pool(void)
{
	hand_over();
	expect("job", n);
}

static void processes(void)
{
	pid_t child = fork();
	int status;

	hand_over();
	if (!child)
		_exit(0);
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		exit(1);
	expect("job", 2 * n);
}

/* ---- what goes wrong ------------------------------------------------------------------------ */

static void disorder(void)
{
	enum { FIRST, SECOND, THIRD, TWICE, LAST, IDS };

	for (uint64_t id = 0; id < IDS * n; id += IDS) {
		begin(id + FIRST);
		begin(id + SECOND);
		begin(id + THIRD);
		end(id + SECOND);
		end(id + FIRST);
		end(id + THIRD);
		end(id + THIRD);
		begin(id + TWICE);
		begin(id + TWICE);
		end(id + TWICE);
		begin(id + LAST);
	}
	expect("job", 4 * n);
	say("unwound job %lu", 2 * n);
	say("unmatched job %lu", n);
}

static pthread_barrier_t barrier;

static void *racer(void *arg)
{
	for (uint64_t id = 0; id < n; id++) {
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			begin(id);
		pthread_barrier_wait(&barrier);
		end(id);
	}
	return arg;
}

static void race(void)
{
	if (pthread_barrier_init(&barrier, NULL, ENDERS))
		exit(1);
	run_threads(racer);
	expect("job", n);
	say("unmatched job %lu", (ENDERS - 1) * n);
}

static void many(void)
{
	begin_all();
	end_all();
	expect("job", n);
}

static void strange(void)
{
	end_all();
	end_all();
	expect("job", 0);
}

static void stuck(void)
{
	begin_all();
	say("stuck");
	pause();
}

static void exec(char **argv)
{
	static char mode[] = "executed";

	begin_all();
	argv[1] = mode;
	execv("/proc/self/exe", argv);
	exit(1);
}

/* ---- USDT probes of its own ------------------------------------------------------------------ */

#define PROBE(name, size, value)                                                                   \
	RPTRACE__SITE("spans", name, "0", "8@%[zero] " size "@%[id]",                              \
		      :                                                                            \
		      : [zero] "n"(0), [id] "nr"(value))

/* As compilers have it: one place knows the id as an int, another as a long. */
static void usdt(void)
{
	for (long i = 0; i < (long)n; i++) {
		int id = (int)-i;

		PROBE("task__start", "-4", id);
		PROBE("flow__start", "8", i << 32);
	}
	for (long i = 0; i < (long)n; i++) {
		PROBE("task__done", "8", -i);
		PROBE("flow__done", "-8", i << 32);
	}
	expect("task", n);
	expect("flow", n);
}

#define TOGETHER 8

/* ---- an event loop --------------------------------------------------------------------------- */

struct connection {
	int served;
};

NO_CLONES void take_up(struct connection *connection, int served);
NO_CLONES void take_up(struct connection *connection, int served)
{
	connection->served = served;
	KEEP();
}

NO_CLONES void serve(struct connection *connection);
NO_CLONES void serve(struct connection *connection)
{
	connection->served++;
	KEEP();
}

NO_CLONES void let_go(struct connection *connection);
NO_CLONES void let_go(struct connection *connection)
{
	connection->served = 0;
	KEEP();
}

static struct connection connections[TOGETHER], forgotten;

static void *let_go_of_half(void *first)
{
	for (struct connection *at = first; at < connections + TOGETHER; at += 2)
		let_go(at);
	return first;
}

static void loop(void)
{
	pthread_t other;

	for (unsigned long i = 0; i < n; i += TOGETHER) {
		for (int k = 0; k < TOGETHER; k++)
			take_up(&connections[k], k);
		for (int k = 0; k < 4 * TOGETHER; k++)
			serve(&connections[k % TOGETHER]);
		if (pthread_create(&other, NULL, let_go_of_half, &connections[1]))
			exit(1);
		let_go_of_half(&connections[0]);
		pthread_join(other, NULL);
	}
	take_up(&forgotten, 0);
	expect("take_up-let_go", n);
	say("unwound take_up-let_go 1");
}

/* ---- USDT pairs that overlap ------------------------------------------------------------- */

__attribute__((noinline)) static void recur(long id)
{
	PROBE("recur__start", "8", id);
	if (id % TOGETHER)
		recur(id - 1);
	PROBE("recur__done", "8", id);
}

NO_CLONES void cross_all(void)
{
	for (unsigned long i = 0; i < n; i++) {
		PROBE("early__start", "8", 0l);
		PROBE("late__start", "8", 0l);
		PROBE("early__done", "8", 0l);
		PROBE("late__done", "8", 0l);
	}
}

static void overlaps(void)
{
	volatile long together = TOGETHER; /* or the loops are unrolled to sites of their own */

	for (long i = 0; i < (long)n * TOGETHER; i += TOGETHER) {
		for (long k = i; k < i + TOGETHER; k++) {
			PROBE("pool__start", "8", k);
			PROBE("heap__start", "8", k);
		}
		for (long k = i; k < i + TOGETHER; k++)
			PROBE("pool__done", "8", k);
		for (long k = i + TOGETHER - 1; k >= i; k--)
			PROBE("heap__done", "8", k);
		for (long k = i; k < i + TOGETHER; k++) {
			PROBE("loose__start", "8", k);
			if (k % 2)
				PROBE("loose__done", "8", k);
		}
		for (long k = 0; k < together; k++)
			PROBE("alike__start", "8", i & 0);
		for (long k = 0; k < together; k++)
			PROBE("alike__done", "8", i & 0);
		recur(i + TOGETHER - 1);
	}
	expect("pool", n * TOGETHER);
	expect("heap", n * TOGETHER);
	expect("recur", n * TOGETHER);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "pool";

	n = target_number(argc, argv, 2, 1000);
	if (!strcmp(mode, "executed")) {
		end_all();
		expect("job", 0);
		say("unwound job %lu", n);
		say("unmatched job %lu", n);
		return 0;
	}
	if (!strcmp(mode, "before"))
		begin_all();
	RPT_WAIT();
	if (!strcmp(mode, "before")) {
		end_all();
		mode = "many";
	}
	if (!strcmp(mode, "pool"))
		pool();
	else if (!strcmp(mode, "processes"))
		processes();
	else if (!strcmp(mode, "disorder"))
		disorder();
	else if (!strcmp(mode, "race"))
		race();
	else if (!strcmp(mode, "many"))
		many();
	else if (!strcmp(mode, "strange"))
		strange();
	else if (!strcmp(mode, "exec"))
		exec(argv);
	else if (!strcmp(mode, "stuck"))
		stuck();
	else if (!strcmp(mode, "usdt"))
		usdt();
	else if (!strcmp(mode, "loop"))
		loop();
	else if (!strcmp(mode, "overlaps"))
		overlaps();
	else if (!strcmp(mode, "cross"))
		cross_all();
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * bench_region MODE ITERATIONS REPEATS [THREADS] [WIDTH]: what a region costs its thread. Prints
 * "median NS min NS": CPU nanoseconds an iteration, over the repeats of all threads.
 *
 * With a pipe as standard input it does so once a line; a line may hold ITERATIONS and REPEATS of
 * its own. WIDTH: nest recurses to that depth, many calls that many functions in turn.
 *
 * Time is the thread's own (CLOCK_THREAD_CPUTIME_ID), so that other work on the machine, and more
 * threads than CPUs, do not count.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

#ifndef BENCH_FUNCTIONS
#define BENCH_FUNCTIONS 1
#endif

#define REPEATS_MAX 100000ul
#define THREADS_MAX 1024ul
#define LABELS	    8

/* ---- what is measured ------------------------------------------------------------------------ */

#define STRING_OF(x) #x
#define STRING(x)    STRING_OF(x)

#define FUNCTION(name, body)                                                                       \
	__asm__(".pushsection .text\n.p2align 4\n.globl " #name "\n.type " #name                   \
		", @function\n" #name ":\n" body ".size " #name ", . - " #name "\n.popsection\n"); \
	void name(void)

/* One 1-byte nop, as systemtap's sys/sdt.h has it. */
#define PROBE(name)                                                                                \
	__asm__ volatile("990: nop\n"                                                              \
			 ".pushsection .note.stapsdt,\"\",\"note\"\n.balign 4\n"                   \
			 ".4byte 992f-991f, 994f-993f, 3\n"                                        \
			 "991: .asciz \"stapsdt\"\n992: .balign 4\n"                               \
			 "993: .8byte 990b, _.stapsdt.base, 0\n"                                   \
			 ".asciz \"bench\"\n.asciz \"" name "\"\n.asciz \"\"\n"                    \
			 "994: .balign 4\n.popsection\n")

/*
 * First instructions: one that the kernel emulates, a landing pad before it, one that it must step.
 */
#ifdef __x86_64__
#define EMULATED "push %rbp\nmov %rsp, %rbp\npop %rbp\nret\n"
FUNCTION(bench_push, EMULATED);
FUNCTION(bench_endbr64, "endbr64\n" EMULATED);
FUNCTION(bench_stepped, "lea 1(%rdi), %rax\nmov %rax, %rcx\nret\n");
FUNCTION(bench_nest, "push %rbp\ndec %rdi\njz 1f\ncall bench_nest\n1: pop %rbp\nret\n");
#else
#define EMULATED "nop\nret\n"
FUNCTION(bench_push, EMULATED);
FUNCTION(bench_endbr64, "bti c\n" EMULATED);
FUNCTION(bench_stepped, "mov x1, x0\nret\n");
FUNCTION(bench_nest, "nop\nstp x29, x30, [sp, #-16]!\nsubs x0, x0, #1\nb.eq 1f\nbl bench_nest\n"
		     "1: ldp x29, x30, [sp], #16\nret\n");
#endif

/*
 * bench_many_100000 and those that follow it, 16 bytes each: six digits, so that globs can count.
 */
__asm__(".altmacro\n"
	".macro bench_many_define n\n"
	".p2align 4\n"
	".globl bench_many_\\n\n"
	".type bench_many_\\n, @function\n"
	"bench_many_\\n:\n" EMULATED ".size bench_many_\\n, . - bench_many_\\n\n"
	".endm\n"
	".pushsection .text\n"
	".set bench_many_index, 100000\n"
	".rept " STRING(BENCH_FUNCTIONS) "\n"
					 "bench_many_define %bench_many_index\n"
					 ".set bench_many_index, bench_many_index + 1\n"
					 ".endr\n"
					 ".popsection\n"
					 ".noaltmacro\n");
#define MANY_STRIDE 16
void bench_many_100000(void);

static void loop_push(unsigned long n, unsigned long width)
{
	(void)width;
	while (n--)
		bench_push();
}

static void loop_endbr64(unsigned long n, unsigned long width)
{
	(void)width;
	while (n--)
		bench_endbr64();
}

static void loop_stepped(unsigned long n, unsigned long width)
{
	(void)width;
	while (n--)
		bench_stepped();
}

NO_CLONES static void loop_usdt(unsigned long n, unsigned long width)
{
	(void)width;
	while (n--) {
		PROBE("usdt__start");
		KEEP();
		PROBE("usdt__done");
	}
}

NO_CLONES static void loop_marker(unsigned long n, unsigned long width)
{
	(void)width;
	while (n--) {
		RPTRACE_BEGIN(bench_marker);
		KEEP();
		RPTRACE_END(bench_marker);
	}
}

/* In another one of the same function, hence at the same stack depth. */
NO_CLONES static void loop_inner(unsigned long n, unsigned long width)
{
	(void)width;
	RPTRACE_BEGIN(bench_outer);
	while (n--) {
		RPTRACE_BEGIN(bench_inner);
		KEEP();
		RPTRACE_END(bench_inner);
	}
	RPTRACE_END(bench_outer);
}

NO_CLONES static void loop_value(unsigned long n, unsigned long width)
{
	(void)width;
	while (n--) {
		RPTRACE_BEGIN_VALUE(bench_value, n % LABELS);
		KEEP();
		RPTRACE_END(bench_value);
	}
}

NO_CLONES static void loop_span(unsigned long n, unsigned long width)
{
	(void)width;
	while (n--) {
		RPTRACE_SPAN_BEGIN(bench_span, n % LABELS);
		KEEP();
		RPTRACE_SPAN_END(bench_span, n % LABELS);
	}
}

NO_CLONES static void loop_name(unsigned long n, unsigned long width)
{
	char name[] = "bench_name";

	(void)width;
	while (n--) {
		rptrace_begin(name);
		KEEP();
		rptrace_end(name);
	}
}

static void loop_nest(unsigned long n, unsigned long width)
{
	void (*nest)(unsigned long) = (void (*)(unsigned long))bench_nest;

	while (n--)
		nest(width);
}

static void loop_many(unsigned long n, unsigned long width)
{
	uintptr_t base = (uintptr_t)bench_many_100000;

	for (unsigned long i = 0; n--; i = i + 1 < width ? i + 1 : 0)
		((void (*)(void))(base + i * MANY_STRIDE))();
}

static int to_first[2], to_second[2];

/* Of two threads: in an iteration each sleeps once, and wakes the other once. */
NO_CLONES static void loop_bounce(unsigned long n, unsigned long width)
{
	bool first = gettid() == getpid();
	int from = first ? to_first[0] : to_second[0], to = first ? to_second[1] : to_first[1];
	char byte = 0;

	(void)width;
	while (n--) {
		RPTRACE_BEGIN(bench_bounce);
		if ((first && write(to, &byte, 1) != 1) || read(from, &byte, 1) != 1 ||
		    (!first && write(to, &byte, 1) != 1))
			exit(1);
		RPTRACE_END(bench_bounce);
	}
}

static const struct mode {
	const char *name;
	void (*loop)(unsigned long n, unsigned long width);
} modes[] = {
	{"push", loop_push},   {"endbr64", loop_endbr64}, {"stepped", loop_stepped},
	{"usdt", loop_usdt},   {"marker", loop_marker},	  {"inner", loop_inner},
	{"value", loop_value}, {"span", loop_span},	  {"name", loop_name},
	{"nest", loop_nest},   {"many", loop_many},	  {"bounce", loop_bounce},
};
#define N_MODES (sizeof(modes) / sizeof(modes[0]))

/* ---- measuring ------------------------------------------------------------------------------- */

struct bench {
	const struct mode *mode;
	unsigned long iterations, repeats, threads, width;
	pthread_barrier_t start;
	double *ns; /* threads * repeats */
};

struct worker {
	struct bench *bench;
	pthread_t thread;
	double *ns;
};

static double cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct bench *b = w->bench;

	pthread_barrier_wait(&b->start);
	b->mode->loop(1, b->width); /* the thread's first hit sets it up */
	for (unsigned long r = 0; r < b->repeats; r++) {
		double begin = cpu_ns();

		b->mode->loop(b->iterations, b->width);
		w->ns[r] = (cpu_ns() - begin) / (double)b->iterations;
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int measure(struct bench *b)
{
	struct worker *workers = calloc(b->threads, sizeof(*workers));
	unsigned long n = b->threads * b->repeats;

	b->ns = calloc(n, sizeof(*b->ns));
	if (!workers || !b->ns || pthread_barrier_init(&b->start, NULL, (unsigned)b->threads))
		return 1;
	for (unsigned long t = 0; t < b->threads; t++) {
		workers[t].bench = b;
		workers[t].ns = b->ns + t * b->repeats;
		if (t && pthread_create(&workers[t].thread, NULL, work, &workers[t]))
			return 1;
	}
	work(&workers[0]);
	for (unsigned long t = 1; t < b->threads; t++)
		pthread_join(workers[t].thread, NULL);
	qsort(b->ns, n, sizeof(*b->ns), compare);
	say("median %.2f min %.2f", b->ns[n / 2], b->ns[0]);
	pthread_barrier_destroy(&b->start);
	free(b->ns);
	free(workers);
	return 0;
}

static int usage(void)
{
	fputs("usage: bench_region MODE ITERATIONS REPEATS [THREADS] [WIDTH]\nmodes:", stderr);
	for (size_t i = 0; i < N_MODES; i++)
		fprintf(stderr, " %s", modes[i].name);
	fputc('\n', stderr);
	return 2;
}

static int in_bounds(const struct bench *b)
{
	return b->iterations && b->repeats && b->repeats <= REPEATS_MAX && b->threads &&
	       b->threads <= THREADS_MAX && b->width &&
	       (b->mode->loop != loop_many || b->width <= BENCH_FUNCTIONS) &&
	       (b->mode->loop != loop_bounce || b->threads == 2);
}

int main(int argc, char **argv)
{
	struct bench b = {.iterations = target_number(argc, argv, 2, 0),
			  .repeats = target_number(argc, argv, 3, 0),
			  .threads = target_number(argc, argv, 4, 1),
			  .width = target_number(argc, argv, 5, 1)};
	char line[64];

	for (size_t i = 0; argc > 3 && i < N_MODES; i++)
		if (!strcmp(argv[1], modes[i].name))
			b.mode = &modes[i];
	if (!b.mode || !in_bounds(&b))
		return usage();
	if (pipe(to_first) || pipe(to_second))
		return 1;
	if (!target_is_held())
		return measure(&b);
	say("ready");
	while (fgets(line, sizeof(line), stdin)) {
		sscanf(line, "%lu %lu", &b.iterations, &b.repeats);
		if (!in_bounds(&b) || measure(&b))
			return 1;
	}
	return 0;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * within N: N rounds of what is inside of handle, and of what is not.
 *
 * Of each four calls of handle one is left by longjmp, one starts a thread, whose calls are not
 * inside, and one calls itself. A span that begins inside may end outside. A name made at run time,
 * "outer", is around "inner". What is inside of handle is expected, and of "outer" as "outer
 * inner".
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <string.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

static jmp_buf left;
static unsigned long spans;

NO_CLONES void work(void);
NO_CLONES void work(void)
{
	KEEP();
}

NO_CLONES void helper(int depth);
NO_CLONES void helper(int depth)
{
	if (depth)
		helper(depth - 1);
	work();
	KEEP();
}

static void *other_thread(void *arg)
{
	for (int i = 0; i < 7; i++)
		work();
	return arg;
}

NO_CLONES void handle(unsigned long round);
NO_CLONES void handle(unsigned long round)
{
	pthread_t thread;

	helper(2);
	RPTRACE_SPAN_BEGIN(job, spans++);
	if (round % 4 == 1)
		longjmp(left, 1);
	if (round % 4 == 2 && !pthread_create(&thread, NULL, other_thread, NULL))
		pthread_join(thread, NULL);
	if (round % 4 == 3)
		handle(0);
	KEEP();
}

NO_CLONES void setup(void);
NO_CLONES void setup(void)
{
	for (int i = 0; i < 5; i++)
		work();
	RPTRACE_SPAN_BEGIN(job, 1000000000);
	RPTRACE_SPAN_END(job, 1000000000);
	KEEP();
}

static void name(const char *text, int depth)
{
	rptrace_begin(text);
	if (depth)
		name("inner", depth - 1);
	rptrace_end(text);
}

static void handle_or_leave(unsigned long round)
{
	if (!setjmp(left))
		handle(round);
}

int main(int argc, char **argv)
{
	unsigned long n = target_number(argc, argv, 1, 40), calls = n + n / 4;

	RPT_WAIT();
	setup();
	for (unsigned long i = 0; i < n; i++) {
		handle_or_leave(i);
		work();
		name("inner", 0);
		name("outer", 2);
	}
	for (unsigned long i = 0; i < spans; i++)
		RPTRACE_SPAN_END(job, i);
	setup();
	/* Ends of nothing; the first of a marker may have begun before tracing did. */
	for (unsigned long i = 0; i < n; i++) {
		RPTRACE_SPAN_END(job, 2000000000 + i);
		if (i % 4)
			RPTRACE_END(turn);
		else
			RPTRACE_BEGIN(turn);
	}
	expect("handle", calls - n / 4);
	say("unwound handle %lu", n / 4);
	expect("helper", 3 * calls);
	expect("work", 3 * calls);
	expect("job", calls);
	expect("outer", n);
	expect("inner", 2 * n);
	return 0;
}

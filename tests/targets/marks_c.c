/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * marks_c [THREADS [ITERATIONS]]: C markers left in every way there is, in each thread ITERATIONS
 * times. At its end it says
 *
 *   expect REGION COUNT    frames that were left by their end
 *   unwound REGION COUNT   frames that were left without it; no other region has any
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

#define THREADS_MAX 64
#define LABELS	    4
#define DEPTH	    5

static volatile unsigned long sink;

/* ---- blocks ---------------------------------------------------------------------------------- */

NO_CLONES static int left_by_return(unsigned long i)
{
	RPTRACE_REGION(by_return)
	{
		if (i % 2)
			return 1;
		KEEP();
	}
	return 0;
}

NO_CLONES static void left_by_break(unsigned long i)
{
	RPTRACE_REGION(by_break)
	{
		if (i % 2)
			break;
		KEEP();
	}
}

NO_CLONES static void left_by_continue(unsigned long i)
{
	RPTRACE_REGION(by_continue)
	{
		if (i % 2)
			continue;
		KEEP();
	}
}

NO_CLONES static void left_by_goto(unsigned long i)
{
	RPTRACE_REGION(by_goto)
	{
		if (i % 2)
			goto out;
		KEEP();
	}
	KEEP();
out:
	KEEP();
}

/*
 * Three blocks with one name and two of another, all open at once, on one line and as statements.
 */
NO_CLONES static void nested_blocks(void)
{
	RPTRACE_REGION(block_outer)
	{
		RPTRACE_REGION(block_inner) RPTRACE_REGION(block_inner) KEEP();
	}
	RPTRACE_REGION(block_outer) RPTRACE_REGION(block_outer) KEEP();
}

/* A return out of two blocks ends both. */
NO_CLONES static int left_together(unsigned long i)
{
	RPTRACE_REGION(together_outer)
	{
		RPTRACE_REGION(together_inner)
		{
			if (i % 3)
				return 1;
			KEEP();
		}
		KEEP();
	}
	return 0;
}

static void blocks(unsigned long i)
{
	sink += (unsigned long)left_by_return(i);
	left_by_break(i);
	left_by_continue(i);
	left_by_goto(i);
	nested_blocks();
	sink += (unsigned long)left_together(i);
}

static void expect_blocks(unsigned long n)
{
	expect("by_return", n);
	expect("by_break", n);
	expect("by_continue", n);
	expect("by_goto", n);
	expect("block_outer", 3 * n);
	expect("block_inner", 2 * n);
	expect("together_outer", n);
	expect("together_inner", n);
}

/* ---- pairs ----------------------------------------------------------------------------------- */

NO_CLONES static void work(void)
{
	RPTRACE_BEGIN(work);
	KEEP();
	RPTRACE_END(work);
}

/* One begin, two ends, of which one is reached. */
NO_CLONES static int either_end(unsigned long i)
{
	RPTRACE_BEGIN(either);
	if (i % 2) {
		sink++;
		RPTRACE_END(either);
		return 1;
	}
	KEEP();
	RPTRACE_END(either);
	return 0;
}

NO_CLONES static void finish_elsewhere(void)
{
	RPTRACE_END(elsewhere);
}

NO_CLONES static void labelled(unsigned long i)
{
	RPTRACE_BEGIN_VALUE(value, i % LABELS);
	KEEP();
	RPTRACE_END(value);
	RPTRACE_BEGIN_VALUE(negative, -1 - (int)(i % LABELS));
	KEEP();
	RPTRACE_END(negative);
}

NO_CLONES static void recursive(unsigned depth)
{
	RPTRACE_BEGIN(recursive);
	if (depth > 1)
		recursive(depth - 1);
	KEEP();
	RPTRACE_END(recursive);
}

NO_CLONES static void whole_function(unsigned long i)
{
	RPTRACE_FUNCTION();
	if (i % 2)
		return;
	KEEP();
}

static void pairs(unsigned long i)
{
	work();
	sink += (unsigned long)either_end(i);
	RPTRACE_BEGIN(elsewhere);
	finish_elsewhere();
	labelled(i);
	recursive(DEPTH);
	whole_function(i);
}

static void expect_pairs(unsigned long n)
{
	expect("work", n);
	expect("either", n);
	expect("elsewhere", n);
	expect("value", n);
	expect("negative", n);
	expect("recursive", DEPTH * n);
	expect("whole_function", n);
}

/* ---- frames that are never ended ------------------------------------------------------------- */

/* Returns without END: its next begin at the same depth, or the thread's end, shows that. */
NO_CLONES static void leak(void)
{
	RPTRACE_BEGIN(leak);
	KEEP();
}

/* The end of the region around closes what was left open in it. */
NO_CLONES static void leak_within(void)
{
	RPTRACE_BEGIN(leak_within);
	KEEP();
}

NO_CLONES static void holder(void)
{
	RPTRACE_BEGIN(holder);
	leak_within();
	RPTRACE_END(holder);
}

static void *run(void *iterations)
{
	unsigned long n = *(unsigned long *)iterations;

	for (unsigned long i = 0; i < n; i++) {
		blocks(i);
		pairs(i);
		holder();
	}
	for (unsigned long i = 0; i < n; i++)
		leak();
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long threads = target_number(argc, argv, 1, 4);
	unsigned long n = target_number(argc, argv, 2, 1000), total = threads * n;
	pthread_t ids[THREADS_MAX];

	if (threads > THREADS_MAX)
		return 2;
	target_wait();
	for (unsigned long i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, run, &n))
			return 1;
	for (unsigned long i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	expect_blocks(total);
	expect_pairs(total);
	expect("holder", total);
	say("unwound leak_within %lu", total);
	say("unwound leak %lu", total);
	return 0;
}

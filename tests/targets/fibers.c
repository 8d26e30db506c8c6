/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * fibers MODE N: calls of an interpreter, each told by its name at both ends, N rounds of
 *
 *   taken-turns   main calls outer, in it starts a fiber that calls inner and gives way; outer
 * ends, then inner does queue         five fibers, each of which calls step0 to step4; they end in
 * the same order cut           outer calls inner, which is left without its end; outer ends
 *   begun-before  an end of stranger, which nothing begins, within outer
 *   nested        outer calls inner, both end: no fiber at all
 *
 * or two fibers in one region at a time, for 40 ms or more each: the first begins 20 ms before the
 * other one, and ends 20 ms before it:
 *
 *   marked, named, scoped, paired   a region of a marker, of one whose name is made at run time, of
 * a block, of USDT probes
 *   leaving                         of a marker, and in it another one that is left without its end
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

#define FIBERS	    5
#define STACK_BYTES (128u << 10)
#define GUARD_BYTES (64u << 10)

static ucontext_t scheduler, fiber[FIBERS];
static char *stack[FIBERS];

/* One place each, as in an interpreter. */
static NO_CLONES void call_entry(const char *name)
{
	RPTRACE__SITE("interpreter", "call__entry", "0", "8@%[name]",
		      :
		      : [name] "r"(name)
		      : "memory");
}

static NO_CLONES void call_return(const char *name)
{
	RPTRACE__SITE("interpreter", "call__return", "0", "8@%[name]",
		      :
		      : [name] "r"(name)
		      : "memory");
}

#define HALF_US 20000

static const char *way;

static void begin_shared(void)
{
	if (!strcmp(way, "marked") || !strcmp(way, "leaving"))
		RPTRACE_BEGIN(shared);
	else if (!strcmp(way, "named"))
		rptrace_begin("shared");
	else
		RPTRACE__SITE("shared", "work__start", "0", "");
}

static void end_shared(void)
{
	if (!strcmp(way, "marked") || !strcmp(way, "leaving"))
		RPTRACE_END(shared);
	else if (!strcmp(way, "named"))
		rptrace_end("shared");
	else
		RPTRACE__SITE("shared", "work__done", "0", "");
}

static void give_way(int i)
{
	usleep(HALF_US);
	swapcontext(&fiber[i], &scheduler);
	usleep(HALF_US);
}

static void share(int i)
{
	if (!strcmp(way, "scoped")) {
		RPTRACE_REGION(shared)
		{
			give_way(i);
		}
		return;
	}
	begin_shared();
	if (!strcmp(way, "leaving"))
		RPTRACE_BEGIN(left);
	give_way(i);
	end_shared();
}

static void run(int i)
{
	static const char *const names[] = {"step0", "step1", "step2", "step3", "step4", "inner"};

	if (way) {
		share(i);
		return;
	}
	call_entry(names[i]);
	swapcontext(&fiber[i % FIBERS], &scheduler);
	call_return(names[i]);
}

/* With a guard below, as fibers have: no two of them are in one mapping. */
static char *make_stack(void)
{
	char *memory = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED || mprotect(memory, GUARD_BYTES, PROT_NONE))
		exit(1);
	return memory;
}

static void start_at(ucontext_t *at, char **memory, int i)
{
	getcontext(at);
	if (!*memory)
		*memory = make_stack();
	at->uc_stack.ss_sp = *memory + GUARD_BYTES;
	at->uc_stack.ss_size = STACK_BYTES - GUARD_BYTES;
	at->uc_link = &scheduler;
	makecontext(at, (void (*)(void))run, 1, i);
	swapcontext(&scheduler, at);
}

static void start(int i)
{
	start_at(&fiber[i % FIBERS], &stack[i % FIBERS], i);
}

static void resume(int i)
{
	swapcontext(&scheduler, &fiber[i % FIBERS]);
}

static void round_of(const char *mode)
{
	if (!strcmp(mode, "taken-turns")) {
		call_entry("outer");
		start(FIBERS);
		call_return("outer");
		resume(FIBERS);
	} else if (!strcmp(mode, "queue")) {
		for (int i = 0; i < FIBERS; i++)
			start(i);
		for (int i = 0; i < FIBERS; i++)
			resume(i);
	} else if (way) {
		for (int i = 0; i < 2; i++)
			start(i);
		for (int i = 0; i < 2; i++)
			resume(i);
	} else if (!strcmp(mode, "begun-before")) {
		call_entry("outer");
		call_return("stranger");
	} else {
		call_entry("outer");
		call_entry("inner");
		if (!strcmp(mode, "nested"))
			call_return("inner");
		call_return("outer");
	}
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	unsigned long n = target_number(argc, argv, 2, 1);

	if (!strcmp(mode, "marked") || !strcmp(mode, "named") || !strcmp(mode, "scoped") ||
	    !strcmp(mode, "paired") || !strcmp(mode, "leaving"))
		way = mode;
	RPT_WAIT();
	for (unsigned long i = 0; i < n; i++)
		round_of(mode);
	return 0;
}

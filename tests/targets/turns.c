/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * turns early|late|cut N: two coroutines take turns, each in the middle of a call of request, N
 * calls each. The code that switches their stacks is not in this program: it loads turn.so, from
 * its own folder, before it is released, or after; then it says "loaded" and waits for one more
 * byte.
 *
 * cut: calls of cut are left by longjmp in their second turn; then the coroutine calls next, as
 * deep in its stack, which takes another turn.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <libgen.h>
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "regions.h"
#include "target.h"

#define STACK_BYTES 65536
#define GUARD_BYTES 4096
#define SAVED_WORDS 7 /* with the address to return to */

static void (*turn_to)(void **from, void **to);
static unsigned long rounds;
static void *main_sp, *sp[2];

NO_CLONES void request(int i);
void request(int i)
{
	turn_to(&sp[i], &main_sp);
	KEEP();
}

static jmp_buf begin[2];
static bool cuts;

NO_CLONES void cut(int i);
void cut(int i)
{
	turn_to(&sp[i], &main_sp);
	if (cuts)
		longjmp(begin[i], 1);
	KEEP();
}

NO_CLONES void next(int i);
void next(int i)
{
	turn_to(&sp[i], &main_sp);
	KEEP();
}

static void cut_and_go_on(int i)
{
	if (!setjmp(begin[i]))
		cut(i);
	next(i);
}

static void run(int i)
{
	for (unsigned long n = 0; n < rounds; n++)
		if (cuts)
			cut_and_go_on(i);
		else
			request(i);
	turn_to(&sp[i], &main_sp);
	abort();
}

static void first(void)
{
	run(0);
}

static void second(void)
{
	run(1);
}

/* As if it had been left at the beginning of a function. */
static void *new_stack(void (*begin)(void))
{
	char *memory = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	void **top = (void **)(memory + STACK_BYTES) - 8;

	if (memory == MAP_FAILED || mprotect(memory, GUARD_BYTES, PROT_NONE))
		exit(1);
	top[0] = (void *)(uintptr_t)begin;
	return top - (SAVED_WORDS - 1);
}

static void load(const char *program)
{
	char copy[4096], path[4200];
	void *library;

	snprintf(copy, sizeof(copy), "%s", program);
	snprintf(path, sizeof(path), "%s/turn.so", dirname(copy));
	library = dlopen(path, RTLD_NOW);
	if (!library)
		exit(1);
	*(void **)&turn_to = dlsym(library, "turn_to");
	if (!turn_to)
		exit(77); /* not written for this machine */
}

int main(int argc, char **argv)
{
	bool late = argc > 1 && !strcmp(argv[1], "late");
	char byte;

	cuts = argc > 1 && !strcmp(argv[1], "cut");
	rounds = target_number(argc, argv, 2, 100);
	/* In this order the second one's is higher, as mappings are placed from the top down. */
	sp[1] = new_stack(second);
	sp[0] = new_stack(first);
	if (!late)
		load(argv[0]);
	target_wait();
	if (late) {
		load(argv[0]);
		say_code(request);
		say("loaded");
		if (read(STDIN_FILENO, &byte, 1) != 1)
			return 1;
	}
	for (unsigned long n = 0; n <= (cuts ? 2 : 1) * rounds; n++)
		for (int i = 0; i < 2; i++)
			turn_to(&main_sp, &sp[i]);
	expect(cuts ? "next" : "request", 2 * rounds);
	return 0;
}

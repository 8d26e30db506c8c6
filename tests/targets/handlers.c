// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * handlers PLACE WAY D N [pause|calm]: N signals at depth D of dive, each handled on an alternate
 * signal stack.
 *
 *   PLACE  above   it lies above the stack of the thread, in the same mapping
 *          below   it lies below it, in the same mapping
 *          apart   in a mapping of its own, at higher addresses
 *          disarm  as apart, and the kernel does not know it while the handler runs (SS_AUTODISARM)
 *          hidden  as above, and the same
 *   WAY    return  the handler returns
 *          escape  it is left by siglongjmp, and all of dive with it
 *   pause  in the middle of them it waits for its input again
 *   calm   the same, and until then it makes the same calls without a signal
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "regions.h"
#include "target.h"

#define STACK_BYTES 262144

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

/* siglongjmp by no name: with that and sigaltstack it would be taken for one with coroutines. */
static void (*jump)(sigjmp_buf, int) __attribute__((noreturn));
static sigjmp_buf back;
static int escapes, flags, pauses, calm;
static char *own, *alternate;
static unsigned long depth, signals, handled;

REGION_FN(inner)
{
	KEEP();
}

NO_CLONES void handle(int signal);
void handle(int signal)
{
	(void)signal;
	handled++;
	inner();
	if (escapes)
		jump(back, 1);
	KEEP();
}

NO_CLONES void dive(unsigned long to_go);
void dive(unsigned long to_go)
{
	if (to_go > 1)
		dive(to_go - 1);
	else if (!calm)
		raise(SIGUSR1);
	KEEP();
}

REGION_FN(after)
{
	KEEP();
}

static void *thread(void *arg)
{
	stack_t stack = {.ss_sp = alternate, .ss_size = STACK_BYTES, .ss_flags = flags};

	sigaltstack(&stack, NULL);
	for (volatile unsigned long i = 0; i < signals; i++) {
		if (!sigsetjmp(back, 1))
			dive(depth);
		after();
		if (pauses && i == signals / 2 - 1) {
			say("half");
			target_wait_again();
			calm = 0;
		}
	}
	return arg;
}

static char *map(size_t bytes)
{
	char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		exit(1);
	return at;
}

/* Two stacks with a page between that nobody may touch: mappings of their own. */
static void place(const char *where)
{
	char *low = map(2 * STACK_BYTES + 4096), *high = low + STACK_BYTES;

	if (!strcmp(where, "apart") || !strcmp(where, "disarm")) {
		mprotect(high, 4096, PROT_NONE);
		high += 4096;
	}
	own = strcmp(where, "below") ? low : high;
	alternate = strcmp(where, "below") ? high : low;
	flags = strcmp(where, "disarm") && strcmp(where, "hidden") ? 0 : SS_AUTODISARM;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};
	pthread_attr_t attr;
	pthread_t id;

	if (argc < 3)
		return 2;
	*(void **)&jump = dlsym(RTLD_DEFAULT, "siglongjmp");
	if (!jump)
		return 1;
	place(argv[1]);
	escapes = !strcmp(argv[2], "escape");
	depth = target_number(argc, argv, 3, 3);
	signals = target_number(argc, argv, 4, 100);
	pauses = argc > 5;
	calm = pauses && !strcmp(argv[5], "calm");
	say_code(after);
	target_wait();
	sigaction(SIGUSR1, &action, NULL);
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, own, STACK_BYTES);
	if (pthread_create(&id, &attr, thread, NULL))
		return 1;
	pthread_join(id, NULL);
	say("expect after %lu", signals);
	say("calls dive %lu", depth * signals);
	say("calls handle %lu", handled);
	say("calls inner %lu", handled);
	return 0;
}

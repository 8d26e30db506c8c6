// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "attach/shield.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES (256 * 1024)

struct work {
	void (*fn)(void *ctx);
	void *ctx;
};

void rp_shield__enter(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setpgid(0, 0);
}

static int shielded(void *arg)
{
	const struct work *work = arg;

	rp_shield__enter();
	work->fn(work->ctx);
	return 0;
}

void rp_shield__run(void (*fn)(void *ctx), void *ctx)
{
	struct work work = {.fn = fn, .ctx = ctx};
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	pid_t pid = -1;

	/* As vfork(2) does it, and without a SIGCHLD that somebody might take for another's. */
	if (stack != MAP_FAILED)
		pid = clone(shielded, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | CLONE_FILES,
			    &work);
	if (pid < 0)
		fn(ctx);
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	if (stack != MAP_FAILED)
		munmap(stack, STACK_BYTES);
}

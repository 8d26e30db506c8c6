// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "attach/shield.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES (256 * 1024)

static int shielded(void *shielded_)
{
	const struct rp_shielded *s = shielded_;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setpgid(0, 0);
	s->fn(s->ctx);
	return 0;
}

void rp_shield__keep_files(int low, int high)
{
	if (low > 0)
		close_range(0, (unsigned)low - 1, 0);
	close_range((unsigned)high + 1, ~0u, 0);
}

bool rp_shielded__start(struct rp_shielded *s, int flags)
{
	s->stack = mmap(NULL, s->stack_bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (s->stack == MAP_FAILED)
		return false;
	s->pid = clone(shielded, s->stack + s->stack_bytes, CLONE_VM | flags, s);
	if (s->pid < 0)
		rp_shielded__free(s);
	return s->pid >= 0;
}

void rp_shielded__free(struct rp_shielded *s)
{
	munmap(s->stack, s->stack_bytes);
}

void rp_shield__run(void (*fn)(void *ctx), void *ctx)
{
	struct rp_shielded s = {.fn = fn, .ctx = ctx, .stack_bytes = STACK_BYTES};

	/* As vfork(2) does it, and without a SIGCHLD that somebody might take for another's. */
	if (!rp_shielded__start(&s, CLONE_VFORK | CLONE_FILES)) {
		fn(ctx);
		return;
	}
	while (waitpid(s.pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	rp_shielded__free(&s);
}

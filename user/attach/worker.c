// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "attach/worker.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES (256 * 1024)

static pid_t running; /* of the process; put there by the kernel, as its parent sleeps by then */

pid_t rp_worker__pid(void)
{
	return __atomic_load_n(&running, __ATOMIC_RELAXED);
}

static int worker_main(void *worker_)
{
	const struct rp_worker *w = worker_;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setpgid(0, 0);
	w->fn(w->ctx);
	return 0;
}

void rp_worker__keep_files(int low, int high)
{
	if (low > 0)
		close_range(0, (unsigned)low - 1, 0);
	close_range((unsigned)high + 1, ~0u, 0);
}

bool rp_worker__start(struct rp_worker *w, int flags)
{
	w->stack = mmap(NULL, w->stack_bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (w->stack == MAP_FAILED)
		return false;
	w->pid = clone(worker_main, w->stack + w->stack_bytes, CLONE_VM | flags, w, &running);
	if (w->pid < 0)
		rp_worker__free(w);
	return w->pid >= 0;
}

void rp_worker__free(struct rp_worker *w)
{
	munmap(w->stack, w->stack_bytes);
}

void rp_worker__run(void (*fn)(void *ctx), void *ctx)
{
	struct rp_worker w = {.fn = fn, .ctx = ctx, .stack_bytes = STACK_BYTES};

	/* CLONE_VFORK: who called sleeps until it exits, and does not use the memory meanwhile. */
	if (!rp_worker__start(&w, CLONE_VFORK | CLONE_FILES | CLONE_PARENT_SETTID)) {
		fn(ctx);
		return;
	}
	while (waitpid(w.pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	__atomic_store_n(&running, 0, __ATOMIC_RELAXED);
	rp_worker__free(&w);
}

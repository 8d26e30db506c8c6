// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "attach/closing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attach/shield.h"

#define CLOSERS_MAX 256		/* at work at once */
#define STACK_BYTES (64u << 10) /* of each */
#define STEP_NS	    100000

/* A process that has our memory and a copy of our table of files. */
struct rp_closer {
	struct rp_closer *next;
	uint32_t *gauge;
	uint32_t of;
	pid_t parent;
	struct rp_shielded work;
	bool ready, go;
	size_t n;
	int fds[];
};

static void pause_shortly(void)
{
	nanosleep(&(struct timespec){.tv_nsec = STEP_NS}, NULL);
}

static bool is_set(const bool *flag)
{
	return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static void set(bool *flag)
{
	__atomic_store_n(flag, true, __ATOMIC_RELEASE);
}

/*
 * What is not its own is let go of at once, as closing means something to the last one who has it.
 * For the same reason we close our copies first, or else have ended.
 */
static void close_all(void *closer_)
{
	struct rp_closer *c = closer_;
	int low = c->fds[0], high = c->fds[0];

	for (size_t i = 1; i < c->n; i++) {
		low = c->fds[i] < low ? c->fds[i] : low;
		high = c->fds[i] > high ? c->fds[i] : high;
	}
	rp_shield__keep_files(low, high);
	set(&c->ready);
	while (!is_set(&c->go) && getppid() == c->parent)
		pause_shortly();
	for (size_t i = 0; i < c->n; i++)
		close(c->fds[i]);
	__atomic_fetch_sub(c->gauge, 1, __ATOMIC_SEQ_CST);
}

/* NULL: it cannot be had. */
static struct rp_closer *closer__new(uint32_t *gauge, const int *fds, size_t n, uint32_t of)
{
	struct rp_closer *c = calloc(1, sizeof(*c) + n * sizeof(*fds));

	if (!c)
		return NULL;
	c->gauge = gauge;
	c->of = of;
	c->n = n;
	c->parent = getpid();
	memcpy(c->fds, fds, n * sizeof(*fds));
	c->work = (struct rp_shielded){.fn = close_all, .ctx = c, .stack_bytes = STACK_BYTES};
	__atomic_fetch_add(gauge, 1, __ATOMIC_SEQ_CST);
	if (rp_shielded__start(&c->work, 0))
		return c;
	__atomic_fetch_sub(gauge, 1, __ATOMIC_SEQ_CST);
	free(c);
	return NULL;
}

/* 0: none has ended, or there is none. */
static size_t reap(struct rp_closing *closing, int flags)
{
	struct rp_closer **at = &closing->closers, *c;
	size_t n = 0;

	while ((c = *at)) {
		pid_t pid = waitpid(c->work.pid, NULL, __WALL | flags);

		if (!pid || (pid < 0 && errno == EINTR)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		closing->n--;
		rp_shielded__free(&c->work);
		free(c);
		n++;
	}
	return n;
}

void rp_closing__add(struct rp_closing *closing, const int *fds, size_t n, uint32_t of)
{
	struct rp_closer *c;

	if (!n)
		return;
	while (closing->n >= CLOSERS_MAX && !reap(closing, WNOHANG))
		pause_shortly();
	c = closer__new(closing->gauge, fds, n, of);
	if (c) {
		c->next = closing->closers;
		closing->closers = c;
		closing->n++;
		/* One that was killed is there no more to wait for. */
		while (!is_set(&c->ready) && !waitpid(c->work.pid, NULL, __WALL | WNOHANG))
			pause_shortly();
	}
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	if (c)
		set(&c->go);
}

bool rp_closing__has(struct rp_closing *closing, uint32_t of)
{
	rp_closing__reap(closing);
	for (const struct rp_closer *c = closing->closers; c; c = c->next)
		if (c->of == of)
			return true;
	return false;
}

void rp_closing__reap(struct rp_closing *closing)
{
	reap(closing, WNOHANG);
}

void rp_closing__wait(struct rp_closing *closing)
{
	while (closing->closers)
		reap(closing, 0);
}

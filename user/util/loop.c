// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * A round: callbacks of before_wait, in the order in which they were added; then the loop waits
 * until a descriptor is ready or the first timer is due; then descriptors, then timers. A callback
 * may add, pause and set whatever it likes: lists only grow, and are walked by pointers that stay.
 */
#include "util/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "util/clock.h"

struct rp_watch {
	struct rp_loop *loop;
	struct rp_watch *next;
	int fd; /* -1: a callback of before_wait */
	bool ready, ended;
	rp_watch_fn fn;
	void *ctx;
};

struct rp_timer {
	struct rp_timer *next;
	uint64_t at;
	rp_timer_fn fn;
	void *ctx;
};

struct rp_loop {
	int epoll;
	bool stopped;
	uint64_t (*clock)(void);
	struct rp_watch *watches, **watches_end;
	struct rp_watch *before_wait, **before_wait_end;
	struct rp_timer *timers, **timers_end;
};

int rp_loop__new(uint64_t (*clock)(void), struct rp_loop **out)
{
	struct rp_loop *l = calloc(1, sizeof(*l));
	int rc;

	if (!l)
		return -ENOMEM;
	l->clock = clock ? clock : rp_clock__now;
	l->watches_end = &l->watches;
	l->before_wait_end = &l->before_wait;
	l->timers_end = &l->timers;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		rc = -errno;
		free(l);
		return rc;
	}
	*out = l;
	return 0;
}

static void free_watches(struct rp_watch *watch)
{
	while (watch) {
		struct rp_watch *next = watch->next;

		free(watch);
		watch = next;
	}
}

void rp_loop__free(struct rp_loop *l)
{
	if (!l)
		return;
	free_watches(l->watches);
	free_watches(l->before_wait);
	while (l->timers) {
		struct rp_timer *next = l->timers->next;

		free(l->timers);
		l->timers = next;
	}
	close(l->epoll);
	free(l);
}

/* ---- what is waited for ---------------------------------------------------------------------- */

static struct rp_watch *add_watch(struct rp_loop *l, struct rp_watch ***end, int fd, rp_watch_fn fn,
				  void *ctx)
{
	struct rp_watch *w = calloc(1, sizeof(*w));

	if (w) {
		*w = (struct rp_watch){.loop = l, .fd = fd, .fn = fn, .ctx = ctx};
		**end = w;
		*end = &w->next;
	}
	return w;
}

static int control(struct rp_watch *w, int op)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = w};

	return epoll_ctl(w->loop->epoll, op, w->fd, &event) ? -errno : 0;
}

int rp_loop__watch(struct rp_loop *l, int fd, rp_watch_fn fn, void *ctx, struct rp_watch **out)
{
	struct rp_watch *w = add_watch(l, &l->watches_end, fd, fn, ctx);

	if (!w)
		return -ENOMEM;
	if (out)
		*out = w;
	return control(w, EPOLL_CTL_ADD);
}

bool rp_watch__has_ended(const struct rp_watch *w)
{
	return w->ended;
}

int rp_watch__pause(struct rp_watch *w, bool paused)
{
	int rc = control(w, paused ? EPOLL_CTL_DEL : EPOLL_CTL_ADD);

	if (paused)
		w->ready = false;
	/* It is so already. */
	return rc == -ENOENT || rc == -EEXIST ? 0 : rc;
}

int rp_loop__timer(struct rp_loop *l, rp_timer_fn fn, void *ctx, struct rp_timer **out)
{
	struct rp_timer *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	*t = (struct rp_timer){.at = RP_LOOP_NEVER, .fn = fn, .ctx = ctx};
	*l->timers_end = t;
	l->timers_end = &t->next;
	*out = t;
	return 0;
}

void rp_timer__set(struct rp_timer *timer, uint64_t at)
{
	timer->at = at;
}

int rp_loop__before_wait(struct rp_loop *l, rp_watch_fn fn, void *ctx)
{
	return add_watch(l, &l->before_wait_end, -1, fn, ctx) ? 0 : -ENOMEM;
}

void rp_loop__stop(struct rp_loop *l)
{
	l->stopped = true;
}

/* ---- a round --------------------------------------------------------------------------------- */

#define WAIT_FOR_EVER (-1) /* for epoll_wait(): no timer is set */

/* ms until the first timer is due, rounded up: never woken too early. */
static int until_due(const struct rp_loop *l)
{
	uint64_t now = l->clock(), at = RP_LOOP_NEVER, ms;

	for (const struct rp_timer *t = l->timers; t; t = t->next)
		at = t->at < at ? t->at : at;
	if (at == RP_LOOP_NEVER)
		return WAIT_FOR_EVER;
	if (at <= now)
		return 0;
	ms = (at - now - 1) / RP_NS_PER_MS + 1;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

#define EVENTS_MAX 32

static int await(struct rp_loop *l)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(l->epoll, events, EVENTS_MAX, until_due(l));

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		struct rp_watch *w = events[i].data.ptr;

		w->ready = true;
		w->ended = events[i].events & (EPOLLHUP | EPOLLERR);
	}
	return 0;
}

static int call_ready(struct rp_loop *l)
{
	int rc = 0;

	for (struct rp_watch *w = l->watches; w && !rc && !l->stopped; w = w->next) {
		if (!w->ready)
			continue;
		w->ready = false;
		rc = w->fn(w->ctx);
	}
	return rc;
}

static int call_due(struct rp_loop *l)
{
	uint64_t now = l->clock();
	int rc = 0;

	for (struct rp_timer *t = l->timers; t && !rc && !l->stopped; t = t->next) {
		if (t->at > now)
			continue;
		t->at = RP_LOOP_NEVER;
		rc = t->fn(t->ctx, now);
	}
	return rc;
}

static int call_before_wait(struct rp_loop *l)
{
	int rc = 0;

	for (struct rp_watch *w = l->before_wait; w && !rc && !l->stopped; w = w->next)
		rc = w->fn(w->ctx);
	return rc;
}

int rp_loop__run(struct rp_loop *l)
{
	int rc = 0;

	l->stopped = false;
	while (!rc && !l->stopped) {
		rc = call_before_wait(l);
		if (!rc && !l->stopped)
			rc = await(l);
		if (!rc && !l->stopped)
			rc = call_ready(l);
		if (!rc && !l->stopped)
			rc = call_due(l);
	}
	return rc;
}

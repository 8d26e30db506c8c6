/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The event loop: file descriptors and timers with callbacks. Every part of a run registers what it
 * waits for, and nobody knows what the others wait for.
 *
 * A callback returns 0 to go on. A negative errno ends rp_loop__run, which returns it. Watches and
 * timers are freed with the loop. One thread.
 */
#ifndef RP_LOOP_H
#define RP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#define RP_LOOP_NEVER UINT64_MAX

struct rp_loop;
struct rp_watch; /* of a file descriptor */
struct rp_timer;

typedef int (*rp_watch_fn)(void *ctx);
/* now: ns, when the timers of this round were looked at. */
typedef int (*rp_timer_fn)(void *ctx, uint64_t now);

/* clock: ns that only rise; NULL: rp_clock__now. 0, or a negative errno. */
int rp_loop__new(uint64_t (*clock)(void), struct rp_loop **out);
void rp_loop__free(struct rp_loop *loop);

/*
 * Call fn whenever fd can be read, has ended or failed. Those added first are called first. -ENOMEM
 * or an errno of epoll_ctl(2); *out may be NULL where the watch is never to be paused.
 */
int rp_loop__watch(struct rp_loop *loop, int fd, rp_watch_fn fn, void *ctx, struct rp_watch **out);

/*
 * Nothing more will come: the other end is closed, or the descriptor has failed. For its callback.
 */
bool rp_watch__has_ended(const struct rp_watch *watch);

/* Look away from the descriptor, or look at it again. */
int rp_watch__pause(struct rp_watch *watch, bool paused);

/* A timer that is not set. -ENOMEM. */
int rp_loop__timer(struct rp_loop *loop, rp_timer_fn fn, void *ctx, struct rp_timer **out);

/* Call it once, at this moment (ns of the clock) or soon after; RP_LOOP_NEVER: not at all. */
void rp_timer__set(struct rp_timer *timer, uint64_t at);

/*
 * Call fn in every round before the loop waits: for what any of the other callbacks may have
 * changed. -ENOMEM.
 */
int rp_loop__before_wait(struct rp_loop *loop, rp_watch_fn fn, void *ctx);

/* End rp_loop__run once the callback that calls this has returned; it returns 0 then. */
void rp_loop__stop(struct rp_loop *loop);

/* Until somebody stops it, or a callback or epoll fails. Can be called again. */
int rp_loop__run(struct rp_loop *loop);

#endif

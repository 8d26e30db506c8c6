/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The signals of a run: blocked from its beginning, and taken from a descriptor, so that none
 * interrupts what is done to the kernel and none is missed.
 */
#ifndef RP_SIGNALS_H
#define RP_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/signalfd.h>

#include "util/error.h"

struct rp_signals;

struct rp_signals_opts {
	bool on_screen; /* those of a terminal that is in use, too */
	/* One that ends the run cannot be taken (run/unheard.h); NULL: nobody looks. */
	void (*on_unheard)(void *ctx);
	/*
	 * ns for which rptrace and what works for it have waited for a CPU so far: nothing is late
	 * for that. NULL: it is not known.
	 */
	uint64_t (*waited)(void *ctx);
	void *ctx;
};

int rp_signals__new(const struct rp_signals_opts *opts, struct rp_signals **out,
		    struct rp_err *err);
/* Signals do again what they did before. NULL is allowed. */
void rp_signals__free(struct rp_signals *signals);

/* Nobody looks any more after signals that are not taken: what follows may sleep for long. */
void rp_signals__unwatch(struct rp_signals *signals);

/* Those that were blocked before: for what is started. */
const sigset_t *rp_signals__inherited(const struct rp_signals *signals);

/* Can be read when there is a signal to take. */
int rp_signals__fd(const struct rp_signals *signals);
/* The next one; false: there is none. */
bool rp_signals__take(struct rp_signals *signals, struct signalfd_siginfo *info);

/* It ends the run. */
bool rp_signals__is_end(int signal);
/* One that ends the run has come and is not taken yet: what takes long may ask, and give up. */
bool rp_signals__is_end_pending(void);
/*
 * One has come, taken or not, and since then rptrace could have run for a fifth of a second, or a
 * second has passed in all: what would still be waited for is given up.
 */
bool rp_signals__is_end_late(void);

/*
 * It was sent to rptrace alone: a command that rptrace has started is to have it too. One of the
 * terminal comes to both.
 */
bool rp_signals__is_for_command(const struct signalfd_siginfo *info);

#endif

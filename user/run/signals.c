// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/signals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/standard.h"
#include "run/unheard.h"
#include "util/clock.h"

static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
static const int of_the_screen[] = {SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What is still waited for after a signal may take so long of CPUs to be had, and in all. */
#define LATE_NS	  (RP_NS_PER_S / 5)
#define LATEST_NS RP_NS_PER_S

/* When the first one that ends the run was seen, ns; 0: none was. */
static uint64_t end_seen;
static uint64_t waited_then; /* for a CPU up to that, ns: see struct rp_signals_opts */
static uint64_t (*waited)(void *ctx);
static void *waited_ctx;

struct rp_signals {
	int fd;
	sigset_t inherited;
	struct rp_unheard *unheard;
};

/* nohup(1) and the like have it ignored. SIGINT is heard all the same: shells without job control
 * have it ignored by all that they start in the background. */
static bool is_unwanted(int signal)
{
	struct sigaction action;

	return signal == SIGHUP && !sigaction(signal, NULL, &action) &&
	       action.sa_handler == SIG_IGN;
}

static void add_ends(sigset_t *set)
{
	for (size_t i = 0; i < COUNT(ends); i++)
		if (!is_unwanted(ends[i]))
			sigaddset(set, ends[i]);
}

static struct rp_unheard *watch_over(const struct rp_signals_opts *opts)
{
	struct rp_unheard_opts unheard = {.is_pending = rp_signals__is_end_pending,
					  .on_unheard = opts->on_unheard,
					  .ctx = opts->ctx};

	sigemptyset(&unheard.ends);
	add_ends(&unheard.ends);
	return rp_unheard__watch(&unheard);
}

int rp_signals__new(const struct rp_signals_opts *opts, struct rp_signals **out, struct rp_err *err)
{
	struct rp_signals *s = calloc(1, sizeof(*s));
	sigset_t set;

	if (!s)
		return rp_err__no_memory(err);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGUSR1);
	add_ends(&set);
	for (size_t i = 0; opts->on_screen && i < COUNT(of_the_screen); i++)
		sigaddset(&set, of_the_screen[i]);
	end_seen = 0;
	waited = opts->waited;
	waited_ctx = opts->ctx;
	rp_standard__begin();
	sigprocmask(SIG_BLOCK, &set, &s->inherited);
	s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->fd < 0) {
		int rc = rp_err__set(err, RP_EXIT_FAILED, -errno, NULL, "signalfd: %s",
				     strerror(errno));

		rp_signals__free(s);
		return rc;
	}
	if (opts->on_unheard)
		s->unheard = watch_over(opts);
	*out = s;
	return 0;
}

void rp_signals__unwatch(struct rp_signals *s)
{
	rp_unheard__free(s->unheard);
	s->unheard = NULL;
}

static void end_nothing(int signal)
{
	(void)signal;
}

/*
 * Whoever asks for a record as the run ends, or later, gets none, and ends nothing. Commands would
 * inherit that it is ignored, and do not inherit a handler.
 */
static void forget_wishes(void)
{
	struct sigaction now;

	if (!sigaction(SIGUSR1, NULL, &now) && now.sa_handler == SIG_DFL)
		signal(SIGUSR1, end_nothing);
}

void rp_signals__free(struct rp_signals *s)
{
	if (!s)
		return;
	rp_signals__unwatch(s);
	waited = NULL;
	forget_wishes();
	sigprocmask(SIG_SETMASK, &s->inherited, NULL);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

const sigset_t *rp_signals__inherited(const struct rp_signals *s)
{
	return &s->inherited;
}

int rp_signals__fd(const struct rp_signals *s)
{
	return s->fd;
}

static void see_end(void)
{
	if (end_seen)
		return;
	end_seen = rp_clock__now();
	waited_then = waited ? waited(waited_ctx) : 0;
}

bool rp_signals__take(struct rp_signals *s, struct signalfd_siginfo *info)
{
	if (read(s->fd, info, sizeof(*info)) != (ssize_t)sizeof(*info))
		return false;
	if (rp_signals__is_end((int)info->ssi_signo)) {
		rp_standard__hurry();
		see_end();
	}
	return true;
}

bool rp_signals__is_end(int signal)
{
	if (signal == SIGQUIT)
		return true;
	for (size_t i = 0; i < COUNT(ends); i++)
		if (signal == ends[i])
			return true;
	return false;
}

bool rp_signals__is_end_pending(void)
{
	sigset_t pending;

	if (sigpending(&pending))
		return false;
	for (size_t i = 0; i < COUNT(ends); i++)
		if (sigismember(&pending, ends[i]))
			return true;
	return false;
}

/* For a CPU since the end was seen, ns. A helper that was begun anew has not waited yet. */
static uint64_t waited_since(void)
{
	uint64_t now = waited ? waited(waited_ctx) : 0;

	return now > waited_then ? now - waited_then : 0;
}

bool rp_signals__is_end_late(void)
{
	uint64_t since;

	if (rp_signals__is_end_pending())
		see_end();
	since = end_seen ? rp_clock__now() - end_seen : 0;
	return since > LATEST_NS || (since > LATE_NS && since > LATE_NS + waited_since());
}

bool rp_signals__is_for_command(const struct signalfd_siginfo *info)
{
	return rp_signals__is_end((int)info->ssi_signo) && info->ssi_code != SI_KERNEL;
}

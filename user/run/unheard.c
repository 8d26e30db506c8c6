// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/unheard.h"

#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "attach/worker.h"
#include "discover/proc.h"
#include "util/cpu_time.h"

#define LOOK_MS	  50
#define STILL_MAX 14 /* looks in a row */

struct rp_unheard {
	struct rp_unheard_opts opts;
	clockid_t main_cpu;
	int signals, quit;
	pthread_t thread;
};

struct look {
	bool sleeps;
	uint64_t cpu; /* ns */
};

static bool is_asleep(pid_t pid)
{
	char state = rp_proc__state("/proc", pid);

	return state == 'S' || state == 'D';
}

static struct look look(const struct rp_unheard *u)
{
	pid_t worker = rp_worker__pid();
	struct timespec cpu = {0};

	clock_gettime(u->main_cpu, &cpu);
	return (struct look){
		.sleeps = is_asleep(getpid()) && (!worker || is_asleep(worker)),
		.cpu = (uint64_t)cpu.tv_sec * 1000000000u + (uint64_t)cpu.tv_nsec +
		       (worker ? rp_cpu_time__process(worker) : 0),
	};
}

/* False: it is to end. */
static bool wait_for(const struct rp_unheard *u, bool signal, int ms)
{
	struct pollfd both[] = {{.fd = u->quit, .events = POLLIN},
				{.fd = u->signals, .events = POLLIN}};

	poll(both, signal ? 2 : 1, ms);
	return !both[0].revents;
}

static void *watch(void *unheard)
{
	const struct rp_unheard *u = unheard;

	while (wait_for(u, true, -1)) {
		struct look last = look(u);
		unsigned still = 0;

		while (u->opts.is_pending() && still < STILL_MAX && wait_for(u, false, LOOK_MS)) {
			struct look now = look(u);

			still = now.sleeps && now.cpu == last.cpu ? still + 1 : 0;
			last = now;
		}
		if (still == STILL_MAX && u->opts.is_pending())
			u->opts.on_unheard(u->opts.ctx);
	}
	return NULL;
}

static bool start(struct rp_unheard *u)
{
	sigset_t all, before;
	int rc;

	/* Signals are for the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&u->thread, NULL, watch, u);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return !rc;
}

static void free_files(struct rp_unheard *u)
{
	if (u->signals >= 0)
		close(u->signals);
	if (u->quit >= 0)
		close(u->quit);
	free(u);
}

struct rp_unheard *rp_unheard__watch(const struct rp_unheard_opts *opts)
{
	struct rp_unheard *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->opts = *opts;
	u->signals = signalfd(-1, &opts->ends, SFD_CLOEXEC | SFD_NONBLOCK);
	u->quit = eventfd(0, EFD_CLOEXEC);
	if (u->signals >= 0 && u->quit >= 0 &&
	    !pthread_getcpuclockid(pthread_self(), &u->main_cpu) && start(u))
		return u;
	free_files(u);
	return NULL;
}

void rp_unheard__free(struct rp_unheard *u)
{
	if (!u)
		return;
	eventfd_write(u->quit, 1);
	pthread_join(u->thread, NULL);
	free_files(u);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "attach/detach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attach/worker.h"
#include "discover/proc.h"
#include "util/clock.h"
#include "util/cpu_time.h"

#define WORKERS_MAX   256	  /* at a time */
#define STACK_BYTES   (64u << 10) /* of each */
#define POLL_PAUSE_NS 100000
#define WAIT_PAUSE_NS 1000000
#define STILL_MAX_NS  (RP_NS_PER_S / 2)

/* Shares our memory, and has a copy of our table of files. */
struct rp_detach_worker {
	struct rp_detach_worker *next;
	uint32_t *under_way;
	uint32_t tag;
	pid_t parent;
	struct rp_worker worker;
	bool ready; /* it holds no files but its links */
	bool go;    /* we have closed our copies of these */
	size_t n, closed;
	int fds[];
};

static void pause_for(long ns)
{
	nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

static void pause_shortly(void)
{
	pause_for(POLL_PAUSE_NS);
}

static bool is_set(const bool *flag)
{
	return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static void set(bool *flag)
{
	__atomic_store_n(flag, true, __ATOMIC_RELEASE);
}

static void close_all(void *worker_)
{
	struct rp_detach_worker *w = worker_;
	int low = w->fds[0], high = w->fds[0];

	for (size_t i = 1; i < w->n; i++) {
		low = w->fds[i] < low ? w->fds[i] : low;
		high = w->fds[i] > high ? w->fds[i] : high;
	}
	rp_worker__keep_files(low, high);
	set(&w->ready);
	while (!is_set(&w->go) && getppid() == w->parent)
		pause_shortly();
	for (size_t i = 0; i < w->n; i++) {
		close(w->fds[i]);
		__atomic_fetch_add(&w->closed, 1, __ATOMIC_RELAXED);
	}
	__atomic_fetch_sub(w->under_way, 1, __ATOMIC_SEQ_CST);
}

/* NULL: no memory, or no process could be created. */
static struct rp_detach_worker *worker__new(uint32_t *under_way, const int *fds, size_t n,
					    uint32_t tag)
{
	struct rp_detach_worker *w = calloc(1, sizeof(*w) + n * sizeof(*fds));

	if (!w)
		return NULL;
	w->under_way = under_way;
	w->tag = tag;
	w->n = n;
	w->parent = getpid();
	memcpy(w->fds, fds, n * sizeof(*fds));
	w->worker = (struct rp_worker){.fn = close_all, .ctx = w, .stack_bytes = STACK_BYTES};
	__atomic_fetch_add(under_way, 1, __ATOMIC_SEQ_CST);
	if (rp_worker__start(&w->worker, 0))
		return w;
	__atomic_fetch_sub(under_way, 1, __ATOMIC_SEQ_CST);
	free(w);
	return NULL;
}

/* Returns how many have ended. */
static size_t reap(struct rp_detacher *detacher)
{
	struct rp_detach_worker **at = &detacher->workers, *w;
	size_t n = 0;

	while ((w = *at)) {
		pid_t pid = waitpid(w->worker.pid, NULL, __WALL | WNOHANG);

		if (!pid || (pid < 0 && errno == EINTR)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		detacher->n--;
		rp_worker__free(&w->worker);
		free(w);
		n++;
	}
	return n;
}

void rp_detacher__add(struct rp_detacher *detacher, const int *fds, size_t n, uint32_t tag)
{
	struct rp_detach_worker *w;

	if (!n)
		return;
	while (detacher->n >= WORKERS_MAX && !reap(detacher))
		pause_shortly();
	w = worker__new(detacher->under_way, fds, n, tag);
	if (w) {
		w->next = detacher->workers;
		detacher->workers = w;
		detacher->n++;
		/* It may have been killed before it was ready. */
		while (!is_set(&w->ready) && !waitpid(w->worker.pid, NULL, __WALL | WNOHANG))
			pause_shortly();
	}
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	if (w)
		set(&w->go);
}

bool rp_detacher__has(struct rp_detacher *detacher, uint32_t tag, uint32_t mask)
{
	rp_detacher__reap(detacher);
	for (const struct rp_detach_worker *w = detacher->workers; w; w = w->next)
		if ((w->tag & mask) == tag)
			return true;
	return false;
}

void rp_detacher__reap(struct rp_detacher *detacher)
{
	reap(detacher);
}

/* What workers have done so far: files closed, and ns of CPU time: one may hold many sites. */
static uint64_t progress(const struct rp_detacher *detacher)
{
	uint64_t n = 0;

	for (const struct rp_detach_worker *w = detacher->workers; w; w = w->next)
		n += __atomic_load_n(&w->closed, __ATOMIC_RELAXED) +
		     rp_cpu_time__process(w->worker.pid);
	return n;
}

static bool waits_for_cpu(const struct rp_detacher *detacher)
{
	for (const struct rp_detach_worker *w = detacher->workers; w; w = w->next)
		if (rp_proc__state("/proc", w->worker.pid) == 'R')
			return true;
	return false;
}

bool rp_detacher__wait(struct rp_detacher *detacher, bool (*is_late)(void))
{
	uint64_t since = rp_clock__now();
	uint64_t before = progress(detacher);

	while (detacher->workers) {
		bool ended = reap(detacher);
		uint64_t n = progress(detacher);

		if (ended || n != before || waits_for_cpu(detacher))
			since = rp_clock__now();
		else if (is_late && is_late() && rp_clock__now() > since + STILL_MAX_NS)
			return false;
		before = n;
		pause_for(WAIT_PAUSE_NS);
	}
	return true;
}

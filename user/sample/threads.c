// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "sample/threads.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/array.h"
#include "util/clock.h"

/* A process that starts threads faster than they are looked at is left after so many looks. */
#define LOOKS_MAX 20

/*
 * Periods differ from what is wanted by up to an eighth, and each is in use for so long. As the
 * next one begins, on average half a period is lost.
 */
#define VARY_NS	     (100 * RP_NS_PER_MS)
#define VARY_SHARE   8
#define VARY_AT_ONCE 256 /* clocks: each of another thread that is on a CPU takes an interrupt */

struct rp_sample_threads {
	struct rp_sample_threads_opts opts;
	int *fds;
	size_t n, room;
	uint64_t varied; /* ns, CLOCK_MONOTONIC */
	uint32_t random;
	int32_t deviation; /* of the period that is in use now, ns */
	size_t next;	   /* clock to have another one */
};

/* Those of the process that is added. */
struct tids {
	pid_t *item; /* sorted */
	size_t n, room;
};

struct rp_sample_threads *rp_sample_threads__new(const struct rp_sample_threads_opts *opts)
{
	struct rp_sample_threads *t = calloc(1, sizeof(*t));

	if (t)
		t->opts = *opts;
	return t;
}

void rp_sample_threads__free(struct rp_sample_threads *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		close(t->fds[i]);
	free(t->fds);
	free(t);
}

static uint64_t period_of(const struct rp_sample_threads *t)
{
	return (uint64_t)((int64_t)(RP_NS_PER_S / t->opts.hz) + t->deviation);
}

static int open_event(const struct rp_sample_threads *t, pid_t tid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.sample_period = period_of(t),
		.inherit = 1,
		.inherit_thread = !t->opts.follow,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	int rc;

	if (fd < 0)
		return -errno;
	if (!ioctl(fd, PERF_EVENT_IOC_SET_BPF, t->opts.program))
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

static int refused(int code, struct rp_err *err)
{
	if (code == -EMFILE)
		return rp_err__set(err, RP_EXIT_FAILED, code, "ulimit -n unlimited",
				   "too many threads to sample: each takes an open file");
	return rp_err__set(err, RP_EXIT_DENIED, code, "rptrace doctor",
			   "threads cannot be sampled: %s", strerror(-code));
}

/* A thread that has ended is no error. */
static int add_thread(struct rp_sample_threads *t, pid_t tid, struct rp_err *err)
{
	int fd;

	if (rp_array__grow(&t->fds, t->n, &t->room, sizeof(*t->fds)))
		return rp_err__no_memory(err);
	fd = open_event(t, tid);
	if (fd == -ESRCH)
		return 0;
	if (fd < 0)
		return refused(fd, err);
	t->fds[t->n++] = fd;
	return 0;
}

static int compare_tids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* Take those that were not there at the last look; *fresh is how many. */
static int look(struct rp_sample_threads *t, DIR *dir, struct tids *known, size_t *fresh,
		struct rp_err *err)
{
	size_t before = known->n;
	struct dirent *entry;
	int rc = 0;

	rewinddir(dir);
	while (!rc && (entry = readdir(dir))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid <= 0 ||
		    (before && bsearch(&tid, known->item, before, sizeof(tid), compare_tids)))
			continue;
		if (rp_array__grow(&known->item, known->n, &known->room, sizeof(tid)))
			return rp_err__no_memory(err);
		known->item[known->n++] = tid;
		rc = add_thread(t, tid, err);
	}
	*fresh = known->n - before;
	rp_array__sort(known->item, known->n, sizeof(*known->item), compare_tids);
	return rc;
}

int rp_sample_threads__add(struct rp_sample_threads *t, pid_t pid, bool *may_double,
			   struct rp_err *err)
{
	struct tids known = {0};
	size_t fresh = 1;
	char path[64];
	int rc = 0;
	DIR *dir;

	*may_double = false;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	for (int i = 0; !rc && fresh && i < LOOKS_MAX; i++) {
		rc = look(t, dir, &known, &fresh, err);
		*may_double |= i && fresh;
	}
	closedir(dir);
	free(known.item);
	return rc;
}

/* As much longer as the last one was shorter, or a new one by chance. */
static void deviate(struct rp_sample_threads *t)
{
	uint32_t most = (uint32_t)(RP_NS_PER_S / t->opts.hz / VARY_SHARE);

	if (t->deviation < 0) {
		t->deviation = -t->deviation;
		return;
	}
	t->random = t->random * 1664525u + 1013904223u;
	t->deviation = -(int32_t)((uint64_t)t->random * most >> 32);
}

void rp_sample_threads__vary(struct rp_sample_threads *t, uint64_t now)
{
	size_t n = t->n < VARY_AT_ONCE ? t->n : VARY_AT_ONCE;
	uint64_t period;

	if (now - t->varied < VARY_NS)
		return;
	t->varied = now;
	deviate(t);
	period = period_of(t);
	for (size_t i = 0; i < n; i++) {
		t->next = t->next + 1 < t->n ? t->next + 1 : 0;
		/* Of a thread that has ended it has no effect. */
		ioctl(t->fds[t->next], PERF_EVENT_IOC_PERIOD, &period);
	}
}

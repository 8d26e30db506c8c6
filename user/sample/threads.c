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
#include "util/table.h"

/* A process that starts threads faster than they are looked at is left after so many looks. */
#define LOOKS_MAX 20

/*
 * Periods differ from what is wanted by up to an eighth, and each is in use for so many samples. As
 * the next one begins, half a period is lost on average.
 */
#define VARY_SHARE   8
#define VARY_SAMPLES 128

struct clock {
	pid_t tid;
	int fd;
	unsigned samples;  /* by the period that is in use */
	int32_t deviation; /* of that from what is wanted; ns */
	UT_hash_handle hh;
};

struct rp_sample_threads {
	struct rp_sample_threads_opts opts;
	struct clock *clocks; /* by thread */
	uint32_t random;
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
	struct clock *clock, *next;

	if (!t)
		return;
	HASH_ITER (hh, t->clocks, clock, next) {
		HASH_DEL(t->clocks, clock);
		close(clock->fd);
		free(clock);
	}
	free(t);
}

static uint32_t period_wanted(const struct rp_sample_threads *t)
{
	return (uint32_t)(RP_NS_PER_S / t->opts.hz);
}

static int open_event(const struct rp_sample_threads *t, pid_t tid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.sample_period = period_wanted(t),
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
	struct clock *clock, *before;
	int fd = open_event(t, tid);

	if (fd == -ESRCH)
		return 0;
	if (fd < 0)
		return refused(fd, err);
	clock = calloc(1, sizeof(*clock));
	if (!clock) {
		close(fd);
		return rp_err__no_memory(err);
	}
	clock->tid = tid;
	clock->fd = fd;
	/* Of a thread that has ended: its number is that of another one now. */
	HASH_REPLACE_INT(t->clocks, tid, clock, before);
	if (before) {
		close(before->fd);
		free(before);
	}
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

/*
 * Periods come in pairs: one is shorter by chance, the next as much longer, so that their mean
 * holds.
 */
int32_t rp_sample_clock__deviate(uint32_t wanted, int32_t last, uint32_t *random)
{
	uint32_t most = wanted / VARY_SHARE;

	if (last < 0)
		return -last;
	*random = *random * 1664525u + 1013904223u;
	return -(int32_t)((uint64_t)*random * most >> 32);
}

void rp_sample_threads__sampled(struct rp_sample_threads *t, pid_t tid)
{
	struct clock *clock;
	uint64_t period;

	HASH_FIND_INT(t->clocks, &tid, clock);
	if (!clock || ++clock->samples < VARY_SAMPLES)
		return;
	clock->samples = 0;
	clock->deviation = rp_sample_clock__deviate(period_wanted(t), clock->deviation, &t->random);
	period = (uint64_t)((int64_t)period_wanted(t) + clock->deviation);
	/* Of a thread that has ended it has no effect. */
	ioctl(clock->fd, PERF_EVENT_IOC_PERIOD, &period);
}

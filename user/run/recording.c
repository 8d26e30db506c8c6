// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/recording.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "collect/instances.h"
#include "record/writer.h"
#include "util/array.h"
#include "util/caller.h"
#include "util/clock.h"

#define DRAIN_NS (10 * RP_NS_PER_MS)
#define FLUSH_NS (RP_NS_PER_S / 2) /* so much is missing where rptrace is killed */
#define PRIORITY -10
#define FINISH_S 5

struct rp_recording {
	const char *path;
	int fd;
	off_t end; /* of the last whole block */
	struct rp_writer *writer;
	struct rp_event_sink sink;
	struct rp_instance_feed *feed;
	pthread_t thread;
	bool has_thread;
	bool must_end, abandoned; /* read and written by both threads, as are these: */
	struct rp_recording_figures figures;
	const struct rp_recording_end *last;

	pthread_mutex_t lock;		/* of what follows */
	struct rp_region_name *regions; /* of the plan, by id - 1: it owns their names */
	size_t n_regions, room;
};

/* ---- the file ------------------------------------------------------------------------------ */

/* What the parts of a write have left. */
static int write_all(int fd, struct iovec *part, int n)
{
	while (n) {
		ssize_t wrote = writev(fd, part, n);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -errno;
		for (; n && (size_t)wrote >= part->iov_len; part++, n--)
			wrote -= (ssize_t)part->iov_len;
		if (n) {
			part->iov_base = (char *)part->iov_base + wrote;
			part->iov_len -= (size_t)wrote;
		}
	}
	return 0;
}

/* A block that does not fit is taken out again, as far as that was written. */
static int write_block(void *ctx, const struct rp_block_header *header, const void *payload)
{
	struct rp_recording *r = ctx;
	struct iovec parts[] = {{(void *)header, sizeof(*header)},
				{(void *)payload, header->stored}};
	int rc = r->end ? 0 : rp_caller__empty(r->fd, r->path);

	if (!rc)
		rc = write_all(r->fd, parts, 2);
	/* Nobody waits any more, and what this thread has worked with may be gone. */
	if (__atomic_load_n(&r->abandoned, __ATOMIC_ACQUIRE))
		pthread_exit(NULL);
	if (!rc)
		r->end += (off_t)(sizeof(*header) + header->stored);
	else if (ftruncate(r->fd, r->end))
		return rc; /* readers skip what is there of it */
	return rc;
}

int rp_recording__new(const char *path, struct rp_recording **out, struct rp_err *err)
{
	struct rp_recording *r = calloc(1, sizeof(*r));
	uint64_t run;
	int rc;

	if (!r)
		return rp_err__no_memory(err);
	*r = (struct rp_recording){.path = path, .lock = PTHREAD_MUTEX_INITIALIZER};
	if (getrandom(&run, sizeof(run), GRND_NONBLOCK) != (ssize_t)sizeof(run))
		run = rp_clock__now();
	r->fd = rp_caller__create(path, true);
	if (r->fd < 0)
		rc = rp_err__set(err, RP_EXIT_FAILED, r->fd, NULL, "%s: %s", path,
				 strerror(-r->fd));
	else
		rc = rp_writer__new(run, write_block, r, &r->writer) ? rp_err__no_memory(err) : 0;
	if (rc) {
		rp_recording__free(r);
		return rc;
	}
	r->sink = rp_writer__sink(r->writer);
	*out = r;
	return 0;
}

/* ---- names of regions ---------------------------------------------------------------------- */

static void take_region(void *ctx, const struct rp_region *region)
{
	struct rp_recording *r = ctx;

	pthread_mutex_lock(&r->lock);
	if (!rp_array__grow(&r->regions, r->n_regions, &r->room, sizeof(*r->regions)))
		r->regions[r->n_regions++] = (struct rp_region_name){
			.name = region->name, .kind = region->kind, .object = region->object};
	pthread_mutex_unlock(&r->lock);
}

static void find_region(void *ctx, uint32_t id, struct rp_region_name *out)
{
	struct rp_recording *r = ctx;

	*out = (struct rp_region_name){.name = "?", .object = "", .kind = RP_KIND_MARKER};
	pthread_mutex_lock(&r->lock);
	if (id <= r->n_regions)
		*out = r->regions[id - 1];
	pthread_mutex_unlock(&r->lock);
}

void rp_recording__follow(struct rp_recording *r, struct rp_plan *plan)
{
	rp_plan__on_region(plan, take_region, r);
}

/* ---- the thread ---------------------------------------------------------------------------- */

static void publish(struct rp_recording *r, int rc)
{
	struct rp_writer_figures figures = rp_writer__figures(r->writer);

	__atomic_store_n(&r->figures.instances, figures.instances, __ATOMIC_RELAXED);
	__atomic_store_n(&r->figures.bytes, figures.bytes, __ATOMIC_RELAXED);
	__atomic_store_n(&r->figures.rc, rc, __ATOMIC_RELAXED);
}

/* Until it has to end, or the file cannot be written. */
static int record(struct rp_recording *r)
{
	const struct timespec pause = {.tv_nsec = DRAIN_NS};
	uint64_t flushed = rp_clock__now();
	int rc = 0;

	while (!rc && !__atomic_load_n(&r->must_end, __ATOMIC_ACQUIRE)) {
		uint64_t now = rp_clock__now();

		rc = rp_instance_feed__drain(r->feed);
		if (!rc && now - flushed >= FLUSH_NS) {
			rc = rp_instance_feed__tell_lost(r->feed);
			if (!rc)
				rc = rp_writer__flush(r->writer, now);
			flushed = now;
		}
		publish(r, rc);
		if (!rc)
			nanosleep(&pause, NULL);
	}
	return rc;
}

static int write_end(struct rp_recording *r)
{
	const struct rp_recording_end *last = r->last;
	const struct rp_event_end end = {.time = last->counts->time, .lost = last->counts->lost};
	int rc = rp_instance_feed__drain(r->feed);

	if (!rc && last->open)
		rc = rp_instance_feed__tell_open(r->feed, last->open);
	if (!rc)
		rc = rp_instance_feed__tell_counts(r->feed, last->counts);
	if (!rc)
		rc = RP_TELL(&r->sink, run, &last->run);
	return rc ? rc : RP_TELL(&r->sink, end, &end);
}

static void *run_thread(void *ctx)
{
	struct rp_recording *r = ctx;
	int rc, closed;

	setpriority(PRIO_PROCESS, (id_t)gettid(), PRIORITY); /* where it may */
	rc = record(r);
	if (!rc && r->last)
		rc = write_end(r);
	publish(r, rc);
	closed = r->sink.close(r->sink.ctx);
	r->writer = NULL;
	if (!rc && close(r->fd))
		closed = -errno;
	else if (rc)
		close(r->fd);
	r->fd = -1;
	if (!rc && closed)
		__atomic_store_n(&r->figures.rc, closed, __ATOMIC_RELAXED);
	return NULL;
}

int rp_recording__start(struct rp_recording *r, struct rp_session *session,
			const struct rp_event_run *run, struct rp_err *err)
{
	const struct rp_instance_feed_opts opts = {
		.session = session, .sink = &r->sink, .region = find_region, .ctx = r};
	sigset_t all, before;
	int rc = rp_instance_feed__new(&opts, &r->feed);

	if (rc)
		return rp_err__no_memory(err);
	rc = RP_TELL(&r->sink, run, run);
	if (!rc)
		rc = rp_writer__flush(r->writer, run->start);
	if (rc)
		return rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "%s cannot be written: %s",
				   r->path, strerror(-rc));
	/* They are for the loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&r->thread, NULL, run_thread, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	r->has_thread = !rc;
	return rc ? rp_err__set(err, RP_EXIT_FAILED, -rc, NULL, "no thread to record with: %s",
				strerror(rc))
		  : 0;
}

struct rp_recording_figures rp_recording__figures(const struct rp_recording *r)
{
	return (struct rp_recording_figures){
		.instances = __atomic_load_n(&r->figures.instances, __ATOMIC_RELAXED),
		.bytes = __atomic_load_n(&r->figures.bytes, __ATOMIC_RELAXED),
		.rc = __atomic_load_n(&r->figures.rc, __ATOMIC_RELAXED),
	};
}

/* -ETIMEDOUT: it still waits for the file system. */
static int join(struct rp_recording *r)
{
	struct timespec until;
	int rc;

	__atomic_store_n(&r->must_end, true, __ATOMIC_RELEASE);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += FINISH_S;
	rc = pthread_timedjoin_np(r->thread, NULL, &until);
	if (rc)
		__atomic_store_n(&r->abandoned, true, __ATOMIC_RELEASE);
	r->has_thread = rc != 0;
	return -rc;
}

int rp_recording__finish(struct rp_recording *r, const struct rp_recording_end *end,
			 struct rp_err *err)
{
	int rc;

	r->last = end;
	rc = join(r);
	if (rc)
		return rp_err__set(err, RP_EXIT_FAILED, rc, NULL,
				   "%s could not be finished in %d s: its file system does not "
				   "answer",
				   r->path, FINISH_S);
	rc = r->figures.rc;
	return rc ? rp_err__set(err, RP_EXIT_FAILED, rc, NULL,
				"%s ends early, as it cannot be written: %s", r->path,
				strerror(-rc))
		  : 0;
}

void rp_recording__free(struct rp_recording *r)
{
	if (!r)
		return;
	/* Then it still needs this; the program is about to end. */
	if (r->has_thread && (r->abandoned || join(r)))
		return;
	if (r->writer)
		r->sink.close(r->sink.ctx);
	if (r->fd >= 0)
		close(r->fd);
	rp_instance_feed__free(r->feed);
	free(r->regions);
	free(r);
}

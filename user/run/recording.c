// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "collect/instances.h"
#include "export/chrome_stream.h"
#include "record/outermost.h"
#include "record/recent.h"
#include "record/relay.h"
#include "record/slow_trees.h"
#include "record/tee.h"
#include "record/writer.h"
#include "run/output.h"
#include "run/record_files.h"
#include "run/sample_queue.h"
#include "util/array.h"
#include "util/caller.h"
#include "util/clock.h"

#define DRAIN_NS (10 * RP_NS_PER_MS)
#define FLUSH_NS (RP_NS_PER_S / 2) /* so much is missing where rptrace is killed */
#define PRIORITY -10
#define FINISH_S 5

/* Why to write a file: bits, set by any thread. */
#define WISH_UNLESS_NEW 1u
#define WISH_DUMP	2u

/* Before the writer where a slow tree is a reason to write a file. */
struct trigger {
	struct rp_event_sink next; /* comes first: rp_event_relay() */
	struct rp_recording *recording;
	uint64_t least;
	struct rp_outermost outermost;
};

struct rp_recording {
	struct rp_recording_opts opts;
	struct rp_record_files files;
	struct rp_session *session;
	struct rp_recent *recent; /* NULL: all is written as it comes */
	struct trigger trigger;
	unsigned wishes;
	uint64_t dumped_at;
	unsigned n_dumps; /* read by both */
	struct rp_writer *writer;
	FILE *stream; /* NULL: none */
	struct rp_event_sink streamed;
	struct rp_event_tee tee; /* passes events to both the record and the stream */
	struct rp_event_sink sink;
	struct rp_instance_feed *feed;
	struct rp_sample_queue *samples; /* NULL: there are none */
	pthread_t thread;
	bool has_thread;
	bool must_end; /* read and written by both threads, as are these: */
	struct rp_recording_figures figures;
	const struct rp_recording_end *last;

	pthread_mutex_t lock;		/* of what follows */
	struct rp_region_name *regions; /* of the plan, by id - 1: it owns their names */
	size_t n_regions, room;
};

/* ---- a flight recorder ---------------------------------------------------------------------- */

void rp_recording__dump(struct rp_recording *r, bool unless_new)
{
	__atomic_fetch_or(&r->wishes, unless_new ? WISH_UNLESS_NEW : WISH_DUMP, __ATOMIC_RELAXED);
}

static int on_trigger_node(void *ctx, uint32_t id, const struct rp_node *node)
{
	struct trigger *trigger = ctx;

	rp_outermost__node(&trigger->outermost, id, node);
	return RP_TELL(&trigger->next, node, id, node);
}

static int on_trigger_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct trigger *trigger = ctx;
	bool is_root = instance->is_span || rp_outermost__is(&trigger->outermost, instance->node);

	if (is_root && instance->ns >= trigger->least)
		rp_recording__dump(trigger->recording, true);
	return RP_TELL(&trigger->next, instance, instance);
}

static struct rp_event_sink trigger_sink(struct trigger *trigger)
{
	struct rp_event_sink sink = rp_event_relay(trigger);

	sink.node = on_trigger_node;
	sink.instance = on_trigger_instance;
	return sink;
}

static int write_dump(struct rp_recording *r)
{
	int rc = rp_record_files__next(&r->files), ended;

	if (!rc)
		rc = rp_recent__write(r->recent, rp_record_files__write, &r->files);
	ended = rp_record_files__end(&r->files);
	rc = rc ? rc : ended;
	if (!rc)
		__atomic_store_n(&r->n_dumps, r->files.number, __ATOMIC_RELAXED);
	return rc;
}

struct rp_recording_files rp_recording__written(const struct rp_recording *r)
{
	unsigned n_dumps = __atomic_load_n(&r->n_dumps, __ATOMIC_RELAXED);

	if (r->recent)
		return (struct rp_recording_files){.first = n_dumps, .last = n_dumps};
	return (struct rp_recording_files){.first = rp_record_files__oldest(&r->files),
					   .last = r->files.number};
}

const char *rp_recording__path(const struct rp_recording *r, unsigned number, char *buf)
{
	return rp_record_files__path(&r->files, number, buf);
}

/* Samples that were taken, and that the record does not have. */
static uint64_t lost_samples(const struct rp_recording *r)
{
	return r->samples ? rp_sample_queue__lost(r->samples) : 0;
}

/* Losses are told first, so that the file has those up to now. */
static int dump_if_wished(struct rp_recording *r)
{
	unsigned wishes = __atomic_exchange_n(&r->wishes, 0, __ATOMIC_RELAXED);
	uint64_t lost[RP_LOST_COUNT], now = rp_clock__now();
	const struct rp_event_end end = {
		.time = now, .lost = lost, .late_ns = rp_session__late_ns(r->session)};
	int rc;

	if (!wishes ||
	    (wishes == WISH_UNLESS_NEW && r->dumped_at && now - r->dumped_at < r->opts.last))
		return 0;
	for (unsigned i = 0; i < RP_LOST_COUNT; i++)
		lost[i] = rp_session__lost(r->session, i);
	lost[RP_LOST_SAMPLES] += lost_samples(r);
	rc = rp_instance_feed__tell_lost(r->feed);
	if (!rc)
		rc = RP_TELL(&r->sink, end, &end);
	if (!rc)
		rc = write_dump(r);
	r->dumped_at = now;
	return rc;
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* The writer, behind what chooses the instances that it gets. -ENOMEM. */
static int open_sinks(struct rp_recording *r, const struct rp_recording_opts *opts)
{
	struct rp_recent_opts recent = {.ns = opts->last, .max_bytes = opts->max_bytes};
	struct rp_writer_opts writer = {.max_bytes = opts->max_bytes,
					.next = opts->keep ? rp_record_files__next : NULL,
					.fn = rp_record_files__write,
					.ctx = &r->files};
	struct rp_slow_trees *slow;

	if (getrandom(&writer.run, sizeof(writer.run), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(writer.run))
		writer.run = rp_clock__now();
	if (opts->last) {
		r->recent = rp_recent__new(&recent);
		writer = (struct rp_writer_opts){
			.run = writer.run, .fn = rp_recent__add, .ctx = r->recent};
		if (!r->recent)
			return -ENOMEM;
	}
	if (rp_writer__new(&writer, &r->writer))
		return -ENOMEM;
	r->sink = rp_writer__sink(r->writer);
	if (!opts->slower_than)
		return 0;
	if (opts->last) {
		r->trigger = (struct trigger){
			.next = r->sink, .recording = r, .least = opts->slower_than};
		r->sink = trigger_sink(&r->trigger);
		return 0;
	}
	slow = rp_slow_trees__new(opts->slower_than, &r->sink);
	if (!slow)
		return -ENOMEM;
	r->sink = rp_slow_trees__sink(slow);
	return 0;
}

/* Beside the record, or beside /dev/null where only a stream is written. */
static int open_stream(struct rp_recording *r, struct rp_err *err)
{
	int rc;

	if (!r->opts.stream)
		return 0;
	if (r->files.fd >= 0 && rp_caller__is_file(r->files.fd, r->opts.stream))
		return rp_err__set(err, RP_EXIT_USAGE, -EINVAL, NULL,
				   "the stream would overwrite the record, %s", r->opts.stream);
	rc = rp_output__open(r->opts.stream, &r->stream, err);
	if (rc)
		return rc;
	rc = r->stream ? rp_output__begin(r->stream, r->opts.stream) : -EINVAL;
	if (!rc)
		rc = rp_chrome_stream__open(r->stream, &r->streamed);
	if (rc)
		return rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "%s: %s", r->opts.stream,
				   strerror(-rc));
	r->tee = (struct rp_event_tee){.to = {r->sink, r->streamed}, .n = 2};
	r->sink = rp_event_tee__sink(&r->tee);
	return 0;
}

static int flush(struct rp_recording *r, uint64_t now)
{
	int rc = rp_writer__flush(r->writer, now);

	return rc || !r->stream ? rc : rp_chrome_stream__flush(&r->streamed);
}

/* A flight recorder makes its file once it writes it. */
static int open_files(struct rp_recording *r, struct rp_err *err)
{
	const char *name = r->opts.path;
	char why[RP_REFUSAL_SIZE];
	int rc;

	rp_record_files__init(&r->files, name, r->opts.keep);
	rc = r->opts.last ? rp_record_files__check(&r->files) : rp_record_files__next(&r->files);
	if (rc == -EBUSY)
		return rp_err__set(err, RP_EXIT_FAILED, rc, NULL,
				   "%s is being written by another rptrace", name);
	return rc ? rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "%s: %s", name,
				rp_caller__refusal(name, rc, why, sizeof(why)))
		  : 0;
}

int rp_recording__new(const struct rp_recording_opts *opts, struct rp_recording **out,
		      struct rp_err *err)
{
	struct rp_recording *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return rp_err__no_memory(err);
	*r = (struct rp_recording){
		.opts = *opts, .figures.failed = opts->path, .lock = PTHREAD_MUTEX_INITIALIZER};
	rc = open_files(r, err);
	if (!rc)
		rc = open_sinks(r, opts) ? rp_err__no_memory(err) : open_stream(r, err);
	if (rc)
		rp_recording__free(r);
	else
		*out = r;
	return rc;
}

/* ---- names of regions ---------------------------------------------------------------------- */

static void take_region(void *ctx, const struct rp_region *region)
{
	struct rp_recording *r = ctx;

	pthread_mutex_lock(&r->lock);
	if (!rp_array__grow(&r->regions, r->n_regions, &r->room, sizeof(*r->regions)))
		r->regions[r->n_regions++] = (struct rp_region_name){.name = region->name,
								     .kind = region->kind,
								     .object = region->object,
								     .build_id = region->build_id};
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

/* ---- samples ------------------------------------------------------------------------------- */

int rp_recording__add_samples(struct rp_recording *r, struct rp_sample_store *store)
{
	r->samples = rp_sample_queue__new(store);
	return r->samples ? 0 : -ENOMEM;
}

/* ---- the thread ---------------------------------------------------------------------------- */

/* Find out whether the error was of the stream, which keeps its own, or of the record. */
static void name_failed(struct rp_recording *r)
{
	if (r->stream && ferror(r->stream))
		__atomic_store_n(&r->figures.failed, r->opts.stream, __ATOMIC_RELAXED);
}

static void publish(struct rp_recording *r, int rc)
{
	struct rp_writer_figures figures = r->recent ? rp_recent__figures(r->recent)
						     : rp_writer__figures(r->writer);

	__atomic_store_n(&r->figures.instances, figures.instances, __ATOMIC_RELAXED);
	__atomic_store_n(&r->figures.samples, figures.samples, __ATOMIC_RELAXED);
	__atomic_store_n(&r->figures.bytes, figures.bytes, __ATOMIC_RELAXED);
	__atomic_store_n(&r->figures.full, figures.full, __ATOMIC_RELAXED);
	name_failed(r);
	__atomic_store_n(&r->figures.rc, rc, __ATOMIC_RELEASE);
}

/* The writer needs to know a thread before the first sample of it. */
static int drain(struct rp_recording *r)
{
	int rc = rp_instance_feed__drain(r->feed);

	return !rc && r->samples ? rp_sample_queue__tell(r->samples, r->feed) : rc;
}

/* Until it has to end, or the file cannot be written. */
static int record(struct rp_recording *r)
{
	const struct timespec pause = {.tv_nsec = DRAIN_NS};
	uint64_t flushed = rp_clock__now();
	int rc = 0;

	while (!rc && !__atomic_load_n(&r->must_end, __ATOMIC_ACQUIRE)) {
		uint64_t now = rp_clock__now();

		rc = drain(r);
		if (!rc && now - flushed >= FLUSH_NS) {
			rc = rp_instance_feed__tell_lost(r->feed);
			if (!rc)
				rc = flush(r, now);
			flushed = now;
		}
		if (!rc)
			rc = dump_if_wished(r);
		publish(r, rc);
		if (!rc)
			nanosleep(&pause, NULL);
	}
	return rc;
}

static int write_end(struct rp_recording *r)
{
	const struct rp_recording_end *last = r->last;
	const struct rp_sample_counts *samples = last->counts->samples;
	uint64_t lost[RP_LOST_COUNT], unwritten = lost_samples(r);
	struct rp_event_end end = {.time = last->counts->time,
				   .lost = lost,
				   .cpu = last->cpu,
				   .late_ns = last->counts->late_ns};
	int rc = drain(r);

	memcpy(lost, last->counts->lost, sizeof(lost));
	if (samples) {
		end.samples = samples->totals.taken - unwritten; /* each counts once */
		end.no_tables = samples->totals.no_room;
	}
	lost[RP_LOST_SAMPLES] += unwritten;
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
	int rc, closed, ended;

	setpriority(PRIO_PROCESS, (id_t)gettid(), PRIORITY); /* where it may */
	rc = record(r);
	if (!rc && r->last)
		rc = write_end(r);
	if (!rc && r->recent)
		rc = write_dump(r);
	if (!rc)
		rc = rp_record_files__find(&r->files);
	publish(r, rc);
	closed = r->sink.close(r->sink.ctx);
	r->writer = NULL;
	name_failed(r);
	if (r->stream && fclose(r->stream) && !closed)
		closed = -errno;
	r->stream = NULL;
	ended = rp_record_files__close(&r->files);
	closed = closed ? closed : ended;
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

	r->session = session;
	if (rc)
		return rp_err__no_memory(err);
	rc = RP_TELL(&r->sink, run, run);
	if (!rc)
		rc = rp_writer__flush(r->writer, run->start);
	if (rc)
		return rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "%s cannot be written: %s",
				   r->opts.path, strerror(-rc));
	/* Signals are for the main thread. */
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
		.samples = __atomic_load_n(&r->figures.samples, __ATOMIC_RELAXED),
		.bytes = __atomic_load_n(&r->figures.bytes, __ATOMIC_RELAXED),
		.rc = __atomic_load_n(&r->figures.rc, __ATOMIC_ACQUIRE),
		.failed = __atomic_load_n(&r->figures.failed, __ATOMIC_RELAXED),
		.full = __atomic_load_n(&r->figures.full, __ATOMIC_RELAXED),
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
		__atomic_store_n(&r->files.abandoned, true, __ATOMIC_RELEASE);
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
				   r->opts.path, FINISH_S);
	rc = r->figures.rc;
	if (rc == -ESTALE)
		return rp_err__set(err, RP_EXIT_FAILED, rc, NULL,
				   "%s is not there any more: it was removed or moved, or its file "
				   "system was unmounted",
				   r->figures.failed);
	return rc ? rp_err__set(err, RP_EXIT_FAILED, rc, NULL,
				"%s ends early, as it cannot be written: %s", r->figures.failed,
				strerror(-rc))
		  : 0;
}

void rp_recording__free(struct rp_recording *r)
{
	if (!r)
		return;
	/*
	 * The thread may still use all of this, so nothing is freed: the program is about to end.
	 */
	if (r->has_thread && (r->files.abandoned || join(r)))
		return;
	if (r->writer)
		r->sink.close(r->sink.ctx);
	if (r->stream)
		fclose(r->stream);
	rp_record_files__close(&r->files);
	rp_instance_feed__free(r->feed);
	rp_sample_queue__free(r->samples);
	rp_recent__free(r->recent);
	free(r->regions);
	free(r);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/sampling.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "discover/file.h"
#include "run/internal.h"
#include "sample/spaces.h"
#include "sample/threads.h"
#include "util/array.h"
#include "util/clock.h"

/* Each takes 32 bytes. Past that, new stacks are counted and not kept. */
#define CALLS_MAX  (2u << 20)
#define PLACES_MAX (32u << 20) /* bytes */

/* Of the unwind tables of all files: a large database takes a tenth of it. */
#define TABLES_MAX (64u << 20)

/* Samples in code without names that are worth a word. */
#define UNNAMED_LEAST	100
#define UNNAMED_PERCENT 10

struct probe_place {
	struct rp_file_id file;
	uint64_t offset;
};

/* What happened to a process: kept until the samples from before it have been taken. */
struct happening {
	enum rp_event_type type;
	pid_t pid, parent;	/* the latter of a fork */
	uint64_t time;		/* ns, CLOCK_MONOTONIC */
	struct rp_file_id file; /* that was mapped */
};

struct rp_sampling {
	struct rp_sampling_opts opts;
	struct rp_sample_store *store;
	struct rp_unwind_maps maps;
	struct rp_unwind_tables *tables;
	struct rp_sampler *sampler;
	struct rp_sample_threads *threads; /* NULL: only their sleeps are looked at */
	bool kernel_hidden;		   /* its frames are left out */
	bool python_told;		   /* an unsupported version of Python was reported */
	bool unnamed_told;		   /* that much of the code has no names */
	uint64_t started; /* ns, CLOCK_MONOTONIC; processes begun since have their events */
	pid_t command;
	uint64_t looked;	    /* then it was looked at last, while it was stopped */
	struct probe_place *probes; /* sorted */
	size_t n_probes, n_sites;   /* as many sites had the plan when they were looked at ... */
	uint64_t renumbered;	    /* ... and its objects so often new numbers */
	uint64_t lost;		    /* events, so far */
	uint64_t told;		    /* all that happened up to then is known; ns */
	struct happening *to_come;  /* by time; the first `done` have been seen to */
	size_t n_to_come, room_to_come, done;
};

/* ---- where probes are ------------------------------------------------------------------------ */

static int compare_probes(const void *a, const void *b)
{
	const struct probe_place *x = a, *y = b;

	if (x->file.ino != y->file.ino)
		return x->file.ino < y->file.ino ? -1 : 1;
	if (x->file.dev != y->file.dev)
		return x->file.dev < y->file.dev ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void look_at_sites(struct rp_sampling *s)
{
	const struct rp_site *sites;
	const char *path;
	struct stat st;
	size_t n;

	sites = rp_plan__sites(s->opts.plan, &n);
	if (n == s->n_sites && s->renumbered == rp_plan__renumbered(s->opts.plan))
		return;
	s->renumbered = rp_plan__renumbered(s->opts.plan);
	free(s->probes);
	s->n_probes = 0;
	/* If memory runs out, the next sample tries again. */
	s->probes = calloc(n, sizeof(*s->probes));
	s->n_sites = s->probes ? n : 0;
	for (size_t i = 0; i < s->n_sites; i++) {
		int fd = rp_targets__object(s->opts.targets, sites[i].object, &path);

		/* A file that was let go of has no probes any more. */
		if (fd < 0 || rp_file__stat(fd, &st))
			continue;
		s->probes[s->n_probes++] = (struct probe_place){
			.file = {.dev = st.st_dev, .ino = st.st_ino}, .offset = sites[i].offset};
	}
	rp_array__sort(s->probes, s->n_probes, sizeof(*s->probes), compare_probes);
}

static bool is_probe(void *ctx, const struct rp_file_id *file, uint64_t offset)
{
	struct rp_sampling *s = ctx;
	struct probe_place key = {.file = *file, .offset = offset};

	look_at_sites(s);
	return s->n_probes &&
	       bsearch(&key, s->probes, s->n_probes, sizeof(*s->probes), compare_probes);
}

/* ---- unwind tables --------------------------------------------------------------------------- */

static const struct rp_unwind_ops unwind_ops = {
	.add_object = rp_unwind_maps__add_object,
	.drop_object = rp_unwind_maps__drop_object,
	.set_process = rp_unwind_maps__set_process,
	.drop_process = rp_unwind_maps__drop_process,
};

/* ---- life ------------------------------------------------------------------------------------ */

struct rp_sampling *rp_sampling__new(const struct rp_sampling_opts *opts)
{
	struct rp_sample_threads_opts threads = {
		.program = rp_session__sample_program(opts->session),
		.hz = opts->hz,
		.follow = opts->follow,
	};
	struct rp_sampling *s = calloc(1, sizeof(*s));
	struct rp_unwind_tables_opts tables = {
		.proc_root = "/proc",
		.helper = opts->helper,
		.ops = &unwind_ops,
		.max_bytes = TABLES_MAX,
		.max_objects = RP_UNWIND_OBJECTS_MAX,
		.max_processes = RP_UNWIND_PROCESSES_MAX,
		.is_shared = opts->is_shared,
		.is_cancelled = rp_run__is_cancelled,
	};

	if (!s)
		return NULL;
	s->opts = *opts;
	tables.ctx = &s->maps;
	s->store = rp_sample_store__new(CALLS_MAX, PLACES_MAX, opts->is_shared);
	s->maps = rp_session__unwind_maps(opts->session);
	s->tables = rp_unwind_tables__new(&tables);
	if (s->store && s->tables)
		s->sampler = rp_sampler__new(s->store, s->tables, opts->helper, is_probe, s,
					     opts->is_shared, rp_run__is_late);
	if (opts->hz)
		s->threads = rp_sample_threads__new(&threads);
	if (s->sampler && opts->off_cpu)
		s->kernel_hidden = !rp_sampler__read_kernel(s->sampler, "/proc/kallsyms");
	if (s->sampler && (s->threads || !opts->hz))
		return s;
	rp_sampling__free(s);
	return NULL;
}

void rp_sampling__free(struct rp_sampling *s)
{
	if (!s)
		return;
	rp_sample_threads__free(s->threads);
	rp_sampler__free(s->sampler);
	rp_unwind_tables__free(s->tables);
	rp_sample_store__put(s->store);
	free(s->probes);
	free(s->to_come);
	free(s);
}

struct rp_sample_store *rp_sampling__store(struct rp_sampling *s)
{
	return s->store;
}

/* ---- processes ------------------------------------------------------------------------------- */

static int add(struct rp_sampling *s, pid_t pid, struct rp_err *err)
{
	bool may_double = false;
	int rc = s->threads ? rp_sample_threads__add(s->threads, pid, &may_double, err) : 0;

	if (may_double)
		rp_session__samples_may_double(s->opts.session);
	rp_spaces__look(rp_sampler__spaces(s->sampler), pid);
	return rc;
}

int rp_sampling__start(struct rp_sampling *s, struct rp_err *err)
{
	pid_t *pids;
	size_t n;
	int rc = rp_targets__pids(s->opts.targets, &pids, &n);

	if (rc)
		return rp_err__no_memory(err);
	for (size_t i = 0; !rc && i < n; i++)
		rc = add(s, pids[i], err);
	s->started = rp_clock__now();
	free(pids);
	return rc;
}

void rp_sampling__look_at_command(struct rp_sampling *s, pid_t pid)
{
	rp_spaces__look(rp_sampler__spaces(s->sampler), pid);
	s->command = pid;
	s->looked = rp_clock__now();
}

bool rp_sampling__is_kernel_hidden(const struct rp_sampling *s)
{
	return s->kernel_hidden;
}

const char *rp_sampling__unknown_python(struct rp_sampling *s)
{
	const char *file = rp_unwind_tables__totals(s->tables)->unknown_python;

	if (!*file || s->python_told)
		return NULL;
	s->python_told = true;
	return file;
}

unsigned rp_sampling__unnamed_percent(struct rp_sampling *s, pid_t *pid)
{
	struct rp_unnamed_code unnamed = rp_sampler__unnamed_code(s->sampler);
	uint64_t taken = rp_sample_store__totals(s->store)->taken;

	if (s->unnamed_told || unnamed.samples < UNNAMED_LEAST ||
	    unnamed.samples * 100 < taken * UNNAMED_PERCENT)
		return 0;
	s->unnamed_told = true;
	*pid = unnamed.pid;
	return (unsigned)(unnamed.samples * 100 / taken);
}

/* It has no event to inherit, as its parent had none yet, or it came in between. */
static void add_late(struct rp_sampling *s, pid_t pid)
{
	struct rp_err err;

	if (s->threads)
		rp_session__samples_may_double(s->opts.session);
	if (add(s, pid, &err))
		s->opts.say(s->opts.ctx, err.cause, err.cure);
}

/* A command was looked at after that. */
static bool is_known(const struct rp_sampling *s, const struct happening *h)
{
	return h->pid == s->command && h->time <= s->looked;
}

static bool is_end_of_program(const struct rp_sampling *s, const struct happening *h)
{
	return h->type == RP_EVENT_EXIT || (h->type == RP_EVENT_EXEC && !is_known(s, h));
}

static void see_to(struct rp_sampling *s, const struct happening *h)
{
	struct rp_spaces *spaces = rp_sampler__spaces(s->sampler);

	switch (h->type) {
	case RP_EVENT_FORK:
		rp_spaces__fork(spaces, h->pid, h->parent);
		if (h->time <= s->started)
			add_late(s, h->pid);
		break;
	case RP_EVENT_FOUND:
		add_late(s, h->pid);
		break;
	case RP_EVENT_EXEC:
		if (!is_known(s, h))
			rp_spaces__exec(spaces, h->pid);
		break;
	case RP_EVENT_MAP:
		if (!is_known(s, h))
			rp_spaces__changed(spaces, h->pid);
		break;
	case RP_EVENT_LIBRARY:
		rp_spaces__mapped(spaces, h->pid, &h->file);
		break;
	case RP_EVENT_EXIT:
		rp_spaces__exit(spaces, h->pid);
		break;
	default:
		break;
	}
}

static void see_to_all_until(struct rp_sampling *s, uint64_t time)
{
	while (s->done < s->n_to_come && s->to_come[s->done].time <= time)
		see_to(s, &s->to_come[s->done++]);
	if (s->done == s->n_to_come)
		s->n_to_come = s->done = 0;
}

/*
 * Where several do not trust each other, only who does more than his share is not told of: no names
 * of others are given up for that.
 */
static int hear(struct rp_sampling *s)
{
	uint64_t lost;
	int rc;

	s->told = rp_clock__now();
	rc = s->opts.tell(s->opts.ctx);
	lost = rp_session__lost(s->opts.session, RP_LOST_EVENTS);
	if (lost != s->lost && !s->opts.is_shared)
		rp_spaces__missed(rp_sampler__spaces(s->sampler), rp_clock__now());
	s->lost = lost;
	return rc;
}

/*
 * The kernel may have told of it only since the samples before this one were taken; and what has
 * been seen to be mapped may be of still later.
 */
static void see_to_what_came_before(struct rp_sampling *s, pid_t pid, uint64_t time)
{
	if (time > s->told)
		hear(s);
	see_to_all_until(s, time);
	if (rp_spaces__catch_up_with(rp_sampler__spaces(s->sampler), pid) >= s->told)
		hear(s);
}

/* What is told of here, and what there by another ring, is brought into one order. */
static void add_to_come(struct rp_sampling *s, const struct happening *h)
{
	size_t at = s->n_to_come;

	if (rp_array__grow(&s->to_come, s->n_to_come, &s->room_to_come, sizeof(*s->to_come))) {
		see_to(s, h); /* out of memory: too early for some samples */
		return;
	}
	for (; at > s->done && s->to_come[at - 1].time > h->time; at--)
		s->to_come[at] = s->to_come[at - 1];
	s->to_come[at] = *h;
	s->n_to_come++;
}

void rp_sampling__on_event(struct rp_sampling *s, const struct rp_event *event)
{
	const struct happening h = {.type = event->header.type,
				    .pid = (pid_t)event->pid,
				    .parent = (pid_t)event->detail,
				    .time = event->time,
				    .file = {rp_event__dev(event), event->detail}};

	if (h.type == RP_EVENT_LIBRARY)
		rp_spaces__maps(rp_sampler__spaces(s->sampler), h.pid, &h.file);
	if (is_end_of_program(s, &h))
		rp_spaces__ended(rp_sampler__spaces(s->sampler), h.pid, h.time,
				 h.type == RP_EVENT_EXEC ? &h.file : NULL);
	add_to_come(s, &h);
}

void rp_sampling__on_mapping(struct rp_sampling *s, pid_t pid, const struct rp_mapped *mapped,
			     uint64_t time)
{
	const struct happening h = {.type = RP_EVENT_LIBRARY,
				    .pid = pid,
				    .time = time,
				    .file = {mapped->dev, mapped->ino}};

	rp_spaces__maps(rp_sampler__spaces(s->sampler), pid, &h.file);
	add_to_come(s, &h);
}

/* ---- samples --------------------------------------------------------------------------------- */

static void on_record(void *ctx, const void *data, size_t size)
{
	struct rp_sampling *s = ctx;
	struct rp_sample sample;

	memset(&sample, 0, RP_SAMPLE_BYTES(0));
	memcpy(&sample, data, size < RP_SAMPLE_BYTES(0) ? size : RP_SAMPLE_BYTES(0));
	if (sample.kind == RP_SAMPLE_KIND_SAMPLE || sample.kind == RP_SAMPLE_KIND_SLEEP)
		see_to_what_came_before(s, (pid_t)sample.tgid, sample.time);
	if (!rp_sampler__take(s->sampler, data, size))
		rp_session__count_lost(s->opts.session, RP_LOST_UNKNOWN_EVENTS);
	else if (sample.kind == RP_SAMPLE_KIND_SAMPLE)
		rp_sample_threads__sampled(s->threads, (pid_t)sample.tid);
}

int rp_sampling__drain(struct rp_sampling *s)
{
	struct rp_spaces *spaces = rp_sampler__spaces(s->sampler);
	int rc = hear(s);

	if (rc)
		return rc;
	rp_spaces__forget_misses(spaces);
	rp_sample_store__set_no_room(s->store, rp_unwind_tables__totals(s->tables)->left_out);
	rc = rp_session__drain_samples(s->opts.session, on_record, s);
	see_to_all_until(s, UINT64_MAX);
	rp_spaces__catch_up(spaces);
	return rc;
}

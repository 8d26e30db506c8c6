// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/event_filter.h"

#include <stdlib.h>

#include "record/relay.h"
#include "util/glob.h"
#include "util/map.h"

struct rp_event_filter {
	struct rp_event_sink next; /* comes first: rp_event_relay() */
	struct rp_event_filter_opts opts;
	uint64_t start;
	/* Of the run; the value of a number is whether it was asked for. */
	struct rp_map regions, nodes, threads;
	struct rp_map inside; /* likewise of nodes: it or one above it was asked for */
	bool *matched;	      /* for each glob: a region */
	bool saw_thread;
};

static bool is_unlimited(const struct rp_event_filter *f)
{
	return !f->opts.from && !f->opts.to;
}

/* What was not told of was not asked for. */
static bool is_wanted(const struct rp_map *map, uint32_t id)
{
	return rp_map__get(map, id) == true;
}

static int on_run(void *ctx, const struct rp_event_run *run)
{
	struct rp_event_filter *f = ctx;
	struct rp_event_run told = *run;

	f->start = run->start;
	told.part = f->opts.text;
	told.from = f->opts.from;
	return RP_TELL(&f->next, run, &told);
}

static int on_region(void *ctx, uint32_t id, const struct rp_region_name *region)
{
	struct rp_event_filter *f = ctx;
	bool wanted = false;
	int rc = 0;

	for (size_t i = 0; region->name && i < f->opts.n_regions; i++)
		if (rp_glob__match(f->opts.regions[i], region->name))
			wanted = f->matched[i] = true;
	if (f->opts.n_regions && rp_map__get(&f->regions, id) == RP_MAP_NONE)
		rc = rp_map__add(&f->regions, id, wanted);
	return rc ? rc : RP_TELL(&f->next, region, id, region);
}

static int on_thread(void *ctx, const struct rp_event_thread *thread)
{
	struct rp_event_filter *f = ctx;
	int rc = 0;

	f->saw_thread |= thread->tid == f->opts.thread;
	if (f->opts.thread && rp_map__get(&f->threads, thread->serial) == RP_MAP_NONE)
		rc = rp_map__add(&f->threads, thread->serial, thread->tid == f->opts.thread);
	return rc ? rc : RP_TELL(&f->next, thread, thread);
}

static int on_node(void *ctx, uint32_t id, const struct rp_node *node)
{
	struct rp_event_filter *f = ctx;
	int rc = 0;

	if (f->opts.n_regions && rp_map__get(&f->nodes, id) == RP_MAP_NONE)
		rc = rp_map__add(&f->nodes, id, is_wanted(&f->regions, node->region));
	if (!rc && f->opts.n_regions && rp_map__get(&f->inside, id) == RP_MAP_NONE)
		rc = rp_map__add(&f->inside, id,
				 is_wanted(&f->nodes, id) || is_wanted(&f->inside, node->parent));
	return rc ? rc : RP_TELL(&f->next, node, id, node);
}

static bool is_in_time(const struct rp_event_filter *f, uint64_t time)
{
	uint64_t at = time > f->start ? time - f->start : 0;

	return is_unlimited(f) || (at >= f->opts.from && (!f->opts.to || at < f->opts.to));
}

static bool is_chosen(const struct rp_event_filter *f, const struct rp_event_instance *instance)
{
	if (!is_in_time(f, rp_event_instance__end(instance)))
		return false;
	if (f->opts.thread && !is_wanted(&f->threads, instance->thread))
		return false;
	return !f->opts.n_regions || is_wanted(&f->nodes, instance->node);
}

static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct rp_event_filter *f = ctx;

	if (is_chosen(f, instance))
		return f->next.instance(f->next.ctx, instance);
	return RP_TELL(&f->next, passed_over, instance->node);
}

/* Of a region asked for is all that runs inside: that is what its samples tell. */
static int on_sample(void *ctx, const struct rp_taken_sample *sample)
{
	struct rp_event_filter *f = ctx;

	/* One that never was in a region is told by its samples alone. */
	f->saw_thread |= sample->tid == f->opts.thread;
	if (!is_in_time(f, sample->time) || (f->opts.thread && sample->tid != f->opts.thread) ||
	    (f->opts.n_regions && !is_wanted(&f->inside, sample->node)))
		return 0;
	return RP_TELL(&f->next, sample, sample);
}

static void forget_run(struct rp_event_filter *f)
{
	rp_map__free(&f->regions);
	rp_map__free(&f->nodes);
	rp_map__free(&f->threads);
	rp_map__free(&f->inside);
}

static int on_end(void *ctx, const struct rp_event_end *end)
{
	struct rp_event_filter *f = ctx;
	struct rp_event_end told = *end;

	if (f->opts.to && told.time > f->start + f->opts.to)
		told.time = f->start + f->opts.to;
	forget_run(f);
	return RP_TELL(&f->next, end, &told);
}

static int on_close(void *ctx)
{
	struct rp_event_filter *f = ctx;
	int rc = f->next.close(f->next.ctx);

	forget_run(f);
	free(f->matched);
	free(f);
	return rc;
}

struct rp_event_filter *rp_event_filter__new(const struct rp_event_filter_opts *opts,
					     const struct rp_event_sink *next)
{
	struct rp_event_filter *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->opts = *opts;
	f->next = *next;
	f->matched = calloc(opts->n_regions + 1, sizeof(*f->matched));
	if (f->matched)
		return f;
	free(f);
	return NULL;
}

const char *rp_event_filter__unmatched(const struct rp_event_filter *f)
{
	for (size_t i = 0; i < f->opts.n_regions; i++)
		if (!f->matched[i])
			return f->opts.regions[i];
	return NULL;
}

uint32_t rp_event_filter__unseen_thread(const struct rp_event_filter *f)
{
	return f->saw_thread ? 0 : f->opts.thread;
}

struct rp_event_sink rp_event_filter__sink(struct rp_event_filter *filter)
{
	struct rp_event_sink sink = rp_event_relay(filter);

	sink.run = on_run;
	sink.region = on_region;
	sink.thread = on_thread;
	sink.node = on_node;
	sink.instance = on_instance;
	sink.sample = on_sample;
	sink.end = on_end;
	sink.close = on_close;
	return sink;
}

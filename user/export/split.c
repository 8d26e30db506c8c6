// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "export/split.h"

#include <errno.h>
#include <stdlib.h>

#include "record/relay.h"
#include "util/arena.h"
#include "util/array.h"
#include "util/map.h"

/* What was told of a run, in that order of kinds; of an id what was told first. */
struct region {
	uint32_t id;
	struct rp_region_name name;
};

struct text {
	uint32_t index;
	struct rp_text text;
};

struct node {
	uint32_t id;
	struct rp_node node;
};

struct place {
	uint32_t number;
	struct rp_place place;
};

struct call {
	uint32_t number;
	struct rp_sample_call call;
};

struct split {
	struct rp_event_sink part; /* comes first: rp_event_relay() */
	struct rp_split_opts opts;
	uint64_t n; /* instances in the part */

	/* ---- of the run ---- */
	uint64_t time; /* the latest end of an instance */
	struct rp_event_run run;
	struct rp_arena strings;
	struct rp_map told[3]; /* ids of regions, indexes of texts, ids of nodes */
	struct region *region;
	size_t n_regions, regions_room;
	struct text *text;
	size_t n_texts, texts_room;
	struct rp_event_thread *thread;
	size_t n_threads, threads_room;
	struct node *node;
	size_t n_nodes, nodes_room;
	struct place *place;
	size_t n_places, places_room;
	struct call *call;
	size_t n_calls, calls_room;
};

enum { REGION, TEXT, NODE };

static void forget_run(struct split *s)
{
	for (size_t i = 0; i < sizeof(s->told) / sizeof(s->told[0]); i++)
		rp_map__free(&s->told[i]);
	rp_arena__free(&s->strings);
	s->strings = (struct rp_arena){0};
	s->n_regions = s->n_texts = s->n_threads = s->n_nodes = 0;
	s->n_places = s->n_calls = 0;
	s->time = 0;
}

/* NULL stays NULL; false: out of memory. */
static bool keep_string(struct split *s, const char **text)
{
	*text = *text ? rp_arena__dup(&s->strings, *text) : NULL;
	return *text;
}

static int keep_run(struct split *s, const struct rp_event_run *run)
{
	s->run = *run;
	if ((run->file && !keep_string(s, &s->run.file)) ||
	    (run->part && !keep_string(s, &s->run.part)))
		return -ENOMEM;
	return rp_meta__keep(&s->run.meta, &s->strings);
}

static int on_run(void *ctx, const struct rp_event_run *run)
{
	struct split *s = ctx;
	int rc = keep_run(s, run);

	return rc ? rc : RP_TELL(&s->part, run, run);
}

/* Whether it is new. */
static int note(struct split *s, unsigned kind, uint32_t id, bool *is_new)
{
	*is_new = rp_map__get(&s->told[kind], id) == RP_MAP_NONE;
	return *is_new ? rp_map__add(&s->told[kind], id, 0) : 0;
}

static int on_region(void *ctx, uint32_t id, const struct rp_region_name *name)
{
	struct split *s = ctx;
	struct region region = {id, *name};
	bool is_new;
	int rc = note(s, REGION, id, &is_new);

	if (!rc && is_new) {
		rc = rp_array__grow(&s->region, s->n_regions, &s->regions_room, sizeof(region));
		if (!rc && ((name->name && !keep_string(s, &region.name.name)) ||
			    (name->object && !keep_string(s, &region.name.object))))
			rc = -ENOMEM;
		if (!rc)
			s->region[s->n_regions++] = region;
	}
	return rc ? rc : RP_TELL(&s->part, region, id, name);
}

static int on_text(void *ctx, uint32_t index, const struct rp_text *text)
{
	struct split *s = ctx;
	bool is_new;
	int rc = note(s, TEXT, index, &is_new);

	if (!rc && is_new) {
		rc = rp_array__grow(&s->text, s->n_texts, &s->texts_room, sizeof(*s->text));
		if (!rc)
			s->text[s->n_texts++] = (struct text){index, *text};
	}
	return rc ? rc : RP_TELL(&s->part, text, index, text);
}

/* Each is told once. */
static int on_thread(void *ctx, const struct rp_event_thread *thread)
{
	struct split *s = ctx;
	int rc = rp_array__grow(&s->thread, s->n_threads, &s->threads_room, sizeof(*s->thread));

	if (!rc)
		s->thread[s->n_threads++] = *thread;
	return rc ? rc : RP_TELL(&s->part, thread, thread);
}

static int on_node(void *ctx, uint32_t id, const struct rp_node *node)
{
	struct split *s = ctx;
	bool is_new;
	int rc = note(s, NODE, id, &is_new);

	if (!rc && is_new) {
		rc = rp_array__grow(&s->node, s->n_nodes, &s->nodes_room, sizeof(*s->node));
		if (!rc)
			s->node[s->n_nodes++] = (struct node){id, *node};
	}
	return rc ? rc : RP_TELL(&s->part, node, id, node);
}

/* Each is told once, and so are calls. */
static int on_place(void *ctx, uint32_t number, const struct rp_place *place)
{
	struct split *s = ctx;
	struct place kept = {number, *place};
	int rc = rp_array__grow(&s->place, s->n_places, &s->places_room, sizeof(kept));

	if (!rc && (!keep_string(s, &kept.place.function) || !keep_string(s, &kept.place.file) ||
		    !keep_string(s, &kept.place.object)))
		rc = -ENOMEM;
	if (!rc)
		s->place[s->n_places++] = kept;
	return rc ? rc : RP_TELL(&s->part, place, number, place);
}

static int on_call(void *ctx, uint32_t number, const struct rp_sample_call *call)
{
	struct split *s = ctx;
	int rc = rp_array__grow(&s->call, s->n_calls, &s->calls_room, sizeof(*s->call));

	if (!rc)
		s->call[s->n_calls++] = (struct call){number, *call};
	return rc ? rc : RP_TELL(&s->part, call, number, call);
}

/* ---- the next part --------------------------------------------------------------------------- */

static int tell_again(const struct split *s)
{
	const struct rp_event_sink *part = &s->part;
	int rc = RP_TELL(part, run, &s->run);

	for (size_t i = 0; !rc && i < s->n_regions; i++)
		rc = RP_TELL(part, region, s->region[i].id, &s->region[i].name);
	for (size_t i = 0; !rc && i < s->n_texts; i++)
		rc = RP_TELL(part, text, s->text[i].index, &s->text[i].text);
	for (size_t i = 0; !rc && i < s->n_threads; i++)
		rc = RP_TELL(part, thread, &s->thread[i]);
	for (size_t i = 0; !rc && i < s->n_nodes; i++)
		rc = RP_TELL(part, node, s->node[i].id, &s->node[i].node);
	for (size_t i = 0; !rc && i < s->n_places; i++)
		rc = RP_TELL(part, place, s->place[i].number, &s->place[i].place);
	for (size_t i = 0; !rc && i < s->n_calls; i++)
		rc = RP_TELL(part, call, s->call[i].number, &s->call[i].call);
	return rc;
}

static int close_part(struct split *s)
{
	struct rp_event_sink part = s->part;

	s->part = (struct rp_event_sink){0};
	return part.close ? part.close(part.ctx) : 0;
}

/* What is missing of the run is told by the last part alone. */
static int begin_next(struct split *s)
{
	static const uint64_t lost[RP_LOST_COUNT];
	const struct rp_event_end end = {.time = s->time, .lost = lost};
	int rc = RP_TELL(&s->part, end, &end);

	if (!rc)
		rc = close_part(s);
	if (!rc)
		rc = s->opts.open(s->opts.ctx, &s->part);
	s->n = 0;
	return rc ? rc : tell_again(s);
}

static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct split *s = ctx;
	uint64_t time = rp_event_instance__end(instance);
	int rc = s->n == s->opts.most ? begin_next(s) : 0;

	if (rc)
		return rc;
	s->n++;
	if (s->time < time)
		s->time = time;
	return s->part.instance(s->part.ctx, instance);
}

static int on_end(void *ctx, const struct rp_event_end *end)
{
	struct split *s = ctx;

	forget_run(s);
	return RP_TELL(&s->part, end, end);
}

static int on_close(void *ctx)
{
	struct split *s = ctx;
	int rc = close_part(s);

	forget_run(s);
	free(s->region);
	free(s->text);
	free(s->thread);
	free(s->node);
	free(s->place);
	free(s->call);
	free(s);
	return rc;
}

int rp_split__open(const struct rp_split_opts *opts, struct rp_event_sink *sink)
{
	struct split *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return -ENOMEM;
	s->opts = *opts;
	rc = s->opts.open(s->opts.ctx, &s->part);
	if (rc) {
		free(s);
		return rc;
	}
	*sink = rp_event_relay(s);
	sink->run = on_run;
	sink->region = on_region;
	sink->text = on_text;
	sink->thread = on_thread;
	sink->node = on_node;
	sink->place = on_place;
	sink->call = on_call;
	sink->instance = on_instance;
	sink->end = on_end;
	sink->close = on_close;
	return 0;
}

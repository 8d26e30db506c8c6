// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * speedscope's own form: a profile for each track, whose events are begins and ends in the order of
 * time, each end that of what began last.
 *
 * Instances come as they ended. So those of a track are kept until the run ends, and read backwards
 * with a stack of those that have not begun: what comes before in time begins and ends within the
 * top of the stack, or that begins first. The events come out backwards that way, and are turned
 * round once more. All of it is in temporary files: see spool.h.
 *
 * A region has one number, by its name with its label, whatever it is called from. Samples are
 * profiles of their own, one for each thread; a function has a number by its name and file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/internal.h"
#include "export/names.h"
#include "export/spool.h"
#include "export/tracks.h"
#include "record/joined_samples.h"
#include "util/array.h"

/* Which of the kinds of tracks there are, in the numbers that stand for one. */
enum { TRACK_OF_THREAD, TRACK_OF_SPANS, TRACK_OF_LATE, TRACK_OF_SAMPLES };

struct profile {
	const char *name;
	uint64_t end; /* of the last instance */
	uint64_t samples;
};

struct slice {
	uint64_t start, end;
	uint32_t frame, depth;
};

struct edge {
	uint64_t at;
	uint32_t frame;
	uint32_t is_end; /* no bool: what is behind that would go to the file as it is */
};

struct speedscope {
	struct rp_told told; /* first: see told.h */
	struct rp_out out;
	struct rp_export_names frames; /* members of frames in JSON */
	struct rp_arena names;	       /* of profiles */
	bool has_profile;	       /* one was written */

	/* ---- of the run ---- */
	struct rp_map frame_of; /* index of node -> number */
	struct rp_map place_of; /* index of place -> number */
	struct rp_tracks tracks;
	struct rp_lanes spans;	  /* by index of node */
	struct rp_lanes late;	  /* by index of thread: instances that do not come as they ended */
	struct rp_map profile_of; /* kind << 62 | lane << 32 | index of thread or node */
	struct profile *profile;
	size_t n_profiles, profiles_room;
	struct rp_spool slices;		/* by profile */
	struct rp_spool calls;		/* likewise: indexes of those of samples */
	struct rp_event_instance *open; /* at the end, from the outermost in */
	size_t n_open, open_room;

	/* ---- of the profile that is written ---- */
	struct slice *stack;
	size_t n_stack, stack_room;
	struct rp_spool edges;
	struct rp_spool turned; /* calls */
	bool has_item;		/* likewise */
};

/* ---- names ----------------------------------------------------------------------------------- */

static int find_frame(struct speedscope *s, const struct rp_told_node *node, uint32_t *number)
{
	uint32_t index = (uint32_t)(node - s->told.nodes);
	char *text;
	int rc;

	*number = rp_map__get(&s->frame_of, index);
	if (*number != RP_MAP_NONE)
		return 0;
	if (asprintf(&text, "\"name\":\"%s\"", node->name) < 0)
		return -ENOMEM;
	rc = rp_export_names__find(&s->frames, text, number);
	free(text);
	return rc ? rc : rp_map__add(&s->frame_of, index, *number);
}

/* Of a function, in whatever line it is. */
static int find_function(struct speedscope *s, uint32_t place, uint32_t *number)
{
	const struct rp_told_place *told = &s->told.calls.places[place];
	char *text;
	int rc;

	*number = rp_map__get(&s->place_of, place);
	if (*number != RP_MAP_NONE)
		return 0;
	rc = *told->file ? asprintf(&text, "\"name\":\"%s\",\"file\":\"%s\"", told->function,
				    told->file)
			 : asprintf(&text, "\"name\":\"%s\"", told->function);
	if (rc < 0)
		return -ENOMEM;
	rc = rp_export_names__find(&s->frames, text, number);
	free(text);
	return rc ? rc : rp_map__add(&s->place_of, place, *number);
}

/* ---- tracks ---------------------------------------------------------------------------------- */

static int add_profile(struct speedscope *s, uint64_t key, char *name, uint32_t *out)
{
	struct profile profile = {.name = name ? rp_arena__dup(&s->names, name) : NULL};
	int rc = profile.name ? 0 : -ENOMEM;

	free(name);
	if (!rc)
		rc = rp_array__grow(&s->profile, s->n_profiles, &s->profiles_room,
				    sizeof(*s->profile));
	if (!rc)
		rc = rp_map__add(&s->profile_of, key, (uint32_t)s->n_profiles);
	if (rc)
		return rc;
	*out = (uint32_t)s->n_profiles;
	s->profile[s->n_profiles++] = profile;
	return 0;
}

static char *name_apart(const char *name, const char *what, uint32_t lane)
{
	char *text;

	return asprintf(&text, "%s (%s %u)", name, what, lane + 1) < 0 ? NULL : text;
}

/* One on which nothing overlaps. */
static int find_apart(struct speedscope *s, struct rp_lanes *lanes, unsigned kind, uint32_t index,
		      const struct rp_event_instance *instance, uint32_t *out)
{
	const struct rp_track thread = {.thread = index};
	uint64_t key;
	uint32_t lane;
	char *of;
	int rc = rp_lanes__place_apart(lanes, index, instance->start,
				       rp_event_instance__end(instance), &lane);

	if (rc)
		return rc;
	key = (uint64_t)kind << 62 | (uint64_t)lane << 32 | index;
	*out = rp_map__get(&s->profile_of, key);
	if (*out != RP_MAP_NONE)
		return 0;
	if (kind == TRACK_OF_SPANS)
		return add_profile(s, key, name_apart(s->told.nodes[index].name, "spans", lane),
				   out);
	of = rp_track__name(&thread, &s->told);
	rc = of ? add_profile(s, key, name_apart(of, "late", lane), out) : -ENOMEM;
	free(of);
	return rc;
}

static int find_thread(struct speedscope *s, const struct rp_event_instance *instance,
		       uint32_t *out)
{
	const struct rp_track *track;
	bool is_new;
	uint64_t key;
	int rc = rp_tracks__place(&s->tracks, &s->told, instance, &track, &is_new);

	if (rc)
		return rc;
	key = (uint64_t)TRACK_OF_THREAD << 62 | track->id;
	if (is_new)
		return add_profile(s, key, rp_track__name(track, &s->told), out);
	*out = rp_map__get(&s->profile_of, key);
	return 0;
}

static int find_profile(struct speedscope *s, const struct rp_event_instance *instance,
			uint32_t *out)
{
	uint32_t thread = rp_told__thread(&s->told, instance->thread);
	const struct rp_told_node *node = rp_told__node(&s->told, instance->node);
	int rc;

	if (instance->is_span)
		return find_apart(s, &s->spans, TRACK_OF_SPANS, (uint32_t)(node - s->told.nodes),
				  instance, out);
	rc = find_thread(s, instance, out);
	if (rc || rp_event_instance__end(instance) >= s->profile[*out].end)
		return rc;
	return find_apart(s, &s->late, TRACK_OF_LATE, thread, instance, out);
}

/* ---- instances ------------------------------------------------------------------------------- */

static int keep(struct speedscope *s, const struct rp_event_instance *instance)
{
	const struct rp_told_node *node = rp_told__node(&s->told, instance->node);
	uint64_t start = rp_told__since(&s->told, instance);
	struct slice slice = {.start = start, .end = start + instance->ns, .depth = node->depth};
	uint32_t profile;
	int rc = find_frame(s, node, &slice.frame);

	if (!rc)
		rc = find_profile(s, instance, &profile);
	if (rc)
		return rc;
	s->profile[profile].end = rp_event_instance__end(instance);
	return rp_spool__add(&s->slices, profile, &slice);
}

static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct speedscope *s = ctx;
	int rc;

	if (!instance->open)
		return keep(s, instance);
	rc = rp_array__grow(&s->open, s->n_open, &s->open_room, sizeof(*s->open));
	if (!rc)
		s->open[s->n_open++] = *instance;
	return rc;
}

/* ---- samples --------------------------------------------------------------------------------- */

/* By the thread's own number where nothing else is told of it. */
static int find_sampled(struct speedscope *s, const struct rp_taken_sample *sample, uint32_t *out)
{
	uint32_t thread = rp_told__thread(&s->told, sample->thread);
	uint64_t key = (uint64_t)TRACK_OF_SAMPLES << 62 | (thread ? 0 : 1ull << 32) |
		       (thread ? thread : sample->tid);
	const struct rp_track track = {.thread = thread};
	char *of = NULL, *name = NULL;

	*out = rp_map__get(&s->profile_of, key);
	if (*out != RP_MAP_NONE)
		return 0;
	if (thread)
		of = rp_track__name(&track, &s->told);
	else if (asprintf(&of, "%u", sample->tid) < 0)
		of = NULL;
	if (of && asprintf(&name, "%s (samples)", of) < 0)
		name = NULL;
	free(of);
	return add_profile(s, key, name, out);
}

static int on_sample(void *ctx, const struct rp_taken_sample *sample)
{
	struct speedscope *s = ctx;
	uint32_t call = rp_told_calls__of(&s->told.calls, sample), profile;
	int rc = find_sampled(s, sample, &profile);

	if (rc)
		return rc;
	s->profile[profile].samples++;
	return rp_spool__add(&s->calls, profile, &call);
}

/* ---- a profile ------------------------------------------------------------------------------- */

static int pop(struct speedscope *s)
{
	const struct slice *top = &s->stack[--s->n_stack];
	const struct edge edge = {.at = top->start, .frame = top->frame};

	return rp_spool__add(&s->edges, 0, &edge);
}

/* What ends as the other begins is before it, but for what is within it and takes no time. */
static bool is_before(const struct slice *slice, const struct slice *other)
{
	return slice->end <= other->start &&
	       !(slice->start == other->start && slice->depth > other->depth);
}

static int turn_slice(void *ctx, const void *item)
{
	struct speedscope *s = ctx;
	const struct slice *slice = item;
	const struct edge edge = {.at = slice->end, .frame = slice->frame, .is_end = true};
	int rc = 0;

	while (!rc && s->n_stack && is_before(slice, &s->stack[s->n_stack - 1]))
		rc = pop(s);
	if (!rc)
		rc = rp_spool__add(&s->edges, 0, &edge);
	if (!rc)
		rc = rp_array__grow(&s->stack, s->n_stack, &s->stack_room, sizeof(*s->stack));
	if (!rc)
		s->stack[s->n_stack++] = *slice;
	return rc;
}

static void begin_profile(struct speedscope *s, const char *type, const char *name, uint64_t end)
{
	rp_out__text(&s->out, s->has_profile ? ",\n{\"type\":\"" : "\n{\"type\":\"");
	s->has_profile = true;
	s->has_item = false;
	rp_out__text(&s->out, type);
	rp_out__text(&s->out, "\",\"name\":\"");
	rp_out__text(&s->out, name);
	rp_out__text(&s->out, "\",\"unit\":\"nanoseconds\",\"startValue\":0,\"endValue\":");
	rp_out__number(&s->out, end);
}

static void begin_item(struct speedscope *s)
{
	rp_out__text(&s->out, s->has_item ? ",\n" : "\n");
	s->has_item = true;
}

static int write_edge(void *ctx, const void *item)
{
	struct speedscope *s = ctx;
	const struct edge *edge = item;

	begin_item(s);
	rp_out__text(&s->out,
		     edge->is_end ? "{\"type\":\"C\",\"frame\":" : "{\"type\":\"O\",\"frame\":");
	rp_out__number(&s->out, edge->frame);
	rp_out__text(&s->out, ",\"at\":");
	rp_out__number(&s->out, edge->at);
	rp_out__text(&s->out, "}");
	return s->out.rc;
}

static int write_slices(struct speedscope *s, uint32_t number)
{
	const struct profile *profile = &s->profile[number];
	int rc = rp_spool__back(&s->slices, number, turn_slice, s);

	while (!rc && s->n_stack)
		rc = pop(s);
	begin_profile(s, "evented", profile->name, rp_told__since_start(&s->told, profile->end));
	rp_out__text(&s->out, ",\"events\":[");
	if (!rc)
		rc = rp_spool__back(&s->edges, 0, write_edge, s);
	rp_spool__clear(&s->edges);
	rp_out__text(&s->out, "]}");
	return rc ? rc : s->out.rc;
}

static int turn_call(void *ctx, const void *item)
{
	struct speedscope *s = ctx;

	return rp_spool__add(&s->turned, 0, item);
}

/* The numbers of functions, from the outermost in. */
static int write_call(void *ctx, const void *item)
{
	struct speedscope *s = ctx;
	const uint32_t *call = item, *places;
	uint32_t frame;
	size_t n;
	int rc = rp_told_calls__stack(&s->told.calls, *call, &places, &n);

	begin_item(s);
	for (size_t i = 0; !rc && i < n; i++) {
		rc = find_function(s, places[i], &frame);
		rp_out__text(&s->out, i ? "," : "[");
		rp_out__number(&s->out, frame);
	}
	rp_out__text(&s->out, "]");
	return rc ? rc : s->out.rc;
}

/* Each of them stands for as much CPU time. */
static int write_samples(struct speedscope *s, uint32_t number, uint64_t each)
{
	const struct profile *profile = &s->profile[number];
	int rc = rp_spool__back(&s->calls, number, turn_call, s);

	begin_profile(s, "sampled", profile->name, profile->samples * each);
	rp_out__text(&s->out, ",\"samples\":[");
	if (!rc)
		rc = rp_spool__back(&s->turned, 0, write_call, s);
	rp_spool__clear(&s->turned);
	rp_out__text(&s->out, "],\"weights\":[");
	for (uint64_t i = 0; i < profile->samples; i++) {
		rp_out__text(&s->out, i ? "," : "");
		rp_out__number(&s->out, each);
	}
	rp_out__text(&s->out, "]}");
	return rc ? rc : s->out.rc;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void forget_run(struct speedscope *s)
{
	rp_map__free(&s->frame_of);
	rp_map__free(&s->place_of);
	rp_map__free(&s->profile_of);
	rp_tracks__end_run(&s->tracks);
	rp_lanes__free(&s->spans);
	rp_lanes__free(&s->late);
	s->spans = s->late = (struct rp_lanes){0};
	rp_spool__clear(&s->slices);
	rp_spool__clear(&s->calls);
	s->n_profiles = s->n_open = s->n_stack = 0;
}

static int on_end(void *ctx, const struct rp_event_end *end)
{
	struct speedscope *s = ctx;
	uint64_t each = rp_samples__cpu(end, 1, s->told.sample_hz);
	int rc = 0;

	/* Those that are open end at one moment: as they would have, the innermost first. */
	while (!rc && s->n_open)
		rc = keep(s, &s->open[--s->n_open]);
	for (size_t i = 0; !rc && i < s->n_profiles; i++)
		rc = s->profile[i].samples ? write_samples(s, (uint32_t)i, each)
					   : write_slices(s, (uint32_t)i);
	forget_run(s);
	return rc ? rc : rp_told__on_end(s, end);
}

static void write_frames(struct speedscope *s)
{
	rp_out__text(&s->out, "\n],\"shared\":{\"frames\":[");
	for (size_t i = 0; i < s->frames.n; i++) {
		rp_out__text(&s->out, i ? ",\n{" : "\n{");
		rp_out__text(&s->out, s->frames.name[i]);
		rp_out__text(&s->out, "}");
	}
	rp_out__text(&s->out, "\n]}}\n");
}

static int on_close(void *ctx)
{
	struct speedscope *s = ctx;
	int rc;

	write_frames(s);
	rc = rp_out__flush(&s->out);
	forget_run(s);
	rp_tracks__free(&s->tracks);
	rp_spool__free(&s->slices);
	rp_spool__free(&s->edges);
	rp_spool__free(&s->calls);
	rp_spool__free(&s->turned);
	rp_export_names__free(&s->frames);
	rp_arena__free(&s->names);
	free(s->profile);
	free(s->open);
	free(s->stack);
	rp_told__free(&s->told);
	free(s);
	return rc;
}

int rp_export__speedscope(FILE *out, struct rp_event_sink *sink)
{
	struct speedscope *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->told.quote = rp_export__quote_json;
	s->slices.item = sizeof(struct slice);
	s->edges.item = sizeof(struct edge);
	s->calls.item = s->turned.item = sizeof(uint32_t);
	s->out.file = out;
	rp_out__text(&s->out, "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\","
			      "\"exporter\":\"rptrace\",\"profiles\":[");
	*sink = rp_export__sink(s);
	sink->instance = on_instance;
	sink->place = rp_told__on_place;
	sink->call = rp_told__on_call;
	sink->sample = on_sample;
	sink->end = on_end;
	sink->close = on_close;
	return 0;
}

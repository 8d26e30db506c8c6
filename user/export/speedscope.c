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
 * A region has one number, by its name with its label, whatever it is called from.
 */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "export/internal.h"
#include "export/spool.h"
#include "export/tracks.h"
#include "util/array.h"

/* Which of the kinds of tracks there are, in the numbers that stand for one. */
enum { TRACK_OF_THREAD, TRACK_OF_SPANS, TRACK_OF_LATE };

struct frame {
	const char *name; /* comes first: what they are sorted by */
	uint32_t number;
};

struct profile {
	const char *name;
	uint64_t end; /* of the last instance */
};

struct slice {
	uint64_t start, end;
	uint32_t frame, depth;
};

struct edge {
	uint64_t at;
	uint32_t frame;
	bool is_end;
};

struct speedscope {
	struct rp_told told; /* first: see told.h */
	struct rp_out out;
	void *frames;		    /* of struct frame, by name: tsearch(3) */
	const struct frame **frame; /* the same by number */
	size_t n_frames, frames_room;
	struct rp_arena names; /* and of profiles */
	bool has_profile;      /* one was written */

	/* ---- of the run ---- */
	struct rp_map frame_of; /* index of node -> number */
	struct rp_tracks tracks;
	struct rp_lanes spans;	  /* by index of node */
	struct rp_lanes late;	  /* by index of thread: instances that do not come as they ended */
	struct rp_map profile_of; /* kind << 62 | lane << 32 | index of thread or node */
	struct profile *profile;
	size_t n_profiles, profiles_room;
	struct rp_spool slices;		/* by profile */
	struct rp_event_instance *open; /* at the end, from the outermost in */
	size_t n_open, open_room;

	/* ---- of the profile that is written ---- */
	struct slice *stack;
	size_t n_stack, stack_room;
	struct rp_spool edges;
	bool has_edge; /* likewise */
};

/* ---- names ----------------------------------------------------------------------------------- */

static int compare_frames(const void *a, const void *b)
{
	return strcmp(((const struct frame *)a)->name, ((const struct frame *)b)->name);
}

static int add_frame(struct speedscope *s, const char *name, const struct frame **out)
{
	struct frame *frame;
	int rc = rp_array__grow(&s->frame, s->n_frames, &s->frames_room, sizeof(*s->frame));

	frame = rc ? NULL : malloc(sizeof(*frame));
	if (!frame)
		return -ENOMEM;
	*frame = (struct frame){rp_arena__dup(&s->names, name), (uint32_t)s->n_frames};
	if (!frame->name || !tsearch(frame, &s->frames, compare_frames)) {
		free(frame);
		return -ENOMEM;
	}
	s->frame[s->n_frames++] = frame;
	*out = frame;
	return 0;
}

static int find_frame(struct speedscope *s, const struct rp_told_node *node, uint32_t *number)
{
	uint32_t index = (uint32_t)(node - s->told.nodes);
	const struct frame key = {.name = node->name}, *frame, *const * found;
	int rc = 0;

	*number = rp_map__get(&s->frame_of, index);
	if (*number != RP_MAP_NONE)
		return 0;
	found = tfind(&key, &s->frames, compare_frames);
	if (found)
		frame = *found;
	else
		rc = add_frame(s, node->name, &frame);
	if (rc)
		return rc;
	*number = frame->number;
	return rp_map__add(&s->frame_of, index, *number);
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

static int write_edge(void *ctx, const void *item)
{
	struct speedscope *s = ctx;
	const struct edge *edge = item;

	rp_out__text(&s->out, s->has_edge ? ",\n{\"type\":\"" : "\n{\"type\":\"");
	s->has_edge = true;
	rp_out__text(&s->out, edge->is_end ? "C\",\"frame\":" : "O\",\"frame\":");
	rp_out__number(&s->out, edge->frame);
	rp_out__text(&s->out, ",\"at\":");
	rp_out__number(&s->out, edge->at);
	rp_out__text(&s->out, "}");
	return s->out.rc;
}

static int write_profile(struct speedscope *s, uint32_t number)
{
	const struct profile *profile = &s->profile[number];
	uint64_t end = profile->end > s->told.start ? profile->end - s->told.start : 0;
	int rc = rp_spool__back(&s->slices, number, turn_slice, s);

	while (!rc && s->n_stack)
		rc = pop(s);
	rp_out__text(&s->out, s->has_profile ? ",\n{\"type\":\"evented\",\"name\":\""
					     : "\n{\"type\":\"evented\",\"name\":\"");
	s->has_profile = true;
	s->has_edge = false;
	rp_out__text(&s->out, profile->name);
	rp_out__text(&s->out, "\",\"unit\":\"nanoseconds\",\"startValue\":0,\"endValue\":");
	rp_out__number(&s->out, end);
	rp_out__text(&s->out, ",\"events\":[");
	if (!rc)
		rc = rp_spool__back(&s->edges, 0, write_edge, s);
	rp_spool__clear(&s->edges);
	rp_out__text(&s->out, "]}");
	return rc ? rc : s->out.rc;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void forget_run(struct speedscope *s)
{
	rp_map__free(&s->frame_of);
	rp_map__free(&s->profile_of);
	rp_tracks__end_run(&s->tracks);
	rp_lanes__free(&s->spans);
	rp_lanes__free(&s->late);
	s->spans = s->late = (struct rp_lanes){0};
	rp_spool__clear(&s->slices);
	s->n_profiles = s->n_open = s->n_stack = 0;
}

static int on_end(void *ctx, const struct rp_event_end *end)
{
	struct speedscope *s = ctx;
	int rc = 0;

	/* Those that are open end at one moment: as they would have, the innermost first. */
	while (!rc && s->n_open)
		rc = keep(s, &s->open[--s->n_open]);
	for (size_t i = 0; !rc && i < s->n_profiles; i++)
		rc = write_profile(s, (uint32_t)i);
	forget_run(s);
	return rc ? rc : rp_told__on_end(s, end);
}

static void write_frames(struct speedscope *s)
{
	rp_out__text(&s->out, "\n],\"shared\":{\"frames\":[");
	for (size_t i = 0; i < s->n_frames; i++) {
		rp_out__text(&s->out, i ? ",\n{\"name\":\"" : "\n{\"name\":\"");
		rp_out__text(&s->out, s->frame[i]->name);
		rp_out__text(&s->out, "\"}");
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
	tdestroy(s->frames, free);
	rp_arena__free(&s->names);
	free(s->frame);
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
	s->out.file = out;
	rp_out__text(&s->out, "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\","
			      "\"exporter\":\"rptrace\",\"profiles\":[");
	*sink = rp_export__sink(s);
	sink->instance = on_instance;
	sink->end = on_end;
	sink->close = on_close;
	return 0;
}

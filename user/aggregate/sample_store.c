// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "aggregate/sample_store.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "util/arena.h"
#include "util/array.h"
#include "util/hash.h"
#include "util/room.h"

/* A place with its number, for the search tree. */
struct known_place {
	struct rp_place place; /* first: the tree compares it */
	uint32_t number, function;
};

struct rp_sample_store {
	unsigned refs;
	struct rp_room *calls_left, *bytes_left; /* of places */
	struct rp_owner owner;			 /* who is charged */
	struct rp_sample_totals totals, sleeps;
	struct rp_sample_listener listener; /* all zero: there is none */

	struct rp_sample_call *calls; /* number 0 is none */
	uint64_t *self, *asleep;      /* samples, and ns */
	size_t n_calls, calls_room, self_room, asleep_room;
	struct rp_index by_call; /* of calls, by parent, place and node */
	size_t index_room;

	/* Names come from the target, who could make them collide in a hash: a tree it is. */
	void *tree;
	struct known_place **places; /* number 0 is none */
	size_t n_places, places_room;
	struct rp_arena strings;
};

#define FIRST_CALLS 1024

struct rp_sample_store *rp_sample_store__new(size_t max_calls, uint64_t max_bytes, bool is_shared)
{
	struct rp_sample_store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->refs = 1;
	s->calls_left = rp_room__new(max_calls, is_shared);
	s->bytes_left = rp_room__new(max_bytes, is_shared);
	s->index_room = FIRST_CALLS;
	s->n_calls = s->n_places = 1;
	if (!s->calls_left || !s->bytes_left || rp_index__init(&s->by_call, s->index_room) ||
	    rp_array__grow(&s->calls, 0, &s->calls_room, sizeof(*s->calls)) ||
	    rp_array__grow(&s->self, 0, &s->self_room, sizeof(*s->self)) ||
	    rp_array__grow(&s->asleep, 0, &s->asleep_room, sizeof(*s->asleep)) ||
	    rp_array__grow(&s->places, 0, &s->places_room, sizeof(*s->places))) {
		rp_sample_store__put(s);
		return NULL;
	}
	memset(&s->calls[0], 0, sizeof(s->calls[0]));
	s->self[0] = s->asleep[0] = 0;
	s->places[0] = NULL;
	return s;
}

void rp_sample_store__charge(struct rp_sample_store *s, struct rp_owner owner)
{
	s->owner = owner;
}

struct rp_sample_store *rp_sample_store__ref(struct rp_sample_store *s)
{
	s->refs++;
	return s;
}

void rp_sample_store__put(struct rp_sample_store *s)
{
	if (!s || --s->refs)
		return;
	tdestroy(s->tree, free);
	rp_room__free(s->calls_left);
	rp_room__free(s->bytes_left);
	rp_index__free(&s->by_call);
	rp_arena__free(&s->strings);
	free(s->calls);
	free(s->self);
	free(s->asleep);
	free(s->places);
	free(s);
}

/* ---- places ---------------------------------------------------------------------------------- */

static int compare_places(const void *a, const void *b)
{
	const struct rp_place *x = a, *y = b;
	int order = strcmp(x->function, y->function);

	if (!order)
		order = x->line < y->line ? -1 : x->line > y->line;
	if (!order)
		order = strcmp(x->file, y->file);
	return order ? order : strcmp(x->object, y->object);
}

static struct known_place *get_place(struct rp_sample_store *s, const struct rp_place *place);

/* Copies what the place is, with the number that it is going to have. -ENOMEM. */
static int fill_place(struct rp_sample_store *s, const struct rp_place *place,
		      struct known_place *out)
{
	const struct rp_place only = {
		.function = place->function, .file = "", .object = place->object};
	struct known_place *function = *place->file || place->line ? get_place(s, &only) : out;

	if (!function ||
	    rp_array__grow(&s->places, s->n_places, &s->places_room, sizeof(*s->places)))
		return -ENOMEM;
	out->number = (uint32_t)s->n_places;
	out->function = function->number;
	out->place = (struct rp_place){
		.function = rp_arena__dup(&s->strings, place->function),
		.file = rp_arena__dup(&s->strings, place->file),
		.line = place->line,
		.object = rp_arena__dup(&s->strings, place->object),
	};
	return out->place.function && out->place.file && out->place.object ? 0 : -ENOMEM;
}

/* With what the tree needs. It is not given back: what has a number keeps it. */
static bool take_room(struct rp_sample_store *s, const struct rp_place *place)
{
	return rp_room__take(s->bytes_left, s->owner,
			     sizeof(struct known_place) + 4 * sizeof(void *) + 3 +
				     strlen(place->function) + strlen(place->file) +
				     strlen(place->object));
}

static struct known_place *get_place(struct rp_sample_store *s, const struct rp_place *place)
{
	struct known_place **found = tfind(place, &s->tree, compare_places), *known;

	if (found)
		return *found;
	if (!take_room(s, place))
		return NULL;
	known = calloc(1, sizeof(*known));
	if (!known || fill_place(s, place, known) || !tsearch(known, &s->tree, compare_places)) {
		free(known);
		return NULL;
	}
	s->places[s->n_places++] = known;
	if (s->listener.place)
		s->listener.place(s->listener.ctx, known->number, &known->place);
	return known;
}

uint32_t rp_sample_store__place(struct rp_sample_store *s, const struct rp_place *place)
{
	const struct known_place *known = get_place(s, place);

	return known ? known->number : 0;
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* Where in the index such a call is, or would be. */
static uint64_t find_slot(const struct rp_sample_store *s, const struct rp_sample_call *call)
{
	uint64_t key = rp_hash((uint64_t)call->parent << 32 | call->place, call->node);
	uint64_t at = rp_index__start(&s->by_call, key);

	for (; s->by_call.slot[at]; at = rp_index__next(&s->by_call, at)) {
		const struct rp_sample_call *known = &s->calls[s->by_call.slot[at] - 1];

		if (known->parent == call->parent && known->place == call->place &&
		    known->node == call->node)
			break;
	}
	return at;
}

static int make_room(struct rp_sample_store *s)
{
	struct rp_index larger;

	if (!rp_room__take(s->calls_left, s->owner, 1))
		return -ENOSPC;
	if (rp_array__grow(&s->calls, s->n_calls, &s->calls_room, sizeof(*s->calls)) ||
	    rp_array__grow(&s->self, s->n_calls, &s->self_room, sizeof(*s->self)) ||
	    rp_array__grow(&s->asleep, s->n_calls, &s->asleep_room, sizeof(*s->asleep)))
		return -ENOMEM;
	if (s->n_calls < s->index_room)
		return 0;
	if (rp_index__init(&larger, 2 * s->index_room))
		return -ENOMEM;
	rp_index__free(&s->by_call);
	s->by_call = larger;
	s->index_room *= 2;
	for (size_t i = 1; i < s->n_calls; i++)
		s->by_call.slot[find_slot(s, &s->calls[i])] = (uint32_t)i + 1;
	return 0;
}

/* Its number; 0: there is no room. */
static uint32_t get_call(struct rp_sample_store *s, uint32_t parent, uint32_t place, uint32_t node)
{
	struct rp_sample_call call = {.parent = parent, .place = place, .node = node};
	uint64_t at = find_slot(s, &call);

	if (s->by_call.slot[at])
		return s->by_call.slot[at] - 1;
	if (make_room(s))
		return 0;
	s->calls[s->n_calls] = call;
	s->self[s->n_calls] = s->asleep[s->n_calls] = 0;
	s->by_call.slot[find_slot(s, &call)] = (uint32_t)s->n_calls + 1;
	if (s->listener.call)
		s->listener.call(s->listener.ctx, (uint32_t)s->n_calls, &call);
	return (uint32_t)s->n_calls++;
}

static void count(struct rp_sample_totals *totals, const struct rp_taken_sample *sample)
{
	totals->taken++;
	totals->dropped += !sample->call;
	totals->truncated += sample->end != RP_UNWIND_END_COMPLETE;
	if (sample->end < RP_UNWIND_END_COUNT)
		totals->ends[sample->end]++;
	totals->unresolved += sample->unresolved;
	totals->probes += sample->at_probe;
}

uint32_t rp_sample_store__call(struct rp_sample_store *s, uint32_t node, const uint32_t *places,
			       size_t n)
{
	uint32_t call = get_call(s, 0, 0, node);

	for (size_t i = 0; call && i < n; i++)
		call = get_call(s, call, places[i], node);
	return call;
}

void rp_sample_store__add_sleep(struct rp_sample_store *s, const struct rp_taken_sample *sample,
				uint64_t ns)
{
	if (sample->call)
		s->asleep[sample->call] += ns;
	else
		s->sleeps.dropped_ns += ns;
	count(&s->sleeps, sample);
}

void rp_sample_store__add(struct rp_sample_store *s, const struct rp_taken_sample *sample,
			  const uint32_t *places, size_t n)
{
	struct rp_taken_sample taken = *sample;

	taken.call = rp_sample_store__call(s, sample->node, places, n);
	if (taken.call)
		s->self[taken.call]++;
	count(&s->totals, &taken);
	if (s->listener.sample)
		s->listener.sample(s->listener.ctx, &taken);
}

void rp_sample_store__listen(struct rp_sample_store *s, const struct rp_sample_listener *listener)
{
	s->listener = listener ? *listener : (struct rp_sample_listener){0};
	for (size_t i = 1; listener && i < s->n_places; i++)
		listener->place(listener->ctx, (uint32_t)i, &s->places[i]->place);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct rp_sample_totals *rp_sample_store__totals(struct rp_sample_store *s)
{
	return &s->totals;
}

void rp_sample_store__set_no_room(struct rp_sample_store *s, uint64_t no_room)
{
	s->totals.no_room = s->sleeps.no_room = no_room;
}

const struct rp_place *rp_sample_store__place_at(const struct rp_sample_store *s, uint32_t place)
{
	return place ? &s->places[place]->place : NULL;
}

uint32_t rp_sample_store__function_of(const struct rp_sample_store *s, uint32_t place)
{
	return place ? s->places[place]->function : 0;
}

const struct rp_sample_call *rp_sample_store__calls(const struct rp_sample_store *s, size_t *n)
{
	*n = s->n_calls;
	return s->calls;
}

struct rp_sample_counts *rp_sample_counts__of(struct rp_sample_store *s)
{
	struct rp_sample_counts *counts = calloc(1, sizeof(*counts));

	if (!counts)
		return NULL;
	counts->store = rp_sample_store__ref(s);
	counts->self = calloc(s->n_calls, sizeof(*counts->self));
	counts->asleep = calloc(s->n_calls, sizeof(*counts->asleep));
	if (!counts->self || !counts->asleep) {
		rp_sample_counts__free(counts);
		return NULL;
	}
	memcpy(counts->self, s->self, s->n_calls * sizeof(*counts->self));
	memcpy(counts->asleep, s->asleep, s->n_calls * sizeof(*counts->asleep));
	counts->n = s->n_calls;
	counts->totals = s->totals;
	counts->sleeps = s->sleeps;
	return counts;
}

void rp_sample_counts__free(struct rp_sample_counts *counts)
{
	if (!counts)
		return;
	rp_sample_store__put(counts->store);
	free(counts->self);
	free(counts->asleep);
	free(counts);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "symbolize/symbolize.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discover/file.h"
#include "symbolize/reader.h"
#include "util/arena.h"
#include "util/array.h"
#include "util/clock.h"
#include "util/table.h"
#include "util/time_share.h"

#define READERS_MAX 32 /* processes at a time */

/* Files of whom, and where: a debug link leads from there to what its owner likes. */
struct origin {
	uint64_t user, device;
};

struct object {
	int fd; /* -1: it cannot be read */
	struct origin origin;
	const char *name;
	bool lines; /* they may be asked for: nothing has gone wrong so far */
	struct rp_reader *reader;
	uint64_t memory; /* that the reader has taken, bytes */
	uint64_t asked;	 /* when it was asked last, by the counter below */
	struct rp_code_place unknown;
	struct rp_code_places nothing; /* that one */
};

struct place {
	struct {
		uint64_t object, offset;
	} key;
	struct rp_code_places places;
	UT_hash_handle hh;
};

struct rp_symbolizer {
	struct rp_symbolizer_opts opts;
	struct object **objects;
	size_t n, room;
	size_t readers;
	uint64_t memory; /* of all of them */
	struct rp_killed killed;
	struct rp_time_share *time_share; /* of what was for nothing */
	struct origin *silent;		  /* they did not answer */
	size_t n_silent;
	uint64_t asked;
	struct place *places;
	struct rp_arena arena;
	struct rp_reader_answer answer;
};

/* ---- objects -------------------------------------------------------------------------------- */

struct rp_symbolizer *rp_symbolizer__new(const struct rp_symbolizer_opts *opts)
{
	struct rp_symbolizer *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->opts = *opts;
	s->time_share = rp_time_share__new();
	if (s->time_share)
		return s;
	free(s);
	return NULL;
}

static void end_reader(struct rp_symbolizer *s, struct object *object)
{
	s->readers -= object->reader != NULL;
	rp_reader__end(object->reader, &s->killed);
	object->reader = NULL;
	s->memory -= object->memory;
	object->memory = 0;
}

void rp_symbolizer__free(struct rp_symbolizer *s)
{
	struct place *place, *next;

	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		end_reader(s, s->objects[i]);
		if (s->objects[i]->fd >= 0)
			close(s->objects[i]->fd);
		free(s->objects[i]);
	}
	HASH_ITER (hh, s->places, place, next) {
		HASH_DEL(s->places, place);
		free(place);
	}
	free(s->objects);
	free(s->silent);
	rp_time_share__free(s->time_share);
	rp_arena__free(&s->arena);
	free(s);
}

static struct origin origin_of(int fd)
{
	struct stat st = {0};

	rp_file__stat(fd, &st);
	return (struct origin){st.st_uid, st.st_dev};
}

uint32_t rp_symbolizer__add(struct rp_symbolizer *s, int fd, const char *name)
{
	struct object *object;

	if (rp_array__grow(&s->objects, s->n, &s->room, sizeof(struct object *)))
		return 0;
	object = calloc(1, sizeof(*object));
	if (!object)
		return 0;
	object->name = rp_arena__dup(&s->arena, name);
	object->unknown.function = rp_arena__printf(&s->arena, "[%s]", name);
	if (!object->name || !object->unknown.function) {
		free(object);
		return 0;
	}
	object->unknown.file = "";
	object->nothing = (struct rp_code_places){.places = &object->unknown, .n = 1};
	object->lines = s->opts.lines;
	object->origin = origin_of(fd);
	object->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	s->objects[s->n++] = object;
	return (uint32_t)s->n;
}

/* The one that has not been asked for longest makes room. */
static void end_one(struct rp_symbolizer *s)
{
	struct object *oldest = NULL;

	for (size_t i = 0; i < s->n; i++)
		if (s->objects[i]->reader && (!oldest || s->objects[i]->asked < oldest->asked))
			oldest = s->objects[i];
	if (oldest)
		end_reader(s, oldest);
}

static bool is_silent(const struct rp_symbolizer *s, struct origin origin)
{
	for (size_t i = 0; i < s->n_silent; i++)
		if (s->silent[i].user == origin.user && s->silent[i].device == origin.device)
			return true;
	return false;
}

static void close_object(struct object *object)
{
	close(object->fd);
	object->fd = -1;
}

/*
 * A reader that fails is given up with its debug information first, and then with all of it: at
 * once, where its files do not answer.
 */
static void give_up(struct rp_symbolizer *s, struct object *object, int err)
{
	end_reader(s, object);
	if (object->lines && err != -ETIMEDOUT) {
		object->lines = false;
		return;
	}
	close_object(object);
	if (err == -ETIMEDOUT && !rp_array__fit(&s->silent, s->n_silent + 1, sizeof(*s->silent)))
		s->silent[s->n_silent++] = object->origin;
}

/* Where they take too much, what takes most is given up: it is the likeliest to be made for that.
 */
static void bound_memory(struct rp_symbolizer *s, struct object *object)
{
	uint64_t memory = rp_reader__memory(object->reader);

	s->memory += memory - object->memory;
	object->memory = memory;
	while (s->opts.max_memory && s->memory > s->opts.max_memory) {
		struct object *largest = object;

		for (size_t i = 0; i < s->n; i++)
			if (s->objects[i]->memory > largest->memory)
				largest = s->objects[i];
		give_up(s, largest, -ENOMEM);
	}
}

/* Returns what looking for its debug file has cost for nothing, ns. */
static uint64_t start_reader(struct rp_symbolizer *s, struct object *object)
{
	uint64_t before = rp_helper__spent(s->opts.helper);
	int debug = rp_helper__debug_file(s->opts.helper, object->fd, "");

	if (s->readers == READERS_MAX)
		end_one(s);
	object->reader = rp_reader__start(object->fd, debug, object->lines);
	s->readers += object->reader != NULL;
	if (debug >= 0)
		close(debug);
	return rp_helper__why(s->opts.helper) ? rp_helper__spent(s->opts.helper) - before : 0;
}

/* As ask() below. *wasted: what it has cost for nothing, ns. */
static int try_to_ask(struct rp_symbolizer *s, struct object *object, uint64_t offset,
		      uint64_t *wasted)
{
	int err;

	while (object->fd >= 0) {
		if (!object->reader && is_silent(s, object->origin)) {
			close_object(object);
			break;
		}
		if (!object->reader)
			*wasted += start_reader(s, object);
		object->asked = ++s->asked;
		err = object->reader ? rp_reader__ask(object->reader, offset, s->opts.is_cancelled,
						      &s->answer)
				     : -EIO;
		if (!err) {
			bound_memory(s, object);
			return s->answer.n ? 0 : -ENODATA;
		}
		if (err == -EINTR)
			return err;
		if (object->reader)
			*wasted += rp_reader__spent(object->reader);
		give_up(s, object, err);
	}
	return -ENODATA;
}

/* 0; -ENODATA: nothing is known; -EINTR: it was not waited for, and may be asked again. */
static int ask(struct rp_symbolizer *s, struct rp_owner owner, struct object *object,
	       uint64_t offset)
{
	uint64_t now = rp_clock__now(), wasted = 0;
	int err;

	if (s->opts.is_shared && !rp_time_share__allows(s->time_share, owner, now))
		return -EINTR;
	err = try_to_ask(s, object, offset, &wasted);
	if (wasted)
		rp_time_share__charge(s->time_share, owner, now, wasted);
	return err;
}

/* ---- places --------------------------------------------------------------------------------- */

/* Text that is kept for good; NULL: out of memory. */
static const char *function_name(struct rp_symbolizer *s, const struct object *object,
				 const char *answered)
{
	if (!answered[0])
		return object->unknown.function;
	if (answered[0] == '+')
		return rp_arena__printf(&s->arena, "%s%s", object->name, answered);
	return rp_arena__dup(&s->arena, answered);
}

static bool copy_places(struct rp_symbolizer *s, const struct object *object,
			struct rp_code_place *to)
{
	for (uint32_t i = 0; i < s->answer.n; i++) {
		const struct rp_code_frame *from = &s->answer.frames[i];

		to[i] = (struct rp_code_place){
			.function = function_name(s, object, from->function),
			.file = from->file[0] ? rp_arena__dup(&s->arena, from->file) : "",
			.line = from->line,
			.inlined = from->inlined,
		};
		if (!to[i].function || !to[i].file)
			return false;
	}
	return true;
}

static struct place *keep(struct rp_symbolizer *s, uint32_t number, uint64_t offset)
{
	const struct object *object = s->objects[number - 1];
	struct place *place = calloc(1, sizeof(*place));

	if (!place)
		return NULL;
	place->key.object = number;
	place->key.offset = offset;
	place->places = object->nothing;
	if (s->answer.n) {
		struct rp_code_place places[RP_READER_FRAMES];

		place->places.n = s->answer.n;
		place->places.named = s->answer.named;
		place->places.places = copy_places(s, object, places)
					       ? rp_arena__array(&s->arena, places,
								 s->answer.n * sizeof(places[0]))
					       : NULL;
	}
	if (!place->places.places) {
		free(place);
		return NULL;
	}
	HASH_ADD(hh, s->places, key, sizeof(place->key), place);
	return place;
}

const struct rp_code_places *rp_symbolizer__find(struct rp_symbolizer *s, struct rp_owner owner,
						 uint32_t number, uint64_t offset)
{
	struct place *place, key = {.key = {number, offset}};
	int err;

	HASH_FIND(hh, s->places, &key.key, sizeof(key.key), place);
	if (place)
		return &place->places;
	if (HASH_COUNT(s->places) >= s->opts.max_places)
		return &s->objects[number - 1]->nothing;
	err = ask(s, owner, s->objects[number - 1], offset);
	if (err == -EINTR)
		return &s->objects[number - 1]->nothing;
	if (err)
		s->answer.n = 0;
	place = keep(s, number, offset);
	return place ? &place->places : NULL;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * A profile for pprof: a sample for each path, with how many instances there were, and the time
 * that they spent there and not further inside; and one for each call stack in which samples were
 * taken, with how many they were and the CPU time that they stand for. Each region is a function,
 * each path that has it a location; so is each place in code. Protobuf by hand, and not compressed,
 * which pprof reads as well. The numbers are those of profile.proto.
 *
 * Each sample has a value of each type, and whether there are types for samples is known when all
 * records have been read. Until then what there is for paths is kept.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/names.h"
#include "export/paths.h"
#include "export/proto.h"
#include "record/joined_samples.h"
#include "util/array.h"

enum {
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLE = 2,
	PROFILE_LOCATION = 4,
	PROFILE_FUNCTION = 5,
	PROFILE_STRING = 6,
	PROFILE_TIME = 9,
	PROFILE_DEFAULT_TYPE = 14,
	TYPE_NAME = 1,
	TYPE_UNIT = 2,
	SAMPLE_LOCATIONS = 1,
	SAMPLE_VALUES = 2,
	SAMPLE_LABEL = 3,
	LABEL_KEY = 1,
	LABEL_TEXT = 2,
	LOCATION_ID = 1,
	LOCATION_LINE = 4,
	LINE_FUNCTION = 1,
	LINE_NUMBER = 2,
	FUNCTION_ID = 1,
	FUNCTION_NAME = 2,
	FUNCTION_FILE = 4,
};

enum {
	STRING_COUNT = 1,
	STRING_TIME,
	STRING_NANOSECONDS,
	STRING_SAMPLES,
	STRING_CPU,
	STRING_REGION,
	STRINGS
};

static const char *const strings[STRINGS] = {
	"",
	[STRING_COUNT] = "count",
	[STRING_TIME] = "time",
	[STRING_NANOSECONDS] = "nanoseconds",
	[STRING_SAMPLES] = "samples",
	[STRING_CPU] = "cpu",
	[STRING_REGION] = "region",
};

/* Samples that ended in a call. */
struct taken {
	uint64_t n;
	uint32_t node; /* index of the region that they were in; 0: none */
};

struct pprof {
	struct rp_export_paths paths; /* first */
	struct rp_export_names names; /* the number of a string is STRINGS more */
	struct rp_map path_at;	      /* run << 32 | index of node -> id of its location */
	uint32_t next_id;	      /* of a location, and of its function */
	struct rp_bytes kept;	      /* of each path: its locations, count, self */
	bool has_begun, has_samples;

	/* ---- of the run ---- */
	struct taken *taken; /* by index of call */
	size_t n_taken;
	struct rp_map place_at; /* index of place -> id of its location */

	struct rp_bytes profile, message, inner; /* one inside the other, while they are made */
};

static int write_out(struct pprof *p)
{
	rp_out__bytes(&p->paths.out, p->profile.at, p->profile.n);
	p->profile.n = 0;
	if (p->profile.failed || p->message.failed || p->inner.failed || p->kept.failed)
		return -ENOMEM;
	return p->paths.out.rc;
}

static int on_run(void *ctx, const struct rp_event_run *run)
{
	struct pprof *p = ctx;
	int rc = rp_told__on_run(p, run);

	if (rc || p->has_begun)
		return rc;
	p->has_begun = true;
	for (size_t i = 0; i < STRINGS; i++)
		rp_proto__text(&p->profile, PROFILE_STRING, strings[i]);
	rp_proto__number(&p->profile, PROFILE_TIME, run->wall);
	return write_out(p);
}

/* ---- locations ------------------------------------------------------------------------------- */

static int put_string(struct pprof *p, const char *text, uint64_t *number)
{
	size_t n = p->names.n;
	uint32_t name;
	int rc = rp_export_names__find(&p->names, text, &name);

	if (!rc && p->names.n > n)
		rp_proto__text(&p->profile, PROFILE_STRING, text);
	*number = STRINGS + (uint64_t)name;
	return rc;
}

/*
 * A new location. Its function has the same number, and no system name: pprof would make a shorter
 * one of that, without what stands in <> and (), for several.
 */
static int put_location(struct pprof *p, const char *function, const char *file, uint32_t line)
{
	uint64_t name, path = 0, id = ++p->next_id;
	int rc = put_string(p, function, &name);

	if (!rc && *file)
		rc = put_string(p, file, &path);
	if (rc)
		return rc;
	rp_proto__number(&p->message, FUNCTION_ID, id);
	rp_proto__number(&p->message, FUNCTION_NAME, name);
	if (path)
		rp_proto__number(&p->message, FUNCTION_FILE, path);
	rp_proto__message(&p->profile, PROFILE_FUNCTION, &p->message);
	rp_proto__number(&p->inner, LINE_FUNCTION, id);
	if (line)
		rp_proto__number(&p->inner, LINE_NUMBER, line);
	rp_proto__number(&p->message, LOCATION_ID, id);
	rp_proto__message(&p->message, LOCATION_LINE, &p->inner);
	rp_proto__message(&p->profile, PROFILE_LOCATION, &p->message);
	return 0;
}

/* The location of a node, told before it is used. */
static int locate(struct pprof *p, uint32_t node, uint32_t *id)
{
	uint64_t key = (uint64_t)p->paths.told.run << 32 | node;
	int rc;

	*id = rp_map__get(&p->path_at, key);
	if (*id != RP_MAP_NONE)
		return 0;
	rc = put_location(p, p->paths.told.nodes[node].name, "", 0);
	*id = p->next_id;
	return rc ? rc : rp_map__add(&p->path_at, key, *id);
}

static int locate_place(struct pprof *p, uint32_t place, uint32_t *id)
{
	const struct rp_told_place *told = &p->paths.told.calls.places[place];
	int rc;

	*id = rp_map__get(&p->place_at, place);
	if (*id != RP_MAP_NONE)
		return 0;
	rc = put_location(p, told->function, told->file, told->line);
	*id = p->next_id;
	return rc ? rc : rp_map__add(&p->place_at, place, *id);
}

/* ---- paths ----------------------------------------------------------------------------------- */

/* From the innermost out. */
static int keep_path(struct rp_export_paths *paths, const struct rp_path_sums *sums, size_t depth)
{
	struct pprof *p = (struct pprof *)paths;
	uint32_t id;
	int rc = 0;

	for (size_t i = 0; !rc && i < depth; i++)
		rc = locate(p, paths->chain[i], &id);
	for (size_t i = depth; !rc && i--;) {
		rc = locate(p, paths->chain[i], &id);
		rp_bytes__put_number(&p->inner, id);
	}
	if (rc)
		return rc;
	rp_bytes__put_text(&p->kept, (const char *)p->inner.at, p->inner.n);
	rp_bytes__put_number(&p->kept, sums->count);
	rp_bytes__put_number(&p->kept, sums->self);
	p->inner.n = 0;
	return write_out(p);
}

static int write_paths(struct pprof *p)
{
	struct rp_cursor kept = {p->kept.at, p->kept.at + p->kept.n};
	const char *locations;
	size_t n;
	uint64_t value;
	int rc = 0;

	while (!rc && rp_cursor__text(&kept, &locations, &n)) {
		rp_bytes__put(&p->inner, locations, n);
		rp_proto__message(&p->message, SAMPLE_LOCATIONS, &p->inner);
		for (size_t i = 0; i < 2 && rp_cursor__number(&kept, &value); i++)
			rp_bytes__put_number(&p->inner, value);
		for (size_t i = 0; p->has_samples && i < 2; i++)
			rp_bytes__put_number(&p->inner, 0);
		rp_proto__message(&p->message, SAMPLE_VALUES, &p->inner);
		rp_proto__message(&p->profile, PROFILE_SAMPLE, &p->message);
		rc = write_out(p);
	}
	return rc;
}

/* ---- samples --------------------------------------------------------------------------------- */

static int make_room(struct pprof *p)
{
	size_t n = p->paths.told.calls.calls_room;
	int rc;

	if (p->n_taken >= p->paths.told.calls.n_calls)
		return 0;
	rc = rp_array__fit(&p->taken, n, sizeof(*p->taken));
	if (rc)
		return rc;
	memset(p->taken + p->n_taken, 0, (n - p->n_taken) * sizeof(*p->taken));
	p->n_taken = n;
	return 0;
}

/* All that ended in one call were in one region, but for those without a stack. */
static int on_sample(void *ctx, const struct rp_taken_sample *sample)
{
	struct pprof *p = ctx;
	const struct rp_told *told = &p->paths.told;
	uint32_t call = rp_told_calls__of(&told->calls, sample);
	int rc = make_room(p);

	if (rc)
		return rc;
	p->has_samples = true;
	p->taken[call].n++;
	if (call)
		p->taken[call].node = (uint32_t)(rp_told__node(told, sample->node) - told->nodes);
	return 0;
}

/* From the innermost out. */
static int put_stack(struct pprof *p, uint32_t call)
{
	const uint32_t *places;
	uint32_t id;
	size_t n;
	int rc = rp_told_calls__stack(&p->paths.told.calls, call, &places, &n);

	for (size_t i = 0; !rc && i < n; i++)
		rc = locate_place(p, places[i], &id);
	for (size_t i = rc ? 0 : n; !rc && i--;) {
		rc = locate_place(p, places[i], &id);
		rp_bytes__put_number(&p->inner, id);
	}
	rp_proto__message(&p->message, SAMPLE_LOCATIONS, &p->inner);
	return rc;
}

static int write_call(struct pprof *p, uint32_t call, const struct rp_event_end *end)
{
	const struct taken *taken = &p->taken[call];
	uint64_t region = 0;
	int rc = 0;

	if (taken->node)
		rc = put_string(p, p->paths.told.nodes[taken->node].name, &region);
	if (!rc)
		rc = put_stack(p, call);
	if (rc)
		return rc;
	for (size_t i = 0; i < 2; i++)
		rp_bytes__put_number(&p->inner, 0);
	rp_bytes__put_number(&p->inner, taken->n);
	rp_bytes__put_number(&p->inner, rp_samples__cpu(end, taken->n, p->paths.told.sample_hz));
	rp_proto__message(&p->message, SAMPLE_VALUES, &p->inner);
	if (region) {
		rp_proto__number(&p->inner, LABEL_KEY, STRING_REGION);
		rp_proto__number(&p->inner, LABEL_TEXT, region);
		rp_proto__message(&p->message, SAMPLE_LABEL, &p->inner);
	}
	rp_proto__message(&p->profile, PROFILE_SAMPLE, &p->message);
	return write_out(p);
}

static int write_samples(struct rp_export_paths *paths, const struct rp_event_end *end)
{
	struct pprof *p = (struct pprof *)paths;
	int rc = 0;

	for (size_t i = 0; !rc && i < p->n_taken; i++)
		if (p->taken[i].n)
			rc = write_call(p, (uint32_t)i, end);
	p->n_taken = 0;
	rp_map__free(&p->place_at);
	return rc;
}

/* ---- all ------------------------------------------------------------------------------------- */

static void put_type(struct pprof *p, unsigned name, unsigned unit)
{
	rp_proto__number(&p->message, TYPE_NAME, name);
	rp_proto__number(&p->message, TYPE_UNIT, unit);
	rp_proto__message(&p->profile, PROFILE_SAMPLE_TYPE, &p->message);
}

static int finish(struct rp_export_paths *paths)
{
	struct pprof *p = (struct pprof *)paths;
	int rc;

	if (!p->has_begun)
		return 0;
	put_type(p, STRING_COUNT, STRING_COUNT);
	put_type(p, STRING_TIME, STRING_NANOSECONDS);
	if (p->has_samples) {
		put_type(p, STRING_SAMPLES, STRING_COUNT);
		put_type(p, STRING_CPU, STRING_NANOSECONDS);
	}
	rp_proto__number(&p->profile, PROFILE_DEFAULT_TYPE,
			 p->has_samples && !p->kept.n ? STRING_CPU : STRING_TIME);
	rc = write_out(p);
	return rc ? rc : write_paths(p);
}

static void free_rest(struct rp_export_paths *paths)
{
	struct pprof *p = (struct pprof *)paths;

	rp_export_names__free(&p->names);
	rp_map__free(&p->path_at);
	rp_map__free(&p->place_at);
	free(p->taken);
	rp_bytes__free(&p->kept);
	rp_bytes__free(&p->profile);
	rp_bytes__free(&p->message);
	rp_bytes__free(&p->inner);
}

int rp_export__pprof(FILE *out, struct rp_event_sink *sink)
{
	struct pprof *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->paths.told.quote = rp_export__escape;
	p->paths.out.file = out;
	p->paths.write = keep_path;
	p->paths.end = write_samples;
	p->paths.finish = finish;
	p->paths.free = free_rest;
	*sink = rp_export_paths__sink(&p->paths);
	sink->run = on_run;
	sink->place = rp_told__on_place;
	sink->call = rp_told__on_call;
	sink->sample = on_sample;
	return 0;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * A profile for pprof: a sample for each path, with how many instances there were, and the time
 * that they spent there and not further inside. Each region is a function, each path that has it a
 * location. Protobuf by hand, and not compressed, which pprof reads as well. The numbers are those
 * of profile.proto.
 */
#include <errno.h>
#include <stdlib.h>

#include "export/paths.h"
#include "export/proto.h"

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
	LOCATION_ID = 1,
	LOCATION_LINE = 4,
	LINE_FUNCTION = 1,
	FUNCTION_ID = 1,
	FUNCTION_NAME = 2,
};

enum { STRING_COUNT = 1, STRING_TIME, STRING_NANOSECONDS, STRINGS };

static const char *const strings[STRINGS] = {
	"", [STRING_COUNT] = "count", [STRING_TIME] = "time", [STRING_NANOSECONDS] = "nanoseconds"};

struct pprof {
	struct rp_export_paths paths; /* first */
	struct rp_map located;	      /* run << 32 | index of node -> id */
	uint32_t next_id;	      /* of a location, and of its function */
	bool has_begun;
	struct rp_bytes profile, message, inner; /* one inside the other, while they are made */
};

static int write_out(struct pprof *p)
{
	rp_out__bytes(&p->paths.out, p->profile.at, p->profile.n);
	p->profile.n = 0;
	return p->profile.failed || p->message.failed || p->inner.failed ? -ENOMEM
									 : p->paths.out.rc;
}

static void put_type(struct pprof *p, unsigned name, unsigned unit)
{
	rp_proto__number(&p->message, TYPE_NAME, name);
	rp_proto__number(&p->message, TYPE_UNIT, unit);
	rp_proto__message(&p->profile, PROFILE_SAMPLE_TYPE, &p->message);
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
	put_type(p, STRING_COUNT, STRING_COUNT);
	put_type(p, STRING_TIME, STRING_NANOSECONDS);
	rp_proto__number(&p->profile, PROFILE_DEFAULT_TYPE, STRING_TIME);
	rp_proto__number(&p->profile, PROFILE_TIME, run->wall);
	return write_out(p);
}

/*
 * The location of a node, told before it is used. Its function has the same number, and no system
 * name: pprof would make a shorter one of that, without what stands in <> and (), for several.
 */
static int locate(struct pprof *p, uint32_t node, uint32_t *id)
{
	uint64_t key = (uint64_t)p->paths.told.run << 32 | node;

	*id = rp_map__get(&p->located, key);
	if (*id != RP_MAP_NONE)
		return 0;
	*id = ++p->next_id;
	rp_proto__text(&p->profile, PROFILE_STRING, p->paths.told.nodes[node].name);
	rp_proto__number(&p->message, FUNCTION_ID, *id);
	rp_proto__number(&p->message, FUNCTION_NAME, STRINGS + *id - 1);
	rp_proto__message(&p->profile, PROFILE_FUNCTION, &p->message);
	rp_proto__number(&p->inner, LINE_FUNCTION, *id);
	rp_proto__number(&p->message, LOCATION_ID, *id);
	rp_proto__message(&p->message, LOCATION_LINE, &p->inner);
	rp_proto__message(&p->profile, PROFILE_LOCATION, &p->message);
	return rp_map__add(&p->located, key, *id);
}

/* From the innermost out. */
static int write_path(struct rp_export_paths *paths, const struct rp_path_sums *sums, size_t depth)
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
	rp_proto__message(&p->message, SAMPLE_LOCATIONS, &p->inner);
	rp_bytes__put_number(&p->inner, sums->count);
	rp_bytes__put_number(&p->inner, sums->self);
	rp_proto__message(&p->message, SAMPLE_VALUES, &p->inner);
	rp_proto__message(&p->profile, PROFILE_SAMPLE, &p->message);
	return write_out(p);
}

static void free_rest(struct rp_export_paths *paths)
{
	struct pprof *p = (struct pprof *)paths;

	rp_map__free(&p->located);
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
	p->paths.write = write_path;
	p->paths.free = free_rest;
	*sink = rp_export_paths__sink(&p->paths);
	sink->run = on_run;
	return 0;
}

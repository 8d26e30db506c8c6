// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Samples, each with its call stack. Perfetto finds nothing without a mapping, so each object is
 * one; where it was in memory, and the addresses of frames, a record does not have.
 */
#include <errno.h>

#include "export/perfetto.h"

enum {
	PACKET_PERF_SAMPLE = 66,

	SAMPLE_PID = 2,
	SAMPLE_TID = 3,
	SAMPLE_CALLSTACK_IID = 4,
	SAMPLE_UNWIND_ERROR = 16,

	INTERNED_FUNCTION_NAMES = 5,
	INTERNED_FRAMES = 6,
	INTERNED_CALLSTACKS = 7,
	INTERNED_MAPPING_PATHS = 17,
	INTERNED_SOURCE_PATHS = 18,
	INTERNED_MAPPINGS = 19,

	FRAME_FUNCTION = 2,
	FRAME_MAPPING = 3,
	FRAME_REL_PC = 4,
	FRAME_SOURCE_PATH = 5,
	FRAME_LINE = 6,
	CALLSTACK_FRAMES = 2,
	MAPPING_PATHS = 7,
};

/* Why a stack ends where it does, of those that Perfetto knows. */
enum {
	ERROR_MEMORY = 2,
	ERROR_NO_INFO = 3,
	ERROR_UNSUPPORTED = 4,
	ERROR_DEPTH = 6,
	ERROR_REPEATED = 7
};

static const uint8_t unwind_errors[RP_UNWIND_END_COUNT] = {
	[RP_UNWIND_END_DEPTH] = ERROR_DEPTH,	       [RP_UNWIND_END_NO_ROW] = ERROR_NO_INFO,
	[RP_UNWIND_END_UNKNOWN] = ERROR_UNSUPPORTED,   [RP_UNWIND_END_UNREADABLE] = ERROR_MEMORY,
	[RP_UNWIND_END_INCONSISTENT] = ERROR_REPEATED, [RP_UNWIND_END_PROBE] = ERROR_UNSUPPORTED,
};

/* The number of a name, which comes with the packet where it is new. */
static int put_name(struct rp_perfetto *p, struct rp_export_names *names, unsigned field,
		    const char *name, uint64_t *iid, bool *is_new)
{
	size_t n = names->n;
	uint32_t number;
	int rc = rp_export_names__find(names, name, &number);

	*iid = number + 1ull;
	*is_new = names->n > n;
	if (!rc && *is_new)
		rp_perfetto__put_interned(p, field, *iid, name);
	return rc;
}

/* One for each object, whose path has the same number. */
static int put_mapping(struct rp_perfetto *p, const char *object, uint64_t *iid)
{
	bool is_new;
	int rc = put_name(p, &p->samples.objects, INTERNED_MAPPING_PATHS, object, iid, &is_new);

	if (rc || !is_new)
		return rc;
	rp_proto__number(&p->inner, INTERNED_IID, *iid);
	rp_proto__number(&p->inner, MAPPING_PATHS, *iid);
	rp_proto__message(&p->message, INTERNED_MAPPINGS, &p->inner);
	return 0;
}

static int put_frame(struct rp_perfetto *p, uint32_t place)
{
	const struct rp_told_place *told = &p->told.calls.places[place];
	uint64_t function, mapping, file = 0;
	bool is_new;
	int rc;

	if (rp_map__get(&p->samples.frame_of, place) != RP_MAP_NONE)
		return 0;
	rc = put_name(p, &p->samples.functions, INTERNED_FUNCTION_NAMES, told->function, &function,
		      &is_new);
	if (!rc)
		rc = put_mapping(p, told->object, &mapping);
	if (!rc && *told->file)
		rc = put_name(p, &p->samples.files, INTERNED_SOURCE_PATHS, told->file, &file,
			      &is_new);
	if (!rc)
		rc = rp_map__add(&p->samples.frame_of, place, ++p->samples.next_frame);
	if (rc)
		return rc;
	rp_proto__number(&p->inner, INTERNED_IID, p->samples.next_frame);
	rp_proto__number(&p->inner, FRAME_FUNCTION, function);
	rp_proto__number(&p->inner, FRAME_MAPPING, mapping);
	rp_proto__number(&p->inner, FRAME_REL_PC, 0);
	if (file) {
		rp_proto__number(&p->inner, FRAME_SOURCE_PATH, file);
		rp_proto__number(&p->inner, FRAME_LINE, told->line);
	}
	rp_proto__message(&p->message, INTERNED_FRAMES, &p->inner);
	return 0;
}

/* What of the stack is new comes with the packet. */
static int put_stack(struct rp_perfetto *p, uint32_t call, uint32_t *iid)
{
	struct rp_perfetto_samples *s = &p->samples;
	const uint32_t *places;
	size_t n;
	int rc;

	*iid = rp_map__get(&s->stack_of, call);
	if (*iid != RP_MAP_NONE)
		return 0;
	*iid = ++s->next_stack;
	rc = rp_map__add(&s->stack_of, call, *iid);
	if (!rc)
		rc = rp_told_calls__stack(&p->told.calls, call, &places, &n);
	for (size_t i = 0; !rc && i < n; i++)
		rc = put_frame(p, places[i]);
	if (rc)
		return rc;
	rp_proto__number(&p->inner, INTERNED_IID, *iid);
	for (size_t i = 0; i < n; i++)
		rp_proto__number(&p->inner, CALLSTACK_FRAMES, rp_map__get(&s->frame_of, places[i]));
	rp_proto__message(&p->message, INTERNED_CALLSTACKS, &p->inner);
	rp_proto__message(&p->packet, PACKET_INTERNED_DATA, &p->message);
	return 0;
}

int rp_perfetto__write_sample(struct rp_perfetto *p, const struct rp_taken_sample *sample)
{
	unsigned error = sample->end < RP_UNWIND_END_COUNT ? unwind_errors[sample->end] : 0;
	uint32_t stack;
	int rc = put_stack(p, rp_told_calls__of(&p->told.calls, sample), &stack);

	if (rc)
		return rc;
	rp_proto__number(&p->packet, PACKET_TIMESTAMP,
			 rp_told__since_start(&p->told, sample->time));
	rp_proto__number(&p->packet, PACKET_SEQUENCE_FLAGS, STATE_NEEDED);
	rp_proto__number(&p->message, SAMPLE_PID, rp_tracks__pid_of(&p->told, sample->pid));
	rp_proto__number(&p->message, SAMPLE_TID, sample->tid);
	rp_proto__number(&p->message, SAMPLE_CALLSTACK_IID, stack);
	if (error)
		rp_proto__number(&p->message, SAMPLE_UNWIND_ERROR, error);
	rp_proto__message(&p->packet, PACKET_PERF_SAMPLE, &p->message);
	return rp_perfetto__write_packet(p);
}

void rp_perfetto__forget_samples(struct rp_perfetto *p)
{
	rp_map__free(&p->samples.frame_of);
	rp_map__free(&p->samples.stack_of);
}

void rp_perfetto__free_samples(struct rp_perfetto *p)
{
	rp_perfetto__forget_samples(p);
	rp_export_names__free(&p->samples.functions);
	rp_export_names__free(&p->samples.files);
	rp_export_names__free(&p->samples.objects);
}

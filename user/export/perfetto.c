// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Perfetto's own form, for ui.perfetto.dev: protobuf by hand, a TracePacket after the other, which
 * is a fourth of the JSON. A begin and an end for each instance; the reader sorts by time, and
 * those of one time stay as they stand here, what ran inside first, as instances come. Names are
 * told once and then by number. A span is on a track of its process, one beside others that overlap
 * it.
 *
 * The numbers are those of perfetto_trace.proto.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/perfetto.h"

enum {
	TRACE_PACKET = 1,

	PACKET_CLOCK_SNAPSHOT = 6,
	PACKET_SEQUENCE = 10,
	PACKET_DEFAULTS = 59,

	SNAPSHOT_CLOCKS = 1,
	CLOCK_ID = 1,
	CLOCK_TIMESTAMP = 2,
	DEFAULTS_CLOCK_ID = 58,

	TRACK_PROCESS = 3,
	TRACK_THREAD = 4,
	PROCESS_PID = 1,
	PROCESS_NAME = 6,
	THREAD_PID = 1,
	THREAD_TID = 2,
	THREAD_NAME = 5,

	EVENT_ANNOTATION = 4,
	EVENT_NAME_IID = 10,
	ANNOTATION_NAME_IID = 1,
	ANNOTATION_UINT = 3,
	ANNOTATION_STRING = 6,

	INTERNED_EVENT_NAMES = 2,
	INTERNED_ANNOTATION_NAMES = 3,
};

enum { CLOCK_OF_REAL_TIME = 1, CLOCK_OF_BOOT = 6, CLOCK_OF_TRACE = 3 };
enum { STATE_CLEARED = 1 };
enum { SLICE_BEGIN = 1, SLICE_END = 2 };
enum { ANNOTATION_CPU = 1, ANNOTATION_WAIT, ANNOTATION_LEFT, ANNOTATION_SPAN, ANNOTATIONS };

static const char *const annotation_names[ANNOTATIONS] = {
	[ANNOTATION_CPU] = "cpu_ns",
	[ANNOTATION_WAIT] = "wait_ns",
	[ANNOTATION_LEFT] = "left",
	[ANNOTATION_SPAN] = "span",
};

/* ---- protobuf ------------------------------------------------------------------------------- */

int rp_perfetto__write_packet(struct rp_perfetto *p)
{
	unsigned char head[1 + RP_VARINT_MAX] = {TRACE_PACKET << 3 | 2}, *end;

	rp_proto__number(&p->packet, PACKET_SEQUENCE, 1);
	end = rp_varint__put(head + 1, p->packet.n);
	rp_out__bytes(&p->out, head, (size_t)(end - head));
	rp_out__bytes(&p->out, p->packet.at, p->packet.n);
	p->packet.n = 0;
	if (p->packet.failed || p->message.failed || p->inner.failed)
		return -ENOMEM;
	return p->out.rc;
}

int rp_perfetto__write_track(struct rp_perfetto *p)
{
	rp_proto__message(&p->packet, PACKET_TRACK_DESCRIPTOR, &p->message);
	return rp_perfetto__write_packet(p);
}

void rp_perfetto__put_interned(struct rp_perfetto *p, unsigned field, uint64_t iid,
			       const char *name)
{
	rp_proto__number(&p->inner, INTERNED_IID, iid);
	rp_proto__text(&p->inner, INTERNED_NAME, name);
	rp_proto__message(&p->message, field, &p->inner);
}

/* ---- the trace as a whole -------------------------------------------------------------------- */

static void put_clock(struct rp_perfetto *p, unsigned id, uint64_t time)
{
	rp_proto__number(&p->inner, CLOCK_ID, id);
	rp_proto__number(&p->inner, CLOCK_TIMESTAMP, time);
	rp_proto__message(&p->message, SNAPSHOT_CLOCKS, &p->inner);
}

/* Times are those since the run began: what they stand for, and names that are always there. */
static int write_head(struct rp_perfetto *p, uint64_t wall)
{
	int rc;

	put_clock(p, CLOCK_OF_TRACE, 0);
	put_clock(p, CLOCK_OF_BOOT, 0);
	put_clock(p, CLOCK_OF_REAL_TIME, wall);
	rp_proto__message(&p->packet, PACKET_CLOCK_SNAPSHOT, &p->message);
	rc = rp_perfetto__write_packet(p);
	if (rc)
		return rc;
	rp_proto__number(&p->packet, PACKET_SEQUENCE_FLAGS, STATE_CLEARED | STATE_NEEDED);
	rp_proto__number(&p->message, DEFAULTS_CLOCK_ID, CLOCK_OF_TRACE);
	rp_proto__message(&p->packet, PACKET_DEFAULTS, &p->message);
	for (uint64_t i = 1; i < ANNOTATIONS; i++)
		rp_perfetto__put_interned(p, INTERNED_ANNOTATION_NAMES, i, annotation_names[i]);
	rp_proto__message(&p->packet, PACKET_INTERNED_DATA, &p->message);
	return rp_perfetto__write_packet(p);
}

static int on_run(void *ctx, const struct rp_event_run *run)
{
	struct rp_perfetto *p = ctx;
	int rc = rp_told__on_run(p, run);

	if (!rc && !p->has_begun)
		rc = write_head(p, run->wall);
	p->has_begun = true;
	return rc;
}

/* ---- tracks ---------------------------------------------------------------------------------- */

static int describe_process(struct rp_perfetto *p, uint32_t thread)
{
	uint64_t pid = rp_tracks__pid(&p->told, &p->told.threads[thread]);
	int rc;

	if (rp_map__get(&p->processes, pid) != RP_MAP_NONE)
		return 0;
	rc = rp_map__add(&p->processes, pid, 0);
	if (rc)
		return rc;
	rp_proto__number(&p->inner, PROCESS_PID, pid);
	rp_proto__text(&p->inner, PROCESS_NAME, p->told.threads[thread].process_comm);
	rp_proto__number(&p->message, TRACK_UUID, rp_perfetto__uuid(TRACK_OF_PROCESS, pid));
	rp_proto__message(&p->message, TRACK_PROCESS, &p->inner);
	return rp_perfetto__write_track(p);
}

/* A tid stands for one thread there: any other track is one by name. */
static int describe_track(struct rp_perfetto *p, const struct rp_track *track)
{
	const struct rp_told_thread *thread = &p->told.threads[track->thread];
	uint64_t pid = rp_tracks__pid(&p->told, thread);
	char *name = rp_track__name(track, &p->told);
	int rc = name ? describe_process(p, track->thread) : -ENOMEM;

	if (!rc) {
		rp_proto__number(&p->message, TRACK_UUID,
				 rp_perfetto__uuid(TRACK_OF_THREAD, track->id));
		rp_proto__number(&p->message, TRACK_PARENT,
				 rp_perfetto__uuid(TRACK_OF_PROCESS, pid));
		if (track->is_thread) {
			rp_proto__number(&p->inner, THREAD_PID, pid);
			rp_proto__number(&p->inner, THREAD_TID, thread->tid);
			rp_proto__text(&p->inner, THREAD_NAME, thread->comm);
			rp_proto__message(&p->message, TRACK_THREAD, &p->inner);
		} else {
			rp_proto__text(&p->message, TRACK_NAME, name);
		}
		rc = rp_perfetto__write_track(p);
	}
	free(name);
	return rc;
}

/* The first of its region on which the span overlaps no other. */
static int find_span_track(struct rp_perfetto *p, const struct rp_event_instance *instance,
			   uint64_t *uuid)
{
	const struct rp_told_node *node = rp_told__node(&p->told, instance->node);
	uint32_t index = (uint32_t)(node - p->told.nodes), lane, id;
	uint32_t thread = rp_told__thread(&p->told, instance->thread);
	int rc = rp_lanes__place_apart(&p->spans, index, instance->start,
				       rp_event_instance__end(instance), &lane);

	if (rc)
		return rc;
	id = rp_map__get(&p->span_track_of, (uint64_t)lane << 32 | index);
	if (id == RP_MAP_NONE) {
		id = ++p->span_tracks;
		rc = rp_map__add(&p->span_track_of, (uint64_t)lane << 32 | index, id);
		if (!rc)
			rc = describe_process(p, thread);
		rp_proto__number(&p->message, TRACK_UUID, rp_perfetto__uuid(TRACK_OF_SPANS, id));
		rp_proto__number(
			&p->message, TRACK_PARENT,
			rp_perfetto__uuid(TRACK_OF_PROCESS,
					  rp_tracks__pid(&p->told, &p->told.threads[thread])));
		rp_proto__text(&p->message, TRACK_NAME, node->name);
		if (!rc)
			rc = rp_perfetto__write_track(p);
	}
	*uuid = rp_perfetto__uuid(TRACK_OF_SPANS, id);
	return rc;
}

/* ---- instances ------------------------------------------------------------------------------- */

/* The number of a name, which comes with the packet where it is new. */
static int put_name(struct rp_perfetto *p, const struct rp_told_node *node, uint32_t *iid)
{
	uint64_t key = (uint64_t)p->told.run << 32 | (uint32_t)(node - p->told.nodes);

	*iid = rp_map__get(&p->names, key);
	if (*iid != RP_MAP_NONE)
		return 0;
	*iid = (uint32_t)++p->next_iid;
	rp_perfetto__put_interned(p, INTERNED_EVENT_NAMES, *iid, node->name);
	rp_proto__message(&p->packet, PACKET_INTERNED_DATA, &p->message);
	return rp_map__add(&p->names, key, *iid);
}

static void put_annotation(struct rp_perfetto *p, unsigned name, uint64_t value, const char *text)
{
	rp_proto__number(&p->inner, ANNOTATION_NAME_IID, name);
	if (text)
		rp_proto__text(&p->inner, ANNOTATION_STRING, text);
	else
		rp_proto__number(&p->inner, ANNOTATION_UINT, value);
	rp_proto__message(&p->message, EVENT_ANNOTATION, &p->inner);
}

static void put_annotations(struct rp_perfetto *p, const struct rp_event_instance *instance)
{
	if (instance->is_span)
		put_annotation(p, ANNOTATION_SPAN, instance->span, NULL);
	if (!rp_event_instance__is_timed(instance)) {
		put_annotation(p, ANNOTATION_LEFT, 0, instance->unwound ? "unwound" : "open");
	} else if (!instance->is_span) {
		put_annotation(p, ANNOTATION_CPU, instance->cpu, NULL);
		put_annotation(p, ANNOTATION_WAIT, instance->wait, NULL);
	}
}

static int write_slice(struct rp_perfetto *p, const struct rp_event_instance *instance,
		       uint64_t uuid)
{
	uint64_t start = rp_told__since(&p->told, instance);
	uint32_t iid;
	int rc = put_name(p, rp_told__node(&p->told, instance->node), &iid);

	if (rc)
		return rc;
	rp_proto__number(&p->packet, PACKET_TIMESTAMP, start);
	rp_proto__number(&p->packet, PACKET_SEQUENCE_FLAGS, STATE_NEEDED);
	rp_proto__number(&p->message, EVENT_TYPE, SLICE_BEGIN);
	rp_proto__number(&p->message, EVENT_TRACK, uuid);
	rp_proto__number(&p->message, EVENT_NAME_IID, iid);
	put_annotations(p, instance);
	rp_proto__message(&p->packet, PACKET_TRACK_EVENT, &p->message);
	rc = rp_perfetto__write_packet(p);
	if (rc)
		return rc;
	rp_proto__number(&p->packet, PACKET_TIMESTAMP, start + instance->ns);
	rp_proto__number(&p->packet, PACKET_SEQUENCE_FLAGS, STATE_NEEDED);
	rp_proto__number(&p->message, EVENT_TYPE, SLICE_END);
	rp_proto__number(&p->message, EVENT_TRACK, uuid);
	rp_proto__message(&p->packet, PACKET_TRACK_EVENT, &p->message);
	return rp_perfetto__write_packet(p);
}

static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct rp_perfetto *p = ctx;
	const struct rp_track *track;
	bool is_new;
	uint64_t uuid;
	int rc = rp_perfetto__count(p, instance);

	if (rc)
		return rc;
	if (instance->is_span) {
		rc = find_span_track(p, instance, &uuid);
		return rc ? rc : write_slice(p, instance, uuid);
	}
	rc = rp_tracks__place(&p->tracks, &p->told, instance, &track, &is_new);
	if (!rc && is_new)
		rc = describe_track(p, track);
	return rc ? rc : write_slice(p, instance, rp_perfetto__uuid(TRACK_OF_THREAD, track->id));
}

/* ---- what is missing, and samples ------------------------------------------------------------ */

static int on_lost(void *ctx, uint32_t node, uint64_t n)
{
	struct rp_perfetto *p = ctx;

	(void)node;
	return rp_perfetto__count_lost(p, n);
}

/* Its thread has a name from what is told of it; one that never was in a region has none. */
static int on_sample(void *ctx, const struct rp_taken_sample *sample)
{
	struct rp_perfetto *p = ctx;
	uint32_t thread = rp_told__thread(&p->told, sample->thread);
	const struct rp_track *track;
	bool is_new = false;
	int rc = 0;

	if (p->told.threads[thread].tid == sample->tid)
		rc = rp_tracks__find(&p->tracks, &p->told, thread, 0, &track, &is_new);
	if (!rc && is_new)
		rc = describe_track(p, track);
	return rc ? rc : rp_perfetto__write_sample(p, sample);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void forget_spans(struct rp_perfetto *p)
{
	rp_lanes__free(&p->spans);
	p->spans = (struct rp_lanes){0};
	rp_map__free(&p->span_track_of);
}

static int on_end(void *ctx, const struct rp_event_end *end)
{
	struct rp_perfetto *p = ctx;
	int rc = rp_perfetto__write_counters(p, rp_told__since_start(&p->told, end->time));

	rp_perfetto__forget_samples(p);
	rp_tracks__end_run(&p->tracks);
	forget_spans(p);
	rp_told__on_end(p, end);
	return rc;
}

static int on_close(void *ctx)
{
	struct rp_perfetto *p = ctx;
	int rc = rp_out__flush(&p->out);

	rp_perfetto__free_counters(p);
	rp_perfetto__free_samples(p);
	rp_tracks__free(&p->tracks);
	forget_spans(p);
	rp_map__free(&p->processes);
	rp_map__free(&p->names);
	rp_bytes__free(&p->packet);
	rp_bytes__free(&p->message);
	rp_bytes__free(&p->inner);
	rp_told__free(&p->told);
	free(p);
	return rc;
}

int rp_export__perfetto(FILE *out, struct rp_event_sink *sink)
{
	struct rp_perfetto *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->told.quote = rp_export__escape;
	p->out.file = out;
	*sink = rp_export__sink(p);
	sink->run = on_run;
	sink->instance = on_instance;
	sink->lost = on_lost;
	sink->place = rp_told__on_place;
	sink->call = rp_told__on_call;
	sink->sample = on_sample;
	sink->end = on_end;
	sink->close = on_close;
	return 0;
}

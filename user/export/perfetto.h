/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What the parts of Perfetto's form share: packets, one after the other, and what is not about
 * slices. The numbers are those of perfetto_trace.proto. Internal to export/.
 */
#ifndef RP_PERFETTO_H
#define RP_PERFETTO_H

#include "export/internal.h"
#include "export/names.h"
#include "export/proto.h"
#include "export/rates.h"
#include "export/tracks.h"

enum {
	PACKET_TIMESTAMP = 8,
	PACKET_TRACK_EVENT = 11,
	PACKET_INTERNED_DATA = 12,
	PACKET_SEQUENCE_FLAGS = 13,
	PACKET_TRACK_DESCRIPTOR = 60,

	TRACK_UUID = 1,
	TRACK_NAME = 2,
	TRACK_PARENT = 5,
	EVENT_TYPE = 9,
	EVENT_TRACK = 11,

	INTERNED_IID = 1,
	INTERNED_NAME = 2,
};

enum { STATE_NEEDED = 2 }; /* of PACKET_SEQUENCE_FLAGS: numbers of interned data are in it */

/* Ids of tracks: of processes (pid), threads and what is beside them, spans, counters. */
enum rp_perfetto_track { TRACK_OF_COUNTER, TRACK_OF_PROCESS, TRACK_OF_THREAD, TRACK_OF_SPANS };

static inline uint64_t rp_perfetto__uuid(enum rp_perfetto_track kind, uint64_t id)
{
	return id << 2 | kind;
}

/* ---- counters -------------------------------------------------------------------------------- */

/*
 * How often regions were entered, how many instances were open, how many CPUs they kept busy: on
 * average over slices of the run, when it has ended. And what was lost up to then, as it is told.
 */
struct rp_perfetto_counters {
	uint64_t next_id;

	/* ---- of the run ---- */
	struct rp_rates regions; /* a level and a tally for each, by its index + 1 */
	struct rp_rates cpus;	 /* a level for each process, by its index in `pids` */
	struct rp_map cpus_of;	 /* pid -> that */
	uint64_t *pids;
	size_t n_pids, pids_room;
	uint64_t group;		   /* id of the track that they are below; 0: none as yet */
	uint64_t lost, lost_track; /* instances; their track's id, 0: none as yet */
	uint64_t time;		   /* since the run began, of the last instance */
};

/* ---- samples --------------------------------------------------------------------------------- */

/*
 * Functions, files, frames and whole call stacks are told once and then by number, each kind by its
 * own. Numbers of names are those of struct rp_export_names and one more, as 0 is none.
 */
struct rp_perfetto_samples {
	struct rp_export_names functions, files, objects;
	uint64_t next_frame, next_stack;

	/* ---- of the run ---- */
	struct rp_map frame_of; /* index of place -> number */
	struct rp_map stack_of; /* index of call -> number */
};

/* ---- all ------------------------------------------------------------------------------------- */

struct rp_perfetto {
	struct rp_told told; /* first: see told.h */
	struct rp_out out;
	struct rp_tracks tracks;
	struct rp_lanes spans;	     /* by node */
	struct rp_map span_track_of; /* lane << 32 | index of node -> id */
	uint32_t span_tracks;
	struct rp_map processes; /* pid: it was described */
	struct rp_map names;	 /* run << 32 | index of node -> iid: it was told */
	uint64_t next_iid;
	bool has_begun;
	struct rp_perfetto_counters counters;
	struct rp_perfetto_samples samples;
	struct rp_bytes packet, message, inner; /* one inside the other, while they are made */
};

/* What is in `packet`, which is empty then. 0 or a negative errno. */
int rp_perfetto__write_packet(struct rp_perfetto *p);
/* The same, of a track that `message` describes. */
int rp_perfetto__write_track(struct rp_perfetto *p);
/* A name by its number, in `message`. */
void rp_perfetto__put_interned(struct rp_perfetto *p, unsigned field, uint64_t iid,
			       const char *name);

int rp_perfetto__count(struct rp_perfetto *p, const struct rp_event_instance *instance);
int rp_perfetto__count_lost(struct rp_perfetto *p, uint64_t n);
/* The run ended, so long after it began. */
int rp_perfetto__write_counters(struct rp_perfetto *p, uint64_t time);
void rp_perfetto__free_counters(struct rp_perfetto *p);

int rp_perfetto__write_sample(struct rp_perfetto *p, const struct rp_taken_sample *sample);
void rp_perfetto__forget_samples(struct rp_perfetto *p);
void rp_perfetto__free_samples(struct rp_perfetto *p);

#endif

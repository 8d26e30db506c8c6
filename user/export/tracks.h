/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Tracks of a timeline, on each of which instances nest: one a thread or goroutine, and more beside
 * it for what outlives what it began in. Internal to export/.
 */
#ifndef RP_TRACKS_H
#define RP_TRACKS_H

#include "export/lanes.h"
#include "export/told.h"

struct rp_track {
	uint32_t id;	 /* from 1, of all runs */
	uint32_t thread; /* index in struct rp_told */
	uint32_t lane;	 /* 0: that of the thread itself */
	bool is_thread;	 /* the one that its tid may stand for: no other was of that tid before */
};

/* All zero: none. */
struct rp_tracks {
	struct rp_lanes lanes;	/* by index of thread */
	struct rp_map track_of; /* lane << 32 | index of thread -> index of track */
	struct rp_map taken;	/* pid << 32 | tid: a track stands for it */
	struct rp_track *track;
	size_t n, room;
	uint32_t before; /* tracks of earlier runs */
};

/* Processes of several records are told apart by what is added for each. */
static inline uint64_t rp_tracks__pid_of(const struct rp_told *told, uint32_t pid)
{
	return pid + (told->run - 1) * 10000000ull;
}

static inline uint64_t rp_tracks__pid(const struct rp_told *told,
				      const struct rp_told_thread *thread)
{
	return rp_tracks__pid_of(told, thread->pid);
}

/* The track of a thread; *is_new: it was not told of before. It stays until the next one. */
int rp_tracks__find(struct rp_tracks *tracks, const struct rp_told *told, uint32_t thread,
		    uint32_t lane, const struct rp_track **out, bool *is_new);
/* The one for an instance that is no span. */
int rp_tracks__place(struct rp_tracks *tracks, const struct rp_told *told,
		     const struct rp_event_instance *instance, const struct rp_track **out,
		     bool *is_new);
/* At the end of a run. */
void rp_tracks__end_run(struct rp_tracks *tracks);
void rp_tracks__free(struct rp_tracks *tracks);

/* "comm 123", "comm goroutine 456", "comm 123 (beside 1)"; quoted as the names told are. */
char *rp_track__name(const struct rp_track *track, const struct rp_told *told);

#endif

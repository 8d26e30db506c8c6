/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Tracks of the timeline in an HTML page: those of threads, and of each process some for its
 * spans, on each of which what is shown nests. Internal to export/.
 */
#ifndef RP_HTML_TRACKS_H
#define RP_HTML_TRACKS_H

#include "export/tracks.h"

struct rp_html_track {
	const char *process, *name; /* quoted as the names told are */
	uint64_t pid;		    /* apart for each run: see rp_tracks__pid() */
	uint64_t id;		    /* of the thread: its tid, or the address of a goroutine */
	uint32_t run, lane;
	uint32_t number; /* its index, until they are sorted */
	bool is_spans;
};

/* All zero: none. */
struct rp_html_tracks {
	struct rp_tracks threads;
	struct rp_lanes spans;	    /* by pid */
	struct rp_map thread_track; /* id of a struct rp_track -> index */
	struct rp_map span_track;   /* pid of the run << 32 | lane -> index */
	struct rp_html_track *track;
	size_t n, room;
	struct rp_arena strings;
};

/* *out: the index of its track, made where it is new. 0 or -ENOMEM. */
int rp_html_tracks__place(struct rp_html_tracks *tracks, const struct rp_told *told,
			  const struct rp_event_instance *instance, uint32_t *out);
/* At the end of a run. */
void rp_html_tracks__end_run(struct rp_html_tracks *tracks);
void rp_html_tracks__free(struct rp_html_tracks *tracks);

/*
 * In the order in which they are shown: by process, its threads before its spans. rank[] gets the
 * index of each one by the index that it had.
 */
void rp_html_tracks__sort(struct rp_html_tracks *tracks, uint32_t *rank);

#endif

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "export/tracks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/array.h"

/* One for each tid of a process, also where the kernel has given that twice. */
static int claim_tid(struct rp_tracks *t, const struct rp_told *told, struct rp_track *track)
{
	const struct rp_told_thread *thread = &told->threads[track->thread];
	uint64_t id = rp_tracks__pid(told, thread) << 32 | thread->tid;

	if (track->lane || !thread->tid || rp_map__get(&t->taken, id) != RP_MAP_NONE)
		return 0;
	track->is_thread = true;
	return rp_map__add(&t->taken, id, 0);
}

int rp_tracks__find(struct rp_tracks *t, const struct rp_told *told, uint32_t thread, uint32_t lane,
		    const struct rp_track **out, bool *is_new)
{
	struct rp_track track = {
		.id = t->before + (uint32_t)t->n + 1, .thread = thread, .lane = lane};
	uint64_t key = (uint64_t)lane << 32 | thread;
	uint32_t i = rp_map__get(&t->track_of, key);
	int rc = 0;

	*is_new = i == RP_MAP_NONE;
	if (*is_new) {
		rc = claim_tid(t, told, &track);
		if (!rc)
			rc = rp_array__grow(&t->track, t->n, &t->room, sizeof(*t->track));
		if (!rc)
			rc = rp_map__add(&t->track_of, key, (uint32_t)t->n);
		if (rc)
			return rc;
		i = (uint32_t)t->n++;
		t->track[i] = track;
	}
	*out = &t->track[i];
	return 0;
}

int rp_tracks__place(struct rp_tracks *t, const struct rp_told *told,
		     const struct rp_event_instance *instance, const struct rp_track **out,
		     bool *is_new)
{
	uint32_t thread = rp_told__thread(told, instance->thread), lane;
	uint32_t depth = rp_told__node(told, instance->node)->depth;
	int rc = rp_lanes__place(&t->lanes, thread, depth, instance->start,
				 rp_event_instance__end(instance), &lane);

	return rc ? rc : rp_tracks__find(t, told, thread, lane, out, is_new);
}

void rp_tracks__end_run(struct rp_tracks *t)
{
	rp_lanes__free(&t->lanes);
	t->lanes = (struct rp_lanes){0};
	rp_map__free(&t->track_of);
	t->before += (uint32_t)t->n;
	t->n = 0;
}

void rp_tracks__free(struct rp_tracks *t)
{
	rp_tracks__end_run(t);
	rp_map__free(&t->taken);
	free(t->track);
}

char *rp_track__name(const struct rp_track *track, const struct rp_told *told)
{
	const struct rp_told_thread *thread = &told->threads[track->thread];
	char beside[32] = "", *name;

	if (track->lane)
		snprintf(beside, sizeof(beside), " (beside %" PRIu32 ")", track->lane);
	if (asprintf(&name, "%s %s%" PRIu64 "%s", thread->comm, thread->tid ? "" : "goroutine ",
		     thread->tid ? (uint64_t)thread->tid : thread->goroutine, beside) < 0)
		return NULL;
	return name;
}

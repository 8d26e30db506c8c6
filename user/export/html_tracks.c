// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "export/html_tracks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "util/array.h"

/* Its strings are copied. */
static int add_track(struct rp_html_tracks *t, const struct rp_told *told, uint32_t thread,
		     struct rp_html_track track, uint32_t *out)
{
	const struct rp_told_thread *of = &told->threads[thread];
	int rc = rp_array__grow(&t->track, t->n, &t->room, sizeof(*t->track));

	track.run = told->run;
	track.number = (uint32_t)t->n;
	track.pid = rp_tracks__pid(told, of);
	track.process = rp_arena__printf(&t->strings, "%s %" PRIu32, of->process_comm, of->pid);
	track.name = rp_arena__dup(&t->strings, track.name);
	if (rc || !track.process || !track.name)
		return -ENOMEM;
	*out = (uint32_t)t->n;
	t->track[t->n++] = track;
	return 0;
}

static int find_thread(struct rp_html_tracks *t, const struct rp_told *told,
		       const struct rp_event_instance *instance, uint32_t *out)
{
	const struct rp_track *track;
	bool is_new;
	int rc = rp_tracks__place(&t->threads, told, instance, &track, &is_new);
	const struct rp_told_thread *thread;
	char *name;

	if (rc)
		return rc;
	*out = rp_map__get(&t->thread_track, track->id);
	if (*out != RP_MAP_NONE)
		return 0;
	thread = &told->threads[track->thread];
	name = rp_track__name(track, told);
	rc = name ? add_track(t, told, track->thread,
			      (struct rp_html_track){.name = name,
						     .id = thread->tid ? thread->tid
								       : thread->goroutine,
						     .lane = track->lane},
			      out)
		  : -ENOMEM;
	free(name);
	return rc ? rc : rp_map__add(&t->thread_track, track->id, *out);
}

/* Those of a process share tracks as long as they are one after the other. */
static int find_spans(struct rp_html_tracks *t, const struct rp_told *told,
		      const struct rp_event_instance *instance, uint32_t *out)
{
	uint32_t thread = rp_told__thread(told, instance->thread), lane;
	uint32_t pid = told->threads[thread].pid;
	int rc = rp_lanes__place_apart(&t->spans, pid, instance->start,
				       rp_event_instance__end(instance), &lane);
	uint64_t key = (uint64_t)pid << 32 | lane;

	if (rc)
		return rc;
	*out = rp_map__get(&t->span_track, key);
	if (*out != RP_MAP_NONE)
		return 0;
	rc = add_track(t, told, thread,
		       (struct rp_html_track){.name = "spans", .lane = lane, .is_spans = true},
		       out);
	return rc ? rc : rp_map__add(&t->span_track, key, *out);
}

int rp_html_tracks__place(struct rp_html_tracks *tracks, const struct rp_told *told,
			  const struct rp_event_instance *instance, uint32_t *out)
{
	return instance->is_span ? find_spans(tracks, told, instance, out)
				 : find_thread(tracks, told, instance, out);
}

void rp_html_tracks__end_run(struct rp_html_tracks *tracks)
{
	rp_tracks__end_run(&tracks->threads);
	rp_lanes__free(&tracks->spans);
	tracks->spans = (struct rp_lanes){0};
	rp_map__free(&tracks->span_track);
}

void rp_html_tracks__free(struct rp_html_tracks *tracks)
{
	rp_html_tracks__end_run(tracks);
	rp_tracks__free(&tracks->threads);
	rp_map__free(&tracks->thread_track);
	free(tracks->track);
	rp_arena__free(&tracks->strings);
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_tracks(const void *x, const void *y)
{
	const struct rp_html_track *a = x, *b = y;
	int order = compare_numbers(a->pid, b->pid);

	if (!order)
		order = a->is_spans - b->is_spans;
	if (!order)
		order = compare_numbers(a->id, b->id);
	if (!order)
		order = compare_numbers(a->lane, b->lane);
	return order ? order : compare_numbers(a->number, b->number);
}

void rp_html_tracks__sort(struct rp_html_tracks *tracks, uint32_t *rank)
{
	rp_array__sort(tracks->track, tracks->n, sizeof(*tracks->track), compare_tracks);
	for (size_t i = 0; i < tracks->n; i++)
		rank[tracks->track[i].number] = (uint32_t)i;
}

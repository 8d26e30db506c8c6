// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Trace events as Chrome has named them, which ui.perfetto.dev, chrome://tracing and speedscope
 * open. A complete event ("X") for each instance, in the order in which they ended, which these
 * programs sort; an async pair ("b", "e") for a span.
 *
 * Events of one track have to nest, so what outlives the one it began in goes on a track of its
 * own beside that. A track is known by pid and tid; a number that the kernel never gives stands
 * for a goroutine, for a thread whose number was given before, and for a further track of a thread.
 *
 * A stream is the array of events alone, which needs no end: what is there of it opens while it
 * grows, and after its writer was killed. Both see what is written page by page, so no event is on
 * two of them: blanks fill what is left of a page.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/chrome_stream.h"
#include "export/internal.h"
#include "export/tracks.h"
#include "util/array.h"

/* All that the kernel gives are below (PID_MAX_LIMIT). */
#define TRACKS 4194304u

struct chrome {
	struct rp_told told; /* first: see told.h */
	struct rp_out out;
	bool any; /* event was written */
	bool is_stream;
	size_t event; /* where the last one begins in out.buf */
	struct rp_tracks tracks;
	struct rp_map named; /* pid: its name was written */
	uint64_t spans;
};

/* ---- one event ------------------------------------------------------------------------------- */

#define PAGE 4096

/* The last event, where it would be on two pages: it begins the next one. */
static void keep_on_page(struct chrome *c)
{
	struct rp_out *out = &c->out;
	size_t size = out->n - c->event, left = PAGE - (out->at + c->event) % PAGE;

	if (!c->is_stream || out->n < c->event || size <= left || size > PAGE)
		return;
	memmove(out->buf + c->event + left, out->buf + c->event, size);
	memset(out->buf + c->event, ' ', left);
	out->n += left;
}

/* There is room for another one, and for blanks before it. */
static void make_room(struct chrome *c)
{
	keep_on_page(c);
	if (c->is_stream && c->out.n > sizeof(c->out.buf) - 4 * PAGE)
		rp_out__write(&c->out);
	c->event = c->out.n;
}

/* {"ph":"P","name":"NAME","pid":N,"tid":N */
static void begin_event(struct chrome *c, const char *phase, const char *name, uint64_t pid,
			uint32_t track)
{
	make_room(c);
	rp_out__text(&c->out, c->any ? ",\n{\"ph\":\"" : "\n{\"ph\":\"");
	c->any = true;
	rp_out__text(&c->out, phase);
	rp_out__text(&c->out, "\",\"name\":\"");
	rp_out__text(&c->out, name);
	rp_out__text(&c->out, "\",\"pid\":");
	rp_out__number(&c->out, pid);
	rp_out__text(&c->out, ",\"tid\":");
	rp_out__number(&c->out, track);
}

static void put_time(struct chrome *c, const char *key, uint64_t ns)
{
	rp_out__text(&c->out, key);
	rp_out__micro(&c->out, ns);
}

/* ---- tracks ---------------------------------------------------------------------------------- */

static uint64_t pid_of(const struct chrome *c, uint32_t thread)
{
	return rp_tracks__pid(&c->told, &c->told.threads[thread]);
}

static uint32_t number_of(const struct chrome *c, const struct rp_track *track)
{
	return track->is_thread ? c->told.threads[track->thread].tid : TRACKS + track->id;
}

static int name_process(struct chrome *c, uint32_t thread)
{
	uint64_t pid = pid_of(c, thread);

	if (rp_map__get(&c->named, pid) != RP_MAP_NONE)
		return 0;
	begin_event(c, "M", "process_name", pid, 0);
	rp_out__text(&c->out, ",\"args\":{\"name\":\"");
	rp_out__text(&c->out, c->told.threads[thread].process_comm);
	rp_out__text(&c->out, "\"}}");
	return rp_map__add(&c->named, pid, 0);
}

static int name_track(struct chrome *c, const struct rp_track *track)
{
	char *name = rp_track__name(track, &c->told);
	int rc = name ? name_process(c, track->thread) : -ENOMEM;

	if (!rc) {
		begin_event(c, "M", "thread_name", pid_of(c, track->thread), number_of(c, track));
		rp_out__text(&c->out, ",\"args\":{\"name\":\"");
		rp_out__text(&c->out, name);
		rp_out__text(&c->out, "\"}}");
	}
	free(name);
	return rc;
}

/* Of a thread itself. */
static int find_number(struct chrome *c, uint32_t thread, uint32_t *out)
{
	const struct rp_track *track;
	bool is_new;
	int rc = rp_tracks__find(&c->tracks, &c->told, thread, 0, &track, &is_new);

	if (!rc && is_new)
		rc = name_track(c, track);
	if (!rc)
		*out = number_of(c, track);
	return rc;
}

/* ---- instances ------------------------------------------------------------------------------- */

/* No args: speedscope takes events whose args differ for ones of different functions. */
static void put_rest(struct chrome *c, const struct rp_event_instance *instance)
{
	if (rp_event_instance__is_timed(instance))
		put_time(c, ",\"tdur\":", instance->cpu);
	else
		rp_out__text(&c->out,
			     instance->unwound ? ",\"cat\":\"unwound\"" : ",\"cat\":\"open\"");
}

/* One end of a span. */
static void put_span(struct chrome *c, const char *phase, const struct rp_event_instance *instance,
		     uint64_t pid, uint32_t track, uint64_t time)
{
	begin_event(c, phase, rp_told__node(&c->told, instance->node)->name, pid, track);
	rp_out__text(&c->out, ",\"cat\":\"span\",\"id\":");
	rp_out__number(&c->out, c->spans);
	put_time(c, ",\"ts\":", time);
	if (phase[0] == 'b') {
		rp_out__text(&c->out, ",\"args\":{\"span\":");
		rp_out__number(&c->out, instance->span);
		rp_out__text(&c->out, instance->unwound ? ",\"left\":\"unwound\"}}"
				      : instance->open	? ",\"left\":\"open\"}}"
							: "}}");
	} else {
		rp_out__text(&c->out, "}");
	}
}

static int on_span(struct chrome *c, const struct rp_event_instance *instance)
{
	uint32_t from = rp_told__thread(&c->told, instance->thread), begin, end;
	uint32_t to = rp_told__thread(&c->told, instance->end_thread);
	uint64_t start = rp_told__since(&c->told, instance);
	int rc = find_number(c, from, &begin);

	if (!rc)
		rc = find_number(c, to, &end);
	if (rc)
		return rc;
	c->spans++;
	/* Both carry the pid of the first: a pair is one of a process. */
	put_span(c, "b", instance, pid_of(c, from), begin, start);
	put_span(c, "e", instance, pid_of(c, from), end, start + instance->ns);
	return c->out.rc;
}

static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct chrome *c = ctx;
	const struct rp_told_node *node = rp_told__node(&c->told, instance->node);
	const struct rp_track *track;
	bool is_new;
	int rc;

	if (instance->is_span)
		return on_span(c, instance);
	rc = rp_tracks__place(&c->tracks, &c->told, instance, &track, &is_new);
	if (!rc && is_new)
		rc = name_track(c, track);
	if (rc)
		return rc;
	begin_event(c, "X", node->name, pid_of(c, track->thread), number_of(c, track));
	put_time(c, ",\"ts\":", rp_told__since(&c->told, instance));
	put_time(c, ",\"dur\":", instance->ns);
	put_rest(c, instance);
	rp_out__text(&c->out, "}");
	return c->out.rc;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static int on_end(void *ctx, const struct rp_event_end *end)
{
	struct chrome *c = ctx;

	rp_tracks__end_run(&c->tracks);
	return rp_told__on_end(c, end);
}

static int on_close(void *ctx)
{
	struct chrome *c = ctx;
	int rc;

	keep_on_page(c);
	rp_out__text(&c->out, c->is_stream ? "\n]\n" : "\n]}\n");
	rc = rp_out__flush(&c->out);
	rp_tracks__free(&c->tracks);
	rp_map__free(&c->named);
	rp_told__free(&c->told);
	free(c);
	return rc;
}

static struct chrome *open_trace(FILE *out, const char *head, struct rp_event_sink *sink)
{
	struct chrome *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->told.quote = rp_export__quote_json;
	c->out.file = out;
	rp_out__text(&c->out, head);
	c->event = c->out.n;
	*sink = rp_export__sink(c);
	sink->instance = on_instance;
	sink->end = on_end;
	sink->close = on_close;
	return c;
}

int rp_export__chrome(FILE *out, struct rp_event_sink *sink)
{
	return open_trace(out, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", sink) ? 0 : -ENOMEM;
}

int rp_chrome_stream__open(FILE *out, struct rp_event_sink *sink)
{
	struct chrome *c = open_trace(out, "[", sink);
	int rc;

	if (!c)
		return -ENOMEM;
	c->is_stream = true;
	/* A buffer of its own would cut what it is given wherever that is full. */
	if (fileno(out) >= 0)
		setvbuf(out, NULL, _IONBF, 0);
	rc = rp_out__flush(&c->out);
	if (rc)
		on_close(c);
	return rc;
}

int rp_chrome_stream__flush(const struct rp_event_sink *sink)
{
	struct chrome *c = sink->ctx;

	keep_on_page(c);
	c->event = 0;
	return rp_out__flush(&c->out);
}

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
 * A sample is an event of its own ("P"), whose stack is the number of a frame. Frames come last and
 * each has that of its caller; until then they are in a temporary file.
 *
 * A stream is the array of events alone, without samples, which needs no end: what is there of it
 * opens while it grows, and after its writer was killed. Both see what is written page by page, so
 * no event is on two of them: blanks fill what is left of a page.
 */
#include <errno.h>
#include <inttypes.h>
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

	FILE *frames;		/* members of "stackFrames"; NULL: none */
	uint64_t frames_before; /* numbers that earlier runs have */
	bool *has_frame;	/* by index of call */
	size_t n_has_frame;
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

/* ---- samples --------------------------------------------------------------------------------- */

static int make_frames(struct chrome *c)
{
	size_t n = c->told.calls.calls_room;
	int rc;

	if (!c->frames)
		c->frames = tmpfile();
	if (!c->frames)
		return -errno;
	if (c->n_has_frame >= c->told.calls.n_calls)
		return 0;
	rc = rp_array__fit(&c->has_frame, n, sizeof(*c->has_frame));
	if (rc)
		return rc;
	memset(c->has_frame + c->n_has_frame, 0, n - c->n_has_frame);
	c->n_has_frame = n;
	return 0;
}

/* Those of a call and of its callers that are new. */
static int write_frames(struct chrome *c, uint32_t call)
{
	const struct rp_told_calls *calls = &c->told.calls;
	int rc = make_frames(c);

	for (uint32_t at = call + 1; !rc && at && !c->has_frame[at - 1];) {
		const struct rp_told_place *place = &calls->places[calls->calls[at - 1].place];

		c->has_frame[at - 1] = true;
		fprintf(c->frames, "%s\n\"%" PRIu64 "\":{\"category\":\"%s\",\"name\":\"%s\"",
			ftell(c->frames) ? "," : "", c->frames_before + at - 1, place->object,
			place->function);
		at = calls->calls[at - 1].parent;
		if (at)
			fprintf(c->frames, ",\"parent\":\"%" PRIu64 "\"",
				c->frames_before + at - 1);
		if (fputs("}", c->frames) == EOF)
			rc = -errno;
	}
	return rc;
}

static int on_sample(void *ctx, const struct rp_taken_sample *sample)
{
	struct chrome *c = ctx;
	uint32_t call = rp_told_calls__of(&c->told.calls, sample), number = sample->tid;
	uint32_t thread = rp_told__thread(&c->told, sample->thread);
	int rc = write_frames(c, call);

	if (!rc && thread)
		rc = find_number(c, thread, &number);
	if (rc)
		return rc;
	begin_event(c, "P", "sample", rp_tracks__pid_of(&c->told, sample->pid), number);
	put_time(c, ",\"ts\":", rp_told__since_start(&c->told, sample->time));
	rp_out__text(&c->out, ",\"sf\":\"");
	rp_out__number(&c->out, c->frames_before + call);
	rp_out__text(&c->out, "\"}");
	return c->out.rc;
}

static int copy_frames(struct chrome *c)
{
	char buf[4096];
	size_t n;

	if (!c->frames)
		return 0;
	rp_out__text(&c->out, "],\n\"stackFrames\":{");
	if (fflush(c->frames) || fseek(c->frames, 0, SEEK_SET))
		return -errno;
	while ((n = fread(buf, 1, sizeof(buf), c->frames)))
		rp_out__bytes(&c->out, buf, n);
	return ferror(c->frames) ? -EIO : 0;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static int on_end(void *ctx, const struct rp_event_end *end)
{
	struct chrome *c = ctx;

	rp_tracks__end_run(&c->tracks);
	c->frames_before += c->told.calls.n_calls;
	c->n_has_frame = 0;
	return rp_told__on_end(c, end);
}

static int on_close(void *ctx)
{
	struct chrome *c = ctx;
	int rc = copy_frames(c), flushed;

	keep_on_page(c);
	rp_out__text(&c->out, c->is_stream ? "\n]\n" : c->frames ? "\n}}\n" : "\n]}\n");
	flushed = rp_out__flush(&c->out);
	if (c->frames)
		fclose(c->frames);
	free(c->has_frame);
	rp_tracks__free(&c->tracks);
	rp_map__free(&c->named);
	rp_told__free(&c->told);
	free(c);
	return rc ? rc : flushed;
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
	if (!open_trace(out, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", sink))
		return -ENOMEM;
	sink->place = rp_told__on_place;
	sink->call = rp_told__on_call;
	sink->sample = on_sample;
	return 0;
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
	/* No file may take nothing for long: that is waited for while the run goes on. */
	rc = fileno(out) >= 0 ? rp_out__flush(&c->out) : 0;
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

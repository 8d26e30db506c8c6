// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Spans of OpenTelemetry, as OTLP has them in JSON (trace.proto): what collectors, Tempo and Jaeger
 * take in, of many machines side by side.
 *
 * The parent of an instance is the innermost one of its thread that is around it; an outermost one
 * is a trace of its own. One that outlives what it began in has a link to that, as has a span to
 * what it began and ended in, unless both are one, which is its parent then.
 *
 * Instances come before what is around them, so they are kept until the run ends, and read
 * backwards (spool.h): with a stack of those that have not begun, the latest one on top. One is
 * written once what comes began before it: what is below it then is what it began in. Where spans
 * begin and end is looked up on the way.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/internal.h"
#include "export/spool.h"
#include "util/array.h"
#include "util/hash.h"

/* Past it they have no links, and say so: each takes 64 bytes of memory. */
#define LINKED_MAX (1u << 20)

#define HEX	   16 /* digits of a number */

struct item {
	struct rp_event_instance instance;
	uint64_t id;
	uint32_t number; /* of a span: where its points and links are; LINKED_MAX: none */
};

/* A span as others name it; id 0: none. */
struct name {
	uint64_t trace, id;
};

struct frame {
	struct item item;
	uint64_t trace, parent; /* 0: none */
	uint32_t depth;
};

/* Where a span begins (even) or ends (odd). */
struct point {
	uint64_t time;
	uint32_t thread; /* index */
	uint32_t at;	 /* 2 * number, + 1 where it ends */
};

struct otlp {
	struct rp_told told; /* first: see told.h */
	struct rp_out out;
	char *host, *version; /* of the recorder, quoted; NULL: not known */
	uint64_t wall, run;   /* of the run: ns since 1970; what its ids are made of */
	char run_text[HEX];
	uint64_t n_items;      /* of the run */
	struct rp_spool spool; /* 2 * index of thread: instances; + 1: spans that began there */
	struct rp_event_instance *open; /* at the end, from the outermost in */
	size_t n_open, open_room;
	struct point *point;
	size_t n_points, points_room;
	struct name *link; /* as many: in what a span begins, and ends */
	bool has_resource, has_span;

	/* ---- of the thread that is read ---- */
	uint32_t thread;
	size_t next_point;
	struct frame *stack;
	size_t n_stack, stack_room;
};

/* ---- JSON ------------------------------------------------------------------------------------ */

static void set_hex(char text[HEX], uint64_t number)
{
	for (int i = HEX - 1; i >= 0; i--, number >>= 4) {
		unsigned digit = number & 15;

		text[i] = (char)(digit + (digit < 10 ? '0' : 'a' - 10));
	}
}

static void put_hex(struct otlp *o, uint64_t number)
{
	char text[HEX];

	set_hex(text, number);
	rp_out__bytes(&o->out, text, HEX);
}

/* "KEY":"NUMBER", as 64 bits are in JSON. */
static inline void put_number(struct otlp *o, const char *key, uint64_t number)
{
	rp_out__text(&o->out, key);
	rp_out__text(&o->out, "\"");
	rp_out__number(&o->out, number);
	rp_out__text(&o->out, "\"");
}

static inline void put_integer(struct otlp *o, const char *key, uint64_t number)
{
	rp_out__text(&o->out, "{\"key\":\"");
	rp_out__text(&o->out, key);
	put_number(o, "\",\"value\":{\"intValue\":", number);
	rp_out__text(&o->out, "}}");
}

/* Text is quoted. */
static inline void put_string(struct otlp *o, const char *key, const char *text)
{
	rp_out__text(&o->out, "{\"key\":\"");
	rp_out__text(&o->out, key);
	rp_out__text(&o->out, "\",\"value\":{\"stringValue\":\"");
	rp_out__text(&o->out, text);
	rp_out__text(&o->out, "\"}}");
}

/* The id of an outermost instance is that of its trace, too. */
static void put_name(struct otlp *o, uint64_t trace, uint64_t id)
{
	char text[2][HEX];

	set_hex(text[0], trace);
	if (id == trace)
		memcpy(text[1], text[0], HEX);
	else
		set_hex(text[1], id);
	rp_out__text(&o->out, "{\"traceId\":\"");
	rp_out__bytes(&o->out, o->run_text, HEX);
	rp_out__bytes(&o->out, text[0], HEX);
	rp_out__text(&o->out, "\",\"spanId\":\"");
	rp_out__bytes(&o->out, text[1], HEX);
	rp_out__text(&o->out, "\"");
}

static void put_link(struct otlp *o, const struct name *to, const char *what, bool *any)
{
	if (!to->id)
		return;
	rp_out__text(&o->out, *any ? "," : ",\"links\":[");
	*any = true;
	put_name(o, to->trace, to->id);
	rp_out__text(&o->out, ",\"attributes\":[");
	put_string(o, "rptrace.link", what);
	rp_out__text(&o->out, "]}");
}

/* ---- what spans belong to -------------------------------------------------------------------- */

static void begin_resource(struct otlp *o, const struct rp_told_thread *thread)
{
	rp_out__text(&o->out, o->has_resource ? ",\n{\"resource\":{\"attributes\":["
					      : "\n{\"resource\":{\"attributes\":[");
	o->has_resource = true;
	put_string(o, "service.name", thread->process_comm);
	rp_out__text(&o->out, ",");
	put_integer(o, "process.pid", thread->pid);
	if (o->host) {
		rp_out__text(&o->out, ",");
		put_string(o, "host.name", o->host);
	}
	rp_out__text(&o->out, "]},\"scopeSpans\":[{\"scope\":{\"name\":\"rptrace\"");
	if (o->version) {
		rp_out__text(&o->out, ",\"version\":\"");
		rp_out__text(&o->out, o->version);
		rp_out__text(&o->out, "\"");
	}
	rp_out__text(&o->out, "},\"spans\":[");
	o->has_span = false;
}

static void end_resource(struct otlp *o)
{
	rp_out__text(&o->out, "]}]}");
}

/* ---- a span of OpenTelemetry ----------------------------------------------------------------- */

static void put_attributes(struct otlp *o, const struct rp_event_instance *instance)
{
	const struct rp_told_node *node = rp_told__node(&o->told, instance->node);
	const struct rp_told_thread *thread = &o->told.threads[o->thread];

	rp_out__text(&o->out, ",\"attributes\":[");
	put_string(o, "rptrace.kind", rp_kind__name(node->kind));
	rp_out__text(&o->out, ",");
	put_integer(o, "thread.id", thread->tid ? thread->tid : thread->goroutine);
	rp_out__text(&o->out, ",");
	put_string(o, "thread.name", thread->comm);
	if (!rp_event_instance__is_timed(instance)) {
		rp_out__text(&o->out, ",");
		put_string(o, "rptrace.left", instance->unwound ? "unwound" : "open");
	} else if (!instance->is_span) {
		rp_out__text(&o->out, ",");
		put_integer(o, "rptrace.self_ns", instance->ns - instance->child);
		rp_out__text(&o->out, ",");
		put_integer(o, "rptrace.cpu_ns", instance->cpu);
		rp_out__text(&o->out, ",");
		put_integer(o, "rptrace.wait_ns", instance->wait);
	}
	if (instance->is_span) {
		rp_out__text(&o->out, ",{\"key\":\"rptrace.span\",\"value\":{\"stringValue\":");
		put_number(o, "", instance->span);
		rp_out__text(&o->out, "}}");
	}
	rp_out__text(&o->out, "]");
}

/* All but its links, and the end. */
static void begin_span(struct otlp *o, const struct item *item, uint64_t trace, uint64_t parent)
{
	const struct rp_event_instance *instance = &item->instance;
	uint64_t start = o->wall + rp_told__since(&o->told, instance);

	rp_out__text(&o->out, o->has_span ? ",\n" : "\n");
	o->has_span = true;
	put_name(o, trace, item->id);
	if (parent) {
		rp_out__text(&o->out, ",\"parentSpanId\":\"");
		put_hex(o, parent);
		rp_out__text(&o->out, "\"");
	}
	rp_out__text(&o->out, ",\"name\":\"");
	rp_out__text(&o->out, rp_told__node(&o->told, instance->node)->name);
	rp_out__text(&o->out, "\",\"kind\":1");
	put_number(o, ",\"startTimeUnixNano\":", start);
	put_number(o, ",\"endTimeUnixNano\":", start + instance->ns);
	put_attributes(o, instance);
}

static void end_span(struct otlp *o, bool has_link)
{
	rp_out__text(&o->out, has_link ? "]}" : "}");
}

/* ---- instances of a thread ------------------------------------------------------------------- */

/* The one on top has begun after all that comes now. */
static int write_top(struct otlp *o)
{
	const struct frame *top = &o->stack[--o->n_stack], *below = top - 1;
	bool any = false;

	begin_span(o, &top->item, top->trace, top->parent);
	if (o->n_stack && below->item.id != top->parent)
		put_link(o, &(struct name){below->trace, below->item.id}, "began in", &any);
	end_span(o, any);
	return o->out.rc;
}

/* What begins and ends at the moment in which another begins is in it if it is deeper. */
static bool is_before(const struct frame *frame, const struct frame *other)
{
	uint64_t start = other->item.instance.start;

	return rp_event_instance__end(&frame->item.instance) <= start &&
	       !(frame->item.instance.start == start && frame->depth > other->depth);
}

/*
 * Below those that begin later. The first one down there that ends no earlier is around it: one
 * that was unwound ends when that was noticed, after what it began in, and comes before that.
 */
static int push(struct otlp *o, struct frame *frame)
{
	uint64_t end = rp_event_instance__end(&frame->item.instance);
	size_t at = o->n_stack, parent;
	int rc = rp_array__grow(&o->stack, o->n_stack, &o->stack_room, sizeof(*o->stack));

	if (rc)
		return rc;
	while (at && o->stack[at - 1].item.instance.start > frame->item.instance.start)
		at--;
	for (parent = at; parent; parent--)
		if (rp_event_instance__end(&o->stack[parent - 1].item.instance) >= end)
			break;
	frame->trace = parent ? o->stack[parent - 1].trace : frame->item.id;
	frame->parent = parent ? o->stack[parent - 1].item.id : 0;
	memmove(o->stack + at + 1, o->stack + at, (o->n_stack - at) * sizeof(*o->stack));
	o->stack[at] = *frame;
	o->n_stack++;
	return 0;
}

/* Spans that begin or end after `time` do so in what is on the stack now. */
static int pass_points(struct otlp *o, uint64_t time, bool all)
{
	int rc = 0;

	for (; o->next_point < o->n_points; o->next_point++) {
		const struct point *point = &o->point[o->next_point];

		if (point->thread != o->thread || (!all && point->time <= time))
			break;
		while (!rc && o->n_stack &&
		       o->stack[o->n_stack - 1].item.instance.start > point->time)
			rc = write_top(o);
		if (rc || !o->n_stack)
			continue;
		o->link[point->at] = (struct name){o->stack[o->n_stack - 1].trace,
						   o->stack[o->n_stack - 1].item.id};
	}
	return rc;
}

static int read_instance(void *ctx, const void *at)
{
	struct otlp *o = ctx;
	struct frame frame = {.item = *(const struct item *)at};
	int rc = pass_points(o, rp_event_instance__end(&frame.item.instance), false);

	frame.depth = rp_told__node(&o->told, frame.item.instance.node)->depth;
	while (!rc && o->n_stack && is_before(&frame, &o->stack[o->n_stack - 1]))
		rc = write_top(o);
	return rc ? rc : push(o, &frame);
}

static int write_thread(struct otlp *o, uint32_t thread)
{
	int rc;

	o->thread = thread;
	while (o->next_point < o->n_points && o->point[o->next_point].thread < thread)
		o->next_point++;
	begin_resource(o, &o->told.threads[thread]);
	rc = rp_spool__back(&o->spool, 2 * thread, read_instance, o);
	if (!rc)
		rc = pass_points(o, 0, true);
	while (!rc && o->n_stack)
		rc = write_top(o);
	end_resource(o);
	return rc ? rc : o->out.rc;
}

/* ---- spans ----------------------------------------------------------------------------------- */

static int read_span(void *ctx, const void *at)
{
	struct otlp *o = ctx;
	const struct item *item = at;
	const struct name none[2] = {{0}}, *link = none;
	bool has_links = item->number < LINKED_MAX, any = false, is_inside;

	if (has_links)
		link = &o->link[2 * (size_t)item->number];
	is_inside = link[0].id && link[0].id == link[1].id;
	begin_span(o, item, is_inside ? link[0].trace : item->id, is_inside ? link[0].id : 0);
	if (!is_inside) {
		put_link(o, &link[0], "began in", &any);
		put_link(o, &link[1], "ended in", &any);
	}
	if (any)
		rp_out__text(&o->out, "]");
	rp_out__text(&o->out, has_links ? "}" : ",\"droppedLinksCount\":2}");
	return o->out.rc;
}

static int write_spans(struct otlp *o, uint32_t thread)
{
	int rc;

	o->thread = thread;
	begin_resource(o, &o->told.threads[thread]);
	rc = rp_spool__back(&o->spool, 2 * thread + 1, read_span, o);
	end_resource(o);
	return rc ? rc : o->out.rc;
}

static int add_point(struct otlp *o, uint32_t serial, uint64_t time)
{
	int rc = rp_array__grow(&o->point, o->n_points, &o->points_room, sizeof(*o->point));

	if (!rc) {
		o->point[o->n_points] = (struct point){time, rp_told__thread(&o->told, serial),
						       (uint32_t)o->n_points};
		o->n_points++;
	}
	return rc;
}

/* By thread, the last one first. */
static int compare_points(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	return (x->time < y->time) - (x->time > y->time);
}

/* ---- instances as they come ------------------------------------------------------------------ */

static int keep(struct otlp *o, const struct rp_event_instance *instance)
{
	struct item item = {.instance = *instance, .number = LINKED_MAX};
	uint32_t list = 2 * rp_told__thread(&o->told, instance->thread);
	int rc = 0;

	item.id = rp_hash(o->run, ++o->n_items);
	item.id += !item.id;
	if (instance->is_span && o->n_points / 2 < LINKED_MAX) {
		item.number = (uint32_t)(o->n_points / 2);
		rc = add_point(o, instance->thread, instance->start);
		if (!rc)
			rc = add_point(o, instance->end_thread, rp_event_instance__end(instance));
	}
	return rc ? rc : rp_spool__add(&o->spool, list + instance->is_span, &item);
}

static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct otlp *o = ctx;
	int rc;

	if (!instance->open || instance->is_span)
		return keep(o, instance);
	rc = rp_array__grow(&o->open, o->n_open, &o->open_room, sizeof(*o->open));
	if (!rc)
		o->open[o->n_open++] = *instance;
	return rc;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static int keep_text(char **out, const char *text)
{
	free(*out);
	*out = text ? rp_export__quote_json(text) : NULL;
	return text && !*out ? -ENOMEM : 0;
}

static int on_run(void *ctx, const struct rp_event_run *run)
{
	struct otlp *o = ctx;
	int rc = 0;

	if (!o->told.is_running) {
		o->wall = run->wall;
		o->run = rp_hash(run->wall, run->start);
		for (const char *c = run->meta.host; c && *c; c++)
			o->run = rp_hash(o->run, (unsigned char)*c);
		set_hex(o->run_text, o->run);
		rc = keep_text(&o->host, run->meta.host);
		if (!rc)
			rc = keep_text(&o->version, run->meta.version);
	}
	return rc ? rc : rp_told__on_run(o, run);
}

static void forget_run(struct otlp *o)
{
	rp_spool__clear(&o->spool);
	free(o->link);
	o->link = NULL;
	o->n_items = o->n_open = o->n_points = o->next_point = o->n_stack = 0;
}

static int on_end(void *ctx, const struct rp_event_end *end)
{
	struct otlp *o = ctx;
	int rc = 0;

	/* Those that are open end at one moment: as they would have, the innermost first. */
	while (!rc && o->n_open)
		rc = keep(o, &o->open[--o->n_open]);
	o->link = calloc(o->n_points + 1, sizeof(*o->link));
	if (!rc && !o->link)
		rc = -ENOMEM;
	rp_array__sort(o->point, o->n_points, sizeof(*o->point), compare_points);
	for (uint32_t i = 0; !rc && i < o->told.n_threads; i++)
		if (rp_spool__has(&o->spool, 2 * i))
			rc = write_thread(o, i);
	for (uint32_t i = 0; !rc && i < o->told.n_threads; i++)
		if (rp_spool__has(&o->spool, 2 * i + 1))
			rc = write_spans(o, i);
	forget_run(o);
	return rc ? rc : rp_told__on_end(o, end);
}

static int on_close(void *ctx)
{
	struct otlp *o = ctx;
	int rc;

	rp_out__text(&o->out, "\n]}\n");
	rc = rp_out__flush(&o->out);
	forget_run(o);
	rp_spool__free(&o->spool);
	free(o->host);
	free(o->version);
	free(o->open);
	free(o->point);
	free(o->stack);
	rp_told__free(&o->told);
	free(o);
	return rc;
}

int rp_export__otlp(FILE *out, struct rp_event_sink *sink)
{
	struct otlp *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	o->told.quote = rp_export__quote_json;
	o->spool.item = sizeof(struct item);
	o->out.file = out;
	rp_out__text(&o->out, "{\"resourceSpans\":[");
	*sink = rp_export__sink(o);
	sink->run = on_run;
	sink->instance = on_instance;
	sink->end = on_end;
	sink->close = on_close;
	return 0;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/blocks.h"
#include "record/columns.h"
#include "record/damage.h"
#include "record/items.h"
#include "record/part.h"

/* Threads past this are not told apart: a bit each is kept of those that are known. */
#define THREADS_MAX (1u << 24)
/*
 * Neither are places and calls; the recorder has no more. Stacks are as deep as it may write them.
 */
#define PLACES_MAX (1u << 23)
#define CALLS_MAX  (1u << 23)
#define DEPTH_MAX  1024u

struct rp_reader {
	const char *name;
	struct rp_blocks blocks;
	const struct rp_event_sink *sink;
	struct rp_reader_figures figures;
	struct rp_arena texts;

	struct rp_event_run run;
	struct rp_event_end end;
	uint64_t lost[RP_LOST_COUNT];

	uint8_t *regions, *threads, *places; /* a bit each: it was told */
	uint16_t *depths; /* of calls; 0: it was not told. NULL: there are none so far */
	uint8_t nodes[RP_NODES_MAX / 8];
	struct rp_missing *missing; /* by node, as told so far */

	bool (*skips)(void *ctx, uint64_t t0, uint64_t t1); /* NULL: all are read */
	void *skips_ctx;

	uint32_t part; /* number of the file in its run, from 1 on */
	struct rp_reader
		*next; /* the next file that is here: of it name, blocks, figures are used */
};

static bool is_set(const uint8_t *bits, uint32_t i)
{
	return bits[i / 8] >> i % 8 & 1;
}

static void set(uint8_t *bits, uint32_t i)
{
	bits[i / 8] |= (uint8_t)(1u << i % 8);
}

/* ---- items ----------------------------------------------------------------------------------- */

/* Of a block: 0, or what the sink has returned. */
typedef int (*items_fn)(struct rp_reader *r, const struct rp_block_place *place,
			struct rp_cursor payload);
typedef int (*item_fn)(struct rp_reader *r, struct rp_cursor item);

static int for_items(struct rp_reader *r, struct rp_cursor payload, item_fn fn)
{
	struct rp_cursor item;
	int rc = 0;

	while (!rc && rp_cursor__item(&payload, &item))
		rc = fn(r, item);
	return rc;
}

static void set_text(struct rp_meta *meta, const char *key, const char *value)
{
	struct {
		const char *key, **to;
	} const texts[] = {
		{"version", &meta->version},   {"host", &meta->host},
		{"kernel", &meta->kernel},     {"attach_mode", &meta->attach_mode},
		{"group_by", &meta->group_by}, {"target", &meta->target},
		{"kept", &meta->kept},	       {"options", &meta->options},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(key, texts[i].key))
			*texts[i].to = value;
	if (!strcmp(key, "start_time") && strlen(value) < sizeof(meta->start_time))
		strcpy(meta->start_time, value);
}

static int take_run_pair(struct rp_reader *r, struct rp_cursor item)
{
	struct rp_meta *meta = &r->run.meta;
	uint64_t sample_hz = r->run.sample_hz;
	struct {
		const char *key;
		uint64_t *to;
	} const numbers[] = {
		{"start", &r->run.start},	 {"wall", &r->run.wall},
		{"probes", &meta->probes},	 {"slow_sites", &meta->slow_sites},
		{"processes", &meta->processes}, {"sample_hz", &sample_hz},
	};
	const char *key, *value;

	if (!rp_item__get_pair(item, &r->texts, &key, &value))
		return 0;
	if (!key || !value)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strcmp(key, numbers[i].key))
			*numbers[i].to = strtoull(value, NULL, 10);
	r->run.sample_hz = (unsigned)sample_hz;
	set_text(meta, key, value);
	return 0;
}

static int take_region(struct rp_reader *r, struct rp_cursor item)
{
	struct rp_region_name region;
	uint32_t id;

	if (!rp_item__get_region(item, &r->texts, &id, &region))
		return 0;
	if (!region.name)
		return -ENOMEM;
	set(r->regions, id);
	return RP_TELL(r->sink, region, id, &region);
}

static int take_text(struct rp_reader *r, struct rp_cursor item)
{
	struct rp_text text;
	uint32_t index;

	if (!rp_item__get_text(item, &index, &text))
		return 0;
	return RP_TELL(r->sink, text, index, &text);
}

/* The block that had its name is damaged. */
static int make_up_region(struct rp_reader *r, uint32_t id)
{
	const struct rp_region_name unknown = {.name = "?", .object = "", .kind = RP_KIND_MARKER};

	if (id == RP_REGION_NONE || is_set(r->regions, id))
		return 0;
	set(r->regions, id);
	return RP_TELL(r->sink, region, id, &unknown);
}

static int take_node(struct rp_reader *r, struct rp_cursor item)
{
	struct rp_node node;
	uint32_t id;
	int rc;

	if (!rp_item__get_node(item, &id, &node) || (node.parent && !is_set(r->nodes, node.parent)))
		return 0;
	rc = make_up_region(r, node.region);
	set(r->nodes, id);
	return rc ? rc : RP_TELL(r->sink, node, id, &node);
}

static int take_thread(struct rp_reader *r, struct rp_cursor item)
{
	struct rp_event_thread thread;

	if (!rp_item__get_thread(item, &thread) || thread.serial >= THREADS_MAX)
		return 0;
	set(r->threads, thread.serial);
	return RP_TELL(r->sink, thread, &thread);
}

/* The file has sums, the sink is told what is added to them. */
static int take_missing(struct rp_reader *r, struct rp_cursor item)
{
	struct rp_missing missing, *told;
	int rc = 0;

	if (!rp_item__get_missing(item, &missing) ||
	    (missing.node && !is_set(r->nodes, missing.node)))
		return 0;
	told = &r->missing[missing.node];
	if (missing.lost > told->lost)
		rc = RP_TELL(r->sink, lost, missing.node, missing.lost - told->lost);
	if (!rc && missing.left_out > told->left_out)
		rc = RP_TELL(r->sink, left_out, missing.node, missing.left_out - told->left_out);
	*told = missing;
	return rc;
}

static int take_total(struct rp_reader *r, struct rp_cursor item)
{
	static const char *const keys[] = {
#define KEY(symbol, key, meaning) "lost." key,
		RP_LOST_REASONS(KEY)
#undef KEY
	};
	const struct {
		const char *key;
		uint64_t *to;
	} numbers[] = {
		{"time", &r->end.time},	      {"cpu", &r->end.cpu},
		{"samples", &r->end.samples}, {"no_tables", &r->end.no_tables},
		{"late_ns", &r->end.late_ns},
	};
	const char *key, *value;

	if (!rp_item__get_pair(item, &r->texts, &key, &value))
		return 0;
	if (!key || !value)
		return -ENOMEM;
	for (size_t i = 0; i < RP_LOST_COUNT; i++)
		if (!strcmp(key, keys[i]))
			r->lost[i] = strtoull(value, NULL, 10);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strcmp(key, numbers[i].key))
			*numbers[i].to = strtoull(value, NULL, 10);
	r->end.cut = false;
	return 0;
}

/* ---- instances ------------------------------------------------------------------------------- */

/* Sums of what others have written hold here, too: what is inside is not longer than the whole. */
static void keep_within(struct rp_event_instance *instance)
{
	struct rp_taken taken = {.ns = instance->ns,
				 .child = instance->child,
				 .cpu = instance->cpu,
				 .wait = instance->wait};

	rp_taken__clamp(&taken);
	instance->child = taken.child;
	instance->cpu = taken.cpu;
	instance->wait = taken.wait;
}

static uint32_t known_thread(const struct rp_reader *r, uint32_t serial)
{
	return serial < THREADS_MAX && is_set(r->threads, serial) ? serial : 0;
}

/* So many of a block were read. Its time may be all that tells when the run ended. */
static int end_events(struct rp_reader *r, const struct rp_block_place *place, uint32_t n, int rc)
{
	if (place->t1 > r->end.time)
		r->end.time = place->t1;
	return rc ? rc : n < place->items ? -EBADMSG : 0;
}

static int take_instances(struct rp_reader *r, const struct rp_block_place *place,
			  struct rp_cursor payload)
{
	struct rp_event_cursor cursor;
	struct rp_event_instance instance;
	uint32_t n = 0;
	int rc = 0;

	if (!rp_event_cursor__init(&cursor, payload, RP_COLUMNS))
		return -EBADMSG;
	for (; !rc && n < place->items && rp_event_cursor__next_instance(&cursor, &instance); n++) {
		if (instance.node >= RP_NODES_MAX || !is_set(r->nodes, instance.node)) {
			r->figures.nameless++;
			continue;
		}
		keep_within(&instance);
		instance.thread = known_thread(r, instance.thread);
		instance.end_thread = known_thread(r, instance.end_thread);
		r->figures.instances++;
		rc = r->sink->instance(r->sink->ctx, &instance);
	}
	return end_events(r, place, n, rc);
}

/* ---- samples --------------------------------------------------------------------------------- */

static int take_place(struct rp_reader *r, struct rp_cursor item)
{
	struct rp_place place;
	uint32_t number;

	if (!rp_item__get_place(item, &r->texts, &number, &place) || number >= PLACES_MAX ||
	    is_set(r->places, number))
		return 0;
	if (!place.function)
		return -ENOMEM;
	set(r->places, number);
	return RP_TELL(r->sink, place, number, &place);
}

static bool is_known_call(const struct rp_reader *r, uint32_t number)
{
	return r->depths && number < CALLS_MAX && r->depths[number];
}

/* One that is not known leaves those that it makes without a caller to tell them by. */
static int take_call(struct rp_reader *r, struct rp_cursor item)
{
	struct rp_sample_call call;
	uint32_t number;

	/* Most records have no samples, and need no room for them. */
	if (!r->depths)
		r->depths = calloc(CALLS_MAX, sizeof(*r->depths));
	if (!r->depths)
		return -ENOMEM;
	if (!rp_item__get_call(item, &number, &call) || number >= CALLS_MAX || r->depths[number] ||
	    (call.parent && !r->depths[call.parent]) || r->depths[call.parent] == DEPTH_MAX ||
	    (call.place && (call.place >= PLACES_MAX || !is_set(r->places, call.place))))
		return 0;
	r->depths[number] = (uint16_t)(r->depths[call.parent] + 1);
	return RP_TELL(r->sink, call, number, &call);
}

/* A sample of a node, call or thread that is lost counts all the same, as one of none. */
static int take_samples(struct rp_reader *r, const struct rp_block_place *place,
			struct rp_cursor payload)
{
	struct rp_event_cursor cursor;
	struct rp_taken_sample sample;
	uint32_t n = 0;
	int rc = 0;

	if (!rp_event_cursor__init(&cursor, payload, RP_SAMPLE_COLUMNS))
		return -EBADMSG;
	for (; !rc && n < place->items && rp_event_cursor__next_sample(&cursor, &sample); n++) {
		if (sample.node >= RP_NODES_MAX || !is_set(r->nodes, sample.node))
			sample.node = 0;
		if (!is_known_call(r, sample.call))
			sample.call = 0;
		sample.thread = known_thread(r, sample.thread);
		r->figures.samples++;
		rc = RP_TELL(r->sink, sample, &sample);
	}
	return end_events(r, place, n, rc);
}

/* ---- files of one run ------------------------------------------------------------------------ */

static struct rp_reader *last_file(struct rp_reader *r)
{
	while (r->next)
		r = r->next;
	return r;
}

static int skip_item(struct rp_reader *r, struct rp_cursor item)
{
	struct rp_missing missing;

	if (rp_item__get_missing(item, &missing))
		r->missing[missing.node] = missing;
	return 0;
}

/* What is missing in files that are not here is not told as of this one. */
static int skip_missing(struct rp_reader *r, struct rp_reader *file)
{
	struct rp_cursor before;

	rp_part__number(&file->blocks, &before);
	return for_items(r, before, skip_item);
}

static void find_parts(struct rp_reader *r)
{
	uint32_t before = 0;

	for (struct rp_reader *file = r; file; before = file->part, file = file->next)
		file->figures.parts_before = file->part - before - 1;
	r = last_file(r);
	r->figures.goes_on = rp_part__goes_on(&r->blocks);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static const struct {
	enum rp_block_type type;
	item_fn item;	/* either for each of its items ... */
	items_fn items; /* ... or for all of them at once */
} passes[] = {
	{RP_BLOCK_RUN, take_run_pair, NULL},	{RP_BLOCK_REGIONS, take_region, NULL},
	{RP_BLOCK_TEXTS, take_text, NULL},	{RP_BLOCK_NODES, take_node, NULL},
	{RP_BLOCK_THREADS, take_thread, NULL},	{RP_BLOCK_INSTANCES, NULL, take_instances},
	{RP_BLOCK_PLACES, take_place, NULL},	{RP_BLOCK_CALLS, take_call, NULL},
	{RP_BLOCK_SAMPLES, NULL, take_samples}, {RP_BLOCK_MISSING, take_missing, NULL},
	{RP_BLOCK_TOTALS, take_total, NULL},
};

static bool is_skipped(const struct rp_reader *r, const struct rp_block_place *place)
{
	return place->type == RP_BLOCK_INSTANCES && r->skips &&
	       r->skips(r->skips_ctx, place->t0, place->t1);
}

/* What is read of `file` is told as of r. */
static int read_file(struct rp_reader *r, struct rp_reader *file, size_t pass)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < file->blocks.n; i++) {
		const struct rp_block_place *place = &file->blocks.place[i];
		struct rp_cursor payload;

		if (place->type != passes[pass].type || place->version > RP_BLOCK_VERSION ||
		    is_skipped(r, place))
			continue;
		rc = rp_blocks__read(&file->blocks, place, &payload);
		if (!rc && passes[pass].item)
			rc = for_items(r, payload, passes[pass].item);
		else if (!rc)
			rc = passes[pass].items(r, place, payload);
		if (rc == -EBADMSG) {
			rp_damage__add_block(&file->figures, &file->blocks, i, r->run.start);
			rc = 0;
		}
	}
	return rc;
}

static int read_pass(struct rp_reader *r, size_t pass)
{
	int rc = 0;

	for (struct rp_reader *file = r; !rc && file; file = file->next) {
		if (passes[pass].type == RP_BLOCK_MISSING && file->figures.parts_before)
			rc = skip_missing(r, file);
		if (!rc)
			rc = read_file(r, file, pass);
	}
	return rc;
}

static void count_unknown(struct rp_reader *r)
{
	for (size_t i = 0; i < r->blocks.n; i++)
		if (r->blocks.place[i].type >= RP_BLOCK_TYPES || !r->blocks.place[i].type ||
		    r->blocks.place[i].version > RP_BLOCK_VERSION)
			r->figures.unknown_blocks++;
}

static int tell_run(struct rp_reader *r)
{
	bool is_part = last_file(r)->figures.goes_on;

	for (struct rp_reader *file = r; file; file = file->next) {
		file->run.start = r->run.start;
		rp_damage__find_gaps(&file->figures, &file->blocks, r->run.start);
		count_unknown(file);
		is_part |= file->figures.parts_before > 0;
	}
	if (is_part && !r->run.meta.kept)
		r->run.meta.kept = "--rotate";
	return RP_TELL(r->sink, run, &r->run);
}

/* Instances are missing, and so what all of them cost is not known. */
static bool is_incomplete(const struct rp_reader *r)
{
	for (; r; r = r->next)
		if (r->figures.n_damaged || r->figures.unknown_blocks || r->figures.nameless)
			return true;
	return false;
}

int rp_reader__read(struct rp_reader *r, const struct rp_event_sink *sink, struct rp_err *err)
{
	struct rp_reader *last;
	int rc = 0;

	r->sink = sink;
	r->end.cut = true;
	find_parts(r);
	for (size_t pass = 0; !rc && pass < sizeof(passes) / sizeof(passes[0]); pass++) {
		rc = read_pass(r, pass);
		if (!rc && passes[pass].type == RP_BLOCK_RUN)
			rc = tell_run(r);
	}
	last = last_file(r);
	last->figures.cut = r->end.cut && !last->figures.goes_on;
	if (is_incomplete(r))
		r->end.cpu = 0;
	if (!rc)
		rc = RP_TELL(sink, end, &r->end);
	if (rc && !err->cause[0])
		rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "%s cannot be read: %s", r->name,
			    strerror(-rc));
	return rc;
}

static int open_error(const char *name, int rc, struct rp_err *err)
{
	if (rc == -EINVAL || rc == -ENODATA)
		return rp_err__set(err, RP_EXIT_FAILED, rc, "rptrace record --help",
				   "%s is no record of rptrace, or nothing of it is left", name);
	return rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "%s cannot be read: %s", name,
			   strerror(-rc));
}

static void free_file(struct rp_reader *r)
{
	rp_blocks__free(&r->blocks);
	rp_arena__free(&r->texts);
	free(r->regions);
	free(r->threads);
	free(r->places);
	free(r->depths);
	free(r->missing);
	free(r);
}

int rp_reader__open(int fd, const char *name, struct rp_reader **out, struct rp_err *err)
{
	struct rp_reader *r = calloc(1, sizeof(*r));
	struct rp_cursor before;
	int rc;

	if (!r)
		return rp_err__no_memory(err);
	r->name = name;
	r->run.file = name;
	r->end.lost = r->lost;
	r->regions = calloc((RP_REGION_MASK + 1) / 8, 1);
	r->threads = calloc(THREADS_MAX / 8, 1);
	r->places = calloc(PLACES_MAX / 8, 1);
	r->missing = calloc(RP_NODES_MAX, sizeof(*r->missing));
	rc = r->regions && r->threads && r->places && r->missing ? rp_blocks__open(&r->blocks, fd)
								 : -ENOMEM;
	if (rc) {
		free_file(r);
		return open_error(name, rc, err);
	}
	r->part = rp_part__number(&r->blocks, &before);
	*out = r;
	return 0;
}

void rp_reader__free(struct rp_reader *r)
{
	struct rp_reader *next;

	for (; r; r = next) {
		next = r->next;
		close(r->blocks.fd);
		free_file(r);
	}
}

void rp_reader__skip(struct rp_reader *r, bool (*skips)(void *ctx, uint64_t t0, uint64_t t1),
		     void *ctx)
{
	r->skips = skips;
	r->skips_ctx = ctx;
}

const struct rp_reader_figures *rp_reader__figures(const struct rp_reader *r)
{
	return &r->figures;
}

uint32_t rp_reader__part(const struct rp_reader *r)
{
	return r->part;
}

void rp_reader__join(struct rp_reader *r, struct rp_reader *later)
{
	last_file(r)->next = later;
}

const struct rp_reader *rp_reader__next(const struct rp_reader *r)
{
	return r->next;
}

const char *rp_reader__name(const struct rp_reader *r)
{
	return r->name;
}

uint64_t rp_reader__run_number(const struct rp_reader *r)
{
	return r->blocks.run;
}

const struct rp_event_run *rp_reader__run(const struct rp_reader *reader)
{
	return &reader->run;
}

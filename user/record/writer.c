// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record/block.h"
#include "record/columns.h"
#include "record/items.h"
#include "record/trailer.h"

/* Metadata wait for the next flush, but not more than this. */
#define PENDING_MAX (1u << 20)

/* Items of one type that wait to be written. */
struct pending {
	struct rp_bytes bytes;
	uint32_t n;
};

struct rp_writer {
	struct rp_writer_opts opts;
	uint64_t time; /* the latest that is known */
	int rc;	       /* why nothing more is written */
	bool has_ended;
	struct rp_packer *packer;
	struct rp_event_columns instances, samples;
	struct pending pending[RP_BLOCK_TYPES]; /* of metadata, by type */
	struct rp_missing *missing;		/* by node */
	uint64_t *past_end; /* likewise, of those that were not taken any more */
	struct rp_bytes payload;
	struct rp_trailer trailer;

	/* ---- where there are several files ---- */
	struct rp_kept_blocks names; /* what ids stand for: each file begins with it */
	struct rp_kept_blocks part;  /* the block that tells which file it is */
	uint32_t number;	     /* of the file, from 1 on */
	uint64_t preamble;	     /* bytes that it begins with */
	uint64_t before;	     /* bytes of the files before */
	struct rp_writer_figures figures;
};

/* What ids stand for comes before the instances and samples that have them. */
static const enum rp_block_type names[] = {RP_BLOCK_RUN,   RP_BLOCK_REGIONS, RP_BLOCK_TEXTS,
					   RP_BLOCK_NODES, RP_BLOCK_THREADS, RP_BLOCK_PLACES,
					   RP_BLOCK_CALLS};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

/* ---- blocks -------------------------------------------------------------------------------- */

/* For the files to come. */
static int keep(struct rp_writer *w, const struct rp_block_header *header, const void *stored)
{
	if (!w->opts.next)
		return 0;
	if (header->type == RP_BLOCK_PART) {
		rp_kept_blocks__free(&w->part);
		return rp_kept_blocks__add(&w->part, header, stored);
	}
	for (size_t i = 0; i < N_NAMES; i++)
		if (header->type == names[i])
			return rp_kept_blocks__add(&w->names, header, stored);
	return 0;
}

static void count_bytes(struct rp_writer *w)
{
	w->figures.bytes = w->before + w->trailer.at;
	w->figures.full = !w->opts.next && w->opts.max_bytes &&
			  w->figures.bytes >= w->opts.max_bytes;
}

static int put_block(struct rp_writer *w, enum rp_block_type type, uint32_t items,
		     const struct rp_bytes *payload, uint64_t t0, uint64_t t1)
{
	struct rp_block_header header = {.type = type,
					 .sequence = w->trailer.n,
					 .items = items,
					 .t0 = t0,
					 .t1 = t1,
					 .run = w->opts.run};
	const void *stored;

	if (!w->rc && (payload->failed || payload->n > RP_BLOCK_MAX))
		w->rc = payload->failed ? -ENOMEM : -E2BIG;
	if (w->rc)
		return w->rc;
	stored = rp_packer__pack(w->packer, &header, payload->at, payload->n);
	w->rc = w->opts.fn(w->opts.ctx, &header, stored);
	if (!w->rc)
		w->rc = keep(w, &header, stored);
	if (w->rc)
		return w->rc;
	rp_trailer__note(&w->trailer, &header);
	count_bytes(w);
	return 0;
}

static int put_pending(struct rp_writer *w, enum rp_block_type type)
{
	struct pending *pending = &w->pending[type];
	int rc = 0;

	if (pending->n)
		rc = put_block(w, type, pending->n, &pending->bytes, w->time, w->time);
	pending->n = 0;
	pending->bytes.n = 0;
	return rc;
}

static int put_events(struct rp_writer *w, enum rp_block_type type,
		      struct rp_event_columns *columns)
{
	uint32_t n = columns->n;

	if (!n)
		return w->rc;
	w->time = columns->t1;
	w->payload.n = 0;
	rp_event_columns__pack(columns, &w->payload);
	return put_block(w, type, n, &w->payload, columns->t0, columns->t1);
}

/* ---- files --------------------------------------------------------------------------------- */

/* A file that begins with more than the limit has to get instances, too. */
static bool is_part_full(const struct rp_writer *w)
{
	return w->opts.next && w->opts.max_bytes && w->trailer.at >= w->opts.max_bytes &&
	       w->trailer.at - w->preamble >= w->opts.max_bytes / 2;
}

static void copy(struct rp_writer *w, const struct rp_kept_blocks *kept)
{
	for (size_t i = 0; !w->rc && i < kept->n; i++)
		w->rc = rp_trailer__copy(&w->trailer, &kept->block[i], w->opts.fn, w->opts.ctx);
	count_bytes(w);
}

/*
 * Sums are those of the run: a reader of this file alone takes off what they were before it. A run
 * of one file has no such block.
 */
static void put_part(struct rp_writer *w)
{
	uint32_t items = 1;

	w->payload.n = 0;
	rp_bytes__put_number(&w->payload, w->number);
	for (uint32_t node = 0; w->number > 1 && node < RP_NODES_MAX; node++)
		if (w->missing[node].lost || w->missing[node].left_out) {
			rp_item__put_missing(&w->payload, &w->missing[node]);
			items++;
		}
	put_block(w, RP_BLOCK_PART, items, &w->payload, w->time, w->time);
}

/* Names are there twice, as in any record, so that a damaged block of them costs nothing. */
static int end_part(struct rp_writer *w)
{
	/* What is known by now to be missing is so in the file that ends. */
	put_pending(w, RP_BLOCK_MISSING);
	copy(w, &w->names);
	if (w->number == 1)
		put_part(w);
	else
		copy(w, &w->part);
	if (!w->rc)
		w->rc = rp_trailer__put(&w->trailer, w->opts.fn, w->opts.ctx);
	w->before += w->trailer.at;
	rp_trailer__free(&w->trailer);
	return w->rc;
}

static int begin_part(struct rp_writer *w)
{
	int rc = end_part(w);

	if (!rc)
		rc = w->rc = w->opts.next(w->opts.ctx);
	if (rc)
		return rc;
	w->number++;
	copy(w, &w->names);
	put_part(w);
	w->preamble = w->trailer.at;
	return w->rc;
}

static int flush(struct rp_writer *w)
{
	static const enum rp_block_type after[] = {RP_BLOCK_MISSING, RP_BLOCK_TOTALS};

	if (is_part_full(w) && (w->instances.n || w->samples.n))
		begin_part(w);
	for (size_t i = 0; i < N_NAMES; i++)
		put_pending(w, names[i]);
	put_events(w, RP_BLOCK_SAMPLES, &w->samples);
	put_events(w, RP_BLOCK_INSTANCES, &w->instances);
	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++)
		put_pending(w, after[i]);
	return w->rc;
}

int rp_writer__flush(struct rp_writer *w, uint64_t now)
{
	w->time = now;
	return flush(w);
}

/* Where the next item of a type goes. */
static struct rp_bytes *add(struct rp_writer *w, enum rp_block_type type)
{
	if (w->pending[type].bytes.n > PENDING_MAX)
		flush(w);
	w->pending[type].n++;
	return &w->pending[type].bytes;
}

/* ---- the sink ------------------------------------------------------------------------------ */

static void put_pair(struct rp_writer *w, const char *key, const char *value)
{
	if (value && *value)
		rp_item__put_pair(add(w, RP_BLOCK_RUN), key, value);
}

static int take_run(void *ctx, const struct rp_event_run *run)
{
	const struct rp_meta *meta = &run->meta;
	struct rp_writer *w = ctx;

	rp_item__put_pair_number(add(w, RP_BLOCK_RUN), "start", run->start);
	rp_item__put_pair_number(add(w, RP_BLOCK_RUN), "wall", run->wall);
	put_pair(w, "version", meta->version);
	put_pair(w, "host", meta->host);
	put_pair(w, "kernel", meta->kernel);
	put_pair(w, "start_time", meta->start_time);
	put_pair(w, "attach_mode", meta->attach_mode);
	put_pair(w, "group_by", meta->group_by);
	put_pair(w, "target", meta->target);
	put_pair(w, "kept", meta->kept);
	put_pair(w, "options", meta->options);
	rp_item__put_pair_number(add(w, RP_BLOCK_RUN), "probes", meta->probes);
	rp_item__put_pair_number(add(w, RP_BLOCK_RUN), "slow_sites", meta->slow_sites);
	rp_item__put_pair_number(add(w, RP_BLOCK_RUN), "processes", meta->processes);
	rp_item__put_pair_number(add(w, RP_BLOCK_RUN), "sample_hz", run->sample_hz);
	return w->rc;
}

static int take_region(void *ctx, uint32_t id, const struct rp_region_name *region)
{
	struct rp_writer *w = ctx;

	rp_item__put_region(add(w, RP_BLOCK_REGIONS), id, region);
	return w->rc;
}

static int take_text(void *ctx, uint32_t index, const struct rp_text *text)
{
	struct rp_writer *w = ctx;

	rp_item__put_text(add(w, RP_BLOCK_TEXTS), index, text);
	return w->rc;
}

static int take_thread(void *ctx, const struct rp_event_thread *thread)
{
	struct rp_writer *w = ctx;

	rp_item__put_thread(add(w, RP_BLOCK_THREADS), thread);
	return w->rc;
}

static int take_node(void *ctx, uint32_t id, const struct rp_node *node)
{
	struct rp_writer *w = ctx;

	rp_item__put_node(add(w, RP_BLOCK_NODES), id, node);
	return w->rc;
}

static int take_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct rp_writer *w = ctx;

	if (w->rc)
		return w->rc;
	if (w->figures.full) {
		w->past_end[instance->node % RP_NODES_MAX]++;
		return 0;
	}
	rp_event_columns__add_instance(&w->instances, instance);
	w->figures.instances++;
	return rp_event_columns__are_full(&w->instances) ? flush(w) : 0;
}

static int take_place(void *ctx, uint32_t number, const struct rp_place *place)
{
	struct rp_writer *w = ctx;

	rp_item__put_place(add(w, RP_BLOCK_PLACES), number, place);
	return w->rc;
}

static int take_call(void *ctx, uint32_t number, const struct rp_sample_call *call)
{
	struct rp_writer *w = ctx;

	rp_item__put_call(add(w, RP_BLOCK_CALLS), number, call);
	return w->rc;
}

static int take_sample(void *ctx, const struct rp_taken_sample *sample)
{
	struct rp_writer *w = ctx;

	if (w->rc || w->figures.full)
		return w->rc;
	rp_event_columns__add_sample(&w->samples, sample);
	w->figures.samples++;
	return rp_event_columns__are_full(&w->samples) ? flush(w) : 0;
}

/* The file has sums up to now, so that the loss of one such block loses nothing. */
static int take_missing(struct rp_writer *w, uint32_t node, uint64_t lost, uint64_t left_out)
{
	struct rp_missing *missing = node < RP_NODES_MAX ? &w->missing[node] : NULL;

	if (!missing)
		return -EINVAL;
	missing->node = node;
	missing->lost += lost;
	missing->left_out += left_out;
	rp_item__put_missing(add(w, RP_BLOCK_MISSING), missing);
	return w->rc;
}

static int take_lost(void *ctx, uint32_t node, uint64_t n)
{
	return take_missing(ctx, node, n, 0);
}

static int take_left_out(void *ctx, uint32_t node, uint64_t n)
{
	return take_missing(ctx, node, 0, n);
}

static int take_end(void *ctx, const struct rp_event_end *end)
{
	static const char *const keys[] = {
#define KEY(symbol, key, meaning) "lost." key,
		RP_LOST_REASONS(KEY)
#undef KEY
	};
	struct rp_writer *w = ctx;

	for (uint32_t node = 0; node < RP_NODES_MAX; node++)
		if (w->past_end[node])
			take_missing(w, node, 0, w->past_end[node]);
	rp_item__put_pair_number(add(w, RP_BLOCK_TOTALS), "time", end->time);
	rp_item__put_pair_number(add(w, RP_BLOCK_TOTALS), "cpu", end->cpu);
	rp_item__put_pair_number(add(w, RP_BLOCK_TOTALS), "samples", end->samples);
	rp_item__put_pair_number(add(w, RP_BLOCK_TOTALS), "no_tables", end->no_tables);
	rp_item__put_pair_number(add(w, RP_BLOCK_TOTALS), "late_ns", end->late_ns);
	for (size_t i = 0; i < RP_LOST_COUNT; i++)
		rp_item__put_pair_number(add(w, RP_BLOCK_TOTALS), keys[i], end->lost[i]);
	w->has_ended = !end->cut;
	return rp_writer__flush(w, end->time);
}

static void free_writer(struct rp_writer *w)
{
	for (unsigned i = 0; i < RP_BLOCK_TYPES; i++)
		rp_bytes__free(&w->pending[i].bytes);
	rp_event_columns__free(&w->instances);
	rp_event_columns__free(&w->samples);
	rp_packer__free(w->packer);
	rp_bytes__free(&w->payload);
	free(w->missing);
	free(w->past_end);
	rp_trailer__free(&w->trailer);
	rp_kept_blocks__free(&w->names);
	rp_kept_blocks__free(&w->part);
	free(w);
}

static int take_close(void *ctx)
{
	struct rp_writer *w = ctx;
	int rc = flush(w);

	if (!rc && w->has_ended) {
		copy(w, &w->part);
		rc = w->rc;
	}
	if (!rc && w->has_ended)
		rc = rp_trailer__put(&w->trailer, w->opts.fn, w->opts.ctx);
	free_writer(w);
	return rc;
}

int rp_writer__new(const struct rp_writer_opts *opts, struct rp_writer **out)
{
	struct rp_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->opts = *opts;
	w->number = 1;
	w->packer = rp_packer__new();
	w->missing = calloc(RP_NODES_MAX, sizeof(*w->missing));
	w->past_end = calloc(RP_NODES_MAX, sizeof(*w->past_end));
	if (!w->packer || !w->missing || !w->past_end ||
	    rp_event_columns__init(&w->instances, RP_COLUMNS) ||
	    rp_event_columns__init(&w->samples, RP_SAMPLE_COLUMNS)) {
		free_writer(w);
		return -ENOMEM;
	}
	*out = w;
	return 0;
}

struct rp_event_sink rp_writer__sink(struct rp_writer *writer)
{
	return (struct rp_event_sink){
		.ctx = writer,
		.run = take_run,
		.region = take_region,
		.text = take_text,
		.thread = take_thread,
		.node = take_node,
		.instance = take_instance,
		.place = take_place,
		.call = take_call,
		.sample = take_sample,
		.left_out = take_left_out,
		.lost = take_lost,
		.end = take_end,
		.close = take_close,
	};
}

struct rp_writer_figures rp_writer__figures(const struct rp_writer *writer)
{
	return writer->figures;
}

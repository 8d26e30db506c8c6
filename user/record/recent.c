// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/recent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record/block.h"
#include "record/trailer.h"
#include "util/array.h"

struct kept {
	struct rp_block_header header;
	void *payload; /* NULL: dropped */
};

struct rp_recent {
	struct rp_recent_opts opts;
	struct kept *block; /* in order */
	size_t n, room;
	size_t oldest; /* none of events is before it */
	uint64_t bytes, event_bytes, instances, samples;
};

struct rp_recent *rp_recent__new(const struct rp_recent_opts *opts)
{
	struct rp_recent *r = calloc(1, sizeof(*r));

	if (r)
		r->opts = *opts;
	return r;
}

void rp_recent__free(struct rp_recent *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		free(r->block[i].payload);
	free(r->block);
	free(r);
}

static uint64_t size_of(const struct kept *kept)
{
	return sizeof(kept->header) + kept->header.stored;
}

/* What events stand for is kept. */
static bool has_events(const struct kept *kept)
{
	return kept->header.type == RP_BLOCK_INSTANCES || kept->header.type == RP_BLOCK_SAMPLES;
}

static uint64_t *count_of(struct rp_recent *r, const struct kept *kept)
{
	return kept->header.type == RP_BLOCK_INSTANCES ? &r->instances : &r->samples;
}

static void drop(struct rp_recent *r, struct kept *kept)
{
	r->bytes -= size_of(kept);
	r->event_bytes -= size_of(kept);
	*count_of(r, kept) -= kept->header.items;
	free(kept->payload);
	kept->payload = NULL;
}

/* Those that were dropped take no room for long. */
static void close_ranks(struct rp_recent *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->block[i].payload)
			r->block[n++] = r->block[i];
	r->n = n;
	r->oldest = 0;
}

static void drop_old(struct rp_recent *r, uint64_t now)
{
	for (; r->oldest < r->n; r->oldest++) {
		struct kept *kept = &r->block[r->oldest];

		if (!kept->payload || !has_events(kept))
			continue;
		if (kept->header.t1 + r->opts.ns >= now &&
		    (!r->opts.max_bytes || r->event_bytes <= r->opts.max_bytes))
			break;
		drop(r, kept);
	}
	if (r->oldest > r->n / 2)
		close_ranks(r);
}

int rp_recent__add(void *ctx, const struct rp_block_header *header, const void *payload)
{
	struct rp_recent *r = ctx;
	struct kept kept = {.header = *header, .payload = malloc(header->stored + 1)};

	if (!kept.payload || rp_array__grow(&r->block, r->n, &r->room, sizeof(*r->block))) {
		free(kept.payload);
		return -ENOMEM;
	}
	memcpy(kept.payload, payload, header->stored);
	r->block[r->n++] = kept;
	r->bytes += size_of(&kept);
	if (!has_events(&kept))
		return 0;
	r->event_bytes += size_of(&kept);
	*count_of(r, &kept) += header->items;
	drop_old(r, header->t1);
	return 0;
}

int rp_recent__write(const struct rp_recent *r, rp_block_fn fn, void *ctx)
{
	struct rp_trailer trailer = {0};
	int rc = 0;

	for (size_t i = 0; !rc && i < r->n; i++) {
		struct rp_block_header header = r->block[i].header;

		if (!r->block[i].payload || header.type == RP_BLOCK_INDEX ||
		    header.type == RP_BLOCK_END)
			continue;
		header.sequence = trailer.n;
		rp_block_header__seal(&header);
		rp_trailer__note(&trailer, &header);
		rc = fn(ctx, &header, r->block[i].payload);
	}
	if (!rc)
		rc = rp_trailer__put(&trailer, fn, ctx);
	rp_trailer__free(&trailer);
	return rc;
}

struct rp_writer_figures rp_recent__figures(const struct rp_recent *r)
{
	return (struct rp_writer_figures){
		.instances = r->instances, .samples = r->samples, .bytes = r->bytes};
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/recent.h"

#include <errno.h>
#include <stdlib.h>

#include "record/kept_blocks.h"
#include "record/trailer.h"

struct rp_recent {
	struct rp_recent_opts opts;
	struct rp_kept_blocks blocks;
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
	rp_kept_blocks__free(&r->blocks);
	free(r);
}

static uint64_t size_of(const struct rp_kept_block *kept)
{
	return sizeof(kept->header) + kept->header.stored;
}

/* Only instances and samples are dropped: what their ids stand for is kept. */
static bool has_events(const struct rp_kept_block *kept)
{
	return kept->header.type == RP_BLOCK_INSTANCES || kept->header.type == RP_BLOCK_SAMPLES;
}

static uint64_t *count_of(struct rp_recent *r, const struct rp_kept_block *kept)
{
	return kept->header.type == RP_BLOCK_INSTANCES ? &r->instances : &r->samples;
}

static void drop(struct rp_recent *r, struct rp_kept_block *kept)
{
	r->bytes -= size_of(kept);
	r->event_bytes -= size_of(kept);
	*count_of(r, kept) -= kept->header.items;
	free(kept->payload);
	kept->payload = NULL;
}

/* Take the entries of dropped blocks out of the list. */
static void close_ranks(struct rp_recent *r)
{
	struct rp_kept_blocks *b = &r->blocks;
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->block[i].payload)
			b->block[n++] = b->block[i];
	b->n = n;
	r->oldest = 0;
}

static void drop_old(struct rp_recent *r, uint64_t now)
{
	for (; r->oldest < r->blocks.n; r->oldest++) {
		struct rp_kept_block *kept = &r->blocks.block[r->oldest];

		if (!kept->payload || !has_events(kept))
			continue;
		if (kept->header.t1 + r->opts.ns >= now &&
		    (!r->opts.max_bytes || r->event_bytes <= r->opts.max_bytes))
			break;
		drop(r, kept);
	}
	if (r->oldest > r->blocks.n / 2)
		close_ranks(r);
}

int rp_recent__add(void *ctx, const struct rp_block_header *header, const void *payload)
{
	struct rp_recent *r = ctx;
	const struct rp_kept_block *kept;

	if (rp_kept_blocks__add(&r->blocks, header, payload))
		return -ENOMEM;
	kept = &r->blocks.block[r->blocks.n - 1];
	r->bytes += size_of(kept);
	if (!has_events(kept))
		return 0;
	r->event_bytes += size_of(kept);
	*count_of(r, kept) += header->items;
	drop_old(r, header->t1);
	return 0;
}

int rp_recent__write(const struct rp_recent *r, rp_block_fn fn, void *ctx)
{
	struct rp_trailer trailer = {0};
	int rc = 0;

	for (size_t i = 0; !rc && i < r->blocks.n; i++) {
		const struct rp_kept_block *kept = &r->blocks.block[i];

		if (kept->payload && kept->header.type != RP_BLOCK_INDEX &&
		    kept->header.type != RP_BLOCK_END)
			rc = rp_trailer__copy(&trailer, kept, fn, ctx);
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

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/trailer.h"

#include <errno.h>

#include "record/block.h"

void rp_trailer__note(struct rp_trailer *t, const struct rp_block_header *header)
{
	rp_block_place__put(&t->index, header, t->t0);
	t->run = header->run;
	t->t0 = header->t0;
	t->t1 = header->t1;
	t->at += sizeof(*header) + header->stored;
	t->n++;
}

int rp_trailer__copy(struct rp_trailer *t, const struct rp_kept_block *kept, rp_block_fn fn,
		     void *ctx)
{
	struct rp_block_header header = kept->header;

	header.sequence = t->n;
	rp_block_header__seal(&header);
	rp_trailer__note(t, &header);
	return fn(ctx, &header, kept->payload);
}

static int put(struct rp_trailer *t, struct rp_packer *packer, enum rp_block_type type,
	       uint32_t items, const void *payload, size_t n, rp_block_fn fn, void *ctx)
{
	struct rp_block_header header = {.type = type,
					 .sequence = t->n++,
					 .items = items,
					 .t0 = t->t1,
					 .t1 = t->t1,
					 .run = t->run};
	const void *stored = rp_packer__pack(packer, &header, payload, n);

	t->at += sizeof(header) + header.stored;
	return fn(ctx, &header, stored);
}

int rp_trailer__put(struct rp_trailer *t, rp_block_fn fn, void *ctx)
{
	struct rp_packer *packer;
	uint64_t at = t->at;
	int rc;

	if (t->index.failed || t->index.n > RP_BLOCK_MAX)
		return 0;
	packer = rp_packer__new();
	if (!packer)
		return -ENOMEM;
	rc = put(t, packer, RP_BLOCK_INDEX, t->n, t->index.at, t->index.n, fn, ctx);
	if (!rc)
		rc = put(t, packer, RP_BLOCK_END, 1, &at, sizeof(at), fn, ctx);
	rp_packer__free(packer);
	return rc;
}

void rp_trailer__free(struct rp_trailer *t)
{
	rp_bytes__free(&t->index);
	*t = (struct rp_trailer){0};
}

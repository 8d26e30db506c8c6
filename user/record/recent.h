/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The blocks of the last so many seconds, in memory: what a flight recorder writes to a file once
 * something has happened. What ids stand for is kept for good, instances are not. Pure.
 */
#ifndef RP_RECENT_H
#define RP_RECENT_H

#include <stddef.h>

#include "record/writer.h"

struct rp_recent_opts {
	uint64_t ns;	    /* instances that ended so long before the last one are dropped */
	uint64_t max_bytes; /* of instances: the oldest are dropped; 0: no limit */
};

struct rp_recent;

/* NULL: out of memory. */
struct rp_recent *rp_recent__new(const struct rp_recent_opts *opts);
void rp_recent__free(struct rp_recent *recent);

/* Keep a block: a rp_block_fn. -ENOMEM. */
int rp_recent__add(void *recent, const struct rp_block_header *header, const void *payload);

/* Give all that is kept, in order, to fn as a record of its own, with an index. */
int rp_recent__write(const struct rp_recent *recent, rp_block_fn fn, void *ctx);

/* Instances that are kept, and bytes of all blocks. */
struct rp_writer_figures rp_recent__figures(const struct rp_recent *recent);

#endif

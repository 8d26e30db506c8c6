/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Writes a record: a sink of instances and samples. They are gathered in columns until a block is
 * full or rp_writer__flush() is called; what their ids stand for goes into blocks before them.
 * Pure.
 */
#ifndef RP_WRITER_H
#define RP_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "record/format.h"
#include "record/sink.h"

/* Takes a block; payload: header->stored bytes. 0 or a negative errno. */
typedef int (*rp_block_fn)(void *ctx, const struct rp_block_header *header, const void *payload);

struct rp_writer;

struct rp_writer_opts {
	uint64_t run;	    /* a number that no other run has */
	uint64_t max_bytes; /* 0: no limit; past it instances are counted as left out, but for: */
	/*
	 * Begin another file, where what fn is given from now on goes: it reads alone, as it begins
	 * with all that ids stand for. NULL: there is one file.
	 */
	int (*next)(void *ctx);
	rp_block_fn fn;
	void *ctx; /* of both */
};

/* -ENOMEM. */
int rp_writer__new(const struct rp_writer_opts *opts, struct rp_writer **out);

/*
 * Its sink. Where a block could not be taken, all calls from then on return why. `close` writes the
 * index, after `end` alone, and frees the writer.
 */
struct rp_event_sink rp_writer__sink(struct rp_writer *writer);

/* Write what is there so far. now: ns, for blocks that have no time of their own. */
int rp_writer__flush(struct rp_writer *writer, uint64_t now);

struct rp_writer_figures {
	uint64_t instances, samples; /* that were taken */
	uint64_t bytes;		     /* of all blocks so far, in all files */
	bool full;		     /* there are as many as there may be */
};
struct rp_writer_figures rp_writer__figures(const struct rp_writer *writer);

#endif

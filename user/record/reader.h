/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Reads a record and tells a sink what is in it. The file may be anybody's: it is cut short where
 * the recorder was killed, it may be damaged, or made to do harm. What is in a block counts only
 * where its checksums hold; what cannot be read is told, and all else is read. Pure.
 */
#ifndef RP_READER_H
#define RP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/sink.h"
#include "util/error.h"

struct rp_reader;

/* name: of the file, for messages; it lasts as long as the reader. The descriptor is the reader's,
 * which closes it, but for where that fails. Only a regular file can be read. -ENODATA: it is
 * empty. */
int rp_reader__open(int fd, const char *name, struct rp_reader **out, struct rp_err *err);
void rp_reader__free(struct rp_reader *reader);

/* Which of the files of its run it is, from 1 on. */
uint32_t rp_reader__part(const struct rp_reader *reader);

/*
 * Read another file of the same run with it, as if both were one: a later part than those that it
 * has. That is its own from now on, and freed with it.
 */
void rp_reader__join(struct rp_reader *reader, struct rp_reader *later);
/* That; NULL: there is no later one. */
const struct rp_reader *rp_reader__next(const struct rp_reader *reader);
const char *rp_reader__name(const struct rp_reader *reader);

/*
 * Tell the sink all of the run but `close`. Metadata come first, from wherever in the file they
 * are, so that a damaged block of them costs nothing where they are there twice. 0; a negative
 * errno of reading; or what the sink has returned.
 */
int rp_reader__read(struct rp_reader *reader, const struct rp_event_sink *sink, struct rp_err *err);

/*
 * Pass over blocks of instances, all of which ended between two moments (ns, CLOCK_MONOTONIC), that
 * somebody has no need of.
 */
void rp_reader__skip(struct rp_reader *reader, bool (*skips)(void *ctx, uint64_t t0, uint64_t t1),
		     void *ctx);

/* The number that its run has in all of its files, and no other run in any; 0: no block tells. */
uint64_t rp_reader__run_number(const struct rp_reader *reader);

/* What the run has told of itself, once it was read; until the reader is freed. */
const struct rp_event_run *rp_reader__run(const struct rp_reader *reader);

/* A stretch of the file that could not be read. */
struct rp_damage {
	uint64_t offset, bytes; /* in the file */
	uint64_t t0, t1;	/* ns: instances that ended in between may be missing */
};

/* What was wrong with that file, once it was read. */
struct rp_reader_figures {
	uint64_t instances, samples; /* told; of all files that were joined to it, too */
	uint64_t nameless;	     /* instances whose path is not known: not told */
	uint64_t unknown_blocks;     /* of types or versions that this program does not know */
	bool cut;		     /* the end is missing */
	bool goes_on;		     /* in a part that is not here */
	uint32_t parts_before;	     /* that come right before this one and are not here */
	uint64_t n_damaged;	     /* stretches; more than there are items below */
	struct rp_damage damage[8];
};
const struct rp_reader_figures *rp_reader__figures(const struct rp_reader *reader);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The files that one run writes its record to, one after the other: FILE, FILE.2, FILE.3 and so on.
 * A run that neither rotates nor is a flight recorder has the first alone. Each is locked while it
 * is written, and the first for as long as the run goes on.
 */
#ifndef RP_RECORD_FILES_H
#define RP_RECORD_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "record/format.h"

struct rp_record_files {
	const char *name; /* of the first */
	unsigned keep;	  /* so many are there at a time: older ones go; 0: all */
	unsigned number;  /* of the one that was begun last; 0: none was */
	int fd;		  /* it is open; -1: it is not */
	int first;	  /* likewise the first, where fd is another */
	off_t end;	  /* of the last whole block in it */
	bool abandoned;	  /* set by another thread: nobody waits for the writer any more */
};

/* Nothing is opened so far. */
void rp_record_files__init(struct rp_record_files *files, const char *name, unsigned keep);

/* The path of a file by its number, from 1 on. buf: PATH_MAX bytes. Returns buf. */
const char *rp_record_files__path(const struct rp_record_files *files, unsigned number, char *buf);

/* Could the first be written? 0; -EBUSY: another rptrace writes it; or another errno. */
int rp_record_files__check(const struct rp_record_files *files);

/*
 * Begin the next one (struct rp_writer_opts); what was in it goes once there is something to write.
 * Likewise.
 */
int rp_record_files__next(void *files);

/*
 * Write a block (a rp_block_fn): it is there as a whole, or not at all as far as that can be had.
 * Ends the thread if it was abandoned meanwhile.
 */
int rp_record_files__write(void *files, const struct rp_block_header *header, const void *payload);

/* -ESTALE: what is written cannot be found by its name any more. */
int rp_record_files__find(const struct rp_record_files *files);

/* End the one that is written. 0 or a negative errno. */
int rp_record_files__end(struct rp_record_files *files);

/* Likewise, and what else is open. */
int rp_record_files__close(struct rp_record_files *files);

/* The number of the oldest that is there. */
static inline unsigned rp_record_files__oldest(const struct rp_record_files *files)
{
	return files->keep && files->number > files->keep ? files->number - files->keep + 1 : 1;
}

#endif

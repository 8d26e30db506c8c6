/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Records that commands are given by name: read, and not written over. */
#ifndef RP_COMMANDS_RECORDS_H
#define RP_COMMANDS_RECORDS_H

#include <stdio.h>

#include "opts/opts.h"
#include "record/reader.h"
#include "run/run.h"

/*
 * Tell a sink what is in a record, and the user what of it could not be read. 0 or a negative
 * errno; what the sink returned has no cause in err.
 */
int rp_records__read(const char *file, const struct rp_event_sink *sink, rp_say_fn say,
		     struct rp_err *err);

/* What is not in the figures, of it and of all that is joined to it, once they were read. */
void rp_records__tell_missing(rp_say_fn say, const struct rp_reader *reader);

/* One of several records. */
struct rp_record {
	const char *name;
	uint64_t run;  /* number of the run that it is of; 0: not known */
	uint32_t part; /* which file of that, from 1 on */
};

/*
 * The files as records, those of one run next to each other in their order; to be freed. An empty
 * one, as a recorder leaves that is killed between two files, is told and passed over. Returns how
 * many there are; -EEXIST and one in *twice: its instances are in another file, too; or why one
 * cannot be read.
 */
int rp_records__sort(const struct rp_texts *files, rp_say_fn say, struct rp_record **out,
		     size_t *twice, struct rp_err *err);

/*
 * A reader of the run that the first of n records is of. Returns how many of them are of it, or a
 * negative errno.
 */
int rp_records__open_run(const struct rp_record *records, size_t n, struct rp_reader **reader,
			 struct rp_err *err);

/* An output that is one of the records would be emptied before they are read: -EINVAL. */
int rp_records__check_output(FILE *out, const char *path, const struct rp_texts *files,
			     struct rp_err *err);

#endif

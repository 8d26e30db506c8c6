/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Records that commands are given by name: read, and not written over. */
#ifndef RP_COMMANDS_RECORDS_H
#define RP_COMMANDS_RECORDS_H

#include <stdio.h>

#include "opts/opts.h"
#include "record/reader.h"
#include "run/run.h"

/* The file's descriptor, which comes with a reader, or a negative errno: it is no record. */
int rp_records__open(const char *file, struct rp_reader **reader, struct rp_err *err);

/*
 * Tell a sink what is in a record, and the user what of it could not be read. 0 or a negative
 * errno; what the sink returned has no cause in err.
 */
int rp_records__read(const char *file, const struct rp_event_sink *sink, rp_say_fn say,
		     struct rp_err *err);

/* What of it is not in the figures, once it was read. */
void rp_records__tell_missing(rp_say_fn say, const char *file, const struct rp_reader *reader);

/* An output that is one of the records would be emptied before they are read: -EINVAL. */
int rp_records__check_output(FILE *out, const char *path, const struct rp_texts *files,
			     struct rp_err *err);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the parts of the command share. */
#ifndef RP_REPORT_INTERNAL_H
#define RP_REPORT_INTERNAL_H

#include "commands/commands.h"
#include "commands/records.h"
#include "commands/report_output.h"
#include "compare/run_summary.h"
#include "export/slowest.h"
#include "record/counts_of_instances.h"
#include "record/event_filter.h"
#include "record/timeline.h"
#include "run/reading.h"
#include "screen/screen.h"

/* Of an export in parts: its file ends with it. */
struct part {
	struct rp_event_sink next; /* comes first: rp_event_relay() */
	struct rp_report_output *output;
};

struct report {
	const struct rp_opts *opts;
	rp_say_fn say;
	struct rp_err *err;
	struct rp_report_output output;
	struct rp_record *records; /* those of one run together */
	size_t n_records;
	struct part part;
	bool on_screen;			    /* rather than printed */
	struct rp_run_summary before;	    /* that of --baseline */
	const struct rp_baseline *baseline; /* NULL: none */
	/* What is shown: as the options say, until keys of the screen choose something else. */
	enum rp_by by;
	uint64_t from, to;   /* ns since the run began; to 0: no limit */
	const char *part_of; /* the options by which it is a part; NULL: it is of all */

	struct rp_instance_counts *counts; /* NULL, as the next ones, if not asked for */
	struct rp_slowest *slowest;
	struct rp_timeline *timeline;
	struct rp_event_sink sink;	      /* where the records are read to */
	const struct rp_event_filter *filter; /* the first of it, until it is closed */
	struct rp_window *window;	      /* all that they are read for now; NULL: the whole */
};

/* Read the records. */
int rp_report__read(const struct report *r, const struct rp_event_sink *sink, struct rp_err *err);

/* What passes on that which is asked for. NULL: out of memory; the last sink is still open then. */
struct rp_event_filter *rp_report__filter(const struct report *r, uint64_t from, uint64_t to,
					  const struct rp_event_sink *last);

struct rp_snapshot_opts rp_report__snapshot_opts(const struct report *r);

/* What the counts came to; its counts are NULL: out of memory. */
struct rp_reading rp_report__reading(const struct report *r);

/* Show what was read on the screen, until the user has seen enough: counts, by, from and to are
 * those shown last. */
int rp_report__show(struct report *r, struct rp_err *err);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the parts of a run share: its state, its views and its screen. */
#ifndef RP_TRACE_INTERNAL_H
#define RP_TRACE_INTERNAL_H

#include <stdio.h>
#include <sys/utsname.h>

#include "attach/calibrate.h"
#include "attach/mappings.h"
#include "collect/collect.h"
#include "discover/cgroups.h"
#include "run/launch.h"
#include "run/on_stuck.h"
#include "run/source_lines.h"
#include "run/trace.h"
#include "screen/screen.h"
#include "targets/targets.h"

struct trace {
	const struct rp_opts *opts;
	rp_say_fn say;
	struct rp_features features;
	struct rp_plan *plan;
	struct rp_session *session;
	struct rp_targets *targets;
	struct rp_mappings *mappings; /* of the whole system; NULL: it is not traced */
	uint64_t rested;	      /* ns: not to be drained before */
	struct rp_cgroups *cgroups;
	struct rp_launch *launch;
	struct rp_on_stuck *on_stuck; /* NULL without a command */
	int signals;		      /* signalfd */
	FILE *out;		      /* of -o FILE */

	struct rp_meta meta;
	struct utsname host;
	char target[256];
	uint64_t began;			    /* ns, CLOCK_MONOTONIC */
	struct rp_calibration *calibration; /* NULL: it failed */
	struct rp_costs costs;		    /* of the probes */
	struct rp_collect collect;	    /* what the source reads from */
	struct rp_counts_source source;
	struct rp_counts *last; /* of the table before */
	uint64_t last_cpu;	/* ns that the target had used then */
	unsigned long tables;	/* shown */
	int status;		/* of the command */

	enum rp_by by;
	bool on_screen;		  /* rather than printed tables */
	struct rp_screen *screen; /* NULL: it is not open */
	struct rp_counts *base;	  /* figures on the screen begin there; NULL: at the start */
	uint64_t base_cpu;	  /* ns that the target had used then */
	uint64_t ended;		  /* ns, CLOCK_MONOTONIC: the screen stays behind; 0: not yet */
	enum rp_group group;	  /* what the kernel groups by */
	bool regrouped;		  /* it did otherwise before */
	struct rp_source_lines *source_lines; /* of the regions; NULL so far */

	/* With --max-overhead. */
	struct rp_counts *checked; /* when it was last looked at; NULL: not yet */
	uint64_t checked_cpu;	   /* ns that the target had used then */
	uint64_t check;		   /* ns: when to look again */
	bool beyond_help;	   /* it is said that no more can be done */

	struct rp_plan *names; /* knows the names of all functions and probes; NULL so far */
};

extern const struct rp_targets_ops rp_trace__session_ops;

/* What the kernel has to group by for this to be shown. */
enum rp_group rp_trace__group_of(enum rp_by by);

/* ---- views ------------------------------------------------------------------------------ */

/* Once all is attached: what every snapshot says of the run. */
void rp_trace__describe(struct trace *tr);

/* Tables go by on stdout, unless that is where a summary for machines goes or the command writes.
 */
bool rp_trace__shows_tables(const struct rp_opts *opts);

/* cpu: what the target has used in the period, ns. NULL: out of memory. */
struct rp_snapshot *rp_trace__snapshot(struct trace *tr, const struct rp_counts *counts,
				       const struct rp_counts *before, uint64_t cpu);

/*
 * Read what is open, and run the command of --on-stuck; *open is NULL where nobody wants to know.
 * Errors of the command are told, and do not end the run.
 */
int rp_trace__read_open(struct trace *tr, struct rp_open_regions **open);

int rp_trace__print_table(struct trace *tr);
int rp_trace__print_summary(struct trace *tr, struct rp_err *err);

/* ---- changes while it runs ---------------------------------------------------------------- */

/* Trace what this selects, too; *added is how many regions there are more. */
int rp_trace__add_regions(struct trace *tr, const char *glob, size_t *added, struct rp_err *err);
/* The same for what costs too much, where there is a limit to that. */
int rp_trace__limit_overhead(struct trace *tr, uint64_t now);
/* Trace regions no more. */
int rp_trace__drop_regions(struct trace *tr, const uint32_t *regions, size_t n, struct rp_err *err);

/* ---- the screen ------------------------------------------------------------------------- */

/* Rather than tables, where there is a terminal for it. */
bool rp_trace__wants_screen(const struct rp_opts *opts);
int rp_trace__open_screen(struct trace *tr, struct rp_err *err);
/* Show what there is now. */
int rp_trace__refresh(struct trace *tr);
/* The target has ended: its last figures stay. */
void rp_trace__end_screen(struct trace *tr);
/* Give the terminal back; nothing without a screen. */
void rp_trace__close_screen(struct trace *tr);

#endif

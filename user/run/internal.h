/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the parts of a run share. Each part has its own state, which it alone changes. */
#ifndef RP_RUN_INTERNAL_H
#define RP_RUN_INTERNAL_H

#include <stdio.h>

#include "attach/calibrate.h"
#include "attach/mappings.h"
#include "collect/collect.h"
#include "discover/pid_namespace.h"
#include "run/budget.h"
#include "run/description.h"
#include "run/grouping.h"
#include "run/launch.h"
#include "run/on_stuck.h"
#include "run/recording.h"
#include "run/run.h"
#include "run/sampling.h"
#include "run/setup_file.h"
#include "run/signals.h"
#include "run/table.h"
#include "screen/screen.h"
#include "targets/targets.h"
#include "util/limits.h"
#include "util/loop.h"

/* events.c: what the kernel tells of processes and mappings. */
struct kernel_events {
	struct rp_mappings *mappings; /* of the whole system; NULL: it is not traced */
	struct rp_watch *watch;	      /* of the mappings */
	struct rp_timer *rest;	      /* until the mappings are looked at again */
	struct rp_timer *rescan;      /* until the targets have something to do */
	struct rp_timer *look;	      /* until what the kernel has told is looked for */
};

/* refresh.c: when figures are shown. */
struct refresh {
	struct rp_timer *timer;
	uint64_t due;
	struct rp_timer *stuck;	 /* until the next look at what is open; NULL: none */
	bool asked;		 /* by a key, whatever the interval */
	unsigned long intervals; /* over, shown or not */
};

/* costs.c: what probes cost. */
struct cost_meter {
	struct rp_calibration *calibration; /* NULL: it failed */
	struct rp_costs costs;
	struct rp_timer *timer;
};

/* overhead.c: --max-overhead. */
struct overhead_limit {
	struct rp_budget budget;
	struct rp_timer *timer;
	uint64_t period;
	bool trial; /* a period is to begin: regions were added, of which nobody knows the cost */
	bool told;  /* that it cannot be kept */
};

/* record.c: how far the record is. */
struct record_progress {
	struct rp_timer *timer;
	struct rp_recording_figures before; /* at the last look */
	uint64_t looked;		    /* when that was, ns */
	bool shown;			    /* on the terminal */
	unsigned dumps;			    /* files of --last that were told */
	bool told;			    /* that it has ended early */
};

struct live_screen; /* live_screen.c */

/* What lasts as long as the run. */
struct rp_run {
	const struct rp_opts *opts;
	struct rp_opts with_samples;	    /* those, where samples are offered */
	const struct rp_baseline *baseline; /* NULL: none */
	rp_say_fn say;
	struct rp_loop *loop;
	struct rp_signals *signals;
	struct rp_limits limits; /* of what is started */

	struct rp_features features;
	struct rp_plan *plan;
	struct rp_session *session;
	struct rp_collect collect; /* what the source reads from */
	struct rp_counts_source source;
	struct rp_helper *helper; /* of the targets */
	struct rp_targets *targets;
	struct rp_cgroups *cgroups;
	struct rp_sampling *sampling; /* NULL without --sample */
	struct rp_launch *launch;     /* NULL without a command */
	struct rp_on_stuck *on_stuck; /* NULL without one */
	FILE *out;		      /* of -o FILE */
	/* NULL without --record. */
	struct rp_recording *recording;
	uint64_t began;	     /* ns, CLOCK_MONOTONIC */
	uint64_t began_wall; /* what that was by the calendar, whatever its clock is set to later */
	int status;	     /* of the command */
	bool on_screen;	     /* rather than printed tables */
	bool cut_short;	     /* by a signal, before all was found */

	struct rp_description description;
	struct rp_grouping grouping;
	struct kernel_events events;
	struct refresh refresh;
	struct cost_meter cost_meter;
	struct overhead_limit overhead;
	struct rp_timer *auto_look; /* until functions are chosen; NULL without --auto */
	bool auto_waits;	    /* that was told */
	bool auto_looked;	    /* there were enough samples to choose by */
	bool silent_looked;	    /* whether probes that should be hit are not */
	unsigned silent_told;	    /* a bit for each kind of these that was told of */
	struct record_progress progress;
	unsigned shares_told; /* processes named so far for wanting more than their share */
	struct rp_reading table_before; /* that the last printed table was made of */
	struct rp_reading last;		/* from which the summary was made */
	struct live_screen *screen;	/* NULL: it is not open */
	struct rp_setup_file *setup;	/* of the screen; NULL: none is kept */
};

extern const struct rp_targets_ops rp_run__session_ops;

/* Which one rptrace runs in; an error where what is to be traced cannot be seen from there. */
int rp_run__pid_namespace(const struct rp_opts *opts, struct rp_pid_namespace *out,
			  struct rp_err *err);

/* Say it on the screen (before it has figures: once the terminal is given back), or else as all
 * that is no result: the cure goes there alone. */
void rp_run__say(struct rp_run *run, const char *line, const char *cure);
/* To be asked wherever something may take long: the run is to end. */
bool rp_run__is_cancelled(void);
/* The same for what the summary should have, and is mostly there at once: a while after that. */
bool rp_run__is_late(void);

/* ---- the start ------------------------------------------------------------------------------- */

/*
 * Where the target has nothing to trace by default and there is a screen, samples are to show what
 * is hot, so that the user can choose.
 */
int rp_run__offer_samples(struct rp_run *run, struct rp_err *err);
/* Load what is needed, attached to nothing so far. */
int rp_run__open(struct rp_run *run, struct rp_err *err);
/* Find the targets and probe them. command: the program that is held. */
int rp_run__attach(struct rp_run *run, const char *command, struct rp_err *err);
/* Samples are all that is asked for, and regions only where there are any. */
bool rp_run__may_do_without_regions(const struct rp_run *run);
/* What is traced, and what is not though it was selected. */
void rp_run__say_started(struct rp_run *run);
void rp_run__warn_of_debugger(struct rp_run *run);
/* Some ended by a breakpoint, which they may have copied. */
void rp_run__warn_of_traps(struct rp_run *run);
void rp_run__tell_of_hidden_kernel(struct rp_run *run);

/* ---- what the loop waits for: each part registers itself ----------------------------------- */

int rp_run__watch_events(struct rp_run *run);
int rp_run__watch_refresh(struct rp_run *run);
int rp_run__watch_costs(struct rp_run *run);
int rp_run__watch_overhead(struct rp_run *run);
void rp_run__try_regions(struct rp_run *run);
int rp_run__watch_auto(struct rp_run *run);
#define RP_SAMPLES_LEAST 100 /* fewer show nothing reliably */
/* From now on, who ends the sleep of threads in regions is counted. */
int rp_run__watch_wakers(struct rp_run *run, struct rp_err *err);
/* At the end: why --auto has chosen nothing. */
void rp_run__tell_of_short_auto(struct rp_run *run);
/* Of an interpreter whose probes wait for an option; ends: or else only once that is sure. */
void rp_run__tell_of_silent_probes(struct rp_run *run, bool ends);
/* Trace up to so many functions that samples show to be worth it; none if samples are too few. If
 * samples show none, the executable's, as far as the budget goes. */
int rp_run__choose_functions(struct rp_run *run, unsigned most, uint64_t *samples);
int rp_run__watch_record(struct rp_run *run);

/* A process wants more than its share of a bound. */
void rp_run__tell_share(struct rp_run *run, const struct rp_event *event);
/* Hand on what has happened to processes so far. */
int rp_run__collect_events(struct rp_run *run);
/* And take samples. */
int rp_run__drain_events(struct rp_run *run);
/* And what the whole system has mapped. */
int rp_run__drain_all(struct rp_run *run);
/* Figures are wanted now. */
void rp_run__ask_figures(struct rp_run *run);

/* ---- figures --------------------------------------------------------------------------------- */

/* Of now; its counts are to be freed. -ENOMEM. */
int rp_run__read(struct rp_run *run, struct rp_reading *out);

/* What they all say of the run. */
struct rp_meta rp_run__meta(const struct rp_run *run);
/* How snapshots of now are made. The counts bring new control groups, whose names are noted. */
struct rp_snapshot_opts rp_run__snapshot_opts(struct rp_run *run, const struct rp_counts *counts);

/*
 * Read what is open, and run the command of --on-stuck; *open is NULL where nobody wants to know.
 * Errors of the command are told, and do not end the run.
 */
int rp_run__read_open(struct rp_run *run, struct rp_open_regions **open);

/*
 * Each interval is printed on stdout, unless that is where a summary for programs goes, which has
 * nothing else in its stream, or where the command writes.
 */
bool rp_run__shows_intervals(const struct rp_opts *opts);
int rp_run__print_interval(struct rp_run *run);
/* As many as were asked for. */
bool rp_run__has_all_intervals(const struct rp_run *run);
int rp_run__print_summary(struct rp_run *run, struct rp_err *err);
void rp_run__tell_lost(struct rp_run *run);

/* Costs of the probes: measured for the first time; no more. */
void rp_run__start_costs(struct rp_run *run);
void rp_run__end_costs(struct rp_run *run);

/* ---- the record: all of it is nothing where none is asked for ------------------------------- */

/* Of the kernel's ring: a power of two; 0: nothing is recorded. */
uint32_t rp_run__ring_bytes(const struct rp_opts *opts);
int rp_run__open_record(struct rp_run *run, struct rp_err *err);
/* Of the store that they go to. */
int rp_run__record_samples(struct rp_run *run, struct rp_err *err);
/* Once tracing has begun. */
int rp_run__start_record(struct rp_run *run, struct rp_err *err);
/* It is over: nothing is in the way of what is printed. */
void rp_run__end_progress(struct rp_run *run);
/* Once it has ended, and the summary says what was counted. err may be NULL. */
int rp_run__finish_record(struct rp_run *run, struct rp_err *err);

/* ---- changes while it runs ------------------------------------------------------------------- */

/* Trace what this selects, too; *added is how many regions there are more. */
int rp_run__add_regions(struct rp_run *run, const char *glob, size_t *added, struct rp_err *err);
/* Trace regions no more. */
int rp_run__drop_regions(struct rp_run *run, const uint32_t *regions, size_t n, struct rp_err *err);

/* ---- the screen ------------------------------------------------------------------------------ */

/* Rather than tables, where there is a terminal for it. */
bool rp_run__wants_screen(const struct rp_opts *opts);
/* Before it is known what there is to show: it tells what is done until then. */
int rp_run__open_screen(struct rp_run *run, struct rp_err *err);
/* Its keys; nothing without a screen. */
int rp_run__watch_screen(struct rp_run *run, struct rp_err *err);
/* Give the terminal back; nothing without a screen. */
void rp_run__close_screen(struct rp_run *run);

/* All that follow want one. */
int rp_live_screen__refresh(struct live_screen *screen);
/* The target has ended: its last figures stay. */
void rp_live_screen__end(struct live_screen *screen);
void rp_live_screen__say(struct live_screen *screen, const char *line, const char *cure);
/* What is done until there are figures. */
void rp_live_screen__tell_start(struct live_screen *screen, const char *doing);
/* What it is made of, for its own questions. */
struct rp_screen *rp_live_screen__screen(const struct live_screen *screen);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The command line: argv to one constant struct. What options there are, their types, bounds and
 * defaults stand in one table (options.c), from which help is printed too.
 */
#ifndef RP_OPTS_H
#define RP_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "aggregate/snapshot.h"
#include "compare/forms.h"
#include "export/export.h"
#include "plan/plan.h"
#include "util/error.h"
#include "view/view.h"

enum rp_command {
	RP_COMMAND_LIVE,
	RP_COMMAND_LIST,
	RP_COMMAND_RECORD,
	RP_COMMAND_REPORT,
	RP_COMMAND_DIFF,
	RP_COMMAND_DOCTOR,
	RP_COMMAND_COUNT
};

struct rp_texts {
	const char **items;
	size_t n;
};

/* What --auto implies for --sample and --max-overhead, unless they are given. */
#define RP_AUTO_HZ	 997
#define RP_AUTO_OVERHEAD 0.05
#define RP_AUTO_MOST	 16 /* functions, unless --auto=N gives a number */

struct rp_words {
	int first, n; /* in the line */
	size_t at;    /* where in the last of them a value is */
};

struct rp_opts {
	enum rp_command command;
	bool help, version; /* is all that is asked for */
	/* The line as it was typed, for the cures of what fails later. */
	char **words;
	int n_words, n_own;	/* all of them; those before "--" */
	struct rp_texts told;	/* options with `decides` set: name, value, name, ... */
	struct rp_words *stood; /* where each of rp_options stood last; n is 0: it did not */
	size_t *option_of;	/* of each word: its number in rp_options, from 1; 0: of none */

	pid_t *pids;
	size_t n_pids, n_found; /* all; the last of them, which were found by a name */
	char **names;		/* of processes, until rp_opts__find_processes() */
	size_t n_names;
	char **argv;	  /* of the command to start; NULL without one */
	const char *user; /* as whom it runs; NULL: as rptrace does */
	bool no_follow;

	struct rp_texts functions, usdts, excludes;
	struct rp_operand label;
	struct rp_where where;
	const char *within; /* NULL: not given */
	struct rp_pattern within_pattern;
	double min_duration; /* s */
	double max_overhead; /* share of the target's CPU time; 0: any */
	enum rp_attach_mode attach;
	enum rp_exit_method exit_method;

	double stuck;	      /* s; 0: not given */
	const char *on_stuck; /* a command; NULL: none */

	double interval, duration; /* s; duration 0: no limit */
	unsigned iterations;	   /* 0: no limit */
	bool interval_given;
	bool batch, tree, compensate, verbose, no_setup, no_mouse;
	unsigned sample_hz; /* 0: no samples */
	unsigned off_cpu;   /* stacks a second and CPU at most; 0: sleeps are not looked at */
	bool wakers;
	unsigned auto_most; /* functions to choose; 0: none */
	bool json;
	const char *baseline; /* file; NULL: none */
	enum rp_by by;
	const struct rp_column *sort;
	struct rp_column_list columns; /* none: those of use */
	const struct rp_view *format;
	bool format_given;		/* of a report */
	const struct rp_export *export; /* of a report, in place of the format; NULL: none */
	const char *output;		/* NULL: stdout, or stderr with a command */

	struct rp_texts files, regions; /* of a report: records, and globs of what it is about */
	struct rp_texts other_files;	/* of diff: B, where the others are A */
	enum rp_metric metric;		/* what diff judges */
	double max_regression;		/* of that metric, as a share; 0: no bound */
	unsigned diff_form;		/* index of rp_diff_forms */
	unsigned runs;			/* pairs that diff makes; 0: none, it has files */
	char **second_argv;		/* of the second command of diff */
	char **first_argv;		/* argv of its first command, to be freed */
	double from, to;		/* s since the run began; to 0: no limit */
	unsigned thread;		/* tid; 0: all */
	unsigned slowest;		/* of each region; 0: not asked for */
	unsigned split; /* instances in each file of an export; 0: all in one file */

	const char *record; /* file of all instances; NULL: none */
	const char *stream; /* the same as a Chrome trace that grows; NULL: none */
	char *named[3];	    /* names of files that rp_opts__name_files() has made */
	uint64_t max_ring;  /* bytes of instances on their way there */
	uint64_t max_size;  /* of the file; 0: no limit */
	unsigned rotate;    /* then it goes on in another one, and so many are kept; 0: it ends */
	double slower_than; /* s: only trees that take so long; 0: all */
	unsigned every;	    /* one tree in so many; 0: all */
	double last;	    /* s that are kept in memory until they are asked for; 0: no */

	unsigned max_depth, max_nodes, max_labels, max_names, max_spans, max_regions, max_wakers,
		max_on_stuck;
};

/*
 * Nothing is printed, and nothing but argv is read. -EINVAL: it cannot be understood; the cure in
 * err is the command line with the mistake mended, wherever that can be told.
 */
int rp_opts__parse(struct rp_opts *opts, int argc, char **argv, struct rp_err *err);
void rp_opts__free(struct rp_opts *opts);

/* The processes that -p names by their command names join opts->pids: all that carry one. */
int rp_opts__find_processes(struct rp_opts *opts, const char *proc_root, struct rp_err *err);

/*
 * Expands specifiers, such as %h for the host, in the names of files to write. Once a run: the
 * time is one of them. -EINVAL, -ENAMETOOLONG.
 */
int rp_opts__name_files(struct rp_opts *opts, struct rp_err *err);

/* What --help says of a command, at most 80 columns wide. */
void rp_opts__help(enum rp_command command, FILE *out);

/* The option of that long name is on the command line. */
bool rp_opts__is_given(const struct rp_opts *opts, const char *name);

/* Neither processes nor a command are named. */
bool rp_opts__is_system(const struct rp_opts *opts);

/* "process", "thread", ...; NULL for RP_BY_NONE and past the last. */
const char *rp_by__name(unsigned by);

#endif

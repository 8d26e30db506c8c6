/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The command line: argv to one constant struct. */
#ifndef RP_OPTS_H
#define RP_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "aggregate/snapshot.h"
#include "attach/features.h"
#include "plan/plan.h"
#include "view/view.h"

enum rp_command { RP_COMMAND_LIVE, RP_COMMAND_LIST, RP_COMMAND_DOCTOR };

struct rp_opts {
	enum rp_command command;

	pid_t *pids;
	size_t n_pids;
	char **argv; /* of the command to start; NULL without one */
	bool follow;

	const char **functions, **usdts, **excludes;
	size_t n_functions, n_usdts, n_excludes;
	struct rp_operand label;
	struct rp_where where;
	double min_duration; /* s */
	double max_overhead; /* share of the target's CPU time; 0: any */
	enum rp_attach_mode attach;
	enum rp_exit_method exit_method;

	double stuck;	      /* s; 0: not given */
	const char *on_stuck; /* a command; NULL: none */

	double interval, duration; /* s; duration 0: no limit */
	unsigned long iterations;  /* 0: no limit */
	bool interval_given;
	bool batch, tree, compensate, verbose;
	bool json; /* of rptrace doctor */
	enum rp_by by;
	const struct rp_column *sort;
	const struct rp_view *format;
	const char *output; /* NULL: stdout, or stderr with a command */

	/* 0: default */
	unsigned max_depth, max_nodes, max_labels, max_names, max_spans, max_regions, max_on_stuck;
};

/* Parse; on a bad command line say so as argp does and exit with RP_EXIT_USAGE. */
void rp_opts__parse(struct rp_opts *opts, int argc, char **argv);
void rp_opts__free(struct rp_opts *opts);

/* Neither processes nor a command are named. */
bool rp_opts__is_system(const struct rp_opts *opts);

/* "process", "thread", ...; NULL for RP_BY_NONE. */
const char *rp_by__name(enum rp_by by);

#endif

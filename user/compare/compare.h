/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What differs between runs of A and runs of B. Pure.
 *
 * The unit is a run, not a call: calls of one run share its memory layout, its neighbours and its
 * clock speed, so that any test over calls finds differences between a program and itself. Each run
 * gives one value a region: the logarithm of its median. Runs of A and B that were made one after
 * the other are a pair, which the drift of the machine touches alike, and the differences of the
 * pairs are tested (Student's t), with Holm's correction, as there are many regions. What is
 * significant and yet too small to mean anything is no change; what is neither a change nor
 * excluded cannot be told from these runs.
 */
#ifndef RP_COMPARE_H
#define RP_COMPARE_H

#include "compare/outcome.h"
#include "compare/run_summary.h"
#include "compare/sample_changes.h"

#define RP_COMPARE_PAIRS 5     /* below that nothing is judged */
#define RP_COMPARE_FLOOR 0.02  /* less is no change */
#define RP_COMPARE_ALPHA 0.05  /* that something is called a change where nothing is one */
#define RP_COMPARE_MORE	 10000 /* pairs that nobody makes */

/* What is judged. */
enum rp_metric {
	RP_METRIC_MEDIAN, /* of CPU time; of a span, which is on no CPU, of wall time */
	RP_METRIC_CPU,
	RP_METRIC_P50,
	RP_METRIC_P99,
	RP_METRIC_MEAN,
	RP_METRIC_SELF,
	RP_METRIC_TOTAL,
	RP_METRIC_COUNT,
};
/* What --metric takes; NULL past the last. */
const char *rp_metric__name(unsigned metric);
/* In words. */
const char *rp_metric__about(enum rp_metric metric);

/* Against a bound on regressions. */
enum rp_gate { RP_GATE_NONE, RP_GATE_WITHIN, RP_GATE_EXCEEDED, RP_GATE_UNCERTAIN };

struct rp_change {
	const char *name;
	enum rp_kind kind;
	double a[RP_FIGURES], b[RP_FIGURES]; /* means over the runs that have it; 0: none has */
	size_t pairs;			     /* of runs that both have it */
	double floor;			     /* a change that is no greater is none */
	struct rp_ratio ratio; /* B to A, of what is judged; value 0: one side has none; low and
				  high are 0 where it was not judged */
	double p;	       /* over all regions */
	enum rp_outcome verdict;
	size_t more; /* pairs that it would take to tell, where it cannot be told */
	enum rp_gate gate;
	struct rp_ratio gate_ratio;
	size_t gate_more;
};

struct rp_compare_opts {
	enum rp_metric metric;
	const char *const *regions; /* globs of what is judged; none: all */
	size_t n_regions;
	double max_regression; /* a share; 0: no bound */
};

struct rp_side {
	struct rp_run_summary *run; /* by start time */
	size_t n;
};

struct rp_comparison {
	struct rp_compare_opts opts;
	const struct rp_side *a, *b;
	struct rp_change *change;
	size_t n; /* changes first, then by what is judged */
	size_t pairs;
	bool is_judged;
	size_t n_judged; /* regions */
	enum rp_gate gate;
	const struct rp_change *worst; /* that the gate is about; NULL: none was judged */
	struct rp_sample_changes samples;
	const char **warnings;
	size_t n_warnings;
	const char **notes; /* differences that may be what is compared */
	size_t n_notes;
	struct rp_arena strings;
};

/* Sorts the runs of both sides, which have to last as long. 0 or -ENOMEM. */
int rp_compare(struct rp_side *a, struct rp_side *b, const struct rp_compare_opts *opts,
	       struct rp_comparison *out);
void rp_comparison__free(struct rp_comparison *comparison);

/* "slower" or "faster"; of how often: "more" or "less"; and so on. */
const char *rp_outcome__text(enum rp_outcome verdict, enum rp_metric metric);

/* "within", "exceeded", "uncertain"; "" where there is no bound. */
const char *rp_gate__text(enum rp_gate gate);

#endif

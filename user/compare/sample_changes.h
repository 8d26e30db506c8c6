/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Which functions and lines grew, as samples tell it: their self CPU time a run, in runs of A and
 * in runs of B. As with regions the unit is a run where there are pairs enough; of fewer runs it is
 * told what chance in sampling may make of it (Wilson's interval), and nothing is judged. Pure.
 */
#ifndef RP_SAMPLE_CHANGES_H
#define RP_SAMPLE_CHANGES_H

#include <stdbool.h>

#include "aggregate/baseline.h"
#include "compare/outcome.h"
#include "compare/run_profile.h"

#define RP_SAMPLE_SHARE 0.01 /* what has less of all samples, in A and in B, is not judged */

struct rp_sample_change {
	struct rp_run_place place; /* its self is not used */
	double share[2];	   /* of all samples: A, B; means over the runs that have any */
	double self[2];		   /* ns of CPU time a run; 0 where that is not known */
	struct rp_ratio ratio;	   /* B to A, of self, or else of the share; value 0: A has none */
	double p;		   /* over all that are judged; where it was not, 0 */
	enum rp_outcome verdict;
};

struct rp_sample_changes {
	struct rp_sample_change *item; /* functions, then lines; of both what changed most first */
	size_t n_functions, n;	       /* n 0: one of the sides has no samples */
	double samples[2];	       /* of all runs: A, B */
	bool has_cpu, is_judged;
};

struct rp_comparison;

/* Of the runs of a comparison, in its order. -ENOMEM. */
int rp_sample_changes__make(const struct rp_comparison *comparison, struct rp_sample_changes *out);
void rp_sample_changes__free(struct rp_sample_changes *changes);

/* It has share enough to be told to people. */
bool rp_sample_change__is_large(const struct rp_sample_change *change);

#endif

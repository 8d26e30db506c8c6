/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Figures of an earlier run, which those of now are compared with, region by region and path by
 * path.
 *
 * A change is told with the range that it lies in, as most differences of two runs are none of the
 * program: of a percentile it is known in which bucket of the histogram it lies, and of n calls
 * only that it is between the times at certain ranks; probes take a different time in each run; and
 * a count scatters by its square root. docs/COUNTING.md has the formulas. Pure.
 */
#ifndef RP_BASELINE_H
#define RP_BASELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/map.h"
#include "util/region_kind.h"

struct rp_snapshot;

/* One figure as a multiple of another one, and the range that it lies in. */
struct rp_ratio {
	double value, low, high;
};

/* Figures that are compared. Of a row without one all of its ratio is 0. */
enum rp_changed { RP_CHANGED_RATE, RP_CHANGED_P50, RP_CHANGED_P99, RP_CHANGED_COUNT };

/* What of the figures of an instance's times a baseline has. */
struct rp_past_figures {
	uint64_t count;
	double min, p50, p90, p99, p999, max; /* ns; all 0: not known, of several groups joined */
	double probes;			      /* ns that probes add to an instance */
};

struct rp_past_name {
	const char *name;
	enum rp_kind kind;
};

#define RP_PAST_FLAT UINT32_MAX /* in place of a parent: a region's row, not a path */

/* A region, or a path. */
struct rp_past {
	uint32_t parent; /* number of a path; 0: it is a root */
	struct rp_past_name name;
	struct rp_past_figures f;
};

struct rp_baseline {
	const char *file;  /* how it is called; the caller's */
	uint64_t duration; /* ns; 0: not known */
	struct rp_past *past;
	size_t n, room;
	struct rp_past_name *names; /* sorted: the target chooses them, so that none is hashed */
	size_t n_names;
	struct rp_map number; /* of parent and name -> index of past */
	struct rp_arena strings;
};

/* Returns the number of a path, to be named as a parent; 0: -ENOMEM. */
uint32_t rp_baseline__add(struct rp_baseline *baseline, const struct rp_past *past);
/* All are there: those called the same are joined. -ENOMEM. */
int rp_baseline__finish(struct rp_baseline *baseline);
/* The same of what a run came to: an empty baseline gets all of it. -ENOMEM. */
int rp_baseline__of_snapshot(struct rp_baseline *baseline, const struct rp_snapshot *snapshot);
void rp_baseline__free(struct rp_baseline *baseline);

/* The rows of a snapshot get what they are against it, and it gets the names of what it has not.
 * -ENOMEM. */
int rp_baseline__apply(const struct rp_baseline *baseline, struct rp_snapshot *snapshot);

/* How the rate of so many instances in so many seconds is to that of then. */
struct rp_ratio rp_baseline__rate(const struct rp_baseline *baseline, const struct rp_past *past,
				  double count, double seconds);

/* The ratio is not 1 for all that is known. */
bool rp_ratio__is_certain(const struct rp_ratio *ratio);

#endif

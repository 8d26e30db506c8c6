/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What a run comes to: the figures of each of its regions, and how they came about. Pure. */
#ifndef RP_RUN_SUMMARY_H
#define RP_RUN_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregate/baseline.h"
#include "compare/run_profile.h"
#include "record/sink.h"
#include "util/arena.h"
#include "util/region_kind.h"

enum rp_figure {
	RP_FIGURE_COUNT,
	RP_FIGURE_TOTAL,
	RP_FIGURE_SELF,
	RP_FIGURE_MEAN,
	RP_FIGURE_P50,
	RP_FIGURE_P99,
	RP_FIGURE_CPU, /* the median of CPU time: not of a snapshot, and not of a span */
	RP_FIGURES,
};

struct rp_run_region {
	const char *name;
	enum rp_kind kind;
	double figure[RP_FIGURES];     /* times in ns; 0: it has none */
	const char *object, *build_id; /* of a record; "": not known */
	double probes;		       /* ns that probes add to an instance: their own cost */
};

struct rp_run_summary {
	const char *name; /* of the file */
	bool is_record;	  /* every instance was there; else a snapshot, of sums */
	uint64_t wall;	  /* when it began: ns since 1970; 0: not known */
	struct rp_meta meta;
	uint64_t lost;	      /* instances that the record has not */
	double ns_per_region; /* of the probes; 0: not known */
	struct rp_run_profile profile;
	struct rp_run_region *region;
	size_t n_regions;	 /* by name, then by kind */
	struct rp_baseline past; /* the same for a live view, with paths */
	struct rp_arena strings; /* that all of this points to */
};

void rp_run_summary__free(struct rp_run_summary *run);
/* NULL: there is none. */
const struct rp_run_region *rp_run_summary__find(const struct rp_run_summary *run, const char *name,
						 enum rp_kind kind);
/* As regions are ordered. */
int rp_run_region__compare(const void *a, const void *b);

/* ---- of a record --------------------------------------------------------------------------- */

struct rp_run_summing;

/* NULL: out of memory. */
struct rp_run_summing *rp_run_summing__new(void);
/* Where a reader is to tell the record. Its close() frees nothing. */
struct rp_event_sink rp_run_summing__sink(struct rp_run_summing *summing);
/* What it came to; name: of the file. 0 or -ENOMEM. */
int rp_run_summing__finish(struct rp_run_summing *summing, const char *name,
			   struct rp_run_summary *out);
void rp_run_summing__free(struct rp_run_summing *summing);

/* ---- of a snapshot --------------------------------------------------------------------------- */

/* The JSON of a run. -EINVAL: it is none, and *why, of static memory, says so; -ENOMEM. */
int rp_run_summary__of_json(const char *text, size_t n, const char *name,
			    struct rp_run_summary *out, const char **why);

#endif

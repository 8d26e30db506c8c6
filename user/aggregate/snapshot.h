/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * From the kernel's figures of nodes to what is shown: rows of regions and the calling-context
 * tree. Pure. Times in ns.
 */
#ifndef RP_SNAPSHOT_H
#define RP_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregate/baseline.h"
#include "aggregate/counts.h"
#include "aggregate/open_regions.h"
#include "aggregate/overhead.h"
#include "aggregate/sampled.h"
#include "discover/cgroups.h"
#include "util/arena.h"

/* ---- out ----------------------------------------------------------------------------- */

struct rp_row_figures {
	uint64_t count;
	/* blocked = total - cpu - wait, never below 0; of a span all three are 0 */
	uint64_t total, self, cpu, wait, blocked;
	/*
	 * Of --off-cpu, also of calls that are open: ns asleep, and of these such without a stack
	 */
	uint64_t asleep, asleep_untold;
	uint64_t min, max; /* 0 where count is 0 */
	double mean, stddev;
	uint64_t p50, p90, p99, p999;
	uint64_t open, unwound;
	uint64_t unmatched;   /* of the whole region, whatever the path and the group */
	uint64_t first, last; /* of a record: when it was first entered, and last over; else 0 */
	double imbalance;     /* by file: the region's largest total over the mean one; else 0 */
};

struct rp_history;

struct rp_row {
	const char *name;
	enum rp_kind kind;
	const char *object;
	const char *group; /* NULL without grouping */
	uint32_t region;
	bool slow;
	bool crossed;	 /* some ends named another call than the one begun last: fibers */
	bool left_out;	 /* while tracing: the figures are those up to then */
	bool distorted;	 /* more than a fifth of its own time was that of probes */
	bool late;	 /* a label past the bound that was frequent: calls before are in "other" */
	double probe_ns; /* time that its probes took */
	double probes;	 /* ns that probes, of what is inside too, add to an instance: a mean */
	bool ends_at_jump; /* some calls are timed only up to a tail call */
	unsigned told_by;  /* of calls that overlap, the argument that tells them apart, plus 1 */
	const char *usdt;  /* how -u names it; NULL: it is no USDT pair */
	struct rp_row_figures f;
	struct rp_hist_part hist;   /* empty in the tree, and where nothing was timed */
	struct rp_profile profile;  /* empty in the tree, and where no samples are taken */
	struct rp_profile sleeps;   /* likewise */
	struct rp_wakings wakings;  /* empty where wakers are not counted */
	struct rp_history *history; /* what the live screen remembers of it; NULL elsewhere */
	bool new;		    /* the baseline has none such */
	const struct rp_past *past; /* the baseline's; NULL: it has none, or there is none */
	struct rp_ratio change[RP_CHANGED_COUNT]; /* against that */
};

struct rp_tree_row {
	uint32_t id;	 /* from 1; a parent comes before its children: depth-first order */
	uint32_t parent; /* 0 at a root */
	uint32_t depth;	 /* 0 at a root */
	struct rp_row row;
};

struct rp_meta {
	const char *version, *host, *kernel;
	char start_time[40];	 /* RFC 3339 with offset */
	const char *attach_mode; /* "session", "multi", "perf" */
	uint64_t probes, slow_sites;
	uint64_t processes;	     /* that are traced now */
	double ns_per_region;	     /* of rptrace's probes; 0 where not known */
	double cpu_share;	     /* of the target's; NAN where that is not known */
	struct rp_overhead overhead; /* as it is told; zero where not known */
	const char *group_by; /* NULL, or "process", "thread", ...: the title of the column */
	const char *target;   /* one line: what is traced */
	const char *kept;    /* of a record: options by which it has a part of the run; else NULL */
	const char *options; /* of a record: what was traced, and how; else NULL */
};

/* Its strings become copies that last as long as the arena. 0 or -ENOMEM. */
int rp_meta__keep(struct rp_meta *meta, struct rp_arena *strings);

struct rp_snapshot {
	struct rp_meta meta;
	uint64_t duration; /* ns covered by the figures */
	struct rp_row *rows;
	size_t n_rows;
	struct rp_tree_row *tree;
	size_t n_tree;
	const char **left_out; /* names of regions that were, while tracing */
	size_t n_left_out;
	uint64_t lost[RP_LOST_COUNT];
	uint64_t late_ns; /* as in the counts */
	uint64_t count;	  /* frames left by their exit, all regions; skipped ones included */
	double pairs;	  /* hits of probes, in pairs of an entry and its exit */
	double probe_ns;  /* that they took */
	struct rp_open_regions
		*open;		    /* what is open now, freed with the rest; NULL: not asked for */
	struct rp_sampled *sampled; /* NULL: no samples are taken */
	struct rp_sampled *asleep;  /* where threads slept; NULL: that is not told */
	const struct rp_baseline *baseline; /* that rows are compared with; NULL: none */
	const char **missing;		    /* names of its regions that have no row here */
	size_t n_missing;
	struct rp_wakers *wakers; /* NULL: they are not counted */
};

/* Its stacks: samples where they are taken, or else where threads slept; NULL: neither is told. */
static inline const struct rp_sampled *rp_snapshot__stacks(const struct rp_snapshot *snapshot)
{
	return snapshot->sampled ? snapshot->sampled : snapshot->asleep;
}

enum rp_by {
	RP_BY_NONE,
	RP_BY_PROCESS,
	RP_BY_THREAD,
	RP_BY_COMMAND,
	RP_BY_CGROUP,
	RP_BY_LABEL,
	RP_BY_FILE, /* of records: the label of a root is the text that its file is called by */
};

struct rp_snapshot_opts {
	enum rp_by by;
	struct rp_meta meta; /* goes into the snapshot; its strings stay the caller's */
	uint64_t since;	     /* ns, CLOCK_MONOTONIC: begin of the period without `before` */
	bool idle_rows;	     /* also regions that were never entered; those with unmatched exits are
				there anyway */
	const struct rp_cgroups *cgroups;   /* their names; NULL: numbers will do */
	bool compensate;		    /* take the cost of probes out of total, self and cpu */
	const struct rp_baseline *baseline; /* outlives the snapshot; NULL: none */
};

/*
 * Build what is shown from `now`, or from now less `before` (NULL: since the start). Under a
 * difference, min and max are the bounds that the histogram gives.
 * Region rows: count, self, open, ... are sums over the region's nodes; total, cpu and wait are
 * sums over those nodes that have no ancestor in the same row (recursion counts once); mean,
 * stddev, percentiles, min and max are over all frames. With `by`, one row a region and group; the
 * tree likewise has the groups' roots merged by group (RP_BY_NONE: no root row at all).
 * Labels: RP_BY_LABEL groups by the frame's label ("other" for RP_NODE_OTHER, "-" without one) and
 * gives the tree a row a label; else nodes that differ by label alone are merged.
 * Recursion in the tree stays as it is: one row a level.
 * NULL: out of memory.
 */
struct rp_snapshot *rp_snapshot__build(const struct rp_counts *now, const struct rp_counts *before,
				       const struct rp_snapshot_opts *opts);
void rp_snapshot__free(struct rp_snapshot *snapshot);

#endif

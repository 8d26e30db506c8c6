/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Inside aggregate: names of regions, and nodes merged to the paths that are shown. Pure.
 */
#ifndef RP_PATHS_H
#define RP_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregate/snapshot.h"

/* ---- regions: what node.region stands for ---------------------------------------------- */

/* Own copies of the names: a snapshot outlives what it was built from. */
struct rp_regions {
	struct rp_region_name
		*region; /* unmatched: since `before`; sums where names are the same */
	uint32_t *same;	 /* index of the first region with this one's name and kind */
	bool *unpaired;	 /* had unmatched exits, ever */
	size_t n_static; /* these come first, then the dynamic ones ... */
	size_t n;	 /* ... and last one that stands for ids without a name */
	char *strings;
};

int rp_regions__build(const struct rp_counts *now, const struct rp_counts *before,
		      struct rp_regions *out);
void rp_regions__free(struct rp_regions *regions);

/* Index of a region id. Same name and kind: same index. */
uint32_t rp_regions__index(const struct rp_regions *regions, uint32_t id);

/* ---- sums ------------------------------------------------------------------------------ */

/* What the nodes add up to that one row shows. */
struct rp_sums {
	uint64_t entries, left; /* since the start: what is open is a state, not a difference */
	uint64_t count, unwound;
	uint64_t skipped;	   /* too short for --min-duration, yet their probes were hit */
	uint64_t frames;	   /* ns, all frames */
	uint64_t total, cpu, wait; /* ns, of a region only its outermost frames */
	uint64_t asleep, asleep_untold; /* the same, where threads are watched going to sleep */
	uint64_t self;
	unsigned __int128 squares; /* of all frames */
	uint64_t first, last;	   /* see struct rp_node_counts, as is what follows */
	bool incomplete;
	uint64_t min_inv, max; /* since the start */
	bool late;	       /* a label that got its row past the bound */
	double probe_self;     /* ns of `self`, as measured, that are those of probes */
	double probe_frames;   /* the same of `frames` */
};

/*
 * Hits of the probes of one region, in pairs of an entry and its exit, which is what a cost is
 * known of. One that comes alone counts as half of that.
 */
static inline double rp_sums__pairs(const struct rp_sums *sums)
{
	return (double)(sums->count + sums->skipped) + (double)sums->unwound / 2;
}

static inline double rp_stray_hits__pairs(const struct rp_stray_hits *stray)
{
	return (double)stray->hits / 2;
}

/* Percentiles q (0 to 1, ascending) in ns: interpolated in their buckets, within [min, max]. */
void rp_hist__percentiles(const struct rp_hist_part *hist, uint64_t count, const double *q,
			  size_t n, uint64_t min, uint64_t max, uint64_t *out);

static inline uint64_t rp_less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* ---- paths ----------------------------------------------------------------------------- */

#define RP_PATH_NONE UINT32_MAX
#define RP_GROUP_LEN 72 /* a string that is a label is the longest */
_Static_assert(RP_GROUP_LEN >= RP_CGROUP_NAME_LEN, "names of cgroups fit");

struct rp_path {
	uint32_t parent; /* index, or RP_PATH_NONE */
	uint32_t region; /* index into struct rp_regions */
	uint32_t group;
	uint32_t depth;
	uint32_t child, next; /* of those in the order below */
	uint32_t node; /* index of the last node merged here; the others follow by next_node */
	struct rp_sums sums;
};

/*
 * The label of a node, as groups are called by it, in RP_GROUP_LEN bytes; empty without one. A
 * string among the texts is the target's.
 */
void rp_label__text(const struct rp_node *node, const struct rp_text *texts, size_t n_texts,
		    char *text);

struct rp_paths {
	struct rp_path *path; /* a parent comes before its children */
	size_t n;
	uint32_t *next_node; /* of node index: one more of the same path, or RP_PATH_NONE */
	uint32_t *order;     /* of path, depth first by group; none that was never entered */
	size_t n_order;
	char (*group)[RP_GROUP_LEN]; /* texts, in order */
	size_t n_groups;
	uint64_t count;	 /* frames left by their exit, those skipped included */
	double pairs;	 /* hits of all probes, in pairs of an entry and its exit */
	double probe_ns; /* what they took */
};

int rp_paths__build(const struct rp_counts *now, const struct rp_counts *before,
		    const struct rp_regions *regions, const struct rp_snapshot_opts *opts,
		    struct rp_paths *out);
/* Number the groups, and say in group_of[] (of node index) which each node is in. */
int rp_paths__number_groups(struct rp_paths *paths, const struct rp_counts *now,
			    const struct rp_snapshot_opts *opts, uint32_t *group_of);
/* Room for what all nodes of a path have. */
void rp_paths__widen_hist(const struct rp_paths *paths, uint32_t path, const struct rp_counts *now,
			  struct rp_hist_part *part);
/* Add it, less what they had before. */
void rp_paths__add_hist(const struct rp_paths *paths, uint32_t path, const struct rp_counts *now,
			const struct rp_counts *before, struct rp_hist_part *to);
/*
 * The row of the tree that each node is shown in: that of its path (id_of), or where none is shown
 * for that, of the nearest one above; 0: there is none. NULL: out of memory.
 */
uint32_t *rp_paths__rows_of_nodes(const struct rp_paths *paths, size_t n_nodes,
				  const uint32_t *id_of);
void rp_paths__free(struct rp_paths *paths);

#endif

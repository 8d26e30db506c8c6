/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What instances add up to for each path, for forms that are about no time: how many were timed,
 * and the time that they spent there and not further inside. What was unwound or is open has no
 * time that is known, and a span is on no thread whose time it could take: these are not there.
 * Internal to export/.
 */
#ifndef RP_EXPORT_PATHS_H
#define RP_EXPORT_PATHS_H

#include "export/internal.h"

struct rp_path_sums {
	uint64_t count, self;
};

struct rp_export_paths {
	struct rp_told told; /* first: see told.h */
	struct rp_out out;
	struct rp_path_sums *sums; /* by index of node */
	uint32_t *chain;	   /* as many: the nodes from the outermost of a path in */
	size_t n;
	/* One that was entered, as the run ends; chain has `depth` nodes. 0 or a negative errno. */
	int (*write)(struct rp_export_paths *paths, const struct rp_path_sums *sums, size_t depth);
	/* What else there is of a run, which ends; may be NULL. Likewise. */
	int (*end)(struct rp_export_paths *paths, const struct rp_event_end *end);
	/* What comes last, however many runs there were; may be NULL. Likewise. */
	int (*finish)(struct rp_export_paths *paths);
	/* All that the state has besides; may be NULL. */
	void (*free)(struct rp_export_paths *paths);
};

/*
 * The sink of a state that begins with such a one, its own fields set. Frees all when it is closed.
 */
struct rp_event_sink rp_export_paths__sink(struct rp_export_paths *paths);

#endif

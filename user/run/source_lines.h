/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Where the sites of regions are in the source. Debug information is large, and a target's own: a
 * process without rights reads it, for a bounded time and in bounded memory.
 */
#ifndef RP_SOURCE_LINES_H
#define RP_SOURCE_LINES_H

#include "plan/plan.h"
#include "screen/source.h"
#include "targets/targets.h"

struct rp_source_lines;

/* Plan, targets and helper, which finds debug files, must outlive it. NULL: out of memory. */
struct rp_source_lines *rp_source_lines__new(const struct rp_plan *plan,
					     const struct rp_targets *targets,
					     struct rp_helper *helper);
void rp_source_lines__free(struct rp_source_lines *source_lines);

/*
 * What is known of a region by now; what is not is looked for, one region at a time, while others
 * go on: ask again. Lives until the next call. NULL: out of memory.
 */
const struct rp_source *rp_source_lines__of(struct rp_source_lines *source_lines, uint32_t region);

#endif

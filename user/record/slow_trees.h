/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * A sink before another one, which passes on whole trees: all that ran inside a call that was the
 * outermost of its thread, and took so long. Whether it did is known when it ends, which is when
 * all of its tree has been told; until then that waits here. The rest is counted as left out.
 * Pure.
 */
#ifndef RP_SLOW_TREES_H
#define RP_SLOW_TREES_H

#include "record/sink.h"

struct rp_slow_trees;

/* least: ns. It closes the next one. NULL: out of memory. */
struct rp_slow_trees *rp_slow_trees__new(uint64_t least, const struct rp_event_sink *next);
/* Frees it all, too, when it is closed. */
struct rp_event_sink rp_slow_trees__sink(struct rp_slow_trees *trees);

/* Instances that wait at a time, in all trees; those past that are told as lost. */
#define RP_SLOW_TREES_WAITING_MAX (1u << 20)

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Which track of its thread an instance goes on, so that those of one track nest. Internal to
 * export/.
 */
#ifndef RP_LANES_H
#define RP_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "util/map.h"

/* All zero: empty. */
struct rp_lanes {
	struct rp_map threads; /* -> index */
	struct rp_thread_lanes *thread;
	size_t n, room;
};

/*
 * Instances of a thread come as they ended. *lane becomes 0 wherever it nests with those that came
 * before, else the first track on which it does. Of a thread with many instances outside of which
 * none is over as yet, only a summary is kept: then one that crosses it may be alone on a further
 * track, which is never wrong. 0 or -ENOMEM.
 */
int rp_lanes__place(struct rp_lanes *lanes, uint32_t thread, uint32_t depth, uint64_t start,
		    uint64_t end, uint32_t *lane);

/*
 * Those of one lane do not even nest: for spans, which end on any thread, in no order, and of which
 * one in another says nothing of how they stand to a third. *lane: the first whose last one was
 * over. 0 or -ENOMEM.
 */
int rp_lanes__place_apart(struct rp_lanes *lanes, uint32_t key, uint64_t start, uint64_t end,
			  uint32_t *lane);
void rp_lanes__free(struct rp_lanes *lanes);

#endif

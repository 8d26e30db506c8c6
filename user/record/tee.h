/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* One sink for several: each is told all, in the order of the array. Pure. */
#ifndef RP_TEE_H
#define RP_TEE_H

#include <stddef.h>

#include "record/sink.h"

#define RP_TEE_MAX 4

struct rp_event_tee {
	struct rp_event_sink to[RP_TEE_MAX];
	size_t n;
};

/*
 * The tee stays the caller's, until the sink is closed: the last of its sinks may be who frees it.
 * What one of them fails with ends the reading, but all are closed.
 */
struct rp_event_sink rp_event_tee__sink(struct rp_event_tee *tee);

#endif

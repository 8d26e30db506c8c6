/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What any process of the system maps with execute permission, as it happens: programs that are
 * started and the libraries they load. The kernel writes a record of each, and no process waits.
 */
#ifndef RP_MAPPINGS_H
#define RP_MAPPINGS_H

#include <stdint.h>
#include <sys/types.h>

#include "discover/proc.h"
#include "util/error.h"

struct rp_mappings;

int rp_mappings__new(struct rp_mappings **out, struct rp_err *err);
void rp_mappings__free(struct rp_mappings *mappings);

/* Can be read when there is something to drain. */
int rp_mappings__fd(const struct rp_mappings *mappings);

/*
 * Hand over what was mapped meanwhile. Returns how many records found no room, as far as the kernel
 * has said so yet; *missed is set where there are any, or may be.
 */
typedef void (*rp_mapping_fn)(void *ctx, pid_t pid, const struct rp_mapped *mapped,
			      uint64_t time); /* ns, CLOCK_MONOTONIC */
uint64_t rp_mappings__drain(struct rp_mappings *mappings, rp_mapping_fn fn, void *ctx,
			    bool *missed);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * How often work is done that a process can cause at will, as by mapping files or by telling of
 * code: what it costs holds up all others. One process may cost 1 s at once, and then a sixteenth
 * of the time; all processes of a user 4 s, and a quarter of the time.
 */
#ifndef RP_TIME_SHARE_H
#define RP_TIME_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/owner.h"

struct rp_time_share;

/* NULL: out of memory. */
struct rp_time_share *rp_time_share__new(void);
void rp_time_share__free(struct rp_time_share *share);

/* May it cost something now? now: ns. */
bool rp_time_share__allows(const struct rp_time_share *share, struct rp_owner owner, uint64_t now);
/* It has cost so many ns. */
void rp_time_share__charge(struct rp_time_share *share, struct rp_owner owner, uint64_t now,
			   uint64_t cost);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * How often work is done that a process can cause at will, as by mapping files or by telling of
 * code: what it costs holds up all others. One process may cost 1 s at once, and then a sixteenth
 * of the time; all processes of a user 4 s, and a quarter of the time.
 */
#ifndef RP_PACE_H
#define RP_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/owner.h"

struct rp_pace;

/* NULL: out of memory. */
struct rp_pace *rp_pace__new(void);
void rp_pace__free(struct rp_pace *pace);

/* May it cost something now? now: ns. */
bool rp_pace__allows(const struct rp_pace *pace, struct rp_owner owner, uint64_t now);
/* It has cost so many ns. */
void rp_pace__charge(struct rp_pace *pace, struct rp_owner owner, uint64_t now, uint64_t cost);

#endif

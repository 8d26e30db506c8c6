/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Memory, open files and the like of which there is so much for all traced processes. A process may
 * take as much as it leaves free, and all processes of a user three times as much as they leave
 * free: the rule of include/rp_shares.h, whose reasons are there.
 */
#ifndef RP_ROOM_H
#define RP_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/owner.h"

struct rp_room;

/* is_shared: false: one process is traced, which may take all. NULL: out of memory. */
struct rp_room *rp_room__new(uint64_t size, bool is_shared);
void rp_room__free(struct rp_room *room);

/* false: there is not so much left for that owner, or no memory. */
bool rp_room__take(struct rp_room *room, struct rp_owner owner, uint64_t amount);
/* What the same owner has taken. */
void rp_room__give(struct rp_room *room, struct rp_owner owner, uint64_t amount);

#endif

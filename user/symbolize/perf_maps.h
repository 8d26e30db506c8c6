/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The perf maps of processes, read when an address is looked for in them, and anew as they grow. */
#ifndef RP_PERF_MAPS_H
#define RP_PERF_MAPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "helper/helper.h"

struct rp_perf_maps;

/*
 * helper: who reads them; NULL: this process. is_shared: no process or user takes all of the room.
 * NULL: out of memory.
 */
struct rp_perf_maps *rp_perf_maps__new(const char *proc_root, struct rp_helper *helper,
				       bool is_shared);
void rp_perf_maps__free(struct rp_perf_maps *maps);

/*
 * The function that the process has compiled to that address; NULL: it tells of none. Lives until
 * the next call. now: ns, by which a map is read no more than once a second, and seldom where that
 * takes long.
 */
const char *rp_perf_maps__find(struct rp_perf_maps *maps, pid_t pid, uint64_t addr, uint64_t now);

/* It has ended, or runs another program. */
void rp_perf_maps__exit(struct rp_perf_maps *maps, pid_t pid);

#endif

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * A process chooses how large its map is, and how often rptrace finds that it knows too little. So
 * the memory of all maps has a bound, and the reading is paced, by process and by user.
 */
#include "symbolize/perf_maps.h"

#include <stdlib.h>

#include "discover/perf_map.h"
#include "discover/proc.h"
#include "util/clock.h"
#include "util/room.h"
#include "util/table.h"
#include "util/time_share.h"

#define BYTES_MAX     (96u << 20)
#define PROCESSES_MAX 1024

struct process {
	pid_t pid;
	struct rp_owner owner;
	struct rp_perf_map *map; /* NULL: it has none that can be read */
	bool is_read;
	uint64_t read; /* ns: when that was */
	UT_hash_handle hh;
};

struct rp_perf_maps {
	const char *proc_root;
	struct rp_helper *helper;
	struct process *processes;
	struct rp_room *bytes, *numbers; /* of maps, and of processes */
	struct rp_time_share *time_share;
};

struct rp_perf_maps *rp_perf_maps__new(const char *proc_root, struct rp_helper *helper,
				       bool is_shared)
{
	struct rp_perf_maps *maps = calloc(1, sizeof(*maps));

	if (!maps)
		return NULL;
	maps->proc_root = proc_root;
	maps->helper = helper;
	maps->bytes = rp_room__new(BYTES_MAX, is_shared);
	maps->numbers = rp_room__new(PROCESSES_MAX, is_shared);
	maps->time_share = rp_time_share__new();
	if (maps->bytes && maps->numbers && maps->time_share)
		return maps;
	rp_perf_maps__free(maps);
	return NULL;
}

static void drop(struct rp_perf_maps *maps, struct process *p)
{
	if (p->map)
		rp_room__give(maps->bytes, p->owner, rp_perf_map__bytes(p->map));
	rp_perf_map__free(p->map);
	rp_room__give(maps->numbers, p->owner, 1);
	HASH_DEL(maps->processes, p);
	free(p);
}

void rp_perf_maps__free(struct rp_perf_maps *maps)
{
	struct process *p, *next;

	if (!maps)
		return;
	HASH_ITER (hh, maps->processes, p, next)
		drop(maps, p);
	rp_room__free(maps->bytes);
	rp_room__free(maps->numbers);
	rp_time_share__free(maps->time_share);
	free(maps);
}

static struct process *find(const struct rp_perf_maps *maps, pid_t pid)
{
	struct process *p;

	HASH_FIND_INT(maps->processes, &pid, p);
	return p;
}

void rp_perf_maps__exit(struct rp_perf_maps *maps, pid_t pid)
{
	struct process *p = find(maps, pid);

	if (p)
		drop(maps, p);
}

/* There may be room for what was there before, but not for what it has become. */
static void keep(struct rp_perf_maps *maps, struct process *p, struct rp_perf_map *map)
{
	uint64_t before = p->map ? rp_perf_map__bytes(p->map) : 0;

	rp_room__give(maps->bytes, p->owner, before);
	if (rp_room__take(maps->bytes, p->owner, rp_perf_map__bytes(map))) {
		rp_perf_map__free(p->map);
		p->map = map;
		return;
	}
	rp_room__take(maps->bytes, p->owner, before);
	rp_perf_map__free(map);
}

static uint64_t cpu_so_far(const struct rp_perf_maps *maps)
{
	return rp_clock__thread_cpu() + rp_helper__spent(maps->helper);
}

static void read_map(struct rp_perf_maps *maps, struct process *p, uint64_t now)
{
	const struct rp_perf_map_version known = rp_perf_map__version(p->map);
	uint64_t begun = rp_clock__now(), before = cpu_so_far(maps);
	struct rp_perf_map *map;

	if ((p->is_read && now < p->read + RP_NS_PER_S) ||
	    !rp_time_share__allows(maps->time_share, p->owner, begun))
		return;
	p->is_read = true;
	p->read = now;
	if (!rp_helper__perf_map(maps->helper, maps->proc_root, p->pid, &known, &map))
		keep(maps, p, map);
	rp_time_share__charge(maps->time_share, p->owner, begun, cpu_so_far(maps) - before);
}

/* Ends of processes may be missed: of the same user the one that was added first makes room. */
static bool take_number(struct rp_perf_maps *maps, struct rp_owner owner)
{
	struct process *p, *next;

	if (rp_room__take(maps->numbers, owner, 1))
		return true;
	HASH_ITER (hh, maps->processes, p, next)
		if (p->owner.user == owner.user) {
			drop(maps, p);
			break;
		}
	return rp_room__take(maps->numbers, owner, 1);
}

/* NULL: out of memory, or there is no room. */
static struct process *add(struct rp_perf_maps *maps, pid_t pid)
{
	const struct rp_owner owner = {.process = (uint64_t)pid,
				       .user = rp_proc__user(maps->proc_root, pid)};
	struct process *p;

	if (!take_number(maps, owner))
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p) {
		rp_room__give(maps->numbers, owner, 1);
		return NULL;
	}
	p->pid = pid;
	p->owner = owner;
	HASH_ADD_INT(maps->processes, pid, p);
	return p;
}

const char *rp_perf_maps__find(struct rp_perf_maps *maps, pid_t pid, uint64_t addr, uint64_t now)
{
	struct process *p = find(maps, pid);

	if (!p)
		p = add(maps, pid);
	if (!p)
		return NULL;
	/* What is in it may be outdated, too: other code has taken the place. */
	read_map(maps, p, now);
	return p->map ? rp_perf_map__find(p->map, addr) : NULL;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "symbolize/perf_maps.h"

#include <stdlib.h>

#include "discover/perf_map.h"
#include "util/clock.h"
#include "util/table.h"

#define PROCESSES_MAX 256

struct process {
	pid_t pid;
	struct rp_perf_map *map; /* NULL: it has none that can be read */
	uint64_t read;		 /* ns: when that was found */
	UT_hash_handle hh;
};

struct rp_perf_maps {
	const char *proc_root;
	struct rp_helper *helper;
	struct process *processes;
};

struct rp_perf_maps *rp_perf_maps__new(const char *proc_root, struct rp_helper *helper)
{
	struct rp_perf_maps *maps = calloc(1, sizeof(*maps));

	if (!maps)
		return NULL;
	maps->proc_root = proc_root;
	maps->helper = helper;
	return maps;
}

static void drop(struct rp_perf_maps *maps, struct process *p)
{
	HASH_DEL(maps->processes, p);
	rp_perf_map__free(p->map);
	free(p);
}

void rp_perf_maps__free(struct rp_perf_maps *maps)
{
	struct process *p, *next;

	if (!maps)
		return;
	HASH_ITER (hh, maps->processes, p, next)
		drop(maps, p);
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

static void read_map(const struct rp_perf_maps *maps, struct process *p, uint64_t now)
{
	struct rp_perf_map *map;

	p->read = now;
	if (rp_helper__perf_map(maps->helper, maps->proc_root, p->pid, &map))
		return;
	rp_perf_map__free(p->map);
	p->map = map;
}

/* The one that was added first makes room. NULL: out of memory. */
static struct process *add(struct rp_perf_maps *maps, pid_t pid, uint64_t now)
{
	struct process *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	if (HASH_COUNT(maps->processes) == PROCESSES_MAX)
		drop(maps, maps->processes);
	p->pid = pid;
	HASH_ADD_INT(maps->processes, pid, p);
	read_map(maps, p, now);
	return p;
}

const char *rp_perf_maps__find(struct rp_perf_maps *maps, pid_t pid, uint64_t addr, uint64_t now)
{
	struct process *p = find(maps, pid);
	const char *name;

	if (!p)
		p = add(maps, pid, now);
	if (!p)
		return NULL;
	name = p->map ? rp_perf_map__find(p->map, addr) : NULL;
	if (name || now < p->read + RP_NS_PER_S)
		return name;
	read_map(maps, p, now);
	return p->map ? rp_perf_map__find(p->map, addr) : NULL;
}

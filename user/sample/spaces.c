// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "sample/spaces.h"

#include <stdlib.h>

#include "symbolize/perf_maps.h"
#include "util/array.h"
#include "util/clock.h"
#include "util/table.h"
#include "util/time_share.h"

struct mapping {
	uint64_t start, end, offset; /* start comes first: rp_array__up_to() */
	uint64_t since;		     /* its unwind tables are in the kernel; ns, CLOCK_MONOTONIC */
	uint32_t object;
};

struct space {
	pid_t pid;
	struct mapping *mappings; /* by start */
	size_t n;
	struct rp_owner owner;
	uint64_t read; /* then it was what it maps; ns, CLOCK_MONOTONIC */
	bool changed;  /* what it maps is to be looked at */
	bool missed;   /* something was in none of them, though they are as new as can be */
	unsigned ends; /* of its programs that have come, but are yet to be told */
	UT_hash_handle hh;
};

/* A file that a process has mapped so many times since the samples that are being taken. */
struct to_map {
	struct {
		uint64_t pid, dev, ino;
	} key;
	unsigned times;
	UT_hash_handle hh;
};

struct rp_spaces {
	struct rp_sample_objects *objects;
	struct rp_unwind_tables *tables;
	struct rp_helper *helper;
	struct rp_perf_maps *compiled; /* code that is in no file */
	struct rp_python_codes *python;
	struct rp_time_share *time_share; /* of looking at what they map */
	struct space *all;
	struct to_map *to_map; /* told by rp_spaces__maps(), and not yet by rp_spaces__mapped() */
	uint64_t missed;       /* what happened up to then is not known; ns, CLOCK_MONOTONIC */
};

struct rp_spaces *rp_spaces__new(struct rp_sample_objects *objects, struct rp_unwind_tables *tables,
				 struct rp_sample_store *store, struct rp_helper *helper,
				 bool is_shared)
{
	struct rp_spaces *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->objects = objects;
	s->tables = tables;
	s->helper = helper;
	s->compiled = rp_perf_maps__new("/proc", helper, is_shared);
	s->python = rp_python_codes__new(store, is_shared);
	s->time_share = rp_time_share__new();
	if (s->compiled && s->python && s->time_share)
		return s;
	rp_spaces__free(s);
	return NULL;
}

static void drop(struct rp_spaces *s, struct space *space)
{
	HASH_DEL(s->all, space);
	free(space->mappings);
	free(space);
}

static void forget(struct rp_spaces *s, struct to_map *m)
{
	HASH_DEL(s->to_map, m);
	free(m);
}

void rp_spaces__free(struct rp_spaces *s)
{
	struct space *space, *next;
	struct to_map *m, *next_m;

	if (!s)
		return;
	HASH_ITER (hh, s->all, space, next)
		drop(s, space);
	HASH_ITER (hh, s->to_map, m, next_m)
		forget(s, m);
	rp_perf_maps__free(s->compiled);
	rp_python_codes__free(s->python);
	rp_time_share__free(s->time_share);
	free(s);
}

static struct space *find(const struct rp_spaces *s, pid_t pid)
{
	struct space *space;

	HASH_FIND_INT(s->all, &pid, space);
	return space;
}

/* NULL: out of memory. */
static struct space *get(struct rp_spaces *s, pid_t pid)
{
	struct space *space = find(s, pid);

	if (space)
		return space;
	space = calloc(1, sizeof(*space));
	if (!space)
		return NULL;
	space->pid = pid;
	space->owner = (struct rp_owner){.process = (uint64_t)pid,
					 .user = rp_proc__user("/proc", pid)};
	HASH_ADD_INT(s->all, pid, space);
	return space;
}

static int compare_mappings(const void *a, const void *b)
{
	const struct mapping *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static uint32_t object_of(const struct rp_spaces *s, struct rp_owner owner,
			  const struct rp_mapped_list *mapped, const struct rp_code_range *range)
{
	for (size_t i = 0; i < mapped->n; i++)
		if (mapped->items[i].ino == range->ino && mapped->items[i].dev == range->dev)
			return rp_sample_objects__get(s->objects, owner, &mapped->items[i]);
	return 0;
}

static const struct mapping *find_mapping(const struct space *space, uint64_t address)
{
	size_t n = space ? rp_array__up_to(space->mappings, space->n, sizeof(*space->mappings),
					   address)
			 : 0;

	return n && address < space->mappings[n - 1].end ? &space->mappings[n - 1] : NULL;
}

/* UINT64_MAX: it is new. */
static uint64_t since_of(const struct space *space, const struct mapping *m)
{
	const struct mapping *before = find_mapping(space, m->start);

	return before && before->start == m->start && before->end == m->end &&
			       before->object == m->object
		       ? before->since
		       : UINT64_MAX;
}

static struct mapping vdso_at(const struct rp_spaces *s, uint64_t start)
{
	struct mapping m = {.start = start, .end = start};
	uint64_t size = 0;

	m.object = rp_sample_objects__vdso(s->objects, &size);
	m.end += size;
	return m;
}

static void take(const struct rp_spaces *s, struct space *space,
		 const struct rp_mapped_list *mapped)
{
	struct mapping *mappings = calloc(mapped->n_ranges + 1, sizeof(*mappings));
	uint64_t vdso = rp_proc__vdso("/proc", space->pid);
	size_t n = mapped->n_ranges;
	bool has_room = true;

	if (!mappings)
		return;
	for (size_t i = 0; i < mapped->n_ranges; i++) {
		const struct rp_code_range *range = &mapped->ranges[i];

		mappings[i] = (struct mapping){.start = range->start,
					       .end = range->start + range->len,
					       .offset = range->offset};
		if (has_room)
			mappings[i].object = object_of(s, space->owner, mapped, range);
		has_room = mappings[i].object;
	}
	if (vdso)
		mappings[n++] = vdso_at(s, vdso);
	for (size_t i = 0; i < n; i++)
		mappings[i].since = since_of(space, &mappings[i]);
	rp_array__sort(mappings, n, sizeof(*mappings), compare_mappings);
	free(space->mappings);
	space->mappings = mappings;
	space->n = n;
	space->read = rp_clock__now();
}

/* Its unwind tables are there. */
static void date(struct space *space)
{
	uint64_t now = rp_clock__now();

	for (size_t i = 0; i < space->n; i++)
		if (space->mappings[i].since == UINT64_MAX)
			space->mappings[i].since = now;
}

static void look(struct rp_spaces *s, pid_t pid)
{
	struct rp_mapped_list mapped;
	struct space *space;

	if (rp_proc__mapped("/proc", pid, &mapped))
		return;
	space = mapped.n_ranges ? get(s, pid) : NULL;
	if (space)
		take(s, space, &mapped);
	/* What there is no room for is unwound by frame pointers, and in the tables' totals. */
	if (space) {
		rp_unwind_tables__set(s->tables, pid, &mapped);
		date(space);
	}
	rp_proc__mapped_free(&mapped);
}

/* Not the time that it takes: where others keep the CPUs busy, that is not a process's fault. */
static uint64_t cost_so_far(const struct rp_spaces *s)
{
	return rp_clock__thread_cpu() + rp_helper__spent(s->helper) +
	       rp_unwind_tables__totals(s->tables)->dropped * RP_UNWIND_DROP_NS;
}

void rp_spaces__look(struct rp_spaces *s, pid_t pid)
{
	struct space *space = get(s, pid);
	uint64_t now = rp_clock__now(), before = cost_so_far(s);

	/* What is there now is another program's, or of another process with its number. */
	if (!space || space->ends)
		return;
	space->changed = !rp_time_share__allows(s->time_share, space->owner, now);
	if (space->changed)
		return;
	look(s, pid);
	rp_time_share__charge(s->time_share, space->owner, now, cost_so_far(s) - before);
}

void rp_spaces__changed(struct rp_spaces *s, pid_t pid)
{
	struct space *space = get(s, pid);

	if (space)
		space->changed = true;
}

uint64_t rp_spaces__catch_up_with(struct rp_spaces *s, pid_t pid)
{
	struct space *space = find(s, pid);

	if (space && space->changed) {
		rp_spaces__look(s, pid);
		space->missed = !space->changed;
	}
	return space ? space->read : 0;
}

static struct to_map *find_to_map(const struct rp_spaces *s, pid_t pid,
				  const struct rp_file_id *file, struct to_map *key)
{
	struct to_map *m;

	*key = (struct to_map){.key = {(uint64_t)pid, file->dev, file->ino}};
	HASH_FIND(hh, s->to_map, &key->key, sizeof(key->key), m);
	return m;
}

void rp_spaces__maps(struct rp_spaces *s, pid_t pid, const struct rp_file_id *file)
{
	struct to_map key, *m = find_to_map(s, pid, file, &key);

	if (!m) {
		m = calloc(1, sizeof(*m));
		if (!m)
			return;
		*m = key;
		HASH_ADD(hh, s->to_map, key, sizeof(m->key), m);
	}
	m->times++;
}

void rp_spaces__mapped(struct rp_spaces *s, pid_t pid, const struct rp_file_id *file)
{
	struct to_map key, *m = find_to_map(s, pid, file, &key);

	if (m && !--m->times)
		forget(s, m);
	if (find(s, pid)) /* else it has no samples, as most of a whole system */
		rp_spaces__changed(s, pid);
}

void rp_spaces__catch_up(struct rp_spaces *s)
{
	struct space *space, *next;

	HASH_ITER (hh, s->all, space, next)
		if (space->changed)
			rp_spaces__look(s, space->pid);
}

void rp_spaces__fork(struct rp_spaces *s, pid_t pid, pid_t parent)
{
	const struct space *from = find(s, parent);
	struct space *to = from ? get(s, pid) : NULL;
	struct mapping *mappings;

	if (from && from->changed) /* it may be gone when all are looked at */
		rp_spaces__look(s, parent);
	mappings = to ? calloc(from->n + 1, sizeof(*mappings)) : NULL;
	if (!mappings)
		return;
	if (to->owner.user == RP_PROC_NO_USER) /* it has ended */
		to->owner.user = from->owner.user;
	for (size_t i = 0; i < from->n; i++)
		mappings[i] = from->mappings[i];
	free(to->mappings);
	to->mappings = mappings;
	to->n = from->n;
	to->read = 0; /* whatever it has mapped since */
	rp_unwind_tables__fork(s->tables, pid, parent);
}

static void drop_mappings(struct space *space)
{
	free(space->mappings);
	space->mappings = NULL;
	space->n = 0;
}

static bool has_mapped(const struct rp_spaces *s, const struct space *space,
		       const struct rp_file_id *file)
{
	const struct rp_file_id *mapped;

	for (size_t i = 0; i < space->n; i++) {
		if (!space->mappings[i].object)
			continue;
		mapped = rp_sample_objects__mapped(s->objects, space->mappings[i].object);
		if (mapped->dev == file->dev && mapped->ino == file->ino)
			return true;
	}
	return false;
}

/* The next program is there some moments before it is told. */
#define BEGINS_NS (RP_NS_PER_S / 10)

void rp_spaces__ended(struct rp_spaces *s, pid_t pid, uint64_t time, const struct rp_file_id *next)
{
	struct space *space = get(s, pid);

	if (!space)
		return;
	space->ends++;
	if (space->read > time ||
	    (next && space->read + BEGINS_NS > time && has_mapped(s, space, next)))
		drop_mappings(space);
}

void rp_spaces__missed(struct rp_spaces *s, uint64_t time)
{
	struct space *space, *next;

	s->missed = time;
	HASH_ITER (hh, s->all, space, next) {
		drop_mappings(space);
		space->changed = true;
		rp_perf_maps__exit(s->compiled, space->pid);
	}
}

void rp_spaces__exec(struct rp_spaces *s, pid_t pid)
{
	rp_spaces__exit(s, pid);
	rp_spaces__look(s, pid);
}

void rp_spaces__exit(struct rp_spaces *s, pid_t pid)
{
	struct space *space = find(s, pid);

	rp_unwind_tables__exit(s->tables, pid);
	rp_perf_maps__exit(s->compiled, pid);
	rp_python_codes__exit(s->python, pid);
	if (!space)
		return;
	if (space->ends)
		space->ends--;
	if (!space->ends) {
		drop(s, space);
		return;
	}
	drop_mappings(space);
	space->changed = space->missed = false;
}

/*
 * What it maps was read later than that, and this file is mapped, be it again, in between:
 * something else may have been at its address.
 */
static bool is_later(const struct rp_spaces *s, const struct space *space,
		     const struct mapping *mapping, uint64_t time)
{
	struct to_map key;

	return space->read > time && s->to_map &&
	       find_to_map(s, space->pid, rp_sample_objects__mapped(s->objects, mapping->object),
			   &key);
}

bool rp_spaces__find(struct rp_spaces *s, pid_t pid, uint64_t address, uint64_t time,
		     uint32_t *object, uint64_t *offset)
{
	struct space *space = find(s, pid);
	const struct mapping *mapping = find_mapping(space, address);

	if (!mapping && !(space && space->missed)) {
		rp_spaces__look(s, pid);
		space = get(s, pid);
		mapping = find_mapping(space, address);
		if (space && !mapping)
			space->missed = true;
	}
	if (time < s->missed || !mapping || !mapping->object || is_later(s, space, mapping, time))
		return false;
	*object = mapping->object;
	*offset = address - mapping->start + mapping->offset;
	return true;
}

bool rp_spaces__was_early(const struct rp_spaces *s, pid_t pid, uint64_t address, uint64_t time)
{
	const struct space *space = find(s, pid);
	const struct mapping *mapping = find_mapping(space, address);

	/* One that had ended before it was looked at had nothing but what had just been mapped. */
	return !space || !space->n || time < s->missed ||
	       (mapping &&
		(time < mapping->since || (mapping->object && is_later(s, space, mapping, time))));
}

const char *rp_spaces__compiled(struct rp_spaces *s, pid_t pid, uint64_t address, uint64_t now)
{
	if (now < s->missed)
		return NULL;
	return rp_perf_maps__find(s->compiled, pid, address, now);
}

struct rp_owner rp_spaces__owner(const struct rp_spaces *s, pid_t pid)
{
	const struct space *space = find(s, pid);

	return space ? space->owner
		     : (struct rp_owner){.process = (uint64_t)pid, .user = RP_PROC_NO_USER};
}

struct rp_python_codes *rp_spaces__python(struct rp_spaces *s)
{
	return s->python;
}

void rp_spaces__forget_misses(struct rp_spaces *s)
{
	struct space *space, *next;

	HASH_ITER (hh, s->all, space, next)
		space->missed = false;
}

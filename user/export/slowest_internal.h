/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What finding, gathering and printing of the slowest share. Internal to export/. */
#ifndef RP_SLOWEST_INTERNAL_H
#define RP_SLOWEST_INTERNAL_H

#include "export/slowest.h"
#include "export/told.h"
#include "rp_stack.h"

struct rp_inside_sums {
	uint64_t count, ns, self, cpu, wait; /* of those that were timed */
	uint64_t unwound;
};

/* Deeper than any is. */
#define RP_INSIDE_DEPTH (RP_FRAMES_MAX + 1)

/* A path inside a slow instance. */
struct rp_inside {
	uint32_t node;	  /* index of struct rp_told, in its run */
	const char *name; /* as it was told */
	uint32_t depth;	  /* 1: directly inside */
	uint32_t parent;  /* index + 1; 0: directly inside */
	struct rp_inside_sums sums;
};

struct rp_slow {
	uint32_t run; /* from 1 */
	uint32_t depth;
	struct rp_event_instance instance; /* ids are those of its run */
	uint64_t since;			   /* when it began, after the run did */
	const char *name;		   /* with its label */
	const char *region;
	enum rp_kind kind;
	uint32_t pid, tid;
	uint64_t goroutine;
	const char *comm;
	/* Once it is gathered: depth first, what took longest first. */
	struct rp_inside *inside;
	size_t n, room;
	struct rp_map inside_of; /* index of node -> index above, while it is gathered */
};

/* Of one region in one run, the slowest first. */
struct rp_slow_list {
	struct rp_slow *slow;
	size_t n, room;
	uint64_t count; /* of all that were timed */
};

struct rp_slowest {
	struct rp_told told; /* first: see told.h */
	unsigned most;
	struct rp_slow_list *list; /* of the run, by index of region + 1 */
	size_t n_lists;
	struct rp_slow_list *found; /* of all runs */
	size_t n_found, found_room;
	struct rp_arena names;

	/* Of the run that is gathered: by thread, and by when they began. */
	struct rp_slow **by_time;
	uint64_t *latest; /* the last end of those of the thread up to that one */
	size_t n_by_time;
	struct rp_map first_of; /* serial of a thread -> its first */
};

#endif

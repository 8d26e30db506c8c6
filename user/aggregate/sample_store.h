/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Samples as they are kept: a tree of calls, as many stacks have most of their callers in common.
 * It only grows, and its numbers stay as they are: what was sampled up to some moment is no more
 * than a count for each node of it. The places where threads slept are in the same tree, each with
 * the time for which they did. Pure.
 */
#ifndef RP_SAMPLE_STORE_H
#define RP_SAMPLE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rp_unwind.h"
#include "util/owner.h"

/* A place in code, as people know it. */
struct rp_place {
	const char *function;
	const char *file; /* "": not known, and neither is the line */
	uint32_t line;
	const char *object; /* name of its file */
};

/* One call of a stack. Those below a region are under a root of its node. */
struct rp_sample_call {
	uint32_t parent; /* number; 0: none, it is the outermost */
	uint32_t place;	 /* number; 0 at the root of a region's node ... */
	uint32_t node;	 /* ... whose id this is, in all calls below it as well */
};

/* One sample, for who keeps each of them. */
struct rp_taken_sample {
	uint64_t time;	 /* ns, CLOCK_MONOTONIC */
	uint32_t call;	 /* number; 0: there was no room for its stack */
	uint32_t node;	 /* id of the innermost region's; 0: in none */
	uint32_t thread; /* serial, where the run is recorded; 0: not known */
	uint32_t tid, pid;
	uint8_t end; /* of its stack: enum rp_unwind_end */
	bool unresolved, at_probe;
	bool unsampled; /* in a tree of calls that the record leaves out */
};

struct rp_sample_totals {
	uint64_t taken;
	uint64_t truncated;  /* stacks that were cut off */
	uint64_t unresolved; /* the function is not known */
	uint64_t probes;     /* at a probe: overhead of rptrace */
	uint64_t dropped;    /* there was no room for their stacks */
	uint64_t no_room;    /* files, mappings, processes past unwind tables' bounds */
	uint64_t ends[RP_UNWIND_END_COUNT]; /* of stacks, by why they end where they do */
	uint64_t dropped_ns; /* of sleeps: time in those without room for their stacks */
};

struct rp_sample_store;

/*
 * Room for so many calls, and for so many bytes of places. is_shared: no process or user takes all
 * of it. NULL: out of memory.
 */
struct rp_sample_store *rp_sample_store__new(size_t max_calls, uint64_t max_bytes, bool is_shared);
/* Because of whom is added what comes now. */
void rp_sample_store__charge(struct rp_sample_store *store, struct rp_owner owner);
/* Counts refer to it and may outlive its owner. */
struct rp_sample_store *rp_sample_store__ref(struct rp_sample_store *store);
void rp_sample_store__put(struct rp_sample_store *store);

/* The number of a place, strings copied; equal places have one number. 0: no room. */
uint32_t rp_sample_store__place(struct rp_sample_store *store, const struct rp_place *place);

/*
 * One sample; its call is found here. Places from the outermost call in; where they do not fit the
 * sample counts as dropped.
 */
void rp_sample_store__add(struct rp_sample_store *store, const struct rp_taken_sample *sample,
			  const uint32_t *places, size_t n);

/*
 * The number of the call that is the innermost one of a stack in the region of a node. 0: no room.
 */
uint32_t rp_sample_store__call(struct rp_sample_store *store, uint32_t node, const uint32_t *places,
			       size_t n);
/* A thread slept for ns where the sample, whose call is filled in, was taken. */
void rp_sample_store__add_sleep(struct rp_sample_store *store, const struct rp_taken_sample *sample,
				uint64_t ns);

/* For the caller to set what the samples themselves do not tell. */
struct rp_sample_totals *rp_sample_store__totals(struct rp_sample_store *store);
/* The same of both samples and sleeps. */
void rp_sample_store__set_no_room(struct rp_sample_store *store, uint64_t no_room);

/* Who is told of all that is added, at once: places before calls, and calls before samples. */
struct rp_sample_listener {
	void *ctx;
	/* Its strings last as long as the store. */
	void (*place)(void *ctx, uint32_t number, const struct rp_place *place);
	void (*call)(void *ctx, uint32_t number, const struct rp_sample_call *call);
	void (*sample)(void *ctx, const struct rp_taken_sample *sample);
};

/* Also of the places that are there by now; there must be no samples yet. NULL: nobody any more. */
void rp_sample_store__listen(struct rp_sample_store *store,
			     const struct rp_sample_listener *listener);

/* ---- reading --------------------------------------------------------------------------------- */

const struct rp_place *rp_sample_store__place_at(const struct rp_sample_store *store,
						 uint32_t place);
/* The function of a place, as a place without file and line: itself where they are not known. */
uint32_t rp_sample_store__function_of(const struct rp_sample_store *store, uint32_t place);
/* Numbers are below *n; number 0 is none. */
const struct rp_sample_call *rp_sample_store__calls(const struct rp_sample_store *store, size_t *n);

/* What was sampled up to now. */
struct rp_sample_counts {
	struct rp_sample_store *store;
	uint64_t *self;	  /* of call number: samples that ended in it */
	uint64_t *asleep; /* likewise: ns that threads slept in it */
	size_t n;
	struct rp_sample_totals totals, sleeps;
	bool off_cpu;  /* sleeps are told */
	uint64_t lost; /* by the kernel */
	unsigned hz;   /* that were asked for; 0: only sleeps */
	uint64_t cpu;  /* ns that these and the lost ones stand for; 0: the readings tell */
};

/* NULL: out of memory. */
struct rp_sample_counts *rp_sample_counts__of(struct rp_sample_store *store);
void rp_sample_counts__free(struct rp_sample_counts *counts);

#endif

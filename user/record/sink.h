/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Where instances go: one run through a region each. What writes records and exports is such a
 * sink; a reader of a record drives one. Times are ns of CLOCK_MONOTONIC unless it is said
 * otherwise. Pure.
 *
 * Calls come in this order, for each run (a record has one; several records are several runs):
 *
 *   run, then in any order region, text, thread, node, instance, left_out, passed_over, lost,
 * place, call, sample, at last end; after the last run: close.
 *
 * What an id stands for is told before it is used: regions and texts before nodes of them, a node
 * before its children, node and thread before an instance or a sample, places before calls of them,
 * a call before those that it makes and before its samples. Ids are those of their run. What is
 * told again of an id, or by another `run` before the `end`, takes the place of what was told
 * before: some things are known late only (hits that were in no figure, how many probes there
 * were).
 *
 * Instances come as they ended, roughly: those of one thread in the order in which they ended, what
 * was open when the run ended last. So an instance comes after what ran inside it. They need not
 * nest: a USDT region or a span may outlive what it began in.
 *
 * Each call returns 0 or a negative errno, which ends the reading: then only close comes. Texts
 * and structs are the caller's, for as long as the call takes.
 */
#ifndef RP_SINK_H
#define RP_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "aggregate/counts.h"
#include "aggregate/snapshot.h"

struct rp_event_run {
	const char *file;    /* its name; NULL: none */
	struct rp_meta meta; /* as far as it is known */
	uint64_t start;	     /* when tracing began */
	uint64_t wall;	     /* at `start`: ns since 1970, UTC */
	unsigned sample_hz;  /* that were asked for; 0: no samples */
	const char *part;    /* options by which a report has a part of it alone; NULL: all of it */
	uint64_t from;	     /* ns since `start`: what is shown of it begins there */
};

/* A thread, or a goroutine, on whose region stack instances were. */
struct rp_event_thread {
	uint32_t serial;	  /* from 1; unlike the tid no other one ever gets it */
	uint32_t tid;		  /* 0: a goroutine */
	uint32_t pid;		  /* of its process */
	uint64_t goroutine;	  /* its address; 0: a thread */
	uint64_t started;	  /* when the thread was */
	uint64_t process_started; /* when its process was */
	char comm[RP_COMM_LEN];	  /* of the thread */
	char process_comm[RP_COMM_LEN];
};

struct rp_event_instance {
	uint64_t start;
	uint64_t ns; /* wall time: until its exit, until it was found to be unwound, or the end */
	uint64_t child;	     /* ns of it in instances directly inside; 0 where it is not timed */
	uint64_t cpu;	     /* ns of it on a CPU, what is inside included; likewise 0 */
	uint64_t wait;	     /* ns of it runnable but waiting for a CPU; likewise 0 */
	uint64_t span;	     /* id of a span */
	uint32_t node;	     /* its path: the last region of that is its region, with its label */
	uint32_t thread;     /* serial; of a span: that it began on; 0: not known */
	uint32_t end_thread; /* of a span: that it ended on; else the same */
	uint16_t cpu_number; /* that it ended on */
	bool unwound;	     /* left without its exit */
	bool open;	     /* not left when the run ended */
	bool is_span;	     /* on no region stack; child, cpu and wait are 0 */
};

struct rp_event_end {
	uint64_t time;	      /* when tracing ended, or of the last that is known */
	bool cut;	      /* the record ends before the run did */
	const uint64_t *lost; /* RP_LOST_COUNT of them */
	uint64_t cpu;	      /* ns of CPU time that the target has used; 0: not known */
	uint64_t samples;     /* that were taken, whatever of them was told */
	uint64_t no_tables;   /* files, mappings, processes past the bounds of unwind tables */
	uint64_t late_ns;     /* that processes ran before their probes were in place */
};

/* But for close and instance, those that are of no interest are NULL: see RP_TELL. */
struct rp_event_sink {
	void *ctx;
	int (*run)(void *ctx, const struct rp_event_run *run);
	int (*region)(void *ctx, uint32_t id, const struct rp_region_name *region);
	/* Label RP_TEXT_FIRST + index. */
	int (*text)(void *ctx, uint32_t index, const struct rp_text *text);
	int (*thread)(void *ctx, const struct rp_event_thread *thread);
	/* Roots (no parent, RP_REGION_NONE) are nodes too; the thread says more than they do. */
	int (*node)(void *ctx, uint32_t id, const struct rp_node *node);
	int (*instance)(void *ctx, const struct rp_event_instance *instance);
	/* So many more instances of a node that filters left out: in no call of instance. */
	int (*left_out)(void *ctx, uint32_t node, uint64_t n);
	/* One that is in the record and not asked for now. */
	int (*passed_over)(void *ctx, uint32_t node);
	/* So many more that were to be there and are not. */
	int (*lost)(void *ctx, uint32_t node, uint64_t n);
	/*
	 * A place in code, and a call of it: its node is that of its samples. Numbers are from 1.
	 */
	int (*place)(void *ctx, uint32_t number, const struct rp_place *place);
	int (*call)(void *ctx, uint32_t number, const struct rp_sample_call *call);
	int (*sample)(void *ctx, const struct rp_taken_sample *sample);
	int (*end)(void *ctx, const struct rp_event_end *end);
	/* Write what is left and free all, also after an error. */
	int (*close)(void *ctx);
};

/* Tell a sink; a call that is NULL is of no interest to it. `call` is the name of the member. */
#define RP_TELL(sink, call, ...) ((sink)->call ? (sink)->call((sink)->ctx, __VA_ARGS__) : 0)

static inline uint64_t rp_event_instance__end(const struct rp_event_instance *instance)
{
	return instance->start + instance->ns;
}

/* Left by its exit: what it took is known. */
static inline bool rp_event_instance__is_timed(const struct rp_event_instance *instance)
{
	return !instance->unwound && !instance->open;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The contract between the BPF programs and user space: every map value, event and constant that
 * both sides read, here and in the headers below, and the arithmetic that they share. Fixed-width
 * fields only. Times are nanoseconds of CLOCK_MONOTONIC; process and thread ids are those of the
 * pid namespace that rptrace runs in.
 */
#ifndef RP_ABI_H
#define RP_ABI_H

#include "rp_events.h"
#include "rp_figures.h"
#include "rp_instances.h"
#include "rp_nodes.h"
#include "rp_sample.h"
#include "rp_shares.h"
#include "rp_sites.h"
#include "rp_stack.h"
#include "rp_values.h"
#include "rp_wakers.h"

/* ---- spans: they may end on another thread than they began on ----------------------- */

struct rp_span_key {
	__rp_u64 id;
	__rp_u32 tgid;
	__rp_u32 region;
};

/* An open span. */
struct rp_span {
	struct rp_span_key key; /* again, as the memory of a span that ends becomes another's */
	__rp_u64 start;		/* ns */
	__rp_u32 node;		/* 0: no node could be had, figures are lost */
	__rp_u32 tid;		/* of the thread that began it ... */
	__rp_u32 begun_by;	/* ... and its serial, where the run is recorded */
	__rp_u32 unsampled;	/* --every leaves it out of the record */
};
#define RP_SPAN_OUTSIDE 0xffffffffu /* no node: begun outside of the regions of --within */
_Static_assert(sizeof(struct rp_span) == 40, "rp_span is shared with BPF");

/* ---- what was not measured, and why ------------------------------------------------ */

/* X(symbol, JSON key, what it means to a user) */
#define RP_LOST_REASONS(X)                                                                         \
	X(THREADS, "threads", "entries on threads that got no memory for a region stack")          \
	X(DEPTH, "depth", "entries nested deeper than --max-depth")                                \
	X(NODES, "nodes", "entries on paths past --max-nodes")                                     \
	X(NAMES, "names", "run-time names past the bound")                                         \
	X(NAME_READS, "name_reads", "run-time names that could not be read")                       \
	X(LABEL_READS, "label_reads",                                                              \
	  "arguments that could not be read: comparisons are untrue, labels '?'")                  \
	X(RETURNS, "returns", "entries past the kernel's limit of nested return probes")           \
	X(STACKS, "stacks",                                                                        \
	  "calls on another stack, above calls whose returns are awaited: not timed")              \
	X(SPANS, "spans", "spans past --max-spans, or with an id that could not be read")          \
	X(UNMATCHED, "unmatched", "exits without an entry")                                        \
	X(EVENTS, "events",                                                                        \
	  "events that found the ring buffer full, or past a process's share of it")               \
	X(INSTANCES, "instances", "instances that are counted, but missing in the record")         \
	X(UNKNOWN_EVENTS, "unknown_events", "events of an unknown type, or of a wrong length")     \
	X(PROBES, "probes", "probes that could not be attached")                                   \
	X(LATE, "late", "processes that ran for a moment before their probes were in place")       \
	X(REWRITTEN, "rewritten", "files that were written to in use: their probes had to go")     \
	X(MOVED, "moved",                                                                          \
	  "processes that moved code away from its file: its probes are never hit")                \
	X(FILES, "files",                                                                          \
	  "files that were left: held by somebody, too much to read, or too many of one process")  \
	X(SAMPLES, "samples", "samples that found their ring full")                                \
	X(SLEEPS, "sleeps",                                                                        \
	  "sleeps whose stack was not taken, past --off-cpu=N of them a second: only their time "  \
	  "is known")                                                                              \
	X(WAKERS, "wakers", "sleeps past --max-wakers: who ended them is not told")
enum rp_lost {
#define RP_LOST_ENUM(symbol, key, meaning) RP_LOST_##symbol,
	RP_LOST_REASONS(RP_LOST_ENUM)
#undef RP_LOST_ENUM
		RP_LOST_COUNT
};

/*
 * Hits of the probes of a region that are in the figures of no node. They took as much time as any
 * others.
 */
struct rp_stray_hits {
	__rp_u64 hits;
	__rp_u64 unmatched; /* of these, exits without an entry */
	__rp_u64 crossed;   /* ends that named another call than the one begun last: no strays */
};
_Static_assert(sizeof(struct rp_stray_hits) == 24, "rp_stray_hits is shared with BPF");

/*
 * Calls of a region that overlap, looked at as if one of their first arguments were their id: how
 * often would begins and ends have found each other?
 */
#define RP_OVERLAP_ARGS 4u
struct rp_overlap_arg {
	__rp_u32 matched; /* ends of a call that was open under this id */
	__rp_u32 crossed; /* of these, such that did not end the call begun last on the thread */
	__rp_u32 missed;  /* ends of an id that was not open */
	__rp_u32 taken;	  /* begins of an id that was open already */
	__rp_u32 begun;	  /* all others */
};
struct rp_overlap {
	__rp_u32 hits;	 /* that were looked at */
	__rp_u32 popped; /* calls that were taken for left without their exit */
	struct rp_overlap_arg arg[RP_OVERLAP_ARGS];
};
_Static_assert(sizeof(struct rp_overlap) == 8 + 20 * RP_OVERLAP_ARGS, "shared with BPF");

/* ---- processes that are traced ------------------------------------------------------ */

#define RP_TRACKED_MAP_PENDING 1u /* a RP_EVENT_MAP of it is not yet looked at */

/* ---- open regions: what the iterator writes ------------------------------------------ */

/* A region stack that is not empty; as many frames follow it, from the outermost in. */
struct rp_open_stack {
	__rp_u64 goroutine; /* whose it is; 0: that of a thread */
	__rp_u32 tgid;
	__rp_u32 tid; /* 0: of a goroutine */
	__rp_u32 frames;
	__rp_u32 serial;	/* of the thread, where the run is recorded */
	char comm[RP_COMM_LEN]; /* of the thread */
};
_Static_assert(sizeof(struct rp_open_stack) == 40, "rp_open_stack is shared with BPF");

struct rp_open_frame {
	__rp_u64 start;	 /* ns; 0: it was left while it was read */
	__rp_u32 node;	 /* 0: it has none */
	__rp_u32 region; /* as in struct rp_frame, like flags */
	__rp_u32 flags;
	__rp_u32 reserved;
};
_Static_assert(sizeof(struct rp_open_frame) == 24, "rp_open_frame is shared with BPF");

#endif

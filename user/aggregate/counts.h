/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What was counted, as plain data: all that the pure stages see of it. It comes from a
 * rp_counts_source, and holds copies of all strings, so that it may outlive whatever it was read
 * from.
 */
#ifndef RP_COUNTS_H
#define RP_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregate/sample_store.h"
#include "aggregate/wakers.h"
#include "rp_abi.h"
#include "rp_hist.h"
#include "util/arena.h"
#include "util/probe_cost.h"
#include "util/region_kind.h"

/* A stretch of a histogram, which is large and mostly empty: nothing is outside. */
struct rp_hist_part {
	uint64_t *bucket; /* from number `from` on */
	uint32_t from, end;
};

static inline uint64_t rp_hist_part__at(const struct rp_hist_part *part, uint32_t i)
{
	return i >= part->from && i < part->end ? part->bucket[i - part->from] : 0;
}

/* Make room for another part, without buckets so far. */
static inline void rp_hist_part__widen(struct rp_hist_part *part, const struct rp_hist_part *by)
{
	if (by->from == by->end)
		return;
	if (part->from == part->end)
		*part = (struct rp_hist_part){.from = by->from, .end = by->end};
	part->from = by->from < part->from ? by->from : part->from;
	part->end = by->end > part->end ? by->end : part->end;
}

/* Widen the first of two stretches of time; a `last` of 0 is none. */
static inline void rp_widen_time(uint64_t *first, uint64_t *last, uint64_t by_first,
				 uint64_t by_last)
{
	if (by_last && (!*last || by_first < *first))
		*first = by_first;
	if (by_last > *last)
		*last = by_last;
}

/* The stretch has to lie within. */
void rp_hist__add(struct rp_hist_part *to, const struct rp_hist_part *from);

/* Add what other frames of a path add up to. */
void rp_figures__join(struct rp_figures *to, const struct rp_figures *more);

struct rp_node_counts {
	struct rp_node node;
	struct rp_figures figures; /* summed over the shards, as is the histogram */
	struct rp_hist_part hist;
	/* Of a record: when its first instance began, and the last one ended; 0: not known. */
	uint64_t first, last;
	bool incomplete; /* some of its instances are in no figure, as they are not asked for */
};

struct rp_region_name {
	const char *name;
	enum rp_kind kind;
	const char *object;
	const char *build_id; /* of the object, as far as somebody wants it; NULL, "": not known */
	struct rp_stray_hits stray;
	bool slow;		   /* has a single-stepped site */
	bool left_out;		   /* while tracing: figures up to then */
	bool ends_at_jump;	   /* some calls are timed only up to a tail call */
	struct rp_overlap overlap; /* all zero: none was seen */
	const char *usdt;	   /* how -u names it; NULL: it is no USDT pair */
	struct rp_probe_cost cost; /* of its probes; zero where it is not known */
};

/* What the ids in counts stand for. */
struct rp_id_names {
	struct rp_region_name *regions; /* regions[i] is region id i + 1 */
	size_t n_regions;
	struct rp_region_name *dynamic; /* dynamic[i] is RP_REGION_DYNAMIC + i */
	size_t n_dynamic;
	struct rp_region_name unknown; /* all other ids: it has no name */
	const struct rp_text *texts;   /* label RP_TEXT_FIRST + i */
	size_t n_texts;
	struct rp_arena strings; /* that the three point into */
};

struct rp_counts {
	uint64_t time;		      /* ns, CLOCK_MONOTONIC, when it was read */
	struct rp_node_counts *nodes; /* nodes[i] is node id i + 1; without RP_NODE_VALID: skip */
	size_t n_nodes;
	uint64_t *buckets; /* of the nodes, one after the other */
	struct rp_id_names names;
	uint64_t lost[RP_LOST_COUNT];
	uint64_t
		late_ns; /* that the processes of RP_LOST_LATE ran unmeasured, as far as is known */
	struct rp_sample_counts *samples; /* NULL: none are taken */
	struct rp_waker_counts *wakers;	  /* NULL: they are not counted */
};

void rp_counts__free(struct rp_counts *counts);

/* ---- what is open ------------------------------------------------------------------------ */

/* A frame that was entered and not left. */
struct rp_open_entry {
	uint64_t start;	    /* ns, CLOCK_MONOTONIC */
	uint32_t node;	    /* id; 0: it has none */
	uint32_t region;    /* id */
	uint32_t pid, tid;  /* tid 0: a goroutine; of a span: who began it */
	uint64_t goroutine; /* its address; 0: none */
	uint64_t span;	    /* id of a span, which is on no stack: its depth is 0 */
	uint32_t depth;	    /* on its stack, from 1 */
	uint32_t serial;    /* of the thread, where the run is recorded; of a span: who began it */
	bool unsampled;	    /* of a tree that the record leaves out */
	char comm[RP_COMM_LEN];
};

/* Entries of one stack follow each other, from the outermost in. */
struct rp_open_entries {
	uint64_t time; /* ns, CLOCK_MONOTONIC, once all of it was read */
	struct rp_open_entry *item;
	size_t n;

	struct rp_node *nodes; /* nodes[id]; ids from 1 to n_nodes */
	size_t n_nodes;
	struct rp_id_names names;
};

/* What they hold, not the struct. */
void rp_open_entries__free(struct rp_open_entries *entries);

/* ---- where counts come from ---------------------------------------------------------------- */

struct rp_counts_source {
	void *ctx;
	/* The counts of now; NULL: out of memory. */
	struct rp_counts *(*read)(void *ctx);
	/*
	 * What is open now. -ENOTSUP: this source cannot tell; -ENOMEM and other errors of reading.
	 * Free the entries also after an error.
	 */
	int (*open_frames)(void *ctx, struct rp_open_entries *out);
};

#endif

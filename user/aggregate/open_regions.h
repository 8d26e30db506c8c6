/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Open regions: every frame that was entered and not left, the oldest first. Pure. Times in ns. */
#ifndef RP_OPEN_REGIONS_H
#define RP_OPEN_REGIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregate/counts.h"

#define RP_OPEN_LABEL_LEN 72

struct rp_open_row {
	uint64_t age;	/* at the time of the list */
	uint64_t start; /* CLOCK_MONOTONIC; with the thread it tells frames apart */
	uint32_t region;
	const char *name;
	enum rp_kind kind;
	const char *object;
	char label[RP_OPEN_LABEL_LEN]; /* "": none; may be a string of the target's */
	uint32_t pid, tid;	       /* tid 0: a goroutine; of a span: who began it */
	uint64_t goroutine;	       /* its address; 0: none */
	uint64_t span;		       /* of a span: its id */
	char comm[RP_COMM_LEN];
	uint32_t depth; /* on its stack, from 1; 0: a span, which is on none */
	uint32_t link;	/* where its path ends */
};

struct rp_open_link;

struct rp_open_regions {
	uint64_t time;	/* CLOCK_MONOTONIC: when it was read */
	uint64_t stuck; /* what is as old as that is stuck; 0: nothing is */
	struct rp_open_row *row;
	size_t n;
	size_t n_stuck;		   /* the first ones are */
	struct rp_open_link *link; /* inside: regions of the paths */
	size_t n_links;
};

/* Everything that the list shows is its own. NULL: out of memory. */
struct rp_open_regions *rp_open_regions__build(const struct rp_open_entries *entries,
					       uint64_t stuck);
void rp_open_regions__free(struct rp_open_regions *open);

/*
 * The regions that a frame is in, from the outermost: "request > compute > lock_wait". Where they
 * do not fit, "... > " stands for the outermost ones; the frame's own name may be cut. Names are
 * as the target has them: escape before printing. Returns buf; size is at least 1.
 */
const char *rp_open_regions__path(const struct rp_open_regions *open, const struct rp_open_row *row,
				  char *buf, size_t size);

#endif

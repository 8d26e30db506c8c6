/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What regions wait for: who ended the sleep of threads in them. Pure. */
#ifndef RP_AGGREGATE_WAKERS_H
#define RP_AGGREGATE_WAKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rp_wakers.h"

/* As it was counted, of one path and one waker. */
struct rp_waker_count {
	struct rp_waker_key key;
	struct rp_waker_figures figures;
};

struct rp_waker_counts {
	struct rp_waker_count *item;
	size_t n;
	uint64_t since; /* ns, CLOCK_MONOTONIC: nothing was counted before */
};

/* Sleeps in a row that one waker ended. */
struct rp_waking {
	const char *region;  /* that the waker was in; NULL: none */
	enum rp_waker waker; /* where there is no region */
	uint64_t count;
	uint64_t ns; /* asleep */
};

/*
 * All sleeps in a row, its own and not those in what it enters; the longest first. Together they
 * are the time that it was blocked itself, from the start on: what is not seen to be asleep is of
 * an unknown waker.
 */
struct rp_wakings {
	const struct rp_waking *item;
	size_t n;
	uint64_t count, ns;
};

struct rp_counts;
struct rp_regions;
struct rp_snapshot;

/* A snapshot of which wakers were counted has one. */
struct rp_wakers {
	bool whole; /* of all from the start: else what they do not account for is not told */
	struct rp_waking *item;
};

/*
 * Fill snapshot->wakers, and the wakings of its rows, with what was counted since `before` (NULL:
 * since the start), when it was `since`. tree_row_of_node: id of the row of the tree that node
 * id i + 1 is shown in, 0 for none. -ENOMEM.
 */
int rp_wakers__build(struct rp_snapshot *snapshot, const struct rp_counts *now,
		     const struct rp_counts *before, uint64_t since,
		     const struct rp_regions *regions, const uint32_t *tree_row_of_node);
void rp_wakers__free(struct rp_wakers *wakers);

/* "region", "outside", ...: what a waker is, for programs; and who it is, for people. */
const char *rp_waking__kind(const struct rp_waking *waking);
const char *rp_waking__name(const struct rp_waking *waking);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What samples come to: hot functions and lines of the target and of each region. Pure. */
#ifndef RP_SAMPLED_H
#define RP_SAMPLED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregate/sample_store.h"

/* A function, or a line of one, with its share of the samples that it is among. */
struct rp_line {
	const struct rp_place *place;
	uint32_t number;     /* of the place */
	uint64_t self;	     /* samples that were there; of sleeps: ns */
	uint64_t cumulative; /* there or in what was called from there; recursion counts once */
};

/* The hottest first. */
struct rp_lines {
	const struct rp_line *item;
	size_t n;
};

struct rp_profile {
	uint64_t samples; /* of sleeps: ns */
	uint64_t cpu;	  /* ns that they stand for; 0: not known */
	struct rp_lines lines, functions;
};

/* A row of the tree as it was when it was made: views put those in another order. */
struct rp_sampled_path {
	uint32_t parent; /* id; 0 at a root */
	const char *name;
	bool is_function;
};

/* Of a period, as a part of its snapshot. */
struct rp_sampled {
	unsigned hz_wanted;
	double hz_achieved; /* a second of CPU time; 0: not known */
	bool most_unseen;   /* so few that most CPU time was of threads too short for a sample */
	struct rp_sample_totals totals;
	uint64_t lost; /* samples, or sleeps */
	struct rp_profile all;
	uint64_t outside; /* of all: in no region */

	/*
	 * The stacks: of call number what ended in it, samples or ns, and the path that it is in.
	 */
	const struct rp_sample_store *store;
	uint64_t *self;
	uint32_t *path_of; /* 0: none */
	size_t n_calls;
	struct rp_sampled_path *paths; /* by id */
};

struct rp_snapshot;

/*
 * Fill snapshot->sampled, if samples are taken, and the profiles of its rows from what was counted,
 * less what was counted before (NULL: nothing). tree_row_of_node: id of the row of the tree that
 * node id i + 1 is shown in, 0 for none. -ENOMEM.
 */
int rp_sampled__build(struct rp_snapshot *snapshot, const struct rp_sample_counts *now,
		      const struct rp_sample_counts *before, const uint32_t *tree_row_of_node,
		      size_t n_nodes);
/* The same of snapshot->asleep and the sleeps of its rows. */
int rp_sampled__build_asleep(struct rp_snapshot *snapshot, const struct rp_sample_counts *now,
			     const struct rp_sample_counts *before,
			     const uint32_t *tree_row_of_node, size_t n_nodes);
/* The target has used so much CPU time in the period: samples are told as shares of it. */
void rp_sampled__set_cpu(struct rp_snapshot *snapshot, uint64_t ns);
void rp_sampled__free(struct rp_sampled *sampled);

/* Names from the outermost in; n_regions of them, which come first, are those of regions. */
struct rp_stack {
	const char **name;
	size_t n, n_regions, room;
};

/*
 * The regions and calls that a call is in; a sample outside of all calls has one "[none]". -ENOMEM.
 */
int rp_sampled__stack(const struct rp_sampled *sampled, uint32_t call, struct rp_stack *stack);

/*
 * How far the share of `part` in n samples may be from the true one, up and down: with 95 %
 * certainty it lies between *low and *high (Wilson's interval).
 */
void rp_sampled__interval(uint64_t part, uint64_t n, double *low, double *high);

#endif

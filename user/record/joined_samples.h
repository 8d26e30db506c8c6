/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Samples of several runs in one store: places and calls, which each run numbers for itself, are
 * found again by what they are. Pure.
 */
#ifndef RP_JOINED_SAMPLES_H
#define RP_JOINED_SAMPLES_H

#include "record/sink.h"
#include "util/map.h"

/* A call of the run. */
struct rp_joined_call {
	uint32_t parent; /* index + 1; 0: none */
	uint32_t place;	 /* number in the store; 0 at a root */
};

/* All zero: no run has samples. */
struct rp_joined_samples {
	struct rp_sample_store *store; /* NULL: likewise */
	unsigned hz;		       /* of the first run that has samples */
	uint64_t lost, cpu;	       /* ns that those here and the lost ones stand for */

	/* ---- of the run ---- */
	unsigned run_hz;
	uint64_t n;			 /* samples so far */
	struct rp_map place_of, call_of; /* number -> number in the store; -> index */
	struct rp_joined_call *call;
	size_t n_calls, calls_room;
	uint32_t *stack; /* places of the sample under way */
	size_t stack_room;
};

/* All of these: 0 or -ENOMEM. */
int rp_joined_samples__begin_run(struct rp_joined_samples *joined, const struct rp_event_run *run);
int rp_joined_samples__place(struct rp_joined_samples *joined, uint32_t number,
			     const struct rp_place *place);
int rp_joined_samples__call(struct rp_joined_samples *joined, uint32_t number,
			    const struct rp_sample_call *call);
/* node: what its node is called here. */
int rp_joined_samples__add(struct rp_joined_samples *joined, const struct rp_taken_sample *sample,
			   uint32_t node);

void rp_joined_samples__end_run(struct rp_joined_samples *joined, const struct rp_event_end *end);
void rp_joined_samples__free(struct rp_joined_samples *joined);

/*
 * ns that n samples of a run stand for: its CPU time is shared by all of its samples, be they here
 * or not. Where that is not known, as the recorder was killed, they are taken for as frequent as
 * was asked for.
 */
uint64_t rp_samples__cpu(const struct rp_event_end *end, uint64_t n, unsigned hz);

/* *out is NULL where no run has any. */
int rp_joined_samples__counts(const struct rp_joined_samples *joined,
			      struct rp_sample_counts **out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The calls that samples were taken in, and their places in code, as exports name them. Part of
 * struct rp_told; for exports that have samples. Internal to export/.
 */
#ifndef RP_TOLD_CALLS_H
#define RP_TOLD_CALLS_H

#include "record/sink.h"
#include "util/map.h"

/* Strings are quoted. */
struct rp_told_place {
	const char *function, *object;
	const char *file; /* "": not known, and neither is the line */
	uint32_t line;
};

struct rp_told_call {
	uint32_t parent; /* index + 1; 0: it is the outermost */
	uint32_t place;	 /* index */
};

struct rp_told_calls {
	struct rp_told_place *places; /* the first one is of samples without a stack: "[none]" */
	size_t n_places, places_room;
	struct rp_told_call *calls; /* likewise: a call of that place */
	size_t n_calls, calls_room;
	struct rp_map place_of, call_of; /* number -> index; of a call: -> index + 1 */
	uint32_t *stack;		 /* places of the one that was asked for last */
	size_t stack_room;
};

/* For the sink of a state that begins with a struct rp_told. */
int rp_told__on_place(void *ctx, uint32_t number, const struct rp_place *place);
int rp_told__on_call(void *ctx, uint32_t number, const struct rp_sample_call *call);

int rp_told_calls__begin_run(struct rp_told_calls *calls);
void rp_told_calls__forget_run(struct rp_told_calls *calls);
void rp_told_calls__free(struct rp_told_calls *calls);

/* The index of a sample's call; the first one where that is not known. */
uint32_t rp_told_calls__of(const struct rp_told_calls *calls, const struct rp_taken_sample *sample);
/* Indexes of the places of its stack, from the outermost in, until the next call. 0 or -ENOMEM. */
int rp_told_calls__stack(struct rp_told_calls *calls, uint32_t call, const uint32_t **places,
			 size_t *n);

#endif

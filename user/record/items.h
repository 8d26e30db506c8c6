/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What the ids of instances stand for, as the items of blocks. An item begins with its length, so
 * that a reader skips what a later version puts behind the members that it knows; what an earlier
 * version did not put is zero. Pure.
 */
#ifndef RP_ITEMS_H
#define RP_ITEMS_H

#include "record/bytes.h"
#include "record/sink.h"

void rp_item__put_region(struct rp_bytes *out, uint32_t id, const struct rp_region_name *region);
void rp_item__put_text(struct rp_bytes *out, uint32_t index, const struct rp_text *text);
void rp_item__put_node(struct rp_bytes *out, uint32_t id, const struct rp_node *node);
void rp_item__put_thread(struct rp_bytes *out, const struct rp_event_thread *thread);

void rp_item__put_place(struct rp_bytes *out, uint32_t number, const struct rp_place *place);
void rp_item__put_call(struct rp_bytes *out, uint32_t number, const struct rp_sample_call *call);

/* Of a node: so many instances so far that are not there. */
struct rp_missing {
	uint32_t node;
	uint64_t lost, left_out;
};
void rp_item__put_missing(struct rp_bytes *out, const struct rp_missing *missing);

/* A word and its value, of RP_BLOCK_RUN and RP_BLOCK_TOTALS. */
void rp_item__put_pair(struct rp_bytes *out, const char *key, const char *value);
void rp_item__put_pair_number(struct rp_bytes *out, const char *key, uint64_t value);

/* ---- back again: false: it is none ---------------------------------------------------------- */

/* Names go into the arena; region->name is NULL where that has no memory. */
bool rp_item__get_region(struct rp_cursor item, struct rp_arena *names, uint32_t *id,
			 struct rp_region_name *region);
bool rp_item__get_text(struct rp_cursor item, uint32_t *index, struct rp_text *text);
bool rp_item__get_node(struct rp_cursor item, uint32_t *id, struct rp_node *node);
bool rp_item__get_thread(struct rp_cursor item, struct rp_event_thread *thread);
/* As of regions: place->function is NULL where there is no memory. */
bool rp_item__get_place(struct rp_cursor item, struct rp_arena *names, uint32_t *number,
			struct rp_place *place);
bool rp_item__get_call(struct rp_cursor item, uint32_t *number, struct rp_sample_call *call);
bool rp_item__get_missing(struct rp_cursor item, struct rp_missing *missing);
/* Both go into the arena, and are NULL where that has no memory. */
bool rp_item__get_pair(struct rp_cursor item, struct rp_arena *texts, const char **key,
		       const char **value);

#endif

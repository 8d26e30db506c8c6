/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Instances, and samples, as columns of numbers, which pack better than rows: times are in order,
 * or nearly so, and of what stays on its CPU the time off it is near zero. Pure.
 *
 * The payload of a block: how many columns there are, the bytes of each (both in 4 bytes), and then
 * the columns. What a reader knows none of are further columns.
 */
#ifndef RP_COLUMNS_RECORD_H
#define RP_COLUMNS_RECORD_H

#include "record/bytes.h"
#include "record/format.h"
#include "record/sink.h"

#define RP_COLUMNS_MAX RP_COLUMNS /* of either */

struct rp_event_columns {
	unsigned char *column[RP_COLUMNS_MAX]; /* room for RP_BLOCK_EVENTS numbers each */
	unsigned char *at[RP_COLUMNS_MAX];     /* where the next one goes */
	unsigned n_columns;
	uint32_t n;	 /* events */
	uint64_t last;	 /* time of the last one */
	uint64_t t0, t1; /* the first and the last time */
};

/* For instances RP_COLUMNS, for samples RP_SAMPLE_COLUMNS. -ENOMEM. */
int rp_event_columns__init(struct rp_event_columns *columns, unsigned n_columns);
void rp_event_columns__free(struct rp_event_columns *columns);

static inline bool rp_event_columns__are_full(const struct rp_event_columns *columns)
{
	return columns->n == RP_BLOCK_EVENTS;
}

/* They must not be full. */
void rp_event_columns__add_instance(struct rp_event_columns *columns,
				    const struct rp_event_instance *instance);
void rp_event_columns__add_sample(struct rp_event_columns *columns,
				  const struct rp_taken_sample *sample);
/* Put them as a payload, and begin anew. */
void rp_event_columns__pack(struct rp_event_columns *columns, struct rp_bytes *out);

/* ---- back again ----------------------------------------------------------------------------- */

struct rp_event_cursor {
	struct rp_cursor column[RP_COLUMNS_MAX];
	uint64_t last;
};

/* n_columns as above. false: this is no payload of such events. */
bool rp_event_cursor__init(struct rp_event_cursor *cursor, struct rp_cursor payload,
			   unsigned n_columns);
/* false: there are no more. */
bool rp_event_cursor__next_instance(struct rp_event_cursor *cursor, struct rp_event_instance *out);
bool rp_event_cursor__next_sample(struct rp_event_cursor *cursor, struct rp_taken_sample *out);

#endif

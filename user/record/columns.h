/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Instances as columns of numbers, which pack better than rows: ends are in order, or nearly so,
 * and of what stays on its CPU the time off it is near zero. Pure.
 *
 * The payload of a block: how many columns there are, the bytes of each (both in 4 bytes), and then
 * the columns. What a reader knows none of are further columns.
 */
#ifndef RP_COLUMNS_RECORD_H
#define RP_COLUMNS_RECORD_H

#include "record/bytes.h"
#include "record/format.h"
#include "record/sink.h"

struct rp_instance_columns {
	unsigned char *column[RP_COLUMNS]; /* room for RP_BLOCK_EVENTS numbers each */
	unsigned char *at[RP_COLUMNS];	   /* where the next one goes */
	uint32_t n;			   /* instances */
	uint64_t last;			   /* end of the last one */
	uint64_t first_end, last_end;
};

/* -ENOMEM. */
int rp_instance_columns__init(struct rp_instance_columns *columns);
void rp_instance_columns__free(struct rp_instance_columns *columns);

static inline bool rp_instance_columns__are_full(const struct rp_instance_columns *columns)
{
	return columns->n == RP_BLOCK_EVENTS;
}

/* They must not be full. */
void rp_instance_columns__add(struct rp_instance_columns *columns,
			      const struct rp_event_instance *instance);
/* Put them as a payload, and begin anew. */
void rp_instance_columns__pack(struct rp_instance_columns *columns, struct rp_bytes *out);

/* ---- back again ----------------------------------------------------------------------------- */

struct rp_instance_cursor {
	struct rp_cursor column[RP_COLUMNS];
	uint64_t last;
};

/* false: this is no payload of instances. */
bool rp_instance_cursor__init(struct rp_instance_cursor *cursor, struct rp_cursor payload);
/* false: there are no more. */
bool rp_instance_cursor__next(struct rp_instance_cursor *cursor, struct rp_event_instance *out);

#endif

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COLUMN_BYTES ((size_t)RP_BLOCK_EVENTS * RP_VARINT_MAX)

_Static_assert(COLUMN_BYTES *RP_COLUMNS_MAX + 4 * (RP_COLUMNS_MAX + 1) <= RP_BLOCK_MAX,
	       "a block has room for all columns");
_Static_assert((int)RP_SAMPLE_COLUMNS <= (int)RP_COLUMNS_MAX, "there is room for samples");

/* ---- writing --------------------------------------------------------------------------------- */

static void begin(struct rp_event_columns *columns)
{
	for (unsigned i = 0; i < columns->n_columns; i++)
		columns->at[i] = columns->column[i];
	columns->n = 0;
	columns->last = 0;
}

int rp_event_columns__init(struct rp_event_columns *columns, unsigned n_columns)
{
	*columns = (struct rp_event_columns){.n_columns = n_columns};
	columns->column[0] = malloc(COLUMN_BYTES * n_columns);
	if (!columns->column[0])
		return -ENOMEM;
	for (unsigned i = 1; i < n_columns; i++)
		columns->column[i] = columns->column[0] + i * COLUMN_BYTES;
	begin(columns);
	return 0;
}

void rp_event_columns__free(struct rp_event_columns *columns)
{
	free(columns->column[0]);
	*columns = (struct rp_event_columns){0};
}

static inline void put(struct rp_event_columns *columns, unsigned i, uint64_t value)
{
	columns->at[i] = rp_varint__put(columns->at[i], value);
}

/* The column of times gets this. */
static inline void put_time(struct rp_event_columns *columns, unsigned i, uint64_t time)
{
	put(columns, i, rp_zigzag(time - columns->last));
	if (!columns->n || time < columns->t0)
		columns->t0 = time;
	if (!columns->n || time > columns->t1)
		columns->t1 = time;
	columns->last = time;
	columns->n++;
}

void rp_event_columns__add_instance(struct rp_event_columns *columns,
				    const struct rp_event_instance *instance)
{
	bool span = instance->is_span;
	unsigned where = (instance->unwound ? RP_WHERE_UNWOUND : 0) |
			 (instance->open ? RP_WHERE_OPEN : 0) | (span ? RP_WHERE_SPAN : 0);

	put(columns, RP_COLUMN_THREAD, instance->thread);
	put(columns, RP_COLUMN_NODE, instance->node);
	put_time(columns, RP_COLUMN_END, rp_event_instance__end(instance));
	put(columns, RP_COLUMN_NS, instance->ns);
	put(columns, RP_COLUMN_CHILD, span ? instance->span : instance->child);
	put(columns, RP_COLUMN_CPU, span ? instance->end_thread : instance->ns - instance->cpu);
	put(columns, RP_COLUMN_WAIT, instance->wait);
	put(columns, RP_COLUMN_WHERE, (uint64_t)instance->cpu_number << RP_WHERE_BITS | where);
}

void rp_event_columns__add_sample(struct rp_event_columns *columns,
				  const struct rp_taken_sample *sample)
{
	unsigned how = (sample->unresolved ? RP_HOW_UNRESOLVED : 0) |
		       (sample->at_probe ? RP_HOW_AT_PROBE : 0);

	put(columns, RP_SAMPLE_COLUMN_THREAD, sample->thread);
	put(columns, RP_SAMPLE_COLUMN_TID, sample->tid);
	put(columns, RP_SAMPLE_COLUMN_PID, sample->pid);
	put_time(columns, RP_SAMPLE_COLUMN_TIME, sample->time);
	put(columns, RP_SAMPLE_COLUMN_NODE, sample->node);
	put(columns, RP_SAMPLE_COLUMN_CALL, sample->call);
	put(columns, RP_SAMPLE_COLUMN_HOW, (uint64_t)sample->end << RP_HOW_BITS | how);
}

void rp_event_columns__pack(struct rp_event_columns *columns, struct rp_bytes *out)
{
	uint32_t head[1 + RP_COLUMNS_MAX] = {columns->n_columns};

	for (unsigned i = 0; i < columns->n_columns; i++)
		head[1 + i] = (uint32_t)(columns->at[i] - columns->column[i]);
	rp_bytes__put(out, head, sizeof(*head) * (1 + columns->n_columns));
	for (unsigned i = 0; i < columns->n_columns; i++)
		rp_bytes__put(out, columns->column[i], head[1 + i]);
	begin(columns);
}

/* ---- reading --------------------------------------------------------------------------------- */

bool rp_event_cursor__init(struct rp_event_cursor *cursor, struct rp_cursor payload,
			   unsigned n_columns)
{
	const void *n_at = rp_cursor__bytes(&payload, 4), *lengths;
	uint32_t n, length;

	*cursor = (struct rp_event_cursor){0};
	if (!n_at)
		return false;
	memcpy(&n, n_at, 4);
	lengths = rp_cursor__bytes(&payload, (size_t)n * 4);
	if (!lengths || n < n_columns)
		return false;
	for (unsigned i = 0; i < n_columns; i++) {
		const unsigned char *at;

		memcpy(&length, (const char *)lengths + 4 * i, 4);
		at = rp_cursor__bytes(&payload, length);
		if (!at)
			return false;
		cursor->column[i] = (struct rp_cursor){at, at + length};
	}
	return true;
}

/* One of each column. */
static inline bool next(struct rp_event_cursor *cursor, uint64_t *value, unsigned n_columns)
{
	for (unsigned i = 0; i < n_columns; i++)
		if (!rp_cursor__number(&cursor->column[i], &value[i]))
			return false;
	return true;
}

bool rp_event_cursor__next_instance(struct rp_event_cursor *cursor, struct rp_event_instance *out)
{
	uint64_t value[RP_COLUMNS];
	bool span;

	if (!next(cursor, value, RP_COLUMNS))
		return false;
	span = value[RP_COLUMN_WHERE] & RP_WHERE_SPAN;
	cursor->last += rp_unzigzag(value[RP_COLUMN_END]);
	*out = (struct rp_event_instance){
		.start = cursor->last - value[RP_COLUMN_NS],
		.ns = value[RP_COLUMN_NS],
		.child = span ? 0 : value[RP_COLUMN_CHILD],
		.cpu = span ? 0 : value[RP_COLUMN_NS] - value[RP_COLUMN_CPU],
		.wait = value[RP_COLUMN_WAIT],
		.span = span ? value[RP_COLUMN_CHILD] : 0,
		.node = (uint32_t)value[RP_COLUMN_NODE],
		.thread = (uint32_t)value[RP_COLUMN_THREAD],
		.end_thread = (uint32_t)value[span ? RP_COLUMN_CPU : RP_COLUMN_THREAD],
		.cpu_number = (uint16_t)(value[RP_COLUMN_WHERE] >> RP_WHERE_BITS),
		.unwound = value[RP_COLUMN_WHERE] & RP_WHERE_UNWOUND,
		.open = value[RP_COLUMN_WHERE] & RP_WHERE_OPEN,
		.is_span = span,
	};
	return true;
}

bool rp_event_cursor__next_sample(struct rp_event_cursor *cursor, struct rp_taken_sample *out)
{
	uint64_t value[RP_SAMPLE_COLUMNS];

	if (!next(cursor, value, RP_SAMPLE_COLUMNS))
		return false;
	cursor->last += rp_unzigzag(value[RP_SAMPLE_COLUMN_TIME]);
	*out = (struct rp_taken_sample){
		.time = cursor->last,
		.call = (uint32_t)value[RP_SAMPLE_COLUMN_CALL],
		.node = (uint32_t)value[RP_SAMPLE_COLUMN_NODE],
		.thread = (uint32_t)value[RP_SAMPLE_COLUMN_THREAD],
		.tid = (uint32_t)value[RP_SAMPLE_COLUMN_TID],
		.pid = (uint32_t)value[RP_SAMPLE_COLUMN_PID],
		.end = (uint8_t)(value[RP_SAMPLE_COLUMN_HOW] >> RP_HOW_BITS),
		.unresolved = value[RP_SAMPLE_COLUMN_HOW] & RP_HOW_UNRESOLVED,
		.at_probe = value[RP_SAMPLE_COLUMN_HOW] & RP_HOW_AT_PROBE,
	};
	return true;
}

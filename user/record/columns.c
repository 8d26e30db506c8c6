// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COLUMN_BYTES ((size_t)RP_BLOCK_EVENTS * RP_VARINT_MAX)

_Static_assert(COLUMN_BYTES *RP_COLUMNS + 4 * (RP_COLUMNS + 1) <= RP_BLOCK_MAX,
	       "a block has room for all columns");

static void begin(struct rp_instance_columns *columns)
{
	for (unsigned i = 0; i < RP_COLUMNS; i++)
		columns->at[i] = columns->column[i];
	columns->n = 0;
	columns->last = 0;
}

int rp_instance_columns__init(struct rp_instance_columns *columns)
{
	*columns = (struct rp_instance_columns){0};
	columns->column[0] = malloc(COLUMN_BYTES * RP_COLUMNS);
	if (!columns->column[0])
		return -ENOMEM;
	for (unsigned i = 1; i < RP_COLUMNS; i++)
		columns->column[i] = columns->column[0] + i * COLUMN_BYTES;
	begin(columns);
	return 0;
}

void rp_instance_columns__free(struct rp_instance_columns *columns)
{
	free(columns->column[0]);
	*columns = (struct rp_instance_columns){0};
}

static inline void put(struct rp_instance_columns *columns, enum rp_column_number i, uint64_t value)
{
	columns->at[i] = rp_varint__put(columns->at[i], value);
}

void rp_instance_columns__add(struct rp_instance_columns *columns,
			      const struct rp_event_instance *instance)
{
	uint64_t end = rp_event_instance__end(instance);
	bool span = instance->is_span;
	unsigned where = (instance->unwound ? RP_WHERE_UNWOUND : 0) |
			 (instance->open ? RP_WHERE_OPEN : 0) | (span ? RP_WHERE_SPAN : 0);

	put(columns, RP_COLUMN_THREAD, instance->thread);
	put(columns, RP_COLUMN_NODE, instance->node);
	put(columns, RP_COLUMN_END, rp_zigzag(end - columns->last));
	put(columns, RP_COLUMN_NS, instance->ns);
	put(columns, RP_COLUMN_CHILD, span ? instance->span : instance->child);
	put(columns, RP_COLUMN_CPU, span ? instance->end_thread : instance->ns - instance->cpu);
	put(columns, RP_COLUMN_WAIT, instance->wait);
	put(columns, RP_COLUMN_WHERE, (uint64_t)instance->cpu_number << RP_WHERE_BITS | where);
	if (!columns->n || end < columns->first_end)
		columns->first_end = end;
	if (!columns->n || end > columns->last_end)
		columns->last_end = end;
	columns->last = end;
	columns->n++;
}

void rp_instance_columns__pack(struct rp_instance_columns *columns, struct rp_bytes *out)
{
	uint32_t head[1 + RP_COLUMNS] = {RP_COLUMNS};

	for (unsigned i = 0; i < RP_COLUMNS; i++)
		head[1 + i] = (uint32_t)(columns->at[i] - columns->column[i]);
	rp_bytes__put(out, head, sizeof(head));
	for (unsigned i = 0; i < RP_COLUMNS; i++)
		rp_bytes__put(out, columns->column[i], head[1 + i]);
	begin(columns);
}

bool rp_instance_cursor__init(struct rp_instance_cursor *cursor, struct rp_cursor payload)
{
	const void *n_at = rp_cursor__bytes(&payload, 4), *lengths;
	uint32_t n, length;

	*cursor = (struct rp_instance_cursor){0};
	if (!n_at)
		return false;
	memcpy(&n, n_at, 4);
	lengths = rp_cursor__bytes(&payload, (size_t)n * 4);
	if (!lengths || n < RP_COLUMNS)
		return false;
	for (unsigned i = 0; i < RP_COLUMNS; i++) {
		const unsigned char *at;

		memcpy(&length, (const char *)lengths + 4 * i, 4);
		at = rp_cursor__bytes(&payload, length);
		if (!at)
			return false;
		cursor->column[i] = (struct rp_cursor){at, at + length};
	}
	return true;
}

bool rp_instance_cursor__next(struct rp_instance_cursor *cursor, struct rp_event_instance *out)
{
	uint64_t value[RP_COLUMNS];
	bool span;

	for (unsigned i = 0; i < RP_COLUMNS; i++)
		if (!rp_cursor__number(&cursor->column[i], &value[i]))
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

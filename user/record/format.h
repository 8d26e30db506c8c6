/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The record file, as docs/FORMAT.md describes it to the byte: blocks one after the other, and
 * nothing else. Each has a type, its own checksums and what it takes to be unpacked, so that a
 * damaged one costs no other, and one of an unknown type is skipped. All numbers are little-endian.
 * Pure.
 */
#ifndef RP_FORMAT_H
#define RP_FORMAT_H

#include <stdint.h>

#include "rp_types.h"

#define RP_BLOCK_MAGIC	 0x6b6c6272u /* "rblk" */
#define RP_BLOCK_VERSION 1u	     /* readers skip blocks of a later one */
#define RP_BLOCK_MAX	 (4u << 20)  /* bytes of a payload, packed or not */
#define RP_BLOCK_EVENTS	 32768u	     /* instances, or samples, in a block */

enum rp_block_type {
	RP_BLOCK_RUN = 1,
	RP_BLOCK_REGIONS = 2,
	RP_BLOCK_TEXTS = 3,
	RP_BLOCK_NODES = 4,
	RP_BLOCK_THREADS = 5,
	RP_BLOCK_INSTANCES = 6,
	RP_BLOCK_MISSING = 7, /* what of a node is not there: lost, or left out */
	RP_BLOCK_TOTALS = 8,
	RP_BLOCK_INDEX = 9,
	RP_BLOCK_END = 10,
	RP_BLOCK_PLACES = 11,
	RP_BLOCK_CALLS = 12,
	RP_BLOCK_SAMPLES = 13,
	RP_BLOCK_PART = 14, /* which file of its run it is in, and what was missing before that */
	RP_BLOCK_TYPES,
};

struct rp_block_header {
	uint32_t magic;
	uint16_t version;
	uint16_t type;	   /* enum rp_block_type */
	uint32_t sequence; /* from 0 on, one more each block */
	uint32_t items;	   /* in the payload */
	uint32_t stored;   /* bytes of the payload, which follows ... */
	uint32_t raw;	   /* ... and when unpacked: a zstd frame, unless the two are the same */
	uint64_t t0, t1; /* ns: first and last end of its instances, or sample; else when written */
	uint64_t run;	 /* the same in all blocks of a run, and in no other */
	uint64_t payload_hash; /* XXH3 of the payload as stored */
	uint64_t header_hash;  /* XXH3 of all above */
};
_Static_assert(sizeof(struct rp_block_header) == 64, "a block's header is part of the format");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format's numbers are little-endian");

/* Columns of RP_BLOCK_INSTANCES. */
enum rp_column_number {
	RP_COLUMN_THREAD, /* serial; of a span: that began it */
	RP_COLUMN_NODE,
	RP_COLUMN_END,	 /* less the end of the one before, as a zigzag number */
	RP_COLUMN_NS,	 /* from start to end */
	RP_COLUMN_CHILD, /* ns in children; of a span: its id */
	RP_COLUMN_CPU,	 /* ns less those on a CPU; of a span: thread that ended it */
	RP_COLUMN_WAIT,
	RP_COLUMN_WHERE, /* CPU number << RP_WHERE_BITS | RP_WHERE_* */
	RP_COLUMNS,
};

/* The same of RP_BLOCK_SAMPLES. */
enum rp_sample_column_number {
	RP_SAMPLE_COLUMN_THREAD, /* serial */
	RP_SAMPLE_COLUMN_TID,
	RP_SAMPLE_COLUMN_PID,
	RP_SAMPLE_COLUMN_TIME, /* less that of the one before, as a zigzag number */
	RP_SAMPLE_COLUMN_NODE,
	RP_SAMPLE_COLUMN_CALL,
	RP_SAMPLE_COLUMN_HOW, /* enum rp_unwind_end << RP_HOW_BITS | RP_HOW_* */
	RP_SAMPLE_COLUMNS,
};

#define RP_HOW_UNRESOLVED 1u
#define RP_HOW_AT_PROBE	  2u
#define RP_HOW_BITS	  2u

#define RP_WHERE_UNWOUND  1u
#define RP_WHERE_SPAN	  2u
#define RP_WHERE_OPEN	  4u
#define RP_WHERE_BITS	  3u

/* Flags of a region. */
#define RP_REGION_IS_SLOW      1u
#define RP_REGION_IS_LEFT_OUT  2u
#define RP_REGION_ENDS_AT_JUMP 4u

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The one hash of numbers, and a table from such hashes to indexes of an array. The array holds the
 * keys; whoever looks compares them there. Names that a target chooses are sorted instead, as they
 * could be made to collide.
 */
#ifndef RP_HASH_H
#define RP_HASH_H

#include <stddef.h>
#include <stdint.h>

/* The finalizer of splitmix64: each bit of the input changes half of the output. */
static inline uint64_t rp_hash(uint64_t a, uint64_t b)
{
	uint64_t x = a * 0x9e3779b97f4a7c15u + b;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* Open addressing; at most half full. */
struct rp_index {
	uint32_t *slot; /* index + 1; 0: free */
	uint64_t mask;
};

/* Room for so many entries, all free. 0 or -ENOMEM. */
int rp_index__init(struct rp_index *index, size_t max_entries);
void rp_index__free(struct rp_index *index);

/* Where to start looking, and where to go on up to a free slot. */
static inline uint64_t rp_index__start(const struct rp_index *index, uint64_t hash)
{
	return hash & index->mask;
}

static inline uint64_t rp_index__next(const struct rp_index *index, uint64_t at)
{
	return (at + 1) & index->mask;
}

#endif

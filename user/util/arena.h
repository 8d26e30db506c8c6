/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Many small strings and arrays that are freed together. */
#ifndef RP_ARENA_H
#define RP_ARENA_H

#include <stddef.h>

struct rp_arena_chunk;

/* All zero: empty. */
struct rp_arena {
	struct rp_arena_chunk *chunks;
	size_t left; /* free bytes in the newest chunk */
};

/* A copy of the first len bytes; NULL: out of memory. */
const char *rp_arena__copy(struct rp_arena *arena, const char *text, size_t len);
/* A copy of an array, aligned for any type. */
const void *rp_arena__array(struct rp_arena *arena, const void *items, size_t bytes);
const char *rp_arena__dup(struct rp_arena *arena, const char *text);
const char *rp_arena__printf(struct rp_arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void rp_arena__free(struct rp_arena *arena);

#endif

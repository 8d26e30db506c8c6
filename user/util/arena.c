// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tens of thousands of short names: one allocation each would cost more than the names. */
#define CHUNK_SIZE 65536u
#define ALIGNMENT  16u

struct rp_arena_chunk {
	struct rp_arena_chunk *next;
	size_t size;
	_Alignas(ALIGNMENT) char bytes[];
};

static char *take(struct rp_arena *arena, size_t size)
{
	struct rp_arena_chunk *chunk;
	size_t room = size > CHUNK_SIZE ? (size | (ALIGNMENT - 1)) + 1 : CHUNK_SIZE;

	if (!arena->chunks || arena->left < size) {
		chunk = malloc(sizeof(*chunk) + room);
		if (!chunk)
			return NULL;
		chunk->next = arena->chunks;
		chunk->size = room;
		arena->chunks = chunk;
		arena->left = room;
	}
	arena->left -= size;
	return arena->chunks->bytes + (arena->chunks->size - arena->left - size);
}

const char *rp_arena__copy(struct rp_arena *arena, const char *text, size_t len)
{
	char *copy = take(arena, len + 1);

	if (copy) {
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	return copy;
}

const void *rp_arena__array(struct rp_arena *arena, const void *items, size_t bytes)
{
	size_t size = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	char *copy;

	/* Chunks are filled from their beginning, and are a multiple of it long. */
	arena->left &= ~(size_t)(ALIGNMENT - 1);
	copy = take(arena, size);
	return copy ? memcpy(copy, items, bytes) : NULL;
}

const char *rp_arena__dup(struct rp_arena *arena, const char *text)
{
	return rp_arena__copy(arena, text, strlen(text));
}

const char *rp_arena__printf(struct rp_arena *arena, const char *format, ...)
{
	va_list ap;
	char *copy;
	int len;

	va_start(ap, format);
	len = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	copy = len < 0 ? NULL : take(arena, (size_t)len + 1);
	if (!copy)
		return NULL;
	va_start(ap, format);
	vsnprintf(copy, (size_t)len + 1, format, ap);
	va_end(ap);
	return copy;
}

void rp_arena__free(struct rp_arena *arena)
{
	struct rp_arena_chunk *chunk, *next;

	for (chunk = arena->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	*arena = (struct rp_arena){0};
}

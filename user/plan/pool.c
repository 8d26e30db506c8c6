// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_internal.h"

/* Tens of thousands of short names: one allocation each would cost more than the names. */
#define CHUNK_SIZE 65536u
#define ALIGNMENT  16u

struct rp_pool_chunk {
	struct rp_pool_chunk *next;
	size_t size;
	_Alignas(ALIGNMENT) char bytes[];
};

static char *take(struct rp_pool *pool, size_t size)
{
	struct rp_pool_chunk *chunk;
	size_t room = size > CHUNK_SIZE ? (size | (ALIGNMENT - 1)) + 1 : CHUNK_SIZE;

	if (!pool->chunks || pool->left < size) {
		chunk = malloc(sizeof(*chunk) + room);
		if (!chunk)
			return NULL;
		chunk->next = pool->chunks;
		chunk->size = room;
		pool->chunks = chunk;
		pool->left = room;
	}
	pool->left -= size;
	return pool->chunks->bytes + (pool->chunks->size - pool->left - size);
}

const char *rp_pool__copy(struct rp_pool *pool, const char *text, size_t len)
{
	char *copy = take(pool, len + 1);

	if (copy) {
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	return copy;
}

const void *rp_pool__array(struct rp_pool *pool, const void *items, size_t bytes)
{
	size_t size = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	char *copy;

	/* Chunks are filled from their beginning, and are a multiple of it long. */
	pool->left &= ~(size_t)(ALIGNMENT - 1);
	copy = take(pool, size);
	return copy ? memcpy(copy, items, bytes) : NULL;
}

const char *rp_pool__dup(struct rp_pool *pool, const char *text)
{
	return rp_pool__copy(pool, text, strlen(text));
}

const char *rp_pool__printf(struct rp_pool *pool, const char *format, ...)
{
	va_list ap;
	char *copy;
	int len;

	va_start(ap, format);
	len = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	copy = len < 0 ? NULL : take(pool, (size_t)len + 1);
	if (!copy)
		return NULL;
	va_start(ap, format);
	vsnprintf(copy, (size_t)len + 1, format, ap);
	va_end(ap);
	return copy;
}

void rp_pool__free(struct rp_pool *pool)
{
	struct rp_pool_chunk *chunk, *next;

	for (chunk = pool->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	*pool = (struct rp_pool){0};
}

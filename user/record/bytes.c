// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/bytes.h"

#include <stdlib.h>
#include <string.h>

#include "util/array.h"

static bool has_room(struct rp_bytes *bytes, size_t n)
{
	size_t capacity = 2 * bytes->capacity + n + 256;

	if (bytes->n + n <= bytes->capacity)
		return true;
	if (rp_array__fit(&bytes->at, capacity, 1)) {
		bytes->failed = true;
		return false;
	}
	bytes->capacity = capacity;
	return true;
}

void rp_bytes__put(struct rp_bytes *bytes, const void *data, size_t n)
{
	if (!has_room(bytes, n))
		return;
	if (n)
		memcpy(bytes->at + bytes->n, data, n);
	bytes->n += n;
}

/* In place: exports put a dozen for each instance. */
void rp_bytes__put_number(struct rp_bytes *bytes, uint64_t value)
{
	if (has_room(bytes, RP_VARINT_MAX))
		bytes->n = (size_t)(rp_varint__put(bytes->at + bytes->n, value) - bytes->at);
}

void rp_bytes__put_text(struct rp_bytes *bytes, const char *text, size_t n)
{
	rp_bytes__put_number(bytes, n);
	rp_bytes__put(bytes, text, n);
}

void rp_bytes__free(struct rp_bytes *bytes)
{
	free(bytes->at);
	*bytes = (struct rp_bytes){0};
}

const void *rp_cursor__bytes(struct rp_cursor *cursor, size_t n)
{
	const void *at = cursor->at;

	if (n > (size_t)(cursor->end - cursor->at))
		return NULL;
	cursor->at += n;
	return at;
}

bool rp_cursor__text(struct rp_cursor *cursor, const char **text, size_t *n)
{
	uint64_t length;

	*text = NULL;
	*n = 0;
	if (!rp_cursor__number(cursor, &length))
		return false;
	*text = rp_cursor__bytes(cursor, length);
	*n = *text ? length : 0;
	return *text;
}

bool rp_cursor__item(struct rp_cursor *cursor, struct rp_cursor *item)
{
	const char *at;
	size_t n;
	bool found = rp_cursor__text(cursor, &at, &n);

	*item = (struct rp_cursor){(const unsigned char *)at, (const unsigned char *)at + n};
	return found;
}

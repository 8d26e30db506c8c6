/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Bytes that grow, and a cursor through bytes of somebody else. Numbers are varints: seven bits a
 * byte, the lowest first, the top bit set in all but the last. Pure.
 */
#ifndef RP_BYTES_H
#define RP_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RP_VARINT_MAX 10 /* bytes of a number */

static inline unsigned char *rp_varint__put(unsigned char *at, uint64_t value)
{
	while (value >= 0x80) {
		*at++ = (unsigned char)(value | 0x80);
		value >>= 7;
	}
	*at++ = (unsigned char)value;
	return at;
}

/* Small whatever its sign. */
static inline uint64_t rp_zigzag(uint64_t value)
{
	return value << 1 ^ -(value >> 63);
}

static inline uint64_t rp_unzigzag(uint64_t value)
{
	return value >> 1 ^ -(value & 1);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* All zero: empty. Where memory runs out, what is put is dropped, and `failed` says so. */
struct rp_bytes {
	unsigned char *at;
	size_t n, capacity;
	bool failed;
};

void rp_bytes__put(struct rp_bytes *bytes, const void *data, size_t n);
void rp_bytes__put_number(struct rp_bytes *bytes, uint64_t value);
/* Its length first. */
void rp_bytes__put_text(struct rp_bytes *bytes, const char *text, size_t n);
void rp_bytes__free(struct rp_bytes *bytes);

/* ---- reading ------------------------------------------------------------------------------- */

struct rp_cursor {
	const unsigned char *at, *end;
};

/* false: it ends before, or the number is too long; *out is 0 then. */
static inline bool rp_cursor__number(struct rp_cursor *cursor, uint64_t *out)
{
	uint64_t value = 0;

	*out = 0;
	for (unsigned shift = 0; cursor->at < cursor->end && shift < 64; shift += 7) {
		unsigned char byte = *cursor->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*out = value;
			return true;
		}
	}
	return false;
}

/* So many bytes, which stay where they are; NULL: there are not as many. */
const void *rp_cursor__bytes(struct rp_cursor *cursor, size_t n);
/* A text that rp_bytes__put_text() has put; it has no terminator. false: it ends before. */
bool rp_cursor__text(struct rp_cursor *cursor, const char **text, size_t *n);
/* The same of an item within: a cursor of its own, so that what it has more is skipped. */
bool rp_cursor__item(struct rp_cursor *cursor, struct rp_cursor *item);

#endif

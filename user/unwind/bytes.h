/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Numbers of DWARF, read one after the other from bytes that are not to be trusted. */
#ifndef RP_UNWIND_BYTES_H
#define RP_UNWIND_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Reading past the end gives 0, sets `failed` and leaves nothing to read. */
struct rp_unwind_bytes {
	const uint8_t *at, *end;
	bool failed;
};

static inline size_t rp_unwind_bytes__left(const struct rp_unwind_bytes *b)
{
	return (size_t)(b->end - b->at);
}

static inline uint64_t rp_unwind_bytes__fail(struct rp_unwind_bytes *b)
{
	b->failed = true;
	b->at = b->end;
	return 0;
}

/* Of 1, 2, 4 or 8 bytes. */
static inline uint64_t rp_unwind_bytes__number(struct rp_unwind_bytes *b, size_t size)
{
	uint64_t value = 0;

	if (rp_unwind_bytes__left(b) < size)
		return rp_unwind_bytes__fail(b);
	memcpy(&value, b->at, size); /* both are little-endian: discover/elf_object.c sees to it */
	b->at += size;
	return value;
}

static inline uint64_t rp_unwind_bytes__unsigned(struct rp_unwind_bytes *b)
{
	uint64_t value = 0;

	for (unsigned shift = 0; b->at < b->end && shift < 64; shift += 7) {
		uint8_t byte = *b->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	return rp_unwind_bytes__fail(b);
}

static inline int64_t rp_unwind_bytes__signed(struct rp_unwind_bytes *b)
{
	uint64_t value = 0;

	for (unsigned shift = 0; b->at < b->end && shift < 64; shift += 7) {
		uint8_t byte = *b->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		if (byte & 0x40 && shift + 7 < 64)
			value |= ~0ull << (shift + 7);
		return (int64_t)value;
	}
	return (int64_t)rp_unwind_bytes__fail(b);
}

/* The next `size` bytes by themselves, which are skipped. */
static inline struct rp_unwind_bytes rp_unwind_bytes__take(struct rp_unwind_bytes *b, uint64_t size)
{
	struct rp_unwind_bytes taken = {.at = b->at, .end = b->at};

	if (size > rp_unwind_bytes__left(b)) {
		rp_unwind_bytes__fail(b);
		taken.failed = true;
		return taken;
	}
	b->at += size;
	taken.end = b->at;
	return taken;
}

#endif

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * A file that was closed well ends with a block of known length, which says where the index is. In
 * any other, headers lead from block to block. Where one is damaged, the next is looked for at
 * every byte behind it: its checksum tells it from bytes that look alike.
 */
#include "record/blocks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/array.h"
#include "util/map.h"

#define HEADER_BYTES sizeof(struct rp_block_header)
#define END_BYTES    (HEADER_BYTES + sizeof(uint64_t))
#define SEARCH_BYTES (64u << 10)

/* All n bytes. -ENODATA: the file ends before. */
static int read_at(int fd, void *to, size_t n, uint64_t offset)
{
	size_t at = 0;

	while (at < n) {
		ssize_t got = pread(fd, (char *)to + at, n - at, (off_t)(offset + at));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -ENODATA;
		at += (size_t)got;
	}
	return 0;
}

/* A block is here, whole: 0; -EBADMSG: there is none. */
static int read_header(const struct rp_blocks *b, uint64_t offset, struct rp_block_header *out)
{
	int rc = -EBADMSG;

	if (offset + HEADER_BYTES <= b->size)
		rc = read_at(b->fd, out, sizeof(*out), offset);
	if (rc)
		return rc == -ENODATA ? -EBADMSG : rc;
	if (!rp_block_header__is_sound(out) || (b->n && out->run != b->run) ||
	    out->stored > b->size - offset - HEADER_BYTES)
		return -EBADMSG;
	return 0;
}

static int add(struct rp_blocks *b, const struct rp_block_place *place)
{
	int rc = rp_array__grow(&b->place, b->n, &b->room, sizeof(*b->place));

	if (rc)
		return rc;
	b->place[b->n++] = *place;
	b->end = rp_block_place__end(place);
	return 0;
}

int rp_blocks__read(struct rp_blocks *b, const struct rp_block_place *place,
		    struct rp_cursor *payload)
{
	struct rp_block_header header;
	const unsigned char *raw;
	int rc = read_header(b, place->offset, &header);

	if (!rc && (header.type != place->type || header.stored != place->stored))
		rc = -EBADMSG;
	if (!rc)
		rc = read_at(b->fd, b->stored, header.stored, place->offset + HEADER_BYTES);
	if (rc)
		return rc == -ENODATA ? -EBADMSG : rc;
	raw = rp_packer__unpack(b->packer, &header, b->stored);
	if (!raw)
		return -EBADMSG;
	*payload = (struct rp_cursor){raw, raw + header.raw};
	return 0;
}

/* ---- by the index ---------------------------------------------------------------------------- */

/* Where it is, from the last block. */
static int find_index(struct rp_blocks *b, struct rp_block_place *index)
{
	struct rp_block_header header = {0};
	struct rp_cursor payload;
	uint64_t at;
	int rc;

	if (b->size < END_BYTES)
		return -EBADMSG;
	rc = read_header(b, b->size - END_BYTES, &header);
	if (!rc && (header.type != RP_BLOCK_END || header.version > RP_BLOCK_VERSION))
		rc = -EBADMSG;
	*index = rp_block_place__of(&header, b->size - END_BYTES);
	if (!rc)
		rc = rp_blocks__read(b, index, &payload);
	if (rc)
		return rc;
	if (payload.end - payload.at != sizeof(at))
		return -EBADMSG;
	memcpy(&at, payload.at, sizeof(at));
	b->run = header.run;
	if (at > b->size - END_BYTES - HEADER_BYTES)
		return -EBADMSG;
	rc = read_header(b, at, &header);
	if (!rc && (header.type != RP_BLOCK_INDEX || header.run != b->run))
		rc = -EBADMSG;
	*index = rp_block_place__of(&header, at);
	return rc;
}

/* -EBADMSG: there is none. */
static int read_index(struct rp_blocks *b)
{
	struct rp_block_place index, place = {0};
	struct rp_cursor payload = {0};
	int rc = find_index(b, &index);

	if (!rc)
		rc = rp_blocks__read(b, &index, &payload);
	while (!rc && rp_block_place__next(&payload, &place, b->end))
		rc = add(b, &place);
	if (!rc && (payload.at != payload.end || b->end != index.offset))
		rc = -EBADMSG;
	b->indexed = !rc;
	return rc;
}

/* ---- by the headers -------------------------------------------------------------------------- */

/* The next byte from `offset` on where a block begins; the size of the file: none does. */
static int search(const struct rp_blocks *b, unsigned char *room, uint64_t *offset,
		  struct rp_block_header *header)
{
	const uint32_t magic = RP_BLOCK_MAGIC;

	while (*offset + HEADER_BYTES <= b->size) {
		uint64_t left = b->size - *offset;
		size_t n = left < SEARCH_BYTES ? (size_t)left : SEARCH_BYTES;
		int rc = read_at(b->fd, room, n, *offset);
		const unsigned char *found = rc ? NULL : memmem(room, n, &magic, sizeof(magic));

		if (rc)
			return rc;
		/* A magic number may begin in the last bytes, too. */
		*offset += found ? (size_t)(found - room) : n - (sizeof(magic) - 1);
		if (!found)
			continue;
		rc = read_header(b, *offset, header);
		if (rc != -EBADMSG)
			return rc;
		++*offset;
	}
	*offset = b->size;
	return 0;
}

/* One that was there before comes from a file that was put together wrongly: what is in it would
 * count twice. It is a gap, as damage is. */
static int add_once(struct rp_blocks *b, struct rp_map *seen, const struct rp_block_header *header,
		    uint64_t offset)
{
	const struct rp_block_place place = rp_block_place__of(header, offset);
	int rc;

	if (rp_map__get(seen, header->header_hash) != RP_MAP_NONE) {
		b->end = rp_block_place__end(&place);
		return 0;
	}
	rc = rp_map__add(seen, header->header_hash, (uint32_t)b->n);
	return rc ? rc : add(b, &place);
}

static int scan(struct rp_blocks *b)
{
	unsigned char *room = malloc(SEARCH_BYTES);
	struct rp_map seen = {0};
	int rc = room ? 0 : -ENOMEM;

	while (!rc) {
		struct rp_block_header header;
		uint64_t offset = b->end;

		rc = read_header(b, offset, &header);
		if (rc == -EBADMSG)
			rc = search(b, room, &offset, &header);
		if (rc || offset >= b->size)
			break;
		if (!b->n)
			b->run = header.run;
		rc = add_once(b, &seen, &header, offset);
	}
	rp_map__free(&seen);
	free(room);
	return rc;
}

int rp_blocks__open(struct rp_blocks *b, int fd)
{
	struct stat st;
	int rc;

	*b = (struct rp_blocks){.fd = fd};
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (!st.st_size)
		return -ENODATA;
	b->size = (uint64_t)st.st_size;
	b->packer = rp_packer__new();
	b->stored = malloc(RP_BLOCK_MAX);
	if (!b->packer || !b->stored)
		return -ENOMEM;
	rc = read_index(b);
	if (rc == -EBADMSG) {
		b->n = 0;
		b->end = 0;
		rc = scan(b);
	}
	return rc ? rc : b->n ? 0 : -EINVAL;
}

void rp_blocks__free(struct rp_blocks *b)
{
	rp_packer__free(b->packer);
	free(b->stored);
	free(b->place);
	*b = (struct rp_blocks){.fd = -1};
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The file, in the byte order of the machine:
 *
 *	[ "ld.so-1.7.0", n, n entries of 12 bytes, padding to 8 ]   the older format, if at all
 *	header, its n entries, strings
 *
 * Entries point to their strings by the distance from the header.
 */
#include "discover/ld_cache.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discover/file.h"

#define OLD_MAGIC      "ld.so-1.7.0"
#define OLD_ENTRY_SIZE 12
#define MAGIC	       "glibc-ld.so.cache1.1"
#define FILE_MAX       (16u << 20)
#define ORDER_MASK     3u
#define ORDER_UNSET    0u /* written before there was a mark */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ORDER_OURS 2u
#else
#define ORDER_OURS 3u
#endif

struct old_header {
	char magic[sizeof(OLD_MAGIC) - 1];
	uint32_t n;
};

struct header {
	char magic[sizeof(MAGIC) - 1];
	uint32_t n;
	uint32_t strings_size;
	uint8_t flags;
	uint8_t unused[19];
};

struct entry {
	int32_t flags;
	uint32_t name;
	uint32_t path;
	uint32_t os_version;
	uint64_t hwcap;
};

_Static_assert(sizeof(struct old_header) == 16 && sizeof(struct header) == 48 &&
		       sizeof(struct entry) == 24,
	       "the layout of the file");

struct rp_ld_cache {
	const char *base; /* the header's first byte */
	size_t size;	  /* from there; a 0 byte follows */
	size_t n;
	char data[];
};

/* Where the header begins: past what is in the older format. */
static size_t header_offset(const char *data, size_t size)
{
	struct old_header old;
	uint64_t end;

	if (size < sizeof(old))
		return 0;
	memcpy(&old, data, sizeof(old));
	if (memcmp(old.magic, OLD_MAGIC, sizeof(old.magic)))
		return 0;
	end = sizeof(old) + (uint64_t)old.n * OLD_ENTRY_SIZE;
	end = (end + 7) & ~(uint64_t)7;
	return end < size ? end : size;
}

static int parse(struct rp_ld_cache *cache, size_t size)
{
	size_t offset = header_offset(cache->data, size);
	struct header header;
	unsigned order;

	cache->base = cache->data + offset;
	cache->size = size - offset;
	if (cache->size < sizeof(header))
		return -EBADMSG;
	memcpy(&header, cache->base, sizeof(header));
	order = header.flags & ORDER_MASK;
	if (memcmp(header.magic, MAGIC, sizeof(header.magic)) ||
	    (order != ORDER_OURS && order != ORDER_UNSET) ||
	    header.n > (cache->size - sizeof(header)) / sizeof(struct entry))
		return -EBADMSG;
	cache->n = header.n;
	return 0;
}

int rp_ld_cache__open(const char *path, struct rp_ld_cache **out)
{
	struct rp_ld_cache *cache = NULL;
	struct stat st;
	size_t size;
	int fd, ret;

	fd = rp_file__open_regular(path, &st);
	if (fd < 0)
		return fd;
	ret = -EFBIG;
	if (st.st_size > FILE_MAX)
		goto out;
	ret = -ENOMEM;
	cache = malloc(sizeof(*cache) + st.st_size + 1);
	if (!cache)
		goto out;
	size = rp_file__read(fd, 0, cache->data, st.st_size);
	cache->data[size] = '\0';
	ret = parse(cache, size);
	if (ret)
		goto out;
	*out = cache;
	cache = NULL;
out:
	free(cache);
	close(fd);
	return ret;
}

void rp_ld_cache__free(struct rp_ld_cache *cache)
{
	free(cache);
}

const char *rp_ld_cache__find(const struct rp_ld_cache *cache, const char *name, size_t *pos)
{
	struct entry entry;

	while (cache && *pos < cache->n) {
		memcpy(&entry, cache->base + sizeof(struct header) + *pos * sizeof(entry),
		       sizeof(entry));
		++*pos;
		/* Those with hwcap are builds for some processors, beside the plain build. */
		if (!entry.hwcap && entry.name < cache->size && entry.path < cache->size &&
		    !strcmp(cache->base + entry.name, name))
			return cache->base + entry.path;
	}
	return NULL;
}

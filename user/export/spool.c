// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "export/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/array.h"

#define ITEMS 256 /* of a list, before they go to the file */

/* What is in the file: so many items, and behind them where those before are. */
struct rp_spool_list {
	unsigned char *items;
	size_t n, room;
	uint64_t before; /* place in the file + 1; 0: nothing */
};

static int write_all(int fd, const void *bytes, size_t n, uint64_t at)
{
	while (n) {
		ssize_t wrote = pwrite(fd, bytes, n, (off_t)at);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return wrote ? -errno : -EIO;
		bytes = (const char *)bytes + wrote;
		at += (uint64_t)wrote;
		n -= (size_t)wrote;
	}
	return 0;
}

static int read_all(int fd, void *bytes, size_t n, uint64_t at)
{
	while (n) {
		ssize_t got = pread(fd, bytes, n, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -EIO;
		bytes = (char *)bytes + got;
		at += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

static int to_file(struct rp_spool *s, struct rp_spool_list *list)
{
	size_t size = ITEMS * s->item;
	int rc;

	if (!s->file)
		s->file = tmpfile();
	if (!s->file)
		return -errno;
	rc = write_all(fileno(s->file), list->items, size, s->end);
	if (!rc)
		rc = write_all(fileno(s->file), &list->before, sizeof(list->before), s->end + size);
	if (rc)
		return rc;
	list->before = s->end + 1;
	list->n = 0;
	s->end += size + sizeof(list->before);
	return 0;
}

int rp_spool__add(struct rp_spool *s, uint32_t number, const void *item)
{
	struct rp_spool_list *list;
	int rc = 0;

	while (!rc && s->n <= number) {
		rc = rp_array__grow(&s->list, s->n, &s->room, sizeof(*s->list));
		if (!rc)
			s->list[s->n++] = (struct rp_spool_list){0};
	}
	if (rc)
		return rc;
	list = &s->list[number];
	if (list->n == ITEMS)
		rc = to_file(s, list);
	if (!rc)
		rc = rp_array__grow(&list->items, list->n, &list->room, s->item);
	if (!rc)
		memcpy(list->items + list->n++ * s->item, item, s->item);
	return rc;
}

bool rp_spool__has(const struct rp_spool *s, uint32_t list)
{
	return list < s->n && s->list[list].n;
}

static int tell_back(const struct rp_spool *s, const unsigned char *items, size_t n,
		     int (*fn)(void *ctx, const void *item), void *ctx)
{
	int rc = 0;

	while (!rc && n--)
		rc = fn(ctx, items + n * s->item);
	return rc;
}

int rp_spool__back(const struct rp_spool *s, uint32_t number,
		   int (*fn)(void *ctx, const void *item), void *ctx)
{
	const struct rp_spool_list *list = number < s->n ? &s->list[number] : NULL;
	size_t size = ITEMS * s->item;
	unsigned char *items;
	uint64_t before;
	int rc;

	if (!list)
		return 0;
	rc = tell_back(s, list->items, list->n, fn, ctx);
	if (rc || !list->before)
		return rc;
	items = malloc(size + sizeof(before));
	if (!items)
		return -ENOMEM;
	for (before = list->before; !rc && before;) {
		rc = read_all(fileno(s->file), items, size + sizeof(before), before - 1);
		memcpy(&before, items + size, sizeof(before));
		if (!rc)
			rc = tell_back(s, items, ITEMS, fn, ctx);
	}
	free(items);
	return rc;
}

void rp_spool__clear(struct rp_spool *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->list[i].items);
	s->n = 0;
	s->end = 0;
}

void rp_spool__free(struct rp_spool *s)
{
	rp_spool__clear(s);
	free(s->list);
	if (s->file)
		fclose(s->file);
}

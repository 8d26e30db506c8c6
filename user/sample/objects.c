// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "sample/objects.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discover/elf_object.h"
#include "util/array.h"

#define NESTED_MAX 4

struct object {
	struct rp_file_id mapped; /* as maps shows it */
	struct rp_file_id file;	  /* as stat(2) does */
	int fd;			  /* -1: it could not be opened, or has been read */
	bool opened, read;
	char *name;
	struct rp_elf *elf;
	const struct rp_symbol *symbols; /* by offset */
	size_t n;
	uint32_t *places; /* of symbols; the last is that of code without one. 0: not yet known */
};

struct rp_sample_objects {
	struct rp_sample_store *store;
	struct object *item;
	size_t n, room;
};

struct rp_sample_objects *rp_sample_objects__new(struct rp_sample_store *store)
{
	struct rp_sample_objects *o = calloc(1, sizeof(*o));

	if (o)
		o->store = store;
	return o;
}

void rp_sample_objects__free(struct rp_sample_objects *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->n; i++) {
		if (o->item[i].fd >= 0)
			close(o->item[i].fd);
		rp_elf__free(o->item[i].elf);
		free(o->item[i].name);
		free(o->item[i].places);
	}
	free(o->item);
	free(o);
}

static void open_object(struct object *object, pid_t pid, const struct rp_mapped *mapped)
{
	char via[PATH_MAX];
	struct stat st;

	object->fd = rp_proc__open_mapped("/proc", pid, mapped, via, sizeof(via));
	if (object->fd < 0 || fstat(object->fd, &st))
		return;
	object->file = (struct rp_file_id){.dev = st.st_dev, .ino = st.st_ino};
	object->opened = true;
}

uint32_t rp_sample_objects__get(struct rp_sample_objects *o, pid_t pid,
				const struct rp_mapped *mapped)
{
	const char *slash = strrchr(mapped->path, '/');
	struct object *object;

	for (size_t i = 0; i < o->n; i++)
		if (o->item[i].mapped.ino == mapped->ino && o->item[i].mapped.dev == mapped->dev)
			return (uint32_t)i + 1;
	if (rp_array__grow(&o->item, o->n, &o->room, sizeof(*o->item)))
		return 0;
	object = &o->item[o->n];
	*object = (struct object){.mapped = {mapped->dev, mapped->ino}, .fd = -1};
	object->name = strdup(slash ? slash + 1 : mapped->path);
	if (!object->name)
		return 0;
	open_object(object, pid, mapped);
	return (uint32_t)++o->n;
}

static int read_symbols(struct object *object)
{
	struct rp_err err;

	object->read = true;
	if (object->fd >= 0 && !rp_elf__open(object->fd, object->name, &object->elf, &err) &&
	    rp_elf__symbols(object->elf, &object->symbols, &object->n, &err))
		object->n = 0;
	if (object->fd >= 0)
		close(object->fd);
	object->fd = -1;
	object->places = calloc(object->n + 1, sizeof(*object->places));
	return object->places ? 0 : -1;
}

/* The function that an offset is in; object->n: none. Of several the last begins nearest. */
static size_t find_symbol(const struct object *object, uint64_t offset)
{
	size_t low = 0, high = object->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (object->symbols[mid].offset <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	/* Some begin inside another one, but not many do. */
	for (size_t i = low; i > 0 && low - i < NESTED_MAX; i--)
		if (offset - object->symbols[i - 1].offset < object->symbols[i - 1].size)
			return i - 1;
	return object->n;
}

uint32_t rp_sample_objects__place(struct rp_sample_objects *o, uint32_t number, uint64_t offset,
				  bool *named)
{
	struct object *object = &o->item[number - 1];
	struct rp_place place = {.file = "", .object = object->name};
	char unknown[NAME_MAX + 3];
	size_t i;

	*named = false;
	if (!object->read && read_symbols(object))
		return 0;
	if (!object->places)
		return 0;
	i = find_symbol(object, offset);
	*named = i < object->n;
	if (object->places[i])
		return object->places[i];
	snprintf(unknown, sizeof(unknown), "[%s]", object->name);
	place.function = *named ? object->symbols[i].name : unknown;
	return object->places[i] = rp_sample_store__place(o->store, &place);
}

bool rp_sample_objects__id(const struct rp_sample_objects *o, uint32_t number,
			   struct rp_file_id *id)
{
	const struct object *object = &o->item[number - 1];

	*id = object->file;
	return object->opened;
}

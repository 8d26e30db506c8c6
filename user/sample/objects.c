// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "sample/objects.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "discover/file.h"
#include "discover/vdso.h"
#include "symbolize/symbolize.h"
#include "util/array.h"
#include "util/room.h"

/*
 * Places in code that are kept with their names: a large program that is busy all over has 50,000.
 */
#define PLACES_MAX  200000
#define FILES_MAX   16384
#define NAMES_BYTES (1ull << 30) /* that are read of all files at a time */

struct object {
	struct rp_file_id mapped; /* as maps shows it */
	struct stat st;		  /* as it was then */
	struct rp_file_id file;	  /* as stat(2) shows it */
	uint32_t number;	  /* of the symbolizer; 0: it could not be opened */
	char *name;
};

struct rp_sample_objects {
	struct rp_sample_store *store;
	struct rp_helper *helper;
	struct rp_room *files;
	struct rp_symbolizer *symbolizer;
	struct object *item;
	size_t n, room;
	uint32_t vdso; /* 0: it was not asked for yet */
	uint64_t vdso_size;
};

/* Each is open to the end: there are to be open files for all else. */
static uint64_t most_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur / 2 > FILES_MAX)
		return FILES_MAX;
	return limit.rlim_cur / 2;
}

struct rp_sample_objects *rp_sample_objects__new(struct rp_sample_store *store,
						 struct rp_helper *helper, bool is_shared,
						 bool (*is_cancelled)(void))
{
	const struct rp_symbolizer_opts opts = {.helper = helper,
						.lines = true,
						.max_places = PLACES_MAX,
						.max_memory = NAMES_BYTES,
						.is_shared = is_shared,
						.is_cancelled = is_cancelled};
	struct rp_sample_objects *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->store = store;
	o->helper = helper;
	o->files = rp_room__new(most_files(), is_shared);
	o->symbolizer = rp_symbolizer__new(&opts);
	if (o->files && o->symbolizer)
		return o;
	rp_sample_objects__free(o);
	return NULL;
}

void rp_sample_objects__free(struct rp_sample_objects *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->n; i++)
		free(o->item[i].name);
	rp_symbolizer__free(o->symbolizer);
	rp_room__free(o->files);
	free(o->item);
	free(o);
}

static void open_object(struct rp_sample_objects *o, struct object *object, pid_t pid,
			const struct rp_mapped *mapped)
{
	struct stat st;
	int fd = rp_helper__open_mapped(o->helper, "/proc", pid, mapped);

	if (fd < 0)
		return;
	if (!rp_file__stat(fd, &st)) {
		object->file = (struct rp_file_id){.dev = st.st_dev, .ino = st.st_ino};
		object->number = rp_symbolizer__add(o->symbolizer, fd, object->name);
	}
	close(fd);
}

/* NULL: out of memory. */
static struct object *add_object(struct rp_sample_objects *o, const char *name)
{
	struct object *object;

	if (rp_array__grow(&o->item, o->n, &o->room, sizeof(*o->item)))
		return NULL;
	object = &o->item[o->n];
	*object = (struct object){.name = strdup(name)};
	if (!object->name)
		return NULL;
	o->n++;
	return object;
}

uint32_t rp_sample_objects__get(struct rp_sample_objects *o, struct rp_owner owner,
				const struct rp_mapped *mapped)
{
	pid_t pid = (pid_t)owner.process;
	const char *slash = strrchr(mapped->path, '/');
	struct object *object;
	struct stat st = {0};
	/* The process may have ended. */
	bool is_there = !rp_proc__stat_mapped("/proc", pid, mapped, &st);

	/* A file is written anew, and numbers go on to other files: the newest is the likeliest. */
	for (size_t i = o->n; i > 0; i--) {
		object = &o->item[i - 1];
		if (object->mapped.ino == mapped->ino && object->mapped.dev == mapped->dev &&
		    (!is_there || rp_file__same_content(&st, &object->st))) {
			/* It may have been unmapped for a moment when it was to be opened. */
			if (is_there && !object->number)
				open_object(o, object, pid, mapped);
			return (uint32_t)i;
		}
	}
	if (!rp_room__take(o->files, owner, 1))
		return 0;
	object = add_object(o, slash ? slash + 1 : mapped->path);
	if (!object) {
		rp_room__give(o->files, owner, 1);
		return 0;
	}
	object->mapped = (struct rp_file_id){mapped->dev, mapped->ino};
	object->st = st;
	open_object(o, object, pid, mapped);
	return (uint32_t)o->n;
}

uint32_t rp_sample_objects__vdso(struct rp_sample_objects *o, uint64_t *size)
{
	struct object *object;
	int fd;

	if (!o->vdso) {
		object = add_object(o, RP_VDSO_NAME);
		if (!object)
			return 0;
		o->vdso = (uint32_t)o->n;
		fd = rp_vdso__open(&o->vdso_size);
		if (fd >= 0) {
			object->number = rp_symbolizer__add(o->symbolizer, fd, object->name);
			close(fd);
		}
	}
	*size = o->vdso_size;
	return o->vdso;
}

size_t rp_sample_objects__places(struct rp_sample_objects *o, struct rp_owner owner,
				 uint32_t number, uint64_t offset, uint32_t *places, size_t most,
				 bool *named)
{
	const struct object *object = &o->item[number - 1];
	const struct rp_code_places *found = NULL;
	size_t n = 0;

	*named = false;
	if (object->number)
		found = rp_symbolizer__find(o->symbolizer, owner, object->number, offset);
	if (!found)
		return 0;
	*named = found->named;
	for (size_t i = found->n; i > 0 && n < most; i--) {
		const struct rp_code_place *at = &found->places[i - 1];
		const struct rp_place place = {.function = at->function,
					       .file = at->file,
					       .line = at->line,
					       .object = object->name};

		places[n] = rp_sample_store__place(o->store, &place);
		n += places[n] > 0;
	}
	return n;
}

const struct rp_file_id *rp_sample_objects__mapped(const struct rp_sample_objects *o,
						   uint32_t number)
{
	return &o->item[number - 1].mapped;
}

bool rp_sample_objects__id(const struct rp_sample_objects *o, uint32_t number,
			   struct rp_file_id *id)
{
	const struct object *object = &o->item[number - 1];

	*id = object->file;
	return object->number;
}

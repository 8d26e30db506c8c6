// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "discover/perf_map.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discover/file.h"
#include "discover/proc.h"
#include "util/array.h"
#include "util/kernel_file.h"

#define SIZE_MAX_BYTES (64u << 20)
#define FUNCTIONS_MAX  (1u << 20)
#define NAME_BYTES_MAX 1024 /* more of a name is left out */
#define OVERLAP_MAX    64   /* functions at a place that have been there one after the other */

struct function {
	uint64_t start, size; /* start comes first: rp_array__up_to() */
	uint32_t line;
	uint32_t name; /* where it begins in the text */
};

struct rp_perf_map {
	char *text;		    /* names, which end in a 0 byte each */
	size_t size;		    /* of it */
	struct function *functions; /* by start, then line */
	size_t n, room;
	struct rp_perf_map_version version;
	char *packed; /* what these two are in, where another process has read it; else NULL */
};

/* ---- text ------------------------------------------------------------------------------------ */

/* A number, with 0x before it as the JVM writes it or without, and the blank behind it. */
static bool take_number(const char **at, const char *end, uint64_t *value)
{
	unsigned digits = 0;

	*value = 0;
	if (end - *at > 2 && (*at)[0] == '0' && (*at)[1] == 'x')
		*at += 2;
	for (; *at < end; ++*at, digits++) {
		char c = **at, digit;

		if (c >= '0' && c <= '9')
			digit = (char)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = (char)((c | 0x20) - 'a' + 10);
		else
			break;
		*value = *value << 4 | (uint64_t)digit;
	}
	if (!digits || digits > 16 || *at == end || **at != ' ')
		return false;
	++*at;
	return true;
}

/*
 * A line up to its newline. Others are left out. Of the text the names are kept, each moved to
 * behind the one before, which is never behind where it was: its line is longer.
 */
static int add_line(struct rp_perf_map *map, const char *line, const char *end, uint32_t number)
{
	struct function f = {.line = number, .name = (uint32_t)map->size};
	const char *at = line;
	size_t len;

	if (!take_number(&at, end, &f.start) || !take_number(&at, end, &f.size) || at == end ||
	    !f.size || f.size > UINT64_MAX - f.start)
		return 0;
	if (map->n == FUNCTIONS_MAX)
		return -EFBIG;
	if (rp_array__grow(&map->functions, map->n, &map->room, sizeof(*map->functions)))
		return -ENOMEM;
	map->functions[map->n++] = f;
	len = end - at > NAME_BYTES_MAX ? NAME_BYTES_MAX : (size_t)(end - at);
	memmove(map->text + map->size, at, len);
	map->size += len;
	map->text[map->size++] = '\0';
	return 0;
}

static int compare_functions(const void *x, const void *y)
{
	const struct function *a = x, *b = y;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

/* Takes the text, of which names remain. */
static int parse(char *text, size_t size, struct rp_perf_map **out)
{
	struct rp_perf_map *map = calloc(1, sizeof(*map));
	const char *at = text, *end = text + size, *newline;
	uint32_t number = 0;
	int err = 0;

	if (!map) {
		free(text);
		return -ENOMEM;
	}
	map->text = text;
	/* A last line without its end is being written right now. */
	while (!err && at < end && (newline = memchr(at, '\n', (size_t)(end - at)))) {
		err = add_line(map, at, newline, number++);
		at = newline + 1;
	}
	if (err && err != -EFBIG) {
		rp_perf_map__free(map);
		return err;
	}
	rp_array__sort(map->functions, map->n, sizeof(*map->functions), compare_functions);
	text = realloc(map->text, map->size + 1);
	map->text = text ? text : map->text;
	*out = map;
	return 0;
}

int rp_perf_map__parse(const char *text, size_t size, struct rp_perf_map **out)
{
	char *copy = malloc(size + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, size);
	return parse(copy, size, out);
}

/* ---- the file -------------------------------------------------------------------------------- */

/* The last number of a line of /proc/PID/status: of NSpid that in the innermost namespace. */
static bool last_number(const char *proc_root, pid_t pid, const char *key, uint64_t *value)
{
	struct rp_line_reader status;
	char path[PATH_MAX];
	size_t len = strlen(key);
	bool found = false;

	snprintf(path, sizeof(path), "%s/%d/status", proc_root, (int)pid);
	if (!rp_line_reader__open(&status, path))
		while (!found && rp_line_reader__next(&status)) {
			const char *last = strrchr(status.line, '\t');

			found = !strncmp(status.line, key, len) && status.line[len] == ':' && last;
			if (found)
				*value = strtoull(last + 1, NULL, 10);
		}
	rp_line_reader__close(&status);
	return found;
}

static bool is_owned(const char *proc_root, pid_t pid, const struct stat *st)
{
	uint64_t uid;

	/* The first of them: the real one. */
	return !st->st_uid ||
	       (rp_proc__status_number(proc_root, pid, "Uid", 10, &uid) && st->st_uid == uid);
}

static struct rp_perf_map_version version_of(const struct stat *st)
{
	return (struct rp_perf_map_version){
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime = st->st_mtim.tv_sec * 1000000000ll + st->st_mtim.tv_nsec,
	};
}

struct rp_perf_map_version rp_perf_map__version(const struct rp_perf_map *map)
{
	return map ? map->version : (struct rp_perf_map_version){0};
}

static bool is_same(const struct rp_perf_map_version *a, const struct rp_perf_map_version *b)
{
	return a->ino == b->ino && a->size == b->size && a->mtime == b->mtime;
}

int rp_perf_map__read(const char *proc_root, pid_t pid, const struct rp_perf_map_version *known,
		      struct rp_perf_map **out)
{
	char folder[PATH_MAX], name[64], *text = NULL;
	uint64_t own_pid = (uint64_t)pid;
	struct rp_perf_map_version version;
	struct stat st;
	size_t size;
	int fd, err = 0;

	last_number(proc_root, pid, "NSpid", &own_pid);
	snprintf(folder, sizeof(folder), "%s/%d/root/tmp", proc_root, (int)pid);
	snprintf(name, sizeof(name), "perf-%llu.map", (unsigned long long)own_pid);
	fd = rp_file__open_below(folder, name, &st);
	if (fd < 0)
		return fd;
	version = version_of(&st);
	if (!is_owned(proc_root, pid, &st))
		err = -EACCES;
	else if (is_same(&version, known))
		err = -EALREADY;
	else if (st.st_size > SIZE_MAX_BYTES ||
		 rp_file__data_bytes(fd, &st) < (uint64_t)st.st_size / 2)
		err = -EFBIG;
	size = (size_t)st.st_size;
	if (!err && !(text = malloc(size + 1)))
		err = -ENOMEM;
	if (!err)
		err = parse(text, rp_file__read(fd, 0, text, size), out);
	if (!err)
		(*out)->version = version;
	close(fd);
	return err;
}

void rp_perf_map__free(struct rp_perf_map *map)
{
	if (!map)
		return;
	if (!map->packed) {
		free(map->text);
		free(map->functions);
	}
	free(map->packed);
	free(map);
}

/* ---- from the process that has read it ------------------------------------------------------- */

struct packed {
	uint64_t functions, text; /* how many, and bytes; they follow in that order */
	struct rp_perf_map_version version;
};

int rp_perf_map__pack(const struct rp_perf_map *map, char **bytes, size_t *size)
{
	const struct packed head = {
		.functions = map->n, .text = map->size, .version = map->version};
	size_t functions = map->n * sizeof(*map->functions);

	*size = sizeof(head) + functions + map->size;
	*bytes = malloc(*size);
	if (!*bytes)
		return -ENOMEM;
	memcpy(*bytes, &head, sizeof(head));
	if (functions)
		memcpy(*bytes + sizeof(head), map->functions, functions);
	memcpy(*bytes + sizeof(head) + functions, map->text, map->size);
	return 0;
}

/* In order, their names within the text, whose last byte ends whatever is last in it. */
static bool is_sound(const struct rp_perf_map *map)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct function *f = &map->functions[i];

		if (f->name >= map->size || !f->size || f->size > UINT64_MAX - f->start ||
		    (i && compare_functions(f - 1, f) > 0))
			return false;
	}
	return true;
}

int rp_perf_map__unpack(char *bytes, size_t size, struct rp_perf_map **out)
{
	struct rp_perf_map *map = calloc(1, sizeof(*map));
	struct packed head;
	int err = -ENOMEM;

	if (!map)
		goto out;
	err = -EBADMSG;
	if (size < sizeof(head))
		goto out;
	memcpy(&head, bytes, sizeof(head));
	if (head.functions > FUNCTIONS_MAX || head.text > SIZE_MAX_BYTES ||
	    size != sizeof(head) + head.functions * sizeof(*map->functions) + head.text)
		goto out;
	map->version = head.version;
	map->n = head.functions;
	map->size = head.text;
	map->functions = (struct function *)(bytes + sizeof(head));
	map->text = (char *)(map->functions + map->n);
	if (!is_sound(map))
		goto out;
	map->packed = bytes;
	*out = map;
	return 0;
out:
	free(map);
	free(bytes);
	return err;
}

/* ---- functions ------------------------------------------------------------------------------- */

/* Of several that were there the one that was told of last. */
const char *rp_perf_map__find(const struct rp_perf_map *map, uint64_t addr)
{
	const struct function *found = NULL;
	size_t n = rp_array__up_to(map->functions, map->n, sizeof(*map->functions), addr);

	for (size_t i = n; i && n - i < OVERLAP_MAX; i--) {
		const struct function *f = &map->functions[i - 1];

		if (addr - f->start < f->size && (!found || f->line > found->line))
			found = f;
	}
	return found ? map->text + found->name : NULL;
}

size_t rp_perf_map__functions(const struct rp_perf_map *map)
{
	return map->n;
}

size_t rp_perf_map__bytes(const struct rp_perf_map *map)
{
	return sizeof(*map) + map->size + map->n * sizeof(*map->functions);
}

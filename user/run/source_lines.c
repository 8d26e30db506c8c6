// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/source_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "discover/file.h"
#include "discover/lines.h"
#include "helper/killed.h"
#include "helper/restrict.h"
#include "util/clock.h"

/* Bounds for one region. */
#define READER_CPU_S  10
#define READER_WALL_S 30
#define READER_BYTES  (1ul << 30)
#define OBJECTS_MAX   8
#define PATIENCE_MS   60 /* by then most is read: nobody has to ask again */
#define ENTRY	      "entry"

/* What a reader says of a site. */
struct answer {
	uint32_t state, line;
	char file[RP_SOURCE_FILE];
};
_Static_assert(sizeof(struct answer[RP_SOURCE_SITES]) <= 65536, "all at once fit into a pipe");

struct known {
	uint32_t region, sites;		  /* sites: how many the plan had ... */
	uint64_t renumbered;		  /* ... and how often its objects had new numbers */
	uint32_t object[RP_SOURCE_SITES]; /* of each */
	char *path[RP_SOURCE_SITES];	  /* of that */
	struct rp_source source;
	UT_hash_handle hh;
};

struct rp_source_lines {
	const struct rp_plan *plan;
	const struct rp_targets *targets;
	struct rp_helper *helper;
	struct known *known;
	struct known *asked; /* a reader is at it; NULL: none is */
	pid_t reader;
	struct rp_killed killed;
	int answers;
	uint64_t deadline; /* ns */
};

/* ---- the reader ------------------------------------------------------------------------- */

/* An object in the reader. */
struct object {
	uint32_t number;
	int fd, debug;		/* debug: its debug file, or -1 */
	struct rp_elf *elf;	/* NULL: it is none any more */
	struct rp_lines *lines; /* NULL: no debug information */
};

static size_t collect_objects(const struct rp_source_lines *s, const struct known *k,
			      struct object *objects)
{
	const char *path;
	size_t n = 0;

	for (size_t i = 0; i < k->source.n && n < OBJECTS_MAX; i++) {
		struct object *o = &objects[n];

		if (n && o[-1].number == k->object[i])
			continue;
		o->number = k->object[i];
		o->fd = rp_targets__object(s->targets, k->object[i], &path);
		o->debug = o->fd < 0 ? -1 : rp_helper__debug_file(s->helper, o->fd, path);
		n++;
	}
	return n;
}

/* Nothing of the trace stays open here, nor the terminal. */
static void close_others(const struct object *objects, size_t n, int out)
{
	int keep[2 * OBJECTS_MAX + 1] = {out};

	for (size_t i = 0; i < n; i++) {
		keep[2 * i + 1] = objects[i].fd;
		keep[2 * i + 2] = objects[i].debug;
	}
	rp_restrict__descriptors(keep, 2 * n + 1);
}

static enum rp_source_state look_up(const struct object *object, const struct rp_source_site *site,
				    struct answer *answer)
{
	if (!object->elf)
		return RP_SOURCE_FAILED;
	if (!object->lines)
		return RP_SOURCE_NO_DEBUG;
	switch (rp_lines__find(object->lines, site->offset, !strcmp(site->role, ENTRY),
			       answer->file, sizeof(answer->file), &answer->line)) {
	case 0:
		return RP_SOURCE_LINE;
	case -ENOENT:
		return RP_SOURCE_NO_LINE;
	case -ENODATA: /* a debug file of names alone */
		return RP_SOURCE_NO_DEBUG;
	default:
		return RP_SOURCE_FAILED;
	}
}

static void open_lines(struct object *o)
{
	if (rp_elf__open(o->fd, "", &o->elf, NULL))
		o->elf = NULL;
	else
		rp_elf__use_debug_fd(o->elf, o->debug);
	if (!o->elf || rp_lines__open(o->elf, &o->lines))
		o->lines = NULL;
}

static _Noreturn void read_lines(const struct known *k, struct object *objects, size_t n, int out,
				 pid_t parent)
{
	struct answer answers[RP_SOURCE_SITES] = {0};
	size_t at = 0, size = k->source.n * sizeof(*answers);

	close_others(objects, n, out);
	for (size_t i = 0; i < n; i++) {
		objects[i].fd = rp_file__to_read(objects[i].fd);
		objects[i].debug = rp_file__to_read(objects[i].debug);
	}
	rp_restrict__limits(READER_CPU_S, READER_BYTES);
	/* libdw may stumble over what it reads; it takes nobody with it. */
	rp_restrict__rights(parent);
	for (size_t i = 0; i < n; i++)
		open_lines(&objects[i]);
	for (size_t i = 0; i < k->source.n; i++) {
		at += at < n && objects[at].number != k->object[i];
		if (at < n)
			answers[i].state = look_up(&objects[at], &k->source.site[i], &answers[i]);
	}
	_exit(write(out, answers, size) != (ssize_t)size);
}

/* ---- asking it -------------------------------------------------------------------------- */

/* It has answered, has died or had its time. */
static void end_reader(struct rp_source_lines *s)
{
	struct answer answers[RP_SOURCE_SITES] = {0};
	struct rp_source *source = &s->asked->source;
	size_t size = source->n * sizeof(*answers);
	bool all = read(s->answers, answers, size) == (ssize_t)size;

	rp_killed__add(&s->killed, s->reader);
	for (size_t i = 0; i < source->n; i++) {
		struct rp_source_site *site = &source->site[i];
		const struct answer *answer = &answers[i];

		site->state = all && answer->state && answer->state < RP_SOURCE_FAILED
				      ? answer->state
				      : RP_SOURCE_FAILED;
		site->line = answer->line;
		snprintf(site->file, sizeof(site->file), "%.*s", RP_SOURCE_FILE - 1, answer->file);
	}
	close(s->answers);
	s->asked = NULL;
}

static void start_reader(struct rp_source_lines *s, struct known *k)
{
	struct object objects[OBJECTS_MAX] = {0};
	pid_t parent = getpid();
	int ends[2];
	size_t n;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return;
	n = collect_objects(s, k, objects);
	s->reader = fork();
	if (!s->reader)
		read_lines(k, objects, n, ends[1], parent);
	close(ends[1]);
	for (size_t i = 0; i < n; i++)
		if (objects[i].debug >= 0)
			close(objects[i].debug);
	if (s->reader < 0) {
		close(ends[0]);
		return;
	}
	s->answers = ends[0];
	s->asked = k;
	s->deadline = rp_clock__now() + READER_WALL_S * RP_NS_PER_S;
}

static bool is_done(const struct rp_source_lines *s, int patience_ms)
{
	struct pollfd answers = {.fd = s->answers, .events = POLLIN};

	return poll(&answers, 1, patience_ms) > 0 || rp_clock__now() > s->deadline;
}

/* ---- regions ---------------------------------------------------------------------------- */

static const char *role_name(enum rp_role role)
{
	switch (role) {
	case RP_ROLE_CALL:
	case RP_ROLE_CALL_SITE:
	case RP_ROLE_CALL_AND_RET:
	case RP_ROLE_CALL_AND_JUMP:
		return ENTRY;
	case RP_ROLE_RET_SITE:
	case RP_ROLE_TAIL_JUMP:
		return "exit";
	case RP_ROLE_END:
	case RP_ROLE_SCOPE_END:
	case RP_ROLE_NAME_END:
		return "end";
	default:
		return "begin";
	}
}

static void empty(struct known *k)
{
	for (size_t i = 0; i < k->source.n; i++)
		free(k->path[i]);
	k->source = (struct rp_source){0};
}

static void fill(const struct rp_source_lines *s, struct known *k)
{
	size_t n_sites;
	const struct rp_site *sites = rp_plan__sites(s->plan, &n_sites);
	struct rp_source *source = &k->source;
	const char *path;

	empty(k);
	for (size_t i = 0; i < n_sites; i++) {
		const struct rp_site *from = &sites[i];
		struct rp_source_site *to = &source->site[source->n];

		if (from->region != k->region)
			continue;
		if (source->n == RP_SOURCE_SITES) {
			source->more++;
			continue;
		}
		rp_targets__object(s->targets, from->object, &path);
		k->path[source->n] = strdup(path);
		to->object = k->path[source->n] ? k->path[source->n] : "";
		k->object[source->n++] = from->object;
		to->role = role_name(from->role);
		to->offset = from->offset;
		to->slow = from->slow;
		to->state = RP_SOURCE_PENDING;
	}
}

static struct known *get(struct rp_source_lines *s, uint32_t region)
{
	size_t n;
	const struct rp_region *regions = rp_plan__regions(s->plan, &n);
	uint32_t sites = region && region <= n ? regions[region - 1].sites : 0;
	uint64_t renumbered = rp_plan__renumbered(s->plan);
	struct known *k;

	HASH_FIND(hh, s->known, &region, sizeof(region), k);
	if (!k) {
		k = calloc(1, sizeof(*k));
		if (!k)
			return NULL;
		k->region = region;
		HASH_ADD(hh, s->known, region, sizeof(region), k);
	} else if ((k->sites == sites && k->renumbered == renumbered) || k == s->asked) {
		return k;
	}
	/* Not looked at yet, or sites of the region have come or gone since. */
	k->sites = sites;
	k->renumbered = renumbered;
	fill(s, k);
	return k;
}

const struct rp_source *rp_source_lines__of(struct rp_source_lines *s, uint32_t region)
{
	struct known *k;

	if (s->asked && is_done(s, 0))
		end_reader(s);
	k = get(s, region);
	if (!k)
		return NULL;
	if (!s->asked && k->source.n && k->source.site[0].state == RP_SOURCE_PENDING) {
		start_reader(s, k);
		if (s->asked && is_done(s, PATIENCE_MS))
			end_reader(s);
	}
	return &k->source;
}

struct rp_source_lines *rp_source_lines__new(const struct rp_plan *plan,
					     const struct rp_targets *targets,
					     struct rp_helper *helper)
{
	struct rp_source_lines *s = calloc(1, sizeof(*s));

	if (s)
		*s = (struct rp_source_lines){.plan = plan, .targets = targets, .helper = helper};
	return s;
}

void rp_source_lines__free(struct rp_source_lines *s)
{
	struct known *k, *next;

	if (!s)
		return;
	if (s->asked)
		end_reader(s);
	HASH_ITER (hh, s->known, k, next) {
		HASH_DEL(s->known, k);
		empty(k);
		free(k);
	}
	free(s);
}

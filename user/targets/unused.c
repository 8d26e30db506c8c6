// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Files that change, or are run no more: their probes go. */
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "discover/file.h"
#include "targets/internal.h"

/* A file stays probed for so long after its last user. */
#define UNUSED_S 1.0

/*
 * Writing to a file through a mapping need not change its time, so the code at its sites is
 * compared as well; not at sites that are linked, where the breakpoints are in place already.
 */
bool rp_object__is_as_planned(struct rp_targets *t, const struct rp_object *o)
{
	struct stat st;
	uint64_t code;

	if (rp_file__stat(o->fd, &st) || !rp_file__same_content(&st, &o->st))
		return false;
	for (const struct rp_site_group *group = o->site_groups; group; group = group->next)
		if (!group->links && t->session) {
			code = rp_site_group__code(t, group, o->fd);
			if (!code || code != group->code)
				return false;
		}
	return true;
}

void rp_object__drop(struct rp_targets *t, struct rp_object *o)
{
	rp_object__drop_site_groups(t, o);
	rp_object__end_lease(t, o);
	inotify_rm_watch(t->writers.inotify, o->watch);
	close(o->fd);
	o->fd = -1;
	o->st.st_ino = 0;
	o->id = (struct rp_file_id){0};
	rp_files__forget(t, (size_t)(o - t->objects));
}

bool rp_object__is_linked(const struct rp_object *o)
{
	for (const struct rp_site_group *group = o->site_groups; group; group = group->next)
		if (group->links)
			return true;
	return false;
}

/*
 * Events are looked at some time after they happened. Probes that went because nobody used them may
 * be back by then: whatever happened before they were back counts as without them.
 */
bool rp_object__was_unlinked(const struct rp_object *o, uint64_t time)
{
	return o->site_groups && (!o->wide || !o->since || time < o->since);
}

/* Can it be found where it was, so that it may yet be started? */
static bool is_in_place(struct rp_targets *t, const struct rp_object *o)
{
	struct stat st;
	int fd = rp_helper__open(t->helper, o->path, &st);

	if (fd < 0)
		return false;
	close(fd);
	return st.st_ino == o->st.st_ino && st.st_dev == o->st.st_dev;
}

/* ---- files that are gone --------------------------------------------------------------------- */

/* So many more are waited for, as to forget some takes a look at all. */
#define GONE_MIN 64

static bool is_gone(const struct rp_object *o)
{
	return o->fd < 0 && !o->users;
}

/* Where sites are in the plan. */
static void renumber_sites(struct rp_targets *t, const size_t *moved)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n_objects; i++)
		for (struct rp_site_group *b = t->objects[i].site_groups; b; b = b->next)
			for (size_t k = 0; k < b->n; k++)
				b->planned[k] = moved[b->planned[k]];
	for (size_t i = 0; i < t->n_in_group; i++)
		if (moved[i] != SIZE_MAX)
			t->in_group[kept++] = t->in_group[i];
	t->n_in_group = kept;
}

/* Those that are forgotten are where nothing points to. */
static void renumber_objects(struct rp_targets *t, const uint32_t *number)
{
	size_t kept = 0;

	for (struct rp_process *p = t->processes; p; p = p->hh.next)
		for (size_t i = 0; i < p->n_uses; i++)
			p->uses[i] = number[p->uses[i]];
	for (struct rp_retired *r = t->retired; r; r = r->next)
		r->object = number[r->object];
	rp_files__renumber(t, number);
	for (size_t i = 0; i < t->n_objects; i++) {
		if (number[i] == RP_PLAN_FORGOTTEN) {
			free(t->objects[i].path);
			continue;
		}
		for (struct rp_site_group *b = t->objects[i].site_groups; b; b = b->next)
			b->object = kept;
		t->objects[kept++] = t->objects[i];
	}
	t->n_objects = kept;
}

/*
 * Nobody runs them, and nobody will. Of some something is still asked for: these stay, and count as
 * looked at. If memory runs out, the next time will do.
 */
static void forget_gone(struct rp_targets *t)
{
	size_t before = t->n_objects, n_sites, n_gone = 0, *moved;
	uint32_t *number;

	for (size_t i = 0; i < before; i++)
		n_gone += is_gone(&t->objects[i]);
	if (n_gone < 2 * t->n_gone + GONE_MIN)
		return;
	rp_plan__sites(t->plan, &n_sites);
	number = calloc(before, sizeof(*number));
	moved = calloc(n_sites + 1, sizeof(*moved));
	for (size_t i = 0; number && i < before; i++)
		number[i] = is_gone(&t->objects[i]) ? RP_PLAN_FORGOTTEN : 0;
	if (number && moved && !rp_plan__forget(t->plan, number, before, moved)) {
		renumber_sites(t, moved);
		renumber_objects(t, number);
		t->n_gone = n_gone - (before - t->n_objects);
	}
	free(number);
	free(moved);
}

/* ---- files that nobody runs ------------------------------------------------------------------ */

/* To hold on to it would take room on its file system, and a descriptor. */
static bool is_removed(const struct rp_object *o)
{
	struct stat st;

	return !rp_file__stat(o->fd, &st) && !st.st_nlink;
}

/* A span may get its other end, and with it probes, when nobody has the file any more. */
static bool is_probed(const struct rp_object *o)
{
	return o->used || rp_object__is_linked(o);
}

static void let_go(struct rp_targets *t, struct rp_object *o, double now)
{
	bool was_probed = is_probed(o);

	o->idle = now;
	o->used = false;
	if (was_probed ? !is_in_place(t, o) : is_removed(o)) {
		rp_object__drop(t, o);
	} else if (was_probed) {
		rp_object__unlink(t, o);
		rp_object__end_lease(t, o);
	}
}

/*
 * Probes in a file that nobody runs are in the way of whoever writes to it, and hold on to the file
 * system of a container that has ended. A moment later they go: programs that are run one after the
 * other find them. Where the file may yet be run it stays planned, and is probed again then, until
 * it is removed; that is looked at when something else happens.
 * Returns when to look again, s; 0: not at all.
 */
double rp_objects__drop_unused(struct rp_targets *t)
{
	double now = rp_targets__now(), next = 0;

	for (size_t i = 0; i < t->n_objects; i++) {
		struct rp_object *o = &t->objects[i];

		if (o->users || o->fd < 0 || !(o->used || o->idle))
			continue;
		if (!o->idle)
			o->idle = now;
		if (now >= o->idle + UNUSED_S)
			let_go(t, o, now);
		else if (is_probed(o) && (!next || o->idle + UNUSED_S < next))
			next = o->idle + UNUSED_S;
	}
	forget_gone(t);
	return next;
}

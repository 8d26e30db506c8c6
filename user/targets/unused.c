// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Files that change, or are run no more: their probes go. */
#include <sys/inotify.h>
#include <unistd.h>

#include "discover/file.h"
#include "targets/internal.h"

/* A file stays probed for so long after its last user. */
#define UNUSED_S 1.0

/* Of what is linked the breakpoints are there already; a mapping written to need not show in its
 * time. */
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

/*
 * Probes in a file that nobody runs are in the way of whoever writes to it, and hold on to the file
 * system of a container that has ended. A moment later they go: programs that are run one after the
 * other find them. Where the file may yet be run it stays planned, and is probed again then.
 * Returns when to look again, s; 0: not at all.
 */
double rp_objects__drop_unused(struct rp_targets *t)
{
	double now = rp_targets__now(), next = 0;

	for (size_t i = 0; i < t->n_objects; i++) {
		struct rp_object *o = &t->objects[i];

		if (o->users || !o->used || o->fd < 0)
			continue;
		if (!o->idle)
			o->idle = now;
		if (now < o->idle + UNUSED_S) {
			if (!next || o->idle + UNUSED_S < next)
				next = o->idle + UNUSED_S;
			continue;
		}
		o->used = false;
		if (is_in_place(t, o)) {
			rp_object__unlink(t, o);
			rp_object__end_lease(t, o);
		} else {
			rp_object__drop(t, o);
		}
	}
	return next;
}

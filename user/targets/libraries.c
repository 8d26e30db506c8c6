// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Libraries of processes that end within milliseconds. What a process maps is looked at some
 * moments later, by when such a one is gone. So the kernel tells which libraries it maps: where one
 * is wanted, but has not been seen by the last look, nor by the time that the process, or its
 * program, ends, nothing in it was measured, and the process was late. Mostly it was seen: in
 * another process, or in this one.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

#include "targets/internal.h"
#include "util/array.h"

#define LOADED_MAX 64 /* one that is missed is enough */

dev_t rp_event__dev(const struct rp_event *event)
{
	return makedev(event->dev >> RP_DEV_MINOR_BITS,
		       event->dev & ((1u << RP_DEV_MINOR_BITS) - 1));
}

/* Was nothing measured in it? */
static bool was_missed(struct rp_targets *t, const struct rp_process *p,
		       const struct rp_loaded *loaded)
{
	const struct rp_object *o = rp_object__by_id(t, loaded->dev, loaded->ino);

	if (!o)
		return !rp_file__is_known(t, loaded->dev, loaded->ino);
	return !rp_process__is_linked(p, o) && rp_object__was_unlinked(o, loaded->time);
}

void rp_process__loads(struct rp_targets *t, struct rp_process *p, const struct rp_event *event)
{
	struct rp_loaded loaded = {
		.dev = rp_event__dev(event), .ino = event->detail, .time = event->time};

	if (p->n_loaded == LOADED_MAX)
		return;
	/* The event has the name without the folder: what is selected by that is known by number.
	 */
	if (!rp_object__by_id(t, loaded.dev, loaded.ino) &&
	    !rp_plan__wants_object(t->plan, event->path, false))
		return;
	if (rp_array__fit(&p->loaded, p->n_loaded + 1, sizeof(*p->loaded)))
		return;
	p->loaded[p->n_loaded++] = loaded;
}

/* A look at what a process maps has told whether it was late for these. */
void rp_process__looked_at_loaded(struct rp_targets *t, struct rp_process *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_loaded; i++) {
		const struct rp_loaded loaded = p->loaded[i];
		const struct rp_object *o = rp_object__by_id(t, loaded.dev, loaded.ino);

		if (o ? !rp_process__uses(p, (size_t)(o - t->objects))
		      : !rp_file__is_known(t, loaded.dev, loaded.ino))
			p->loaded[n++] = loaded;
	}
	p->n_loaded = n;
}

/*
 * Nobody has seen the libraries of this program, which may be run again and again, for as short a
 * time: by its file they can be found without it.
 */
static void add_linked(struct rp_targets *t, struct rp_process *p, const char *path)
{
	size_t first = t->n_objects;
	struct rp_linked linked;
	int rc;

	if (rp_helper__linked(t->helper, path, &linked))
		return;
	rc = rp_targets__search_linked(t, &linked); /* before any of them is planned */
	for (size_t i = 0; i < linked.n && !rc; i++)
		if (rp_plan__wants_object(t->plan, linked.items[i].path, linked.items[i].is_exe))
			rp_object__add_path(t, linked.items[i].path, linked.items[i].is_exe, false,
					    NULL);
	rp_linked__free(&linked);
	/* The program has had them: they are let go as all that is used no more. */
	for (size_t i = first; i < t->n_objects; i++)
		t->objects[i].used = true;
	if (rc || rp_objects__decide_scopes(t))
		return;
	/* With what it maps, where a span of that has got its other end in a library. */
	for (size_t i = 0; i < t->n_objects; i++)
		if (t->objects[i].wide && (i >= first || rp_process__uses(p, i)))
			rp_process__attach(t, p, &t->objects[i], NULL);
}

static void learn_libraries(struct rp_targets *t, struct rp_process *p)
{
	for (size_t i = 0; i < p->n_uses; i++) {
		struct rp_object *o = &t->objects[p->uses[i]];
		char path[PATH_MAX];

		if (!o->is_exe || o->libraries_known)
			continue;
		o->libraries_known = true;
		snprintf(path, sizeof(path), "%s", o->path); /* objects move where more are added */
		add_linked(t, p, path);
	}
}

void rp_process__ends_loaded(struct rp_targets *t, struct rp_process *p, uint64_t time)
{
	bool missed = false;
	struct rp_object *o;

	for (size_t i = 0; i < p->n_loaded; i++) {
		rp_targets__begin_event(t, p->loaded[i].time);
		t->late = was_missed(t, p, &p->loaded[i]);
		missed |= t->late;
		rp_targets__end_event(t, p->pid);
		o = rp_object__by_id(t, p->loaded[i].dev, p->loaded[i].ino);
		if (o && rp_object__is_as_planned(t, o))
			rp_process__has_used(t, p, o);
	}
	p->n_loaded = 0;
	if (!missed)
		return;
	/* Until then, not until now: what runs from then on may be late by itself. */
	if (time < p->late) {
		t->ops->add_late_ns(t->session, -(int64_t)(p->late - time));
		p->late = 0;
	}
	learn_libraries(t, p);
}

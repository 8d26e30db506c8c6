// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The whole system as target: every file that any process maps is looked at once, and what is
 * wanted in it is probed in every process, those started later too. Files without anything wanted
 * cost nobody anything, and are remembered by number, time and size alone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "discover/file.h"
#include "targets/internal.h"
#include "util/array.h"
#include "util/clock.h"

/*
 * Files that are remembered; a machine that makes ever new programs would have us hold ever more.
 */
#define FILES_MAX 32768u

#define NO_OBJECT SIZE_MAX

/* A file under a number that maps shows. Some file systems have several for one. */
struct rp_file {
	struct rp_file_id id;
	struct stat st;
	uint64_t generation; /* see struct rp_mapped */
	size_t object;	     /* or NO_OBJECT */
	uint64_t round;	     /* in which it was looked at last */
	UT_hash_handle hh;
};

/* ---- files ----------------------------------------------------------------------------------- */

static void forget_file(struct rp_targets *t, struct rp_file *f)
{
	HASH_DEL(t->files, f);
	free(f);
}

void rp_files__forget(struct rp_targets *t, size_t object)
{
	struct rp_file *f, *next;

	HASH_ITER (hh, t->files, f, next)
		if (f->object == object)
			forget_file(t, f);
}

void rp_files__renumber(struct rp_targets *t, const uint32_t *number)
{
	for (struct rp_file *f = t->files; f; f = f->hh.next)
		if (f->object != NO_OBJECT)
			f->object = number[f->object];
}

static void remember_file(struct rp_targets *t, const struct rp_mapped *m, const struct stat *st,
			  size_t object)
{
	struct rp_file *f;

	if (HASH_COUNT(t->files) >= FILES_MAX)
		rp_files__forget(t, NO_OBJECT);
	f = calloc(1, sizeof(*f));
	if (!f)
		return; /* it will be looked at again */
	f->id.dev = m->dev;
	f->id.ino = m->ino;
	f->st = *st;
	f->generation = m->generation;
	f->object = object;
	f->round = t->round;
	HASH_ADD(hh, t->files, id, sizeof(f->id), f);
}

static bool is_as_it_was(struct rp_targets *t, struct rp_file *f, pid_t pid,
			 const struct rp_mapped *m)
{
	struct stat st;

	if (f->round == t->round)
		return true;
	/* The process has ended, or it is not for us to know. */
	if (rp_proc__stat_mapped(t->proc, pid, m, &st))
		return !f->generation || !m->generation || f->generation == m->generation;
	f->round = t->round;
	if (!rp_file__same_content(&st, &f->st))
		return false;
	f->generation = m->generation ? m->generation : f->generation;
	return true;
}

static struct rp_file *find_file(struct rp_targets *t, dev_t dev, ino_t ino)
{
	const struct rp_file_id id = {.dev = dev, .ino = ino};
	struct rp_file *f;

	HASH_FIND(hh, t->files, &id, sizeof(id), f);
	return f;
}

bool rp_file__is_known(struct rp_targets *t, dev_t dev, ino_t ino)
{
	return find_file(t, dev, ino);
}

void rp_file__note_unwanted(struct rp_targets *t, const struct rp_mapped *m)
{
	const struct stat not_compared = {0};

	if (!rp_file__is_known(t, m->dev, m->ino))
		remember_file(t, m, &not_compared, NO_OBJECT);
}

void rp_file__note_same(struct rp_targets *t, const struct rp_mapped *m, const struct stat *st,
			const struct rp_object *o)
{
	struct rp_file *f = find_file(t, m->dev, m->ino);

	if (f)
		forget_file(t, f);
	remember_file(t, m, st, (size_t)(o - t->objects));
}

struct rp_object *rp_file__same_as(struct rp_targets *t, dev_t dev, ino_t ino)
{
	struct rp_file *f = find_file(t, dev, ino);

	return f && f->object != NO_OBJECT ? &t->objects[f->object] : NULL;
}

/* The numbers may be another file's by now: a file system has gone, and another come. */
void rp_file__check_same(struct rp_targets *t, pid_t pid, const struct rp_mapped *m)
{
	struct rp_file *f = find_file(t, m->dev, m->ino);
	struct stat st;

	if (f && f->object != NO_OBJECT &&
	    (rp_proc__stat_mapped(t->proc, pid, m, &st) || !rp_file__same_content(&st, &f->st)))
		forget_file(t, f);
}

/* ---- objects --------------------------------------------------------------------------------- */

/* Errors that are not one file's alone. */
static bool is_fatal(int code)
{
	return code == -EPERM || code == -EACCES || code == -ENOMEM || code == -EMFILE;
}

/* After an error, what was probed in it before stays so, and the rest waits for the next time. */
static int link_everywhere(struct rp_targets *t, struct rp_object *o, struct rp_err *err)
{
	struct rp_err own;
	size_t n = 0;
	int rc = 0;

	o->wide = true;
	if (!t->session || !o->site_groups)
		return 0;
	if (!rp_object__is_linked(o))
		rp_object__watch_writers(t, o);
	for (struct rp_site_group *group = o->site_groups; group && !rc; group = group->next) {
		if (group->links)
			continue;
		n += group->n;
		rc = rp_object__link(t, o, group, 0, NULL, &group->links, &own);
	}
	rp_object__start(t, o);
	if (!rc)
		return 0;
	if (!rp_object__is_linked(o)) {
		t->refused += n;
		rp_object__drop(t, o);
	}
	if (is_fatal(rc) && err)
		*err = own;
	return is_fatal(rc) ? rc : 0;
}

/* The object of a file that is not known yet: it is looked at now. Takes fd over. */
static int look_into(struct rp_targets *t, pid_t pid, uint64_t user, const struct rp_mapped *m,
		     int fd, struct rp_object **out, struct rp_err *err)
{
	size_t before, regions;
	struct rp_object *o;
	struct stat st;
	int rc = 0;

	*out = NULL;
	if (rp_file__stat(fd, &st)) {
		close(fd);
		return 0;
	}
	o = rp_object__by_stat(t, &st);
	if (!o)
		o = rp_object__same_file(t, pid, m, fd, &st);
	if (o) {
		close(fd);
	} else {
		uint64_t reading = rp_targets__reading_so_far(t);

		rp_plan__regions(t->plan, &before);
		rp_object__add(t, m->path, fd, false, &o, NULL);
		rp_quota__charge(t, pid, user, reading);
		rp_plan__regions(t->plan, &regions);
		if (o) {
			o->by = pid;
			o->user = user;
			o->regions = regions - before;
		}
		if (o && !o->planned) {
			rp_object__take_back(t, o);
			o = NULL;
		}
		rc = o ? link_everywhere(t, o, err) : 0;
		if (rc)
			return rc;
	}
	remember_file(t, m, &st, o ? (size_t)(o - t->objects) : NO_OBJECT);
	*out = o;
	return 0;
}

/* A file that is left then is not remembered: it is for the next process that maps it. */
static bool is_past_quota(struct rp_targets *t, pid_t pid, uint64_t user, const struct rp_mapped *m)
{
	if (!rp_quota__is_used_up(t, pid, user))
		return false;
	if (!t->past_quota++) {
		t->past_path = m->path;
		t->past_user = user;
	}
	return true;
}

/*
 * Whose the process is has to be asked before it is read, which may take longer than it lives: or
 * whoever starts one that ends, again and again, would have no bound.
 */
static int open_and_look(struct rp_targets *t, pid_t pid, const struct rp_mapped *m,
			 struct rp_object **out, struct rp_err *err)
{
	uint64_t before = rp_targets__reading_so_far(t), user = rp_proc__user(t->proc, pid);
	bool is_past = false;
	struct stat st;
	int fd;

	if (is_past_quota(t, pid, user, m))
		return 0;
	fd = rp_object__open_mapped(t, pid, m);
	if (fd >= 0 && user == RP_PROC_NO_USER && !rp_file__stat(fd, &st)) {
		user = st.st_uid;
		is_past = is_past_quota(t, pid, user, m);
	}
	rp_quota__charge(t, pid, user, before);
	if (fd < 0)
		return 0;
	if (!is_past)
		return look_into(t, pid, user, m, fd, out, err);
	close(fd);
	return 0;
}

/* *out: NULL where nothing is wanted in what is mapped, or it may not be read. */
static int object_of(struct rp_targets *t, pid_t pid, const struct rp_mapped *m,
		     struct rp_object **out, struct rp_err *err)
{
	struct rp_file *f = find_file(t, m->dev, m->ino);

	*out = NULL;
	if (f && is_as_it_was(t, f, pid, m) &&
	    (f->object == NO_OBJECT || rp_object__is_as_planned(t, &t->objects[f->object]))) {
		*out = f->object == NO_OBJECT ? NULL : &t->objects[f->object];
		return *out ? link_everywhere(t, *out, err) : 0;
	}
	if (f && f->object != NO_OBJECT)
		rp_object__drop(t,
				&t->objects[f->object]); /* it is written anew under our probes */
	else if (f)
		forget_file(t, f);
	if (!rp_plan__wants_object(t->plan, m->path, false))
		return 0;
	return open_and_look(t, pid, m, out, err);
}

/* ---- processes ------------------------------------------------------------------------------- */

static struct rp_process *find_process(struct rp_targets *t, pid_t pid)
{
	struct rp_process *p;

	HASH_FIND_INT(t->processes, &pid, p);
	return p;
}

/* A process that maps something wanted; NULL: it is gone, or there is no memory. */
static struct rp_process *count_in(struct rp_targets *t, pid_t pid)
{
	struct rp_process *p = find_process(t, pid);

	if (p || !rp_proc__alive(t->proc, pid) || rp_process__track(t, pid, NULL))
		return p;
	t->came = true;
	return find_process(t, pid);
}

static void count_out(struct rp_targets *t, struct rp_process *p)
{
	if (t->session)
		t->ops->untrack(t->session, p->pid);
	rp_process__free(t, p);
}

/* Only where functions of a file of it are wanted: not all files of the system are searched. */
static int search_switches(struct rp_targets *t, pid_t pid, const struct rp_mapped_list *list)
{
	bool wanted = false;

	for (size_t i = 0; i < list->n; i++)
		wanted |= rp_plan__wants_functions(t->plan, list->items[i].path, false);
	return wanted ? rp_targets__search_mapped(t, pid, list->items, list->n) : 0;
}

static int search_process(struct rp_targets *t, pid_t pid)
{
	pid_t thread = rp_plan__fears_switches(t->plan) ? rp_proc__live_thread(t->proc, pid) : 0;
	struct rp_mapped_list list = {0};
	int rc = 0;

	if (thread && !rp_proc__mapped(t->proc, thread, &list))
		rc = search_switches(t, thread, &list);
	rp_proc__mapped_free(&list);
	return rc;
}

/* All that a process maps: it is counted in for what is wanted, or out where nothing is. */
static int look_at(struct rp_targets *t, pid_t pid, struct rp_err *err)
{
	struct rp_process *p = find_process(t, pid);
	pid_t thread = rp_proc__live_thread(t->proc, pid);
	struct rp_mapped_list list = {0};
	struct rp_object *o;
	int rc = 0;

	if (thread)
		rc = rp_proc__mapped(t->proc, thread, &list);
	if (rc && rc != -ESRCH)
		return 0; /* not for us to know, or not now */
	if (p)
		rp_process__uses_nothing(t, p);
	rc = search_switches(t, thread, &list);
	t->past_quota = 0;
	for (size_t i = 0; !rc && i < list.n && !rp_targets__is_cancelled(t); i++) {
		rc = object_of(t, thread, &list.items[i], &o, err);
		p = o ? count_in(t, pid) : p;
		if (p && o)
			rp_process__use(t, p, o - t->objects);
	}
	if (t->past_quota)
		rp_quota__tell(t, thread);
	rp_proc__mapped_free(&list);
	if (p && !p->n_uses)
		count_out(t, p);
	return rc;
}

int rp_targets__look_at_system(struct rp_targets *t, struct rp_err *err)
{
	pid_t *pids;
	size_t n;
	int rc = rp_proc__all(t->proc, &pids, &n);

	if (rc)
		return rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "%s: %s", t->proc, strerror(-rc));
	t->round++;
	/* Before anything is planned. */
	for (size_t i = 0; i < n && !rc && !t->n_objects; i++)
		if (!rp_targets__is_own(t, pids[i]) && search_process(t, pids[i]))
			rc = rp_err__no_memory(err);
	for (size_t i = 0; i < n && !rc && !rp_targets__is_cancelled(t); i++)
		if (!rp_targets__is_own(t, pids[i]))
			rc = look_at(t, pids[i], err);
	free(pids);
	return rc;
}

/* ---- what to trace --------------------------------------------------------------------------- */

static int link_objects_everywhere(struct rp_targets *t, struct rp_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < t->n_objects; i++)
		rc = link_everywhere(t, &t->objects[i], err);
	return rc;
}

int rp_targets__add_system(struct rp_targets *t, struct rp_err *err)
{
	int rc;

	t->system = true;
	rc = link_objects_everywhere(t, err);
	if (!rc)
		rc = rp_targets__look_at_system(t, err);
	/* Spans that begin in one file have got their end by a later one. */
	if (!rc && t->waiting)
		rc = link_objects_everywhere(t, err);
	t->waiting = false;
	return rc;
}

int rp_targets__catch_up_system(struct rp_targets *t, struct rp_err *err)
{
	int rc = link_objects_everywhere(t, err);

	rp_files__forget(t, NO_OBJECT);
	if (!rc)
		rc = rp_targets__look_at_system(t, err);
	return rc;
}

/* ---- while it runs --------------------------------------------------------------------------- */

void rp_targets__on_mapping(struct rp_targets *t, pid_t pid, const struct rp_mapped *mapped,
			    uint64_t time)
{
	struct rp_process *p = NULL;
	struct rp_object *o;

	if (rp_targets__is_own(t, pid))
		return;
	t->round++;
	t->past_quota = 0;
	rp_targets__begin_event(t, time);
	if (find_process(t, pid))
		rp_targets__search_mapped(t, pid, mapped, 1);
	else if (rp_plan__wants_functions(t->plan, mapped->path, false))
		rp_targets__search_process(t, pid);
	if (!object_of(t, pid, mapped, &o, NULL) && o) {
		o->used = true; /* even where it has ended since */
		o->idle = 0;
		p = count_in(t, pid);
	}
	if (p)
		rp_process__use(t, p, o - t->objects);
	if (t->past_quota)
		rp_quota__tell_more(t, pid);
	rp_targets__end_event(t, pid);
}

/* A child maps what its parent does. */
static void on_fork(struct rp_targets *t, pid_t pid, pid_t parent_pid)
{
	const struct rp_process *parent = find_process(t, parent_pid);
	struct rp_process *p = parent ? rp_process__get(t, pid) : NULL;

	for (size_t i = 0; p && i < parent->n_uses; i++)
		rp_process__use(t, p, parent->uses[i]);
}

void rp_targets__on_system_event(struct rp_targets *t, const struct rp_event *event)
{
	struct rp_process *p;

	t->round++;
	rp_targets__begin_event(t, event->time);
	switch (event->header.type) {
	case RP_EVENT_FORK:
		on_fork(t, event->pid, (pid_t)event->detail);
		break;
	case RP_EVENT_EXIT:
		rp_quota__forget(t, event->pid);
		p = find_process(t, event->pid);
		if (p) {
			rp_process__ends(t, p, event);
			rp_process__free(t, p);
		}
		rp_objects__drop_unused(t);
		break;
	case RP_EVENT_FOUND:
		t->came = true; /* it may have ended since */
		look_at(t, event->pid, NULL);
		break;
	case RP_EVENT_EXEC:
		look_at(t, event->pid, NULL);
		break;
	}
	rp_targets__end_event(t, event->pid);
}

/* ---- ending ---------------------------------------------------------------------------------- */

void rp_files__free(struct rp_targets *t)
{
	struct rp_file *f, *next;

	HASH_ITER (hh, t->files, f, next)
		forget_file(t, f);
	rp_quotas__free(t);
}

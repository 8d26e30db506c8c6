// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The files that targets map: which there are, what is wanted in them, in whom they are probed. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discover/elf_object.h"
#include "discover/file.h"
#include "targets/internal.h"
#include "util/array.h"
#include "util/clock.h"

/* How many sites of an object are tried to see whether a file is probed through it already. */
#define SITES_TRIED 8

#define DENIED_MAX  4096 /* files that are counted */

static struct rp_object *rp_object__new(struct rp_targets *t, const char *path)
{
	struct rp_object *o;

	if (rp_array__fit(&t->objects, t->n_objects + 1, sizeof(*t->objects)))
		return NULL;
	o = &t->objects[t->n_objects];
	memset(o, 0, sizeof(*o));
	o->fd = -1;
	o->path = strdup(path);
	if (!o->path)
		return NULL;
	t->n_objects++;
	return o;
}

struct rp_object *rp_object__by_id(struct rp_targets *t, dev_t dev, ino_t ino)
{
	for (size_t i = 0; i < t->n_objects; i++)
		if (t->objects[i].id.ino == ino && t->objects[i].id.dev == dev)
			return &t->objects[i];
	return rp_file__same_as(t, dev, ino);
}

struct rp_object *rp_object__by_stat(struct rp_targets *t, const struct stat *st)
{
	for (size_t i = 0; i < t->n_objects; i++)
		if (t->objects[i].st.st_ino == st->st_ino && t->objects[i].st.st_dev == st->st_dev)
			return &t->objects[i];
	return NULL;
}

/* What is probed in the one shows breakpoints in the other; so may what another tracer probes. */
static bool shows_breakpoint(const struct rp_targets *t, const struct rp_object *o, pid_t pid,
			     const struct rp_mapped *m, int fd)
{
	const struct rp_site_group *group = o->site_groups;

	for (size_t s = 0; s < group->n && s < SITES_TRIED; s++)
		if (rp_helper__differs(t->helper, t->proc, pid, m, fd, group->sites[s].offset))
			return true;
	return false;
}

/*
 * Containers of one image map one and the same file, and each has numbers of its own for it. Probed
 * twice, all in it would count twice; a copy that is taken for it would not be probed at all. On
 * one device two numbers are two files. Else their pages in memory tell. To whoever may not see
 * these, it is the same where inode and content are, and the breakpoints.
 */
struct rp_object *rp_object__same_file(struct rp_targets *t, pid_t pid, const struct rp_mapped *m,
				       int fd, const struct stat *st)
{
	struct stat other;

	for (size_t i = 0; i < t->n_objects; i++) {
		struct rp_object *o = &t->objects[i];
		int same;

		if (!o->site_groups || rp_file__stat(o->fd, &other) || other.st_dev == st->st_dev ||
		    !rp_file__same_content(&other, st))
			continue;
		same = rp_proc__shares_pages(t->proc, pid, m, o->fd);
		if (same < 0)
			same = o->site_groups->links && other.st_ino == st->st_ino &&
			       shows_breakpoint(t, o, pid, m, fd);
		if (same)
			return o;
	}
	return NULL;
}

static int match_again(struct rp_targets *t, struct rp_object *o, struct rp_elf *elf,
		       struct rp_err *err)
{
	size_t added;
	int rc = rp_plan__rematch(t->plan, (uint32_t)(o - t->objects), o->path, o->is_exe, elf,
				  &added, err);

	o->planned |= added > 0;
	return rc;
}

void rp_object__leave(struct rp_targets *t, const char *path, const char *why)
{
	if (!t->n_left++) {
		t->left = strdup(path);
		snprintf(t->left_why, sizeof(t->left_why), "%s", why);
	}
	if (t->session)
		t->ops->count_lost(t->session, RP_LOST_FILES);
}

/* A process is looked at often: each file counts once. */
static bool is_first_denied(struct rp_targets *t, const struct rp_mapped *m)
{
	const struct rp_file_id id = {.dev = m->dev, .ino = m->ino};

	for (size_t i = 0; i < t->n_denied; i++)
		if (t->denied_files[i].dev == id.dev && t->denied_files[i].ino == id.ino)
			return false;
	if (t->n_denied == DENIED_MAX ||
	    rp_array__fit(&t->denied_files, t->n_denied + 1, sizeof(*t->denied_files)))
		return false;
	t->denied_files[t->n_denied++] = id;
	return true;
}

int rp_object__open_mapped(struct rp_targets *t, pid_t pid, const struct rp_mapped *m)
{
	int fd = rp_helper__open_mapped(t->helper, t->proc, pid, m);

	if (fd == -EACCES || fd == -EPERM) {
		t->denied = true;
		if (is_first_denied(t, m))
			rp_object__leave(t, m->path, "you may not read it");
	}
	if (fd == -EWOULDBLOCK)
		rp_object__leave(t, m->path, "somebody has a lease on it");
	else if (fd == -EIO && rp_helper__why(t->helper))
		rp_object__leave(t, m->path, rp_helper__why(t->helper));
	/* It ended before anybody could see what is in its file. On its way out it has no memory
	 * left but still looks alive: then the mapping is not there. */
	if (fd < 0)
		t->late |= fd == -ENOENT || fd == -ESRCH || !rp_proc__alive(t->proc, pid);
	return fd;
}

/* All that a selection may ask for. */
static int open_elf(const struct rp_targets *t, const struct rp_object *o, int fd,
		    struct rp_elf **elf, struct rp_err *err)
{
	unsigned tables = 0;
	int rc;

	if (rp_plan__wants_functions(t->plan, o->path, o->is_exe))
		tables |= RP_ELF_FUNCTIONS;
	if (rp_plan__wants_usdt(t->plan, o->path, o->is_exe))
		tables |= RP_ELF_USDT;
	rp_targets__tell(t, tables & RP_ELF_FUNCTIONS ? "reading symbols of" : "reading notes of",
			 o->path);
	rc = rp_helper__object(t->helper, fd, o->path, tables, elf, err);
	if (!rc)
		rp_elf__stop_when(*elf, t->is_cancelled);
	return rc;
}

/* Spans that begin, or end, in an object from before have got their other end. */
static int complete_spans(struct rp_targets *t, struct rp_err *err)
{
	/* At the start, and in catch_up(), the caller attaches all there is. */
	bool is_event = t->event_time != UINT64_MAX;
	int rc = 0;

	/* One end is attached before the other. */
	if (is_event)
		t->ops->added(t->session);
	for (size_t i = 0; i < t->n_objects && !rc; i++)
		rc = rp_object__gather(t, &t->objects[i], 0, err);
	t->waiting |= t->system || is_event;
	return rc;
}

/* Plan an open file. Takes fd over. */
static int rp_object__plan(struct rp_targets *t, struct rp_object *o, int fd, bool is_exe,
			   struct rp_err *err)
{
	size_t before = 0, added, completed = rp_plan__completed_spans(t->plan);
	struct rp_elf *elf = NULL;
	int rc;

	o->is_exe = is_exe;
	rp_file__stat(fd, &o->st);
	rc = open_elf(t, o, fd, &elf, err);
	if (!rc) {
		rp_plan__sites(t->plan, &before);
		rc = rp_plan__add_object(t->plan, (uint32_t)(o - t->objects), o->path, is_exe, elf,
					 &added, err);
		o->planned = added > 0;
		o->has_signal_stack = rp_elf__traits(elf)->has_signal_stack;
		t->stripped |= is_exe && !rp_elf__traits(elf)->names_functions;
	}
	/* Kept open with or without sites: a number of an open file is not given to another. */
	o->fd = fd;
	if (!rc && t->selecting)
		rc = match_again(t, o, elf, err);
	if (!rc)
		rc = rp_object__gather(t, o, before, err);
	if (!rc && rp_plan__completed_spans(t->plan) != completed)
		rc = complete_spans(t, err);
	if (rp_helper__why(t->helper))
		rp_object__leave(t, o->path, rp_helper__why(t->helper));
	else if (elf && rp_elf__is_too_much(elf))
		rp_object__leave(t, o->path, "reading it takes too long");
	rp_elf__free(elf);
	return rc;
}

int rp_object__plan_again(struct rp_targets *t, struct rp_object *o, struct rp_err *err)
{
	struct rp_elf *elf = NULL;
	int rc;

	if (o->fd < 0)
		return 0;
	rc = open_elf(t, o, o->fd, &elf, err);
	if (rc == -ENOEXEC || rc == -EIO)
		return 0; /* broken: that was told when it was met first */
	if (!rc)
		rc = match_again(t, o, elf, err);
	rp_elf__free(elf);
	return rc;
}

/*
 * A probe that is bound to a process is hit in its forked children as well, and in every other
 * process that has the file probed. The kernel runs its program in none of these, but redirects the
 * return all the same: nobody sees to it that this is safe there (return_breaks_others in bpf/). So
 * where probes are bound, functions that signal handlers on a stack of their own may call have RET
 * sites from the start.
 */
bool rp_object__avoid_return_probes(struct rp_targets *t, const struct rp_object *o)
{
	size_t n;
	const struct rp_site *sites = rp_plan__sites(t->plan, &n);
	bool any = false;

	for (size_t i = 0; o->has_signal_stack && i < n; i++)
		if (sites[i].object == (size_t)(o - t->objects) && sites[i].role == RP_ROLE_CALL)
			any |= rp_plan__use_ret_sites(t->plan, sites[i].region);
	return any;
}

/* The same before anything of it is probed. */
static int use_ret_sites(struct rp_targets *t, struct rp_object *o)
{
	if (!rp_object__avoid_return_probes(t, o))
		return 0;
	rp_object__plan_ret_sites(t, o);
	rp_object__drop_site_groups(t, o);
	return rp_object__gather(t, o, 0, NULL);
}

void rp_object__plan_ret_sites(struct rp_targets *t, struct rp_object *o)
{
	struct rp_elf *elf = NULL;
	size_t added;

	if (o->fd < 0 || !o->site_groups)
		return;
	if (!open_elf(t, o, o->fd, &elf, NULL))
		rp_plan__add_ret_sites(t->plan, (uint32_t)(o - t->objects), o->path, o->is_exe, elf,
				       &added, NULL);
	rp_elf__free(elf);
}

int rp_object__add(struct rp_targets *t, const char *path, int fd, bool is_exe,
		   struct rp_object **out, struct rp_err *err)
{
	*out = rp_object__new(t, path);
	if (!*out) {
		close(fd);
		return rp_err__no_memory(err);
	}
	return rp_object__plan(t, *out, fd, is_exe, err);
}

void rp_object__take_back(struct rp_targets *t, struct rp_object *o)
{
	close(o->fd);
	free(o->path);
	t->n_objects--;
}

/* The kernel's device numbers are those of maps, which on some file systems are not stat(2)'s. */
struct rp_object *rp_object__of_exec(struct rp_targets *t, dev_t dev, ino_t ino, const char *path)
{
	struct rp_mapped m = {.dev = dev, .ino = ino, .is_exe = true};
	char real[PATH_MAX], via[64];
	struct rp_object *o = NULL;
	struct stat st;
	ssize_t len;
	int fd = rp_helper__open(t->helper, path, &st);

	if (fd < 0)
		return NULL;
	snprintf(via, sizeof(via), "/proc/self/fd/%d", fd);
	len = readlink(via, real, sizeof(real) - 1);
	if (len < 0 || st.st_dev != dev || st.st_ino != ino) {
		close(fd);
		return NULL;
	}
	real[len] = '\0';
	m.path = real;
	if (rp_plan__wants_object(t->plan, real, true)) {
		rp_object__add(t, real, fd, true, &o, NULL);
	} else {
		close(fd);
		rp_file__note_unwanted(t, &m);
	}
	if (o)
		o->id = (struct rp_file_id){.dev = dev, .ino = ino};
	return o;
}

struct rp_object *rp_object__of_mapping(struct rp_targets *t, pid_t pid, const struct rp_mapped *m)
{
	struct rp_object *o, *same;
	struct stat st;
	int fd;

	rp_file__check_same(t, pid, m);
	o = rp_object__by_id(t, m->dev, m->ino);
	if (o && rp_object__is_as_planned(t, o))
		return o;
	if (o)
		rp_object__drop(t, o);
	if (rp_targets__is_cancelled(t))
		return NULL;
	if (!rp_plan__wants_object(t->plan, m->path, m->is_exe)) {
		rp_file__note_unwanted(t, m);
		return NULL;
	}
	fd = rp_object__open_mapped(t, pid, m);
	if (fd < 0)
		return NULL;
	if (rp_file__stat(fd, &st)) {
		close(fd);
		return NULL;
	}
	/* Known under its path already, before anything had it mapped? */
	o = rp_object__by_stat(t, &st);
	same = o ? NULL : rp_object__same_file(t, pid, m, fd, &st);
	if (same)
		rp_file__note_same(t, m, &st, same);
	if (o || same)
		close(fd);
	else
		rp_object__add(t, m->path, fd, m->is_exe, &o, NULL);
	if (!o)
		return same;
	o->id.dev = m->dev;
	o->id.ino = m->ino;
	return o;
}

int rp_object__add_path(struct rp_targets *t, const char *path, bool is_exe, bool must,
			struct rp_err *err)
{
	struct rp_object *o;
	struct stat st;
	int fd, rc;

	if (rp_targets__is_cancelled(t))
		return -EINTR;
	fd = rp_helper__open(t->helper, path, &st);
	if (rp_helper__why(t->helper))
		rp_object__leave(t, path, rp_helper__why(t->helper));
	if (fd < 0) {
		if (!must)
			return 0;
		rc = rp_err__set(err, RP_EXIT_FAILED, fd, NULL, "%s: %s", path, strerror(-fd));
		return rp_err__remedy(err, rc, RP_REMEDY_LIST);
	}
	o = rp_object__by_stat(t, &st);
	if (o) {
		close(fd);
		return 0;
	}
	rc = rp_object__add(t, path, fd, is_exe, &o, err);
	if (!o)
		return rc;
	o->id.dev = st.st_dev;
	o->id.ino = st.st_ino;
	return must ? rc : 0;
}

/* The kernel takes the links then, and sees nothing by them. */
static int check_first_thread(const struct rp_targets *t, pid_t pid, struct rp_err *err)
{
	pid_t alive = rp_proc__live_thread(t->proc, pid);

	if (!alive || alive == pid)
		return 0;
	return rp_err__set(err, RP_EXIT_FAILED, -ENOTSUP, "start rptrace anew",
			   "process %d cannot be given other probes: its first thread has ended",
			   (int)pid);
}

int rp_object__link(struct rp_targets *t, const struct rp_object *o,
		    const struct rp_site_group *group, pid_t pid, const struct rp_links *replaces,
		    struct rp_links **out, struct rp_err *err)
{
	struct rp_links_req req = {
		.fd = o->fd,
		.pid = pid,
		.replaces = replaces,
		.sites = group->sites,
		.n = group->n,
	};
	int *refused;
	int rc = pid ? check_first_thread(t, pid, err) : 0;

	if (rc)
		return rc;
	if (rp_targets__is_cancelled(t))
		return -EINTR;
	refused = calloc(group->n, sizeof(*refused));
	if (!refused)
		return rp_err__no_memory(err);
	rp_targets__tell(t, "attaching to", o->path);
	rc = t->ops->link(t->session, &req, refused, out, err);
	for (size_t i = 0; !rc && !replaces && i < group->n; i++)
		t->refused += refused[i] != 0;
	free(refused);
	return rc;
}

void rp_object__start(struct rp_targets *t, struct rp_object *o)
{
	bool fresh = false;

	for (struct rp_site_group *group = o->site_groups; group; group = group->next) {
		if (group->links && !group->started)
			t->ops->start(group->links);
		fresh |= group->links && !group->started;
		group->started |= group->links != NULL;
	}
	/* Calls were counted before there were RET sites, too: nobody is late for these. */
	if (fresh && !(t->unsafe && o->since))
		o->since = rp_clock__now();
	t->late |= t->event_time < o->since;
}

static bool is_undecided(const struct rp_object *o)
{
	return o->site_groups && !o->attached && !o->scope_decided;
}

static bool any_undecided(const struct rp_targets *t)
{
	for (size_t i = 0; i < t->n_objects; i++)
		if (is_undecided(&t->objects[i]))
			return true;
	return false;
}

static bool may_be_another(const struct rp_targets *t, const struct rp_object *o)
{
	for (size_t i = 0; i < t->n_objects; i++)
		if (rp_proc__may_be_same(&o->id, o->path, &t->objects[i].id, t->objects[i].path))
			return true;
	return false;
}

/* Where a write cannot be waited for, root alone may do it: else only those traced are at risk. */
static bool is_safe_to_share(struct rp_targets *t, struct rp_object *o)
{
	return !t->session || !o->site_groups || rp_object__watch_writers(t, o) ||
	       (!o->st.st_uid && !(o->st.st_mode & (S_IWGRP | S_IWOTH)));
}

static void decide_scope(struct rp_targets *t, struct rp_object *o, bool is_foreign)
{
	o->wide = !t->others_hidden && !is_foreign && !may_be_another(t, o) &&
		  is_safe_to_share(t, o);
	/* The kernel's pid filter does not work for a process whose first thread has ended. */
	for (struct rp_process *p = t->processes; p && !o->wide; p = p->hh.next)
		o->wide = rp_proc__live_thread(t->proc, p->pid) != p->pid;
	o->scope_decided = true;
}

int rp_objects__decide_scopes(struct rp_targets *t)
{
	struct rp_proc_traced traced = {.follow = t->follow};
	size_t n = t->n_objects;
	struct rp_file_id *files;
	struct rp_process *p;
	const char **paths;
	bool *foreign;
	pid_t *own;
	int rc = -ENOMEM;

	if (!any_undecided(t))
		return 0;
	files = calloc(n, sizeof(*files));
	paths = calloc(n, sizeof(*paths));
	foreign = calloc(n, sizeof(*foreign));
	own = calloc(HASH_COUNT(t->processes) + 1, sizeof(*own));
	if (!files || !paths || !foreign || !own)
		goto out;
	for (p = t->processes; p; p = p->hh.next)
		own[traced.n++] = p->pid;
	rp_array__sort(own, traced.n, sizeof(*own), rp_proc__compare_pids);
	traced.pids = own;
	for (size_t i = 0; i < n; i++) {
		files[i] = t->objects[i].id;
		paths[i] = t->objects[i].path;
	}
	rc = rp_proc__foreign(t->proc, files, paths, n, &traced, foreign);
	for (size_t i = 0; !rc && i < n; i++) {
		if (!is_undecided(&t->objects[i]))
			continue;
		decide_scope(t, &t->objects[i], foreign[i]);
		if (!t->objects[i].wide && t->objects[i].has_signal_stack)
			rc = use_ret_sites(t, &t->objects[i]);
	}
out:
	free(files);
	free(paths);
	free(foreign);
	free(own);
	return rc;
}

int rp_targets__object(const struct rp_targets *t, uint32_t object, const char **path)
{
	*path = t->objects[object].path;
	return t->objects[object].fd;
}

int rp_targets__read(const struct rp_targets *t, uint32_t object, unsigned tables,
		     struct rp_elf **out)
{
	const struct rp_object *o = &t->objects[object];

	return o->fd < 0 ? -EBADF : rp_helper__object(t->helper, o->fd, o->path, tables, out, NULL);
}

size_t rp_targets__n_objects(const struct rp_targets *t)
{
	return t->n_objects;
}

bool rp_targets__is_executable(const struct rp_targets *t, uint32_t object)
{
	return t->objects[object].is_exe;
}

void rp_objects__free(struct rp_targets *t)
{
	for (size_t i = 0; i < t->n_objects; i++) {
		rp_object__drop_site_groups(t, &t->objects[i]);
		rp_object__end_lease(t, &t->objects[i]);
		if (t->objects[i].fd >= 0)
			close(t->objects[i].fd);
		free(t->objects[i].path);
	}
	free(t->objects);
}

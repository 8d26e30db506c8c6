// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "targets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>

#include "discover/elf_object.h"
#include "discover/file.h"
#include "discover/needed.h"
#include "discover/proc.h"

#define PROC "/proc"

/* After a mapping was announced: the kernel tells before it is in place. */
#define RESCAN_SOON_MS 1
#define RESCAN_SURE_MS 25
/* A process that maps all the time is looked at for a fiftieth of the time at most. */
#define RESCAN_REST 50

/* For the threads of a process that end together to be through. */
#define END_SURE_MS 100

struct object {
	struct rp_file_id id; /* as maps shows it; 0:0 where it was opened by path alone */
	dev_t st_dev;
	ino_t st_ino;
	char *path;
	int fd;
	bool wide;		/* probed in every process */
	size_t first, n;	/* its sites in the plan; n is 0 where nothing is wanted */
	struct rp_links *links; /* when wide */
};

/* One object's probes in one process. */
struct local {
	size_t object;
	struct rp_links *links;
	struct local *next;
};

struct process {
	pid_t pid;
	struct local *locals;
	int rescans;		  /* still to do */
	double due;		  /* s, CLOCK_MONOTONIC */
	double rested;		  /* when the last look has paid for itself */
	uint64_t cpu_before, cpu; /* ns: when tracing began; when last looked at */
	UT_hash_handle hh;
};

struct rp_targets {
	struct rp_session *session;
	struct rp_plan *plan;
	bool follow;
	struct object *objects;
	size_t n_objects;
	struct process *processes;
	bool stripped, denied;
	size_t refused;	       /* sites that the kernel would not probe */
	uint64_t cpu_of_ended; /* ns */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static int no_memory(struct rp_err *err)
{
	return rp_err__set(err, RP_EXIT_FAILED, -ENOMEM, NULL, "out of memory");
}

struct rp_targets *rp_targets__new(struct rp_session *session, struct rp_plan *plan, bool follow)
{
	struct rp_targets *t = calloc(1, sizeof(*t));

	if (t) {
		t->session = session;
		t->plan = plan;
		t->follow = follow;
	}
	return t;
}

static void process__look_at_cpu(struct process *p)
{
	uint64_t cpu = rp_proc__cpu(PROC, p->pid);

	if (cpu > p->cpu)
		p->cpu = cpu;
}

static void process__free(struct rp_targets *t, struct process *p)
{
	process__look_at_cpu(p);
	t->cpu_of_ended += p->cpu - p->cpu_before;
	while (p->locals) {
		struct local *l = p->locals;

		p->locals = l->next;
		rp_links__free(l->links);
		free(l);
	}
	HASH_DEL(t->processes, p);
	free(p);
}

void rp_targets__free(struct rp_targets *t)
{
	struct process *p, *next;

	if (!t)
		return;
	HASH_ITER (hh, t->processes, p, next)
		process__free(t, p);
	for (size_t i = 0; i < t->n_objects; i++) {
		rp_links__free(t->objects[i].links);
		if (t->objects[i].fd >= 0)
			close(t->objects[i].fd);
		free(t->objects[i].path);
	}
	free(t->objects);
	free(t);
}

static struct process *process__get(struct rp_targets *t, pid_t pid)
{
	struct process *p;

	HASH_FIND_INT(t->processes, &pid, p);
	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->pid = pid;
	HASH_ADD_INT(t->processes, pid, p);
	return p;
}

/* ---- objects --------------------------------------------------------------------------------- */

static struct object *object__new(struct rp_targets *t, const char *path)
{
	struct object *grown = realloc(t->objects, (t->n_objects + 1) * sizeof(*grown));
	struct object *o;

	if (!grown)
		return NULL;
	t->objects = grown;
	o = &grown[t->n_objects];
	memset(o, 0, sizeof(*o));
	o->fd = -1;
	o->path = strdup(path);
	if (!o->path)
		return NULL;
	t->n_objects++;
	return o;
}

static struct object *object__by_id(struct rp_targets *t, dev_t dev, ino_t ino)
{
	for (size_t i = 0; i < t->n_objects; i++)
		if (t->objects[i].id.ino == ino && t->objects[i].id.dev == dev)
			return &t->objects[i];
	return NULL;
}

static struct object *object__by_stat(struct rp_targets *t, const struct stat *st)
{
	for (size_t i = 0; i < t->n_objects; i++)
		if (t->objects[i].st_ino == st->st_ino && t->objects[i].st_dev == st->st_dev)
			return &t->objects[i];
	return NULL;
}

/* Plan an open file. Takes fd over; where nothing in it is wanted, it is closed. */
static int object__plan(struct rp_targets *t, struct object *o, int fd, bool is_exe,
			struct rp_err *err)
{
	struct rp_elf *elf = NULL;
	size_t before, added = 0;
	struct stat st;
	int rc = rp_elf__open(fd, o->path, &elf, err);

	if (!rc) {
		rp_plan__sites(t->plan, &before);
		rc = rp_plan__add_object(t->plan, (uint32_t)(o - t->objects), o->path, is_exe, elf,
					 &added, err);
		t->stripped |= is_exe && !rp_elf__traits(elf)->has_symtab;
	}
	if (!fstat(fd, &st)) {
		o->st_dev = st.st_dev;
		o->st_ino = st.st_ino;
	}
	rp_elf__free(elf);
	/* Kept open with or without sites: a number of an open file is not given to another. */
	o->fd = fd;
	o->first = before;
	o->n = rc ? 0 : added;
	return rc;
}

/* Object of a mapping, opened and planned if it is new. NULL: nothing wanted, or not readable. */
static struct object *object__of_mapping(struct rp_targets *t, pid_t pid, const struct rp_mapped *m)
{
	struct object *o = object__by_id(t, m->dev, m->ino);
	struct stat st;
	char via[64];
	int fd;

	if (o)
		return o;
	if (!rp_plan__wants_object(t->plan, m->path, m->is_exe))
		return NULL;
	fd = rp_proc__open_mapped(PROC, pid, m, via, sizeof(via));
	t->denied |= fd == -EACCES || fd == -EPERM;
	if (fd < 0)
		return NULL;
	/* Known under its path already, before anything had it mapped? */
	o = fstat(fd, &st) ? NULL : object__by_stat(t, &st);
	if (o) {
		close(fd);
	} else {
		o = object__new(t, m->path);
		if (!o) {
			close(fd);
			return NULL;
		}
		object__plan(t, o, fd, m->is_exe, NULL);
	}
	o->id.dev = m->dev;
	o->id.ino = m->ino;
	return o;
}

/* ---- attaching ------------------------------------------------------------------------------- */

static int object__link(struct rp_targets *t, const struct object *o, pid_t pid,
			struct rp_links **out, struct rp_err *err)
{
	size_t n;
	struct rp_links_req req = {
		.fd = o->fd,
		.pid = pid,
		.sites = rp_plan__sites(t->plan, &n) + o->first,
		.n = o->n,
	};
	int *refused;
	int rc;

	refused = calloc(o->n, sizeof(*refused));
	if (!refused)
		return no_memory(err);
	rc = rp_links__new(t->session, &req, refused, out, err);
	for (size_t i = 0; !rc && i < o->n; i++)
		t->refused += refused[i] != 0;
	free(refused);
	return rc;
}

static bool process__has(const struct process *p, size_t object)
{
	for (const struct local *l = p->locals; l; l = l->next)
		if (l->object == object)
			return true;
	return false;
}

/* Probe an object in a process unless that is done. *late: it had run without these probes. */
static int process__attach(struct rp_targets *t, struct process *p, struct object *o, bool *late,
			   struct rp_err *err)
{
	struct local *l;
	int rc;

	if (!t->session || !o->n)
		return 0;
	if (o->wide) {
		if (o->links)
			return 0;
		*late = true;
		return object__link(t, o, 0, &o->links, err);
	}
	if (process__has(p, o - t->objects))
		return 0;
	*late = true;
	l = calloc(1, sizeof(*l));
	if (!l)
		return no_memory(err);
	l->object = o - t->objects;
	rc = object__link(t, o, p->pid, &l->links, err);
	if (rc) {
		free(l);
		return rc;
	}
	l->next = p->locals;
	p->locals = l;
	return 0;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* Objects from `first` on that no process outside the trace maps are probed everywhere. */
static int decide_scopes(struct rp_targets *t, size_t first)
{
	size_t n = t->n_objects - first, n_own = 0;
	struct rp_file_id *files;
	struct process *p;
	bool *foreign;
	pid_t *own;
	int rc = -ENOMEM;

	if (!n)
		return 0;
	files = calloc(n, sizeof(*files));
	foreign = calloc(n, sizeof(*foreign));
	own = calloc(HASH_COUNT(t->processes) + 1, sizeof(*own));
	if (!files || !foreign || !own)
		goto out;
	for (p = t->processes; p; p = p->hh.next)
		own[n_own++] = p->pid;
	qsort(own, n_own, sizeof(*own), compare_pids);
	for (size_t i = 0; i < n; i++)
		files[i] = t->objects[first + i].id;
	rc = rp_proc__foreign(PROC, files, n, own, n_own, foreign);
	for (size_t i = 0; !rc && i < n; i++)
		t->objects[first + i].wide = !foreign[i];
	/* The kernel's pid filter does not work for a process whose first thread has ended. */
	for (p = t->processes; !rc && p; p = p->hh.next)
		if (rp_proc__live_thread(PROC, p->pid) != p->pid)
			for (size_t i = 0; i < n; i++)
				t->objects[first + i].wide = true;
out:
	free(files);
	free(foreign);
	free(own);
	return rc;
}

/*
 * Bring n processes up to what they have mapped now: all objects first, so that one look at the
 * rest of the system decides on their scopes.
 */
static int scan(struct rp_targets *t, struct process **processes, size_t n, bool *late,
		struct rp_err *err)
{
	struct rp_mapped_list *lists = calloc(n, sizeof(*lists));
	size_t first = t->n_objects;
	int rc = lists ? 0 : no_memory(err);

	for (size_t i = 0; !rc && i < n; i++) {
		pid_t pid = rp_proc__live_thread(PROC, processes[i]->pid);

		rc = pid ? rp_proc__mapped(PROC, pid, &lists[i]) : -ESRCH;
		if (rc == -ESRCH && n > 1)
			rc = 0; /* a child that ended meanwhile */
		if (rc) {
			rp_err__set(err, rc == -EACCES ? RP_EXIT_DENIED : RP_EXIT_FAILED, rc,
				    rc == -EACCES ? "run it as root" : NULL, "process %d: %s",
				    (int)processes[i]->pid,
				    rc == -ESRCH ? "there is no such process" : strerror(-rc));
			break;
		}
		for (size_t m = 0; m < lists[i].n; m++)
			object__of_mapping(t, pid, &lists[i].items[m]);
	}
	if (!rc && decide_scopes(t, first))
		rc = no_memory(err);
	for (size_t i = 0; !rc && i < n; i++) {
		for (size_t m = 0; !rc && m < lists[i].n; m++) {
			struct object *o = object__by_id(t, lists[i].items[m].dev,
							 lists[i].items[m].ino);

			if (o)
				rc = process__attach(t, processes[i], o, late, err);
		}
		if (rc == -ESRCH && n > 1)
			rc = 0;
	}
	for (size_t i = 0; lists && i < n; i++)
		rp_proc__mapped_free(&lists[i]);
	free(lists);
	return rc;
}

/* ---- what to trace -----------------------------------------------------------------------------
 */

static int track(struct rp_targets *t, pid_t pid, struct rp_err *err)
{
	struct process *p = process__get(t, pid);

	if (!p || (t->session && rp_session__track(t->session, pid)))
		return no_memory(err);
	p->cpu = p->cpu_before = rp_proc__cpu(PROC, pid);
	return 0;
}

/* Children are looked for until no more appear: from then on the kernel tells of new ones. */
static int track_descendants(struct rp_targets *t, pid_t pid, struct rp_err *err)
{
	size_t known, n;
	pid_t *pids;
	int rc;

	do {
		known = HASH_COUNT(t->processes);
		rc = rp_proc__descendants(PROC, pid, &pids, &n);
		for (size_t i = 0; !rc && i < n; i++)
			rc = pids[i] == getpid() ? 0 : track(t, pids[i], err);
		free(pids);
		if (rc)
			return rc;
	} while (HASH_COUNT(t->processes) != known);
	return 0;
}

int rp_targets__add(struct rp_targets *t, pid_t pid, struct rp_err *err)
{
	struct process **list, *p;
	size_t n = 0;
	bool late;
	int rc;

	if (!rp_proc__alive(PROC, pid))
		return rp_err__set(err, RP_EXIT_FAILED, -ESRCH, "ps or pgrep tell which there are",
				   "process %d: there is no such process", (int)pid);
	if (pid == getpid())
		return rp_err__set(err, RP_EXIT_FAILED, -EINVAL, NULL,
				   "rptrace does not trace itself");
	rc = track(t, pid, err);
	if (!rc && t->follow)
		rc = track_descendants(t, pid, err);
	if (rc)
		return rc;
	list = calloc(HASH_COUNT(t->processes), sizeof(*list));
	if (!list)
		return no_memory(err);
	HASH_FIND_INT(t->processes, &pid, list[n]);
	n++;
	for (p = t->processes; p; p = p->hh.next)
		if (p->pid != pid)
			list[n++] = p;
	rc = scan(t, list, n, &late, err);
	free(list);
	return rc;
}

/* Open a file by path and plan it; one that is known is left alone. */
static int add_path(struct rp_targets *t, const char *path, bool is_exe, bool must,
		    struct rp_err *err)
{
	struct object *o;
	struct stat st;
	int fd, rc;

	fd = rp_file__open_regular(path, &st);
	if (fd < 0) {
		rc = fd;
		return must ? rp_err__set(err, RP_EXIT_FAILED, rc, "check the path", "%s: %s", path,
					  strerror(-rc))
			    : 0;
	}
	o = object__by_stat(t, &st);
	if (o) {
		close(fd);
		return 0;
	}
	o = object__new(t, path);
	if (!o) {
		close(fd);
		return no_memory(err);
	}
	o->id.dev = st.st_dev;
	o->id.ino = st.st_ino;
	rc = object__plan(t, o, fd, is_exe, err);
	return must ? rc : 0;
}

/* Attach the objects from `first` on: everywhere, or in the one process there is. */
static int attach_from(struct rp_targets *t, size_t first, struct rp_err *err)
{
	struct process *p;
	bool late;
	int rc = 0;

	if (decide_scopes(t, first))
		return no_memory(err);
	for (size_t i = first; !rc && i < t->n_objects; i++)
		for (p = t->processes; !rc && p; p = p->hh.next)
			rc = process__attach(t, p, &t->objects[i], &late, err);
	return rc;
}

int rp_targets__add_named(struct rp_targets *t, struct rp_err *err)
{
	size_t first = t->n_objects;
	const char *path;
	int rc = 0;

	for (size_t i = 0; !rc && (path = rp_plan__object_path(t->plan, i)); i++)
		rc = add_path(t, path, false, true, err);
	return rc ? rc : attach_from(t, first, err);
}

int rp_targets__add_command(struct rp_targets *t, pid_t pid, const char *path, struct rp_err *err)
{
	size_t first = t->n_objects;
	struct rp_needed needed;
	int rc = track(t, pid, err);

	if (rc)
		return rc;
	rc = rp_needed__of_command(path, &needed);
	if (rc)
		return no_memory(err);
	for (size_t i = 0; !rc && i < needed.n; i++)
		if (rp_plan__wants_object(t->plan, needed.items[i].path, needed.items[i].is_exe))
			rc = add_path(t, needed.items[i].path, needed.items[i].is_exe, false, err);
	rp_needed__free(&needed);
	return rc ? rc : attach_from(t, first, err);
}

/* ---- while it runs
 * -------------------------------------------------------------------------------- */

/* A child has what its parent had mapped; probes that are bound to a process are bound anew. */
static void on_fork(struct rp_targets *t, pid_t pid, pid_t parent_pid)
{
	struct process *parent, *p;
	bool late = false;

	HASH_FIND_INT(t->processes, &parent_pid, parent);
	p = process__get(t, pid);
	if (!p || !parent)
		return;
	for (const struct local *l = parent->locals; l; l = l->next)
		process__attach(t, p, &t->objects[l->object], &late, NULL);
	if (late)
		rp_session__count_lost(t->session, RP_LOST_LATE);
}

static void look_at(struct rp_targets *t, struct process *p, bool tell)
{
	bool late = false;

	scan(t, &p, 1, &late, NULL);
	if (late && tell)
		rp_session__count_lost(t->session, RP_LOST_LATE);
}

/* The last thread of a process tells of its end; others may still be on their way out. */
static void await_end(pid_t pid)
{
	struct pollfd end = {.fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};

	if (end.fd < 0)
		return;
	poll(&end, 1, END_SURE_MS);
	close(end.fd);
}

void rp_targets__on_event(struct rp_targets *t, const struct rp_event *event)
{
	struct process *p;

	switch (event->type) {
	case RP_EVENT_FORK:
		on_fork(t, event->pid, event->parent);
		return;
	case RP_EVENT_EXIT:
		HASH_FIND_INT(t->processes, &(pid_t){event->pid}, p);
		if (!p)
			return;
		await_end(event->pid);
		process__free(t, p);
		return;
	}
	p = process__get(t, event->pid);
	if (!p)
		return;
	if (event->type == RP_EVENT_EXEC)
		look_at(t, p, true);
	/* After an exec the loader maps the libraries; both come here. */
	p->rescans = 2;
	p->due = now() + RESCAN_SOON_MS * 1e-3;
	if (p->due < p->rested)
		p->due = p->rested;
}

int rp_targets__rescan(struct rp_targets *t)
{
	double at = now(), next = 0;
	struct process *p;

	for (p = t->processes; p; p = p->hh.next) {
		if (p->rescans && p->due <= at) {
			double began = now();

			rp_session__map_seen(t->session, p->pid);
			look_at(t, p, true);
			p->rescans--;
			p->due = now() + RESCAN_SURE_MS * 1e-3;
			p->rested = now() + (now() - began) * RESCAN_REST;
		}
		if (p->rescans && (!next || p->due < next))
			next = p->due;
	}
	if (!next)
		return -1;
	at = (next - now()) * 1e3;
	return at > 0 ? (int)at + 1 : 0;
}

void rp_targets__reap(struct rp_targets *t)
{
	struct process *p, *next;

	HASH_ITER (hh, t->processes, p, next)
		if (!rp_proc__alive(PROC, p->pid))
			process__free(t, p);
}

uint64_t rp_targets__cpu(struct rp_targets *t)
{
	uint64_t sum = t->cpu_of_ended;
	struct process *p;

	for (p = t->processes; p; p = p->hh.next) {
		process__look_at_cpu(p);
		sum += p->cpu - p->cpu_before;
	}
	return sum;
}

void rp_targets__stats(const struct rp_targets *t, struct rp_targets_stats *stats)
{
	size_t n;
	const struct rp_site *sites = rp_plan__sites(t->plan, &n);

	memset(stats, 0, sizeof(*stats));
	stats->processes = HASH_COUNT(t->processes);
	stats->sites = n;
	for (size_t i = 0; i < n; i++) {
		stats->slow_sites += sites[i].slow;
		stats->names |= sites[i].role == RP_ROLE_NAME_BEGIN;
	}
	for (size_t i = 0; i < t->n_objects; i++)
		stats->objects += t->objects[i].n > 0;
	stats->stripped = t->stripped;
	stats->denied = t->denied;
	stats->refused = t->refused;
}

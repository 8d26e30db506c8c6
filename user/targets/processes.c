// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The processes under trace: their life, and what is probed in each of them. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "targets/internal.h"
#include "util/array.h"

/* For the threads of a process that end together to be through. */
#define END_SURE_MS 100

uint64_t rp_process__cpu(struct rp_targets *t, struct rp_process *p)
{
	uint64_t cpu = t->session ? t->ops->cpu(p->pid) : 0;

	if (cpu > p->cpu)
		p->cpu = cpu;
	return p->cpu - p->cpu_before;
}

void rp_targets__begin_cpu(struct rp_targets *t)
{
	for (struct rp_process *p = t->processes; p; p = p->hh.next)
		p->cpu_before += rp_process__cpu(t, p);
	t->cpu_of_ended = 0;
}

uint64_t rp_targets__cpu(struct rp_targets *t)
{
	uint64_t sum = t->cpu_of_ended;
	struct rp_process *p;

	for (p = t->processes; p; p = p->hh.next)
		sum += rp_process__cpu(t, p);
	return sum;
}

void rp_process__ends(struct rp_targets *t, struct rp_process *p, const struct rp_event *event)
{
	rp_process__cpu(t, p);
	if (event->detail > p->cpu)
		p->cpu = event->detail;
	t->trapped += event->signal == SIGTRAP;
}

void rp_process__check_code(struct rp_targets *t, struct rp_process *p,
			    const struct rp_mapped_list *mapped)
{
	/* An exec is over by the last look after it, whether the process has a vDSO or not. */
	bool is_loaded = mapped->is_loaded || p->rescans == 1;
	size_t moved = 0;

	for (size_t i = 0; i < mapped->n && is_loaded && !p->moved; i++) {
		const struct rp_mapped *m = &mapped->items[i];
		const struct rp_object *o = rp_object__by_id(t, m->dev, m->ino);

		for (const struct rp_site_group *g = o ? o->site_groups : NULL; g; g = g->next)
			for (size_t s = 0; s < g->n; s++)
				moved += !rp_proc__maps_code(mapped, m->dev, m->ino,
							     g->sites[s].offset);
	}
	if (!moved)
		return;
	p->moved = true;
	t->moved += moved;
	if (t->session)
		t->ops->count_lost(t->session, RP_LOST_MOVED);
}

bool rp_process__uses(const struct rp_process *p, size_t object)
{
	for (size_t i = 0; i < p->n_uses; i++)
		if (p->uses[i] == object)
			return true;
	return false;
}

void rp_process__use(struct rp_targets *t, struct rp_process *p, size_t object)
{
	if (rp_process__uses(p, object) || rp_array__fit(&p->uses, p->n_uses + 1, sizeof(*p->uses)))
		return;
	p->uses[p->n_uses++] = object;
	t->objects[object].users++;
	t->objects[object].used = true;
	t->objects[object].idle = 0;
}

void rp_process__uses_nothing(struct rp_targets *t, struct rp_process *p)
{
	while (p->n_uses)
		t->objects[p->uses[--p->n_uses]].users--;
	free(p->uses);
	p->uses = NULL;
}

void rp_process__free(struct rp_targets *t, struct rp_process *p)
{
	t->cpu_of_ended += rp_process__cpu(t, p);
	while (p->locals) {
		struct rp_local *l = p->locals;

		p->locals = l->next;
		rp_targets__unlink(t, l->links);
		free(l);
	}
	rp_process__uses_nothing(t, p);
	free(p->loaded);
	HASH_DEL(t->processes, p);
	free(p);
}

struct rp_process *rp_process__get(struct rp_targets *t, pid_t pid)
{
	struct rp_process *p;

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

int rp_targets__pids(const struct rp_targets *t, pid_t **pids, size_t *n)
{
	*n = 0;
	*pids = calloc(HASH_COUNT(t->processes) + 1, sizeof(**pids));
	for (const struct rp_process *p = t->processes; *pids && p; p = p->hh.next)
		(*pids)[(*n)++] = p->pid;
	return *pids ? 0 : -ENOMEM;
}

void rp_process__await_end(pid_t pid)
{
	struct pollfd end = {.fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};

	if (end.fd < 0)
		return;
	poll(&end, 1, END_SURE_MS);
	close(end.fd);
}

int rp_process__track(struct rp_targets *t, pid_t pid, struct rp_err *err)
{
	struct rp_process *p = rp_process__get(t, pid);

	if (!p || (t->session && t->ops->track(t->session, pid)))
		return rp_err__no_memory(err);
	p->cpu = p->cpu_before = t->session ? t->ops->cpu(pid) : 0;
	return 0;
}

/* Children are looked for until no more appear: from then on the kernel tells of new ones. */
int rp_process__track_descendants(struct rp_targets *t, pid_t pid, struct rp_err *err)
{
	size_t known, n;
	pid_t *pids;
	int rc;

	do {
		known = HASH_COUNT(t->processes);
		rc = rp_proc__descendants(t->proc, pid, &pids, &n);
		for (size_t i = 0; !rc && i < n; i++)
			rc = rp_targets__is_own(t, pids[i]) ? 0
							    : rp_process__track(t, pids[i], err);
		free(pids);
		if (rc)
			return rc;
	} while (HASH_COUNT(t->processes) != known);
	return 0;
}

static bool has(const struct rp_process *p, const struct rp_site_group *group)
{
	for (const struct rp_local *l = p->locals; l; l = l->next)
		if (l->site_group == group)
			return true;
	return false;
}

bool rp_process__is_linked(const struct rp_process *p, const struct rp_object *o)
{
	for (const struct rp_site_group *group = o->site_groups; group; group = group->next)
		if (!has(p, group))
			return false;
	return o->site_groups;
}

static int attach_local(struct rp_targets *t, struct rp_process *p, const struct rp_object *o,
			const struct rp_site_group *group, struct rp_err *err)
{
	struct rp_local *l = calloc(1, sizeof(*l));
	int rc;

	if (!l)
		return rp_err__no_memory(err);
	l->site_group = group;
	rc = rp_object__link(t, o, group, p->pid, NULL, &l->links, err);
	if (rc) {
		free(l);
		return rc;
	}
	l->next = p->locals;
	p->locals = l;
	return 0;
}

/* Each site group of the object that is not probed yet: everywhere, or in the process. */
static int link_all(struct rp_targets *t, struct rp_process *p, struct rp_object *o,
		    struct rp_err *err)
{
	int rc = 0;

	for (struct rp_site_group *group = o->site_groups; group && !rc; group = group->next) {
		if (o->wide ? group->links != NULL : has(p, group))
			continue;
		o->attached = true;
		t->late = true;
		rp_object__watch_writers(t, o);
		rc = o->wide ? rp_object__link(t, o, group, 0, NULL, &group->links, err)
			     : attach_local(t, p, o, group, err);
	}
	return rc;
}

/* After an error, what could be linked counts all the same. */
int rp_process__attach(struct rp_targets *t, struct rp_process *p, struct rp_object *o,
		       struct rp_err *err)
{
	int rc = t->session ? link_all(t, p, o, err) : 0;

	for (struct rp_local *l = p->locals; l; l = l->next)
		if (l->links && &t->objects[l->site_group->object] == o)
			t->ops->start(l->links);
	if (o->wide)
		rp_object__start(t, o);
	return rc;
}

void rp_process__has_used(struct rp_targets *t, struct rp_process *p, struct rp_object *o)
{
	if (o->wide)
		rp_process__attach(t, p, o, NULL);
	o->used = true;
	o->idle = 0;
}

void rp_targets__reap(struct rp_targets *t)
{
	struct rp_process *p, *next;

	HASH_ITER (hh, t->processes, p, next)
		if (!rp_proc__alive(t->proc, p->pid))
			rp_process__free(t, p);
	rp_objects__drop_unused(t);
	t->ops->reap(t->session);
}

pid_t rp_targets__debugged(const struct rp_targets *t, pid_t *debugger)
{
	uint64_t tracer = 0;

	for (const struct rp_process *p = t->processes; p; p = p->hh.next) {
		if (!rp_proc__status_number(t->proc, p->pid, "TracerPid", 10, &tracer) || !tracer)
			continue;
		*debugger = (pid_t)tracer;
		return p->pid;
	}
	return 0;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "targets/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"

/* After a mapping was announced: the kernel tells before it is in place. */
#define RESCAN_SOON_MS 1
#define RESCAN_SURE_MS 25
/* A process that maps all the time is looked at for a fiftieth of the time at most, and for half of
 * it as long as there is something new. */
#define RESCAN_REST	  50
#define RESCAN_FOUND_REST 1

/* So that it does not keep us from those of others; where the whole system is traced. */
#define MAX_READING_S 30

double rp_targets__now(void)
{
	return (double)rp_clock__now() * 1e-9;
}

bool rp_targets__is_cancelled(const struct rp_targets *t)
{
	return t->is_cancelled && t->is_cancelled();
}

void rp_targets__tell(const struct rp_targets *t, const char *doing, const char *path)
{
	if (t->on_work)
		t->on_work(t->ctx, doing, path);
}

bool rp_targets__is_own(const struct rp_targets *t, pid_t pid)
{
	return pid == getpid() || pid == rp_helper__pid(t->helper);
}

void rp_targets__unlink(struct rp_targets *t, struct rp_links *links)
{
	if (links)
		t->ops->unlink(links);
}

struct rp_targets *rp_targets__new(const struct rp_targets_opts *opts)
{
	struct rp_targets *t = calloc(1, sizeof(*t));

	if (t) {
		t->session = opts->session;
		t->ops = opts->ops;
		t->plan = opts->plan;
		t->proc = opts->proc ? opts->proc : "/proc";
		t->follow = opts->follow;
		t->others_hidden = opts->others_hidden;
		t->helper = opts->helper;
		t->is_cancelled = opts->is_cancelled;
		t->on_work = opts->on_work;
		t->ctx = opts->ctx;
		t->event_time = UINT64_MAX; /* before it is active nothing is missed */
		t->link_per_site = opts->link_per_site;
		t->max_reading = opts->max_reading ? opts->max_reading
						   : MAX_READING_S * RP_NS_PER_S;
		if (t->session)
			rp_writers__open(t);
	}
	return t;
}

void rp_targets__free(struct rp_targets *t)
{
	struct rp_process *p, *next;

	if (!t)
		return;
	HASH_ITER (hh, t->processes, p, next)
		rp_process__free(t, p);
	rp_objects__free(t);
	rp_files__free(t);
	if (t->session)
		rp_writers__close(t);
	free(t->in_group);
	free(t->denied_files);
	free(t->searched);
	free(t->left);
	free(t);
}

/*
 * Bring n processes up to what they have mapped now: all objects first, so that one look at the
 * rest of the system decides on their scopes.
 */
static int scan(struct rp_targets *t, struct rp_process **processes, size_t n, struct rp_err *err)
{
	struct rp_mapped_list *lists = calloc(n, sizeof(*lists));
	int rc = lists ? 0 : rp_err__no_memory(err);

	for (size_t i = 0; !rc && i < n && !rp_targets__is_cancelled(t); i++) {
		pid_t pid = rp_proc__live_thread(t->proc, processes[i]->pid);

		rc = pid ? rp_proc__mapped(t->proc, pid, &lists[i]) : -ESRCH;
		if (rc == -ESRCH && n > 1)
			rc = 0; /* a child that ended meanwhile */
		if (rc) {
			rp_err__set(err, rc == -EACCES ? RP_EXIT_DENIED : RP_EXIT_FAILED, rc,
				    rc == -ESRCH ? RP_CURE_PROCESSES : NULL, "process %d: %s",
				    (int)processes[i]->pid,
				    rc == -ESRCH ? "there is no such process" : strerror(-rc));
			if (rc == -EACCES)
				rp_err__remedy(err, rc, RP_REMEDY_RIGHTS);
			break;
		}
		processes[i]->unmapped = !lists[i].n;
		rc = rp_targets__search_mapped(t, pid, lists[i].items, lists[i].n);
	}
	for (size_t i = 0; !rc && i < n && !rp_targets__is_cancelled(t); i++) {
		pid_t pid = rp_proc__live_thread(t->proc, processes[i]->pid);

		processes[i]->unmapped |= !pid; /* it ended while its files were searched */
		for (size_t m = 0; pid && m < lists[i].n; m++)
			rp_object__of_mapping(t, pid, &lists[i].items[m]);
	}
	if (!rc && rp_objects__decide_scopes(t))
		rc = rp_err__no_memory(err);
	for (size_t i = 0; !rc && i < n; i++) {
		rp_process__uses_nothing(t, processes[i]);
		for (size_t m = 0; !rc && m < lists[i].n; m++) {
			struct rp_object *o = rp_object__by_id(t, lists[i].items[m].dev,
							       lists[i].items[m].ino);

			if (o)
				rp_process__use(t, processes[i], (size_t)(o - t->objects));
			if (o)
				rc = rp_process__attach(t, processes[i], o, err);
		}
		if (rc == -ESRCH && n > 1)
			rc = 0;
		if (!rc)
			rp_process__check_code(t, processes[i], &lists[i]);
	}
	for (size_t i = 0; lists && i < n; i++)
		rp_proc__mapped_free(&lists[i]);
	free(lists);
	return rc;
}

/* ---- what to trace --------------------------------------------------------------------------- */

static int scan_all(struct rp_targets *t, struct rp_err *err)
{
	struct rp_process **list, *p;
	size_t n = 0;
	int rc;

	list = calloc(HASH_COUNT(t->processes) + 1, sizeof(*list));
	if (!list)
		return rp_err__no_memory(err);
	for (p = t->processes; p; p = p->hh.next)
		list[n++] = p;
	rc = scan(t, list, n, err);
	free(list);
	return rc;
}

/* Where an object is probed everywhere it need not be mapped. */
static int attach_wide(struct rp_targets *t, struct rp_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < t->n_objects && t->processes && !rc; i++)
		if (t->objects[i].wide)
			rc = rp_process__attach(t, t->processes, &t->objects[i], err);
	return rc;
}

static int track(struct rp_targets *t, pid_t pid, struct rp_err *err)
{
	int rc;

	if (!rp_proc__alive(t->proc, pid))
		return rp_err__set(err, RP_EXIT_FAILED, -ESRCH, RP_CURE_PROCESSES,
				   "process %d: there is no such process", (int)pid);
	if (rp_proc__is_kernel_thread(t->proc, pid))
		return rp_err__set(err, RP_EXIT_NOTHING, -ENOEXEC, RP_CURE_PROGRAMS,
				   "process %d is a thread of the kernel, which runs no program",
				   (int)pid);
	if (rp_targets__is_own(t, pid))
		return rp_err__set(err, RP_EXIT_FAILED, -EINVAL, NULL,
				   "rptrace does not trace itself");
	rc = rp_process__track(t, pid, err);
	return !rc && t->follow ? rp_process__track_descendants(t, pid, err) : rc;
}

int rp_targets__add(struct rp_targets *t, const pid_t *pids, size_t n, size_t n_found,
		    struct rp_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < n; i++) {
		rc = track(t, pids[i], err);
		if (rc == -ESRCH && i >= n - n_found)
			rc = 0;
	}
	if (rc || !n)
		return rc;
	if (!HASH_COUNT(t->processes))
		return -ESRCH;
	rc = scan_all(t, err);
	return rc ? rc : attach_wide(t, err);
}

/* Attach the objects from `first` on, and known ones where they are used: of some, more is wanted.
 */
static int attach_from(struct rp_targets *t, size_t first, struct rp_err *err)
{
	struct rp_process *p;
	int rc = 0;

	if (rp_objects__decide_scopes(t))
		return rp_err__no_memory(err);
	for (size_t i = 0; !rc && i < t->n_objects; i++)
		for (p = t->processes; !rc && p; p = p->hh.next)
			if (i >= first || t->objects[i].wide || rp_process__uses(p, i))
				rc = rp_process__attach(t, p, &t->objects[i], err);
	return rc;
}

int rp_targets__add_named(struct rp_targets *t, struct rp_err *err)
{
	size_t first = t->n_objects;
	const char *path;
	int rc = 0;

	for (size_t i = 0; !rc && (path = rp_plan__object_path(t->plan, i)); i++)
		rc = rp_object__add_path(t, path, false, !t->selecting, err);
	return rc ? rc : attach_from(t, first, err);
}

int rp_targets__add_command(struct rp_targets *t, pid_t pid, const char *path, struct rp_err *err)
{
	size_t first = t->n_objects;
	struct rp_linked linked;
	struct rp_process *p;
	int rc = rp_process__track(t, pid, err);

	if (rc)
		return rc;
	rc = rp_helper__linked(t->helper, path, &linked);
	if (rp_helper__why(t->helper))
		rp_object__leave(t, path, rp_helper__why(t->helper));
	if (rc == -ENOMEM)
		return rp_err__no_memory(err);
	rc = rp_targets__search_linked(t, &linked) ? rp_err__no_memory(err) : 0;
	for (size_t i = 0; !rc && i < linked.n; i++)
		if (rp_plan__wants_object(t->plan, linked.items[i].path, linked.items[i].is_exe))
			rc = rp_object__add_path(t, linked.items[i].path, linked.items[i].is_exe,
						 false, err);
	rp_linked__free(&linked);
	/* The command maps them once it runs, however late that is. */
	p = rp_process__get(t, pid);
	for (size_t i = first; p && i < t->n_objects; i++) {
		rp_process__use(t, p, i);
		t->objects[i].used = false;
	}
	return rc ? rc : attach_from(t, first, err);
}

/* ---- while it runs --------------------------------------------------------------------------- */

void rp_targets__begin_event(struct rp_targets *t, uint64_t time)
{
	t->event_time = time;
	t->late = false;
}

void rp_targets__end_event(struct rp_targets *t, pid_t pid)
{
	struct rp_process *p;
	uint64_t now;

	HASH_FIND_INT(t->processes, &pid, p);
	if (!t->late || (p && t->event_time <= p->late))
		return;
	t->ops->count_lost(t->session, RP_LOST_LATE);
	now = rp_clock__now();
	if (t->event_time < now)
		t->ops->add_late_ns(t->session, (int64_t)(now - t->event_time));
	if (p)
		p->late = now;
}

/* Returns false where the process has ended. One that cannot be looked at has no probes: late. */
static bool look_at(struct rp_targets *t, struct rp_process *p)
{
	int rc = scan(t, &p, 1, NULL);

	t->late |= rc && rc != -ESRCH && rc != -EINTR && !p->late;
	if (!rc)
		rp_process__looked_at_loaded(t, p);
	return rc != -ESRCH && !p->unmapped;
}

/* Where the process has ended meanwhile, its file tells whether it ran with its probes. */
static void on_exec(struct rp_targets *t, struct rp_process *p, const struct rp_event *event)
{
	dev_t dev = rp_event__dev(event);
	struct rp_object *o;

	if (look_at(t, p))
		return;
	o = rp_object__by_id(t, dev, event->detail);
	if (o && !rp_object__is_as_planned(t, o)) {
		rp_object__drop(t, o);
		o = NULL;
	}
	if (!o && !rp_file__is_known(t, dev, event->detail))
		o = rp_object__of_exec(t, dev, event->detail, event->path);
	if (!o) {
		t->late |= !rp_file__is_known(t, dev, event->detail);
		return;
	}
	rp_process__use(t, p, (size_t)(o - t->objects)); /* what it forked has that, too */
	t->late |= !rp_process__is_linked(p, o) && rp_object__was_unlinked(o, t->event_time);
	if (!rp_objects__decide_scopes(t))
		rp_process__has_used(t, p, o);
}

static bool any_is_bound(const struct rp_targets *t)
{
	for (size_t i = 0; i < t->n_objects; i++)
		if (t->objects[i].attached && !t->objects[i].wide)
			return true;
	return false;
}

/* Twice: what was told of goes on, as when the loader maps libraries after an exec. */
static void look_soon(struct rp_process *p)
{
	p->rescans = 2;
	p->due = rp_targets__now() + RESCAN_SOON_MS * 1e-3;
	if (p->due < p->rested)
		p->due = p->rested;
}

/*
 * A child has what its parent had mapped, which may be more than was seen so far; probes that are
 * bound to a process are bound anew. That is tried where the parent, or the child, has ended since,
 * too: it is late then.
 */
static void on_fork(struct rp_targets *t, pid_t pid, pid_t parent_pid)
{
	struct rp_process *parent, *p;

	HASH_FIND_INT(t->processes, &parent_pid, parent);
	p = rp_process__get(t, pid);
	if (!p)
		return;
	if (!parent) { /* it was found to have ended before its child was told of */
		t->late |= !look_at(t, p) && any_is_bound(t);
		return;
	}
	for (size_t i = 0; i < parent->n_uses; i++)
		rp_process__use(t, p, parent->uses[i]);
	for (size_t i = 0; i < p->n_uses; i++)
		if (!t->objects[p->uses[i]].wide)
			rp_process__attach(t, p, &t->objects[p->uses[i]], NULL);
	if (parent->rescans) {
		p->mapped = t->event_time;
		look_soon(p);
	}
}

void rp_targets__on_event(struct rp_targets *t, const struct rp_event *event)
{
	struct rp_process *p;

	if (event->header.type == RP_EVENT_STACK) {
		t->unsafe |= rp_plan__use_ret_sites(t->plan, (uint32_t)event->detail);
		return;
	}
	if (t->system) {
		rp_targets__on_system_event(t, event);
		return;
	}
	switch (event->header.type) {
	case RP_EVENT_FORK:
		rp_targets__begin_event(t, event->time);
		on_fork(t, event->pid, (pid_t)event->detail);
		rp_targets__end_event(t, event->pid);
		return;
	case RP_EVENT_EXIT:
		HASH_FIND_INT(t->processes, &(pid_t){event->pid}, p);
		if (!p)
			return;
		rp_process__ends_loaded(t, p, event->time);
		/* It had ended before anybody looked. */
		if (event->time < p->late)
			t->ops->add_late_ns(t->session, -(int64_t)(p->late - event->time));
		rp_process__ends(t, p, event);
		rp_process__await_end(event->pid);
		rp_process__free(t, p);
		return;
	}
	p = rp_process__get(t, event->pid);
	if (!p)
		return;
	if (event->header.type == RP_EVENT_LIBRARY) {
		rp_process__loads(t, p, event);
		return;
	}
	if (event->header.type == RP_EVENT_EXEC) {
		rp_process__ends_loaded(t, p, event->time);
		rp_targets__begin_event(t, event->time);
		on_exec(t, p, event);
		rp_targets__end_event(t, p->pid);
	} else if (!p->mapped) {
		p->mapped = event->time;
	}
	look_soon(p);
}

/* All first, as a region that comes back may have sites in any of them. */
static int plan_again(struct rp_targets *t, struct rp_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < t->n_objects && !rc; i++)
		rc = rp_object__plan_again(t, &t->objects[i], err);
	return rc;
}

static int attach_all(struct rp_targets *t, struct rp_err *err)
{
	int rc = rp_objects__decide_scopes(t) ? rp_err__no_memory(err) : 0;

	if (!rc)
		rc = scan_all(t, err);
	return rc ? rc : attach_wide(t, err);
}

/* Attach all that is wanted and is not attached yet. */
static int catch_up(struct rp_targets *t, struct rp_err *err)
{
	int rc = 0;

	t->waiting = false;
	t->event_time = UINT64_MAX;
	t->ops->added(t->session); /* some of it counts before all is there */
	for (size_t i = 0; i < t->n_objects && !rc; i++)
		rc = rp_object__gather(t, &t->objects[i], 0, err);
	if (!rc)
		rc = t->system ? rp_targets__catch_up_system(t, err) : attach_all(t, err);
	t->ops->added(t->session);
	return rc;
}

int rp_targets__select(struct rp_targets *t, const char *text, struct rp_err *err)
{
	int rc = rp_plan__select(t->plan, text, err);

	if (rc)
		return rc;
	for (struct rp_process *p = t->processes; p && !rc; p = p->hh.next)
		rc = rp_targets__search_process(t, p->pid);
	if (rc)
		return rp_err__no_memory(err);
	t->selecting = true;
	rc = plan_again(t, err);
	if (!rc)
		rc = catch_up(t, err);
	if (!rc && !t->system)
		rc = rp_targets__add_named(t, err);
	t->selecting = false;
	return rc;
}

int rp_targets__take_back(struct rp_targets *t, const uint32_t *regions, size_t n,
			  struct rp_err *err)
{
	for (size_t i = 0; i < n; i++)
		rp_plan__leave_out(t->plan, regions[i], false);
	return catch_up(t, err);
}

void rp_targets__add_ret_sites(struct rp_targets *t)
{
	t->unsafe = true;
	for (size_t i = 0; i < t->n_objects; i++)
		rp_object__plan_ret_sites(t, &t->objects[i]);
	catch_up(t, NULL);
	t->unsafe = false;
}

/* Returns when there is more of that to do, s; 0: never. */
static double end_swap(struct rp_targets *t)
{
	double now = rp_targets__now(), next = rp_targets__end_swaps(t, now);

	if (t->unpruned && !t->retired)
		rp_targets__prune(t, NULL);
	if (t->unsafe) {
		rp_targets__add_ret_sites(t);
		if (rp_plan__has_switches(t->plan))
			rp_targets__leave_out_returns(t);
	}
	if (t->waiting && !t->retired)
		catch_up(t, NULL);
	return t->retired && !next ? now : next;
}

static double earlier(double a, double b) /* 0: never */
{
	return !a || (b && b < a) ? b : a;
}

int rp_targets__rescan(struct rp_targets *t)
{
	double at = rp_targets__now(), next;
	struct rp_process *p;

	if (t->session)
		rp_writers__see(t);
	next = rp_targets__look_again(t);
	for (p = t->processes; p; p = p->hh.next) {
		if (p->rescans && p->due <= at) {
			uint64_t began = rp_clock__thread_cpu();
			size_t known = t->n_objects;

			t->ops->map_seen(t->session, p->pid);
			rp_targets__begin_event(t, p->mapped ? p->mapped : rp_clock__now());
			p->mapped = 0;
			look_at(t, p);
			rp_targets__end_event(t, p->pid);
			if (!--p->rescans) /* a mapping that is told of is there by now, or gone */
				rp_process__ends_loaded(t, p, UINT64_MAX);
			p->due = rp_targets__now() + RESCAN_SURE_MS * 1e-3;
			/* CPU time of this thread: a busy machine does not make it longer. */
			p->rested = rp_targets__now() +
				    (double)(rp_clock__thread_cpu() - began) * 1e-9 *
					    (t->n_objects > known ? RESCAN_FOUND_REST
								  : RESCAN_REST);
		}
		if (p->rescans && (!next || p->due < next))
			next = p->due;
	}
	next = earlier(next, end_swap(t));
	next = earlier(next, rp_objects__drop_unused(t));
	next = earlier(next, rp_writers__end_leases(t, rp_targets__now()));
	if (!next)
		return -1;
	at = (next - rp_targets__now()) * 1e3;
	return at > 0 ? (int)at + 1 : 0;
}

void rp_targets__stats(const struct rp_targets *t, struct rp_targets_stats *stats)
{
	size_t n;
	const struct rp_site *sites = rp_plan__sites(t->plan, &n);

	memset(stats, 0, sizeof(*stats));
	stats->processes = HASH_COUNT(t->processes);
	stats->came = t->came;
	for (size_t i = 0; i < n; i++) {
		/* Gone for good, or for now; or RET sites were there before it was probed. */
		if (t->objects[sites[i].object].fd < 0 ||
		    !rp_plan__wants_site(t->plan, &sites[i]) ||
		    (sites[i].superseded && !t->in_group[i]))
			continue;
		stats->sites++;
		stats->slow_sites += sites[i].slow;
		stats->names |= sites[i].role == RP_ROLE_NAME_BEGIN;
	}
	for (size_t i = 0; i < t->n_objects; i++)
		stats->objects += t->objects[i].site_groups != NULL;
	stats->stripped = t->stripped;
	stats->denied = t->denied;
	stats->refused = t->refused;
	stats->moved = t->moved;
	stats->trapped = t->trapped;
	stats->left = t->n_left;
	stats->left_path = t->left;
	stats->left_why = t->left_why;
}

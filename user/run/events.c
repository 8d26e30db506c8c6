// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What the kernel tells while the trace runs: events of processes, and mappings anywhere. */
#include <stdio.h>

#include "discover/proc.h"
#include "run/internal.h"
#include "run/opt_in.h"
#include "sample/python_layout.h"
#include "util/clock.h"

static void on_event(void *ctx, const struct rp_event *event)
{
	struct rp_run *run = ctx;

	if (run->sampling)
		rp_sampling__on_event(run->sampling, event);
	if (event->header.type == RP_EVENT_CGROUP)
		rp_cgroups__note(run->cgroups, event->pid);
	else if (event->header.type == RP_EVENT_SHARE || event->header.type == RP_EVENT_USER_SHARE)
		rp_run__tell_share(run, event);
	else
		rp_targets__on_event(run->targets, event);
}

static void tell_of_python(struct rp_run *run)
{
	const char *file = run->sampling ? rp_sampling__unknown_python(run->sampling) : NULL;
	char line[512];

	if (!file)
		return;
	snprintf(line, sizeof(line),
		 "no Python functions are shown of %s: rptrace knows CPython " RP_PYTHON_VERSIONS,
		 file);
	rp_run__say(run, line, NULL);
}

static void tell_of_unnamed_code(struct rp_run *run)
{
	struct rp_mapped_list mapped;
	char line[256], cure[128];
	pid_t pid;
	unsigned percent = run->sampling ? rp_sampling__unnamed_percent(run->sampling, &pid) : 0;
	bool is_known = false;

	if (!percent)
		return;
	snprintf(line, sizeof(line),
		 "%u %% of the samples are [unknown]: process %d compiles code at run time, and "
		 "does not name it in /tmp/perf-PID.map",
		 percent, (int)pid);
	if (!rp_proc__mapped("/proc", pid, &mapped)) {
		is_known = rp_opt_in__compiled(&mapped, pid, cure, sizeof(cure));
		rp_proc__mapped_free(&mapped);
	}
	rp_run__say(run, line, is_known ? cure : NULL);
}

int rp_run__collect_events(struct rp_run *run)
{
	return rp_collect_events(run->session, on_event, run);
}

int rp_run__drain_events(struct rp_run *run)
{
	int rc = run->sampling ? rp_sampling__drain(run->sampling) : rp_run__collect_events(run);

	tell_of_python(run);
	tell_of_unnamed_code(run);
	return rc;
}

static int on_ring(void *ctx)
{
	return rp_run__drain_events(ctx);
}

static void on_mapping(void *ctx, pid_t pid, const struct rp_mapped *mapped, uint64_t time)
{
	struct rp_run *run = ctx;

	if (run->sampling)
		rp_sampling__on_mapping(run->sampling, pid, mapped, time);
	rp_targets__on_mapping(run->targets, pid, mapped, time);
}

static void drain_mappings(struct rp_run *run)
{
	struct rp_mappings *mappings = run->events.mappings;
	uint64_t lost;
	bool missed;

	lost = rp_mappings__drain(mappings, on_mapping, run, &missed);
	while (lost--)
		rp_session__count_lost(run->session, RP_LOST_EVENTS);
	if (missed)
		rp_targets__missed_mappings(run->targets);
}

int rp_run__drain_all(struct rp_run *run)
{
	if (run->events.mappings)
		drain_mappings(run);
	return rp_run__drain_events(run);
}

/*
 * A machine that starts programs all the time wakes us no more often than this, which is also how
 * long a new one may run without its probes.
 */
#define REST_NS (2 * RP_NS_PER_MS)

static int on_mappings(void *ctx)
{
	struct rp_run *run = ctx;

	drain_mappings(run);
	rp_timer__set(run->events.rest, rp_clock__now() + REST_NS);
	return rp_watch__pause(run->events.watch, true);
}

static int end_rest(void *ctx, uint64_t now)
{
	struct rp_run *run = ctx;

	(void)now;
	return rp_watch__pause(run->events.watch, false);
}

/*
 * The kernel wakes us by an interrupt of a processor to itself. Some virtual machines deliver that
 * with the next interrupt of another kind: where they are idle, hundreds of milliseconds later. And
 * samples wake nobody unless there are many.
 */
#define LOOK_NS (20 * RP_NS_PER_MS)

static int look(void *ctx, uint64_t now)
{
	struct rp_run *run = ctx;

	rp_timer__set(run->events.look, now + LOOK_NS);
	return rp_run__drain_all(run);
}

/* ---- the targets ----------------------------------------------------------------------------- */

/* Events, mappings and keys alike leave work to be done. */
static int rescan(void *ctx)
{
	struct rp_run *run = ctx;
	int ms = rp_targets__rescan(run->targets);

	rp_timer__set(run->events.rescan,
		      ms < 0 ? RP_LOOP_NEVER : rp_clock__now() + (uint64_t)ms * RP_NS_PER_MS);
	return 0;
}

/* It is looked at before the next wait. */
static int wake(void *ctx)
{
	(void)ctx;
	return 0;
}

static int on_rescan(void *ctx, uint64_t now)
{
	(void)now;
	return wake(ctx);
}

int rp_run__watch_events(struct rp_run *run)
{
	struct kernel_events *e = &run->events;
	int rc = rp_loop__watch(run->loop, rp_session__event_fd(run->session), on_ring, run, NULL);

	if (!rc)
		rc = rp_loop__timer(run->loop, on_rescan, run, &e->rescan);
	if (!rc)
		rc = rp_loop__before_wait(run->loop, rescan, run);
	if (!rc && rp_targets__fd(run->targets) >= 0)
		rc = rp_loop__watch(run->loop, rp_targets__fd(run->targets), wake, run, NULL);
	if (!rc && run->sampling)
		rc = rp_loop__watch(run->loop, rp_session__sample_fd(run->session), on_ring, run,
				    NULL);
	if (!rc)
		rc = rp_loop__timer(run->loop, look, run, &e->look);
	if (!rc)
		rp_timer__set(e->look, 0);
	if (rc || !e->mappings)
		return rc;
	rc = rp_loop__watch(run->loop, rp_mappings__fd(e->mappings), on_mappings, run, &e->watch);
	if (!rc)
		rc = rp_loop__timer(run->loop, end_rest, run, &e->rest);
	return rc;
}

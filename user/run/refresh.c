// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* When figures are shown, and when the run is over. */
#include <sys/wait.h>

#include "run/internal.h"
#include "run/schedule.h"
#include "util/clock.h"

static struct rp_schedule schedule_of(const struct rp_run *run)
{
	double s = run->screen ? rp_screen__interval(rp_live_screen__screen(run->screen))
			       : run->opts->interval;

	return (struct rp_schedule){
		.began = run->began, .seconds = s, .on_screen = run->screen != NULL};
}

/* A screen that is frozen takes new figures only where a key asks for them. */
static int show(struct rp_run *run, bool asked)
{
	struct rp_open_regions *open = NULL;
	int rc;

	rp_targets__reap(run->targets);
	if (run->screen ? asked || !rp_screen__is_frozen(rp_live_screen__screen(run->screen))
			: rp_run__shows_intervals(run->opts)) {
		run->refresh.intervals++;
		return run->screen ? rp_live_screen__refresh(run->screen)
				   : rp_run__print_interval(run);
	}
	run->refresh.intervals += !run->screen;
	rc = run->on_stuck ? rp_run__read_open(run, &open) : 0;
	rp_open_regions__free(open);
	return rc;
}

static int on_refresh(void *ctx, uint64_t now)
{
	struct rp_run *run = ctx;
	struct refresh *r = &run->refresh;
	struct rp_schedule schedule;
	bool asked = r->asked;
	int rc = rp_run__drain_events(run);

	r->asked = false;
	if (!rc)
		rc = show(run, asked);
	if (!rc)
		rp_run__tell_of_silent_probes(run, false);
	schedule = schedule_of(run); /* a key may have changed it */
	r->due = rp_schedule__next(&schedule, r->due, now);
	rp_timer__set(r->timer, r->due);
	return rc;
}

void rp_run__ask_figures(struct rp_run *run)
{
	run->refresh.asked = true;
	rp_timer__set(run->refresh.timer, 0);
}

/*
 * What is stuck is found between the figures too, however far apart they are: for what is stuck for
 * T, this is at most half of that late.
 */
static int on_stuck_look(void *ctx, uint64_t now)
{
	struct rp_run *run = ctx;
	struct rp_open_regions *open;
	double seconds = run->opts->stuck / 2 < 1 ? run->opts->stuck / 2 : 1;
	uint64_t step = (uint64_t)(seconds * RP_NS_PER_S);
	int rc = rp_run__drain_events(run);

	if (!rc)
		rc = rp_run__read_open(run, &open);
	if (!rc)
		rp_open_regions__free(open);
	rp_timer__set(run->refresh.stuck, now + (step > RP_NS_PER_MS ? step : RP_NS_PER_MS));
	return rc;
}

/* ---- the end --------------------------------------------------------------------------------- */

static int on_end(void *ctx, uint64_t now)
{
	struct rp_run *run = ctx;

	(void)now;
	rp_loop__stop(run->loop);
	return 0;
}

/* The whole system has no end. */
static bool is_target_gone(struct rp_run *run)
{
	struct rp_targets_stats stats;

	if (run->events.mappings)
		return false;
	rp_targets__stats(run->targets, &stats);
	return !stats.processes;
}

bool rp_run__has_all_intervals(const struct rp_run *run)
{
	return run->opts->iterations && run->refresh.intervals >= run->opts->iterations;
}

/* On the screen what was found stays, for as long as the user likes. */
static int end_with_target(void *ctx)
{
	struct rp_run *run = ctx;

	if (rp_run__has_all_intervals(run) || (run->launch && rp_launch__has_ended(run->launch)) ||
	    (is_target_gone(run) && !run->screen))
		rp_loop__stop(run->loop);
	else if (is_target_gone(run))
		rp_live_screen__end(run->screen);
	return 0;
}

int rp_run__watch_refresh(struct rp_run *run)
{
	struct rp_schedule schedule = schedule_of(run);
	struct rp_timer *end;
	int rc = rp_loop__timer(run->loop, on_refresh, run, &run->refresh.timer);

	if (!rc)
		rc = rp_loop__timer(run->loop, on_end, run, &end);
	if (!rc)
		rc = rp_loop__before_wait(run->loop, end_with_target, run);
	if (!rc && (run->on_stuck || (run->opts->last && run->opts->stuck)))
		rc = rp_loop__timer(run->loop, on_stuck_look, run, &run->refresh.stuck);
	if (rc)
		return rc;
	if (run->refresh.stuck)
		rp_timer__set(run->refresh.stuck, 0);
	run->refresh.due = rp_schedule__first(&schedule);
	rp_timer__set(run->refresh.timer, run->refresh.due);
	if (run->opts->duration > 0)
		rp_timer__set(end, run->began + (uint64_t)(run->opts->duration * RP_NS_PER_S));
	return 0;
}

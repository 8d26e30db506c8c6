// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The live screen of a run: its figures, and what its keys do to the trace. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/catch_up.h"
#include "run/internal.h"
#include "run/last_interval.h"
#include "run/on_stuck.h"
#include "run/said.h"
#include "run/source_lines.h"
#include "util/clock.h"

struct live_screen {
	struct rp_run *run;
	struct rp_screen *screen;
	struct rp_watch *input;
	struct rp_catch_up catch_up;
	struct rp_last_interval interval;
	bool begins;	     /* the next reading is `since` */
	bool has_begun;	     /* figures are shown */
	struct rp_said said; /* before that */
	uint64_t ended; /* ns, CLOCK_MONOTONIC: the target is gone and the screen stays; 0: not yet
			 */
	char output[256];	       /* last line from --on-stuck; empty: none yet */
	struct rp_source_lines *lines; /* NULL so far, as is the next */
	struct rp_plan *names;	       /* knows the names of all functions and probes */
};

/*
 * The command owns the terminal, and so do messages of libbpf. Without a terminal that can do it,
 * tables are printed. */
bool rp_run__wants_screen(const struct rp_opts *o)
{
	if (o->batch || o->argv || o->command == RP_COMMAND_RECORD ||
	    (o->verbose && isatty(STDERR_FILENO)))
		return false;
	return rp_screen__is_able();
}

struct rp_screen *rp_live_screen__screen(const struct live_screen *s)
{
	return s->screen;
}

/* Blocked, it is pending, and ends the run as it does when the user sends it. */
static void look_for_quit(void)
{
	if (rp_screen__is_quit_typed())
		kill(getpid(), SIGINT);
}

bool rp_run__is_cancelled(void)
{
	look_for_quit();
	return rp_signals__is_end_pending();
}

bool rp_run__is_late(void)
{
	look_for_quit();
	return rp_signals__is_end_late();
}

void rp_live_screen__say(struct live_screen *s, const char *line, const char *cure)
{
	if (s->has_begun)
		rp_screen__say(s->screen, line);
	else
		rp_said__keep(&s->said, line, cure);
}

void rp_live_screen__tell_start(struct live_screen *s, const char *doing)
{
	rp_screen__tell_start(s->screen, doing);
}

/* ---- what keys ask for ----------------------------------------------------------------------- */

static int add_regions(void *ctx, const char *glob, size_t *added, struct rp_err *err)
{
	struct live_screen *s = ctx;

	return rp_run__add_regions(s->run, glob, added, err);
}

static int drop_regions(void *ctx, const uint32_t *regions, size_t n, struct rp_err *err)
{
	struct live_screen *s = ctx;

	return rp_run__drop_regions(s->run, regions, n, err);
}

static int choose_functions(void *ctx, struct rp_err *err)
{
	struct live_screen *s = ctx;
	unsigned most = s->run->opts->auto_most ? s->run->opts->auto_most : RP_AUTO_MOST;
	uint64_t samples;
	int rc = rp_run__choose_functions(s->run, most, &samples);

	if (rc)
		return rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "functions cannot be chosen: %s",
				   strerror(-rc));
	if (samples < RP_SAMPLES_LEAST)
		return rp_err__set(err, RP_EXIT_FAILED, -EAGAIN, NULL,
				   "%" PRIu64 " samples so far, too few to choose by: once there "
				   "are %u, A does",
				   samples, RP_SAMPLES_LEAST);
	return 0;
}

static int watch_wakers(void *ctx, struct rp_err *err)
{
	struct live_screen *s = ctx;

	return rp_run__watch_wakers(s->run, err);
}

static int undo_drop(void *ctx, const uint32_t *regions, size_t n, struct rp_err *err)
{
	struct live_screen *s = ctx;

	return rp_targets__take_back(s->run->targets, regions, n, err);
}

/* The reading at a reset is also the one that the next figures are shown from: all zero. */
static int reset(void *ctx, struct rp_err *err)
{
	struct live_screen *s = ctx;

	(void)err;
	s->begins = true;
	return 0;
}

static int group(void *ctx, enum rp_by by, struct rp_err *err)
{
	struct live_screen *s = ctx;
	struct rp_grouping *g = &s->run->grouping;
	int rc;

	if (!rp_grouping__can_show(g, by) && s->ended)
		return rp_err__set(err, RP_EXIT_FAILED, -ESRCH, NULL,
				   "the target has ended, and was not grouped so");
	if (!rp_grouping__can_show(g, by)) {
		rp_session__set_group(s->run->session, rp_grouping__of(by));
		rc = reset(s, err);
		if (rc)
			return rc;
		g->kernel = rp_grouping__of(by);
		g->changed = true;
	}
	g->by = by;
	return 0;
}

/*
 * A plan that asks for what no object has remembers all names, which is what it is made for. The
 * target is looked at when a name is completed for the first time.
 */
static int learn_names(struct live_screen *s)
{
	static const char *const functions[] = {"\x01"}, *const usdts[] = {"\x01:\x01"};
	struct rp_plan_opts opts = {
		.functions = functions, .n_functions = 1, .usdts = usdts, .n_usdts = 1};
	struct rp_targets *targets = NULL;
	struct rp_err err;
	int rc;

	if (s->names)
		return 0;
	rc = rp_plan__new(&opts, &s->names, &err);
	if (!rc) {
		targets = rp_targets__new(
			&(struct rp_targets_opts){.plan = s->names,
						  .follow = !s->run->opts->no_follow,
						  .helper = s->run->helper});
		rc = targets ? 0 : -ENOMEM;
	}
	for (size_t i = 0; !rc && i < s->run->opts->n_pids; i++)
		rp_targets__add(targets, &s->run->opts->pids[i], 1, 0, &err);
	rp_targets__free(targets);
	return rc;
}

static size_t complete(void *ctx, const char *text, const char **names, size_t max)
{
	struct live_screen *s = ctx;

	return learn_names(s) ? 0 : rp_plan__complete(s->names, text, names, max);
}

static const struct rp_source *source(void *ctx, uint32_t region)
{
	struct live_screen *s = ctx;

	if (!s->lines)
		s->lines = rp_source_lines__new(s->run->plan, s->run->targets, s->run->helper);
	return s->lines ? rp_source_lines__of(s->lines, region) : NULL;
}

static int on_input(void *ctx)
{
	struct live_screen *s = ctx;
	enum rp_screen_want want;

	/*
	 * Keys may be there before the first figures, which a pause would keep away: they are held.
	 */
	if (!s->has_begun && !rp_watch__has_ended(s->input)) {
		rp_run__is_cancelled();
		return 0;
	}
	want = rp_screen__input(s->screen);
	if (want == RP_SCREEN_QUIT || rp_watch__has_ended(s->input))
		rp_loop__stop(s->run->loop);
	else if (want == RP_SCREEN_REFRESH)
		rp_run__ask_figures(s->run);
	return 0;
}

/* ---- figures --------------------------------------------------------------------------------- */

/* Without it the figures are shown all the same; of a kernel that cannot tell the list says so. */
static void read_open(struct live_screen *s, struct rp_snapshot *snapshot)
{
	int rc = rp_run__read_open(s->run, &snapshot->open);
	char line[128];

	if (!rc || rc == -ENOTSUP)
		return;
	snprintf(line, sizeof(line), "open regions cannot be read: %s", strerror(-rc));
	rp_screen__say(s->screen, line);
}

/* Of what was read last. */
static struct rp_snapshot *build_since(struct live_screen *s, const struct rp_reading *since)
{
	const struct rp_reading *now = rp_last_interval__last(&s->interval);
	struct rp_snapshot_opts opts = rp_run__snapshot_opts(s->run, now->counts);

	return rp_reading__snapshot(now, since, &opts);
}

static struct rp_snapshot *recent(void *ctx)
{
	struct live_screen *s = ctx;

	return build_since(s, rp_last_interval__first(&s->interval));
}

/* Of all, and of the last interval where that is what is shown. -ENOMEM: none is there. */
static int build(struct live_screen *s, struct rp_snapshot **total, struct rp_snapshot **last)
{
	*last = NULL;
	*total = build_since(s, &s->interval.since);
	if (!*total)
		return -ENOMEM;
	if (rp_screen__is_recent(s->screen)) {
		*last = recent(s);
		if (!*last) {
			rp_snapshot__free(*total);
			return -ENOMEM;
		}
	}
	read_open(s, *total);
	return 0;
}

static void take_reading(struct live_screen *s, struct rp_reading *now)
{
	double length = rp_screen__interval(s->screen) * RP_NS_PER_S;

	if (s->begins)
		rp_last_interval__begin(&s->interval, now);
	else
		rp_last_interval__add(&s->interval, now, (uint64_t)length);
	s->begins = false;
}

/* What a command of --on-stuck wrote would spoil the screen: its last line is shown as a message,
 * which the next key takes away, and again when the screen is closed. */
static void tell_output(struct live_screen *s)
{
	char line[200];

	if (!s->run->on_stuck || !rp_on_stuck__last_line(s->run->on_stuck, line, sizeof(line)))
		return;
	snprintf(s->output, sizeof(s->output), "--on-stuck: %s", line);
	rp_screen__say(s->screen, s->output);
}

int rp_live_screen__refresh(struct live_screen *s)
{
	const struct rp_reading *shown;
	struct rp_snapshot *total, *last;
	struct rp_reading now;
	int rc = rp_run__read(s->run, &now);

	if (rc)
		return rc;
	if (s->ended)
		now.counts->time = s->ended;
	take_reading(s, &now);
	rc = build(s, &total, &last);
	tell_output(s);
	if (rc)
		return rc;
	shown = rp_last_interval__last(&s->interval);
	rc = rp_screen__show(s->screen, total, last, shown->counts->time, shown->cpu);
	if (rc || s->has_begun)
		return rc;
	s->has_begun = true;
	return on_input(s); /* the keys that were held */
}

void rp_live_screen__end(struct live_screen *s)
{
	if (s->ended)
		return;
	/* Out of memory: those of the last interval stay. */
	if (!rp_screen__is_frozen(s->screen))
		rp_live_screen__refresh(s);
	s->ended = rp_clock__now();
	rp_screen__end(s->screen);
}

/* ---- begin and end --------------------------------------------------------------------------- */

int rp_run__open_screen(struct rp_run *run, struct rp_err *err)
{
	struct live_screen *s = calloc(1, sizeof(*s));
	const struct rp_screen_ops ops = {
		.ctx = s,
		.add = add_regions,
		.choose = choose_functions,
		.drop = drop_regions,
		.undo_drop = undo_drop,
		.group = group,
		.reset = reset,
		.recent = recent,
		.complete = complete,
		.source = source,
		.watch_wakers = watch_wakers,
	};
	struct rp_screen_opts opts = {
		.ops = &ops,
		.sort = run->opts->sort,
		.columns = &run->opts->columns,
		.budget = run->opts->max_overhead,
		.by = run->grouping.by,
		.tree = run->opts->tree,
		.interval = run->opts->interval,
		.setup = rp_setup_file__setup(run->setup),
		.baseline = run->baseline,
		.no_mouse = run->opts->no_mouse,
		.target = run->description.target,
	};
	const char *problem = rp_setup_file__problem(run->setup);
	int rc;

	if (!s)
		return rp_err__no_memory(err);
	s->run = run;
	run->screen = s;
	rc = rp_screen__new(&opts, &s->screen, err);
	if (rc)
		return rc;
	if (problem)
		rp_screen__say(s->screen, problem);
	rp_screen__tell_start(s->screen, "starting");
	return 0;
}

int rp_run__watch_screen(struct rp_run *run, struct rp_err *err)
{
	struct live_screen *s = run->screen;
	int rc;

	if (!s)
		return 0;
	rc = rp_loop__watch(run->loop, STDIN_FILENO, on_input, s, &s->input);
	if (!rc)
		rc = rp_catch_up__watch(&s->catch_up, run->loop, s->screen);
	if (!rc)
		return 0;
	rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "no keys can be read: %s", strerror(-rc));
	return rp_err__line(err, rc, NULL, "-b", NULL);
}

void rp_run__close_screen(struct rp_run *run)
{
	struct live_screen *s = run->screen;
	bool changed;

	if (!s)
		return;
	changed = s->screen && rp_screen__keep_setup(s->screen, rp_setup_file__kept(run->setup));
	run->screen = NULL;
	rp_screen__free(s->screen);
	rp_said__say(&s->said, run->say);
	if (changed)
		rp_setup_file__write(run->setup, run->say);
	if (s->output[0])
		run->say(s->output, NULL);
	rp_source_lines__free(s->lines);
	rp_plan__free(s->names);
	rp_last_interval__free(&s->interval);
	free(s);
}

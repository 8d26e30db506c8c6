// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The full screen on records: its figures are those of a window of their time. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands/report_internal.h"
#include "opts/command_line.h"
#include "run/catch_up.h"
#include "run/setup_file.h"
#include "run/signals.h"
#include "util/clock.h"
#include "util/loop.h"

_Static_assert(RP_AXIS_COLUMNS == RP_LOAD_COLUMNS, "the screen draws what the timeline tells");

/*
 * Windows of up to so many instances are read exactly, as that takes no longer than the answer to a
 * key may; larger ones come from the timeline's sums. A heat map, which shows when something was
 * rather than how much, is read exactly up to a greater number.
 */
#define EXACT	   200000
#define EXACT_HEAT 1000000

/* Latencies in the window, of a region. */
struct heat {
	struct rp_heat map;
	uint32_t region;
	uint64_t from, to;
	struct rp_instance_counts *counts; /* while it is read */
};

struct report_screen {
	struct report *report;
	struct rp_err *err;
	struct rp_screen *screen;
	struct rp_axis axis;
	struct rp_loop *loop;
	struct rp_signals *signals;
	struct rp_watch *input;
	struct rp_catch_up catch_up;
	struct rp_setup_file *setup; /* NULL: none is kept */
	struct heat heat;
	bool is_stale; /* figures are to be read that keys have asked for */
};

/* ---- figures --------------------------------------------------------------------------------- */

/* A window that begins or ends behind the end of the record is open on that side. */
static void set_window(struct report_screen *s, uint64_t from, uint64_t to)
{
	struct report *r = s->report;

	r->from = from < s->axis.end ? from : 0;
	r->to = to < s->axis.end ? to : 0;
	s->axis.from = r->from;
	s->axis.to = r->to ? r->to : s->axis.end;
}

/* The window comes first, then the filters of the command line. */
static int read_window(struct report_screen *s, struct rp_window_opts *opts)
{
	struct report *r = s->report;
	struct rp_event_sink sink, last;
	struct rp_event_filter *filter;
	int rc = -ENOMEM;

	opts->timeline = r->timeline;
	opts->from = r->from;
	opts->to = r->to;
	r->window = rp_window__new(opts);
	if (!r->window)
		return -ENOMEM;
	last = rp_window__last(r->window);
	filter = rp_report__filter(r, r->from, r->to, &last);
	if (filter) {
		sink = rp_event_filter__sink(filter);
		sink = rp_window__sink(r->window, &sink);
		rc = rp_report__read(r, &sink, s->err);
		sink.close(sink.ctx);
	}
	rp_window__free(r->window);
	r->window = NULL;
	return rc;
}

static struct rp_snapshot *snapshot_of(const struct report *r)
{
	struct rp_reading now = rp_report__reading(r), start = {0};
	struct rp_snapshot_opts opts = rp_report__snapshot_opts(r);
	struct rp_snapshot *snapshot = NULL;

	if (now.counts)
		snapshot = rp_reading__snapshot(&now, &start, &opts);
	rp_counts__free(now.counts);
	return snapshot;
}

/* The snapshot shown has strings of its counts. */
static int refresh(struct report_screen *s)
{
	struct report *r = s->report;
	struct rp_instance_counts *before = r->counts, *counts = rp_instance_counts__new(r->by);
	struct rp_window_opts opts = {.counts = counts, .exact = EXACT, .load = s->axis.window};
	struct rp_snapshot *snapshot;
	int rc;

	s->is_stale = false;
	memset(s->axis.window, 0, sizeof(s->axis.window));
	rc = counts ? read_window(s, &opts) : -ENOMEM;
	if (rc) {
		rp_instance_counts__free(counts);
		return rc;
	}
	r->counts = counts;
	snapshot = snapshot_of(r);
	rc = snapshot ? rp_screen__show(s->screen, snapshot, NULL, s->axis.to, 0) : -ENOMEM;
	if (snapshot)
		rp_instance_counts__free(before);
	return rc;
}

static int add_to_heat(void *ctx, uint32_t node, uint64_t from, uint64_t to,
		       const struct rp_hist_part *hist)
{
	struct heat *heat = ctx;
	double length = (double)(heat->to - heat->from);
	uint32_t region;
	int rc = rp_instance_counts__region(heat->counts, node, &region);

	if (!rc && region == heat->region)
		rp_heat__spread(&heat->map, hist, ((double)from - (double)heat->from) / length,
				((double)to - 1 - (double)heat->from) / length);
	return rc;
}

/* Read once for each region and window. */
static const struct rp_heat *heat(void *ctx, uint32_t region, size_t columns)
{
	struct report_screen *s = ctx;
	struct heat *h = &s->heat;
	struct rp_window_opts opts = {.exact = EXACT_HEAT, .timed = add_to_heat, .timed_ctx = h};
	int rc = -ENOMEM;

	if (h->region == region && h->from == s->axis.from && h->to == s->axis.to &&
	    h->map.last + 1 == columns)
		return &h->map;
	rp_heat__of_period(&h->map, columns);
	h->region = region;
	h->from = s->axis.from;
	h->to = s->axis.to;
	h->counts = opts.counts = rp_instance_counts__new(RP_BY_NONE);
	if (h->counts)
		rc = read_window(s, &opts);
	rp_instance_counts__free(h->counts);
	if (rc)
		h->to = 0;
	return rc ? NULL : &h->map;
}

/* ---- keys and signals ------------------------------------------------------------------------ */

static int group(void *ctx, enum rp_by by, struct rp_err *err)
{
	struct report_screen *s = ctx;

	if (by == RP_BY_CGROUP)
		return rp_err__set(err, RP_EXIT_FAILED, -ENOTSUP, NULL,
				   "a record does not tell control groups");
	s->report->by = by;
	s->is_stale = true;
	return 0;
}

static void window(void *ctx, uint64_t from, uint64_t to)
{
	struct report_screen *s = ctx;

	set_window(s, from, to);
	s->is_stale = true;
}

/* Who quits at once is to have what was asked for before: it is printed. */
static int on_input(void *ctx)
{
	struct report_screen *s = ctx;

	if (rp_screen__input(s->screen) == RP_SCREEN_QUIT || rp_watch__has_ended(s->input))
		rp_loop__stop(s->loop);
	return s->is_stale ? refresh(s) : 0;
}

static int on_signals(void *ctx)
{
	struct report_screen *s = ctx;
	struct signalfd_siginfo info;

	while (rp_signals__take(s->signals, &info)) {
		rp_screen__signal(s->screen, (int)info.ssi_signo);
		if (rp_signals__is_end((int)info.ssi_signo))
			rp_loop__stop(s->loop);
	}
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int open_screen(struct report_screen *s)
{
	const struct rp_opts *o = s->report->opts;
	const struct rp_screen_ops ops = {.ctx = s, .group = group, .window = window, .heat = heat};
	const struct rp_screen_opts opts = {.ops = &ops,
					    .sort = o->sort,
					    .columns = &o->columns,
					    .by = s->report->by,
					    .tree = o->tree,
					    .axis = &s->axis,
					    .setup = rp_setup_file__setup(s->setup),
					    .baseline = s->report->baseline,
					    .no_mouse = o->no_mouse};
	const char *problem = rp_setup_file__problem(s->setup);
	const struct rp_signals_opts signals = {.on_screen = true};
	int rc = rp_loop__new(NULL, &s->loop);

	if (!rc)
		rc = rp_signals__new(&signals, &s->signals, s->err);
	if (!rc)
		rc = rp_screen__new(&opts, &s->screen, s->err);
	if (!rc && problem)
		rp_screen__say(s->screen, problem);
	if (!rc)
		rc = rp_loop__watch(s->loop, rp_signals__fd(s->signals), on_signals, s, NULL);
	if (!rc)
		rc = rp_loop__watch(s->loop, STDIN_FILENO, on_input, s, &s->input);
	if (!rc)
		rc = rp_catch_up__watch(&s->catch_up, s->loop, s->screen);
	return rc;
}

/* In seconds with all digits, so that --from and --to give the same window. */
static void add_time(struct rp_command_line *line, const char *option, uint64_t ns)
{
	char text[40];

	snprintf(text, sizeof(text), "%.9f", (double)ns / RP_NS_PER_S);
	rp_command_line__add(line, option);
	rp_command_line__add(line, text);
}

/*
 * After the screen, its last window is printed: say which that is, and by which command to have it
 * again.
 */
static void tell_window(const struct report_screen *s)
{
	const struct report *r = s->report;
	struct rp_command_line again = {0};
	char line[128];

	if (!r->from && !r->to)
		return;
	rp_command_line__add_all(&again, (const char *const *)r->opts->words);
	add_time(&again, "--from", s->axis.from);
	/* Instances that were open at the end of the record end there, and --to is exclusive. */
	add_time(&again, "--to", r->to ? r->to : s->axis.end + 1);
	snprintf(line, sizeof(line), "the figures are of %.9g s to %.9g s",
		 (double)s->axis.from / RP_NS_PER_S, (double)s->axis.to / RP_NS_PER_S);
	r->say(line, again.fits ? again.text : NULL);
}

/* A record does not tell control groups. */
static void group_as_before(const struct report_screen *s)
{
	enum rp_by by = s->setup ? rp_setup__by(rp_setup_file__setup(s->setup)) : RP_BY_NONE;

	if (s->report->by == RP_BY_NONE && by != RP_BY_CGROUP)
		s->report->by = by;
}

int rp_report__show(struct report *r, struct rp_err *err)
{
	struct report_screen s = {.report = r, .err = err, .setup = rp_setup_file__open(r->opts)};
	bool changed;
	int rc;

	group_as_before(&s);
	s.axis.end = rp_timeline__end(r->timeline);
	rp_timeline__load(r->timeline, 0, s.axis.end, s.axis.all);
	set_window(&s, r->from, r->to ? r->to : s.axis.end);
	rc = open_screen(&s);
	if (!rc)
		rc = refresh(&s);
	if (!rc)
		rc = rp_loop__run(s.loop);
	changed = s.screen && rp_screen__keep_setup(s.screen, rp_setup_file__kept(s.setup));
	rp_screen__free(s.screen);
	if (changed)
		rp_setup_file__write(s.setup, r->say);
	rp_setup_file__free(s.setup);
	rp_loop__free(s.loop);
	rp_signals__free(s.signals);
	if (!rc)
		tell_window(&s);
	return rc;
}

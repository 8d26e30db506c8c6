// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/screen.h"

#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "screen/draw.h"
#include "screen/state.h"
#include "screen/terminal.h"
#include "util/caller.h"
#include "util/clock.h"

#define DROP_MAX     1024
#define COMPLETE_MAX 64

struct rp_screen {
	struct rp_screen_ops ops;
	struct rp_state state;
	struct rp_setup began; /* as it was before any key */
	uint64_t duration;     /* of the figures shown last: it begins anew where they do */
	uint32_t dropped[DROP_MAX];
	size_t n_dropped; /* the last time, and not attached again since */
	bool wakers_asked;
	bool undrawn; /* there are figures that no picture has yet: the terminal was behind */
};

/* The source is asked for with each picture: it may have been found meanwhile. */
static void draw(struct rp_screen *screen)
{
	struct rp_state *s = &screen->state;
	const struct rp_row *row = rp_state__chosen_row(s);

	s->source = s->pane == RP_PANE_SOURCE && row
			    ? screen->ops.source(screen->ops.ctx, row->region)
			    : NULL;
	s->heat = s->axis && s->pane == RP_PANE_HEAT && row && rp_heat__columns(s)
			  ? screen->ops.heat(screen->ops.ctx, row->region, rp_heat__columns(s))
			  : NULL;
	rp_draw(s);
	screen->undrawn = false;
}

/* Figures, as long as those before have been seen: else keys would be answered behind them. */
static void show_figures(struct rp_screen *screen)
{
	screen->undrawn = rp_terminal__is_behind();
	if (screen->undrawn)
		return;
	draw(screen);
	rp_terminal__send(false);
}

static void resize(struct rp_screen *screen)
{
	size_t rows, width;

	rp_terminal__size(&rows, &width);
	rp_state__resize(&screen->state, rows, width);
	draw(screen);
	rp_terminal__send(true);
}

bool rp_screen__is_able(void)
{
	return rp_terminal__is_able();
}

int rp_screen__new(const struct rp_screen_opts *opts, struct rp_screen **out, struct rp_err *err)
{
	struct rp_state_opts state = {
		.sort = opts->sort,
		.columns = opts->columns,
		.budget = opts->budget,
		.by = opts->by,
		.tree = opts->tree,
		.interval = opts->interval,
		.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
		.axis = opts->axis,
		.baseline = opts->baseline,
		.target = opts->target,
	};
	struct rp_screen *screen = calloc(1, sizeof(*screen));
	int rc;

	if (!screen)
		return rp_err__no_memory(err);
	screen->ops = *opts->ops;
	rp_state__init(&screen->state, &state);
	if (opts->setup)
		rp_setup__apply(opts->setup, &screen->state);
	rp_setup__of(&screen->state, &screen->began);
	rc = rp_terminal__open(!opts->no_mouse, err);
	if (rc) {
		free(screen);
		return rc;
	}
	resize(screen);
	*out = screen;
	return 0;
}

void rp_screen__free(struct rp_screen *screen)
{
	if (!screen)
		return;
	rp_terminal__close();
	rp_state__free(&screen->state);
	free(screen);
}

/* They begin anew after a reset, and where the kernel groups them in another way. */
static void tell_begin(struct rp_screen *screen, const struct rp_snapshot *total)
{
	time_t began = time(NULL) - (time_t)(total->duration / RP_NS_PER_S);
	struct tm tm;

	if (total->duration < screen->duration)
		strftime(screen->state.since, sizeof(screen->state.since), "%H:%M:%S",
			 localtime_r(&began, &tm));
	screen->duration = total->duration;
}

/* Cause and cure; always false: nothing has changed that has to be shown. */
static bool say_error(struct rp_state *s, const struct rp_err *err)
{
	rp_state__say(s, "%s%s%s", err->cause, err->cure[0] ? ": " : "", err->cure);
	return false;
}

/* Once their pane is open, by a key or by the set-up that was kept, wakers are counted. */
static enum rp_screen_want watch_wakers(struct rp_screen *screen)
{
	struct rp_state *s = &screen->state;
	struct rp_err err = {0};

	if (s->pane != RP_PANE_WAKERS || s->ended || screen->wakers_asked)
		return RP_SCREEN_GO_ON;
	screen->wakers_asked = true;
	if (!screen->ops.watch_wakers(screen->ops.ctx, &err))
		return RP_SCREEN_REFRESH;
	say_error(s, &err);
	return RP_SCREEN_GO_ON;
}

int rp_screen__show(struct rp_screen *screen, struct rp_snapshot *total, struct rp_snapshot *recent,
		    uint64_t time, uint64_t cpu)
{
	int rc;

	tell_begin(screen, total);
	rc = rp_state__update(&screen->state, total, recent, time, cpu);
	watch_wakers(screen); /* the next figures have them */
	if (!rc)
		show_figures(screen);
	return rc;
}

void rp_screen__tell_start(struct rp_screen *screen, const char *doing)
{
	struct rp_state *s = &screen->state;

	if (s->shown)
		return;
	snprintf(s->doing, sizeof(s->doing), "%s", doing);
	show_figures(screen);
}

bool rp_screen__is_quit_typed(void)
{
	static const int keys[] = {'q', RP_KEY_F0 + 10};

	return rp_terminal__hold(keys, sizeof(keys) / sizeof(keys[0]));
}

void rp_screen__set_budget(struct rp_screen *screen, double budget)
{
	screen->state.budget = budget;
}

void rp_screen__signal(struct rp_screen *screen, int signal)
{
	switch (signal) {
	case SIGWINCH:
		resize(screen);
		break;
	case SIGTSTP: /* stop as anybody would, but with the terminal as it was */
		rp_terminal__leave();
		kill(getpid(), SIGSTOP);
		__attribute__((fallthrough));
	case SIGCONT:
		rp_terminal__enter();
		resize(screen);
		break;
	}
}

void rp_screen__say(struct rp_screen *screen, const char *text)
{
	rp_state__say(&screen->state, "%s", text);
}

void rp_screen__end(struct rp_screen *screen)
{
	struct rp_state *s = &screen->state;

	s->ended = true;
	rp_state__say(s, "the target has ended: q quits");
	draw(screen);
	rp_terminal__send(true);
}

bool rp_screen__is_frozen(const struct rp_screen *screen)
{
	return screen->state.paused || screen->state.ended;
}

bool rp_screen__is_recent(const struct rp_screen *screen)
{
	return screen->state.recent;
}

bool rp_screen__is_open_wanted(const struct rp_screen *screen)
{
	return screen->state.list.shown;
}

double rp_screen__interval(const struct rp_screen *screen)
{
	return screen->state.interval;
}

bool rp_screen__keep_setup(const struct rp_screen *screen, struct rp_setup *kept)
{
	struct rp_setup now;

	if (!kept)
		return false;
	rp_setup__of(&screen->state, &now);
	return rp_setup__keep(kept, &screen->began, &now);
}

/* ---- what keys ask for ------------------------------------------------------------------ */

/* A new file: what is there is left alone, be it a link. */
static int write_snapshot(const struct rp_snapshot *snapshot, const char *path)
{
	int fd = rp_caller__create_new(path), rc;
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (!out) {
		rc = fd < 0 ? fd : -errno;
		if (fd >= 0)
			close(fd);
		return rc;
	}
	rc = rp_view__find("json")->print(out, snapshot, &(struct rp_view_opts){0});
	if (fclose(out) && !rc)
		rc = -errno;
	return rc;
}

static void save(struct rp_state *s)
{
	time_t now = time(NULL);
	char stamp[32], path[64], why[RP_REFUSAL_SIZE];
	struct tm tm;
	int rc = -EEXIST;

	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", localtime_r(&now, &tm));
	snprintf(path, sizeof(path), "rptrace-%s.json", stamp);
	for (int i = 2; rc == -EEXIST && i < 100; i++) {
		rc = write_snapshot(s->shown, path);
		if (rc == -EEXIST)
			snprintf(path, sizeof(path), "rptrace-%s-%d.json", stamp, i);
	}
	if (rc)
		rp_state__say(s, "%s: %s", path, rp_caller__refusal(path, rc, why, sizeof(why)));
	else
		rp_state__say(s, "written: %s", path);
}

static void complete(struct rp_screen *screen, const char *text)
{
	const char *names[COMPLETE_MAX];

	rp_state__complete(&screen->state, names,
			   screen->ops.complete(screen->ops.ctx, text, names, COMPLETE_MAX));
}

static bool drop(struct rp_screen *screen)
{
	struct rp_state *s = &screen->state;
	uint32_t regions[DROP_MAX];
	size_t n = rp_state__chosen(s, regions, DROP_MAX);
	struct rp_err err = {0};

	if (screen->ops.drop(screen->ops.ctx, regions, n, &err))
		return say_error(s, &err);
	rp_histories__untag(&s->histories);
	memcpy(screen->dropped, regions, n * sizeof(*regions));
	screen->n_dropped = n;
	if (n == 1)
		rp_state__say(s, "detached: %.160s (z attaches it again, a adds regions)",
			      rp_state__name(s, regions[0]));
	else
		rp_state__say(s, "detached: %zu regions (z attaches them again, a adds regions)",
			      n);
	return true;
}

static bool undo(struct rp_screen *screen)
{
	struct rp_state *s = &screen->state;
	struct rp_err err = {0};
	size_t n = screen->n_dropped;

	if (!n) {
		rp_state__say(s, "nothing was detached before: d detaches the chosen region");
		return false;
	}
	if (screen->ops.undo_drop(screen->ops.ctx, screen->dropped, n, &err))
		return say_error(s, &err);
	screen->n_dropped = 0;
	rp_state__say(s, "attached again: %zu region%s", n, n == 1 ? "" : "s");
	return true;
}

static bool add(struct rp_screen *screen, const char *glob)
{
	struct rp_state *s = &screen->state;
	struct rp_err err = {0};
	size_t added = 0;

	if (screen->ops.add(screen->ops.ctx, glob, &added, &err))
		return say_error(s, &err);
	if (added)
		rp_state__say(s, "added: %zu region%s", added, added == 1 ? "" : "s");
	else
		rp_state__say(s, "nothing more matches '%s'", glob);
	return added;
}

/* Success needs no message here: the run says which functions were chosen. */
static bool choose(struct rp_screen *screen)
{
	struct rp_err err = {0};

	if (screen->ops.choose(screen->ops.ctx, &err))
		return say_error(&screen->state, &err);
	return true;
}

static bool group(struct rp_screen *screen, enum rp_by by)
{
	struct rp_state *s = &screen->state;
	struct rp_err err = {0};

	if (screen->ops.group(screen->ops.ctx, by, &err))
		return say_error(s, &err);
	s->by = by;
	rp_state__forget(s);
	return true;
}

/* Of what has been read, so that nothing is waited for. */
static void show_period(struct rp_screen *screen)
{
	struct rp_state *s = &screen->state;
	struct rp_snapshot *recent = s->recent ? screen->ops.recent(screen->ops.ctx) : NULL;
	bool failed = s->recent && !recent;

	if (failed || rp_state__show_period(s, recent))
		rp_state__say(s, "out of memory: figures are shown with the next interval");
}

static bool reset(struct rp_screen *screen)
{
	struct rp_state *s = &screen->state;
	struct rp_err err = {0};

	if (screen->ops.reset(screen->ops.ctx, &err))
		return say_error(s, &err);
	rp_state__rebase(s);
	rp_state__say(s, "figures since now");
	return true;
}

static enum rp_screen_want serve(struct rp_screen *screen, const struct rp_request *request)
{
	bool refresh = false;

	switch (request->type) {
	case RP_REQUEST_NONE:
		break;
	case RP_REQUEST_QUIT:
		return RP_SCREEN_QUIT;
	case RP_REQUEST_REFRESH:
		refresh = true;
		break;
	case RP_REQUEST_PERIOD:
		show_period(screen);
		break;
	case RP_REQUEST_RESET:
		refresh = reset(screen);
		break;
	case RP_REQUEST_SAVE:
		save(&screen->state);
		break;
	case RP_REQUEST_REDRAW:
		rp_terminal__enter();
		break;
	case RP_REQUEST_GROUP:
		refresh = group(screen, request->by);
		break;
	case RP_REQUEST_ADD:
		refresh = add(screen, request->text);
		break;
	case RP_REQUEST_CHOOSE:
		refresh = choose(screen);
		break;
	case RP_REQUEST_DROP:
		refresh = drop(screen);
		break;
	case RP_REQUEST_UNDO:
		refresh = undo(screen);
		break;
	case RP_REQUEST_WINDOW:
		screen->ops.window(screen->ops.ctx, request->span.from, request->span.to);
		refresh = true;
		break;
	case RP_REQUEST_COMPLETE:
		complete(screen, request->text);
		break;
	}
	return refresh ? RP_SCREEN_REFRESH : RP_SCREEN_GO_ON;
}

enum rp_screen_want rp_screen__input(struct rp_screen *screen)
{
	enum rp_screen_want want = RP_SCREEN_GO_ON, next;
	struct rp_request request;
	struct rp_input input;

	/* What keys change is told from what these figures do. */
	if (screen->undrawn)
		draw(screen);
	while (want != RP_SCREEN_QUIT && rp_terminal__read(&input)) {
		if (input.key)
			rp_state__key(&screen->state, input.key, &request);
		else
			rp_state__mouse(&screen->state, input.y, input.x, input.button, &request);
		next = serve(screen, &request);
		want = next > want ? next : want;
		next = watch_wakers(screen);
		want = next > want ? next : want;
	}
	/* What a key has changed is seen at once; figures that it asks for take longer. */
	if (want == RP_SCREEN_QUIT)
		return want;
	draw(screen);
	rp_terminal__send(true);
	return want;
}

uint64_t rp_screen__catch_up(struct rp_screen *screen)
{
	rp_terminal__resume();
	if (screen->undrawn)
		show_figures(screen);
	return rp_terminal__is_behind() ? rp_terminal__next() : UINT64_MAX;
}

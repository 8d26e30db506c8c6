/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The live view on a terminal: shows snapshots and turns keys into calls of what runs the trace.
 * One at a time: the process has one terminal.
 */
#ifndef RP_SCREEN_H
#define RP_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregate/snapshot.h"
#include "screen/axis.h"
#include "screen/setup.h"
#include "screen/source.h"
#include "util/error.h"
#include "view/heat.h"
#include "view/view.h"

/*
 * What keys ask of the trace. Errors are shown, and nothing else has changed. Of a record there are
 * group and window alone.
 */
struct rp_screen_ops {
	void *ctx;
	/* Trace regions by a glob, too; *added is how many there are more. */
	int (*add)(void *ctx, const char *glob, size_t *added, struct rp_err *err);
	/* Trace functions, too, that samples find worth it. */
	int (*choose)(void *ctx, struct rp_err *err);
	/* Trace regions no more. */
	int (*drop)(void *ctx, const uint32_t *regions, size_t n, struct rp_err *err);
	/* Trace them again. */
	int (*undo_drop)(void *ctx, const uint32_t *regions, size_t n, struct rp_err *err);
	/* Group by something else. Figures may begin anew. */
	int (*group)(void *ctx, enum rp_by by, struct rp_err *err);
	/* Figures begin at zero now. */
	int (*reset)(void *ctx, struct rp_err *err);
	/* Those shown last, but of the last interval alone; NULL: out of memory. */
	struct rp_snapshot *(*recent)(void *ctx);
	/* Figures are of another window of a record. */
	void (*window)(void *ctx, uint64_t from, uint64_t to);
	/* Latencies of a region in it, in so many columns. Lives until the next call; NULL: they
	 * cannot be read. */
	const struct rp_heat *(*heat)(void *ctx, uint32_t region, size_t columns);
	/* Count who ends the sleep of threads in regions, from now on. */
	int (*watch_wakers)(void *ctx, struct rp_err *err);
	/*
	 * Names that begin with this text. Returns how many; the strings live as long as the trace.
	 */
	size_t (*complete)(void *ctx, const char *text, const char **names, size_t max);
	/* Where a region is in the source, as far as it is known by now. Lives until the next call;
	 * NULL: out of memory. */
	const struct rp_source *(*source)(void *ctx, uint32_t region);
};

struct rp_screen_opts {
	const struct rp_screen_ops *ops;
	const struct rp_column *sort;
	const struct rp_column_list *columns; /* NULL or empty: those of use */
	double budget; /* for the overhead, share of the target's CPU time; 0: the usual one */
	enum rp_by by;
	bool tree;
	double interval;	      /* s */
	const struct rp_axis *axis;   /* of a record: as of the figures shown; else NULL */
	const struct rp_setup *setup; /* goes before sort, columns and tree; NULL: there is none */
	bool baseline;		      /* figures are compared with one */
	bool no_mouse;		      /* it is the terminal's own */
	const char *target;	      /* which the first figures will be of; NULL: not known */
};

/* What has become of the run. */
enum rp_screen_want {
	RP_SCREEN_GO_ON,
	RP_SCREEN_REFRESH, /* figures are wanted now */
	RP_SCREEN_QUIT,
};

struct rp_screen;

/* A full screen is of use with standard input and output as they are. */
bool rp_screen__is_able(void);

int rp_screen__new(const struct rp_screen_opts *opts, struct rp_screen **out, struct rp_err *err);
/* Gives the terminal back. */
void rp_screen__free(struct rp_screen *screen);

/*
 * Show new figures. total: since the start or the last reset; recent: of the last interval, or NULL
 * where rp_screen__is_recent() is false. Both are the screen's from now on, also after an error.
 * time: ns, CLOCK_MONOTONIC, of the figures; cpu: ns that the target has used.
 */
int rp_screen__show(struct rp_screen *screen, struct rp_snapshot *total, struct rp_snapshot *recent,
		    uint64_t time, uint64_t cpu);

/* What is done until there are figures, for which a picture stands in. Nothing later. */
void rp_screen__tell_start(struct rp_screen *screen, const char *doing);
/* A key that quits has been typed before figures could be shown; the others are held until then. */
bool rp_screen__is_quit_typed(void);

/* Take the keys that are there. */
enum rp_screen_want rp_screen__input(struct rp_screen *screen);

/* What a signal of the terminal asks for: another size, to stop for a while, to go on. */
void rp_screen__signal(struct rp_screen *screen, int signal);

/* Show what the terminal has not taken yet. When to do so again, ns; UINT64_MAX: it has all. */
uint64_t rp_screen__catch_up(struct rp_screen *screen);

/* Say something, until the next key. */
void rp_screen__say(struct rp_screen *screen, const char *text);

/* The target is gone: what was found stays to be looked at. */
void rp_screen__end(struct rp_screen *screen);

/* As that of the options: what samples that are offered may take is known later. */
void rp_screen__set_budget(struct rp_screen *screen, double budget);

/* As the user has it now. Frozen: paused, or the target has ended. */
bool rp_screen__is_frozen(const struct rp_screen *screen);
bool rp_screen__is_recent(const struct rp_screen *screen);
/* What is open is wanted with the figures. */
bool rp_screen__is_open_wanted(const struct rp_screen *screen);
double rp_screen__interval(const struct rp_screen *screen);
/* What keys have changed since the begin joins what is kept; NULL: nothing is. Returns whether that
 * has changed. */
bool rp_screen__keep_setup(const struct rp_screen *screen, struct rp_setup *kept);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The live screen without the screen: which rows are shown in what order, what is chosen, and what
 * keys do to that. Pure: what a key asks of others comes out as a request.
 */
#ifndef RP_STATE_H
#define RP_STATE_H

#include "screen/axis.h"
#include "screen/columns.h"
#include "screen/history.h"
#include "screen/layout.h"
#include "screen/open_list.h"
#include "screen/prompt.h"
#include "screen/source.h"

enum rp_mode {
	RP_MODE_TABLE,
	RP_MODE_SEARCH, /* these three edit a line */
	RP_MODE_FILTER,
	RP_MODE_ADD,
	RP_MODE_SORT, /* these three choose from a list beside the table */
	RP_MODE_GROUP,
	RP_MODE_COLUMNS,
	RP_MODE_CONFIRM, /* asks before it detaches */
	RP_MODE_HELP,
};

enum rp_pane {
	RP_PANE_NONE,
	RP_PANE_HIST,
	RP_PANE_HEAT,
	RP_PANE_ICICLE,
	RP_PANE_CALLS,
	RP_PANE_GROUPS,
	RP_PANE_SOURCE,
	RP_PANE_WAKERS,
	RP_PANE_SAMPLES,
	RP_PANE_ASLEEP,
	RP_PANE_END,
};

enum rp_request_type {
	RP_REQUEST_NONE,
	RP_REQUEST_QUIT,
	RP_REQUEST_REFRESH, /* a new snapshot now */
	RP_REQUEST_PERIOD,  /* figures of another period: `recent` says of which */
	RP_REQUEST_RESET,
	RP_REQUEST_SAVE,
	RP_REQUEST_REDRAW,   /* all of the screen: somebody has written on it */
	RP_REQUEST_GROUP,    /* by */
	RP_REQUEST_ADD,	     /* text: a glob */
	RP_REQUEST_DROP,     /* rp_state__chosen() tells what */
	RP_REQUEST_UNDO,     /* attach again what was detached last */
	RP_REQUEST_CHOOSE,   /* functions that samples say are worth being regions */
	RP_REQUEST_WINDOW,   /* span: of a record */
	RP_REQUEST_COMPLETE, /* the prompt's text; rp_state__complete() takes the answer */
};

struct rp_request {
	enum rp_request_type type;
	enum rp_by by;
	struct rp_span_of_time span;
	char text[RP_PROMPT_MAX];
};

enum rp_button { RP_BUTTON_CLICK, RP_BUTTON_WHEEL_UP, RP_BUTTON_WHEEL_DOWN };

struct rp_state {
	/* What is shown. */
	struct rp_snapshot *total;  /* since the start, or since the last reset */
	struct rp_snapshot *shown;  /* the same one, or that of the last interval */
	const struct rp_axis *axis; /* of a record; NULL: of a program that runs */
	const char *target;	    /* until there are figures, which tell it; may be NULL */
	struct rp_histories histories;
	uint32_t *visible; /* positions in the rows, or in the tree, of `shown` */
	size_t n_visible;
	size_t longest; /* name, in cells */

	/* What has been added since the update before. */
	double overhead; /* share of the target's CPU time, as rp_overhead__of() tells it */
	bool losing;
	double probe_ns;
	uint64_t cpu, lost;

	/* How. */
	const struct rp_column *sort;
	bool invert, tree, paused, recent, ended, regrouped;
	bool compared; /* with a baseline */
	enum rp_by by;
	double interval; /* s */
	double budget;	 /* an overhead above it is a warning */
	struct rp_screen_columns columns;
	char filter[RP_PROMPT_MAX], search[RP_PROMPT_MAX];
	bool utf8;

	/* Where. */
	uint64_t selected; /* key of the chosen row; 0: whichever is first */
	size_t cursor;	   /* place of it among the visible */
	size_t top;	   /* the first one on the screen */
	size_t scroll;	   /* columns left out */
	enum rp_pane pane;
	bool offered;	    /* samples were shown, where there are no regions */
	bool tree_for_pane; /* the tree goes when the pane does */
	bool log_scale;
	struct rp_layout layout;
	struct rp_open_list list;
	const struct rp_heat
		*heat; /* of the chosen row of a record, while its pane is open; else NULL */
	const struct rp_source *source; /* of the chosen row, while its pane is open; else NULL */

	/* What keys do now. */
	enum rp_mode mode;
	struct rp_prompt prompt;
	uint64_t selected_before; /* a search began there */
	size_t menu;		  /* line of the list, or first line of the help */
	char message[256];
	char doing[160]; /* before there are figures: what is under way; empty: nothing to tell */
	char since[32];	 /* when figures begin: "start", or a time */
};

struct rp_state_opts {
	const struct rp_column *sort;
	const struct rp_column_list *columns; /* NULL or empty: those of use */
	double budget; /* for the overhead, share of the target's CPU time; 0: the usual one */
	bool tree, utf8;
	enum rp_by by;
	double interval;
	const struct rp_axis *axis; /* of a record; else NULL */
	bool baseline;		    /* figures are compared with one */
	const char *target;	    /* that figures will be of; NULL: told with them */
};

void rp_state__init(struct rp_state *s, const struct rp_state_opts *opts);
void rp_state__free(struct rp_state *s);

/*
 * New figures; both snapshots are the state's from now on, also after an error (-ENOMEM). `recent`
 * is that of the last interval, or NULL. cpu: what the target has used since the start, ns.
 */
int rp_state__update(struct rp_state *s, struct rp_snapshot *total, struct rp_snapshot *recent,
		     uint64_t time, uint64_t cpu);

/*
 * From now on the figures of the last interval, which are the state's from now on, or (NULL) those
 * of all the time again. There have to be figures. -ENOMEM.
 */
int rp_state__show_period(struct rp_state *s, struct rp_snapshot *recent);

/* Figures begin at zero. */
void rp_state__rebase(struct rp_state *s);
/* Rows are others from now on: nothing of what was remembered holds. */
void rp_state__forget(struct rp_state *s);

void rp_state__resize(struct rp_state *s, size_t rows, size_t width);
void rp_state__key(struct rp_state *s, int key, struct rp_request *request);
void rp_state__mouse(struct rp_state *s, size_t y, size_t x, enum rp_button button,
		     struct rp_request *request);

/* Names that complete the prompt. */
void rp_state__complete(struct rp_state *s, const char *const *names, size_t n);

void rp_state__say(struct rp_state *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- what is drawn ---------------------------------------------------------------------- */

/* The i-th visible row; *node is where it is in the tree, or NULL in the table. */
const struct rp_row *rp_state__row(const struct rp_state *s, size_t i,
				   const struct rp_tree_row **node);
/* The row under the cursor, NULL: there is none. */
const struct rp_row *rp_state__chosen_row(const struct rp_state *s);
/* Regions of the tagged rows, or of the chosen one. Returns how many. */
size_t rp_state__chosen(const struct rp_state *s, uint32_t *regions, size_t max);
/* Name of a region that has a row; "" without one. */
const char *rp_state__name(const struct rp_state *s, uint32_t region);
bool rp_state__has_children(const struct rp_state *s, size_t i);
size_t rp_state__rows(const struct rp_state *s); /* before filter and collapse */
/* Losses of all reasons. */
uint64_t rp_state__lost(const struct rp_state *s);

/* The region whose probes take the most now; NULL: none takes any. */
const struct rp_row *rp_state__costliest(const struct rp_state *state);

/* ---- inside ----------------------------------------------------------------------------- */

/*
 * After a change of order, filter, collapse or tree: find the rows again, and the cursor in them.
 */
void rp_state__arrange(struct rp_state *s);
void rp_state__sort(struct rp_state *s);
/* In the table, or in the list of what is open while that is shown. */
void rp_state__move_to(struct rp_state *s, size_t i);
void rp_state__move_by(struct rp_state *s, long n);
/* The next visible row, from i on and around, forward or (by < 0) back, with a name that holds the
 * search. */
bool rp_state__find(struct rp_state *s, size_t i, int by);
void rp_state__sort_by(struct rp_state *s, const struct rp_column *column);
void rp_state__plan(struct rp_state *s);

#endif

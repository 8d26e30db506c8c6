/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The terminal through ncurses: taken over and given back, styles, keys. */
#ifndef RP_TERMINAL_H
#define RP_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "screen/state.h"
#include "util/error.h"

enum rp_style {
	RP_STYLE_NORMAL,
	RP_STYLE_STRONG,
	RP_STYLE_TITLE,
	RP_STYLE_TITLE_SORT,
	RP_STYLE_SELECTED,
	RP_STYLE_TAGGED,
	RP_STYLE_LABEL, /* of the keys at the bottom */
	RP_STYLE_WARNING,
	RP_STYLE_FAINT,
	RP_STYLE_GRAPH,
	RP_STYLE_WORSE, /* a time is longer than that of the baseline, for certain */
	RP_STYLE_BETTER,
	RP_STYLE_SPLIT, /* on a CPU; the next two: waiting for one, asleep */
	RP_STYLE_SPLIT_LAST = RP_STYLE_SPLIT + 2,
	RP_STYLE_HEAT, /* from here on, rising */
	RP_STYLE_HEAT_LAST = RP_STYLE_HEAT + 3,
	RP_STYLES
};

/* A full screen is of use here: a terminal at both ends that can move its cursor. */
bool rp_terminal__is_able(void);

int rp_terminal__open(bool mouse, struct rp_err *err);
void rp_terminal__close(void); /* as it was before; nothing if it is not open */

/* Give it back for a while, and take it again: all is drawn anew. */
void rp_terminal__leave(void);
void rp_terminal__enter(void);

/* Size of the terminal after a change of it. */
void rp_terminal__size(size_t *rows, size_t *width);

/* Draw text at a place, in a style. */
void rp_terminal__put(enum rp_style style, size_t y, size_t x, const char *text);
/* Fill a line with a style. */
void rp_terminal__fill(enum rp_style style, size_t y, size_t x, size_t width);
void rp_terminal__clear(void);
#define RP_CURSOR_NONE (-1L)
/* The picture is whole; the cursor shows at a place, or not at all (x: RP_CURSOR_NONE). */
void rp_terminal__finish(size_t y, long x);

/* Write out what has changed, as far as the terminal takes it; by_key: that which has changed since
 * the picture before goes first. */
void rp_terminal__send(bool by_key);
/* Not all has gone out yet, or just now: the line is slow, or stopped (Ctrl-S). */
bool rp_terminal__is_behind(void);
/* Go on with that, at this time (ns) or later. */
void rp_terminal__resume(void);
uint64_t rp_terminal__next(void);

struct rp_input {
	int key; /* 0: the mouse */
	enum rp_button button;
	size_t y, x;
};

/* The next key or click that is there; false: no more. */
bool rp_terminal__read(struct rp_input *input);

/*
 * Before the first call of that: what has been typed is held for it. Whether one of these keys is
 * among it; false, too, where no terminal is open.
 */
bool rp_terminal__hold(const int *keys, size_t n);

#endif

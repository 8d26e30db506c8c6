/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The state on the terminal. */
#ifndef RP_DRAW_H
#define RP_DRAW_H

#include "screen/state.h"
#include "screen/terminal.h"

/* All of it; what has not changed costs the terminal nothing. */
void rp_draw(const struct rp_state *s);

/* ---- parts ------------------------------------------------------------------------------ */

void rp_draw__table(const struct rp_state *s);
void rp_draw__open(const struct rp_state *s);
void rp_draw__pane(const struct rp_state *s);
/* Columns that a heat map has room for. */
size_t rp_heat__columns(const struct rp_state *s);
void rp_draw__heat(const struct rp_state *s, const struct rp_row *row);
/* row NULL: there are no regions, and what is hot is of the whole target. */
void rp_draw__samples(const struct rp_state *s, const struct rp_row *row);
void rp_draw__asleep(const struct rp_state *s, const struct rp_row *row);
void rp_draw__wakers(const struct rp_state *s, const struct rp_row *row);
void rp_draw__icicle(const struct rp_state *s);
/* Of a record: a line about the window, and the lines of its time. */
void rp_draw__window(const struct rp_state *s);
void rp_draw__axis(const struct rp_state *s);
/* A moment as --from and --to read it, without zeros at the end; returns buf. */
const char *rp_draw__seconds(uint64_t ns, char *buf, size_t size);
void rp_draw__menu(const struct rp_state *s);
void rp_draw__help(const struct rp_state *s);

/* Text of any origin, safe and cut to a width; right: at the right end of it. */
void rp_draw__text(const struct rp_state *s, enum rp_style style, size_t y, size_t x, size_t width,
		   const char *text);
void rp_draw__right(const struct rp_state *s, enum rp_style style, size_t y, size_t x, size_t width,
		    const char *text);
/* The same in the pane, whose first column is 0. */
void rp_draw__pane_text(const struct rp_state *s, enum rp_style style, size_t y, size_t x,
			size_t width, const char *text);
void rp_draw__pane_right(const struct rp_state *s, enum rp_style style, size_t y, size_t x,
			 size_t width, const char *text);
/* A time as rows have them; returns buf. */
const char *rp_draw__ns(const struct rp_state *s, uint64_t ns, char *buf, size_t size);
/* A figure of a row, in the width of its column. */
void rp_draw__figure(const struct rp_state *s, enum rp_style style, size_t y, size_t x,
		     size_t width, const struct rp_column *column, const struct rp_row *row);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Text in the cells of a terminal: safe, of an exact width; bars and sparklines. Pure. */
#ifndef RP_CELLS_H
#define RP_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RP_CELLS_MAX 512 /* cells that one text may take */
#define RP_CELLS_BUF                                                                               \
	(RP_CELLS_MAX * 12) /* bytes that they may need: a character and two accents               \
			     */

/*
 * Any text, escaped, cut or filled up with blanks to exactly `width` cells (at most
 * RP_CELLS_MAX). Without utf8 it is ASCII alone. buf has RP_CELLS_BUF bytes. Returns buf.
 */
const char *rp_cells__fit(const char *text, size_t width, bool utf8, char *buf);

/* The same, with the text at the right end. */
const char *rp_cells__right(const char *text, size_t width, bool utf8, char *buf);

/* Columns that a text takes; escaped, where need be. */
size_t rp_cells__width(const char *text, bool utf8);

/*
 * A character a value, between the lowest and the highest of them, so that a change is seen
 * wherever it is; values that hardly differ are level, and zero is nothing. A negative value is
 * none and is left out. Returns buf.
 */
const char *rp_cells__spark(const float *values, size_t n, bool utf8, char *buf);

/* A bar of `share` (0 to 1) of `width` cells; something for every share above 0. Returns buf. */
const char *rp_cells__bar(double share, size_t width, bool utf8, char *buf);

#endif

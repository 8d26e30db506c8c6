/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The terminal as a grid of cells, each with the bytes of its character and its style. */
#ifndef RP_TEST_SCREEN_GRID_H
#define RP_TEST_SCREEN_GRID_H

#include "screen_fixture.h"

#include "screen/draw.h"

#define ROWS_MAX  60
#define WIDTH_MAX 200

struct size {
	size_t width, rows;
};

static struct {
	char bytes[5];
	enum rp_style style;
} grid[ROWS_MAX][WIDTH_MAX];

static long cursor = -1; /* column of it; -1: it is not shown */

void rp_terminal__put(enum rp_style style, size_t y, size_t x, const char *text)
{
	while (*text) {
		size_t len = 1;

		while (((unsigned char)text[len] & 0xc0) == 0x80)
			len++;
		assert_true(y < ROWS_MAX && x < WIDTH_MAX && len < sizeof(grid[y][x].bytes));
		snprintf(grid[y][x].bytes, sizeof(grid[y][x].bytes), "%.*s", (int)len, text);
		grid[y][x++].style = style;
		text += len;
	}
}

void rp_terminal__fill(enum rp_style style, size_t y, size_t x, size_t width)
{
	while (width--)
		rp_terminal__put(style, y, x++, " ");
}

void rp_terminal__clear(void)
{
	for (size_t y = 0; y < ROWS_MAX; y++)
		for (size_t x = 0; x < WIDTH_MAX; x++) {
			strcpy(grid[y][x].bytes, " ");
			grid[y][x].style = RP_STYLE_NORMAL;
		}
}

void rp_terminal__finish(size_t y, long x)
{
	(void)y;
	cursor = x;
}

/* Lines without the blanks at their ends; or the style of each cell, as a letter. */
static inline void draw(const struct size *size, bool styles, char *text)
{
	static const char letters[RP_STYLES + 1] = ".sTOS*kWfg+-rwbhHHHH";

	rp_state__resize(&s, size->rows, size->width);
	rp_draw(&s);
	for (size_t y = 0; y < size->rows; y++) {
		char *end = text;

		for (size_t x = 0; x < size->width; x++) {
			const char *cell = grid[y][x].bytes;

			if (styles)
				*text++ = letters[grid[y][x].style];
			else
				text = stpcpy(text, cell);
			if (styles ? text[-1] != '.' : *cell != ' ')
				end = text;
		}
		text = stpcpy(end, "\n");
	}
}

#endif

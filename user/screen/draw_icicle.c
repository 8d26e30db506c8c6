// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The pane of the tree as an icicle: a line a level, each region path as wide as its share of the
 * one above. The rows come depth first, so that one pass draws it: for each level it is known where
 * the next path begins, where those of the same parent end, and how wide a ns is.
 */
#include <stdio.h>
#include <string.h>

#include "screen/cells.h"
#include "screen/draw.h"

#define LEVELS 128

struct level {
	double next, end; /* columns */
	double scale;	  /* columns a ns */
};

static double total_of_roots(const struct rp_snapshot *snapshot)
{
	double sum = 0;

	for (size_t i = 0; i < snapshot->n_tree; i++)
		if (!snapshot->tree[i].depth)
			sum += (double)snapshot->tree[i].row.f.total;
	return sum;
}

/* Where a path begins; the chosen one is told without colours, too. */
static const char *edge(bool utf8, bool chosen)
{
	static const char *const edges[2][2] = {{"|", ">"}, {"│", "▶"}};

	return edges[utf8][chosen];
}

/* Too narrow for a cell: left out, but for the chosen one. */
static void draw_path(const struct rp_state *s, size_t y, const struct level *at, double width,
		      const char *name, bool chosen)
{
	enum rp_style style = chosen ? RP_STYLE_SELECTED : RP_STYLE_TITLE;
	size_t x = (size_t)at->next, end = (size_t)(at->next + width);

	if (end == x && !chosen)
		return;
	if (end == x && end < s->layout.pane_width)
		end++;
	rp_draw__pane_text(s, style, y, x, 1, edge(s->utf8, chosen));
	if (end > x + 1)
		rp_draw__pane_text(s, style, y, x + 1, end - x - 1, name);
}

static void draw_paths(const struct rp_state *s, const struct rp_row *chosen, uint32_t first,
		       size_t lines)
{
	struct level level[LEVELS + 1] = {{.end = (double)s->layout.pane_width}};
	double all = total_of_roots(s->shown);

	level[0].scale = all > 0 ? level[0].end / all : 0;
	for (size_t i = 0; i < s->shown->n_tree; i++) {
		const struct rp_tree_row *node = &s->shown->tree[i];
		double total = (double)node->row.f.total, width;
		struct level *at;

		if (node->depth >= LEVELS)
			continue;
		at = &level[node->depth];
		width = total * at->scale;
		if (width > at->end - at->next)
			width = at->end - at->next;
		if (node->depth >= first && node->depth - first < lines)
			draw_path(s, s->layout.pane + 1 + node->depth - first, at, width,
				  node->row.name, &node->row == chosen);
		at[1] = (struct level){.next = at->next,
				       .end = at->next + width,
				       .scale = total > 0 ? width / total : 0};
		at->next += width;
	}
}

void rp_draw__icicle(const struct rp_state *s)
{
	size_t y = s->layout.pane + 1, lines = s->layout.n_pane - 1;
	const struct rp_tree_row *node;
	const struct rp_row *row = rp_state__row(s, s->cursor, &node);
	char text[512], figure[32];

	if (lines < 2)
		return;
	if (!node) {
		rp_draw__pane_text(s, RP_STYLE_FAINT, y, 0, s->layout.pane_width,
				   "F5 shows the tree, whose paths are drawn here");
		return;
	}
	draw_paths(s, row, node->depth < lines - 1 ? 0 : node->depth - (uint32_t)lines + 2,
		   lines - 1);
	snprintf(text, sizeof(text), "%.300s: %s, %.1f %% of all; arrows walk", row->name,
		 rp_draw__ns(s, row->f.total, figure, sizeof(figure)),
		 (double)row->f.total * 100 / (total_of_roots(s->shown) + 1e-9));
	rp_draw__pane_text(s, RP_STYLE_STRONG, y + lines - 1, 0, s->layout.pane_width, text);
}

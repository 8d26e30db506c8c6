// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The pane of wakers: who ended the sleep of threads in the chosen region. */
#include <stdio.h>

#include "screen/draw.h"

#define FIGURE 9 /* columns */
#define NAME   (3 * FIGURE + 2)

static void draw_waking(const struct rp_state *s, size_t y, size_t width,
			const struct rp_wakings *all, const struct rp_waking *waking)
{
	char text[32];

	snprintf(text, sizeof(text), "%.1f%%",
		 all->ns ? 100.0 * (double)waking->ns / (double)all->ns : 0.0);
	rp_draw__pane_right(s, RP_STYLE_NORMAL, y, 0, FIGURE, text);
	rp_draw__pane_right(s, RP_STYLE_NORMAL, y, FIGURE, FIGURE,
			    rp_draw__ns(s, waking->ns, text, sizeof(text)));
	rp_draw__pane_right(s, RP_STYLE_NORMAL, y, 2 * FIGURE, FIGURE,
			    rp_text__count((double)waking->count, text, sizeof(text)));
	rp_draw__pane_text(s, waking->region ? RP_STYLE_STRONG : RP_STYLE_NORMAL, y, NAME,
			   width - NAME, rp_waking__name(waking));
}

void rp_draw__wakers(const struct rp_state *s, const struct rp_row *row)
{
	const struct rp_layout *l = &s->layout;
	size_t y = l->pane + 1, room = l->n_pane - 1;
	const char *note = NULL;

	if (!s->shown->wakers)
		note = "who ends the sleep of threads in regions is not known yet";
	else if (!row->wakings.n)
		note = "no thread was seen to sleep in it, apart from what it enters";
	if (!room || l->pane_width <= NAME)
		return;
	if (note) {
		rp_draw__pane_text(s, RP_STYLE_FAINT, y, 0, l->pane_width, note);
		return;
	}
	rp_draw__pane_right(s, RP_STYLE_STRONG, y, 0, FIGURE, "SHARE");
	rp_draw__pane_right(s, RP_STYLE_STRONG, y, FIGURE, FIGURE, "ASLEEP");
	rp_draw__pane_right(s, RP_STYLE_STRONG, y, 2 * FIGURE, FIGURE, "SLEEPS");
	rp_draw__pane_text(s, RP_STYLE_STRONG, y, NAME, l->pane_width - NAME, "ENDED BY");
	for (size_t i = 0; i < row->wakings.n && i + 1 < room; i++)
		draw_waking(s, y + 1 + i, l->pane_width, &row->wakings, &row->wakings.item[i]);
}

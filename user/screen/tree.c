// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The cursor in the tree: what is around a path, below it and beside it. */
#include "screen/keys.h"

static void set_collapsed(struct rp_state *s, bool collapsed)
{
	struct rp_history *history = rp_state__chosen_row(s)->history;

	if (history)
		history->collapsed = collapsed;
	rp_state__arrange(s);
}

/* The next path of this level, backward or forward, or the nearest one further out. */
static void go_to(struct rp_state *s, long by, bool outwards)
{
	const struct rp_tree_row *node, *other;

	rp_state__row(s, s->cursor, &node);
	for (size_t i = s->cursor + (size_t)by; i < s->n_visible; i += (size_t)by) {
		rp_state__row(s, i, &other);
		if (other->depth > node->depth || (outwards && other->depth == node->depth))
			continue;
		if (outwards || other->depth == node->depth)
			rp_state__move_to(s, i);
		return;
	}
}

/* Left closes a node, then goes to what is around it. */
void rp_tree__left(struct rp_state *s)
{
	const struct rp_row *row = rp_state__chosen_row(s);

	if (row && rp_state__has_children(s, s->cursor) && row->history && !row->history->collapsed)
		set_collapsed(s, true);
	else if (row)
		go_to(s, -1, true);
}

void rp_tree__right(struct rp_state *s)
{
	const struct rp_row *row = rp_state__chosen_row(s);

	if (row && row->history && row->history->collapsed)
		set_collapsed(s, false);
	else if (row && rp_state__has_children(s, s->cursor))
		rp_state__move_by(s, 1);
}

void rp_tree__collapse_all(struct rp_state *s)
{
	bool any = false;

	if (!s->tree || !s->shown)
		return;
	for (size_t i = 0; i < s->shown->n_tree; i++)
		any |= s->shown->tree[i].row.history && s->shown->tree[i].row.history->collapsed;
	for (size_t i = 0; i < s->shown->n_tree; i++)
		if (s->shown->tree[i].row.history)
			s->shown->tree[i].row.history->collapsed = !any &&
								   i + 1 < s->shown->n_tree &&
								   s->shown->tree[i + 1].depth >
									   s->shown->tree[i].depth;
	rp_state__arrange(s);
}

/* An icicle has what is around a path above it, what is in it below, and its like beside it. */
bool rp_tree__walk(struct rp_state *s, int key)
{
	const struct rp_row *row = rp_state__chosen_row(s);

	if (!row)
		return false;
	switch (key) {
	case RP_KEY_UP:
		go_to(s, -1, true);
		return true;
	case RP_KEY_DOWN:
		if (row->history && row->history->collapsed)
			set_collapsed(s, false);
		if (rp_state__has_children(s, s->cursor))
			rp_state__move_by(s, 1);
		return true;
	case RP_KEY_LEFT:
		go_to(s, -1, false);
		return true;
	case RP_KEY_RIGHT:
		go_to(s, 1, false);
		return true;
	default:
		return false;
	}
}

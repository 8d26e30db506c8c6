// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/keys.h"

#define WHEEL 3 /* rows */

/* A second click on a title inverts. */
static void click_title(struct rp_state *s, size_t x)
{
	for (size_t i = 0; i < s->layout.n_cells; i++) {
		const struct rp_cell_place *cell = &s->layout.cell[i];

		if (x + 1 >= cell->x && x < cell->x + cell->width) {
			s->invert = cell->column == s->sort && !s->invert;
			s->sort = cell->column;
			rp_state__sort(s);
			return;
		}
	}
}

/* A second click on a row opens it. */
static void click_row(struct rp_state *s, size_t line, struct rp_request *request)
{
	const struct rp_open_list *list = &s->list;
	size_t i = line + (list->shown ? list->top : s->top);
	bool again = list->shown ? list->cursor == i && list->chosen
				 : s->cursor == i && s->selected;

	if (i >= (list->shown ? list->n_visible : s->n_visible))
		return;
	rp_state__move_to(s, i);
	if (again)
		rp_state__key(s, RP_KEY_ENTER, request);
}

/* A click in a list is the cursor there and Enter; beside it, it leaves the list. */
static void click_menu(struct rp_state *s, size_t y, size_t x, struct rp_request *request)
{
	const struct rp_layout *l = &s->layout;
	size_t at = rp_menu__at(s, y);

	if (!l->menu_width)
		return;
	if (x < l->menu_x)
		rp_menu__close(s);
	else if (at != SIZE_MAX) {
		s->menu = at;
		rp_state__key(s, s->mode == RP_MODE_COLUMNS ? ' ' : RP_KEY_ENTER, request);
	}
}

void rp_state__mouse(struct rp_state *s, size_t y, size_t x, enum rp_button button,
		     struct rp_request *request)
{
	const struct rp_layout *l = &s->layout;

	request->type = RP_REQUEST_NONE;
	if (s->mode != RP_MODE_TABLE) {
		if (button == RP_BUTTON_WHEEL_UP || button == RP_BUTTON_WHEEL_DOWN)
			rp_state__key(s, button == RP_BUTTON_WHEEL_UP ? RP_KEY_UP : RP_KEY_DOWN,
				      request);
		else
			click_menu(s, y, x, request);
		return;
	}
	if (y >= l->axis && y < l->axis + l->n_axis)
		rp_record__mouse(s, x, button, request);
	else if (button == RP_BUTTON_WHEEL_UP || button == RP_BUTTON_WHEEL_DOWN)
		rp_state__move_by(s, button == RP_BUTTON_WHEEL_UP ? -WHEEL : WHEEL);
	else if (y == l->titles && x < l->table_width && !s->list.shown)
		click_title(s, x);
	else if (y >= l->table && y < l->table + l->n_table && x < l->table_width)
		click_row(s, y - l->table, request);
	else if (y == l->bar)
		rp_state__key(s, s->message[0] ? 0 : rp_bar__at(rp_bar__of(s->axis), x, l->width),
			      request);
	else if (l->n_pane && y == l->pane && x >= l->pane_x &&
		 rp_panes__at(s, x - l->pane_x) != RP_PANE_NONE)
		rp_pane__open(s, rp_panes__at(s, x - l->pane_x));
}

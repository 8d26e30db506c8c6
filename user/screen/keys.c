// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/keys.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define F(n)	     (RP_KEY_F0 + (n))

static const double rp_intervals[] = {0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60};

typedef void (*action_fn)(struct rp_state *s, struct rp_request *request);

static void quit(struct rp_state *s, struct rp_request *request)
{
	(void)s;
	request->type = RP_REQUEST_QUIT;
}

static void up(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	rp_state__move_by(s, -1);
}

static void down(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	rp_state__move_by(s, 1);
}

static long page(const struct rp_state *s)
{
	return s->layout.n_table > 1 ? (long)s->layout.n_table - 1 : 1;
}

static void page_up(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	rp_state__move_by(s, -page(s));
}

static void page_down(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	rp_state__move_by(s, page(s));
}

/* To the top, and to whichever row is first there from now on. */
static void home(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	rp_state__move_to(s, 0);
	if (s->list.shown)
		s->list.chosen = false;
	else
		s->selected = 0;
}

static void end(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	rp_state__move_to(s, SIZE_MAX);
}

static void scroll_left(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	if (s->scroll)
		s->scroll--;
	rp_state__plan(s);
}

static void scroll_right(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	if (s->layout.more)
		s->scroll++;
	rp_state__plan(s);
}

static void left(struct rp_state *s, struct rp_request *request)
{
	if (s->tree)
		rp_tree__left(s);
	else
		scroll_left(s, request);
}

static void right(struct rp_state *s, struct rp_request *request)
{
	if (s->tree)
		rp_tree__right(s);
	else
		scroll_right(s, request);
}

static void collapse_all(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	rp_tree__collapse_all(s);
}

static void start_prompt(struct rp_state *s, enum rp_mode mode, const char *text)
{
	s->mode = mode;
	s->selected_before = s->selected;
	rp_prompt__set(&s->prompt, text);
}

static void search(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	start_prompt(s, RP_MODE_SEARCH, "");
}

static void search_next(struct rp_state *s, struct rp_request *request)
{
	if (!s->search[0])
		search(s, request);
	else if (!rp_state__find(s, s->cursor + 1, 1))
		rp_state__say(s, "no row has '%s'", s->search);
}

static void search_previous(struct rp_state *s, struct rp_request *request)
{
	if (!s->search[0])
		search(s, request);
	else if (!rp_state__find(s, s->cursor + s->n_visible - 1, -1))
		rp_state__say(s, "no row has '%s'", s->search);
}

static void filter(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	start_prompt(s, RP_MODE_FILTER, s->filter);
}

/* After the end of the target, keys that ask for something new say so. */
static bool has_ended(struct rp_state *s)
{
	if (s->ended)
		rp_state__say(s, "the target has ended");
	return s->ended;
}

static void add(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	if (!has_ended(s))
		start_prompt(s, RP_MODE_ADD, "");
}

static void choose_functions(struct rp_state *s, struct rp_request *request)
{
	if (has_ended(s))
		return;
	if (s->total && s->total->sampled)
		request->type = RP_REQUEST_CHOOSE;
	else
		rp_state__say(s, "no samples are taken that tell which functions are worth it: "
				 "rptrace --sample -p PID takes them");
}

static void drop(struct rp_state *s, struct rp_request *request)
{
	if (!has_ended(s) && rp_state__chosen_row(s))
		request->type = RP_REQUEST_DROP;
}

static void ask_to_drop(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	if (!has_ended(s) && rp_state__chosen_row(s))
		s->mode = RP_MODE_CONFIRM;
}

static void undo_drop(struct rp_state *s, struct rp_request *request)
{
	if (!has_ended(s))
		request->type = RP_REQUEST_UNDO;
}

static bool is_on_screen(const struct rp_state *s, const struct rp_column *column)
{
	for (size_t i = 0; i < s->layout.n_cells; i++)
		if (s->layout.cell[i].column == column)
			return true;
	return false;
}

/* Scroll the columns as far as it takes to see one. */
static void scroll_to(struct rp_state *s, const struct rp_column *column)
{
	if (is_on_screen(s, column))
		return;
	s->scroll = 0;
	rp_state__plan(s);
	while (s->layout.more && !is_on_screen(s, column)) {
		s->scroll++;
		rp_state__plan(s);
	}
}

void rp_state__sort_by(struct rp_state *s, const struct rp_column *column)
{
	s->sort = column;
	s->invert = false;
	rp_state__sort(s);
	scroll_to(s, s->sort);
}

static void sort_by_next(struct rp_state *s, int by)
{
	rp_state__sort_by(s, rp_screen_columns__next(&s->columns, s->sort, by));
}

static void sort_left(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	sort_by_next(s, -1);
}

static void sort_right(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	sort_by_next(s, 1);
}

static void sort_by_cpu(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	rp_state__sort_by(s, rp_column__find("cpu"));
}

static void sort_by_total(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	rp_state__sort_by(s, rp_column__find("total"));
}

static void invert(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	s->invert = !s->invert;
	rp_state__sort(s);
}

static void toggle_tree(struct rp_state *s, struct rp_request *request)
{
	const struct rp_row *row = rp_state__chosen_row(s);
	uint32_t region = row ? row->region : 0;
	bool stay = row && s->selected;

	(void)request;
	s->tree = !s->tree;
	rp_state__sort(s);
	/* The chosen region stays chosen, at the first place that it has. */
	for (size_t i = 0; stay && i < s->n_visible; i++)
		if (rp_state__row(s, i, NULL)->region == region) {
			rp_state__move_to(s, i);
			return;
		}
	s->selected = 0;
	rp_state__arrange(s);
}

static void tag(struct rp_state *s, struct rp_request *request)
{
	const struct rp_row *row = rp_state__chosen_row(s);

	(void)request;
	if (!row || !row->history)
		return;
	row->history->tagged = !row->history->tagged;
	rp_state__move_by(s, 1);
}

static void untag(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	rp_histories__untag(&s->histories);
}

static void pause_display(struct rp_state *s, struct rp_request *request)
{
	s->paused = !s->paused;
	if (!s->paused)
		request->type = RP_REQUEST_REFRESH;
}

static void recent(struct rp_state *s, struct rp_request *request)
{
	/* The way back to all figures is open. */
	if (!s->recent && has_ended(s))
		return;
	s->recent = !s->recent;
	rp_state__say(s, s->recent ? "figures of the last interval"
				   : "figures since the start, or the last reset");
	if (s->total)
		request->type = RP_REQUEST_PERIOD;
}

static void reset(struct rp_state *s, struct rp_request *request)
{
	if (!has_ended(s))
		request->type = RP_REQUEST_RESET;
}

static void save(struct rp_state *s, struct rp_request *request)
{
	if (s->shown)
		request->type = RP_REQUEST_SAVE;
}

static void redraw(struct rp_state *s, struct rp_request *request)
{
	(void)s;
	request->type = RP_REQUEST_REDRAW;
}

static void change_interval(struct rp_state *s, int by, struct rp_request *request)
{
	double next = s->interval;

	for (size_t i = 0; i < COUNT(rp_intervals); i++) {
		size_t at = by > 0 ? i : COUNT(rp_intervals) - 1 - i;

		if (by > 0 ? rp_intervals[at] > s->interval : rp_intervals[at] < s->interval) {
			next = rp_intervals[at];
			break;
		}
	}
	s->interval = next;
	rp_state__say(s, "every %g s", s->interval);
	if (!s->paused)
		request->type = RP_REQUEST_REFRESH;
}

static void faster(struct rp_state *s, struct rp_request *request)
{
	change_interval(s, -1, request);
}

static void slower(struct rp_state *s, struct rp_request *request)
{
	change_interval(s, 1, request);
}

/* The icicle is of paths: while it is shown, so is the tree, whose cursor is on one of them. */
void rp_pane__open(struct rp_state *s, enum rp_pane pane)
{
	bool for_pane = pane == RP_PANE_ICICLE && (!s->tree || s->tree_for_pane);
	struct rp_request none;

	s->pane = pane;
	if (s->tree_for_pane ? s->tree && !for_pane : for_pane)
		toggle_tree(s, &none);
	s->tree_for_pane = for_pane;
	rp_state__plan(s);
}

static void toggle_pane(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	rp_pane__open(s, s->pane == RP_PANE_NONE ? RP_PANE_HIST : RP_PANE_NONE);
}

static void open_neighbour(struct rp_state *s, int by)
{
	int pane = (int)s->pane;

	do {
		pane += by;
		if (pane < RP_PANE_HIST)
			pane = RP_PANE_END - 1;
		else if (pane == RP_PANE_END)
			pane = RP_PANE_HIST;
	} while (!rp_pane__is_there(s, (enum rp_pane)pane));
	rp_pane__open(s, (enum rp_pane)pane);
}

static void next_pane(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	open_neighbour(s, 1);
}

static void previous_pane(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	open_neighbour(s, -1);
}

static void log_scale(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	if (s->pane != RP_PANE_HIST) {
		rp_state__say(s, "the log scale is that of the histogram: Enter or Tab shows it");
		return;
	}
	s->log_scale = !s->log_scale;
	rp_state__say(s, s->log_scale ? "log scale: bars by the order of their counts"
				      : "linear scale: bars by their counts");
}

/* Closes what is nearest: the pane, then the filter. */
static void escape(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	if (s->pane != RP_PANE_NONE)
		rp_pane__open(s, RP_PANE_NONE);
	else
		s->filter[0] = '\0';
	rp_state__arrange(s);
}

/* ---- what is open ----------------------------------------------------------------------- */

static void close_list(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	s->list.shown = false;
	rp_state__plan(s);
}

static void toggle_list(struct rp_state *s, struct rp_request *request)
{
	if (s->list.shown) {
		close_list(s, request);
	} else if (!has_ended(s)) {
		s->list.shown = s->list.asked = true;
		request->type = RP_REQUEST_REFRESH;
		rp_state__plan(s);
	}
}

/* The region of the chosen line in the table. */
static void go_to_region(struct rp_state *s, struct rp_request *request)
{
	const struct rp_open_row *open = rp_open_list__row(&s->list, s->list.cursor);

	for (size_t i = 0; open && i < s->n_visible; i++)
		if (rp_state__row(s, i, NULL)->region == open->region) {
			close_list(s, request);
			rp_state__move_to(s, i);
			return;
		}
}

/* ---- which key it is -------------------------------------------------------------------- */

struct binding {
	int key;
	action_fn act;
};

static const struct binding everywhere[] = {
	{'q', quit},
	{F(10), quit},
	{RP_KEY_UP, up},
	{'k', up},
	{RP_CTRL('p'), up},
	{RP_KEY_DOWN, down},
	{'j', down},
	{RP_CTRL('n'), down},
	{RP_KEY_PAGE_UP, page_up},
	{RP_KEY_PAGE_DOWN, page_down},
	{RP_KEY_HOME, home},
	{RP_KEY_END, end},
	{'G', end},
	{'\\', filter},
	{F(4), filter},
	{'o', toggle_list},
	{'p', pause_display},
	{'w', save},
	{RP_CTRL('l'), redraw},
	{'+', slower},
	{'=', slower},
	{F(8), slower},
	{'-', faster},
	{F(7), faster},
	{'?', rp_menu__help},
	{'h', rp_menu__help},
	{F(1), rp_menu__help},
};

static const struct binding on_list[] = {
	{RP_KEY_ENTER, go_to_region},
	{RP_KEY_ESCAPE, close_list},
};

static const struct binding on_table[] = {
	{RP_KEY_LEFT, left},
	{RP_KEY_RIGHT, right},
	{RP_KEY_SHIFT_LEFT, scroll_left},
	{'[', scroll_left},
	{RP_KEY_SHIFT_RIGHT, scroll_right},
	{']', scroll_right},
	{'*', collapse_all},
	{'/', search},
	{F(3), search},
	{'n', search_next},
	{'N', search_previous},
	{'a', add},
	{'A', choose_functions},
	{'d', drop},
	{F(9), ask_to_drop},
	{'z', undo_drop},
	{'<', sort_left},
	{'>', sort_right},
	{F(6), rp_menu__sort},
	{'P', sort_by_cpu},
	{'T', sort_by_total},
	{'I', invert},
	{'t', toggle_tree},
	{F(5), toggle_tree},
	{' ', tag},
	{'U', untag},
	{'i', recent},
	{'r', reset},
	{'g', rp_menu__group},
	{'c', rp_menu__columns},
	{F(2), rp_menu__columns},
	{RP_KEY_ENTER, toggle_pane},
	{RP_KEY_TAB, next_pane},
	{RP_KEY_BACK_TAB, previous_pane},
	{'l', log_scale},
	{RP_KEY_ESCAPE, escape},
};

static const struct binding *find(const struct binding *bindings, size_t n, int key)
{
	for (size_t i = 0; i < n; i++)
		if (bindings[i].key == key)
			return &bindings[i];
	return NULL;
}

/* Keys that other programs have. */
static void explain(struct rp_state *s, int key)
{
	for (size_t i = 0; i < rp_n_explained; i++)
		if (rp_explained[i].key == key)
			rp_state__say(s, "%s", rp_explained[i].text);
}

static void view_key(struct rp_state *s, int key, struct rp_request *request)
{
	const struct binding *table = find(on_table, COUNT(on_table), key), *found;

	if (s->axis && rp_record__key(s, key, request))
		return;
	if (s->pane == RP_PANE_ICICLE && s->tree && !s->list.shown && rp_tree__walk(s, key))
		return;
	found = find(everywhere, COUNT(everywhere), key);
	if (!found)
		found = s->list.shown ? find(on_list, COUNT(on_list), key) : table;
	if (found)
		found->act(s, request);
	else if (table)
		rp_state__say(s, "that key is for the table: o leads back to it");
	else
		explain(s, key);
}

void rp_state__key(struct rp_state *s, int key, struct rp_request *request)
{
	request->type = RP_REQUEST_NONE;
	s->message[0] = '\0';
	switch (s->mode) {
	case RP_MODE_TABLE:
		view_key(s, key, request);
		break;
	case RP_MODE_SEARCH:
	case RP_MODE_FILTER:
	case RP_MODE_ADD:
		rp_state__prompt_key(s, key, request);
		break;
	case RP_MODE_SORT:
	case RP_MODE_GROUP:
	case RP_MODE_COLUMNS:
	case RP_MODE_HELP:
		rp_state__menu_key(s, key, request);
		break;
	case RP_MODE_CONFIRM:
		rp_state__confirm_key(s, key, request);
		break;
	}
}

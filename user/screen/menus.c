// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Lines that are edited, and lists to choose from. */
#include <stdio.h>
#include <string.h>

#include "screen/keys.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- lines ------------------------------------------------------------------------------ */

static void search_changed(struct rp_state *s)
{
	snprintf(s->search, sizeof(s->search), "%s", s->prompt.text);
	if (s->search[0] && !rp_state__find(s, s->cursor, 1))
		rp_state__say(s, "no row has '%s'", s->search);
}

static void filter_changed(struct rp_state *s)
{
	snprintf(s->filter, sizeof(s->filter), "%s", s->prompt.text);
	rp_state__arrange(s);
}

static void accept(struct rp_state *s, struct rp_request *request)
{
	enum rp_mode mode = s->mode;

	s->mode = RP_MODE_TABLE;
	if (mode == RP_MODE_ADD && s->prompt.len) {
		request->type = RP_REQUEST_ADD;
		memcpy(request->text, s->prompt.text, sizeof(request->text));
	}
}

/* As it was before. */
static void cancel(struct rp_state *s)
{
	enum rp_mode mode = s->mode;

	s->mode = RP_MODE_TABLE;
	if (mode == RP_MODE_SEARCH)
		s->selected = s->selected_before;
	if (mode == RP_MODE_FILTER)
		s->filter[0] = '\0';
	rp_state__arrange(s);
}

void rp_state__prompt_key(struct rp_state *s, int key, struct rp_request *request)
{
	switch (key) {
	case RP_KEY_ENTER:
		accept(s, request);
		return;
	case RP_KEY_ESCAPE:
	case RP_CTRL('g'):
		cancel(s);
		return;
	case RP_KEY_TAB:
		if (s->mode == RP_MODE_ADD) {
			request->type = RP_REQUEST_COMPLETE;
			memcpy(request->text, s->prompt.text, sizeof(request->text));
		}
		return;
	case RP_KEY_F0 + 3:
		if (s->mode == RP_MODE_SEARCH)
			rp_state__find(s, s->cursor + 1, 1);
		return;
	case RP_KEY_UP:
		rp_state__move_by(s, -1);
		return;
	case RP_KEY_DOWN:
		rp_state__move_by(s, 1);
		return;
	}
	if (!rp_prompt__key(&s->prompt, key))
		return;
	if (s->mode == RP_MODE_SEARCH)
		search_changed(s);
	if (s->mode == RP_MODE_FILTER)
		filter_changed(s);
}

/* Complete as far as all names agree, and show the names as a message. */
void rp_state__complete(struct rp_state *s, const char *const *names, size_t n)
{
	size_t common, at = 0;
	char text[RP_PROMPT_MAX];

	if (!n) {
		rp_state__say(s, "no name begins with '%s'", s->prompt.text);
		return;
	}
	common = strlen(names[0]);
	for (size_t i = 1; i < n; i++)
		while (strncmp(names[0], names[i], common) != 0)
			common--;
	/* Do not end within a character of several bytes. */
	while (common && ((unsigned char)names[0][common] & 0xc0) == 0x80)
		common--;
	if (common > s->prompt.len && common < sizeof(text)) {
		memcpy(text, names[0], common);
		text[common] = '\0';
		rp_prompt__set(&s->prompt, text);
	}
	for (size_t i = 0; n > 1 && i < n && at < sizeof(s->message) - 1; i++)
		at += (size_t)snprintf(s->message + at, sizeof(s->message) - at, "%s%s",
				       i ? "  " : "", names[i]);
}

/* ---- lists ------------------------------------------------------------------------------ */

const struct rp_group_choice rp_group_choices[] = {
	{RP_BY_NONE, 'n', "none"},     {RP_BY_PROCESS, 'p', "process"},
	{RP_BY_THREAD, 't', "thread"}, {RP_BY_COMMAND, 'c', "command"},
	{RP_BY_CGROUP, 'g', "cgroup"}, {RP_BY_LABEL, 'l', "label"},
};
const size_t rp_n_group_choices = COUNT(rp_group_choices);

#define NARROW 22
#define WIDE   72 /* what the columns mean, too */

size_t rp_menu__width(const struct rp_state *s)
{
	size_t part = s->layout.width * 2 / 5;

	switch (s->mode) {
	case RP_MODE_SORT:
	case RP_MODE_GROUP:
		return NARROW;
	case RP_MODE_COLUMNS:
		return part < NARROW ? NARROW : part > WIDE ? WIDE : part;
	default:
		return 0;
	}
}

static void open_menu(struct rp_state *s, enum rp_mode mode, size_t at)
{
	s->mode = mode;
	s->menu = at;
	rp_state__plan(s);
}

void rp_menu__sort(struct rp_state *s, struct rp_request *request)
{
	size_t at = 0;

	(void)request;
	while (at < s->columns.n - 1 && s->columns.item[at].column != s->sort)
		at++;
	open_menu(s, RP_MODE_SORT, at);
}

void rp_menu__group(struct rp_state *s, struct rp_request *request)
{
	size_t at = 0;

	(void)request;
	while (at < rp_n_group_choices - 1 && rp_group_choices[at].by != s->by)
		at++;
	open_menu(s, RP_MODE_GROUP, at);
}

void rp_menu__columns(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	open_menu(s, RP_MODE_COLUMNS, 0);
}

void rp_menu__help(struct rp_state *s, struct rp_request *request)
{
	(void)request;
	open_menu(s, RP_MODE_HELP, 0);
}

void rp_menu__close(struct rp_state *s)
{
	s->mode = RP_MODE_TABLE;
	rp_state__plan(s);
}

/* Places that the cursor of a list has; the help scrolls instead, to where its end is seen. */
static size_t menu_places(const struct rp_state *s)
{
	size_t lines = s->layout.rows > 1 ? s->layout.rows - 1 : 1;

	switch (s->mode) {
	case RP_MODE_GROUP:
		return rp_n_group_choices;
	case RP_MODE_SORT:
	case RP_MODE_COLUMNS:
		return s->columns.n;
	default:
		return rp_n_help > lines ? rp_n_help - lines + 1 : 1;
	}
}

/* So that the chosen one is on the screen. */
size_t rp_menu__first(const struct rp_state *s)
{
	const struct rp_layout *l = &s->layout;
	size_t lines = l->bar > l->titles + 1 ? l->bar - l->titles - 1 : 1;

	return s->menu < lines ? 0 : s->menu - lines + 1;
}

size_t rp_menu__at(const struct rp_state *s, size_t y)
{
	size_t at = rp_menu__first(s) + y - s->layout.titles - 1;

	return y > s->layout.titles && y < s->layout.bar && at < menu_places(s) ? at : SIZE_MAX;
}

static void pick_group(struct rp_state *s, struct rp_request *request)
{
	rp_menu__close(s);
	if (rp_group_choices[s->menu].by == s->by)
		return;
	request->type = RP_REQUEST_GROUP;
	request->by = rp_group_choices[s->menu].by;
}

static void group_key(struct rp_state *s, int key, struct rp_request *request)
{
	if (key == RP_KEY_ENTER)
		pick_group(s, request);
	for (size_t i = 0; s->mode == RP_MODE_GROUP && i < rp_n_group_choices; i++)
		if (rp_group_choices[i].key == key) {
			s->menu = i;
			pick_group(s, request);
		}
}

static void columns_key(struct rp_state *s, int key)
{
	switch (key) {
	case ' ':
		rp_screen_columns__toggle(&s->columns, s->menu);
		break;
	case '<':
	case RP_KEY_LEFT:
	case RP_KEY_F0 + 7:
		s->menu = rp_screen_columns__move(&s->columns, s->menu, -1);
		break;
	case '>':
	case RP_KEY_RIGHT:
	case RP_KEY_F0 + 8:
		s->menu = rp_screen_columns__move(&s->columns, s->menu, 1);
		break;
	case 's':
		s->sort = s->columns.item[s->menu].column;
		s->invert = false;
		rp_state__sort(s);
		break;
	case RP_KEY_ENTER:
	case 'c':
	case RP_KEY_F0 + 2:
		s->mode = RP_MODE_TABLE;
		break;
	}
	rp_state__plan(s);
}

static void sort_key(struct rp_state *s, int key)
{
	if (key != RP_KEY_ENTER)
		return;
	rp_menu__close(s);
	rp_state__sort_by(s, s->columns.item[s->menu].column);
}

static size_t step(size_t at, long by, size_t n)
{
	if (by < 0)
		return (size_t)-by > at ? 0 : at - (size_t)-by;
	return at + (size_t)by < n ? at + (size_t)by : n - 1;
}

void rp_state__menu_key(struct rp_state *s, int key, struct rp_request *request)
{
	size_t n = menu_places(s);
	long page = s->layout.rows > 4 ? (long)s->layout.rows - 4 : 1;

	switch (key) {
	case RP_KEY_UP:
		s->menu = step(s->menu, -1, n);
		return;
	case RP_KEY_DOWN:
		s->menu = step(s->menu, 1, n);
		return;
	case RP_KEY_PAGE_UP:
		s->menu = step(s->menu, -page, n);
		return;
	case RP_KEY_PAGE_DOWN:
		s->menu = step(s->menu, page, n);
		return;
	case RP_KEY_HOME:
		s->menu = 0;
		return;
	case RP_KEY_END:
		s->menu = n - 1;
		return;
	case RP_KEY_ESCAPE:
	case 'q':
	case RP_KEY_F0 + 10:
		rp_menu__close(s);
		return;
	}
	if (s->mode == RP_MODE_SORT)
		sort_key(s, key);
	else if (s->mode == RP_MODE_GROUP)
		group_key(s, key, request);
	else if (s->mode == RP_MODE_COLUMNS)
		columns_key(s, key);
	else
		rp_menu__close(s);
}

void rp_state__confirm_key(struct rp_state *s, int key, struct rp_request *request)
{
	s->mode = RP_MODE_TABLE;
	if (key == RP_KEY_ENTER || key == 'y')
		request->type = RP_REQUEST_DROP;
	else
		rp_state__say(s, "nothing was detached");
}

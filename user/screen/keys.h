/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Which key does what: one table for the keys, the bar at the bottom and the help. Pure. */
#ifndef RP_KEYS_H
#define RP_KEYS_H

#include "screen/state.h"

struct rp_help_line {
	const char *keys, *text; /* keys NULL: a heading */
};
extern const struct rp_help_line rp_help[];
extern const size_t rp_n_help;

/* Keys of htop that mean nothing here: what comes next to it. */
struct rp_explained_key {
	int key;
	const char *text;
};
extern const struct rp_explained_key rp_explained[];
extern const size_t rp_n_explained;

/* A key of the bar: "F1" "Help". */
struct rp_bar_key {
	int key;
	const char *name, *label;
};
struct rp_bar {
	const struct rp_bar_key *key;
	size_t n, always; /* the rest is for terminals that have room */
};

/* Titles of the panes, in their line one behind the other, each between two blanks. */
extern const char *const rp_pane_titles[RP_PANE_END];

/* The pane with its title at column x. */
enum rp_pane rp_panes__at(const struct rp_state *s, size_t x);

void rp_pane__open(struct rp_state *s, enum rp_pane pane);
/* Of a record and of a program that runs there are not the same. */
bool rp_pane__is_there(const struct rp_state *s, enum rp_pane pane);

/* That of a record, or of a program that runs. */
const struct rp_bar *rp_bar__of(bool record);
/* How many of them a terminal of so many columns shows. Each is its name, its label and a blank. */
size_t rp_bar__shown(const struct rp_bar *bar, size_t width);
/* The key of the bar at column x, 0: none. */
int rp_bar__at(const struct rp_bar *bar, size_t x, size_t width);

/* Whether it is a key for the time of a record, or one that records have no use for. */
bool rp_record__key(struct rp_state *s, int key, struct rp_request *request);
/* A click, or the wheel, on the lines of the time. */
void rp_record__mouse(struct rp_state *s, size_t x, enum rp_button button,
		      struct rp_request *request);
/* Cells of those lines that the record takes, and the first of them. */
#define RP_AXIS_X      8
#define RP_AXIS_MARGIN 10 /* behind them */
size_t rp_axis__width(const struct rp_state *s);

/* Groupings, as the list of them shows. */
struct rp_group_choice {
	enum rp_by by;
	char key;
	const char *text;
};
extern const struct rp_group_choice rp_group_choices[];
extern const size_t rp_n_group_choices;

/* What keys do in the tree. */
void rp_tree__left(struct rp_state *s);
void rp_tree__right(struct rp_state *s);
void rp_tree__collapse_all(struct rp_state *s);
/* Whether the key moves in the icicle. */
bool rp_tree__walk(struct rp_state *s, int key);

/* Columns of the list that is shown, as far as there is room; 0: none is. */
size_t rp_menu__width(const struct rp_state *s);
/* The first place of it on the screen, and the place that is on a line; SIZE_MAX: none is. */
size_t rp_menu__first(const struct rp_state *s);
size_t rp_menu__at(const struct rp_state *s, size_t y);
/* What the keys do that open one. */
void rp_menu__sort(struct rp_state *s, struct rp_request *request);
void rp_menu__group(struct rp_state *s, struct rp_request *request);
void rp_menu__columns(struct rp_state *s, struct rp_request *request);
void rp_menu__help(struct rp_state *s, struct rp_request *request);
void rp_menu__close(struct rp_state *s);

/* What keys do while a line is edited, a list is shown, or a question is asked. */
void rp_state__prompt_key(struct rp_state *s, int key, struct rp_request *request);
void rp_state__menu_key(struct rp_state *s, int key, struct rp_request *request);
void rp_state__confirm_key(struct rp_state *s, int key, struct rp_request *request);

#endif

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "screen/keys.h"

#define HEAD "rptrace-setup/1"
#define NONE "none"

/* ---- one item: how it is written, and what is done with it ---------------------------------- */

static void put(char *value, const char *text)
{
	snprintf(value, RP_SETUP_VALUE, "%s", text);
}

static void get_sort(const struct rp_state *s, char *value)
{
	put(value, s->sort->sort);
}

static void set_sort(struct rp_state *s, const char *value)
{
	for (size_t i = 0; i < s->columns.n; i++)
		if (!strcmp(s->columns.item[i].column->sort, value))
			s->sort = s->columns.item[i].column;
}

static void get_order(const struct rp_state *s, char *value)
{
	put(value, s->invert ? "inverted" : "usual");
}

static void set_order(struct rp_state *s, const char *value)
{
	s->invert = !strcmp(value, "inverted");
}

static void get_group(const struct rp_state *s, char *value)
{
	for (size_t i = 0; i < rp_n_group_choices; i++)
		if (rp_group_choices[i].by == s->by)
			put(value, rp_group_choices[i].text);
}

enum rp_by rp_setup__by(const struct rp_setup *setup)
{
	for (size_t i = 0; i < rp_n_group_choices; i++)
		if (!strcmp(rp_group_choices[i].text, setup->value[RP_SETUP_GROUP]))
			return rp_group_choices[i].by;
	return RP_BY_NONE;
}

/* A tree that is there for a pane alone is not kept. */
static void get_tree(const struct rp_state *s, char *value)
{
	put(value, s->tree && !s->tree_for_pane ? "yes" : "no");
}

static void set_tree(struct rp_state *s, const char *value)
{
	s->tree = !strcmp(value, "yes");
}

static void get_figures(const struct rp_state *s, char *value)
{
	put(value, s->recent ? "interval" : "all");
}

static void set_figures(struct rp_state *s, const char *value)
{
	s->recent = !s->axis && !strcmp(value, "interval");
}

/* A pane that not every run has, such as that of samples, is not kept. */
static void get_pane(const struct rp_state *s, char *value)
{
	const struct rp_state any = {.axis = s->axis};

	if (s->pane == RP_PANE_NONE)
		put(value, NONE);
	else if (rp_pane__is_there(&any, s->pane))
		put(value, rp_pane_titles[s->pane]);
}

static void set_pane(struct rp_state *s, const char *value)
{
	for (int i = RP_PANE_HIST; i < RP_PANE_END; i++)
		if (!strcmp(value, rp_pane_titles[i]) && rp_pane__is_there(s, (enum rp_pane)i))
			rp_pane__open(s, (enum rp_pane)i);
}

static void get_scale(const struct rp_state *s, char *value)
{
	put(value, s->log_scale ? "log" : "linear");
}

static void set_scale(struct rp_state *s, const char *value)
{
	s->log_scale = !strcmp(value, "log");
}

/* In their order; those that the user shows or hides have a sign. */
static void write_columns(const struct rp_screen_columns *columns, char *value)
{
	static const char *const signs[] = {
		[RP_CHOICE_AUTO] = "", [RP_CHOICE_SHOW] = "+", [RP_CHOICE_HIDE] = "-"};
	size_t at = 0;

	for (size_t i = 0; i < columns->n && at < RP_SETUP_VALUE; i++)
		at += (size_t)snprintf(value + at, RP_SETUP_VALUE - at, "%s%s%s", i ? " " : "",
				       signs[columns->item[i].choice],
				       columns->item[i].column->sort);
}

static void read_columns(struct rp_screen_columns *columns, const char *value)
{
	char words[RP_SETUP_VALUE], *rest = NULL;
	size_t to = 1; /* the name stays the first */

	put(words, value);
	for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		enum rp_choice choice = *word == '+'   ? RP_CHOICE_SHOW
					: *word == '-' ? RP_CHOICE_HIDE
						       : RP_CHOICE_AUTO;

		word += choice != RP_CHOICE_AUTO;
		to += rp_screen_columns__place(columns, word, to, choice);
	}
}

/* With a baseline they are others again, for that run alone. */
static bool keeps_columns(const struct rp_state *s, bool of_record)
{
	return !s->compared && !!s->axis == of_record;
}

static void get_columns(const struct rp_state *s, char *value)
{
	if (keeps_columns(s, false))
		write_columns(&s->columns, value);
}

static void set_columns(struct rp_state *s, const char *value)
{
	if (keeps_columns(s, false))
		read_columns(&s->columns, value);
}

static void get_record_columns(const struct rp_state *s, char *value)
{
	if (keeps_columns(s, true))
		write_columns(&s->columns, value);
}

static void set_record_columns(struct rp_state *s, const char *value)
{
	if (keeps_columns(s, true))
		read_columns(&s->columns, value);
}

static const struct {
	const char *name;
	void (*get)(const struct rp_state *s, char *value);
	void (*set)(struct rp_state *s, const char *value); /* NULL: it is asked for before */
} items[RP_SETUP_ITEMS] = {
	[RP_SETUP_SORT] = {"sort", get_sort, set_sort},
	[RP_SETUP_ORDER] = {"order", get_order, set_order},
	[RP_SETUP_GROUP] = {"group", get_group, NULL},
	[RP_SETUP_TREE] = {"tree", get_tree, set_tree},
	[RP_SETUP_FIGURES] = {"figures", get_figures, set_figures},
	[RP_SETUP_PANE] = {"pane", get_pane, set_pane},
	[RP_SETUP_SCALE] = {"scale", get_scale, set_scale},
	[RP_SETUP_COLUMNS] = {"columns", get_columns, set_columns},
	[RP_SETUP_RECORD_COLUMNS] = {"record-columns", get_record_columns, set_record_columns},
};

_Static_assert(RP_SETUP_BYTES > RP_SETUP_ITEMS * (RP_SETUP_VALUE + 32) + 256, "all have room");

/* ---- all of them ---------------------------------------------------------------------------- */

void rp_setup__of(const struct rp_state *s, struct rp_setup *out)
{
	*out = (struct rp_setup){0};
	for (size_t i = 0; i < RP_SETUP_ITEMS; i++)
		items[i].get(s, out->value[i]);
}

void rp_setup__apply(const struct rp_setup *setup, struct rp_state *s)
{
	for (size_t i = 0; i < RP_SETUP_ITEMS; i++)
		if (setup->value[i][0] && items[i].set)
			items[i].set(s, setup->value[i]);
}

bool rp_setup__keep(struct rp_setup *kept, const struct rp_setup *from, const struct rp_setup *to)
{
	bool any = false;

	for (size_t i = 0; i < RP_SETUP_ITEMS; i++) {
		if (!to->value[i][0] || !strcmp(from->value[i], to->value[i]))
			continue;
		any |= strcmp(kept->value[i], to->value[i]) != 0;
		put(kept->value[i], to->value[i]);
	}
	return any;
}

/* ---- text ----------------------------------------------------------------------------------- */

size_t rp_setup__print(const struct rp_setup *setup, char *text)
{
	size_t at = (size_t)snprintf(text, RP_SETUP_BYTES,
				     HEAD
				     "\n"
				     "# What keys have made of rptrace's screen. It is written "
				     "anew where they change it.\n");

	for (size_t i = 0; i < RP_SETUP_ITEMS; i++)
		if (setup->value[i][0])
			at += (size_t)snprintf(text + at, RP_SETUP_BYTES - at, "%s %s\n",
					       items[i].name, setup->value[i]);
	return at;
}

static int parse_line(char *line, struct rp_setup *out)
{
	char *value = strchr(line, ' ');

	if (!*line || *line == '#')
		return 0;
	if (!value || strlen(value + 1) >= RP_SETUP_VALUE)
		return -EINVAL;
	*value++ = '\0';
	for (size_t i = 0; i < RP_SETUP_ITEMS; i++)
		if (!strcmp(line, items[i].name))
			put(out->value[i], value);
	return 0;
}

int rp_setup__parse(const char *text, struct rp_setup *out)
{
	char lines[RP_SETUP_BYTES], *rest = lines, *line;
	int rc;

	*out = (struct rp_setup){0};
	rc = strlen(text) < sizeof(lines) ? 0 : -EINVAL;
	if (!rc)
		strcpy(lines, text);
	line = rc ? NULL : strsep(&rest, "\n");
	if (!line || strcmp(line, HEAD) != 0)
		return -EINVAL;
	while (!rc && (line = strsep(&rest, "\n")))
		rc = parse_line(line, out);
	if (rc)
		*out = (struct rp_setup){0};
	return rc;
}

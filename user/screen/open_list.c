// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "screen/open_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screen/search.h"
#include "util/array.h"

const struct rp_open_row *rp_open_list__row(const struct rp_open_list *list, size_t i)
{
	return i < list->n_visible ? &list->open->row[list->visible[i]] : NULL;
}

bool rp_open_list__is_stuck(const struct rp_open_list *list, size_t i)
{
	return list->visible[i] < list->open->n_stuck;
}

const char *rp_open_list__path(const struct rp_open_list *list, const struct rp_open_row *row,
			       char *buf, size_t size)
{
	size_t label = row->label[0] ? strlen(row->label) + strlen("[]") : 0, len;

	if (label >= size)
		label = 0;
	rp_open_regions__path(list->open, row, buf, size - label);
	len = strlen(buf);
	if (label)
		snprintf(buf + len, size - len, "[%s]", row->label);
	return buf;
}

static bool matches(const struct rp_open_list *list, const struct rp_open_row *row,
		    const char *pattern)
{
	char path[RP_OPEN_PATH];

	return rp_search__matches(row->comm, pattern) ||
	       rp_search__matches(rp_open_list__path(list, row, path, sizeof(path)), pattern);
}

static bool is_same(const struct rp_open_row *a, const struct rp_open_row *b)
{
	return a->start == b->start && a->pid == b->pid && a->tid == b->tid &&
	       a->goroutine == b->goroutine && a->span == b->span && a->region == b->region &&
	       a->depth == b->depth;
}

static void find_cursor(struct rp_open_list *list)
{
	for (size_t i = 0; list->chosen && i < list->n_visible; i++)
		if (is_same(rp_open_list__row(list, i), &list->row)) {
			list->cursor = i;
			return;
		}
	/* It was left, or filtered out: the cursor stays where it was. */
	if (!list->chosen || !list->n_visible)
		list->cursor = 0;
	else if (list->cursor >= list->n_visible)
		list->cursor = list->n_visible - 1;
}

void rp_open_list__arrange(struct rp_open_list *list, const char *filter)
{
	list->n_visible = 0;
	for (size_t i = 0; list->open && i < list->open->n; i++)
		if (!filter[0] || matches(list, &list->open->row[i], filter))
			list->visible[list->n_visible++] = (uint32_t)i;
	find_cursor(list);
}

void rp_open_list__forget(struct rp_open_list *list)
{
	list->open = NULL;
	list->n_visible = 0;
}

int rp_open_list__update(struct rp_open_list *list, const struct rp_open_regions *open,
			 const char *filter)
{
	rp_open_list__forget(list);
	list->asked = false;
	if (!open)
		return 0;
	if (rp_array__fit(&list->visible, open->n + 1, sizeof(*list->visible)))
		return -ENOMEM;
	list->open = open;
	rp_open_list__arrange(list, filter);
	return 0;
}

void rp_open_list__free(struct rp_open_list *list)
{
	free(list->visible);
	*list = (struct rp_open_list){0};
}

void rp_open_list__move_to(struct rp_open_list *list, size_t i)
{
	if (!list->n_visible)
		return;
	list->cursor = i < list->n_visible ? i : list->n_visible - 1;
	list->row = *rp_open_list__row(list, list->cursor);
	list->chosen = true;
}

void rp_open_list__scroll(struct rp_open_list *list, size_t lines)
{
	size_t last = list->n_visible > lines ? list->n_visible - lines : 0;

	if (list->top > list->cursor)
		list->top = list->cursor;
	if (list->cursor >= list->top + lines)
		list->top = lines ? list->cursor - lines + 1 : list->cursor;
	if (list->top > last)
		list->top = last;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * How the screen keeps its place while everything under it changes. Each update brings a new
 * snapshot, whose rows are others in another order; a row is known again by its key, a hash of its
 * name, group and ancestors, and what is remembered of it (rates, the last minute, tags, what is
 * collapsed) is its history, found by that key.
 *
 * The cursor follows the row that the user chose, by key. Until one is chosen it stays at the top,
 * and so shows whatever is foremost; where the chosen row is gone, the cursor keeps its line.
 *
 * From figures to lines, in this order, each step from the one before: sort, filter, collapse, find
 * the cursor, measure names, plan the layout. rp_state__arrange() does all after the sort; whatever
 * changes one of them calls it.
 */
#include "screen/state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "screen/cells.h"
#include "screen/keys.h"
#include "screen/panes.h"
#include "screen/search.h"
#include "util/array.h"

#define USUAL_BUDGET 0.1

void rp_state__init(struct rp_state *s, const struct rp_state_opts *opts)
{
	*s = (struct rp_state){
		.sort = rp_screen_columns__on_screen(opts->sort),
		.budget = opts->budget > 0 ? opts->budget : USUAL_BUDGET,
		.tree = opts->tree,
		.by = opts->by,
		.interval = opts->interval,
		.utf8 = opts->utf8,
		.axis = opts->axis,
		.compared = opts->baseline,
		.target = opts->target,
		.since = "start",
	};
	rp_screen_columns__init(&s->columns, opts->baseline);
	if (s->axis)
		rp_screen_columns__of_record(&s->columns);
	rp_screen_columns__ask(&s->columns, opts->columns);
}

static void free_snapshots(struct rp_state *s)
{
	if (s->shown != s->total)
		rp_snapshot__free(s->shown);
	rp_snapshot__free(s->total);
	s->shown = s->total = NULL;
	s->n_visible = 0;
	rp_open_list__forget(&s->list);
}

void rp_state__free(struct rp_state *s)
{
	free_snapshots(s);
	free(s->visible);
	rp_open_list__free(&s->list);
	rp_histories__free(&s->histories);
	*s = (struct rp_state){0};
}

void rp_state__say(struct rp_state *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->message, sizeof(s->message), format, args);
	va_end(args);
}

/* ---- rows ------------------------------------------------------------------------------- */

size_t rp_state__rows(const struct rp_state *s)
{
	return !s->shown ? 0 : s->tree ? s->shown->n_tree : s->shown->n_rows;
}

static const struct rp_row *row_at(const struct rp_state *s, size_t i)
{
	return s->tree ? &s->shown->tree[i].row : &s->shown->rows[i];
}

const struct rp_row *rp_state__row(const struct rp_state *s, size_t i,
				   const struct rp_tree_row **node)
{
	uint32_t at = s->visible[i];

	if (node)
		*node = s->tree ? &s->shown->tree[at] : NULL;
	return row_at(s, at);
}

const struct rp_row *rp_state__chosen_row(const struct rp_state *s)
{
	return s->cursor < s->n_visible ? rp_state__row(s, s->cursor, NULL) : NULL;
}

bool rp_state__has_children(const struct rp_state *s, size_t i)
{
	size_t at = s->visible[i];

	return s->tree && at + 1 < s->shown->n_tree &&
	       s->shown->tree[at + 1].depth > s->shown->tree[at].depth;
}

static uint64_t key_at(const struct rp_state *s, size_t i)
{
	const struct rp_row *row = rp_state__row(s, i, NULL);

	return row->history ? row->history->key : 0;
}

static bool add_region(uint32_t *regions, size_t *n, size_t max, uint32_t region)
{
	for (size_t i = 0; i < *n; i++)
		if (regions[i] == region)
			return true;
	if (*n == max)
		return false;
	regions[(*n)++] = region;
	return true;
}

size_t rp_state__chosen(const struct rp_state *s, uint32_t *regions, size_t max)
{
	const struct rp_row *chosen = rp_state__chosen_row(s);
	size_t n = 0;

	for (size_t i = 0; i < rp_state__rows(s); i++) {
		const struct rp_row *row = row_at(s, i);

		if (row->history && row->history->tagged &&
		    !add_region(regions, &n, max, row->region))
			return n;
	}
	if (!n && chosen && max)
		regions[n++] = chosen->region;
	return n;
}

const char *rp_state__name(const struct rp_state *s, uint32_t region)
{
	for (size_t i = 0; i < rp_state__rows(s); i++)
		if (row_at(s, i)->region == region)
			return row_at(s, i)->name;
	return "";
}

/* ---- filter and search ------------------------------------------------------------------ */

static bool matches(const struct rp_row *row, const char *pattern)
{
	return rp_search__matches(row->name, pattern) || rp_search__matches(row->group, pattern);
}

bool rp_state__find(struct rp_state *s, size_t from, int by)
{
	size_t n = s->n_visible;

	for (size_t i = 0; s->search[0] && i < n; i++) {
		size_t at = (from + (by < 0 ? n - i : i)) % n;

		if (matches(rp_state__row(s, at, NULL), s->search)) {
			rp_state__move_to(s, at);
			return true;
		}
	}
	return false;
}

/* ---- which rows, in what order ---------------------------------------------------------- */

/* After other groups were asked for, those before are there still: without figures, hidden. */
static bool is_shown(const struct rp_state *s, const struct rp_row *row)
{
	const struct rp_row_figures *f = &row->f;

	if (s->regrouped && !f->count && !f->open && !f->unwound)
		return false;
	return !s->filter[0] || matches(row, s->filter);
}

/*
 * Positions of the rows that the filter leaves, from the last: in the tree with their ancestors,
 * the nearest row above that is one level further out.
 */
static size_t filter_rows(const struct rp_state *s, uint32_t *out)
{
	size_t n = rp_state__rows(s), kept = n;
	uint32_t wanted = UINT32_MAX; /* depth of the ancestor */

	for (size_t i = n; i-- > 0;) {
		uint32_t depth = s->tree ? s->shown->tree[i].depth : 0;

		if (depth != wanted && !is_shown(s, row_at(s, i)))
			continue;
		out[--kept] = (uint32_t)i;
		wanted = depth ? depth - 1 : UINT32_MAX;
	}
	memmove(out, out + kept, (n - kept) * sizeof(*out));
	return n - kept;
}

static size_t collapse_rows(const struct rp_state *s, uint32_t *rows, size_t n)
{
	uint32_t below = UINT32_MAX; /* depth of a collapsed row */
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		const struct rp_tree_row *node = &s->shown->tree[rows[i]];

		if (node->depth > below)
			continue;
		below = node->row.history && node->row.history->collapsed ? node->depth
									  : UINT32_MAX;
		rows[kept++] = rows[i];
	}
	return kept;
}

static void find_cursor(struct rp_state *s)
{
	if (!s->n_visible) {
		s->cursor = 0;
		return;
	}
	if (!s->selected) {
		s->cursor = 0;
		return;
	}
	for (size_t i = 0; i < s->n_visible; i++)
		if (key_at(s, i) == s->selected) {
			s->cursor = i;
			return;
		}
	/* It is gone, filtered out or collapsed: the cursor stays where it was. */
	if (s->cursor >= s->n_visible)
		s->cursor = s->n_visible - 1;
}

static void measure_names(struct rp_state *s)
{
	s->longest = 0;
	for (size_t i = 0; i < s->n_visible; i++) {
		const struct rp_tree_row *node;
		const struct rp_row *row = rp_state__row(s, i, &node);
		size_t len = strlen(row->name ? row->name : "");

		if (node)
			len += 2 * ((size_t)node->depth + 1);
		if (len > s->longest)
			s->longest = len;
	}
}

void rp_state__plan(struct rp_state *s)
{
	size_t last;

	rp_layout__plan(&s->layout, &s->columns,
			&(struct rp_layout_opts){
				.rows = s->layout.rows,
				.width = s->layout.width,
				.name = s->longest,
				.scroll = s->scroll,
				.pane = s->pane != RP_PANE_NONE && !s->list.shown,
				.axis = s->axis,
				.menu = rp_menu__width(s),
			});
	rp_open_list__scroll(&s->list, s->layout.n_table);
	last = s->n_visible > s->layout.n_table ? s->n_visible - s->layout.n_table : 0;
	if (s->top > s->cursor)
		s->top = s->cursor;
	if (s->cursor >= s->top + s->layout.n_table)
		s->top = s->layout.n_table ? s->cursor - s->layout.n_table + 1 : s->cursor;
	if (s->top > last)
		s->top = last;
}

void rp_state__arrange(struct rp_state *s)
{
	s->n_visible = 0;
	if (s->shown && s->visible) {
		s->n_visible = filter_rows(s, s->visible);
		if (s->tree)
			s->n_visible = collapse_rows(s, s->visible, s->n_visible);
	}
	find_cursor(s);
	measure_names(s);
	rp_open_list__arrange(&s->list, s->filter);
	rp_state__plan(s);
}

void rp_state__sort(struct rp_state *s)
{
	if (s->shown && s->tree)
		rp_snapshot__sort_tree(s->shown, s->sort, s->invert);
	else if (s->shown)
		rp_snapshot__sort_rows(s->shown, s->sort, s->invert);
	rp_state__arrange(s);
}

/* ---- the cursor ------------------------------------------------------------------------- */

static void choose(struct rp_state *s, size_t i)
{
	if (!s->n_visible)
		return;
	s->cursor = i < s->n_visible ? i : s->n_visible - 1;
	s->selected = key_at(s, s->cursor);
}

void rp_state__move_to(struct rp_state *s, size_t i)
{
	if (s->list.shown)
		rp_open_list__move_to(&s->list, i);
	else
		choose(s, i);
	rp_state__plan(s);
}

void rp_state__move_by(struct rp_state *s, long n)
{
	size_t at = s->list.shown ? s->list.cursor : s->cursor;

	rp_state__move_to(s, n < 0 && (size_t)-n > at ? 0 : at + (size_t)n);
}

void rp_state__resize(struct rp_state *s, size_t rows, size_t width)
{
	s->layout.rows = rows;
	s->layout.width = width;
	rp_state__plan(s);
}

/* ---- new figures ------------------------------------------------------------------------ */

static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

uint64_t rp_state__lost(const struct rp_state *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < RP_LOST_COUNT; i++)
		sum += s->total->lost[i];
	return sum;
}

const struct rp_row *rp_state__costliest(const struct rp_state *s)
{
	const struct rp_row *worst = NULL;
	double most = 0;

	for (size_t i = 0; i < s->total->n_rows; i++) {
		const struct rp_row *row = &s->total->rows[i];
		double now = row->f.count && row->history
				     ? row->history->rate * row->probe_ns / (double)row->f.count
				     : 0;

		if (row->left_out || now <= most)
			continue;
		most = now;
		worst = row;
	}
	return worst;
}

static void measure_load(struct rp_state *s, uint64_t time, uint64_t cpu)
{
	double probes = s->total->probe_ns - s->probe_ns;
	uint64_t used = since(cpu, s->cpu);

	if (s->histories.time) {
		s->overhead =
			cpu ? rp_overhead__of(probes, used, since(time, s->histories.time)).share
			    : 0;
		s->losing = rp_state__lost(s) > s->lost;
	}
	s->lost = rp_state__lost(s);
	s->probe_ns = s->total->probe_ns;
	s->cpu = cpu;
}

/* What is looked at is kept, however many rows there are. */
static int keep_heat(struct rp_state *s)
{
	const struct rp_row *row = rp_state__chosen_row(s);

	if (s->pane != RP_PANE_HEAT || !row)
		return 0;
	row = rp_flat__find(s->total, row);
	return row ? rp_histories__keep_heat(&s->histories, row) : 0;
}

/* Where nothing is known of the target, what is hot in it is what there is to see. */
static void offer_samples(struct rp_state *s)
{
	if (s->offered || s->total->meta.probes || !s->total->sampled)
		return;
	s->offered = true;
	rp_pane__open(s, RP_PANE_SAMPLES);
}

/* What rows are remembered by, brought up to now. */
static int update_histories(struct rp_state *s, uint64_t time, uint64_t cpu)
{
	uint64_t least = (uint64_t)(s->interval * 1e9 / 2);

	if (s->axis)
		return rp_histories__show_period(&s->histories, s->total);
	if (!s->histories.time || time - s->histories.time >= least)
		measure_load(s, time, cpu);
	return rp_histories__update(&s->histories, s->total, time, least);
}

/* RATE/S is that of the last interval here, whatever period the other figures are of. */
static void compare_rate(const struct rp_state *s, struct rp_row *row)
{
	double seconds = s->histories.seconds;

	if (row->past && row->history && !row->group)
		row->change[RP_CHANGED_RATE] = rp_baseline__rate(
			s->shown->baseline, row->past, row->history->rate * seconds, seconds);
}

static void compare_rates(struct rp_state *s)
{
	for (size_t i = 0; i < s->shown->n_rows; i++)
		compare_rate(s, &s->shown->rows[i]);
	for (size_t i = 0; i < s->shown->n_tree; i++)
		compare_rate(s, &s->shown->tree[i].row);
}

int rp_state__show_period(struct rp_state *s, struct rp_snapshot *recent)
{
	size_t n;

	if (s->shown != s->total)
		rp_snapshot__free(s->shown);
	s->shown = recent ? recent : s->total;
	s->n_visible = 0;
	n = s->shown->n_rows > s->shown->n_tree ? s->shown->n_rows : s->shown->n_tree;
	if (rp_array__fit(&s->visible, n + 1, sizeof(*s->visible)))
		return -ENOMEM;
	if (recent)
		rp_histories__bind(&s->histories, recent);
	compare_rates(s);
	rp_screen_columns__choose(&s->columns, s->shown);
	rp_state__sort(s);
	return 0;
}

int rp_state__update(struct rp_state *s, struct rp_snapshot *total, struct rp_snapshot *recent,
		     uint64_t time, uint64_t cpu)
{
	free_snapshots(s);
	s->shown = s->total = total;
	if (update_histories(s, time, cpu) ||
	    rp_open_list__update(&s->list, total->open, s->filter)) {
		rp_snapshot__free(recent);
		return -ENOMEM;
	}
	if (rp_state__show_period(s, recent))
		return -ENOMEM;
	offer_samples(s);
	return keep_heat(s);
}

void rp_state__rebase(struct rp_state *s)
{
	rp_histories__rebase(&s->histories);
	s->probe_ns = 0;
	s->lost = 0;
}

/*
 * The rows go, as their histories are freed; what the header says stays until there are new
 * figures.
 */
static void drop_rows(struct rp_snapshot *snapshot)
{
	snapshot->n_rows = snapshot->n_tree = 0;
}

void rp_state__forget(struct rp_state *s)
{
	if (s->total) {
		drop_rows(s->total);
		drop_rows(s->shown);
	}
	rp_open_list__forget(&s->list);
	rp_histories__free(&s->histories);
	s->selected = 0;
	s->regrouped = true;
	s->probe_ns = 0;
	s->lost = 0;
	s->overhead = 0;
	rp_state__arrange(s);
}

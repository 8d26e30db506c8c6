// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Finding: of each region a list of those so far, the slowest first; most instances are told apart
 * from it by one comparison with the last.
 *
 * Gathering: an instance is inside a slow one if it is on the same thread and of a time within. It
 * is added to its path below that: the part of its own path that is deeper. Where calls get their
 * label at their exit the path of what they have called is not below theirs, so depth is all that
 * is asked for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/internal.h"
#include "export/slowest_internal.h"
#include "util/array.h"

static char *as_told(const char *text)
{
	return strdup(text);
}

/* ---- finding --------------------------------------------------------------------------------- */

static int make_lists(struct rp_slowest *s)
{
	size_t n = s->told.regions_room + 1;
	int rc;

	if (s->told.n_regions + 1 <= s->n_lists)
		return 0;
	rc = rp_array__fit(&s->list, n, sizeof(*s->list));
	if (rc)
		return rc;
	memset(s->list + s->n_lists, 0, (n - s->n_lists) * sizeof(*s->list));
	s->n_lists = n;
	return 0;
}

static int keep(struct rp_slowest *s, struct rp_slow_list *list, const struct rp_slow *slow)
{
	size_t at;
	int rc;

	rc = rp_array__grow(&list->slow, list->n, &list->room, sizeof(*list->slow));
	if (rc)
		return rc;
	at = list->n < s->most ? list->n++ : list->n - 1;
	for (; at && list->slow[at - 1].instance.ns < slow->instance.ns; at--)
		list->slow[at] = list->slow[at - 1];
	list->slow[at] = *slow;
	return 0;
}

static int find(void *ctx, const struct rp_event_instance *instance)
{
	struct rp_slowest *s = ctx;
	const struct rp_told_node *node = rp_told__node(&s->told, instance->node);
	struct rp_slow_list *list;
	struct rp_slow slow = {.run = s->told.run,
			       .depth = node->depth,
			       .instance = *instance,
			       .since = rp_told__since(&s->told, instance)};
	int rc;

	if (!rp_event_instance__is_timed(instance))
		return 0;
	rc = make_lists(s);
	if (rc)
		return rc;
	list = &s->list[node->region_index];
	list->count++;
	if (list->n == s->most && list->slow[list->n - 1].instance.ns >= instance->ns)
		return 0;
	return keep(s, list, &slow);
}

static int copy(struct rp_slowest *s, const char *text, const char **out)
{
	*out = rp_arena__dup(&s->names, text);
	return *out ? 0 : -ENOMEM;
}

static int name_slow(struct rp_slowest *s, struct rp_slow *slow)
{
	const struct rp_told_node *node = rp_told__node(&s->told, slow->instance.node);
	const struct rp_told_thread *thread =
		&s->told.threads[rp_told__thread(&s->told, slow->instance.thread)];
	int rc = copy(s, node->name, &slow->name);

	slow->kind = node->kind;
	slow->pid = thread->pid;
	slow->tid = thread->tid;
	slow->goroutine = thread->goroutine;
	if (!rc)
		rc = copy(s, node->region, &slow->region);
	return rc ? rc : copy(s, thread->comm, &slow->comm);
}

/* The run's lists go to those of all runs. */
static int on_found(void *ctx, const struct rp_event_end *end)
{
	struct rp_slowest *s = ctx;
	int rc = 0;

	for (size_t i = 0; !rc && i < s->n_lists; i++) {
		struct rp_slow_list *list = &s->list[i];

		if (!list->n)
			continue;
		rc = rp_array__grow(&s->found, s->n_found, &s->found_room, sizeof(*s->found));
		for (size_t k = 0; !rc && k < list->n; k++)
			rc = name_slow(s, &list->slow[k]);
		if (rc)
			break;
		s->found[s->n_found++] = *list;
		*list = (struct rp_slow_list){0};
	}
	rp_told__on_end(s, end);
	return rc;
}

static int on_close(void *ctx)
{
	(void)ctx;
	return 0;
}

struct rp_event_sink rp_slowest__finder(struct rp_slowest *slowest)
{
	struct rp_event_sink sink = rp_export__sink(slowest);

	sink.instance = find;
	sink.end = on_found;
	sink.close = on_close;
	return sink;
}

/* ---- gathering ------------------------------------------------------------------------------- */

static int compare_times(const void *a, const void *b)
{
	const struct rp_slow *x = *(struct rp_slow *const *)a, *y = *(struct rp_slow *const *)b;

	if (x->instance.thread != y->instance.thread)
		return x->instance.thread < y->instance.thread ? -1 : 1;
	if (x->instance.start != y->instance.start)
		return x->instance.start < y->instance.start ? -1 : 1;
	return 0;
}

static void forget_times(struct rp_slowest *s)
{
	free(s->by_time);
	free(s->latest);
	s->by_time = NULL;
	s->latest = NULL;
	s->n_by_time = 0;
	rp_map__free(&s->first_of);
}

/* Those of the run that begins now. */
static int order_by_time(struct rp_slowest *s)
{
	size_t n = 0;
	int rc = 0;

	forget_times(s);
	for (size_t i = 0; i < s->n_found; i++)
		n += s->found[i].n;
	s->by_time = calloc(n + 1, sizeof(struct rp_slow *));
	s->latest = calloc(n + 1, sizeof(*s->latest));
	if (!s->by_time || !s->latest)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_found; i++)
		for (size_t k = 0; k < s->found[i].n; k++) {
			struct rp_slow *slow = &s->found[i].slow[k];

			if (slow->run == s->told.run && !slow->instance.is_span)
				s->by_time[s->n_by_time++] = slow;
		}
	rp_array__sort(s->by_time, s->n_by_time, sizeof(struct rp_slow *), compare_times);
	for (size_t i = 0; !rc && i < s->n_by_time; i++) {
		const struct rp_event_instance *at = &s->by_time[i]->instance;

		s->latest[i] = rp_event_instance__end(at);
		if (!i || s->by_time[i - 1]->instance.thread != at->thread)
			rc = rp_map__add(&s->first_of, at->thread, (uint32_t)i);
		else if (s->latest[i - 1] > s->latest[i])
			s->latest[i] = s->latest[i - 1];
	}
	return rc;
}

static int on_run(void *ctx, const struct rp_event_run *run)
{
	struct rp_slowest *s = ctx;
	bool is_new = !s->told.is_running;
	int rc = rp_told__on_run(s, run);

	return rc || !is_new ? rc : order_by_time(s);
}

/* The path of a node inside a slow instance, made with those above it that are missing. */
static int find_inside(const struct rp_told *told, struct rp_slow *slow, uint32_t node,
		       uint32_t *out)
{
	uint32_t depth = told->nodes[node].depth, parent = 0;
	struct rp_inside inside = {.node = node, .depth = depth - slow->depth};
	int rc = 0;

	*out = rp_map__get(&slow->inside_of, node);
	if (*out != RP_MAP_NONE)
		return 0;
	/* Deeper than any region stack is: the record was made to do harm. */
	if (inside.depth >= RP_INSIDE_DEPTH)
		inside.depth = 1;
	if (inside.depth > 1) {
		rc = find_inside(told, slow, told->nodes[node].parent - 1, &parent);
		inside.parent = parent + 1;
	}
	if (!rc)
		rc = rp_array__grow(&slow->inside, slow->n, &slow->room, sizeof(*slow->inside));
	if (!rc)
		rc = rp_map__add(&slow->inside_of, node, (uint32_t)slow->n);
	if (rc)
		return rc;
	*out = (uint32_t)slow->n;
	slow->inside[slow->n++] = inside;
	return 0;
}

static int add_inside(const struct rp_told *told, struct rp_slow *slow,
		      const struct rp_event_instance *instance)
{
	uint32_t node = (uint32_t)(rp_told__node(told, instance->node) - told->nodes), i;
	struct rp_inside_sums *sums;
	int rc;

	if (told->nodes[node].depth <= slow->depth)
		return 0;
	rc = find_inside(told, slow, node, &i);
	if (rc)
		return rc;
	sums = &slow->inside[i].sums;
	if (!rp_event_instance__is_timed(instance)) {
		sums->unwound += instance->unwound;
		return 0;
	}
	sums->count++;
	sums->ns += instance->ns;
	sums->self += instance->ns - instance->child;
	sums->cpu += instance->cpu;
	sums->wait += instance->wait;
	return 0;
}

/* The last one of the thread that began no later; by_time[n_by_time] stands for none. */
static size_t last_before(const struct rp_slowest *s, uint32_t first, uint32_t thread,
			  uint64_t start)
{
	size_t low = first, high = s->n_by_time;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct rp_event_instance *at = &s->by_time[middle]->instance;

		if (at->thread == thread && at->start <= start)
			low = middle + 1;
		else
			high = middle;
	}
	return low > first ? low - 1 : s->n_by_time;
}

static int gather(void *ctx, const struct rp_event_instance *instance)
{
	struct rp_slowest *s = ctx;
	uint32_t first = rp_map__get(&s->first_of, instance->thread);
	uint64_t end = rp_event_instance__end(instance);
	size_t at;
	int rc = 0;

	if (first == RP_MAP_NONE || instance->is_span)
		return 0;
	at = last_before(s, first, instance->thread, instance->start);
	for (; !rc && at < s->n_by_time && s->latest[at] >= end; at--) {
		struct rp_slow *slow = s->by_time[at];

		if (rp_event_instance__end(&slow->instance) >= end)
			rc = add_inside(&s->told, slow, instance);
		if (at == first)
			break;
	}
	return rc;
}

/* ---- what is inside, in order ---------------------------------------------------------------- */

/* What took longest first; *first becomes the first child of each, *next its next sibling. */
static void link_inside(const struct rp_slow *slow, const uint32_t *by_time, uint32_t *first,
			uint32_t *next)
{
	for (size_t i = slow->n; i-- > 0;) {
		uint32_t at = by_time[i];

		next[at] = first[slow->inside[at].parent];
		first[slow->inside[at].parent] = at + 1;
	}
}

static int compare_inside(const void *a, const void *b, void *ctx)
{
	const struct rp_inside *inside = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (inside[x].sums.ns != inside[y].sums.ns)
		return inside[x].sums.ns > inside[y].sums.ns ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* Depth first: up again by parents, as the depth is the target's to choose. */
static void walk_inside(const struct rp_slow *slow, const uint32_t *first, const uint32_t *next,
			struct rp_inside *out)
{
	uint32_t at = first[0];
	size_t n = 0;

	while (at) {
		out[n++] = slow->inside[at - 1];
		if (first[at]) {
			at = first[at];
			continue;
		}
		while (at && !next[at - 1])
			at = slow->inside[at - 1].parent;
		at = at ? next[at - 1] : 0;
	}
}

static int order_inside(struct rp_slowest *s, struct rp_slow *slow)
{
	uint32_t *by_time = calloc(slow->n + 1, sizeof(*by_time));
	uint32_t *first = calloc(slow->n + 1, sizeof(*first));
	uint32_t *next = calloc(slow->n + 1, sizeof(*next));
	struct rp_inside *ordered = calloc(slow->n + 1, sizeof(*ordered));
	int rc = by_time && first && next && ordered ? 0 : -ENOMEM;

	for (uint32_t i = 0; !rc && i < slow->n; i++) {
		by_time[i] = i;
		rc = copy(s, s->told.nodes[slow->inside[i].node].name, &slow->inside[i].name);
	}
	if (!rc && slow->n) {
		qsort_r(by_time, slow->n, sizeof(*by_time), compare_inside, slow->inside);
		link_inside(slow, by_time, first, next);
		walk_inside(slow, first, next, ordered);
		free(slow->inside);
		slow->inside = ordered;
		ordered = NULL;
	}
	free(by_time);
	free(first);
	free(next);
	free(ordered);
	rp_map__free(&slow->inside_of);
	return rc;
}

static int on_gathered(void *ctx, const struct rp_event_end *end)
{
	struct rp_slowest *s = ctx;
	int rc = 0;

	for (size_t i = 0; !rc && i < s->n_by_time; i++)
		rc = order_inside(s, s->by_time[i]);
	forget_times(s);
	rp_told__on_end(s, end);
	return rc;
}

struct rp_event_sink rp_slowest__gatherer(struct rp_slowest *slowest)
{
	struct rp_event_sink sink = rp_export__sink(slowest);

	slowest->told.run = 0;
	sink.run = on_run;
	sink.instance = gather;
	sink.end = on_gathered;
	sink.close = on_close;
	return sink;
}

/* ---- out ------------------------------------------------------------------------------------- */

struct rp_slowest *rp_slowest__new(unsigned n)
{
	struct rp_slowest *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->told.quote = as_told;
	s->most = n;
	return s;
}

static void free_list(struct rp_slow_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->slow[i].inside);
		rp_map__free(&list->slow[i].inside_of);
	}
	free(list->slow);
}

void rp_slowest__free(struct rp_slowest *s)
{
	if (!s)
		return;
	forget_times(s);
	for (size_t i = 0; i < s->n_lists; i++)
		free_list(&s->list[i]);
	for (size_t i = 0; i < s->n_found; i++)
		free_list(&s->found[i]);
	free(s->list);
	free(s->found);
	rp_arena__free(&s->names);
	rp_told__free(&s->told);
	free(s);
}

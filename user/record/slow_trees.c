// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/slow_trees.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record/outermost.h"
#include "record/relay.h"
#include "util/array.h"
#include "util/map.h"

/* Those of one thread that have ended, and what they ran in has not. */
struct waiting {
	struct rp_event_instance *item;
	size_t n, room;
	bool keep; /* what follows of a tree that is open at the end */
};

struct rp_slow_trees {
	struct rp_event_sink next; /* comes first: rp_event_relay() */
	uint64_t least;
	size_t n_waiting;
	struct waiting *threads;
	size_t n_threads, room;
	struct rp_map thread_of; /* serial to index */
	struct rp_outermost outermost;
	uint64_t left_out[RP_NODES_MAX], lost[RP_NODES_MAX]; /* not told yet */
};

/* ---- trees --------------------------------------------------------------------------------- */

/* NULL: out of memory. */
static struct waiting *waiting_of(struct rp_slow_trees *t, uint32_t thread)
{
	uint32_t i = rp_map__get(&t->thread_of, thread);

	if (i != RP_MAP_NONE)
		return &t->threads[i];
	if (rp_array__grow(&t->threads, t->n_threads, &t->room, sizeof(*t->threads)) ||
	    rp_map__add(&t->thread_of, thread, (uint32_t)t->n_threads))
		return NULL;
	t->threads[t->n_threads] = (struct waiting){0};
	return &t->threads[t->n_threads++];
}

static int pass(struct rp_slow_trees *t, const struct rp_event_instance *instance, bool keep)
{
	if (keep)
		return t->next.instance(t->next.ctx, instance);
	t->left_out[instance->node]++;
	return 0;
}

/* What began before the root is of a tree whose own root was lost. */
static int pass_tree(struct rp_slow_trees *t, struct waiting *w,
		     const struct rp_event_instance *root)
{
	bool keep = root->ns >= t->least;
	int rc = 0;

	for (size_t i = 0; !rc && i < w->n; i++)
		rc = pass(t, &w->item[i], keep && w->item[i].start >= root->start);
	t->n_waiting -= w->n;
	w->n = 0;
	w->keep = keep;
	return rc ? rc : pass(t, root, keep);
}

static int wait_for_root(struct rp_slow_trees *t, struct waiting *w,
			 const struct rp_event_instance *instance)
{
	if (t->n_waiting == RP_SLOW_TREES_WAITING_MAX) {
		t->lost[instance->node]++;
		return 0;
	}
	if (rp_array__grow(&w->item, w->n, &w->room, sizeof(*w->item)))
		return -ENOMEM;
	w->item[w->n++] = *instance;
	t->n_waiting++;
	return 0;
}

static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct rp_slow_trees *t = ctx;
	struct waiting *w;

	if (instance->node >= RP_NODES_MAX)
		return -EINVAL;
	if (instance->is_span) /* it is on no thread */
		return pass(t, instance, instance->ns >= t->least);
	w = waiting_of(t, instance->thread);
	if (!w)
		return -ENOMEM;
	if (rp_outermost__is(&t->outermost, instance->node))
		return pass_tree(t, w, instance);
	/* Of what is open the outermost comes first. */
	return instance->open ? pass(t, instance, w->keep) : wait_for_root(t, w, instance);
}

/* ---- the rest ------------------------------------------------------------------------------ */

static int on_node(void *ctx, uint32_t id, const struct rp_node *node)
{
	struct rp_slow_trees *t = ctx;

	rp_outermost__node(&t->outermost, id, node);
	return RP_TELL(&t->next, node, id, node);
}

/* Trees without a root: it was lost, or runs in a thread that cannot be told. */
static void give_up(struct rp_slow_trees *t)
{
	for (size_t i = 0; i < t->n_threads; i++) {
		for (size_t k = 0; k < t->threads[i].n; k++)
			t->left_out[t->threads[i].item[k].node]++;
		t->threads[i].n = 0;
	}
	t->n_waiting = 0;
}

static int on_end(void *ctx, const struct rp_event_end *end)
{
	struct rp_slow_trees *t = ctx;
	uint64_t lost[RP_LOST_COUNT];
	struct rp_event_end told = *end;
	int rc = 0;

	memcpy(lost, end->lost, sizeof(lost));
	told.lost = lost;
	give_up(t);
	for (uint32_t node = 0; !rc && node < RP_NODES_MAX; node++) {
		if (t->left_out[node])
			rc = RP_TELL(&t->next, left_out, node, t->left_out[node]);
		if (!rc && t->lost[node])
			rc = RP_TELL(&t->next, lost, node, t->lost[node]);
		lost[RP_LOST_INSTANCES] += t->lost[node];
		t->left_out[node] = t->lost[node] = 0;
	}
	return rc ? rc : RP_TELL(&t->next, end, &told);
}

static int on_close(void *ctx)
{
	struct rp_slow_trees *t = ctx;
	int rc = t->next.close(t->next.ctx);

	for (size_t i = 0; i < t->n_threads; i++)
		free(t->threads[i].item);
	free(t->threads);
	rp_map__free(&t->thread_of);
	free(t);
	return rc;
}

struct rp_slow_trees *rp_slow_trees__new(uint64_t least, const struct rp_event_sink *next)
{
	struct rp_slow_trees *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->least = least;
	t->next = *next;
	return t;
}

struct rp_event_sink rp_slow_trees__sink(struct rp_slow_trees *trees)
{
	struct rp_event_sink sink = rp_event_relay(trees);

	sink.node = on_node;
	sink.instance = on_instance;
	sink.end = on_end;
	sink.close = on_close;
	return sink;
}

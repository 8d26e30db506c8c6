// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The tree of calls, in which a function is as often as it has callers, lines and regions, is first
 * made one of functions alone. In it
 *
 *   - what is called first by each thread, and whatever takes all of the time of that, does not
 *     return: main(), the loop of a server. But samples look alike if it returns and is called
 * again at once, as what runs each statement of a database. So the innermost of these are tried
 * where there is room: what does not return has no calls, and its probes cost nothing;
 *   - a function that takes as long as a caller which is kept says nothing new;
 *   - one with most of its samples in itself is at the end of the tree: it is short, called often,
 *     and may cost more to probe than it tells. These are taken only where next to nothing else is
 *     left.
 */
#include "aggregate/hot_functions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/hash.h"

#define SHARE_LEAST 0.02 /* of all samples */
#define SHARE_ROOT  0.99 /* of its caller, which does not return */
#define SHARE_SAME  0.96 /* of its caller, which is kept */
#define SHARE_LEAF  0.5	 /* of its own samples */
#define SHARE_FEW   0.1	 /* of all samples: what is left does not tell much */
#define ROOTS_TRIED 2	 /* of a chain of those that do not return, from the innermost out ... */
#define ROOTS_FIRST 4	 /* ... without the outermost, which start programs and threads */

/* A function below one chain of callers. */
struct node {
	uint32_t parent; /* 0: it is the outermost */
	uint32_t function;
	uint64_t samples;
	bool is_root;
	uint32_t depth;
	uint32_t roots_below; /* with names, of the longest chain of them */
};

enum verdict { UNDECIDED, RARE, ROOT, WRAPPER, LEAF, KEPT };

struct candidate {
	struct rp_hot_function hot;
	uint32_t function; /* number of its place */
	uint64_t as_root;  /* samples of it where it does not return */
	uint64_t kept;	   /* inclusive samples of itself, or of the caller that stands for it */
	bool may_return;   /* among the innermost of those that do not */
	enum verdict verdict;
};

struct choice {
	const struct rp_sampled *sampled;
	struct node *nodes; /* from 1 on */
	size_t n;
	struct rp_index index;	      /* of the nodes, by parent and function */
	uint32_t *node_of;	      /* of call */
	struct candidate *candidates; /* by inclusive samples */
	size_t n_candidates;
	struct rp_index by_function; /* of the candidates */
};

/* ---- the tree of functions ------------------------------------------------------------------- */

static uint32_t get_node(struct choice *c, uint32_t parent, uint32_t function)
{
	uint64_t at = rp_index__start(&c->index, rp_hash(parent, function));

	for (; c->index.slot[at]; at = rp_index__next(&c->index, at)) {
		const struct node *node = &c->nodes[c->index.slot[at] - 1];

		if (node->parent == parent && node->function == function)
			return c->index.slot[at] - 1;
	}
	c->nodes[c->n] = (struct node){.parent = parent, .function = function};
	c->index.slot[at] = (uint32_t)c->n + 1;
	return (uint32_t)c->n++;
}

/* Callers have lower numbers than what they call. */
static int make_tree(struct choice *c)
{
	const struct rp_sampled *s = c->sampled;
	const struct rp_sample_call *calls;
	size_t all;

	calls = rp_sample_store__calls(s->store, &all);
	c->nodes = calloc(s->n_calls + 1, sizeof(*c->nodes));
	c->node_of = calloc(s->n_calls + 1, sizeof(*c->node_of));
	if (!c->nodes || !c->node_of || rp_index__init(&c->index, s->n_calls + 1))
		return -ENOMEM;
	c->n = 1;
	for (size_t i = 1; i < s->n_calls; i++) {
		uint32_t place = calls[i].place;

		if (!place)
			continue;
		c->node_of[i] = get_node(c, c->node_of[calls[i].parent],
					 rp_sample_store__function_of(s->store, place));
		c->nodes[c->node_of[i]].samples += s->self[i];
	}
	for (size_t i = c->n; i-- > 1;)
		c->nodes[c->nodes[i].parent].samples += c->nodes[i].samples;
	for (size_t i = 1; i < c->n; i++) {
		const struct node *parent = &c->nodes[c->nodes[i].parent];
		double all_of_it = SHARE_ROOT * (double)parent->samples;

		c->nodes[i].depth = parent->depth + 1;
		c->nodes[i].is_root = !c->nodes[i].parent ||
				      (parent->is_root && (double)c->nodes[i].samples >= all_of_it);
	}
	return 0;
}

/* ---- candidates ------------------------------------------------------------------------------ */

static struct candidate *find(const struct choice *c, uint32_t function)
{
	uint64_t at = rp_index__start(&c->by_function, function);

	for (; c->by_function.slot[at]; at = rp_index__next(&c->by_function, at))
		if (c->candidates[c->by_function.slot[at] - 1].function == function)
			return &c->candidates[c->by_function.slot[at] - 1];
	return NULL;
}

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->hot.inclusive != y->hot.inclusive)
		return x->hot.inclusive > y->hot.inclusive ? -1 : 1;
	return x->function < y->function ? -1 : x->function > y->function;
}

/*
 * Code that is in no file, compiled at run time or Python, cannot be probed. What has no symbol is
 * called by its object and its offset in that, and cannot be asked for by name.
 */
static bool is_named(const struct rp_place *place)
{
	size_t n = strlen(place->object);

	if (!n || place->object[0] == '[' || place->function[0] == '[')
		return false;
	return strncmp(place->function, place->object, n) != 0 || place->function[n] != '+';
}

static void mark_roots(struct choice *c)
{
	for (size_t i = c->n; i-- > 1;) {
		struct node *node = &c->nodes[i], *parent = &c->nodes[node->parent];
		struct candidate *at = node->is_root ? find(c, node->function) : NULL;
		uint32_t with_it = node->roots_below + (at != NULL);

		if (node->is_root && parent->roots_below < with_it)
			parent->roots_below = with_it;
		if (!at)
			continue;
		at->as_root += node->samples;
		at->may_return |= node->roots_below < ROOTS_TRIED && node->depth > ROOTS_FIRST;
	}
}

static int list_candidates(struct choice *c)
{
	const struct rp_lines *functions = &c->sampled->all.functions;

	c->candidates = calloc(functions->n + 1, sizeof(*c->candidates));
	if (!c->candidates || rp_index__init(&c->by_function, functions->n + 1))
		return -ENOMEM;
	for (size_t i = 0; i < functions->n; i++) {
		const struct rp_line *line = &functions->item[i];

		if (!is_named(line->place))
			continue;
		c->candidates[c->n_candidates++] = (struct candidate){
			.hot = {line->place, line->cumulative, line->self},
			.function = line->number,
			.kept = line->cumulative,
		};
	}
	rp_array__sort(c->candidates, c->n_candidates, sizeof(*c->candidates), compare_candidates);
	for (size_t i = 0; i < c->n_candidates; i++) {
		uint64_t at = rp_index__start(&c->by_function, c->candidates[i].function);

		while (c->by_function.slot[at])
			at = rp_index__next(&c->by_function, at);
		c->by_function.slot[at] = (uint32_t)i + 1;
	}
	mark_roots(c);
	return 0;
}

/* ---- verdicts -------------------------------------------------------------------------------- */

/* All that one caller calls takes as long as that caller, or whoever stands for it. */
static bool is_wrapped(const struct choice *c, struct candidate *at)
{
	for (size_t i = 1; i < c->n; i++) {
		const struct candidate *caller;

		if (c->nodes[i].function != at->function || !c->nodes[i].parent)
			continue;
		caller = find(c, c->nodes[c->nodes[i].parent].function);
		if (!caller || caller == at ||
		    (caller->verdict != KEPT && caller->verdict != WRAPPER))
			continue;
		if ((double)at->hot.inclusive < SHARE_SAME * (double)caller->kept)
			continue;
		at->kept = caller->kept;
		return true;
	}
	return false;
}

static enum verdict judge(const struct choice *c, struct candidate *at)
{
	const struct rp_hot_function *hot = &at->hot;

	if ((double)hot->inclusive < SHARE_LEAST * (double)c->sampled->all.samples)
		return RARE;
	if (2 * at->as_root >= hot->inclusive)
		return ROOT;
	if (is_wrapped(c, at))
		return WRAPPER;
	return (double)hot->self > SHARE_LEAF * (double)hot->inclusive ? LEAF : KEPT;
}

/* Inclusive samples of the first that is kept. */
static double hottest(const struct choice *c)
{
	for (size_t i = 0; i < c->n_candidates; i++)
		if (c->candidates[i].verdict == KEPT)
			return (double)c->candidates[i].hot.inclusive;
	return 0;
}

static void keep_leaves(struct choice *c, struct rp_hot_functions *out)
{
	for (size_t i = 0; i < c->n_candidates; i++)
		if (c->candidates[i].verdict == LEAF)
			c->candidates[i].verdict = KEPT;
	out->leaves = 0;
}

/* Those that are worth it come first. */
static void take(const struct choice *c, size_t most, struct rp_hot_functions *out)
{
	for (size_t i = 0; i < c->n_candidates; i++) {
		if (c->candidates[i].verdict != KEPT)
			continue;
		if (out->n < most)
			out->item[out->n++] = c->candidates[i].hot;
		else
			out->more++;
	}
	for (size_t i = 0; i < c->n_candidates && out->n < most; i++) {
		if (c->candidates[i].verdict != ROOT || !c->candidates[i].may_return)
			continue;
		out->item[out->n++] = c->candidates[i].hot;
		out->roots--;
	}
}

static int choose(struct choice *c, size_t most, struct rp_hot_functions *out)
{
	out->item = calloc(c->n_candidates + 1, sizeof(*out->item));
	if (!out->item)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_candidates; i++) {
		struct candidate *at = &c->candidates[i];

		at->verdict = judge(c, at);
		out->roots += at->verdict == ROOT;
		out->wrappers += at->verdict == WRAPPER;
		out->leaves += at->verdict == LEAF;
	}
	if (hottest(c) < SHARE_FEW * (double)c->sampled->all.samples)
		keep_leaves(c, out);
	take(c, most, out);
	return 0;
}

int rp_hot_functions__choose(const struct rp_sampled *sampled, size_t most,
			     struct rp_hot_functions *out)
{
	struct choice c = {.sampled = sampled};
	int rc = make_tree(&c);

	*out = (struct rp_hot_functions){0};
	if (!rc)
		rc = list_candidates(&c);
	if (!rc)
		rc = choose(&c, most, out);
	rp_index__free(&c.index);
	rp_index__free(&c.by_function);
	free(c.nodes);
	free(c.node_of);
	free(c.candidates);
	return rc;
}

void rp_hot_functions__free(struct rp_hot_functions *functions)
{
	free(functions->item);
	*functions = (struct rp_hot_functions){0};
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "collect/collect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"

static uint64_t load(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void add_figures(struct rp_figures *sum, const struct rp_figures *shards, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct rp_figures *f = &shards[i];
		uint64_t min_inv = load(&f->min_inv), max = load(&f->max);
		unsigned __int128 squares = (unsigned __int128)sum->sq_hi << 64 | sum->sq_lo;

		sum->count += load(&f->count);
		sum->unwound += load(&f->unwound);
		sum->skipped += load(&f->skipped);
		sum->total += load(&f->total);
		sum->self += load(&f->self);
		sum->cpu += load(&f->cpu);
		sum->wait += load(&f->wait);
		squares += (unsigned __int128)load(&f->sq_hi) << 64 | load(&f->sq_lo);
		sum->sq_lo = (uint64_t)squares;
		sum->sq_hi = (uint64_t)(squares >> 64);
		if (min_inv > sum->min_inv)
			sum->min_inv = min_inv;
		if (max > sum->max)
			sum->max = max;
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	for (uint32_t i = 0; i < n; i++)
		sum->entries += load(&shards[i].entries);
}

/* The parts of the histograms, one after the other, while they grow. */
struct buckets {
	uint64_t *item;
	size_t n, capacity;
};

/* So many more, all zero; NULL: out of memory. */
static uint64_t *add_empty(struct buckets *b, size_t n)
{
	if (b->n + n > b->capacity) {
		size_t capacity = 2 * b->capacity + RP_HIST_BUCKETS;
		uint64_t *item = reallocarray(b->item, capacity, sizeof(*item));

		if (!item)
			return NULL;
		b->item = item;
		b->capacity = capacity;
	}
	b->n += n;
	return memset(&b->item[b->n - n], 0, n * sizeof(*b->item));
}

/* Returns how much is in it; 0 too when out of memory. */
static uint64_t add_part(struct buckets *b, const struct rp_hist *shards, uint32_t n,
			 const struct rp_hist_part *part)
{
	uint64_t *to = add_empty(b, part->end - part->from), all = 0;

	for (uint32_t i = 0; to && i < n; i++)
		for (uint32_t k = part->from; k < part->end; k++) {
			uint64_t count = load(&shards[i].bucket[k]);

			to[k - part->from] += count;
			all += count;
		}
	return all;
}

/*
 * All of a histogram lies between its extremes, or else (they are kept with a bounded effort) some
 * is missing there and the whole is read. Where the part is among the buckets is told later: they
 * move as they grow.
 */
static int add_hist(struct rp_node_counts *out, const struct rp_hist *shards, uint32_t n,
		    struct buckets *b)
{
	size_t before = b->n;

	out->hist.from = rp_hist_index(~out->figures.min_inv);
	out->hist.end = rp_hist_index(out->figures.max) + 1;
	if (out->hist.from > out->hist.end)
		out->hist.from = out->hist.end;
	if (add_part(b, shards, n, &out->hist) >= out->figures.count)
		return 0;
	b->n = before;
	out->hist = (struct rp_hist_part){.from = 0, .end = RP_HIST_BUCKETS};
	add_part(b, shards, n, &out->hist);
	return b->n > before ? 0 : -ENOMEM;
}

static int read_node(struct rp_node_counts *out, const struct rp_session *session, uint32_t id,
		     struct buckets *b)
{
	const struct rp_figures *figures;
	const struct rp_hist *hist;
	uint32_t shards;

	out->node = *rp_session__node(session, id);
	if (out->node.region >= RP_REGION_CALIBRATE && out->node.region < RP_REGION_DYNAMIC)
		out->node.flags = 0;
	if (!(out->node.flags & RP_NODE_VALID))
		return 0;
	figures = rp_session__figures(session, id, &shards);
	if (figures)
		add_figures(&out->figures, figures, shards);
	hist = rp_session__hist(session, id, &shards);
	return hist && out->figures.count ? add_hist(out, hist, shards, b) : 0;
}

static int read_nodes(struct rp_counts *c, const struct rp_session *session)
{
	struct buckets b = {0};
	uint64_t *at;
	int rc = 0;

	c->n_nodes = rp_session__nodes_used(session);
	c->nodes = calloc(c->n_nodes ? c->n_nodes : 1, sizeof(*c->nodes));
	for (uint32_t i = 0; c->nodes && !rc && i < c->n_nodes; i++)
		rc = read_node(&c->nodes[i], session, i + 1, &b);
	at = c->buckets = b.item;
	for (uint32_t i = 0; c->nodes && i < c->n_nodes; i++) {
		struct rp_hist_part *part = &c->nodes[i].hist;

		part->bucket = at;
		at += part->end - part->from;
	}
	return c->nodes ? rc : -ENOMEM;
}

enum { EXIT_SITES = 1, SLOW_ENTRY = 2, SLOW_EXIT = 4 };

static uint8_t traits_of(const struct rp_site *site)
{
	switch (site->role) {
	case RP_ROLE_CALL:
		return site->slow ? SLOW_ENTRY : 0;
	case RP_ROLE_CALL_SITE:
	case RP_ROLE_CALL_AND_RET:
		return EXIT_SITES | (site->slow ? SLOW_ENTRY : 0);
	default:
		return site->slow ? SLOW_EXIT : 0;
	}
}

/*
 * Of a single-stepped entry the time falls into the region, of a single-stepped exit behind it: the
 * program runs before the instruction.
 */
static int add_costs(struct rp_counts *c, const struct rp_plan *plan, const struct rp_costs *costs)
{
	uint8_t *traits = calloc(c->n_regions + 1, 1);
	const struct rp_site *sites;
	size_t n;

	if (!traits)
		return -ENOMEM;
	sites = rp_plan__sites(plan, &n);
	for (size_t i = 0; i < n; i++)
		if (sites[i].region <= c->n_regions)
			traits[sites[i].region] |= traits_of(&sites[i]);
	for (size_t i = 0; i < c->n_regions; i++) {
		bool call = c->regions[i].kind == RP_KIND_FUNCTION && !(traits[i + 1] & EXIT_SITES);
		struct rp_probe_cost *cost = &c->regions[i].cost;

		*cost = call ? costs->call : costs->mark;
		if (traits[i + 1] & SLOW_ENTRY) {
			cost->inside += costs->step;
			cost->whole += costs->step;
		}
		if (traits[i + 1] & SLOW_EXIT)
			cost->whole += costs->step;
	}
	free(traits);
	return 0;
}

static int read_regions(struct rp_counts *c, const struct rp_plan *plan,
			const struct rp_costs *costs)
{
	const struct rp_region *regions = rp_plan__regions(plan, &c->n_regions);

	c->regions = calloc(c->n_regions ? c->n_regions : 1, sizeof(*c->regions));
	if (!c->regions)
		return -1;
	for (size_t i = 0; i < c->n_regions; i++) {
		c->regions[i].name = regions[i].name;
		c->regions[i].kind = regions[i].kind;
		c->regions[i].object = regions[i].object;
		c->regions[i].slow = regions[i].slow_sites > 0;
		c->regions[i].left_out = regions[i].left_out;
	}
	return costs ? add_costs(c, plan, costs) : 0;
}

static int read_names(struct rp_counts *c, const struct rp_session *session,
		      const struct rp_costs *costs)
{
	c->n_dynamic = rp_session__names_used(session);
	c->dynamic = calloc(c->n_dynamic ? c->n_dynamic : 1, sizeof(*c->dynamic));
	if (!c->dynamic)
		return -1;
	for (size_t i = 0; i < c->n_dynamic; i++) {
		c->dynamic[i].name = rp_session__name(session, i);
		c->dynamic[i].kind = RP_KIND_MARKER;
		c->dynamic[i].object = "";
		if (costs)
			c->dynamic[i].cost = costs->mark;
	}
	return 0;
}

static void add_unmatched(void *ctx, uint32_t region, uint64_t count)
{
	struct rp_counts *c = ctx;

	if (region >= RP_REGION_DYNAMIC && region - RP_REGION_DYNAMIC < c->n_dynamic)
		c->dynamic[region - RP_REGION_DYNAMIC].unmatched = count;
	else if (region && region <= c->n_regions)
		c->regions[region - 1].unmatched = count;
}

struct rp_counts *rp_collect(const struct rp_session *session, const struct rp_plan *plan,
			     const struct rp_costs *costs)
{
	struct rp_counts *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->time = rp_clock__now();
	/* Nodes first: what they name is known then. */
	if (read_nodes(c, session) || read_regions(c, plan, costs) ||
	    read_names(c, session, costs)) {
		rp_counts__free(c);
		return NULL;
	}
	c->texts = rp_session__texts(session, &c->n_texts);
	rp_session__unmatched(session, add_unmatched, c);
	for (int reason = 0; reason < RP_LOST_COUNT; reason++)
		c->lost[reason] = rp_session__lost(session, reason);
	return c;
}

void rp_counts__free(struct rp_counts *c)
{
	if (!c)
		return;
	free(c->nodes);
	free(c->buckets);
	free(c->regions);
	free(c->dynamic);
	free(c);
}

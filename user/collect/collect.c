// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "collect/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/clock.h"

static uint64_t load(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void add_figures(struct rp_figures *sum, const struct rp_figures *shards, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct rp_figures *f = &shards[i];
		const struct rp_figures more = {
			.count = load(&f->count),
			.unwound = load(&f->unwound),
			.skipped = load(&f->skipped),
			.unrecorded = load(&f->unrecorded),
			.unsampled = load(&f->unsampled),
			.total = load(&f->total),
			.self = load(&f->self),
			.cpu = load(&f->cpu),
			.wait = load(&f->wait),
			.asleep = load(&f->asleep),
			.asleep_untold = load(&f->asleep_untold),
			.sq_lo = load(&f->sq_lo),
			.sq_hi = load(&f->sq_hi),
			.min_inv = load(&f->min_inv),
			.max = load(&f->max),
		};

		rp_figures__join(sum, &more);
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

		if (rp_array__fit(&b->item, capacity, sizeof(*b->item)))
			return NULL;
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

/* In the kernel a sleep is that of the innermost path alone. Parents have lower numbers. */
static void add_sleeps_to_parents(struct rp_counts *c)
{
	for (size_t i = c->n_nodes; i > 0; i--) {
		const struct rp_node_counts *from = &c->nodes[i - 1];
		uint32_t parent = from->node.parent;

		if (!(from->node.flags & RP_NODE_VALID) || !parent || parent >= i)
			continue;
		c->nodes[parent - 1].figures.asleep += from->figures.asleep;
		c->nodes[parent - 1].figures.asleep_untold += from->figures.asleep_untold;
	}
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
	if (c->nodes)
		add_sleeps_to_parents(c);
	return c->nodes ? rc : -ENOMEM;
}

static int read_samples(struct rp_counts *c, const struct rp_collect *from)
{
	if (!from->samples)
		return 0;
	c->samples = rp_sample_counts__of(from->samples);
	if (!c->samples)
		return -ENOMEM;
	c->samples->lost = rp_session__lost(from->session, RP_LOST_SAMPLES);
	c->samples->hz = from->sample_hz;
	c->samples->off_cpu = from->off_cpu;
	return 0;
}

struct waker_reading {
	struct rp_waker_counts *out;
	size_t room;
	int rc;
};

static void take_waker(void *ctx, const struct rp_waker_key *key,
		       const struct rp_waker_figures *figures)
{
	struct waker_reading *r = ctx;
	struct rp_waker_counts *out = r->out;

	if (!r->rc)
		r->rc = rp_array__grow(&out->item, out->n, &r->room, sizeof(*out->item));
	if (!r->rc)
		out->item[out->n++] = (struct rp_waker_count){*key, *figures};
}

static int read_wakers(struct rp_counts *c, const struct rp_session *session)
{
	struct waker_reading r = {0};

	if (!rp_session__wakers_since(session))
		return 0;
	r.out = c->wakers = calloc(1, sizeof(*c->wakers));
	if (!c->wakers)
		return -ENOMEM;
	c->wakers->since = rp_session__wakers_since(session);
	r.rc = rp_session__wakers(session, take_waker, &r) ? -ENOMEM : r.rc;
	return r.rc;
}

static struct rp_counts *read_counts(void *ctx)
{
	const struct rp_collect *from = ctx;
	struct rp_counts *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->time = rp_clock__now();
	/* Samples and sleeps first, as they name nodes, which name what is known then. */
	if (read_samples(c, from) || read_wakers(c, from->session) ||
	    read_nodes(c, from->session) || rp_collect__names(from, &c->names)) {
		rp_counts__free(c);
		return NULL;
	}
	c->late_ns = rp_session__late_ns(from->session);
	for (int reason = 0; reason < RP_LOST_COUNT; reason++)
		c->lost[reason] = rp_session__lost(from->session, reason);
	return c;
}

struct rp_counts_source rp_collect__source(struct rp_collect *from)
{
	return (struct rp_counts_source){
		.ctx = from, .read = read_counts, .open_frames = rp_collect__open_frames};
}

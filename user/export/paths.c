// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "export/paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

static int make_room(struct rp_export_paths *p)
{
	size_t n = p->told.nodes_room;
	int rc;

	if (p->n >= p->told.n_nodes)
		return 0;
	rc = rp_array__fit(&p->sums, n, sizeof(*p->sums));
	if (!rc)
		rc = rp_array__fit(&p->chain, n, sizeof(*p->chain));
	if (rc)
		return rc;
	memset(p->sums + p->n, 0, (n - p->n) * sizeof(*p->sums));
	p->n = n;
	return 0;
}

static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct rp_export_paths *p = ctx;
	size_t node = (size_t)(rp_told__node(&p->told, instance->node) - p->told.nodes);
	int rc;

	if (instance->is_span || !rp_event_instance__is_timed(instance))
		return 0;
	rc = make_room(p);
	if (rc)
		return rc;
	p->sums[node].count++;
	p->sums[node].self += instance->ns - instance->child;
	return 0;
}

/* Returns how deep it is. */
static size_t set_chain(struct rp_export_paths *p, uint32_t node)
{
	size_t depth = p->told.nodes[node].depth, n = depth;

	for (uint32_t at = node + 1; at && n; at = p->told.nodes[at - 1].parent)
		p->chain[--n] = at - 1;
	return depth;
}

static int on_end(void *ctx, const struct rp_event_end *end)
{
	struct rp_export_paths *p = ctx;
	int rc = 0;

	for (size_t i = 0; !rc && i < p->n; i++)
		if (p->sums[i].count)
			rc = p->write(p, &p->sums[i], set_chain(p, (uint32_t)i));
	p->n = 0;
	if (!rc && p->end)
		rc = p->end(p, end);
	rp_told__on_end(p, end);
	return rc ? rc : p->out.rc;
}

static int on_close(void *ctx)
{
	struct rp_export_paths *p = ctx;
	int rc = p->finish ? p->finish(p) : 0, flushed = rp_out__flush(&p->out);

	if (p->free)
		p->free(p);
	free(p->sums);
	free(p->chain);
	rp_told__free(&p->told);
	free(p);
	return rc ? rc : flushed;
}

struct rp_event_sink rp_export_paths__sink(struct rp_export_paths *paths)
{
	struct rp_event_sink sink = rp_export__sink(paths);

	sink.instance = on_instance;
	sink.end = on_end;
	sink.close = on_close;
	return sink;
}

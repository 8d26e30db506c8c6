// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/overlap.h"
#include "aggregate/paths.h"

static const char unnamed[] = "?";

static const struct rp_region_name *source(const struct rp_counts *counts, size_t n_static,
					   size_t i)
{
	if (i < n_static)
		return i < counts->names.n_regions ? &counts->names.regions[i] : NULL;
	i -= n_static;
	return i < counts->names.n_dynamic ? &counts->names.dynamic[i] : NULL;
}

static char *put(char **at, const char *text)
{
	char *start = *at;

	*at = stpcpy(start, text) + 1;
	return start;
}

static struct rp_stray_hits stray_since(const struct rp_region_name *now,
					const struct rp_region_name *before)
{
	static const struct rp_stray_hits none;
	const struct rp_stray_hits *then = before ? &before->stray : &none;

	return (struct rp_stray_hits){
		.hits = rp_less(now->stray.hits, then->hits),
		.unmatched = rp_less(now->stray.unmatched, then->unmatched),
		.crossed = rp_less(now->stray.crossed, then->crossed),
	};
}

static int copy_names(const struct rp_counts *now, const struct rp_counts *before,
		      struct rp_regions *out)
{
	size_t bytes = sizeof(unnamed) + 1;
	char *at;

	for (size_t i = 0; i + 1 < out->n; i++) {
		const struct rp_region_name *from = source(now, out->n_static, i);

		bytes += strlen(from->name ? from->name : unnamed) + 1;
		bytes += strlen(from->object ? from->object : "") + 1;
		bytes += from->usdt ? strlen(from->usdt) + 1 : 0;
	}
	at = out->strings = malloc(bytes);
	if (!at)
		return -ENOMEM;
	for (size_t i = 0; i + 1 < out->n; i++) {
		const struct rp_region_name *from = source(now, out->n_static, i), *old = NULL;
		struct rp_region_name *to = &out->region[i];

		*to = *from;
		to->name = put(&at, from->name ? from->name : unnamed);
		to->object = put(&at, from->object ? from->object : "");
		to->usdt = from->usdt ? put(&at, from->usdt) : NULL;
		if (before)
			old = source(before, out->n_static, i);
		to->stray = stray_since(from, old);
		out->unpaired[i] = from->stray.unmatched;
	}
	out->region[out->n - 1] = (struct rp_region_name){
		.name = put(&at, unnamed),
		.object = put(&at, ""),
		.kind = RP_KIND_MARKER,
		.cost = now->names.unknown.cost,
		.stray = stray_since(&now->names.unknown, before ? &before->names.unknown : NULL),
	};
	return 0;
}

static int by_name(const void *a, const void *b, void *ctx)
{
	const struct rp_region_name *region = ctx;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int order = strcmp(region[i].name, region[j].name);

	if (!order)
		order = (region[i].kind > region[j].kind) - (region[i].kind < region[j].kind);
	return order ? order : (i > j) - (i < j);
}

/* Sorted, not hashed: the names are the target's, and could be made to collide. */
static int join_same(struct rp_regions *regions)
{
	struct rp_region_name *region = regions->region;
	uint32_t *sorted, first = 0;

	sorted = calloc(regions->n, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < regions->n; i++)
		sorted[i] = (uint32_t)i;
	qsort_r(sorted, regions->n, sizeof(*sorted), by_name, region);
	for (size_t i = 0; i < regions->n; i++) {
		uint32_t at = sorted[i];

		if (!i || region[first].kind != region[at].kind ||
		    strcmp(region[first].name, region[at].name)) {
			first = at;
		} else {
			region[first].stray.hits += region[at].stray.hits;
			region[first].stray.unmatched += region[at].stray.unmatched;
			region[first].stray.crossed += region[at].stray.crossed;
			region[first].slow |= region[at].slow;
			region[first].ends_at_jump |= region[at].ends_at_jump;
			if (!rp_overlap__told_by(&region[first].overlap))
				region[first].overlap = region[at].overlap;
			region[first].left_out &= region[at].left_out;
			regions->unpaired[first] |= regions->unpaired[at];
		}
		regions->same[at] = first;
	}
	free(sorted);
	return 0;
}

int rp_regions__build(const struct rp_counts *now, const struct rp_counts *before,
		      struct rp_regions *out)
{
	int err;

	if (now->names.n_regions > RP_REGION_DYNAMIC || now->names.n_dynamic > RP_REGION_DYNAMIC)
		return -EINVAL;
	*out = (struct rp_regions){.n_static = now->names.n_regions,
				   .n = now->names.n_regions + now->names.n_dynamic + 1};
	out->region = calloc(out->n, sizeof(*out->region));
	out->same = calloc(out->n, sizeof(*out->same));
	out->unpaired = calloc(out->n, sizeof(*out->unpaired));
	err = out->region && out->same && out->unpaired ? 0 : -ENOMEM;
	if (!err)
		err = copy_names(now, before, out);
	if (!err)
		err = join_same(out);
	if (err)
		rp_regions__free(out);
	return err;
}

void rp_regions__free(struct rp_regions *regions)
{
	free(regions->region);
	free(regions->same);
	free(regions->unpaired);
	free(regions->strings);
	*regions = (struct rp_regions){0};
}

uint32_t rp_regions__index(const struct rp_regions *regions, uint32_t id)
{
	size_t n_dynamic = regions->n - 1 - regions->n_static, i = regions->n - 1;

	if (id >= RP_REGION_DYNAMIC && id - RP_REGION_DYNAMIC < n_dynamic)
		i = regions->n_static + (id - RP_REGION_DYNAMIC);
	else if (id && id <= regions->n_static)
		i = id - 1;
	return regions->same[i];
}

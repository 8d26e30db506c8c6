// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * A record is added up by the counts that every report is made of, so that the figures are those of
 * reports. On their way there the times of the instances are gathered, region by region: the
 * counts have no median of CPU time, and histograms that are too coarse for changes of a few per
 * cent.
 */
#include "compare/run_summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare/quantiles.h"
#include "record/counts_of_instances.h"
#include "record/relay.h"
#include "util/array.h"
#include "util/map.h"

/* Of a region id. */
struct times {
	const char *name, *build_id;
	enum rp_kind kind;
	struct rp_quantiles wall, cpu;
};

struct rp_run_summing {
	struct rp_event_sink next; /* first: see relay.h */
	struct rp_instance_counts *counts;
	struct rp_arena names;
	struct times *times;
	size_t n_times, room;
	struct rp_map times_of, region_of; /* region, node -> index of times */
	uint64_t wall;
};

int rp_run_region__compare(const void *a, const void *b)
{
	const struct rp_run_region *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->kind > y->kind) - (x->kind < y->kind);
}

const struct rp_run_region *rp_run_summary__find(const struct rp_run_summary *run, const char *name,
						 enum rp_kind kind)
{
	const struct rp_run_region wanted = {.name = name, .kind = kind};

	return run->n_regions ? bsearch(&wanted, run->region, run->n_regions, sizeof(*run->region),
					rp_run_region__compare)
			      : NULL;
}

void rp_run_summary__free(struct rp_run_summary *run)
{
	free(run->region);
	rp_arena__free(&run->strings);
	*run = (struct rp_run_summary){0};
}

/* ---- the sink -------------------------------------------------------------------------------- */

static int on_run(void *ctx, const struct rp_event_run *run)
{
	struct rp_run_summing *s = ctx;

	s->wall = run->wall;
	return RP_TELL(&s->next, run, run);
}

/* What is told again of it is no news here. */
static int on_region(void *ctx, uint32_t id, const struct rp_region_name *region)
{
	struct rp_run_summing *s = ctx;
	struct times times = {.kind = region->kind};
	int rc = 0;

	if (rp_map__get(&s->times_of, id) == RP_MAP_NONE) {
		times.name = rp_arena__dup(&s->names, region->name ? region->name : "?");
		times.build_id = rp_arena__dup(&s->names, region->build_id ? region->build_id : "");
		rc = times.name && times.build_id
			     ? rp_array__grow(&s->times, s->n_times, &s->room, sizeof(*s->times))
			     : -ENOMEM;
		if (!rc)
			rc = rp_map__add(&s->times_of, id, (uint32_t)s->n_times);
		if (!rc)
			s->times[s->n_times++] = times;
	}
	return rc ? rc : RP_TELL(&s->next, region, id, region);
}

static int on_node(void *ctx, uint32_t id, const struct rp_node *node)
{
	struct rp_run_summing *s = ctx;
	uint32_t times = rp_map__get(&s->times_of, node->region);
	int rc = 0;

	if (times != RP_MAP_NONE && rp_map__get(&s->region_of, id) == RP_MAP_NONE)
		rc = rp_map__add(&s->region_of, id, times);
	return rc ? rc : RP_TELL(&s->next, node, id, node);
}

static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct rp_run_summing *s = ctx;
	uint32_t i = rp_map__get(&s->region_of, instance->node);
	int rc = 0;

	if (i != RP_MAP_NONE && rp_event_instance__is_timed(instance)) {
		rc = rp_quantiles__add(&s->times[i].wall, instance->ns);
		if (!rc && !instance->is_span)
			rc = rp_quantiles__add(&s->times[i].cpu, instance->cpu);
	}
	return rc ? rc : RP_TELL(&s->next, instance, instance);
}

struct rp_run_summing *rp_run_summing__new(void)
{
	struct rp_run_summing *s = calloc(1, sizeof(*s));

	if (s)
		s->counts = rp_instance_counts__new(RP_BY_NONE);
	if (s && !s->counts) {
		free(s);
		return NULL;
	}
	if (s)
		s->next = rp_instance_counts__sink(s->counts);
	return s;
}

struct rp_event_sink rp_run_summing__sink(struct rp_run_summing *s)
{
	struct rp_event_sink sink = rp_event_relay(s);

	sink.run = on_run;
	sink.region = on_region;
	sink.node = on_node;
	sink.instance = on_instance;
	return sink;
}

void rp_run_summing__free(struct rp_run_summing *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_times; i++) {
		rp_quantiles__free(&s->times[i].wall);
		rp_quantiles__free(&s->times[i].cpu);
	}
	free(s->times);
	rp_map__free(&s->times_of);
	rp_map__free(&s->region_of);
	rp_arena__free(&s->names);
	rp_instance_counts__free(s->counts);
	free(s);
}

/* ---- what it came to ------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const struct times *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->kind > y->kind) - (x->kind < y->kind);
}

/* A region may have several ids, which follow each other: its row has them all. */
static int median_times(const struct rp_run_summing *s, struct rp_run_region *region)
{
	const struct times wanted = {.name = region->name, .kind = region->kind};
	struct rp_quantiles wall = {0}, cpu = {0};
	size_t low = 0, high = s->n_times;
	int rc = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_name(&s->times[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < s->n_times && !by_name(&s->times[low], &wanted))
		region->build_id = s->times[low].build_id; /* the caller copies it */
	for (; low < s->n_times && !by_name(&s->times[low], &wanted) && !rc; low++) {
		rc = rp_quantiles__join(&wall, &s->times[low].wall);
		if (!rc)
			rc = rp_quantiles__join(&cpu, &s->times[low].cpu);
	}
	region->figure[RP_FIGURE_P50] = rp_quantiles__at(&wall, 0.5);
	region->figure[RP_FIGURE_P99] = rp_quantiles__at(&wall, 0.99);
	region->figure[RP_FIGURE_CPU] = rp_quantiles__at(&cpu, 0.5);
	rp_quantiles__free(&wall);
	rp_quantiles__free(&cpu);
	return rc;
}

/* net: the same row with the cost of probes taken off. */
static int add_region(const struct rp_run_summing *s, const struct rp_row *row,
		      const struct rp_row *net, struct rp_run_summary *out)
{
	struct rp_run_region *region = &out->region[out->n_regions];
	double probes = (double)row->f.total - (double)net->f.total;
	int rc;

	*region = (struct rp_run_region){.name = rp_arena__dup(&out->strings, row->name),
					 .object = rp_arena__dup(&out->strings, row->object),
					 .build_id = "",
					 .kind = row->kind};
	if (!region->name || !region->object)
		return -ENOMEM;
	region->figure[RP_FIGURE_COUNT] = (double)row->f.count;
	region->figure[RP_FIGURE_TOTAL] = (double)row->f.total;
	region->figure[RP_FIGURE_SELF] = (double)row->f.self;
	region->figure[RP_FIGURE_MEAN] = row->f.mean;
	region->probes = row->f.count ? probes / (double)row->f.count : 0;
	out->n_regions++;
	rc = median_times(s, region);
	region->build_id = rp_arena__dup(&out->strings, region->build_id);
	return region->build_id ? rc : -ENOMEM;
}

static int add_regions(const struct rp_run_summing *s, const struct rp_counts *counts,
		       struct rp_run_summary *out)
{
	struct rp_snapshot_opts opts = {0};
	struct rp_snapshot *gross = rp_snapshot__build(counts, NULL, &opts), *net;
	int rc;

	opts.compensate = true;
	net = rp_snapshot__build(counts, NULL, &opts);
	rc = gross && net ? 0 : -ENOMEM;
	if (!rc)
		out->region = calloc(gross->n_rows + 1, sizeof(*out->region));
	if (!out->region)
		rc = -ENOMEM;
	for (size_t i = 0; !rc && i < gross->n_rows; i++)
		rc = add_region(s, &gross->rows[i], &net->rows[i], out);
	rp_array__sort(out->region, out->n_regions, sizeof(*out->region), rp_run_region__compare);
	rp_snapshot__free(gross);
	rp_snapshot__free(net);
	return rc;
}

int rp_run_summing__finish(struct rp_run_summing *s, const char *name, struct rp_run_summary *out)
{
	struct rp_counts_source source = rp_instance_counts__source(s->counts);
	struct rp_counts *counts = source.read(source.ctx);
	int rc;

	*out = (struct rp_run_summary){
		.is_record = true, .wall = s->wall, .lost = rp_instance_counts__lost(s->counts)};
	out->meta = *rp_instance_counts__meta(s->counts);
	rc = counts ? rp_meta__keep(&out->meta, &out->strings) : -ENOMEM;
	if (!rc)
		out->name = rp_arena__dup(&out->strings, name);
	if (!rc && !out->name)
		rc = -ENOMEM;
	rp_array__sort(s->times, s->n_times, sizeof(*s->times), by_name);
	if (!rc)
		rc = add_regions(s, counts, out);
	rp_counts__free(counts);
	if (rc)
		rp_run_summary__free(out);
	return rc;
}

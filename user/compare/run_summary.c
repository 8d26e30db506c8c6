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

/* Of the instances of a region. */
struct times {
	struct rp_quantiles wall, cpu;
};

struct rp_run_summing {
	struct rp_event_sink next; /* first: see relay.h */
	struct rp_instance_counts *counts;
	struct times *times; /* by the counts' region id - 1 */
	size_t n_times;
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
	rp_baseline__free(&run->past);
	rp_run_profile__free(&run->profile);
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

static int add_times(struct rp_run_summing *s, uint32_t region,
		     const struct rp_event_instance *instance)
{
	int rc;

	if (region > s->n_times) {
		rc = rp_array__fit(&s->times, region, sizeof(*s->times));
		if (rc)
			return rc;
		memset(s->times + s->n_times, 0, (region - s->n_times) * sizeof(*s->times));
		s->n_times = region;
	}
	rc = rp_quantiles__add(&s->times[region - 1].wall, instance->ns);
	if (!rc && !instance->is_span)
		rc = rp_quantiles__add(&s->times[region - 1].cpu, instance->cpu);
	return rc;
}

/* What was never named is "?" in the counts, and has no median. */
static int on_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct rp_run_summing *s = ctx;
	uint32_t region;
	int rc = rp_instance_counts__region(s->counts, instance->node, &region);

	if (!rc && region < RP_REGION_DYNAMIC && rp_event_instance__is_timed(instance))
		rc = add_times(s, region, instance);
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
	sink.instance = on_instance;
	return sink;
}

static void free_times(struct times *times)
{
	rp_quantiles__free(&times->wall);
	rp_quantiles__free(&times->cpu);
}

void rp_run_summing__free(struct rp_run_summing *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_times; i++)
		free_times(&s->times[i]);
	free(s->times);
	rp_instance_counts__free(s->counts);
	free(s);
}

/* ---- what it came to ------------------------------------------------------------------------- */

static int add_region(const struct rp_row *row, struct rp_run_summary *out)
{
	struct rp_run_region *region = &out->region[out->n_regions];

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
	region->probes = row->probes;
	out->n_regions++;
	return 0;
}

static int add_profile(const struct rp_counts *counts, struct rp_snapshot *snapshot,
		       struct rp_run_summary *out)
{
	const struct rp_profile *all;
	int rc = 0;

	if (!snapshot->sampled)
		return 0;
	rp_sampled__set_cpu(snapshot, counts->samples->cpu);
	all = &snapshot->sampled->all;
	for (size_t i = 0; !rc && i < all->lines.n; i++) {
		const struct rp_line *line = &all->lines.item[i];
		const struct rp_run_place place = {.function = line->place->function,
						   .file = line->place->file,
						   .line = line->place->line,
						   .self = (double)line->self};

		rc = rp_run_profile__add(&out->profile, &out->strings, &place);
	}
	out->profile.each = all->samples ? (double)all->cpu / (double)all->samples : 0;
	return rc ? rc : rp_run_profile__finish(&out->profile);
}

static int add_regions(const struct rp_counts *counts, struct rp_run_summary *out)
{
	const struct rp_snapshot_opts opts = {0};
	struct rp_snapshot *snapshot = rp_snapshot__build(counts, NULL, &opts);
	int rc = snapshot ? 0 : -ENOMEM;

	if (!rc)
		out->region = calloc(snapshot->n_rows + 1, sizeof(*out->region));
	if (!out->region)
		rc = -ENOMEM;
	for (size_t i = 0; !rc && i < snapshot->n_rows; i++)
		rc = add_region(&snapshot->rows[i], out);
	rp_array__sort(out->region, out->n_regions, sizeof(*out->region), rp_run_region__compare);
	if (!rc && snapshot->pairs > 0)
		out->ns_per_region = snapshot->probe_ns / snapshot->pairs;
	if (!rc)
		rc = add_profile(counts, snapshot, out);
	out->past.file = out->name;
	if (!rc)
		rc = rp_baseline__of_snapshot(&out->past, snapshot);
	rp_snapshot__free(snapshot);
	return rc;
}

/* Regions of the counts that are called the same are one. */
static int join_times(const struct rp_run_summing *s, const struct rp_id_names *names,
		      struct rp_run_summary *out, struct times *joined)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < names->n_regions; i++) {
		const struct rp_region_name *name = &names->regions[i];
		const struct rp_run_region *found = rp_run_summary__find(out, name->name,
									 name->kind);
		size_t at = found ? (size_t)(found - out->region) : 0;

		if (!found)
			continue;
		if (i < s->n_times)
			rc = rp_quantiles__join(&joined[at].wall, &s->times[i].wall);
		if (!rc && i < s->n_times)
			rc = rp_quantiles__join(&joined[at].cpu, &s->times[i].cpu);
		if (!*out->region[at].build_id)
			out->region[at].build_id = rp_arena__dup(&out->strings, name->build_id);
		if (!out->region[at].build_id)
			rc = -ENOMEM;
	}
	return rc;
}

static int add_medians(const struct rp_run_summing *s, const struct rp_id_names *names,
		       struct rp_run_summary *out)
{
	struct times *joined = calloc(out->n_regions + 1, sizeof(*joined));
	int rc = joined ? join_times(s, names, out, joined) : -ENOMEM;

	for (size_t i = 0; joined && i < out->n_regions; i++) {
		double *figure = out->region[i].figure;

		figure[RP_FIGURE_P50] = rp_quantiles__at(&joined[i].wall, 0.5);
		figure[RP_FIGURE_P99] = rp_quantiles__at(&joined[i].wall, 0.99);
		figure[RP_FIGURE_CPU] = rp_quantiles__at(&joined[i].cpu, 0.5);
		free_times(&joined[i]);
	}
	free(joined);
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
	if (!rc)
		rc = add_regions(counts, out);
	if (!rc)
		rc = add_medians(s, &counts->names, out);
	rp_counts__free(counts);
	if (rc)
		rp_run_summary__free(out);
	return rc;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "record/node_sums.h"

#include <errno.h>
#include <stdlib.h>

/* Buckets come by the octave. */
#define BUCKETS_STEP (1u << RP_HIST_SUB_BITS)

static int widen(struct rp_hist_part *part, const struct rp_hist_part *by)
{
	struct rp_hist_part wider = *part;

	rp_hist_part__widen(&wider, by);
	if (wider.from == part->from && wider.end == part->end)
		return 0;
	wider.bucket = calloc(wider.end - wider.from, sizeof(*wider.bucket));
	if (!wider.bucket)
		return -ENOMEM;
	rp_hist__add(&wider, part);
	free(part->bucket);
	*part = wider;
	return 0;
}

static int add_timed(struct rp_node_counts *to, const struct rp_event_instance *instance)
{
	struct rp_taken taken = {.ns = instance->ns,
				 .child = instance->child,
				 .cpu = instance->cpu,
				 .wait = instance->wait};
	uint32_t bucket = rp_hist_index(instance->ns);
	struct rp_hist_part step = {.from = bucket / BUCKETS_STEP * BUCKETS_STEP};
	int rc = 0;

	rp_taken__clamp(&taken);
	step.end = step.from + BUCKETS_STEP;
	if (bucket < to->hist.from || bucket >= to->hist.end)
		rc = widen(&to->hist, &step);
	if (rc)
		return rc;
	rp_figures__add(&to->figures, &taken);
	to->hist.bucket[bucket - to->hist.from]++;
	return 0;
}

int rp_node_sums__add_instance(struct rp_node_counts *to, const struct rp_event_instance *instance,
			       uint64_t start)
{
	rp_widen_time(&to->first, &to->last, instance->start - start,
		      rp_event_instance__end(instance) - start);
	to->figures.entries++;
	to->figures.unwound += instance->unwound;
	return rp_event_instance__is_timed(instance) ? add_timed(to, instance) : 0;
}

int rp_node_sums__add(struct rp_node_counts *to, const struct rp_node_counts *more)
{
	int rc = widen(&to->hist, &more->hist);

	if (rc)
		return rc;
	rp_hist__add(&to->hist, &more->hist);
	rp_figures__join(&to->figures, &more->figures);
	rp_widen_time(&to->first, &to->last, more->first, more->last);
	return 0;
}

void rp_node_sums__free(struct rp_node_counts *sums)
{
	free(sums->hist.bucket);
	sums->hist = (struct rp_hist_part){0};
}

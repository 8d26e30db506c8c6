/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Instances added up to the counts that the kernel would have had: a sink of the one, and a source
 * of the other, so that every view of a running program is one of a record, too. Pure.
 */
#ifndef RP_COUNTS_OF_INSTANCES_H
#define RP_COUNTS_OF_INSTANCES_H

#include "aggregate/counts.h"
#include "aggregate/snapshot.h"
#include "record/sink.h"

struct rp_instance_counts;

/* What gets a root of its own; not RP_BY_CGROUP, which no thread tells. NULL: out of memory. */
struct rp_instance_counts *rp_instance_counts__new(enum rp_by by);
void rp_instance_counts__free(struct rp_instance_counts *counts);

/* Where the instances go. Its close() leaves the counts as they are. */
struct rp_event_sink rp_instance_counts__sink(struct rp_instance_counts *counts);

/*
 * Many instances at once, of the run that is told now: what those of a node on a thread add up to.
 */
int rp_instance_counts__add(struct rp_instance_counts *counts, uint32_t thread, uint32_t node,
			    const struct rp_node_counts *sums);

/* The region of a node of the run that is told now, as the counts name it. 0 or -ENOMEM. */
int rp_instance_counts__region(struct rp_instance_counts *counts, uint32_t node, uint32_t *out);

/*
 * What all runs so far add up to. Its time is that of the longest run, from 0 when that began, as
 * are the first and the last time of nodes. It cannot tell what is open.
 */
struct rp_counts_source rp_instance_counts__source(struct rp_instance_counts *counts);

/* What the first run has told of itself; its strings last as long as the counts. */
const struct rp_meta *rp_instance_counts__meta(const struct rp_instance_counts *counts);

/* A run was sampled. */
bool rp_instance_counts__has_samples(const struct rp_instance_counts *counts);

/* ns of CPU time that the targets have used; 0: not known. */
uint64_t rp_instance_counts__cpu(const struct rp_instance_counts *counts);

/* Instances that are in no figure, as the record has lost them. */
uint64_t rp_instance_counts__lost(const struct rp_instance_counts *counts);

#endif

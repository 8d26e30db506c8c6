/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Samples on their way to the record. They are taken and named by the loop, and written by the
 * recording's thread, which must not hold up the loop: what they are goes from one to the other
 * here.
 */
#ifndef RP_SAMPLE_QUEUE_H
#define RP_SAMPLE_QUEUE_H

#include "aggregate/sample_store.h"
#include "collect/instances.h"

struct rp_sample_queue;

/* Of all that is added to the store from now on. NULL: out of memory. */
struct rp_sample_queue *rp_sample_queue__new(struct rp_sample_store *store);
void rp_sample_queue__free(struct rp_sample_queue *queue);

/* By the thread that writes: hand on what has come. 0, or what the feed has returned; -ENOMEM. */
int rp_sample_queue__tell(struct rp_sample_queue *queue, struct rp_instance_feed *feed);

/* Likewise: samples that found no room here so far. */
uint64_t rp_sample_queue__lost(const struct rp_sample_queue *queue);

#endif

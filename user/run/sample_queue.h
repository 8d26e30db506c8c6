/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Samples on their way to the record. The main loop takes and names them; the recording's thread
 * writes them. This queue is between the two, so that the loop never waits for the disk.
 */
#ifndef RP_SAMPLE_QUEUE_H
#define RP_SAMPLE_QUEUE_H

#include "aggregate/sample_store.h"
#include "collect/instances.h"

struct rp_sample_queue;

/* A queue for everything that is added to the store from now on. NULL: out of memory. */
struct rp_sample_queue *rp_sample_queue__new(struct rp_sample_store *store);
void rp_sample_queue__free(struct rp_sample_queue *queue);

/* Called by the writing thread: passes on new samples. 0, or the feed's error; -ENOMEM. */
int rp_sample_queue__tell(struct rp_sample_queue *queue, struct rp_instance_feed *feed);

/* Called by the writing thread: samples that found the queue full so far. */
uint64_t rp_sample_queue__lost(const struct rp_sample_queue *queue);

#endif

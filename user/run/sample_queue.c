// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/sample_queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "util/array.h"

/* At most so many samples wait, 40 bytes each: bounds memory when the disk is blocked. */
#define SAMPLES_MAX (1u << 20)

struct numbered_place {
	uint32_t number;
	const struct rp_place *place;
};

struct numbered_call {
	uint32_t number;
	struct rp_sample_call call;
};

struct batch {
	struct numbered_place *places;
	struct numbered_call *calls;
	struct rp_taken_sample *samples;
	size_t n_places, n_calls, n_samples;
	size_t places_room, calls_room, samples_room;
};

struct rp_sample_queue {
	struct rp_sample_store *store;
	struct batch telling; /* only used by the writing thread */

	pthread_mutex_t lock; /* protects the members below */
	struct batch coming;
	uint64_t lost;
	bool failed; /* out of memory: later samples would refer to places that are missing */
};

/* ---- by the loop ----------------------------------------------------------------------------- */

static void on_place(void *ctx, uint32_t number, const struct rp_place *place)
{
	struct rp_sample_queue *q = ctx;
	struct batch *b = &q->coming;

	pthread_mutex_lock(&q->lock);
	if (rp_array__grow(&b->places, b->n_places, &b->places_room, sizeof(*b->places)))
		q->failed = true;
	else
		b->places[b->n_places++] = (struct numbered_place){number, place};
	pthread_mutex_unlock(&q->lock);
}

static void on_call(void *ctx, uint32_t number, const struct rp_sample_call *call)
{
	struct rp_sample_queue *q = ctx;
	struct batch *b = &q->coming;

	pthread_mutex_lock(&q->lock);
	if (rp_array__grow(&b->calls, b->n_calls, &b->calls_room, sizeof(*b->calls)))
		q->failed = true;
	else
		b->calls[b->n_calls++] = (struct numbered_call){number, *call};
	pthread_mutex_unlock(&q->lock);
}

static void on_sample(void *ctx, const struct rp_taken_sample *sample)
{
	struct rp_sample_queue *q = ctx;
	struct batch *b = &q->coming;

	if (sample->unsampled)
		return;
	pthread_mutex_lock(&q->lock);
	if (b->n_samples == SAMPLES_MAX ||
	    rp_array__grow(&b->samples, b->n_samples, &b->samples_room, sizeof(*b->samples)))
		q->lost++;
	else
		b->samples[b->n_samples++] = *sample;
	pthread_mutex_unlock(&q->lock);
}

/* ---- by the thread that writes --------------------------------------------------------------- */

/* false: out of memory. */
static bool take(struct rp_sample_queue *q)
{
	struct batch empty = q->telling;
	bool failed;

	empty.n_places = empty.n_calls = empty.n_samples = 0;
	pthread_mutex_lock(&q->lock);
	q->telling = q->coming;
	q->coming = empty;
	failed = q->failed;
	pthread_mutex_unlock(&q->lock);
	return !failed;
}

int rp_sample_queue__tell(struct rp_sample_queue *q, struct rp_instance_feed *feed)
{
	const struct batch *b = &q->telling;
	int rc = take(q) ? 0 : -ENOMEM;

	for (size_t i = 0; !rc && i < b->n_places; i++)
		rc = rp_instance_feed__tell_place(feed, b->places[i].number, b->places[i].place);
	for (size_t i = 0; !rc && i < b->n_calls; i++)
		rc = rp_instance_feed__tell_call(feed, b->calls[i].number, &b->calls[i].call);
	for (size_t i = 0; !rc && i < b->n_samples; i++)
		rc = rp_instance_feed__tell_sample(feed, &b->samples[i]);
	return rc;
}

uint64_t rp_sample_queue__lost(const struct rp_sample_queue *q)
{
	return __atomic_load_n(&q->lost, __ATOMIC_RELAXED);
}

/* ---- life ------------------------------------------------------------------------------------ */

struct rp_sample_queue *rp_sample_queue__new(struct rp_sample_store *store)
{
	struct rp_sample_queue *q = calloc(1, sizeof(*q));
	const struct rp_sample_listener listener = {
		.ctx = q, .place = on_place, .call = on_call, .sample = on_sample};

	if (!q)
		return NULL;
	*q = (struct rp_sample_queue){.store = rp_sample_store__ref(store),
				      .lock = PTHREAD_MUTEX_INITIALIZER};
	rp_sample_store__listen(store, &listener);
	return q;
}

static void free_batch(struct batch *b)
{
	free(b->places);
	free(b->calls);
	free(b->samples);
}

void rp_sample_queue__free(struct rp_sample_queue *q)
{
	if (!q)
		return;
	rp_sample_store__listen(q->store, NULL);
	rp_sample_store__put(q->store);
	free_batch(&q->telling);
	free_batch(&q->coming);
	free(q);
}

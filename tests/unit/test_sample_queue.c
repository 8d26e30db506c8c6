// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Samples between the loop and the thread that writes them: all of them, once, or counted. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/sample_queue.h"

#define ROOM (1u << 20)

/* ---- who takes samples, and who writes them: both are made up -------------------------------- */

static struct rp_sample_listener loop;
static unsigned told;
static uint32_t last;

struct rp_sample_store *rp_sample_store__ref(struct rp_sample_store *store)
{
	return store;
}

void rp_sample_store__put(struct rp_sample_store *store)
{
	(void)store;
}

void rp_sample_store__listen(struct rp_sample_store *store,
			     const struct rp_sample_listener *listener)
{
	(void)store;
	loop = listener ? *listener : (struct rp_sample_listener){0};
}

int rp_instance_feed__tell_place(struct rp_instance_feed *feed, uint32_t number,
				 const struct rp_place *place)
{
	(void)feed;
	(void)number;
	(void)place;
	return 0;
}

int rp_instance_feed__tell_call(struct rp_instance_feed *feed, uint32_t number,
				const struct rp_sample_call *call)
{
	(void)feed;
	(void)number;
	(void)call;
	return 0;
}

int rp_instance_feed__tell_sample(struct rp_instance_feed *feed,
				  const struct rp_taken_sample *sample)
{
	(void)feed;
	told++;
	last = sample->tid;
	return 0;
}

static void take(struct rp_taken_sample sample, unsigned times)
{
	while (times--)
		loop.sample(loop.ctx, &sample);
}

static void assert_tells(struct rp_sample_queue *queue, unsigned n)
{
	told = 0;
	assert_int_equal(rp_sample_queue__tell(queue, NULL), 0);
	assert_int_equal(told, n);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void samples_are_told_once(void **state)
{
	struct rp_sample_queue *queue = rp_sample_queue__new(NULL);

	(void)state;
	assert_non_null(queue);
	take((struct rp_taken_sample){.tid = 5}, 3);
	/* Whose tree of calls the record leaves out, it leaves out as well. */
	take((struct rp_taken_sample){.tid = 6, .unsampled = true}, 2);
	assert_tells(queue, 3);
	assert_int_equal(last, 5);
	assert_tells(queue, 0);
	assert_int_equal(rp_sample_queue__lost(queue), 0);
	rp_sample_queue__free(queue);
	assert_null(loop.sample);
}

/* While the disk is blocked. */
static void samples_without_room_are_counted(void **state)
{
	struct rp_sample_queue *queue = rp_sample_queue__new(NULL);

	(void)state;
	assert_non_null(queue);
	take((struct rp_taken_sample){.tid = 5}, ROOM + 7);
	assert_int_equal(rp_sample_queue__lost(queue), 7);
	assert_tells(queue, ROOM);
	take((struct rp_taken_sample){.tid = 6}, 1);
	assert_tells(queue, 1);
	assert_int_equal(last, 6);
	assert_int_equal(rp_sample_queue__lost(queue), 7);
	rp_sample_queue__free(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_told_once),
		cmocka_unit_test(samples_without_room_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

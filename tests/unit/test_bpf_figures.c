// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The arithmetic of the BPF programs: sums of squares, extremes, the parts of a frame's time. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rp_figures.h"
#include "rp_hist.h"

typedef unsigned __int128 u128;

static u128 squares(const struct rp_figures *f)
{
	return (u128)f->sq_hi << 64 | f->sq_lo;
}

/* 2^32 ns is 4.29 s: above, a square takes more than 64 bits. */
static const uint64_t durations[] = {0,
				     1,
				     999,
				     65536,
				     4294967295,
				     4294967296,
				     4294967297,
				     4300000000,
				     6074000999,
				     6074001000,
				     10000000007,
				     3600000000000,
				     86400000000000,
				     0x00000001ffffffff,
				     0x7fffffffffffffff,
				     0x8000000000000000,
				     0xfffffffe00000001,
				     UINT64_MAX};
#define DURATIONS (sizeof(durations) / sizeof(durations[0]))

static void test_square_of_each(void **state)
{
	(void)state;
	for (size_t i = 0; i < DURATIONS; i++) {
		struct rp_figures f = {0};

		rp_add_square(&f, durations[i]);
		assert_true(squares(&f) == (u128)durations[i] * durations[i]);
	}
}

/* A carry from the low half, whatever the two halves are that meet. */
static void test_squares_add_up(void **state)
{
	struct rp_figures f = {0};
	u128 sum = 0;

	(void)state;
	for (int round = 0; round < 1000; round++)
		for (size_t i = 0; i < DURATIONS; i++) {
			rp_add_square(&f, durations[i]);
			sum += (u128)durations[i] * durations[i];
			assert_true(squares(&f) == sum);
		}
}

static void test_squares_at_random(void **state)
{
	struct rp_figures f = {0};
	uint64_t random = 1;
	u128 sum = 0;

	(void)state;
	for (int round = 0; round < 1000000; round++) {
		uint64_t ns;

		random = random * 6364136223846793005ull + 1442695040888963407ull;
		ns = random >> (random & 63);
		rp_add_square(&f, ns);
		sum += (u128)ns * ns;
	}
	assert_true(squares(&f) == sum);
}

/* ---- frames --------------------------------------------------------------------------------- */

static void test_clamp(void **state)
{
	static const struct {
		struct rp_taken told, kept;
	} cases[] = {
		{{100, 20, 30, 40}, {100, 20, 30, 40}},
		{{100, 0, 100, 0}, {100, 0, 100, 0}},
		{{100, 0, 130, 0}, {100, 0, 100, 0}},	/* the CPU's clock ran ahead */
		{{100, 0, 60, 70}, {100, 0, 60, 40}},	/* waiting is within what is left */
		{{100, 0, 130, 70}, {100, 0, 100, 0}},	/* of that there may be nothing */
		{{100, 0, -5ull, 70}, {100, 0, 0, 70}}, /* it ran backwards, on another CPU */
		{{100, 0, -5ull, 300}, {100, 0, 0, 100}},
		{{100, 130, 0, 0}, {100, 100, 0, 0}},
		{{0, 1, 1, 1}, {0, 0, 0, 0}},
		{{100, 0, 10, UINT64_MAX}, {100, 0, 10, 90}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rp_taken taken = cases[i].told;

		rp_taken__clamp(&taken);
		assert_memory_equal(&taken, &cases[i].kept, sizeof(taken));
	}
}

static void test_frames_add_up(void **state)
{
	static const struct rp_taken frames[] = {{100, 20, 30, 40}, {7, 0, 7, 0}, {5000, 1, 2, 3}};
	struct rp_figures f = {0};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		rp_figures__add(&f, &frames[i]);
	assert_int_equal(f.count, 3);
	assert_int_equal(f.total, 5107);
	assert_int_equal(f.self, 80 + 7 + 4999);
	assert_int_equal(f.cpu, 39);
	assert_int_equal(f.wait, 43);
	assert_int_equal(~f.min_inv, 7);
	assert_int_equal(f.max, 5000);
	assert_true(squares(&f) == 100 * 100 + 7 * 7 + 5000 * 5000);
	assert_int_equal(f.entries, 0);
	assert_int_equal(f.unwound, 0);
	assert_int_equal(f.skipped, 0);
}

/* A frame of no time at all is the shortest, and it is there. */
static void test_extremes(void **state)
{
	struct rp_figures f = {0};

	(void)state;
	assert_int_equal(f.min_inv, 0);
	rp_figures__add(&f, &(struct rp_taken){.ns = 0});
	assert_int_equal(f.min_inv, UINT64_MAX);
	assert_int_equal(f.max, 0);
	rp_figures__add(&f, &(struct rp_taken){.ns = 1ull << 62});
	assert_int_equal(~f.min_inv, 0);
	assert_int_equal(f.max, 1ull << 62);
}

/* Additions from several CPUs, and from programs that preempt each other. */
#define THREADS 4
#define FRAMES	200000
static struct rp_figures shared;

static void *add_frames(void *first)
{
	for (uint64_t i = 0; i < FRAMES; i++)
		rp_figures__add(&shared, &(struct rp_taken){.ns = 4294967000 + i, .wait = 1});
	return first;
}

static void test_additions_are_atomic(void **state)
{
	pthread_t thread[THREADS];
	u128 sum = 0;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, add_frames, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	for (uint64_t i = 0; i < FRAMES; i++)
		sum += (u128)(4294967000 + i) * (4294967000 + i);
	assert_int_equal(shared.count, THREADS * FRAMES);
	assert_int_equal(shared.wait, THREADS * FRAMES);
	assert_true(squares(&shared) == sum * THREADS);
	assert_int_equal(~shared.min_inv, 4294967000);
	assert_int_equal(shared.max, 4294967000 + FRAMES - 1);
}

/* ---- the histogram -------------------------------------------------------------------------- */

/* Each duration is in the one bucket whose bounds it is within. */
static void test_buckets(void **state)
{
	(void)state;
	for (size_t i = 0; i < DURATIONS; i++)
		for (int64_t near = -1; near <= 1; near++) {
			uint64_t ns = durations[i] + (uint64_t)near;
			uint32_t bucket = rp_hist_index(ns);

			assert_true(bucket < RP_HIST_BUCKETS);
			assert_true(rp_hist_floor(bucket) <= ns);
			if (bucket < RP_HIST_BUCKETS - 1)
				assert_true(ns < rp_hist_floor(bucket + 1));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_square_of_each),	     cmocka_unit_test(test_squares_add_up),
		cmocka_unit_test(test_squares_at_random),    cmocka_unit_test(test_clamp),
		cmocka_unit_test(test_frames_add_up),	     cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_additions_are_atomic), cmocka_unit_test(test_buckets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

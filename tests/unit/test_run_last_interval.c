// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What is shown as the last interval, however readings come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "run/last_interval.h"

#define MS	 1000000ull
#define INTERVAL (1000 * MS)

static uint64_t now; /* ns */

static struct rp_reading read_at(uint64_t time)
{
	struct rp_reading reading = {.counts = calloc(1, sizeof(*reading.counts))};

	assert_non_null(reading.counts);
	reading.counts->time = now = time;
	return reading;
}

static void begin(struct rp_last_interval *interval, uint64_t time)
{
	struct rp_reading reading = read_at(time);

	rp_last_interval__begin(interval, &reading);
	assert_null(reading.counts);
}

static uint64_t length_after(struct rp_last_interval *interval, uint64_t time)
{
	struct rp_reading reading = read_at(time);

	rp_last_interval__add(interval, &reading, INTERVAL);
	assert_null(reading.counts);
	assert_int_equal(rp_last_interval__last(interval)->counts->time, time);
	return time - rp_last_interval__first(interval)->counts->time;
}

static void it_is_between_the_last_two(void **state)
{
	struct rp_last_interval interval = {0};

	(void)state;
	begin(&interval, 5000 * MS);
	assert_ptr_equal(rp_last_interval__first(&interval), rp_last_interval__last(&interval));
	for (uint64_t i = 1; i < 10; i++)
		assert_int_equal(length_after(&interval, 5000 * MS + i * INTERVAL), INTERVAL);
	assert_int_equal(interval.since.counts->time, 5000 * MS);
	rp_last_interval__free(&interval);
}

/* In between, each so long after the one before. */
static void it_does_not_grow_with_keys(void **state)
{
	(void)state;
	for (uint64_t step = 10; step <= 1000; step += 10) {
		struct rp_last_interval interval = {0};

		begin(&interval, 0);
		for (uint64_t time = step * MS; time < 20 * INTERVAL; time += step * MS) {
			uint64_t length = length_after(&interval, time);

			assert_true(length < INTERVAL * 3 / 2);
			assert_true(length >= INTERVAL / 2 || time < INTERVAL / 2);
		}
		rp_last_interval__free(&interval);
	}
}

/* As somebody presses them, behind a figure or two of the timer's. */
static void it_is_as_long_whenever_keys_come(void **state)
{
	struct rp_last_interval interval = {0};
	unsigned seed = 1;

	(void)state;
	begin(&interval, 0);
	for (int i = 0; i < 100000; i++) {
		uint64_t length;

		seed = seed * 1103515245 + 12345;
		length = length_after(&interval, now + (1 + (seed >> 16) % 1000) * MS);
		assert_true(length < INTERVAL * 3 / 2);
		assert_true(length >= INTERVAL / 2 || now < INTERVAL / 2);
	}
	rp_last_interval__free(&interval);
}

static void it_begins_anew_after_a_reset(void **state)
{
	struct rp_last_interval interval = {0};

	(void)state;
	begin(&interval, 0);
	length_after(&interval, INTERVAL);
	length_after(&interval, INTERVAL + 100 * MS);
	begin(&interval, 2 * INTERVAL);
	assert_int_equal(length_after(&interval, 2 * INTERVAL + 100 * MS), 100 * MS);
	rp_last_interval__free(&interval);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_between_the_last_two),
		cmocka_unit_test(it_does_not_grow_with_keys),
		cmocka_unit_test(it_is_as_long_whenever_keys_come),
		cmocka_unit_test(it_begins_anew_after_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

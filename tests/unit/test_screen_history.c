// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Figures over time on the live screen: rates, the last minute, losses. */
#include "screen_fixture.h"

static uint64_t history_count(const char *row, double *rate)
{
	for (size_t i = 0; i < s.shown->n_rows; i++)
		if (!strcmp(s.shown->rows[i].name, row)) {
			*rate = s.shown->rows[i].history->rate;
			return s.shown->rows[i].f.count;
		}
	fail_msg("no row %s", row);
	return 0;
}

static void test_rates(void **state)
{
	double rate;
	float minute[RP_HISTORY_SECONDS];
	const struct rp_row *row;

	(void)state;
	assert_int_equal(history_count("query", &rate), 1030);
	assert_true(rate == 0);
	server.nodes[1].figures.count += 50;
	server.nodes[1].figures.entries += 50;
	server.nodes[1].figures.total += S;
	server.nodes[1].figures.self += S;
	update(12);
	history_count("handle_request", &rate);
	assert_true(rate > 24.99 && rate < 25.01);
	row = rp_state__row(&s, 0, NULL);
	assert_string_equal(row->name, "handle_request");
	assert_true(row->history->share > 49.9 && row->history->share < 50.1);
	assert_true(row->history->heat > 0.99);
	assert_true(s.histories.all.rate > 24.9 && s.histories.all.rate < 25.1);
	/* Half of it in each of the two seconds that are over, nothing before. */
	update(13);
	rp_history__minute(&s.histories, rp_state__row(&s, 0, NULL)->history, minute,
			   RP_HISTORY_SECONDS);
	assert_true(minute[59] == 0);
	assert_true(minute[58] > 24.9f && minute[58] < 25.1f);
	assert_true(minute[57] > 24.9f && minute[57] < 25.1f);
	assert_true(minute[56] < 0); /* not watched yet */
	/* A minute later nothing is left of it. */
	update(75);
	rp_history__minute(&s.histories, rp_state__row(&s, 0, NULL)->history, minute,
			   RP_HISTORY_SECONDS);
	for (size_t i = 0; i < RP_HISTORY_SECONDS; i++)
		assert_true(minute[i] == 0);
}

/* From one second to the next the last part changes alone, or all move by one. */
static void test_parts_stand_still(void **state)
{
	enum { PARTS = 9 };
	float before[PARTS], minute[PARTS] = {0};
	size_t moved = 0;

	(void)state;
	for (uint64_t second = 11; second < 150; second++) {
		server.nodes[1].figures.count += second * second % 17;
		server.nodes[1].figures.entries += second * second % 17;
		update(second);
		memcpy(before, minute, sizeof(before));
		rp_history__minute(&s.histories, rp_state__row(&s, 0, NULL)->history, minute,
				   PARTS);
		if (second < 80)
			continue;
		if (!memcmp(before, minute, (PARTS - 1) * sizeof(*minute)))
			continue;
		moved++;
		assert_memory_equal(before + 1, minute, (PARTS - 1) * sizeof(*minute));
	}
	assert_in_range(moved, 10, 11); /* in 70 seconds */
}

/* Heat is a share of the self time that was added since, whoever was hot before. */
static void test_heat(void **state)
{
	(void)state;
	server.nodes[1].figures.self += S;
	update(12);
	assert_true(rp_state__row(&s, 0, NULL)->history->heat > 0.99);
	server.nodes[1].figures.self += S / 4;
	server.nodes[2].figures.self += 3 * S / 4;
	update(14);
	assert_true(rp_state__row(&s, 0, NULL)->history->heat > 0.24);
	assert_true(rp_state__row(&s, 0, NULL)->history->heat < 0.26);
}

/* After a reset the figures are smaller than they were: no rate comes of that. */
static void test_reset(void **state)
{
	double rate;

	(void)state;
	key('r');
	assert_int_equal(request.type, RP_REQUEST_RESET);
	rp_state__rebase(&s);
	for (size_t i = 0; i < FIXTURE_NODES; i++)
		server.nodes[i].figures.count = 0;
	server.nodes[1].figures.count = 7;
	update(11);
	assert_int_equal(history_count("handle_request", &rate), 7);
	assert_true(rate > 6.99 && rate < 7.01);
	history_count("query", &rate);
	assert_true(rate == 0);
	assert_true(s.histories.all.rate > 6.99 && s.histories.all.rate < 7.01);
}

/* And what is added from then on counts from nothing: shares and heat, too. */
static void test_heat_after_reset(void **state)
{
	const struct rp_row *row;

	(void)state;
	rp_state__rebase(&s);
	for (size_t i = 0; i < FIXTURE_NODES; i++)
		server.nodes[i].figures.total = server.nodes[i].figures.self = 0;
	server.nodes[1].figures.total = server.nodes[1].figures.self = S / 4;
	update(11);
	row = rp_state__row(&s, 0, NULL);
	assert_string_equal(row->name, "handle_request");
	assert_true(row->history->heat > 0.99);
	assert_true(row->history->share > 24.9 && row->history->share < 25.1);
}

static uint64_t times_in_column(const struct rp_heat *heat, uint64_t second)
{
	uint64_t column = second / RP_HEAT_SECONDS % RP_HEAT_COLUMNS, n = 0;

	for (size_t band = 0; band < RP_HEAT_BANDS; band++)
		n += heat->cell[column][band];
	return n;
}

/* So do the times of the heat map, which has what was there before the reset still. */
static void test_heat_map_after_reset(void **state)
{
	const struct rp_heat *heat;
	uint64_t *bucket = &server.nodes[1].hist.bucket[rp_hist_index(1000)];

	(void)state;
	*bucket += 9;
	update(14);
	heat = rp_state__row(&s, 0, NULL)->history->heat_map;
	assert_non_null(heat);
	assert_int_equal(times_in_column(heat, 14), 9);
	rp_state__rebase(&s);
	memset(server.nodes[1].hist.bucket, 0, RP_HIST_BUCKETS * sizeof(*bucket));
	*bucket = 5;
	update(18);
	heat = rp_state__row(&s, 0, NULL)->history->heat_map;
	assert_int_equal(times_in_column(heat, 14), 9);
	assert_int_equal(times_in_column(heat, 18), 5);
	*bucket = 6;
	update(20);
	assert_int_equal(times_in_column(heat, 18), 5);
	assert_int_equal(times_in_column(heat, 20), 1);
}

/* A key may ask for new figures right behind others: rates go on over the whole of the interval. */
static void test_rates_over_intervals(void **state)
{
	double rate;

	(void)state;
	s.interval = 4;
	server.nodes[1].figures.count += 50;
	update(11);
	assert_int_equal(history_count("handle_request", &rate), 1060);
	assert_true(rate == 0);
	update(12);
	assert_int_equal(history_count("handle_request", &rate), 1060);
	assert_true(rate > 24.99 && rate < 25.01);
}

static void test_losses(void **state)
{
	(void)state;
	assert_int_equal(rp_state__lost(&s), 19);
	assert_false(s.losing);
	server.counts.lost[RP_LOST_DEPTH]++;
	update(11);
	assert_true(s.losing);
	update(12);
	assert_false(s.losing);
	assert_int_equal(rp_state__lost(&s), 20);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_heat),
		TEST(test_rates),
		TEST(test_reset),
		TEST(test_heat_after_reset),
		TEST(test_heat_map_after_reset),
		TEST(test_rates_over_intervals),
		TEST(test_parts_stand_still),
		TEST(test_losses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

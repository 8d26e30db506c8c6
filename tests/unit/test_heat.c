// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Latencies over time: which place has how many, as time goes on. */
#include "counts_fixture.h"
#include "export/export.h"
#include "instances_fixture.h"
#include "view/heat.h"

static struct rp_hist hist;
static const struct rp_hist_part part = {.bucket = (uint64_t *)hist.bucket, .end = RP_HIST_BUCKETS};

/* Counts at a time so many columns ago. */
static uint32_t at(const struct rp_heat *heat, const struct rp_heat_view *view, size_t ago,
		   uint64_t ns)
{
	for (size_t i = 0; i < view->lines; i++)
		if (rp_heat__floor(view, i) <= ns)
			return rp_heat__at(heat, view, view->columns - 1 - ago, i);
	return 0;
}

/* Two modes, and one that comes later: each in its line and its column. */
static void test_places(void **state)
{
	struct rp_heat_view view;
	struct rp_heat *heat;

	(void)state;
	hist.bucket[rp_hist_index(1000)] = 7; /* before it was watched */
	heat = rp_heat__new(&part, 100);
	assert_non_null(heat);
	rp_heat__fit(heat, 50, 20, &view);
	assert_int_equal(view.lines, 0);
	hist.bucket[rp_hist_index(1000)] += 100;
	hist.bucket[rp_hist_index(1000000)] += 3;
	rp_heat__add(heat, &part, 101);
	hist.bucket[rp_hist_index(1000)] += 5;
	rp_heat__add(heat, &part, 104);
	for (size_t lines = 1; lines < 40; lines++) {
		rp_heat__fit(heat, 50, lines, &view);
		assert_in_range(view.lines, 1, lines);
	}
	assert_int_equal(at(heat, &view, 2, 1000), 100);
	assert_int_equal(at(heat, &view, 2, 1000000), 3);
	assert_int_equal(at(heat, &view, 0, 1000), 5);
	assert_int_equal(at(heat, &view, 1, 1000), 0);
	assert_int_equal(at(heat, &view, 3, 1000), 0);
	assert_int_equal(view.most, 100);
	assert_int_equal(rp_heat__tone(&view, 0), 0);
	assert_int_equal(rp_heat__tone(&view, 100), RP_HEAT_TONES);
	assert_in_range(rp_heat__tone(&view, 1), 1, RP_HEAT_TONES - 1);
	free(heat);
}

/* What is older than there are columns is gone, and a long pause is no harm. */
static void test_old(void **state)
{
	struct rp_heat *heat = rp_heat__new(&part, 0);
	struct rp_heat_view view;

	(void)state;
	assert_non_null(heat);
	hist.bucket[rp_hist_index(1000)]++;
	rp_heat__add(heat, &part, 1);
	rp_heat__add(heat, &part, 100000);
	rp_heat__fit(heat, 1000, 20, &view);
	assert_int_equal(view.columns, RP_HEAT_COLUMNS);
	assert_int_equal(view.lines, 0);
	/* From zero: none of what came since is missed. */
	rp_heat__rebase(heat);
	hist = (struct rp_hist){0};
	hist.bucket[rp_hist_index(1000)] = 2;
	rp_heat__add(heat, &part, 100000);
	rp_heat__fit(heat, 10, 20, &view);
	assert_int_equal(at(heat, &view, 0, 1000), 2);
	free(heat);
}

/* A pause of any length leaves no more than what is not yet too old. */
static void test_pauses(void **state)
{
	struct rp_heat_view view;

	(void)state;
	for (uint64_t pause = 1; pause <= 2 * RP_HEAT_COLUMNS + 1; pause++) {
		struct rp_heat *heat;
		uint64_t seconds = RP_HEAT_SECONDS, then = 5 * RP_HEAT_COLUMNS, now;
		size_t kept;

		hist = (struct rp_hist){0};
		heat = rp_heat__new(&part, seconds * (then - RP_HEAT_COLUMNS));
		assert_non_null(heat);
		/* Each has as many as its number. */
		for (now = then - RP_HEAT_COLUMNS; now <= then; now++) {
			hist.bucket[rp_hist_index(1000)] += now;
			rp_heat__add(heat, &part, seconds * now);
		}
		now = then + pause;
		hist.bucket[rp_hist_index(1000)] += 7;
		rp_heat__add(heat, &part, seconds * now);
		rp_heat__fit(heat, RP_HEAT_COLUMNS, 1, &view);
		assert_int_equal(view.columns, RP_HEAT_COLUMNS);
		assert_int_equal(at(heat, &view, 0, 1000), 7);
		kept = pause < RP_HEAT_COLUMNS ? RP_HEAT_COLUMNS - pause : 0;
		for (size_t ago = 1; ago < RP_HEAT_COLUMNS; ago++)
			assert_int_equal(at(heat, &view, ago, 1000), ago < pause ? 0
								     : kept	 ? now - ago
										 : 0);
		free(heat);
	}
}

/* Of a period: each instance in one column, and in no other. */
static void test_spread(void **state)
{
	static struct rp_heat heat;
	uint64_t count = 10;
	struct rp_hist_part hist = {.bucket = &count, .from = rp_hist_index(1000)};
	struct rp_heat_view view;
	uint32_t sum = 0;

	(void)state;
	hist.end = hist.from + 1;
	rp_heat__of_period(&heat, 20);
	rp_heat__spread(&heat, &hist, 0.5, 0.5);
	rp_heat__spread(&heat, &hist, 0.9, 2);
	rp_heat__spread(&heat, &hist, -1, 0.01);
	rp_heat__fit(&heat, 20, 10, &view);
	assert_int_equal(view.columns, 20);
	assert_int_equal(view.lines, 1);
	assert_int_equal(rp_heat__at(&heat, &view, 10, 0), 10);
	assert_int_equal(rp_heat__at(&heat, &view, 18, 0), 5);
	assert_int_equal(rp_heat__at(&heat, &view, 19, 0), 5);
	assert_int_equal(rp_heat__at(&heat, &view, 0, 0), 10);
	for (size_t c = 0; c < 20; c++)
		sum += rp_heat__at(&heat, &view, c, 0);
	assert_int_equal(sum, 30);
	/* Fewer than columns: whole ones all the same. */
	count = 2;
	rp_heat__of_period(&heat, 20);
	rp_heat__spread(&heat, &hist, 0, 1);
	rp_heat__fit(&heat, 20, 10, &view);
	for (size_t c = sum = 0; c < 20; c++)
		sum += rp_heat__at(&heat, &view, c, 0);
	assert_int_equal(sum, 2);
	/* An end before the begin: at the begin. */
	rp_heat__of_period(&heat, 20);
	rp_heat__spread(&heat, &hist, 0.75, 0.25);
	rp_heat__fit(&heat, 20, 10, &view);
	assert_int_equal(rp_heat__at(&heat, &view, 15, 0), 2);
}

/* ---- of a record, as text -------------------------------------------------------------------- */

/* Short ones all the time, long ones now and then; of the other region one whose time is known. */
static void tell_pulse(const struct rp_event_sink *sink)
{
	tell_run(sink, NULL);
	tell_region(sink, 1, "request\n", RP_KIND_FUNCTION);
	tell_region(sink, 2, "query", RP_KIND_FUNCTION);
	tell_node(sink, 2, TOLD_ROOT, 1);
	tell_node(sink, 3, 2, 2);
	for (unsigned i = 0; i < 1000; i++) {
		struct rp_event_instance instance = {
			.start = (5 + i) * 1000000ull, .node = 2, .ns = 20000};

		if (i % 250 == 100)
			instance.ns = 3000000;
		tell(sink, instance);
		instance.node = 3;
		instance.ns = 7000;
		instance.unwound = i != 600;
		tell(sink, instance);
	}
	tell_end(sink, 2000000000);
}

static void test_record(void **state)
{
	const struct rp_export *export = rp_export__find("heatmap");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct rp_event_sink sink;

	(void)state;
	assert_int_equal(export->open(out, &sink), 0);
	tell_pulse(&sink);
	assert_int_equal(sink.close(sink.ctx), 0);
	assert_int_equal(fclose(out), 0);
	assert_golden("export.heatmap", text);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spread), cmocka_unit_test(test_places),
		cmocka_unit_test(test_old),    cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

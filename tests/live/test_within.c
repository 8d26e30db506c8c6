/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* --within: what is inside of some regions is exact, and the rest is nowhere. */
#include <stdio.h>
#include <string.h>

#include "live.h"

#define FUNCTIONS                                                                                  \
	"-f handle -f helper -f work -f setup -f other_thread -u rptrace*:job -u rptrace*:turn "   \
	"--within handle"

static void assert_rows_are(json_t *snapshot, const char *const *names, size_t n)
{
	json_t *row;
	size_t i, found = 0;

	json_array_foreach (live_array(snapshot, "regions"), i, row)
		for (size_t k = 0; k < n; k++)
			found += !strcmp(live_str(row, "name"), names[k]);
	assert_int_equal(found, n);
	assert_int_equal(json_array_size(live_array(snapshot, "regions")), n);
}

/* Recursion, longjmp, threads and spans. */
static void functions(void **state)
{
	static const char *const names[] = {"handle", "helper", "work", "job"};
	struct live_run run;
	char options[256];

	snprintf(options, sizeof(options), FUNCTIONS " %s", (const char *)*state);
	run = live_trace(LIVE_PID, "within 40", options);
	live_assert_nothing_lost(run.json);
	assert_rows_are(run.json, names, LIVE_COUNT(names));
	for (size_t i = 0; i < LIVE_COUNT(names); i++) {
		assert_int_equal(live_sum(run.json, names[i], "count"),
				 live_expected(run.said, names[i]));
		assert_int_equal(live_sum(run.json, names[i], "open"), 0);
		assert_int_equal(live_sum(run.json, names[i], "unwound"), i ? 0 : 10);
		assert_int_equal(live_sum(run.json, names[i], "unmatched"), 0);
	}
}

/* What is around takes no row of the tree: the region is at its root. */
static void tree(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "within 40",
					 "-f main -f handle -f helper --within handle");
	json_t *row;
	size_t i;

	(void)state;
	assert_true(json_array_size(live_array(run.json, "tree")) > 1);
	json_array_foreach (live_array(run.json, "tree"), i, row)
		if (json_is_null(json_object_get(row, "parent")))
			assert_string_equal(live_str(row, "name"), "handle");
}

/* Labels of what is outside take none of their room. */
static void labels(void **state)
{
	struct live_run run = live_trace(
		LIVE_PID, "within 40",
		"-f handle -f helper -f work --within help* --label arg0:i32 --max-labels 3");

	(void)state;
	live_assert_nothing_lost(run.json);
	for (int depth = 0; depth < 3; depth++) {
		char label[8];

		snprintf(label, sizeof(label), "%d", depth);
		assert_int_equal(live_sum_of(run.json, "helper", label, "count"),
				 live_expected(run.said, "helper") / 3);
	}
}

/* Names that are made at run time. */
static void names(void **state)
{
	static const char *const rows[] = {"outer", "inner"};
	struct live_run run = live_trace(LIVE_PID, "within 40", "--within o?t*r");

	(void)state;
	live_assert_nothing_lost(run.json);
	assert_rows_are(run.json, rows, LIVE_COUNT(rows));
	assert_int_equal(live_sum(run.json, "outer", "count"), 40);
	assert_int_equal(live_sum(run.json, "inner", "count"), 80);
}

/*
 * What is left out is nowhere, under whichever -x, and what is in it is not: it is there as well.
 */
static void left_out_names(void **state)
{
	static const char *const rows[] = {"inner"};
	struct live_run run = live_trace(LIVE_PID, "within 40",
					 "-x job -x turn -x [a-n]u* -x o?t*r -x "
					 "*no-name-is-as-long-as-this-which-is-of-more-bytes-"
					 "than-one-may-have*");

	(void)state;
	live_assert_nothing_lost(run.json);
	assert_rows_are(run.json, rows, LIVE_COUNT(rows));
	assert_int_equal(live_sum(run.json, "inner", "count"), 120);
	assert_int_equal(live_sum(run.json, "inner", "open"), 0);
	assert_int_equal(live_sum(run.json, "inner", "unmatched"), 0);
}

/* A span is around nothing: it counts itself. */
static void spans(void **state)
{
	static const char *const rows[] = {"job"};
	struct live_run run = live_trace(LIVE_PID, "within 40",
					 "-f work -u rptrace*:job --within job");

	(void)state;
	assert_rows_are(run.json, rows, LIVE_COUNT(rows));
	assert_int_equal(live_sum(run.json, "job", "count"), live_expected(run.said, "job") + 2);
}

int main(void)
{
	static const char *const methods[] = {"", "--attach multi", "--attach perf",
					      "--exit ret-sites"};
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(tree),		  cmocka_unit_test(labels), cmocka_unit_test(names),
		cmocka_unit_test(left_out_names), cmocka_unit_test(spans),
	};
	static struct CMUnitTest tests[LIVE_COUNT(methods) + LIVE_COUNT(single)];
	size_t n = 0;

	for (size_t i = 0; i < LIVE_COUNT(methods); i++)
		tests[n++] = live_test(functions, methods[i], "functions %s", methods[i]);
	memcpy(&tests[n], single, sizeof(single));
	return live_main("within", tests, LIVE_COUNT(tests));
}

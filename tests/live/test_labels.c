/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Regions told apart by arguments: every label is right, and all of them add up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live.h"

#define PIECE	   20000 /* as the target has it */
#define MAX_LABELS 1024

static void assert_count(json_t *snapshot, const char *name, const char *group, uint64_t count)
{
	uint64_t counted = live_sum_of(snapshot, name, group, "count");

	if (counted != count)
		fail_msg("%s '%s': %llu, not %llu", name, group, (unsigned long long)counted,
			 (unsigned long long)count);
}

/* ---- sums ------------------------------------------------------------------------------------ */

struct sums_case {
	const char *options;
	const char *mode;
	unsigned long threads, calls, distinct; /* calls are each thread's */
};

static const struct sums_case sums_cases[] = {
	{"", "values", 1, 3000, 1},
	{"", "values", 4, 5000, 100},
	{"", "texts", 4, 5000, 100},
	{"", "values", 2, 500000, 1000000},
	{"", "texts", 2, 50000, 100000},
	{"--attach session", "values", 2, 2700, 900},
	{"--attach multi", "values", 2, 2700, 900},
	{"--attach perf", "values", 2, 2700, 900},
	{"--exit ret-sites", "values", 2, 2700, 900},
	{"--attach multi --exit ret-sites", "texts", 2, 2700, 900},
	{"--attach perf", "texts", 2, 2700, 900},
};

static struct live_run run_sums(const struct sums_case *c, const char *region)
{
	const char *path = live_path("labels.json");
	unsigned pieces = (unsigned)((c->calls + PIECE - 1) / PIECE * c->threads);
	struct live_run run = {0};

	run.target = live_target("labels %s %lu %lu %lu", c->mode, c->threads, c->calls,
				 c->distinct);
	run.rptrace = live_rptrace_ready(
		"-p %d -f batch -f %s --label arg0%s %s --format json -o %s", run.target->pid,
		region, *c->mode == 't' ? ":str" : "", c->options, path);
	live_release(run.target);
	for (unsigned i = 1; i <= pieces; i++)
		live_expect_line(run.target, "piece", i);
	assert_int_equal(live_wait(run.target), 0);
	run.said = run.target->out;
	run.json = live_figures(run.rptrace, path);
	return run;
}

/* All labels that fit are exact; those past the bound are in one row. */
static void assert_values(const struct sums_case *c, json_t *json, const char *region)
{
	uint64_t each = c->threads * c->calls / c->distinct, other = 0, labels = 0;
	json_t *row;
	size_t i;

	json_array_foreach (live_array(json, "regions"), i, row) {
		if (strcmp(live_str(row, "name"), region) != 0)
			continue;
		if (!strcmp(live_str(row, "group"), "other")) {
			other += live_u64(row, "count");
			continue;
		}
		assert_int_equal(live_u64(row, "count"), each);
		labels++;
	}
	/* Each CPU may keep the number of a string that another one was faster with. */
	if (c->distinct <= 900)
		assert_int_equal(labels, c->distinct);
	else
		assert_in_range(labels, 900, MAX_LABELS);
	assert_int_equal(other, c->threads * c->calls - labels * each);
	if (other)
		assert_int_equal(live_rows(json, region), labels + 1);
}

/*
 * What the labels add up to is what the region is without them: the calls that the target made, and
 * the time that their caller spent in its children, of which there are no others.
 */
static void sums(void **state)
{
	const struct sums_case *c = *state;
	const char *region = *c->mode == 't' ? "by_text" : "by_value";
	struct live_run run = run_sums(c, region);
	uint64_t children = live_sum(run.json, "batch", "total_ns") -
			    live_sum(run.json, "batch", "self_ns");

	live_assert_nothing_lost(run.json);
	live_assert_rows(run.json);
	assert_int_equal(live_sum(run.json, region, "count"), live_expected(run.said, region));
	assert_int_equal(live_sum(run.json, region, "total_ns"), children);
	assert_int_equal(live_sum(run.json, region, "self_ns"), children);
	assert_values(c, run.json, region);
}

/* ---- strings and types ----------------------------------------------------------------------- */

#define SIXTEEN_X    "xxxxxxxxxxxxxxxx"
#define SIXTY_FOUR_X SIXTEEN_X SIXTEEN_X SIXTEEN_X SIXTEEN_X
#define SIXTEEN	     "0123456789abcdef"
#define SIXTY_FOUR   SIXTEEN SIXTEEN SIXTEEN SIXTEEN

/* No byte past its length, and none past its end. */
static void sized_strings(void **state)
{
	static const struct {
		const char *group;
		uint64_t count;
	} rows[] = {{"GET", 10},
		    {"POST", 10},
		    {"end", 10},
		    {"\"\"", 10},
		    {SIXTY_FOUR_X, 10},
		    {SIXTY_FOUR_X "...", 10},
		    {"GET /index.html", 10},
		    {"NULL", 10}};
	struct live_run run = live_trace(LIVE_PID, "labels sized 10",
					 "-f by_sized --label arg0:str@arg1");

	(void)state;
	live_assert_nothing_lost(run.json);
	assert_int_equal(live_rows(run.json, "by_sized"), LIVE_COUNT(rows));
	for (size_t i = 0; i < LIVE_COUNT(rows); i++)
		assert_count(run.json, "by_sized", rows[i].group, rows[i].count);
}

/* As the target gives them: shown escaped, and told from our own words. */
static void odd_strings(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "labels odd", "-f by_text --label arg0:str");
	static const struct {
		const char *group;
		uint64_t count;
	} rows[] = {
		{"\"\"", 1},
		{"plain", 2},
		{"with \"quotes\", a comma and \\\\", 3},
		{"\"other\"", 4},
		{"\\x1b[31mred\\x1b[0m\\x0d\\x0a\\x09", 5},
		{"gr\xc3\xb6\xc3\x9f"
		 "e \xe2\x86\x92 \\xff\\xfe",
		 6},
		{SIXTY_FOUR, 7},
		{SIXTY_FOUR "...", 8 + 9},
		{"edge", 1},
		{"NULL", 1},
		{"?", 3},
	};

	(void)state;
	live_assert_nothing_lost_but(run.json, "label_reads");
	assert_int_equal(live_u64(json_object_get(run.json, "lost"), "label_reads"), 3);
	for (size_t i = 0; i < LIVE_COUNT(rows); i++)
		assert_count(run.json, "by_text", rows[i].group, rows[i].count);
	assert_int_equal(live_rows(run.json, "by_text"), LIVE_COUNT(rows));
}

/* No view passes on what could move the cursor. */
static void strings_are_escaped(void **state)
{
	static const char *const forms[] = {"table", "csv", "openmetrics", "json"};

	(void)state;
	for (size_t i = 0; i < LIVE_COUNT(forms); i++) {
		const char *path = live_path(forms[i]);
		struct live_proc *rptrace = live_rptrace(
			"-f by_text --label arg0:str --format %s -o %s -- %s", forms[i], path,
			live_target_path("labels odd"));
		char *written;

		assert_int_equal(live_wait(rptrace), 0);
		written = live_slurp(path);
		assert_non_null(strstr(written, "[31mred"));
		assert_null(strchr(written, '\033'));
		free(written);
	}
}

struct type_case {
	const char *label, *group;
};

static const struct type_case type_cases[] = {
	{"arg0", "-1"},		{"arg0:u8", "255"},
	{"arg0:i8", "-1"},	{"arg0:u32", "4294967295"},
	{"arg0:i64", "-1"},	{"arg0:u64", "18446744073709551615"},
	{"arg1", "300"},	{"arg1:u8", "44"},
	{"arg1:i8", "44"},	{"arg1:u16", "300"},
	{"arg1:i16", "300"},	{"arg1:i32", "300"},
	{"arg2:ptr", "0xbeef"},
};

static void types(void **state)
{
	const struct type_case *c = *state;
	char options[64];
	struct live_run run;

	snprintf(options, sizeof(options), "-f by_types --label %s", c->label);
	run = live_trace(LIVE_PID, "labels types", options);
	live_assert_nothing_lost(run.json);
	assert_int_equal(live_rows(run.json, "by_types"), 1);
	assert_count(run.json, "by_types", c->group, 1);
}

/* Arguments of USDT probes, wherever they live. */
static void usdt_places(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "labels usdt 40", "-u places:* --label arg0");
	static const char *const rows[][2] = {
		{"reg", "-2"},	  {"reg", "-1"},    {"reg", "0"},     {"reg", "1"},
		{"mem", "0"},	  {"mem", "1"},	    {"mem", "2"},     {"mem", "3"},
		{"scaled", "10"}, {"scaled", "11"}, {"scaled", "12"}, {"scaled", "13"},
	};

	(void)state;
	live_assert_nothing_lost(run.json);
	for (size_t i = 0; i < LIVE_COUNT(rows); i++)
		assert_count(run.json, rows[i][0], rows[i][1], 10);
	assert_count(run.json, "constant", "-5", 40);
	assert_count(run.json, "bare", "-", 40);
	assert_int_equal(live_sum(run.json, "text", "count"), 40);

	run = live_trace(LIVE_PID, "labels usdt 40", "-u places:* --label arg0:str");
	assert_count(run.json, "text", "odd", 20);
	assert_count(run.json, "text", "even", 20);
	/* An int is no pointer. */
	assert_count(run.json, "reg", "?", 40);
}

static const struct late_case {
	const char *region, *type, *label, *bound;
	unsigned first; /* labels that find a place */
} late_cases[] = {
	{"by_value", "", "2001", "", 1024},
	{"by_text", ":str", "favourite", "", 1024},
	{"by_value", "", "2001", "--max-labels 65536 --max-nodes 1000", 937},
};

/* Past --max-labels values have one row together. */
static void few_labels(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "labels values 1 3000 100",
					 "-f by_value --label arg0 --max-labels 10");

	(void)state;
	live_assert_nothing_lost(run.json);
	assert_int_equal(live_sum(run.json, "by_value", "count"), 3000);
	assert_int_equal(live_rows(run.json, "by_value"), 10 + 1);
}

/*
 * A label that is frequent gets a row past the bound, and those that come once do not: the calls
 * before that are among the others, and all of them add up.
 */
static void late_labels(void **state)
{
	const struct late_case *c = *state;
	struct live_run run;
	char options[128];
	uint64_t favoured;
	size_t i, late = 0;
	json_t *row;

	snprintf(options, sizeof(options), "-f %s --label arg0%s %s", c->region, c->type, c->bound);
	run = live_trace(LIVE_PID, "labels late 2000", options);
	live_assert_nothing_lost(run.json);
	assert_int_equal(live_sum(run.json, c->region, "count"),
			 live_expected(run.said, c->region));
	json_array_foreach (live_array(run.json, "regions"), i, row) {
		if (!json_is_true(json_object_get(row, "late")))
			continue;
		assert_string_equal(live_str(row, "group"), c->label);
		late++;
	}
	assert_int_equal(late, 1);
	assert_int_equal(live_rows(run.json, c->region), c->first + 2);
	favoured = live_sum_of(run.json, c->region, c->label, "count");
	assert_in_range(favoured, 4000, 4999);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static const struct CMUnitTest single[] = {
	cmocka_unit_test(sized_strings),       cmocka_unit_test(odd_strings),
	cmocka_unit_test(strings_are_escaped), cmocka_unit_test(usdt_places),
	cmocka_unit_test(few_labels),
};

int main(void)
{
	static struct CMUnitTest tests[LIVE_COUNT(sums_cases) + LIVE_COUNT(type_cases) +
				       LIVE_COUNT(late_cases) + LIVE_COUNT(single)];
	size_t n = 0;

	for (size_t i = 0; i < LIVE_COUNT(sums_cases); i++) {
		const struct sums_case *c = &sums_cases[i];

		tests[n++] = live_test(sums, c, "%s %lu %lu %lu %s", c->mode, c->threads, c->calls,
				       c->distinct, c->options);
	}
	for (size_t i = 0; i < LIVE_COUNT(type_cases); i++)
		tests[n++] = live_test(types, &type_cases[i], "types %s", type_cases[i].label);
	for (size_t i = 0; i < LIVE_COUNT(late_cases); i++)
		tests[n++] = live_test(late_labels, &late_cases[i], "late labels %s %s",
				       late_cases[i].label, late_cases[i].bound);
	memcpy(&tests[n], single, sizeof(single));
	return live_main("labels", tests, LIVE_COUNT(tests));
}

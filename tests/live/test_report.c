// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Reports: of a run that was recorded beside its live view a report says what the final summary
 * said, figure by figure; its exports hold the very same instances.
 */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live.h"

struct report_case {
	const char *target;
	const char *options; /* of the run */
	const char *view;    /* of the run and of the report */
};

static const struct report_case cases[] = {
	{"threads busy 4 2000", "-f outer -f middle -f inner", ""},
	{"threads busy 3 500", "-f outer -f middle -f inner", "--by thread"},
	{"threads short 100 20", "-f outer -f middle -f inner", "--by thread"},
	{"threads deep 300 20", "-f nest", ""},
	{"functions counts 2 500", "-f leaf -f rec_*", "--by process"},
	{"functions counts 2 500", "-f leaf -f rec_*", "--compensate"},
	{"unwind throw 200", "-f first -f second -f third", ""},
	{"unwind exit 50", "-f third", ""},
	{"spans pool 2000", "", "--by command"},
	{"spans disorder 300", "", ""},
	{"marks_c 2 200", "", ""},
	{"marks_names 2 100", "", ""},
	{"labels values 2 3000 50", "-f batch -f by_value --label arg0", "--by label"},
	{"labels returns 100", "-f by_return --label ret", "--by label"},
	{"threads busy 2 2000", "-f outer -f middle -f inner --min-duration 5us", ""},
	{"functions counts 2 500", "-f leaf -f rec_* --min-duration 2us", ""},
	{"sampled alone 1000", "-f seven -f three --sample", ""},
	{"sampled threads 500", "-f seven -f three --sample", "--by thread"},
	{"sampled child 1000", "-f seven -f three --sample=499", "--by process"},
};

/* A run, recorded. */
static json_t *recorded(const struct report_case *c, const char *path)
{
	char options[512];

	snprintf(options, sizeof(options), "%s %s --record %s", c->options, c->view, path);
	return live_trace(LIVE_COMMAND, c->target, options).json;
}

/* What the report says, with no rights at all. */
static const char *report(const char *path, const char *options)
{
	struct live_proc *rptrace;

	assert_int_equal(chown(path, 65534, 65534), 0);
	rptrace = live_start(LIVE_AS_NOBODY "%s report %s %s", live_program(), options, path);
	if (live_wait(rptrace))
		fail_msg("report %s: %s", options, rptrace->err);
	/* No record is written over a file of somebody else. */
	assert_int_equal(chown(path, 0, 0), 0);
	return rptrace->out;
}

static json_t *report_json(const char *path, const char *options)
{
	char line[256];
	json_error_t error;
	json_t *json;

	snprintf(line, sizeof(line), "--json %s", options);
	json = json_loads(report(path, line), 0, &error);
	if (!json)
		fail_msg("report: %s", error.text);
	return json;
}

static void assert_same_rows(json_t *live, json_t *report, const char *key)
{
	json_t *a = live_array(live, key), *b = live_array(report, key);

	assert_int_equal(json_array_size(a), json_array_size(b));
	assert_true(json_array_size(a) > 0);
	for (size_t i = 0; i < json_array_size(a); i++) {
		json_t *x = json_array_get(a, i), *y = json_array_get(b, i);

		/* When it was: only a record tells. */
		assert_true(live_u64(y, "last_ns") >= live_u64(y, "first_ns"));
		json_object_del(y, "first_ns");
		json_object_del(y, "last_ns");
		if (!json_equal(x, y))
			fail_msg("%s: live %s, report %s", key, json_dumps(x, JSON_COMPACT),
				 json_dumps(y, JSON_COMPACT));
	}
}

/* The rows have their own lines; these are of the whole. */
static void assert_same_samples(json_t *live, json_t *report)
{
	json_t *samples = json_object_get(live, "samples");

	assert_int_equal(samples != NULL, json_object_get(report, "samples") != NULL);
	if (!samples)
		return;
	assert_true(live_u64(samples, "taken") > 0);
	assert_true(json_equal(samples, json_object_get(report, "samples")));
	assert_true(json_equal(live_array(live, "lines"), live_array(report, "lines")));
}

/* What probes cost in all is added up in the order of rows, which is not the same. */
static void assert_same_overhead(json_t *live, json_t *report)
{
	static const char *const keys[] = {"ns_per_region", "cpu_share"};

	for (size_t i = 0; i < LIVE_COUNT(keys); i++) {
		json_t *a = json_object_get(json_object_get(live, "overhead"), keys[i]);
		json_t *b = json_object_get(json_object_get(report, "overhead"), keys[i]);

		assert_true(json_is_real(a) && json_is_real(b));
		assert_true(fabs(json_real_value(a) - json_real_value(b)) <=
			    1e-9 * json_real_value(a));
	}
}

static void report_is_the_summary(void **state)
{
	const struct report_case *c = *state;
	const char *path = live_path("report.rpt");
	json_t *live = recorded(c, path), *json = report_json(path, c->view);

	assert_same_rows(live, json, "regions");
	assert_same_rows(live, json, "tree");
	assert_true(json_equal(json_object_get(live, "lost"), json_object_get(json, "lost")));
	assert_true(json_equal(json_object_get(live, "attach"), json_object_get(json, "attach")));
	assert_same_overhead(live, json);
	assert_same_samples(live, json);
	json_decref(json);
}

/* ---- exports -------------------------------------------------------------------------------- */

static uint64_t sum_of_rows(json_t *json, const char *key)
{
	json_t *row;
	uint64_t sum = 0;
	size_t i;

	json_array_foreach (live_array(json, "tree"), i, row)
		sum += live_u64(row, key);
	return sum;
}

/* Instances, and the time of those that were timed. */
struct sums {
	uint64_t instances, unwound, ns;
};

static struct sums sums_of_chrome(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, 0, &error), *event;
	struct sums sums = {0};
	size_t i;

	if (!json)
		fail_msg("chrome, line %d: %s", error.line, error.text);
	json_array_foreach (live_array(json, "traceEvents"), i, event) {
		json_t *left = json_object_get(event, "cat");

		if (strcmp(live_str(event, "ph"), "X"))
			continue;
		sums.instances++;
		sums.unwound += left != NULL;
		if (!left)
			sums.ns += (uint64_t)(json_number_value(json_object_get(event, "dur")) *
						      1000 +
					      0.5);
	}
	json_decref(json);
	return sums;
}

/* The field of that number in a line; names of these targets need no quotes. */
static const char *field(const char *line, int number)
{
	while (number--)
		line = strchr(line, ',') + 1;
	return line;
}

static struct sums sums_of_csv(const char *text)
{
	struct sums sums = {0};

	while ((text = strchr(text, '\n')) && *++text) {
		bool unwound = !strncmp(field(text, 16), "unwound,", 8);

		sums.instances++;
		sums.unwound += unwound;
		sums.ns += unwound ? 0 : strtoull(field(text, 10), NULL, 10);
	}
	return sums;
}

static uint64_t sum_of_folded(const char *text)
{
	uint64_t sum = 0;

	while (*text) {
		size_t n = strcspn(text, "\n");
		const char *space = memrchr(text, ' ', n);

		assert_non_null(space);
		sum += strtoull(space, NULL, 10);
		text += n + (text[n] == '\n');
	}
	return sum;
}

static void assert_same_sums(const struct sums *got, json_t *json)
{
	uint64_t unwound = sum_of_rows(json, "unwound");

	assert_int_equal(got->instances, sum_of_rows(json, "count") + unwound);
	assert_int_equal(got->unwound, unwound);
	assert_int_equal(got->ns, sum_of_rows(json, "total_ns"));
}

static const struct report_case exported[] = {
	{"threads busy 4 500", "-f outer -f middle -f inner", ""},
	{"threads deep 300 3", "-f nest", ""},
	{"unwind throw 200", "-f first -f second -f third", ""},
	{"marks_c 2 200", "", ""},
};

static void exports_hold_the_same(void **state)
{
	const char *path = live_path("exported.rpt");
	json_t *live = recorded(*state, path);
	struct sums chrome, csv;

	chrome = sums_of_chrome(report(path, "--format chrome"));
	assert_same_sums(&chrome, live);
	csv = sums_of_csv(report(path, "--format instances-csv"));
	assert_same_sums(&csv, live);
	assert_int_equal(sum_of_folded(report(path, "--format folded")),
			 sum_of_rows(live, "self_ns"));
}

/* ---- parts of a record ---------------------------------------------------------------------- */

static void parts_add_up(void **state)
{
	static const struct report_case c = {"threads busy 2 1000", "-f outer -f middle -f inner",
					     ""};
	const char *path = live_path("parts.rpt");
	json_t *live = recorded(&c, path), *first, *rest, *inner;

	(void)state;
	first = report_json(path, "--to 2ms");
	rest = report_json(path, "--from 2ms");
	assert_int_equal(sum_of_rows(first, "count") + sum_of_rows(rest, "count"),
			 sum_of_rows(live, "count"));
	assert_int_equal(sum_of_rows(first, "total_ns") + sum_of_rows(rest, "total_ns"),
			 sum_of_rows(live, "total_ns"));
	inner = report_json(path, "--region inn*");
	assert_int_equal(json_array_size(live_array(inner, "regions")), 1);
	json_object_del(live_region(inner, "inner"), "first_ns");
	json_object_del(live_region(inner, "inner"), "last_ns");
	assert_true(json_equal(live_region(inner, "inner"), live_region(live, "inner")));
	json_decref(first);
	json_decref(rest);
	json_decref(inner);
}

/* Figures of a record that has not all of its run say so, the live ones beside it do not. */
static void a_part_is_told(void **state)
{
	static const struct report_case c = {"threads busy 2 500", "-f outer --every 5", ""};
	const char *path = live_path("part.rpt");
	json_t *live = recorded(&c, path), *json = report_json(path, "");

	(void)state;
	assert_null(json_object_get(live, "kept"));
	assert_string_equal(live_str(json, "kept"), "--every 5");
	assert_non_null(strstr(report(path, ""), "recorded with --every 5\n"));
	assert_non_null(strstr(report(path, "--format csv"), "# a part of the run"));
	json_decref(json);
}

/* The slowest of all are as slow as the summary has it, and have inside what they called. */
static void slowest_are_those_of_the_summary(void **state)
{
	static const struct report_case c = {"threads busy 2 1000", "-f outer -f middle -f inner",
					     ""};
	const char *path = live_path("slowest.rpt");
	json_t *live = recorded(&c, path), *json = report_json(path, "--slowest 3"), *region;
	size_t i;

	(void)state;
	assert_int_equal(json_array_size(live_array(json, "regions")), 3);
	json_array_foreach (live_array(json, "regions"), i, region) {
		json_t *row = live_region(live, live_str(region, "name"));
		json_t *slowest = live_array(region, "slowest"), *first;

		first = json_array_get(slowest, 0);
		assert_int_equal(json_array_size(slowest), 3);
		assert_int_equal(live_u64(region, "count"), live_u64(row, "count"));
		assert_int_equal(live_u64(first, "total_ns"), live_u64(row, "max_ns"));
		if (!strcmp(live_str(region, "name"), "outer"))
			assert_int_equal(json_array_size(live_array(first, "inside")), 3);
	}
	json_decref(json);
}

/* ---- what cannot be read -------------------------------------------------------------------- */

static void no_record_is_told(void **state)
{
	const char *path = live_path("none.rpt"), *kept;
	struct live_proc *rptrace;
	struct stat st;

	(void)state;
	live_write("/bin/true", path, O_WRONLY | O_CREAT | O_TRUNC);
	rptrace = live_rptrace("report %s", path);
	assert_int_equal(live_wait(rptrace), 1);
	assert_non_null(strstr(rptrace->err, "none.rpt"));
	/* What was in the file of -o is still there. */
	kept = live_path("kept");
	live_write("/bin/true", kept, O_WRONLY | O_CREAT | O_TRUNC);
	rptrace = live_rptrace("report -o %s %s", kept, path);
	assert_int_equal(live_wait(rptrace), 1);
	assert_int_equal(stat(kept, &st), 0);
	assert_true(st.st_size > 0);
	rptrace = live_rptrace("report %s.not", path);
	assert_int_equal(live_wait(rptrace), 1);
	assert_non_null(strstr(rptrace->err, "No such file"));
	rptrace = live_rptrace("report");
	assert_int_equal(live_wait(rptrace), 2);
	assert_non_null(strstr(rptrace->err, "rptrace record --help"));
}

/* Writing to its own record would destroy it; a full disk is not the record's fault. */
static void output_that_cannot_be_is_told(void **state)
{
	static const struct report_case c = {"functions counts 1 10", "-f leaf", ""};
	static const char *const nothing[] = {"--region none", "--thread 1",
					      "--slowest 3 --region none", "--format flamegraph"};
	const char *path = live_path("own.rpt"), *kept = live_path("nothing.txt");
	struct live_proc *rptrace;
	struct stat st;

	(void)state;
	recorded(&c, path);
	rptrace = live_rptrace("report %s -o %s", path, path);
	assert_int_equal(live_wait(rptrace), 2);
	assert_non_null(strstr(rptrace->err, "own.rpt is a record that is to be read"));
	assert_non_null(strstr(rptrace->err, "-o rptrace.out"));
	json_decref(report_json(path, ""));
	rptrace = live_rptrace("report %s --format chrome -o /dev/full", path);
	assert_int_equal(live_wait(rptrace), 1);
	assert_non_null(strstr(rptrace->err, "could not be written to /dev/full"));
	/* Nor is a file given up for what nothing matches. */
	live_write("/bin/true", kept, O_WRONLY | O_CREAT | O_TRUNC);
	for (size_t i = 0; i < LIVE_COUNT(nothing); i++) {
		rptrace = live_rptrace("report %s %s -o %s", path, nothing[i], kept);
		assert_int_equal(live_wait(rptrace), 3);
		assert_int_equal(stat(kept, &st), 0);
		assert_true(st.st_size > 0);
	}
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(parts_add_up),
		cmocka_unit_test(a_part_is_told),
		cmocka_unit_test(slowest_are_those_of_the_summary),
		cmocka_unit_test(no_record_is_told),
		cmocka_unit_test(output_that_cannot_be_is_told),
	};
	struct CMUnitTest tests[LIVE_COUNT(cases) + LIVE_COUNT(exported) + LIVE_COUNT(others)];
	size_t n = 0;

	for (size_t i = 0; i < LIVE_COUNT(cases); i++)
		tests[n++] = live_test(report_is_the_summary, &cases[i], "%s %s %s",
				       cases[i].target, cases[i].options, cases[i].view);
	for (size_t i = 0; i < LIVE_COUNT(exported); i++)
		tests[n++] = live_test(exports_hold_the_same, &exported[i], "exports %s %s",
				       exported[i].target, exported[i].options);
	memcpy(&tests[n], others, sizeof(others));
	return live_main("report", tests, LIVE_COUNT(tests));
}

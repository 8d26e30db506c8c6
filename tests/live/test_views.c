/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Groups, forms and places of the summary: the same figures in each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live.h"

/* ---- --by ------------------------------------------------------------------------------------ */

struct by_case {
	const char *target;
	const char *options;
	const char *region;
	size_t groups;
	uint64_t each; /* count of each group; 0: they differ */
};

static const struct by_case by_cases[] = {
	{"functions pool 4 500", "--by thread -f leaf", "leaf", 4, 500},
	{"functions pool 4 500", "--by process -f leaf", "leaf", 1, 2000},
	{"functions pool 4 500", "--by command -f leaf", "leaf", 1, 2000},
	{"functions pool 4 500", "--by cgroup -f leaf", "leaf", 1, 2000},
	{"forker tree 2 1 100", "--by process -f fork_work", "fork_work", 5, 100},
	{"forker tree 2 1 100", "--by thread -f fork_work", "fork_work", 5, 100},
	{"forker tree 2 1 100", "--by command -f fork_work", "fork_work", 1, 500},
};

static void groups(void **state)
{
	const struct by_case *c = *state;
	struct live_run run = live_trace(LIVE_PID, c->target, c->options);
	json_t *rows = live_array(run.json, "regions"), *row, *other;
	size_t i, j;

	live_assert_expected(&run, 1);
	live_assert_nothing_lost(run.json);
	live_assert_rows(run.json);
	assert_int_equal(json_array_size(rows), c->groups);
	json_array_foreach (rows, i, row) {
		if (c->each)
			assert_int_equal(live_u64(row, "count"), c->each);
		/* The threads of this target have a name of their own. */
		if (strstr(c->target, "pool"))
			assert_int_equal(strstr(live_str(row, "group"), "worker") != NULL,
					 strstr(c->options, "thread") != NULL);
		json_array_foreach (rows, j, other)
			if (i != j)
				assert_string_not_equal(live_str(row, "group"),
							live_str(other, "group"));
	}
	if (strstr(c->options, "command"))
		assert_non_null(strstr(c->target, live_str(json_array_get(rows, 0), "group")));
}

/* A row a value; regions without one have one row, as ever. */
static void labels(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "marks_c 2 100", "--by label");
	static const struct {
		const char *region;
		int values[4]; /* as the target gives them, 50 times each */
	} rows[] = {{"value", {0, 1, 2, 3}}, {"negative", {-1, -2, -3, -4}}};
	json_t *row;
	size_t i;

	(void)state;
	live_assert_expected(&run, 0);
	live_assert_nothing_lost(run.json);
	for (size_t r = 0; r < LIVE_COUNT(rows); r++)
		for (size_t v = 0; v < LIVE_COUNT(rows[r].values); v++) {
			unsigned found = 0;

			json_array_foreach (live_array(run.json, "regions"), i, row)
				if (!strcmp(live_str(row, "name"), rows[r].region) &&
				    atoi(live_str(row, "group")) == rows[r].values[v]) {
					assert_int_equal(live_u64(row, "count"), 50);
					found++;
				}
			assert_int_equal(found, 1);
		}
	assert_string_equal(live_str(live_region(run.json, "work"), "group"), "-");
}

/* ---- forms ----------------------------------------------------------------------------------- */

#define FIELDS_MAX 64

/* Split one line of CSV in place. */
static size_t csv_fields(char *line, char **fields)
{
	size_t n = 0;
	char *to;

	for (char *at = line; at && n < FIELDS_MAX;) {
		bool quoted = *at == '"';

		at += quoted;
		fields[n++] = to = at;
		while (*at && (quoted || *at != ',')) {
			if (quoted && *at == '"' && *++at != '"')
				quoted = false;
			else
				*to++ = *at++;
		}
		at = *at ? at + 1 : NULL;
		*to = '\0';
	}
	return n;
}

/* Rows of CSV as a snapshot of JSON: integers where they are whole, numbers, else strings. */
static json_t *csv_value(const char *text)
{
	char *end;
	long long whole = strtoll(text, &end, 10);
	double number;

	if (*text && !*end)
		return json_integer(whole);
	number = strtod(text, &end);
	return *text && !*end ? json_real(number) : json_string(text);
}

static json_t *csv_load(const char *path)
{
	char *text = live_slurp(path), *rest = text, *line, *names[FIELDS_MAX], *fields[FIELDS_MAX];
	json_t *json = json_object(), *rows = json_array();
	size_t n_names = 0;

	json_object_set_new(json, "regions", rows);
	while ((line = strsep(&rest, "\n"))) {
		json_t *row;

		if (!*line || *line == '#')
			continue;
		line[strcspn(line, "\r")] = '\0';
		if (!n_names) {
			n_names = csv_fields(line, names);
			continue;
		}
		assert_int_equal(csv_fields(line, fields), n_names);
		row = json_object();
		for (size_t i = 0; i < n_names; i++)
			json_object_set_new(row, names[i], csv_value(fields[i]));
		json_array_append_new(rows, row);
	}
	free(text);
	return json;
}

/* Trace as live_trace() does, into a file of another form. */
static const char *trace_into(const char *format, const char *target, const char *selection)
{
	const char *path = live_path(format);
	struct live_proc *proc = live_target("%s", target), *rptrace;

	rptrace = live_rptrace_ready("-p %d %s --format %s -o %s", proc->pid, selection, format,
				     path);
	live_finish(proc);
	assert_int_equal(live_wait(rptrace), 0);
	return path;
}

static void csv_has_the_figures_of_json(void **state)
{
	static const char target[] = "functions nested 200";
	static const char selection[] = "-f outer -f middle -f inner";
	static const char *const keys[] = {
		"name",	   "kind",	 "object",  "count",  "total_ns", "self_ns",   "cpu_ns",
		"wait_ns", "blocked_ns", "min_ns",  "max_ns", "mean_ns",  "stddev_ns", "p50_ns",
		"p90_ns",  "p99_ns",	 "p999_ns", "open",   "unwound"};
	json_t *csv = csv_load(trace_into("csv", target, selection));
	struct live_run run = live_trace(LIVE_PID, target, selection);
	json_t *rows = live_array(run.json, "regions"), *row;
	size_t i, k;

	(void)state;
	live_assert_rows(csv);
	assert_int_equal(json_array_size(live_array(csv, "regions")), 3);
	json_array_foreach (rows, i, row) {
		json_t *same = live_region(csv, live_str(row, "name"));

		assert_int_equal(live_u64(same, "count"), live_u64(row, "count"));
		assert_string_equal(live_str(same, "kind"), live_str(row, "kind"));
		assert_string_equal(live_str(same, "object"), live_str(row, "object"));
		for (k = 0; k < LIVE_COUNT(keys); k++)
			if (!json_object_get(same, keys[k]) || !json_object_get(row, keys[k]))
				fail_msg("no %s in CSV or in JSON", keys[k]);
	}
	json_decref(csv);
}

static void openmetrics_ends_as_it_must(void **state)
{
	char *text = live_slurp(trace_into("openmetrics", "functions counts 1 123", "-f leaf"));
	size_t len = strlen(text);

	(void)state;
	assert_true(len > 6);
	assert_string_equal(text + len - 6, "# EOF\n");
	assert_non_null(strstr(text, "leaf"));
	assert_non_null(strstr(text, " 123"));
	free(text);
}

static void table_names_what_was_counted(void **state)
{
	struct live_proc *proc = live_target("functions nested 200"), *rptrace;

	(void)state;
	rptrace = live_rptrace_ready("-p %d -b -f outer -f middle -f inner", proc->pid);
	live_finish(proc);
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->out, "outer"));
	assert_non_null(strstr(rptrace->out, "middle"));
	assert_non_null(strstr(rptrace->out, "1200"));
	assert_null(strchr(rptrace->out, '\033'));
}

/* ---- places ---------------------------------------------------------------------------------- */

/* rptrace runs as root: a link that someone left must not lead it to another file. */
static void output_follows_no_link(void **state)
{
	const char *victim = live_path("victim"), *link = live_path("link");
	struct live_proc *proc = live_target("functions counts 1 10"), *rptrace;
	FILE *f = fopen(victim, "w");
	char *text;

	(void)state;
	assert_non_null(f);
	fputs("precious", f);
	fclose(f);
	unlink(link);
	assert_int_equal(symlink(victim, link), 0);
	rptrace = live_rptrace("-p %d -f leaf --format json -o %s -d 0.2", proc->pid, link);
	live_wait(rptrace);
	text = live_slurp(victim);
	assert_string_equal(text, "precious");
	free(text);
}

static const struct CMUnitTest single[] = {
	cmocka_unit_test(labels),
	cmocka_unit_test(csv_has_the_figures_of_json),
	cmocka_unit_test(openmetrics_ends_as_it_must),
	cmocka_unit_test(table_names_what_was_counted),
	cmocka_unit_test(output_follows_no_link),
};

int main(void)
{
	static struct CMUnitTest tests[LIVE_COUNT(by_cases) + LIVE_COUNT(single)];
	size_t n = 0;

	for (; n < LIVE_COUNT(by_cases); n++)
		tests[n] = live_test(groups, &by_cases[n], "%s %s", by_cases[n].target,
				     by_cases[n].options);
	memcpy(&tests[n], single, sizeof(single));
	return live_main("views", tests, LIVE_COUNT(tests));
}

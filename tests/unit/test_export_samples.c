// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Samples in the forms of other programs: of several runs, in parts, and where a record is damaged.
 */
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "compare/run_summary.h"
#include "counts_fixture.h"
#include "export/export.h"
#include "export/split.h"
#include "record/bytes.h"
#include "sampled_fixture.h"

/* Each file that an export is written to. */
struct parts {
	const struct rp_export *export;
	struct {
		FILE *out;
		char *text;
		size_t size;
	} part[4];
	size_t n;
};

static int open_part(void *ctx, struct rp_event_sink *sink)
{
	struct parts *parts = ctx;
	size_t i = parts->n++;

	assert_true(i < 4);
	parts->part[i].out = open_memstream(&parts->part[i].text, &parts->part[i].size);
	assert_non_null(parts->part[i].out);
	return parts->export->open(parts->part[i].out, sink);
}

/* runs: so many, one after the other; most: instances in a part. */
static void export_samples(struct parts *parts, const char *name, unsigned runs, uint64_t most)
{
	const struct rp_split_opts opts = {.most = most, .open = open_part, .ctx = parts};
	struct rp_event_sink sink;

	*parts = (struct parts){.export = rp_export__find(name)};
	assert_int_equal(rp_split__open(&opts, &sink), 0);
	for (unsigned i = 0; i < runs; i++)
		tell_sampled(&sink);
	assert_int_equal(sink.close(sink.ctx), 0);
	for (size_t i = 0; i < parts->n; i++)
		assert_int_equal(fclose(parts->part[i].out), 0);
}

static void free_parts(struct parts *parts)
{
	for (size_t i = 0; i < parts->n; i++)
		free(parts->part[i].text);
}

/* Runs that are alike, as here, would else pass with one stack for both. */
static json_t *json_of(const struct parts *parts, size_t part)
{
	json_t *json = json_loads(parts->part[part].text, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(json);
	return json;
}

/* Its functions, from the innermost out. */
static void check_frames(json_t *frames, const char *number, const char *const *functions)
{
	for (; *functions; functions++) {
		json_t *frame = json_object_get(frames, number);

		assert_non_null(frame);
		assert_string_equal(json_string_value(json_object_get(frame, "name")), *functions);
		number = json_string_value(json_object_get(frame, "parent"));
	}
	assert_null(number);
}

/* How many samples there are, each with its whole stack. */
static size_t check_chrome(json_t *trace)
{
	static const char *const deep[] = {"deep\"er", "outer", "main", NULL};
	static const char *const none[] = {"[none]", NULL};
	json_t *event;
	size_t i, n = 0;

	json_array_foreach (json_object_get(trace, "traceEvents"), i, event) {
		const char *number = json_string_value(json_object_get(event, "sf"));
		const char *const *functions = n % 3 == 0 ? deep : n % 3 == 1 ? deep + 1 : none;

		if (!number)
			continue;
		assert_string_equal(json_string_value(json_object_get(event, "ph")), "P");
		assert_int_equal(json_integer_value(json_object_get(event, "tid")),
				 n % 3 == 1 ? 40 : 41);
		check_frames(json_object_get(trace, "stackFrames"), number, functions);
		n++;
	}
	return n;
}

static void test_stacks_of_several_runs(void **state)
{
	struct parts parts;
	json_t *trace;

	(void)state;
	export_samples(&parts, "chrome", 2, 100);
	trace = json_of(&parts, 0);
	assert_int_equal(check_chrome(trace), 12);
	json_decref(trace);
	free_parts(&parts);
}

static void test_each_part_has_its_stacks(void **state)
{
	struct parts parts;

	(void)state;
	export_samples(&parts, "chrome", 1, 1);
	assert_int_equal(parts.n, 2);
	for (size_t i = 0; i < parts.n; i++) {
		json_t *trace = json_of(&parts, i);

		assert_int_equal(check_chrome(trace), 3);
		json_decref(trace);
	}
	free_parts(&parts);
}

/* One for each thread; each sample stands for as much of the CPU time. */
static void test_profiles_of_samples(void **state)
{
	static const char *const names[] = {"server 41 (samples)", "40 (samples)"};
	struct parts parts;
	json_t *file, *profile;
	size_t i, n = 0;

	(void)state;
	export_samples(&parts, "speedscope", 1, 100);
	file = json_of(&parts, 0);
	json_array_foreach (json_object_get(file, "profiles"), i, profile) {
		json_t *weights = json_object_get(profile, "weights");

		if (!weights)
			continue;
		assert_string_equal(json_string_value(json_object_get(profile, "name")), names[n]);
		assert_int_equal(json_array_size(weights), n ? 2 : 4);
		assert_int_equal(json_integer_value(json_array_get(weights, 0)), CPU / 6);
		assert_int_equal(json_array_size(json_object_get(profile, "samples")), n ? 2 : 4);
		n++;
	}
	assert_int_equal(n, 2);
	json_decref(file);
	free_parts(&parts);
}

/* ---- protobuf -------------------------------------------------------------------------------- */

struct field {
	uint64_t number, value;
	struct rp_cursor message; /* of what has a length */
};

static bool next_field(struct rp_cursor *in, struct field *out)
{
	uint64_t key;

	*out = (struct field){0};
	if (!rp_cursor__number(in, &key))
		return false;
	out->number = key >> 3;
	switch (key & 7) {
	case 0:
		assert_true(rp_cursor__number(in, &out->value));
		break;
	case 1:
		assert_non_null(rp_cursor__bytes(in, sizeof(double)));
		break;
	default:
		assert_true(rp_cursor__item(in, &out->message));
	}
	return true;
}

static struct rp_cursor cursor_of(const struct parts *parts)
{
	const unsigned char *at = (const unsigned char *)parts->part[0].text;

	return (struct rp_cursor){at, at + parts->part[0].size};
}

/* The last number of a field in a message; 0: it has none. */
static uint64_t number_of(struct rp_cursor message, uint64_t field)
{
	struct field at;
	uint64_t value = 0;

	while (next_field(&message, &at))
		if (at.number == field)
			value = at.value;
	return value;
}

/* Those of a profile are numbered as they come. */
static void assert_string(struct rp_cursor profile, uint64_t number, const char *text)
{
	struct field at;

	while (next_field(&profile, &at))
		if (at.number == 6 && !number--) {
			assert_int_equal(at.message.end - at.message.at, strlen(text));
			assert_memory_equal(at.message.at, text, strlen(text));
			return;
		}
	fail_msg("no string is \"%s\"", text);
}

/* Of the stacks, the one that is in a region has a label with its name. */
static void test_pprof_names_regions(void **state)
{
	struct field at, in;
	struct parts parts;
	struct rp_cursor profile;
	unsigned labels = 0;

	(void)state;
	export_samples(&parts, "pprof", 1, 100);
	profile = cursor_of(&parts);
	while (next_field(&profile, &at))
		while (at.number == 2 && next_field(&at.message, &in)) {
			if (in.number != 3)
				continue;
			labels++;
			assert_string(cursor_of(&parts), number_of(in.message, 1), "region");
			assert_string(cursor_of(&parts), number_of(in.message, 2), "request");
		}
	assert_int_equal(labels, 1);
	free_parts(&parts);
}

/* Why a stack ends where it does: of each three samples one has no unwind information there. */
static void test_perfetto_tells_why_stacks_end(void **state)
{
	struct field at, in;
	struct parts parts;
	struct rp_cursor trace;
	unsigned samples = 0, without = 0;

	(void)state;
	export_samples(&parts, "perfetto", 1, 100);
	trace = cursor_of(&parts);
	while (next_field(&trace, &at))
		while (next_field(&at.message, &in)) {
			if (in.number != 66)
				continue;
			samples++;
			without += number_of(in.message, 16) == 3;
		}
	assert_int_equal(samples, 6);
	assert_int_equal(without, 2);
	free_parts(&parts);
}

/* For comparisons: all of them together stand for what the target has used. */
static void test_samples_of_a_summary(void **state)
{
	struct rp_run_summing *summing = rp_run_summing__new();
	struct rp_event_sink sink = rp_run_summing__sink(summing);
	struct rp_run_summary run;

	(void)state;
	tell_sampled(&sink);
	assert_int_equal(rp_run_summing__finish(summing, "a.rpt", &run), 0);
	assert_float_equal(run.profile.each, CPU / 6, 1);
	assert_float_equal(run.profile.samples, 4, 1e-6); /* of two the place is not known */
	rp_run_summary__free(&run);
	rp_run_summing__free(summing);
}

/* What is not known of a frame is NULL, not that of the frame before. */
static void test_frames_of_a_database(void **state)
{
	char path[] = "/tmp/rptrace-test-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	struct rp_event_sink sink;
	sqlite3_stmt *outer;
	sqlite3 *db;

	(void)state;
	assert_non_null(file);
	assert_int_equal(rp_export__find("sqlite")->open(file, &sink), 0);
	tell_sampled(&sink);
	assert_int_equal(sink.close(sink.ctx), 0);
	fclose(file);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db, "SELECT file, line FROM frames WHERE function = 'outer'", -1,
				   &outer, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(outer), SQLITE_ROW);
	assert_int_equal(sqlite3_column_type(outer, 0), SQLITE_NULL);
	assert_int_equal(sqlite3_column_type(outer, 1), SQLITE_NULL);
	sqlite3_finalize(outer);
	sqlite3_close(db);
	unlink(path);
}

/* The whole of each form that is text, of two runs. */
static void test_texts(void **state)
{
	static const char *const forms[] = {"chrome", "speedscope", "folded", "otlp"};
	char golden[64];
	struct parts parts;

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		export_samples(&parts, forms[i], 2, 100);
		assert_int_equal(parts.n, 1);
		snprintf(golden, sizeof(golden), "export-samples.%s", forms[i]);
		assert_golden(golden, parts.part[0].text);
		free_parts(&parts);
	}
}

/* It is called by what the first run was of that says so. */
static void test_title_of_a_flame_graph(void **state)
{
	static const char *const targets[] = {NULL, "PID 7 first", "PID 8 second"};
	struct rp_event_sink sink;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	assert_int_equal(rp_export__find("region-flamegraph")->open(out, &sink), 0);
	for (size_t i = 0; i < 3; i++) {
		const struct rp_event_run run = {.start = TOLD_START, .meta.target = targets[i]};

		assert_int_equal(RP_TELL(&sink, run, &run), 0);
		tell_region(&sink, 1, "request", RP_KIND_FUNCTION);
		tell_node(&sink, 2, TOLD_ROOT, 1);
		tell_thread(&sink, 1, 42, 41, "server");
		tell(&sink, (struct rp_event_instance){.thread = 1, .node = 2, .ns = 2000});
		tell_end(&sink, 9000);
	}
	assert_int_equal(sink.close(sink.ctx), 0);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "PID 7 first"));
	assert_null(strstr(text, "PID 8 second"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_title_of_a_flame_graph),
		cmocka_unit_test(test_stacks_of_several_runs),
		cmocka_unit_test(test_each_part_has_its_stacks),
		cmocka_unit_test(test_profiles_of_samples),
		cmocka_unit_test(test_pprof_names_regions),
		cmocka_unit_test(test_perfetto_tells_why_stacks_end),
		cmocka_unit_test(test_samples_of_a_summary),
		cmocka_unit_test(test_frames_of_a_database),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

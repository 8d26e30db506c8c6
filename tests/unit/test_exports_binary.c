// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Forms that are no text, told as text, to the last field: two records, one behind the other. */
#include <ctype.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <unistd.h>

#include "exports_fixture.h"
#include "sampled_fixture.h"

/* ---- protocol buffers ------------------------------------------------------------------------ */

static uint64_t take_number(const uint8_t **at, const uint8_t *end, bool *is_sound)
{
	uint64_t value = 0;
	unsigned shift = 0;

	while (*at < end && shift < 64) {
		uint8_t byte = *(*at)++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (!(byte & 0x80))
			return value;
	}
	*is_sound = false;
	return 0;
}

static bool is_text(const uint8_t *at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isprint(at[i]) && at[i] < 0x80)
			return false;
	return true;
}

/* A line a field. false: it is no message. out: NULL: only look whether it is one. */
static bool print_fields(const uint8_t *at, const uint8_t *end, int depth, FILE *out)
{
	bool is_sound = at < end;

	while (at < end && is_sound) {
		uint64_t tag = take_number(&at, end, &is_sound), value = 0;
		double real;

		if (out)
			fprintf(out, "%*s%" PRIu64, 2 * depth, "", tag >> 3);
		if (!(tag >> 3))
			return false;
		switch (tag & 7) {
		case 0:
			value = take_number(&at, end, &is_sound);
			if (out)
				fprintf(out, ": %" PRIu64 "\n", value);
			break;
		case 1:
			if (end - at < 8)
				return false;
			memcpy(&real, at, sizeof(real));
			at += sizeof(real);
			if (out)
				fprintf(out, ": %.9g\n", real);
			break;
		case 2:
			value = take_number(&at, end, &is_sound);
			if (!is_sound || value > (uint64_t)(end - at))
				return false;
			if (out && is_text(at, value)) {
				fprintf(out, ": \"%.*s\"\n", (int)value, (const char *)at);
			} else if (out && print_fields(at, at + value, 0, NULL)) {
				fputs(" {\n", out);
				print_fields(at, at + value, depth + 1, out);
				fprintf(out, "%*s}\n", 2 * depth, "");
			} else if (out) {
				fputs(":", out);
				for (const uint8_t *p = at; p < at + value; p++)
					fprintf(out, " %02x", *p);
				fputs("\n", out);
			}
			at += value;
			break;
		default:
			return false;
		}
	}
	return is_sound;
}

static void tell_samples_twice(const struct rp_event_sink *sink)
{
	tell_sampled(sink);
	tell_sampled(sink);
}

static void check_message(const char *form, void (*run)(const struct rp_event_sink *),
			  const char *golden)
{
	char *bytes = NULL, *text = NULL;
	size_t n, size;
	FILE *file = open_memstream(&bytes, &n), *out = open_memstream(&text, &size);
	struct rp_event_sink sink;

	assert_non_null(file);
	assert_non_null(out);
	assert_int_equal(find(form)->open(file, &sink), 0);
	run(&sink);
	assert_int_equal(sink.close(sink.ctx), 0);
	fclose(file);
	assert_true(print_fields((const uint8_t *)bytes, (const uint8_t *)bytes + n, 0, out));
	fclose(out);
	assert_golden(golden, text);
	free(bytes);
	free(text);
}

/* Many slices of time: calls that begin, go on and are over long before the run is. */
static void tell_slices(const struct rp_event_sink *sink)
{
	const uint64_t slice = 1 << 16;

	tell_run(sink, NULL);
	tell_region(sink, 1, "long", RP_KIND_FUNCTION);
	tell_region(sink, 2, "short", RP_KIND_FUNCTION);
	tell_node(sink, 2, TOLD_ROOT, 1);
	tell_node(sink, 3, 2, 2);
	tell_thread(sink, 1, 10, 11, "one");
	tell_thread(sink, 2, 12, 13, "other");
	for (uint64_t i = 3; i < 6; i++)
		tell(sink, (struct rp_event_instance){.start = i * slice,
						      .thread = 1,
						      .node = 3,
						      .ns = slice / 4,
						      .cpu = slice / 4});
	tell(sink, (struct rp_event_instance){.start = 2 * slice,
					      .thread = 1,
					      .node = 2,
					      .ns = 5 * slice,
					      .child = 3 * slice / 4,
					      .cpu = 2 * slice});
	tell(sink, (struct rp_event_instance){.start = 4 * slice,
					      .thread = 2,
					      .node = 2,
					      .ns = 4 * slice + slice / 2,
					      .cpu = 4 * slice + slice / 2});
	tell_end(sink, 20 * slice);
}

static void test_pprof(void **state)
{
	(void)state;
	check_message("pprof", tell_two_runs, "export.pprof.txt");
	check_message("pprof", tell_samples_twice, "export-samples.pprof.txt");
}

static void test_perfetto(void **state)
{
	(void)state;
	check_message("perfetto", tell_two_runs, "export.perfetto.txt");
	check_message("perfetto", tell_samples_twice, "export-samples.perfetto.txt");
	check_message("perfetto", tell_slices, "export-slices.perfetto.txt");
}

/* ---- a database ------------------------------------------------------------------------------ */

static int print_row(void *out, int n, char **values, char **names)
{
	for (int i = 0; i < n; i++)
		fprintf(out, "%s%s=%s", i ? " " : "", names[i], values[i] ? values[i] : "NULL");
	fputs("\n", out);
	return 0;
}

/* All tables, and what is made of them. */
static void check_database(void (*run)(const struct rp_event_sink *), const char *golden)
{
	char path[] = "/tmp/rptrace-test-XXXXXX", *text = NULL, query[128];
	FILE *file = fdopen(mkstemp(path), "w"), *out;
	sqlite3_stmt *names;
	struct rp_event_sink sink;
	sqlite3 *db;
	size_t size;

	assert_non_null(file);
	assert_int_equal(find("sqlite")->open(file, &sink), 0);
	run(&sink);
	assert_int_equal(sink.close(sink.ctx), 0);
	fclose(file);
	out = open_memstream(&text, &size);
	assert_non_null(out);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT name FROM sqlite_master"
					    " WHERE type IN ('table', 'view') ORDER BY name",
					    -1, &names, NULL),
			 SQLITE_OK);
	while (sqlite3_step(names) == SQLITE_ROW) {
		snprintf(query, sizeof(query), "SELECT '%1$s' AS what, * FROM %1$s",
			 (const char *)sqlite3_column_text(names, 0));
		assert_int_equal(sqlite3_exec(db, query, print_row, out, NULL), SQLITE_OK);
	}
	fclose(out);
	sqlite3_finalize(names);
	sqlite3_close(db);
	unlink(path);
	assert_golden(golden, text);
	free(text);
}

static void test_database(void **state)
{
	(void)state;
	check_database(tell_two_runs, "export.sqlite.txt");
	check_database(tell_samples_twice, "export-samples.sqlite.txt");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pprof),
		cmocka_unit_test(test_perfetto),
		cmocka_unit_test(test_database),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

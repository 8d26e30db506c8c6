// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Instances in the forms of other programs, to the byte; and which track they go on. */
#include <errno.h>
#include <jansson.h>
#include <sqlite3.h>
#include <unistd.h>

#include "export/chrome_stream.h"
#include "export/lanes.h"
#include "export/split.h"
#include "export/spool.h"
#include "exports_fixture.h"

static void test_forms(void **state)
{
	static const char *const forms[] = {"chrome", "speedscope",   "folded", "region-flamegraph",
					    "otlp",   "instances-csv"}; /* texts */

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char *text = export_of(forms[i], tell_server), golden[64];

		snprintf(golden, sizeof(golden), "export.%s", forms[i]);
		assert_golden(golden, text);
		free(text);
	}
}

static void test_what_was_not_told_has_no_name(void **state)
{
	char *text = export_of("folded", tell_strangers);

	(void)state;
	assert_string_equal(text, "? 30\n? 10\n");
	free(text);
	text = export_of("chrome", tell_strangers);
	assert_non_null(strstr(text, "\"dur\":0.030"));
	free(text);
	text = export_of("instances-csv", tell_strangers);
	assert_non_null(strstr(text, "?,,marker,,1,0,0,0,?,0,30,30,"));
	free(text);
}

/* Ids of one record mean nothing in the next. */
static void test_runs_are_apart(void **state)
{
	char *text = export_of("folded", tell_two_runs);

	(void)state;
	assert_non_null(strstr(text, "? 30\n? 10\nrequest 1600\n"));
	free(text);
}

/* A run whose every id stands for something of its own. */
static void tell_own(const struct rp_event_sink *sink, const char *own)
{
	struct rp_node labeled = {.parent = 2,
				  .region = QUERY,
				  .label = RP_TEXT_FIRST,
				  .flags = RP_NODE_VALID | RP_NODE_LABELED | RP_NODE_TEXT};
	struct rp_text text = {0};
	char name[32];

	tell_run(sink, own);
	snprintf(name, sizeof(name), "outer %s", own);
	tell_region(sink, REQUEST, name, RP_KIND_FUNCTION);
	tell_region(sink, QUERY, own, RP_KIND_MARKER);
	snprintf(text.text, sizeof(text.text), "text %s", own);
	assert_int_equal(RP_TELL(sink, text, 0, &text), 0);
	tell_node(sink, 2, TOLD_ROOT, REQUEST);
	assert_int_equal(RP_TELL(sink, node, 3, &labeled), 0);
	tell_thread(sink, 1, 10, 11 + (uint32_t)strlen(own), own);
	tell(sink, (struct rp_event_instance){.start = 10, .thread = 1, .node = 3, .ns = 5});
	tell_end(sink, 100);
}

static void tell_one(const struct rp_event_sink *sink)
{
	tell_own(sink, "one");
}

static void tell_second(const struct rp_event_sink *sink)
{
	tell_own(sink, "second");
}

static void tell_one_and_second(const struct rp_event_sink *sink)
{
	tell_one(sink);
	tell_second(sink);
}

/* Whatever the run before had under the same ids. */
static void test_a_run_is_as_if_it_was_the_first(void **state)
{
	static const char form[] = "instances-csv";
	char *one = export_of(form, tell_one), *second = export_of(form, tell_second),
	     *both = export_of(form, tell_one_and_second);

	(void)state;
	assert_non_null(strstr(one, "one,text one,"));
	assert_memory_equal(both, one, strlen(one));
	assert_string_equal(both + strlen(one), strchr(second, '\n') + 1);
	free(one);
	free(second);
	free(both);
}

static void test_stream_that_fails_is_told(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	for (const struct rp_export *export = rp_exports; export->name; export ++) {
		struct rp_event_sink sink;

		if (export->whole)
			continue;
		assert_int_equal(export->open(full, &sink), 0);
		tell_server(&sink);
		assert_int_equal(sink.close(sink.ctx), -ENOSPC);
	}
	fclose(full);
}

/* What takes no time is inside what begins at that moment; open ones come from the outermost in. */
static void tell_edges(const struct rp_event_sink *sink)
{
	tell_run(sink, NULL);
	tell_region(sink, REQUEST, "outer", RP_KIND_FUNCTION);
	tell_region(sink, QUERY, "inner", RP_KIND_FUNCTION);
	tell_node(sink, 2, TOLD_ROOT, REQUEST);
	tell_node(sink, 3, 2, QUERY);
	tell_thread(sink, 1, 10, 11, "main");
	tell(sink, (struct rp_event_instance){.start = 10, .thread = 1, .node = 3});
	tell(sink, (struct rp_event_instance){.start = 10, .thread = 1, .node = 2, .ns = 5});
	tell(sink, (struct rp_event_instance){.start = 15, .thread = 1, .node = 2, .ns = 5});
	tell(sink, (struct rp_event_instance){
			   .start = 30, .thread = 1, .node = 2, .ns = 70, .open = true});
	tell(sink, (struct rp_event_instance){
			   .start = 40, .thread = 1, .node = 3, .ns = 60, .open = true});
	tell_end(sink, 100);
}

static void test_speedscope_nests(void **state)
{
	static const char expected[] = "[\n{\"type\":\"O\",\"frame\":1,\"at\":10},\n"
				       "{\"type\":\"O\",\"frame\":0,\"at\":10},\n"
				       "{\"type\":\"C\",\"frame\":0,\"at\":10},\n"
				       "{\"type\":\"C\",\"frame\":1,\"at\":15},\n"
				       "{\"type\":\"O\",\"frame\":1,\"at\":15},\n"
				       "{\"type\":\"C\",\"frame\":1,\"at\":20},\n"
				       "{\"type\":\"O\",\"frame\":1,\"at\":30},\n"
				       "{\"type\":\"O\",\"frame\":0,\"at\":40},\n"
				       "{\"type\":\"C\",\"frame\":0,\"at\":100},\n"
				       "{\"type\":\"C\",\"frame\":1,\"at\":100}]";
	char *text = export_of("speedscope", tell_edges);

	(void)state;
	assert_non_null(strstr(text, expected));
	free(text);
}

static unsigned times(const char *text, const char *word)
{
	unsigned n = 0;

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		n++;
	return n;
}

static void test_otlp_has_parents(void **state)
{
	char *text = export_of("otlp", tell_edges);

	(void)state;
	assert_int_equal(times(text, "\"spanId\""), 5);
	assert_int_equal(times(text, "\"parentSpanId\""), 2);
	assert_int_equal(times(text, "\"links\""), 0);
	free(text);
}

/*
 * One that is inside of one instance, one that goes from thread to thread, and one inside of none.
 */
static void tell_spans(const struct rp_event_sink *sink)
{
	struct rp_event_instance span = {.start = 20, .thread = 1, .node = 4, .is_span = true};

	tell_run(sink, NULL);
	tell_region(sink, REQUEST, "request", RP_KIND_FUNCTION);
	tell_region(sink, RELAY, "relay", RP_KIND_SPAN);
	tell_node(sink, 2, TOLD_ROOT, REQUEST);
	tell_node(sink, 4, TOLD_ROOT, RELAY);
	tell_thread(sink, 1, 10, 11, "a");
	tell_thread(sink, 2, 10, 12, "b");
	span.ns = 5;
	tell(sink, span);
	tell(sink, (struct rp_event_instance){.start = 10, .thread = 1, .node = 2, .ns = 20});
	span.ns = 40;
	span.end_thread = 2;
	tell(sink, span);
	tell(sink, (struct rp_event_instance){.start = 50, .thread = 2, .node = 2, .ns = 20});
	span.start = 80;
	tell(sink, span);
	tell_end(sink, 200);
}

static void test_otlp_links_spans(void **state)
{
	char *text = export_of("otlp", tell_spans);

	(void)state;
	assert_int_equal(times(text, "\"parentSpanId\""), 1);
	assert_int_equal(times(text, "\"links\""), 1);
	assert_int_equal(times(text, "\"began in\""), 1);
	assert_int_equal(times(text, "\"ended in\""), 1);
	assert_int_equal(times(text, "dropped"), 0);
	free(text);
}

/* ---- parts ---------------------------------------------------------------------------------- */

struct parts {
	const struct rp_export *export;
	struct {
		char *text;
		size_t size;
		FILE *out;
	} part[8];
	size_t n;
};

static int open_part(void *ctx, struct rp_event_sink *sink)
{
	struct parts *parts = ctx;
	size_t i = parts->n++;

	assert_true(i < 8);
	parts->part[i].out = open_memstream(&parts->part[i].text, &parts->part[i].size);
	assert_non_null(parts->part[i].out);
	return parts->export->open(parts->part[i].out, sink);
}

static void split(struct parts *parts, const char *name, uint64_t most)
{
	const struct rp_split_opts opts = {.most = most, .open = open_part, .ctx = parts};
	struct rp_event_sink sink;

	parts->export = find(name);
	assert_int_equal(rp_split__open(&opts, &sink), 0);
	tell_two_runs(&sink);
	assert_int_equal(sink.close(sink.ctx), 0);
	for (size_t i = 0; i < parts->n; i++)
		assert_int_equal(fclose(parts->part[i].out), 0);
}

static void free_parts(struct parts *parts)
{
	for (size_t i = 0; i < parts->n; i++)
		free(parts->part[i].text);
}

/* Each has its names, and no instance is in two of them. */
static void test_parts_are_whole(void **state)
{
	struct parts parts = {0};

	(void)state;
	split(&parts, "instances-csv", 3);
	assert_int_equal(parts.n, 3);
	assert_int_equal(times(parts.part[0].text, "\n"), 4);
	assert_int_equal(times(parts.part[1].text, "\n"), 4);
	assert_int_equal(times(parts.part[2].text, "\n"), 3);
	assert_int_equal(times(parts.part[0].text, "?,,marker"), 2);
	assert_int_equal(times(parts.part[1].text, "request,,function"), 2);
	assert_non_null(strstr(parts.part[1].text, "\"query;\"\"2\"\"\",,usdt,request,2,10,11,"));
	assert_int_equal(times(parts.part[2].text, "relay,,span"), 1);
	free_parts(&parts);
}

static void test_parts_go_to_one_where_they_fit(void **state)
{
	struct parts parts = {0};
	char *whole = export_of("chrome", tell_two_runs);

	(void)state;
	split(&parts, "chrome", 8);
	assert_int_equal(parts.n, 1);
	assert_string_equal(parts.part[0].text, whole);
	free_parts(&parts);
	free(whole);
}

/* ---- a stream -------------------------------------------------------------------------------- */

static size_t events_of(const char *text, size_t size)
{
	char *array = malloc(size + 2);
	json_t *json;
	size_t n;

	assert_non_null(array);
	memcpy(array, text, size);
	strcpy(array + size, "]");
	json = json_loads(array, 0, NULL);
	if (!json)
		fail_msg("it does not open where %zu bytes are there", size);
	n = json_array_size(json);
	json_decref(json);
	free(array);
	return n;
}

/* Up to each end of a page, and wherever it was flushed. */
static void test_stream_opens_at_any_moment(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct rp_event_sink sink;

	(void)state;
	assert_int_equal(rp_chrome_stream__open(out, &sink), 0);
	tell_server(&sink);
	tell_run(&sink, NULL);
	tell_region(&sink, REQUEST, "request", RP_KIND_FUNCTION);
	tell_node(&sink, 2, TOLD_ROOT, REQUEST);
	tell_thread(&sink, 1, 10, 11, "server");
	for (uint64_t i = 1; i < 3000; i++) {
		tell(&sink, (struct rp_event_instance){
				    .start = 100 * i, .thread = 1, .node = 2, .ns = 10});
		if (i % 300)
			continue;
		assert_int_equal(rp_chrome_stream__flush(&sink), 0);
		assert_true(events_of(text, size) > i);
	}
	for (size_t end = 4096; end < size; end += 4096)
		assert_true(events_of(text, end) > 0);
	tell_end(&sink, 1000000);
	assert_int_equal(sink.close(sink.ctx), 0);
	fclose(out);
	assert_string_equal(text + size - 3, "\n]\n");
	text[size - 2] = ' ';
	assert_int_equal(events_of(text, size), 2999 + 7 + 4 + 2);
	free(text);
}

/* ---- a database ------------------------------------------------------------------------- */

static int64_t ask(sqlite3 *db, const char *question)
{
	sqlite3_stmt *statement;
	int64_t answer;

	assert_int_equal(sqlite3_prepare_v2(db, question, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	answer = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return answer;
}

static void test_database(void **state)
{
	char path[] = "/tmp/rptrace-test-XXXXXX";
	FILE *out = fdopen(mkstemp(path), "w");
	struct rp_event_sink sink;
	sqlite3 *db;

	(void)state;
	assert_non_null(out);
	assert_int_equal(find("sqlite")->open(out, &sink), 0);
	tell_two_runs(&sink);
	assert_int_equal(sink.close(sink.ctx), 0);
	fclose(out);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(ask(db, "SELECT count(*) FROM calls"), 8);
	assert_int_equal(ask(db, "SELECT sum(duration_ns) FROM calls WHERE run = 1"), 40);
	assert_int_equal(
		ask(db, "SELECT self_ns FROM calls WHERE region = 'request' AND left IS NULL"),
		1600);
	assert_int_equal(ask(db, "SELECT count(*) FROM calls c JOIN paths p ON p.id = c.path"
				 " JOIN paths o ON o.id = p.parent WHERE o.region = 'request'"),
			 2);
	assert_int_equal(ask(db, "SELECT span FROM calls WHERE kind = 'span'"), 77);
	assert_int_equal(ask(db, "SELECT count(*) FROM calls WHERE label = '-7' AND"
				 " region = '\xc3\xa9\\x1b[2J,\"\\xff\\\\'"),
			 1);
	assert_int_equal(ask(db, "SELECT count FROM lost WHERE run = 2"), 3);
	sqlite3_close(db);
	unlink(path);
}

static void test_database_in_no_file(void **state)
{
	FILE *out = fopen("/dev/null", "w");
	struct rp_event_sink sink;

	(void)state;
	assert_true(find("sqlite")->open(out, &sink) < 0);
	fclose(out);
}

/* ---- what is longer than memory is to hold ---------------------------------------------- */

static int check_item(void *next, const void *item)
{
	assert_int_equal(*(const uint64_t *)item, --*(uint64_t *)next);
	return 0;
}

static void test_lists_come_back(void **state)
{
	struct rp_spool spool = {.item = sizeof(uint64_t)};

	(void)state;
	for (uint64_t i = 0; i < 3000; i++)
		for (uint32_t list = 0; list < 3; list++)
			if (i < (list + 1) * 1000)
				assert_int_equal(rp_spool__add(&spool, list, &i), 0);
	for (uint32_t list = 0; list < 3; list++) {
		uint64_t next = (list + 1) * 1000;

		assert_int_equal(rp_spool__back(&spool, list, check_item, &next), 0);
		assert_int_equal(next, 0);
	}
	assert_false(rp_spool__has(&spool, 3));
	rp_spool__clear(&spool);
	assert_false(rp_spool__has(&spool, 0));
	rp_spool__free(&spool);
}

static int count_item(void *n, const void *item)
{
	(void)item;
	return ++*(unsigned *)n > 1000 ? -ERANGE : 0; /* there are no more */
}

/* What cannot be written, or has gone from the disk, is an error and no shorter list. */
static void test_lists_without_their_file(void **state)
{
	struct rp_spool cut = {.item = sizeof(uint64_t)},
			full = {.item = sizeof(uint64_t), .file = fopen("/dev/full", "w")};
	unsigned n = 0;
	int rc = 0;

	(void)state;
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(rp_spool__add(&cut, 0, &i), 0);
	assert_int_equal(ftruncate(fileno(cut.file), 3000), 0);
	assert_int_equal(rp_spool__back(&cut, 0, count_item, &n), -EIO);
	assert_true(n < 1000);
	rp_spool__free(&cut);
	assert_non_null(full.file);
	for (uint64_t i = 0; i < 1000 && !rc; i++)
		rc = rp_spool__add(&full, 0, &i);
	assert_int_equal(rc, -ENOSPC);
	rp_spool__free(&full);
}

/* ---- tracks ------------------------------------------------------------------------------- */

static uint32_t lane_of(struct rp_lanes *lanes, uint32_t depth, uint64_t start, uint64_t end)
{
	uint32_t lane;

	assert_int_equal(rp_lanes__place(lanes, 1, depth, start, end, &lane), 0);
	return lane;
}

static void test_what_nests_is_on_one_track(void **state)
{
	struct rp_lanes lanes = {0};

	(void)state;
	assert_int_equal(lane_of(&lanes, 3, 20, 30), 0);
	assert_int_equal(lane_of(&lanes, 3, 30, 40), 0);
	assert_int_equal(lane_of(&lanes, 2, 20, 50), 0);
	assert_int_equal(lane_of(&lanes, 2, 50, 50), 0);
	assert_int_equal(lane_of(&lanes, 1, 10, 60), 0);
	assert_int_equal(lane_of(&lanes, 1, 60, 70), 0);
	/* What is open at the end comes from the outermost in. */
	assert_int_equal(lane_of(&lanes, 1, 80, 100), 0);
	assert_int_equal(lane_of(&lanes, 2, 90, 100), 0);
	rp_lanes__free(&lanes);
}

static void test_what_crosses_is_beside(void **state)
{
	struct rp_lanes lanes = {0};

	(void)state;
	assert_int_equal(lane_of(&lanes, 1, 10, 30), 0);
	assert_int_equal(lane_of(&lanes, 1, 20, 40), 1);
	assert_int_equal(lane_of(&lanes, 1, 25, 50), 2);
	assert_int_equal(lane_of(&lanes, 1, 35, 60), 0);
	assert_int_equal(lane_of(&lanes, 1, 5, 70), 0);
	rp_lanes__free(&lanes);
}

/* Spans end on any thread: one that comes late is not in what it seems to be in. */
static void test_spans_are_apart(void **state)
{
	static const struct {
		uint64_t start, end;
		uint32_t lane;
	} spans[] = {{20, 30, 0}, {10, 40, 1}, {25, 40, 2}, {40, 50, 0}, {50, 50, 0}, {45, 48, 1}};
	struct rp_lanes lanes = {0};
	uint32_t lane;

	(void)state;
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		assert_int_equal(
			rp_lanes__place_apart(&lanes, 1, spans[i].start, spans[i].end, &lane), 0);
		assert_int_equal(lane, spans[i].lane);
	}
	rp_lanes__free(&lanes);
}

/* More siblings than are kept: what is around all of them is still around them. */
static void test_many_siblings(void **state)
{
	struct rp_lanes lanes = {0};

	(void)state;
	for (uint64_t i = 0; i < 20000; i++)
		assert_int_equal(lane_of(&lanes, 3, 100 + 10 * i, 105 + 10 * i), 0);
	assert_int_equal(lane_of(&lanes, 2, 90, 200200), 0);
	assert_int_equal(lane_of(&lanes, 1, 80, 200300), 0);
	assert_int_equal(lane_of(&lanes, 1, 200250, 200400), 1);
	rp_lanes__free(&lanes);
}

/* What began between the siblings of two open ones is around the later ones. */
static void test_many_siblings_of_two(void **state)
{
	struct rp_lanes lanes = {0};

	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(lane_of(&lanes, 2, 100 + 10 * i, 105 + 10 * i), 0);
	for (uint64_t i = 0; i < 20000; i++)
		assert_int_equal(lane_of(&lanes, 3, 2000 + 10 * i, 2005 + 10 * i), 0);
	assert_int_equal(lane_of(&lanes, 2, 1500, 300000), 0);
	assert_int_equal(lane_of(&lanes, 1, 50, 300000), 0);
	rp_lanes__free(&lanes);
}

/* Each around the next one's siblings: of many depths, none of which is over. */
static void test_many_depths(void **state)
{
	struct rp_lanes lanes = {0};

	(void)state;
	for (uint64_t i = 0; i < 10000; i++)
		assert_int_equal(lane_of(&lanes, (uint32_t)i, 100 + 10 * i, 105 + 10 * i), 0);
	assert_int_equal(lane_of(&lanes, 1, 90, 200200), 0);
	rp_lanes__free(&lanes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_what_was_not_told_has_no_name),
		cmocka_unit_test(test_runs_are_apart),
		cmocka_unit_test(test_a_run_is_as_if_it_was_the_first),
		cmocka_unit_test(test_stream_that_fails_is_told),
		cmocka_unit_test(test_speedscope_nests),
		cmocka_unit_test(test_otlp_has_parents),
		cmocka_unit_test(test_otlp_links_spans),
		cmocka_unit_test(test_parts_are_whole),
		cmocka_unit_test(test_parts_go_to_one_where_they_fit),
		cmocka_unit_test(test_stream_opens_at_any_moment),
		cmocka_unit_test(test_database),
		cmocka_unit_test(test_database_in_no_file),
		cmocka_unit_test(test_lists_come_back),
		cmocka_unit_test(test_lists_without_their_file),
		cmocka_unit_test(test_what_nests_is_on_one_track),
		cmocka_unit_test(test_what_crosses_is_beside),
		cmocka_unit_test(test_spans_are_apart),
		cmocka_unit_test(test_many_siblings),
		cmocka_unit_test(test_many_siblings_of_two),
		cmocka_unit_test(test_many_depths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

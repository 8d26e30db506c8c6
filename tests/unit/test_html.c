// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The HTML report, without a browser: what is packed into it, and what is left out of it. */
#include <errno.h>
#include <jansson.h>
#include <zlib.h>

#include "counts_fixture.h"
#include "export/export.h"
#include "export/heats.h"
#include "export/html_figures.h"
#include "export/html_timeline.h"
#include "instances_fixture.h"
#include "record/tee.h"

/* ---- reading a page -------------------------------------------------------------------------- */

static unsigned digit_of(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = strchr(digits, c);

	assert_non_null(at);
	return (unsigned)(at - digits);
}

/* Of the block with this id, unpacked; to be freed. */
static unsigned char *block_of(const char *page, const char *id, uLongf *size)
{
	char begin[64];
	const char *at;
	unsigned char *packed = calloc(1, strlen(page)), *plain = malloc(*size);
	unsigned bits = 0, n_bits = 0;
	size_t n = 0;

	snprintf(begin, sizeof(begin), " id=\"%s\">", id);
	at = strstr(page, begin);
	assert_non_null(at);
	for (at += strlen(begin); *at != '<' && *at != '='; at++) {
		bits = bits << 6 | digit_of(*at);
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			packed[n++] = (unsigned char)(bits >> n_bits);
		}
	}
	assert_int_equal(uncompress(plain, size, packed, n), Z_OK);
	free(packed);
	return plain;
}

static json_t *figures_of(const char *page)
{
	uLongf size = 1 << 20;
	unsigned char *plain = block_of(page, "figures", &size);
	json_t *figures = json_loadb((char *)plain, size, 0, NULL);

	assert_non_null(figures);
	free(plain);
	return figures;
}

static char *page_of(void (*run)(const struct rp_event_sink *))
{
	const struct rp_export *export = rp_exports;
	struct rp_event_sink sink;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	while (strcmp(export->name, "html"))
		export ++;
	assert_int_equal(export->open(out, &sink), 0);
	run(&sink);
	assert_int_equal(sink.close(sink.ctx), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* The examples of RFC 4648: each number of bytes that is left over. */
static void test_blocks_are_base64(void **state)
{
	static const char *const encoded[] = {"",	  "Zg==",     "Zm8=",	 "Zm9v",
					      "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};

	(void)state;
	for (size_t n = 0; n < sizeof(encoded) / sizeof(encoded[0]); n++) {
		struct rp_html_pack pack = {0};
		char *text = NULL;
		size_t size;
		struct rp_out out = {.file = open_memstream(&text, &size)};

		rp_bytes__put(&pack.bytes, "foobar", n);
		rp_html_pack__print(&pack, &out);
		assert_int_equal(rp_out__flush(&out), 0);
		assert_int_equal(fclose(out.file), 0);
		assert_string_equal(text, encoded[n]);
		rp_bytes__free(&pack.bytes);
		free(text);
	}
}

/* ---- figures --------------------------------------------------------------------------------- */

enum { SCRIPT = 1, BYTES, PAIR };

static void tell_evil(const struct rp_event_sink *sink)
{
	tell_run(sink, "</script>.rpt");
	tell_region(sink, SCRIPT, "</script><script>alert(1)</script>", RP_KIND_MARKER);
	tell_region(sink, BYTES, "\x01\x1b[2J\"\xff", RP_KIND_MARKER);
	tell_region(sink, PAIR, "pair", RP_KIND_SPAN);
	tell_node(sink, 2, TOLD_ROOT, SCRIPT);
	tell_node(sink, 3, 2, BYTES);
	tell_node(sink, 4, TOLD_ROOT, PAIR);
	tell_thread(sink, 1, 10, 11, "<b>\"");
	tell(sink, (struct rp_event_instance){
			   .start = 20, .thread = 1, .node = 3, .ns = 30, .cpu = 20, .wait = 5});
	tell(sink, (struct rp_event_instance){
			   .start = 10, .thread = 1, .node = 2, .ns = 100, .child = 30});
	tell(sink, (struct rp_event_instance){
			   .start = 40, .thread = 1, .node = 2, .ns = 500, .unwound = true});
	tell(sink, (struct rp_event_instance){
			   .start = 5, .thread = 1, .node = 4, .ns = 400, .is_span = true});
	tell_end(sink, 1000);
}

static const char *text_at(json_t *array, size_t i, size_t k)
{
	return json_string_value(json_array_get(json_array_get(array, i), k));
}

static json_t *cell(json_t *figures, size_t row, const char *key)
{
	json_t *columns = json_object_get(figures, "columns"), *cells;

	cells = json_object_get(json_array_get(json_object_get(figures, "rows"), row), "cells");
	for (size_t i = 0; i < json_array_size(columns); i++)
		if (!strcmp(text_at(columns, i, 0), key))
			return json_array_get(cells, i);
	return NULL;
}

static void test_figures(void **state)
{
	char *page = page_of(tell_evil);
	json_t *figures = figures_of(page), *tree = json_object_get(figures, "tree");

	(void)state;
	assert_int_equal(json_array_size(json_object_get(figures, "rows")), 3);
	assert_string_equal(json_string_value(cell(figures, 0, "name")), "pair");
	assert_true(json_is_null(cell(figures, 0, "cpu_ns")));
	assert_string_equal(json_string_value(cell(figures, 1, "name")),
			    "</script><script>alert(1)</script>");
	assert_int_equal(json_integer_value(cell(figures, 1, "total_ns")), 100);
	assert_int_equal(json_integer_value(cell(figures, 1, "unwound")), 1);
	assert_string_equal(json_string_value(cell(figures, 2, "name")), "\\x01\\x1b[2J\"\\xff");
	assert_int_equal(json_integer_value(cell(figures, 2, "blocked_ns")), 5);
	assert_int_equal(json_array_size(tree), 3);
	assert_int_equal(json_array_size(json_object_get(figures, "slowest")), 3);
	assert_string_equal(text_at(json_object_get(figures, "lost"), 0, 1),
			    "entries nested deeper than --max-depth");
	json_decref(figures);
	free(page);
}

/* A record that was cut off lacks the run's figures of what was lost: the nodes have theirs. */
static void tell_cut_off(const struct rp_event_sink *sink)
{
	static const uint64_t lost[RP_LOST_COUNT] = {[RP_LOST_DEPTH] = 3, [RP_LOST_NODES] = 4};
	const struct rp_event_end end = {.time = TOLD_START + 1000, .cut = true, .lost = lost};

	tell_run(sink, "cut.rpt");
	tell_region(sink, PAIR, "pair", RP_KIND_FUNCTION);
	tell_node(sink, 2, TOLD_ROOT, PAIR);
	tell_thread(sink, 1, 10, 11, "server");
	tell(sink, (struct rp_event_instance){.start = 10, .thread = 1, .node = 2, .ns = 100});
	assert_int_equal(RP_TELL(sink, lost, 2, 7), 0);
	assert_int_equal(RP_TELL(sink, end, &end), 0);
}

static void test_what_a_record_lost_that_was_cut_off(void **state)
{
	char *page = page_of(tell_cut_off);
	json_t *figures = figures_of(page), *lost = json_object_get(figures, "lost");

	(void)state;
	assert_int_equal(json_array_size(lost), 3);
	assert_int_equal(json_integer_value(json_array_get(json_array_get(lost, 2), 0)), 7);
	assert_string_equal(text_at(lost, 2, 1), "instances that the recorder had no room for");
	json_decref(figures);
	free(page);
}

/* Rows of the least time go first, and how many is told. */
static void test_figures_keep_to_a_size(void **state)
{
	struct rp_row rows[900] = {0};
	struct rp_snapshot snapshot = {.rows = rows, .n_rows = 900};
	struct rp_export_names names = {0};
	struct rp_heats heat = {0};
	struct rp_html_figures figures = {.snapshot = &snapshot,
					  .slowest = rp_slowest__new(1),
					  .heat = &heat,
					  .names = &names};
	struct rp_html_pack pack = {0};
	static unsigned char plain[1 << 20];
	uLongf size = sizeof(plain);
	json_t *read;
	size_t n;

	(void)state;
	for (size_t i = 0; i < 900; i++) {
		rows[i].name = i % 2 ? "even" : "odd";
		rows[i].f.total = 1 + i * 7919 % 900;
	}
	assert_int_equal(rp_html_figures__pack(&figures, 2000, &pack), 0);
	assert_in_range(pack.bytes.n, 500, 2000);
	assert_int_equal(uncompress(plain, &size, pack.bytes.at, pack.bytes.n), Z_OK);
	read = json_loadb((char *)plain, size, 0, NULL);
	n = json_array_size(json_object_get(read, "rows"));
	assert_true(n > 0 && n < 900);
	assert_int_equal(json_integer_value(json_object_get(read, "rows_left_out")), 900 - n);
	assert_int_equal(json_integer_value(cell(read, 0, "total_ns")), 900);
	json_decref(read);
	rp_html_pack__free(&pack);
	rp_export_names__free(&names);
	rp_slowest__free((struct rp_slowest *)figures.slowest);
}

/* A main() that was open at the end has no time of its own, and is needed for what ran inside. */
static void test_paths_below_an_open_one_stay(void **state)
{
	enum { PATHS = 20002 }; /* more than a page has */
	struct rp_tree_row *tree = calloc(PATHS, sizeof(*tree));
	struct rp_snapshot snapshot = {.tree = tree, .n_tree = PATHS};
	struct rp_export_names names = {0};
	struct rp_heats heat = {0};
	struct rp_html_figures figures = {.snapshot = &snapshot,
					  .slowest = rp_slowest__new(1),
					  .heat = &heat,
					  .names = &names};
	struct rp_html_pack pack = {0};
	static unsigned char plain[2 << 20];
	uLongf size = sizeof(plain);
	json_t *read;

	(void)state;
	for (uint32_t i = 0; i < PATHS; i++) {
		tree[i] = (struct rp_tree_row){.id = i + 1, .parent = !!i, .depth = !!i};
		tree[i].row.name = i ? "called" : "main";
		tree[i].row.f.total = i;
	}
	assert_int_equal(rp_html_figures__pack(&figures, 1 << 20, &pack), 0);
	assert_int_equal(uncompress(plain, &size, pack.bytes.at, pack.bytes.n), Z_OK);
	read = json_loadb((char *)plain, size, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(read, "tree")), 20000);
	assert_string_equal(text_at(json_object_get(read, "tree"), 0, 0), "main");
	assert_int_equal(json_integer_value(json_object_get(read, "tree_left_out")), 2);
	json_decref(read);
	free(tree);
	rp_html_pack__free(&pack);
	rp_export_names__free(&names);
	rp_slowest__free((struct rp_slowest *)figures.slowest);
}

/* A page is markup of its own and base64. */
static void test_no_name_is_in_the_markup(void **state)
{
	char *page = page_of(tell_evil);

	(void)state;
	assert_null(strstr(page, "alert(1)"));
	assert_null(strstr(page, "<b>"));
	assert_null(strstr(page, ".rpt"));
	assert_non_null(strstr(page, "default-src 'none'"));
	assert_null(strstr(page, "unsafe-inline"));
	free(page);
}

/* ---- the timeline ---------------------------------------------------------------------------- */

/* What is told of it before its items. */
static json_t *timeline_of(void (*run)(const struct rp_event_sink *))
{
	char *page = page_of(run), *line;
	uLongf size = 1 << 20;
	unsigned char *plain = block_of(page, "timeline", &size);
	json_t *head;

	line = memchr(plain, '\n', size);
	assert_non_null(line);
	head = json_loadb((char *)plain, (size_t)(line - (char *)plain), 0, NULL);
	free(plain);
	free(page);
	return head;
}

static void test_timeline_of_a_page(void **state)
{
	json_t *head = timeline_of(tell_evil), *tracks = json_object_get(head, "tracks");

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(head, "n")), 4);
	assert_int_equal(json_integer_value(json_object_get(head, "end")), 540);
	assert_int_equal(json_array_size(tracks), 3); /* the unwound one is beside its thread */
	assert_string_equal(text_at(tracks, 0, 3), "<b>\" 11");
	assert_string_equal(text_at(tracks, 1, 3), "<b>\" 11 (beside 1)");
	assert_string_equal(text_at(tracks, 2, 3), "spans");
	json_decref(head);
}

/* Threads and goroutines out of order, and a span, whose process is there again in the next run. */
static void tell_tracks(const struct rp_event_sink *sink)
{
	struct rp_event_thread go = {.serial = 3, .pid = 10, .goroutine = 7, .comm = "go"};

	tell_run(sink, "a.rpt");
	tell_region(sink, PAIR, "pair", RP_KIND_SPAN);
	tell_node(sink, 2, TOLD_ROOT, PAIR);
	tell_thread(sink, 1, 10, 19, "last");
	tell_thread(sink, 2, 10, 11, "middle");
	assert_int_equal(RP_TELL(sink, thread, &go), 0);
	for (uint32_t thread = 1; thread <= 3; thread++)
		tell(sink,
		     (struct rp_event_instance){.start = 10, .thread = thread, .node = 2, .ns = 5});
	tell(sink, (struct rp_event_instance){
			   .start = 5, .thread = 1, .node = 2, .ns = 400, .is_span = true});
	tell_end(sink, 1000);
}

static void tell_tracks_twice(const struct rp_event_sink *sink)
{
	tell_tracks(sink);
	tell_tracks(sink);
}

/* By number within a process; each run has its own, and of each kind as many. */
static void test_tracks_of_runs(void **state)
{
	static const char *const names[] = {"goroutine 7", "middle 11", "last 19", "spans"};
	json_t *head = timeline_of(tell_tracks), *both = timeline_of(tell_tracks_twice);
	json_t *once = json_object_get(head, "tracks"), *twice = json_object_get(both, "tracks");

	(void)state;
	assert_int_equal(json_array_size(once), 4);
	assert_int_equal(json_array_size(twice), 8);
	for (size_t i = 0; i < 4; i++)
		assert_non_null(strstr(text_at(once, i, 3), names[i]));
	for (size_t i = 0; i < 8; i++)
		assert_string_equal(text_at(twice, i, 3), text_at(once, i % 4, 3));
	json_decref(head);
	json_decref(both);
}

static struct rp_html_item item_of(uint64_t start, uint64_t ns, uint32_t track)
{
	return (struct rp_html_item){.start = start, .end = start + ns, .track = track};
}

static void add_track(struct rp_html_tracks *tracks, struct rp_html_track *track)
{
	track->process = track->name = "";
	tracks->track = track;
	tracks->n = 1;
}

/* Two that overlap at two depths, and what is told to the unpacker of user/export/html/. */
static void test_events(void **state)
{
	struct rp_html_timeline timeline = {0};
	struct rp_html_item items[] = {item_of(20, 30, 0), item_of(10, 100, 0), item_of(110, 5, 0)};
	static const unsigned char expected[] = {
		1,  1,	0, 0, 1, 0, /* begins and ends */
		10, 10, 0,	    /* begins: 10, 20, 110 */
		30, 60, 5,	    /* ends: 50, 110, 115 */
	};
	const char *name = "a";
	struct rp_export_names names = {.name = &name, .n = 1};
	struct rp_html_tracks tracks = {0};
	struct rp_html_track track = {0};
	struct rp_html_pack pack = {0};
	unsigned char plain[512];
	uLongf size = sizeof(plain);

	(void)state;
	add_track(&tracks, &track);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(rp_html_timeline__add(&timeline, &items[i]), 0);
	assert_int_equal(rp_html_timeline__pack(&timeline, &tracks, &names, 1000, &pack), 0);
	assert_int_equal(uncompress(plain, &size, pack.bytes.at, pack.bytes.n), Z_OK);
	assert_memory_equal(plain + size - sizeof(expected), expected, sizeof(expected));
	rp_html_pack__free(&pack);
	rp_html_timeline__free(&timeline);
}

/* What does not fit is the shortest, and it is told. */
static void test_what_does_not_fit_is_the_shortest(void **state)
{
	struct rp_html_timeline timeline = {0};
	const char *name = "a";
	struct rp_export_names names = {.name = &name, .n = 1};
	struct rp_html_tracks tracks = {0};
	struct rp_html_track track = {0};
	struct rp_html_pack pack = {0};
	uint64_t ns = 1, start = 0;

	(void)state;
	add_track(&tracks, &track);
	for (int i = 0; i < 20000; i++) {
		struct rp_html_item item = item_of(start, ns % 100000, 0);

		assert_int_equal(rp_html_timeline__add(&timeline, &item), 0);
		start = item.end + ns % 977;
		ns = ns * 6364136223846793005u + 1442695040888963407u;
		ns ^= ns >> 33;
	}
	assert_int_equal(rp_html_timeline__pack(&timeline, &tracks, &names, 20000, &pack), 0);
	assert_in_range(pack.bytes.n, 15000, 20000);
	assert_int_equal(timeline.n + timeline.left_out, 20000);
	for (size_t i = 0; i < timeline.n; i++)
		assert_true(timeline.item[i].end - timeline.item[i].start >=
			    timeline.left_out_longest);
	rp_html_pack__free(&pack);
	rp_html_timeline__free(&timeline);
}

/* All of one length, twice what is kept in memory: as many as there is room for stay. */
static void test_memory_is_bounded(void **state)
{
	struct rp_html_timeline timeline = {0};

	(void)state;
	for (uint64_t i = 0; i < (5u << 20); i++) {
		struct rp_html_item item = item_of(i * 10, 7, 0);

		assert_int_equal(rp_html_timeline__add(&timeline, &item), 0);
	}
	assert_true(timeline.n <= 2u << 20 && timeline.n >= 1u << 20);
	assert_int_equal(timeline.n + timeline.left_out, 5u << 20);
	assert_int_equal(timeline.left_out_longest, 7);
	rp_html_timeline__free(&timeline);
}

/* ---- heat ------------------------------------------------------------------------------------ */

static void test_columns_get_wider(void **state)
{
	struct rp_heats heat = {0};
	const struct rp_heat_map *map;
	uint64_t sum = 0;

	(void)state;
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(rp_heats__add(&heat, 1, i * 1000003, 5), 0);
	map = rp_heats__of(&heat, 1);
	assert_true(1000 * 1000003ull / heat.column < RP_HEATS_COLUMNS);
	assert_true(1000 * 1000003ull / heat.column >= RP_HEATS_COLUMNS / 2 - 1);
	for (size_t i = 0; i < RP_HEATS_COLUMNS; i++)
		sum += map->row[5 / RP_HEATS_BUCKETS][i];
	assert_int_equal(sum, 1000);
	assert_null(rp_heats__of(&heat, 0)->row[1]);
	assert_null(rp_heats__of(&heat, 2));
	rp_heats__free(&heat);
}

/* ---- tee ------------------------------------------------------------------------------------- */

static int fail_end(void *ctx, const struct rp_event_end *end)
{
	(void)ctx;
	(void)end;
	return -EIO;
}

static int count_close(void *ctx)
{
	++*(int *)ctx;
	return 0;
}

static int fail_close(void *ctx)
{
	++*(int *)ctx;
	return -EIO;
}

static void test_all_of_a_tee_are_closed(void **state)
{
	int closed = 0;
	struct rp_event_sink to = {.ctx = &closed, .end = fail_end, .close = count_close};
	struct rp_event_tee tee = {.to = {to, to, to}, .n = 3};
	struct rp_event_sink sink = rp_event_tee__sink(&tee);
	struct rp_event_end end = {0};

	(void)state;
	assert_int_equal(sink.end(sink.ctx, &end), -EIO);
	assert_int_equal(sink.close(sink.ctx), 0);
	assert_int_equal(closed, 3);
	/* And one that fails is told of, whichever it is. */
	for (size_t i = 0; i < 3; i++) {
		tee.to[i].close = fail_close;
		assert_int_equal(sink.close(sink.ctx), -EIO);
		tee.to[i].close = count_close;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_are_base64),
		cmocka_unit_test(test_figures),
		cmocka_unit_test(test_what_a_record_lost_that_was_cut_off),
		cmocka_unit_test(test_figures_keep_to_a_size),
		cmocka_unit_test(test_paths_below_an_open_one_stay),
		cmocka_unit_test(test_no_name_is_in_the_markup),
		cmocka_unit_test(test_timeline_of_a_page),
		cmocka_unit_test(test_tracks_of_runs),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_what_does_not_fit_is_the_shortest),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_columns_get_wider),
		cmocka_unit_test(test_all_of_a_tee_are_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <errno.h>
#include <locale.h>

#include "counts_fixture.h"

static struct fixture server;

static int start(void **state)
{
	(void)state;
	fixture_server(&server);
	setlocale(LC_ALL, "C");
	return 0;
}

static void check(const char *golden, enum rp_by by, const struct rp_view_opts *opts)
{
	struct rp_snapshot *s = fixture_snapshot(&server, by);
	char *text = fixture_print("table", s, opts);

	assert_golden(golden, text);
	free(text);
	rp_snapshot__free(s);
}

static void test_ascii(void **state)
{
	const struct rp_view_opts opts = {.title = "final summary"};

	(void)state;
	check("table.txt", RP_BY_NONE, &opts);
}

/* The C locale cannot write what was asked for: as without utf8. */
static void test_utf8_asked_in_vain(void **state)
{
	const struct rp_view_opts opts = {.title = "final summary", .utf8 = true};

	(void)state;
	check("table.txt", RP_BY_NONE, &opts);
}

static void test_utf8_groups(void **state)
{
	const struct rp_view_opts opts = {.utf8 = true};

	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	check("table-process.txt", RP_BY_PROCESS, &opts);
}

static void test_tree(void **state)
{
	const struct rp_view_opts ascii = {.tree = true}, utf8 = {.tree = true, .utf8 = true};

	(void)state;
	check("tree.txt", RP_BY_NONE, &ascii);
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	check("tree-process.txt", RP_BY_PROCESS, &utf8);
}

static void test_narrow(void **state)
{
	struct rp_view_opts opts = {.width = 80};

	(void)state;
	check("table-80.txt", RP_BY_NONE, &opts);
}

/* Down to no width at all: no line of the table is wider than asked for, and all are there. */
static void test_every_width(void **state)
{
	struct rp_snapshot *s = fixture_snapshot(&server, RP_BY_NONE);
	const char *line;
	char *text;

	(void)state;
	for (int width = 1; width < 200; width++) {
		for (int tree = 0; tree < 2; tree++) {
			struct rp_view_opts opts = {.width = width, .tree = tree};

			text = fixture_print("table", s, &opts);
			line = text;
			for (size_t i = 0; i <= (tree ? s->n_tree : s->n_rows); i++) {
				const char *end = strchr(line, '\n');

				assert_non_null(end);
				if (width >= 60)
					assert_true(end - line <= width);
				line = end + 1;
			}
			assert_int_equal(strncmp(line, "PID 4242 server: ", 17), 0);
			free(text);
		}
	}
	rp_snapshot__free(s);
}

static void test_left_out(void **state)
{
	const struct rp_view_opts opts = {0};
	struct rp_snapshot *s;
	char *text;

	(void)state;
	server.regions[0].left_out = true;
	s = fixture_snapshot(&server, RP_BY_NONE);
	text = fixture_print("table", s, &opts);
	assert_non_null(strstr(text, "  -\n"));
	assert_non_null(strstr(text, "\n-  left out while tracing"));
	assert_null(strstr(text, "~")); /* of no more use */
	free(text);
	rp_snapshot__free(s);
	server.regions[0].left_out = false;
}

static void test_empty(void **state)
{
	const struct rp_view_opts opts = {0};
	struct rp_snapshot s = {.duration = 1500000000, .meta = {.probes = 1}};
	char *text = fixture_print("table", &s, &opts);

	(void)state;
	assert_string_equal(text, "no region was entered\n1.50 s, 1 probe (none)\n");
	free(text);
}

/* Of a process that is gone nobody knows what it used. */
static void test_unknown_share(void **state)
{
	const struct rp_view_opts opts = {0};
	struct rp_snapshot s = {.meta = {.probes = 1, .ns_per_region = 1500}};
	char *text = fixture_print("table", &s, &opts);

	(void)state;
	assert_non_null(strstr(text, "\noverhead: 1.50 us a region\n"));
	free(text);
	s.meta.overhead.share = 0.02;
	text = fixture_print("table", &s, &opts);
	assert_non_null(strstr(text, " a region, 2.0 % of the target's CPU time\n"));
	free(text);
	s.meta.overhead.idle = true;
	text = fixture_print("table", &s, &opts);
	assert_non_null(
		strstr(text, " a region, 2.0 % of the target's CPU, which is mostly idle\n"));
	free(text);
}

static size_t occurrences(const char *text, const char *what)
{
	size_t n = 0;

	for (; *text; text++)
		n += !strncmp(text, what, strlen(what));
	return n;
}

/* Where probes take much, it is told what to leave out: of those that are still traced. */
static void test_most_costly_is_named(void **state)
{
	const struct rp_view_opts opts = {0};
	struct rp_row rows[] = {{.name = "little", .probe_ns = 5},
				{.name = "most", .probe_ns = 70},
				{.name = "gone", .probe_ns = 900, .left_out = true},
				{.name = "some", .probe_ns = 30}};
	struct rp_snapshot s = {.rows = rows,
				.n_rows = 4,
				.meta = {.ns_per_region = 1500, .overhead = {.share = 0.2}}};
	char *text;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		rows[i].group = rows[i].object = "";
	text = fixture_print("table", &s, &opts);
	assert_non_null(strstr(text, ", most of it on most (leave it out: -x)\n"));
	free(text);
	s.meta.overhead.share = 0.1;
	text = fixture_print("table", &s, &opts);
	assert_null(strstr(text, "most of it"));
	free(text);
}

/* Columns go before a short name is cut, however deep its path is. */
static void test_short_names_are_whole(void **state)
{
	struct rp_snapshot *s;
	uint32_t region, node;
	char *text;

	(void)state;
	fixture_init(&server);
	region = fixture_region(&server, "Zeal", RP_KIND_MARKER, "");
	node = fixture_root(&server, 0, "");
	for (size_t level = 0; level < 6; level++) {
		node = fixture_node(&server, node, region);
		fixture_frames(&server, node, 1, 1000, level < 5 ? 1000 : 0, 0, 0);
	}
	s = fixture_snapshot(&server, RP_BY_NONE);
	for (int width = 60; width < 200; width++) {
		struct rp_view_opts opts = {.width = width, .tree = true};

		text = fixture_print("table", s, &opts);
		assert_int_equal(occurrences(text, "Zeal"), 6);
		free(text);
	}
	rp_snapshot__free(s);
}

/* What is left out costs no more, whatever it did. */
static void test_distorted(void **state)
{
	struct rp_snapshot *s = fixture_snapshot(&server, RP_BY_NONE);
	const struct rp_view_opts opts = {0};
	char *text;

	(void)state;
	s->rows[0].distorted = s->rows[0].slow = s->rows[2].distorted = s->rows[2].left_out = true;
	text = fixture_print("table", s, &opts);
	assert_golden("table-distorted.txt", text);
	free(text);
	rp_snapshot__free(s);
}

/* Every form says so when what it wrote did not arrive. */
static void test_full_disk(void **state)
{
	struct rp_sample_store *store = rp_sample_store__new(10, UINT64_MAX, false);
	const struct rp_taken_sample sample = {.end = RP_UNWIND_END_COMPLETE};
	const struct rp_view_opts opts = {0};
	struct rp_snapshot *s;

	(void)state;
	rp_sample_store__add(store, &sample, NULL, 0);
	server.counts.samples = rp_sample_counts__of(store);
	server.counts.samples->hz = 997;
	s = fixture_snapshot(&server, RP_BY_NONE);
	for (const struct rp_view *view = rp_views; view->name; view++) {
		FILE *full = fopen("/dev/full", "w");

		assert_non_null(full);
		assert_true(view->print(full, s, &opts) < 0);
		fclose(full);
	}
	assert_null(rp_view__find("xml"));
	rp_snapshot__free(s);
	rp_sample_counts__free(server.counts.samples);
	server.counts.samples = NULL;
	rp_sample_store__put(store);
}

/* Those that were asked for, in that order, though the terminal is narrow; no trend in a table. */
static void test_columns(void **state)
{
	struct rp_snapshot *s = fixture_snapshot(&server, RP_BY_NONE);
	struct rp_column_list list;
	const struct rp_view_opts opts = {.columns = &list, .width = 40};
	char *text;

	(void)state;
	assert_null(rp_column_list__parse("split,trend,share,rate,mean,object", &list));
	text = fixture_print("table", s, &opts);
	assert_golden("table-columns.txt", text);
	free(text);
	rp_snapshot__free(s);
}

/* A line each below the table, the oldest first. */
static void test_stuck(void **state)
{
	struct rp_snapshot *s = fixture_snapshot(&server, RP_BY_NONE);
	const struct rp_view_opts opts = {0};
	char *text;

	(void)state;
	s->open = fixture_open();
	text = fixture_print("table", s, &opts);
	assert_golden("table-stuck.txt", text);
	free(text);
	rp_snapshot__free(s);
}

/* A sign in the row of the region, and what it means below. */
static void test_crossed_ends(void **state)
{
	const struct rp_view_opts opts = {0};
	struct rp_snapshot *s;
	char *text;

	(void)state;
	server.regions[1].stray.crossed = 1; /* it has unmatched exits as well */
	s = fixture_snapshot(&server, RP_BY_NONE);
	text = fixture_print("table", s, &opts);
	assert_non_null(strstr(text, "  !x\n"));
	assert_non_null(strstr(text, "\nx  ends named another call"));
	free(text);
	rp_snapshot__free(s);
}

/* The argument that tells calls apart is named, with the selection to type, once a region. */
static void test_overlaps(void **state)
{
	const struct rp_view_opts opts = {0};
	struct rp_snapshot *s;
	char *text;

	(void)state;
	server.regions[1].overlap.arg[2] = (struct rp_overlap_arg){.matched = 7, .crossed = 7};
	server.regions[1].usdt = "db:query__start:query__done";
	s = fixture_snapshot(&server, RP_BY_PROCESS);
	text = fixture_print("table", s, &opts);
	assert_non_null(strstr(text, "  !@\n"));
	assert_non_null(strstr(text, "\n@  calls begin before others end"));
	assert_non_null(
		strstr(text, "\n@  -u db:query__start:query__done@arg2 measures each call"));
	assert_int_equal(occurrences(text, "@  -u"), 1);
	free(text);
	rp_snapshot__free(s);

	server.regions[1].usdt = "db:'; rm *";
	s = fixture_snapshot(&server, RP_BY_NONE);
	text = fixture_print("table", s, &opts);
	assert_non_null(strstr(text, "  !@\n"));
	assert_null(strstr(text, "rm *"));
	free(text);
	rp_snapshot__free(s);
}

/* One of them is no plural, whatever is lost. */
static void test_one_lost(void **state)
{
	char one[RP_LOST_SIZE], two[RP_LOST_SIZE];

	(void)state;
	assert_string_equal(rp_lost__text(RP_LOST_DEPTH, 1, one),
			    "1 entry nested deeper than --max-depth");
	assert_string_equal(rp_lost__text(RP_LOST_NAMES, 1, one), "1 run-time name past the bound");
	assert_string_equal(rp_lost__text(RP_LOST_REWRITTEN, 1, one),
			    "1 file that was written to in use: its probes had to go");
	assert_string_equal(rp_lost__text(RP_LOST_LATE, 1, one),
			    "1 process that ran for a moment before its probes were in place");
	assert_string_equal(rp_lost__text(RP_LOST_INSTANCES, 1, one),
			    "1 instance that is counted, but missing in the record");
	for (enum rp_lost i = 0; i < RP_LOST_COUNT; i++) {
		assert_string_not_equal(rp_lost__text(i, 1, one) + 1, rp_lost__text(i, 2, two) + 1);
		assert_string_equal(two + 2, rp_lost__meaning(i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ascii, start),
		cmocka_unit_test(test_one_lost),
		cmocka_unit_test_setup(test_utf8_asked_in_vain, start),
		cmocka_unit_test_setup(test_utf8_groups, start),
		cmocka_unit_test_setup(test_tree, start),
		cmocka_unit_test_setup(test_narrow, start),
		cmocka_unit_test_setup(test_every_width, start),
		cmocka_unit_test_setup(test_columns, start),
		cmocka_unit_test(test_most_costly_is_named),
		cmocka_unit_test(test_short_names_are_whole),
		cmocka_unit_test_setup(test_distorted, start),
		cmocka_unit_test_setup(test_left_out, start),
		cmocka_unit_test_setup(test_overlaps, start),
		cmocka_unit_test_setup(test_empty, start),
		cmocka_unit_test_setup(test_unknown_share, start),
		cmocka_unit_test_setup(test_full_disk, start),
		cmocka_unit_test_setup(test_stuck, start),
		cmocka_unit_test_setup(test_crossed_ends, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Changes against a baseline: what they are, what they are certain of, and how views show them. */
#include <errno.h>
#include <locale.h>
#include <math.h>

#include "counts_fixture.h"

#include "compare/run_summary.h"

static struct fixture server;
static struct rp_baseline baseline;

static int start(void **state)
{
	(void)state;
	fixture_init(&server);
	baseline = (struct rp_baseline){.file = "before.rpt"};
	setlocale(LC_ALL, "C");
	return 0;
}

static int end(void **state)
{
	(void)state;
	rp_baseline__free(&baseline);
	return 0;
}

/* What the server has by now. */
static void keep(void)
{
	struct rp_snapshot *s = fixture_snapshot(&server, RP_BY_NONE);

	assert_int_equal(rp_baseline__of_snapshot(&baseline, s), 0);
	rp_snapshot__free(s);
	server.baseline = &baseline;
}

static const struct rp_row *row(const struct rp_snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->n_rows; i++)
		if (!strcmp(s->rows[i].name, name))
			return &s->rows[i];
	fail_msg("no row %s", name);
	return NULL;
}

/* n calls of 100 us, and after that as many that take `now`, in ten seconds each. */
static struct rp_ratio change_of(uint64_t n, uint64_t now, enum rp_changed what)
{
	struct rp_snapshot *s;
	struct rp_ratio change;
	uint32_t node;

	node = fixture_node(&server, fixture_root(&server, 1, "a"),
			    fixture_region(&server, "f", RP_KIND_FUNCTION, "a"));
	server.counts.time = 12500000000;
	fixture_frames(&server, node, n, 100000, 0, 0, 0);
	keep();
	memset(&server.nodes[node - 1].figures, 0, sizeof(struct rp_figures));
	memset(&server.hists[node - 1], 0, sizeof(struct rp_hist));
	fixture_frames(&server, node, n, now, 0, 0, 0);
	s = fixture_snapshot(&server, RP_BY_NONE);
	assert_int_equal(s->n_rows, 1);
	assert_false(s->rows[0].new);
	change = s->rows[0].change[what];
	rp_snapshot__free(s);
	return change;
}

/* Extremes are exact: that all calls took longer is certain, by however little. */
static void test_all_longer(void **state)
{
	struct rp_ratio change = change_of(1000, 103000, RP_CHANGED_P99);

	(void)state;
	assert_true(fabs(change.value - 1.03) < 0.001);
	assert_true(rp_ratio__is_certain(&change));
}

/* The bucket of 100 us ends at 106,496 ns and begins at 98,304 ns: one call at each side of that
 * is all that is known of the rest, so 105 us may be what it was. */
static void test_within_a_bucket(void **state)
{
	struct rp_snapshot *s;
	struct rp_ratio change;
	uint32_t node;

	(void)state;
	node = fixture_node(&server, fixture_root(&server, 1, "a"),
			    fixture_region(&server, "f", RP_KIND_FUNCTION, "a"));
	server.counts.time = 12500000000;
	fixture_frames(&server, node, 10000, 100000, 0, 0, 0);
	fixture_frames(&server, node, 1, 1000, 0, 0, 0);
	fixture_frames(&server, node, 1, 9000000, 0, 0, 0);
	keep();
	server.counts.time += 10000000000;
	fixture_frames(&server, node, 90000, 105000, 0, 0, 0);
	s = fixture_snapshot(&server, RP_BY_NONE);
	change = row(s, "f")->change[RP_CHANGED_P50];
	assert_false(rp_ratio__is_certain(&change));
	assert_true(change.low < 1 && change.high > 1);
	rp_snapshot__free(s);
	/* Two buckets on it is no longer. */
	fixture_frames(&server, node, 900000, 130000, 0, 0, 0);
	s = fixture_snapshot(&server, RP_BY_NONE);
	change = row(s, "f")->change[RP_CHANGED_P50];
	assert_true(rp_ratio__is_certain(&change) && change.value > 1.2);
	rp_snapshot__free(s);
}

/* One call tells nothing of a median, and 300 nothing of how high a P99 may be. */
static void test_few_calls(void **state)
{
	struct rp_ratio change = change_of(1, 900000, RP_CHANGED_P50);

	(void)state;
	assert_true(fabs(change.value - 9) < 0.01);
	assert_false(rp_ratio__is_certain(&change));
	assert_int_equal(end(state) | start(state), 0);
	change = change_of(300, 900000, RP_CHANGED_P99);
	assert_false(rp_ratio__is_certain(&change));
	assert_int_equal(end(state) | start(state), 0);
	change = change_of(400, 900000, RP_CHANGED_P99);
	assert_true(rp_ratio__is_certain(&change));
}

/* 100 calls scatter by 10, which is two for 95 %: sqrt(100) is known to one. */
static void test_rates(void **state)
{
	const struct rp_past past = {.f = {.count = 100}};
	struct rp_ratio rate;

	(void)state;
	baseline.duration = 10000000000;
	rate = rp_baseline__rate(&baseline, &past, 100, 10);
	assert_true(fabs(rate.value - 1) < 1e-9);
	assert_true(fabs(rate.low - 81.0 / 121) < 1e-9 && fabs(rate.high - 121.0 / 81) < 1e-9);
	rate = rp_baseline__rate(&baseline, &past, 140, 10);
	assert_false(rp_ratio__is_certain(&rate));
	rate = rp_baseline__rate(&baseline, &past, 160, 10);
	assert_true(rp_ratio__is_certain(&rate) && rate.value > 1.59);
	/* None at all, where there were ten a second. */
	rate = rp_baseline__rate(&baseline, &past, 0, 10);
	assert_true(rp_ratio__is_certain(&rate) && !(rate.value > 0));
	rate = rp_baseline__rate(&baseline, &past, 0, 0);
	assert_false(rate.high > 0);
	rate = rp_baseline__rate(&baseline, NULL, 100, 10);
	assert_false(rate.high > 0);
	rate = rp_baseline__rate(&baseline, &(struct rp_past){0}, 100, 10);
	assert_false(rate.high > 0);
	baseline.duration = 0;
	rate = rp_baseline__rate(&baseline, &past, 100, 10);
	assert_false(rate.high > 0);
}

/* Probes that take longer than they did are no change of the program. */
static void test_probes(void **state)
{
	struct rp_snapshot *s;
	uint32_t f, node;

	(void)state;
	f = fixture_region(&server, "f", RP_KIND_FUNCTION, "a");
	node = fixture_node(&server, fixture_root(&server, 1, "a"), f);
	server.counts.time = 12500000000;
	fixture_frames(&server, node, 1000, 1000, 0, 0, 0);
	keep();
	memset(&server.nodes[node - 1].figures, 0, sizeof(struct rp_figures));
	memset(&server.hists[node - 1], 0, sizeof(struct rp_hist));
	fixture_frames(&server, node, 1000, 1500, 0, 0, 0);
	s = fixture_snapshot(&server, RP_BY_NONE);
	assert_true(rp_ratio__is_certain(&row(s, "f")->change[RP_CHANGED_P50]));
	rp_snapshot__free(s);
	server.regions[f - 1].cost = (struct rp_probe_cost){.whole = 1200, .inside = 600};
	s = fixture_snapshot(&server, RP_BY_NONE);
	assert_true(fabs(row(s, "f")->probes - 600) < 1e-6);
	assert_false(rp_ratio__is_certain(&row(s, "f")->change[RP_CHANGED_P50]));
	rp_snapshot__free(s);
}

/* ---- who is compared with whom --------------------------------------------------------------- */

static void test_paths(void **state)
{
	struct rp_snapshot *s;
	uint32_t f, g, root, node;

	(void)state;
	f = fixture_region(&server, "f", RP_KIND_FUNCTION, "a");
	g = fixture_region(&server, "g", RP_KIND_FUNCTION, "a");
	root = fixture_root(&server, 1, "a");
	node = fixture_node(&server, root, f);
	fixture_frames(&server, node, 10, 100, 0, 0, 0);
	fixture_frames(&server, fixture_node(&server, node, g), 10, 50, 0, 0, 0);
	server.counts.time = 12500000000;
	keep();
	/* It is called from elsewhere, too: the region is known, the path is not, nor what is
	 * below.
	 */
	node = fixture_node(&server, root, g);
	fixture_frames(&server, node, 10, 50, 0, 0, 0);
	fixture_frames(&server, fixture_node(&server, node, f), 10, 20, 0, 0, 0);
	s = fixture_snapshot(&server, RP_BY_NONE);
	assert_int_equal(s->n_tree, 4);
	for (size_t i = 0; i < s->n_tree; i++) {
		const struct rp_tree_row *node_row = &s->tree[i];
		bool below_g = node_row->parent && !strcmp(node_row->row.name, "f");

		assert_int_equal(node_row->row.new, below_g || (!node_row->parent &&
								!strcmp(node_row->row.name, "g")));
	}
	assert_false(row(s, "f")->new);
	assert_false(row(s, "g")->new);
	assert_true(row(s, "g")->change[RP_CHANGED_RATE].value > 1.99);
	assert_int_equal(s->n_missing, 0);
	rp_snapshot__free(s);
	/* A row of one process is a part of the region. */
	s = fixture_snapshot(&server, RP_BY_PROCESS);
	assert_true(row(s, "f")->change[RP_CHANGED_P50].value > 0);
	assert_false(row(s, "f")->change[RP_CHANGED_RATE].high > 0);
	rp_snapshot__free(s);
}

static void test_new_and_missing(void **state)
{
	struct rp_snapshot *s;

	(void)state;
	fixture_server(&server);
	keep();
	server.regions[0].name = "handle_all";
	s = fixture_snapshot(&server, RP_BY_NONE);
	assert_true(row(s, "handle_all")->new);
	assert_int_equal(s->n_missing, 1);
	assert_string_equal(s->missing[0], "handle_request");
	rp_snapshot__free(s);
}

/* Of a run that was shown by process: how often in all is known, how long it took is not. */
static void test_groups_are_joined(void **state)
{
	struct rp_snapshot *s;

	(void)state;
	fixture_server(&server);
	s = fixture_snapshot(&server, RP_BY_PROCESS);
	assert_int_equal(rp_baseline__of_snapshot(&baseline, s), 0);
	rp_snapshot__free(s);
	server.baseline = &baseline;
	s = fixture_snapshot(&server, RP_BY_NONE);
	assert_true(fabs(row(s, "query")->change[RP_CHANGED_RATE].value - 1) < 1e-9);
	assert_false(row(s, "query")->change[RP_CHANGED_P50].high > 0);
	rp_snapshot__free(s);
}

/* Groups that are joined have one path each, and what is below is below that. */
static void test_joined_paths(void **state)
{
	static const struct {
		uint32_t parent; /* number of what is above; 0: none */
		const char *name;
		uint32_t joined; /* the number of what it became one with */
	} paths[] = {{0, "x", 1}, {0, "a", 2}, {2, "b", 3}, {0, "a", 2}, {4, "b", 3},
		     {4, "c", 6}, {5, "d", 7}, {3, "d", 7}, {9, "e", 9}};
	uint32_t parents[] = {0, 0, 2, 0, 2, 2, 3, 3, 0};

	(void)state;
	for (uint32_t i = 0; i < 9; i++) {
		const struct rp_past past = {.parent = paths[i].parent,
					     .name = {paths[i].name, RP_KIND_MARKER},
					     .f = {.count = 1u << i, .min = 5, .p50 = 7, .max = 9}};

		assert_int_equal(rp_baseline__add(&baseline, &past), i + 1);
	}
	assert_int_equal(rp_baseline__finish(&baseline), 0);
	assert_int_equal(baseline.n_names, 6);
	for (uint32_t i = 0; i < 9; i++) {
		uint64_t count = 0;
		unsigned n = 0;

		/* What stands behind itself is at the top. */
		assert_int_equal(baseline.past[i].parent, parents[i]);
		for (uint32_t k = 0; k < 9; k++)
			if (paths[k].joined == i + 1) {
				count += 1u << k;
				n++;
			}
		if (!n)
			continue;
		assert_int_equal(baseline.past[i].f.count, count);
		assert_true(baseline.past[i].f.p50 == (n > 1 ? 0 : 7));
	}
}

/* What was open and had not ended has no figures that could be missed now. */
static void test_open_is_not_missing(void **state)
{
	struct rp_snapshot *s;
	uint32_t node;

	(void)state;
	fixture_server(&server);
	node = fixture_node(&server, fixture_root(&server, 9, "a"),
			    fixture_region(&server, "main", RP_KIND_FUNCTION, "a"));
	server.nodes[node - 1].figures.entries = 1;
	keep();
	s = fixture_snapshot(&server, RP_BY_NONE);
	assert_int_equal(row(s, "main")->f.open, 1);
	rp_snapshot__free(s);
	server.nodes[node - 1].figures.entries = 0;
	s = fixture_snapshot(&server, RP_BY_NONE);
	assert_int_equal(s->n_missing, 0);
	rp_snapshot__free(s);
}

/* ---- as it is written ------------------------------------------------------------------------ */

/* JSON of a run is a baseline like the run itself: paths, strange names and all. */
static void test_json(void **state)
{
	const struct rp_view_opts opts = {0};
	struct rp_run_summary run;
	struct rp_snapshot *s;
	const char *why;
	char *text;

	(void)state;
	fixture_server(&server);
	s = fixture_snapshot(&server, RP_BY_NONE);
	text = fixture_print("json", s, &opts);
	assert_int_equal(rp_run_summary__of_json(text, strlen(text), "a.json", &run, &why), 0);
	rp_snapshot__free(s);
	free(text);
	assert_string_equal(run.past.file, "a.json");
	server.baseline = &run.past;
	s = fixture_snapshot(&server, RP_BY_NONE);
	assert_int_equal(s->n_missing, 0);
	for (size_t i = 0; i < s->n_rows + s->n_tree; i++) {
		const struct rp_row *now = i < s->n_rows ? &s->rows[i]
							 : &s->tree[i - s->n_rows].row;

		assert_false(now->new);
		for (size_t k = 0; k < RP_CHANGED_COUNT; k++) {
			assert_true(fabs(now->change[k].value - 1) < 1e-9 || !now->f.count);
			assert_false(rp_ratio__is_certain(&now->change[k]));
		}
	}
	rp_snapshot__free(s);
	rp_run_summary__free(&run);
}

/* Whatever somebody has written: no number is too large, and no parent leads anywhere wrong. */
static void test_hostile_json(void **state)
{
	static const char row_text[] =
		"{\"schema\": \"rptrace-snapshot/1\", \"duration_ns\": 1e300, \"regions\": ["
		"{\"name\": \"f\", \"kind\": \"function\", \"count\": 1e300, \"p50_ns\": -5, "
		"\"p99_ns\": 1e300, \"probes_ns\": -1}, {\"name\": 3}, 5, null], \"tree\": ["
		"{\"id\": 5, \"parent\": 5, \"name\": \"f\", \"kind\": \"function\"},"
		"{\"id\": 4, \"parent\": 9999999999, \"name\": \"f\", \"kind\": \"function\"},"
		"{\"id\": -1, \"parent\": null, \"name\": \"f\", \"kind\": \"function\"},"
		"{\"id\": -1, \"parent\": -1, \"name\": \"f\", \"kind\": \"function\"},"
		"{\"id\": 7, \"parent\": -1, \"name\": \"g\", \"kind\": \"function\"}, [], 1]}";
	struct rp_run_summary run;
	struct rp_snapshot *s;
	const char *why;

	(void)state;
	fixture_server(&server);
	assert_int_equal(rp_run_summary__of_json(row_text, strlen(row_text), "x", &run, &why), 0);
	assert_int_equal(run.past.n, 3);
	server.baseline = &run.past;
	s = fixture_snapshot(&server, RP_BY_NONE);
	assert_int_equal(s->n_missing, 1);
	rp_snapshot__free(s);
	rp_run_summary__free(&run);
}

/* Half of the calls of a query, which take three times as long, and one region that is new. */
static void show_change(void)
{
	struct rp_node_counts *query = &server.nodes[2];

	fixture_server(&server);
	keep();
	memset(&query->figures, 0, sizeof(query->figures));
	memset(&server.hists[2], 0, sizeof(server.hists[2]));
	fixture_frames(&server, 3, 505, 2340000, 0, 20000, 1000);
	server.regions[5].name = "relay_all";
}

static void check(const char *golden, const char *view, const struct rp_view_opts *opts)
{
	struct rp_snapshot *s;
	char *text;

	show_change();
	s = fixture_snapshot(&server, RP_BY_NONE);
	text = fixture_print(view, s, opts);
	assert_golden(golden, text);
	free(text);
	rp_snapshot__free(s);
	rp_baseline__free(&baseline);
	baseline.file = "before.rpt";
}

static void test_views(void **state)
{
	struct rp_view_opts opts = {.width = 80};

	(void)state;
	check("table-80-baseline.txt", "table", &opts);
	opts.width = 120;
	check("table-120-baseline.txt", "table", &opts);
	opts.width = 140;
	check("table-140-baseline.txt", "table", &opts);
	opts = (struct rp_view_opts){.tree = true};
	check("tree-baseline.txt", "table", &opts);
	check("snapshot-baseline.csv", "csv", &opts);
	check("snapshot-baseline.json", "json", &opts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_longer, start, end),
		cmocka_unit_test_setup_teardown(test_within_a_bucket, start, end),
		cmocka_unit_test_setup_teardown(test_few_calls, start, end),
		cmocka_unit_test_setup_teardown(test_rates, start, end),
		cmocka_unit_test_setup_teardown(test_probes, start, end),
		cmocka_unit_test_setup_teardown(test_paths, start, end),
		cmocka_unit_test_setup_teardown(test_new_and_missing, start, end),
		cmocka_unit_test_setup_teardown(test_groups_are_joined, start, end),
		cmocka_unit_test_setup_teardown(test_joined_paths, start, end),
		cmocka_unit_test_setup_teardown(test_open_is_not_missing, start, end),
		cmocka_unit_test_setup_teardown(test_json, start, end),
		cmocka_unit_test_setup_teardown(test_hostile_json, start, end),
		cmocka_unit_test_setup_teardown(test_views, start, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

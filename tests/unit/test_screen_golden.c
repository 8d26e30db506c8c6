// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * What the screen looks like, as text: tests/golden/screen-*.txt have it for terminals of several
 * sizes.
 */
#include <locale.h>

#include "samples_fixture.h"
#include "screen_grid.h"

static const struct size small = {80, 24}, usual = {120, 30}, wide = {140, 40}, beside = {160, 45},
			 large = {200, 60};

static void spread(size_t i, uint64_t n, uint64_t second)
{
	struct rp_hist_part *hist = &server.nodes[i].hist;

	hist->bucket[rp_hist_index(20000)] += n / 4;
	hist->bucket[rp_hist_index(900000)] += n - n / 4;
	hist->bucket[rp_hist_index(30000000)] += second % 10 == 0;
}

/*
 * Half a minute of a rate that rises, one that is level and one that stops; the cursor is on a row.
 */
static void show(bool utf8)
{
	fixture_server(&server);
	rp_state__init(&s, &(struct rp_state_opts){
				   .sort = rp_column__find("total"), .interval = 1, .utf8 = utf8});
	rp_state__resize(&s, small.rows, small.width);
	for (uint64_t second = 10; second < 42; second++) {
		uint64_t more[] = {0, second, 50, second < 30 ? 20 : 0};

		for (size_t i = 1; i < 4; i++) {
			struct rp_figures *f = &server.nodes[i].figures;

			f->count += more[i];
			f->entries += more[i];
			f->total += more[i] * 1000000;
			f->self += more[i] * 1000000;
			f->cpu += more[i] * 1000000 * i / 4;
			f->wait += more[i] * 1000000 / 8;
			/* Two modes, and one that comes now and then. */
			spread(i, more[i], second);
		}
		update(second);
	}
	key(RP_KEY_DOWN);
	key(RP_KEY_DOWN);
}

/* After some keys. */
static void check(const struct size *size, bool utf8, bool styles, const int *keys,
		  const char *golden)
{
	static char text[ROWS_MAX * WIDTH_MAX * 4];

	show(utf8);
	rp_state__resize(&s, size->rows, size->width);
	while (*keys)
		key(*keys++);
	draw(size, styles, text);
	assert_golden(golden, text);
	rp_state__free(&s);
}

static const int none[] = {0};

static void test_panes(void **state)
{
	static const int hist[] = {RP_KEY_UP, RP_KEY_ENTER, 0},
			 log_scale[] = {RP_KEY_UP, RP_KEY_ENTER, 'l', 0},
			 heat[] = {RP_KEY_UP, RP_KEY_ENTER, RP_KEY_TAB, 0},
			 icicle[] = {RP_KEY_ENTER, RP_KEY_TAB, RP_KEY_TAB, 0},
			 calls[] = {RP_KEY_UP, RP_KEY_ENTER, RP_KEY_TAB, RP_KEY_TAB, RP_KEY_TAB, 0};

	(void)state;
	check(&small, true, false, hist, "screen-80-histogram.txt");
	check(&small, true, false, log_scale, "screen-80-log-scale.txt");
	check(&beside, true, false, hist, "screen-160-histogram.txt");
	check(&usual, true, false, heat, "screen-120-heat.txt");
	check(&usual, true, true, heat, "screen-120-heat-styles.txt");
	check(&usual, false, false, heat, "screen-120-heat-ascii.txt");
	check(&usual, true, false, icicle, "screen-120-icicle.txt");
	check(&wide, true, false, calls, "screen-140-calls.txt");
	check(&large, false, false, icicle, "screen-200-icicle-ascii.txt");
	check(&large, true, false, heat, "screen-200-heat.txt");
}

/* A window of the same figures as if they were a record's. */
static void check_record(const struct size *size, bool utf8, bool styles, bool heat,
			 const char *golden)
{
	static struct rp_heat map;
	uint64_t count = 3;
	struct rp_hist_part hist = {.bucket = &count, .from = rp_hist_index(900000)};
	static char text[ROWS_MAX * WIDTH_MAX * 4];
	struct rp_axis axis = {.end = 100 * S, .from = 30 * S, .to = 42 * S};

	for (size_t c = 0; c < RP_AXIS_COLUMNS; c++) {
		axis.all[c] = c % 64;
		axis.window[c] = c < 128 ? 10 : 90;
	}
	rp_heat__of_period(&map, size->width - 9);
	hist.end = hist.from + 1;
	rp_heat__spread(&map, &hist, 0.25, 0.25);
	hist.from = rp_hist_index(30000000);
	hist.end = hist.from + 1;
	rp_heat__spread(&map, &hist, 0, 1);
	fixture_server(&server);
	rp_state__init(&s, &(struct rp_state_opts){
				   .sort = rp_column__find("total"), .utf8 = utf8, .axis = &axis});
	rp_state__resize(&s, size->rows, size->width);
	update(42);
	if (heat) {
		key(RP_KEY_ENTER);
		key(RP_KEY_TAB);
		s.heat = &map;
	}
	draw(size, styles, text);
	assert_golden(golden, text);
	rp_state__free(&s);
}

static void test_record(void **state)
{
	(void)state;
	check_record(&usual, true, false, false, "screen-120-record.txt");
	check_record(&usual, true, true, false, "screen-120-record-styles.txt");
	check_record(&small, false, false, false, "screen-80-record-ascii.txt");
	check_record(&small, false, false, true, "screen-80-record-heat-ascii.txt");
}

/* Files may say anything of the run that they are of. */
static void test_record_of_a_long_target(void **state)
{
	static char text[ROWS_MAX * WIDTH_MAX * 4], target[1000];
	struct rp_axis axis = {.end = S, .to = S};
	struct rp_snapshot *snapshot;

	(void)state;
	memset(target, 'x', sizeof(target) - 1);
	fixture_server(&server);
	rp_state__init(&s, &(struct rp_state_opts){
				   .sort = rp_column__find("total"), .utf8 = true, .axis = &axis});
	rp_state__resize(&s, small.rows, small.width);
	snapshot = fixture_snapshot(&server, RP_BY_NONE);
	snapshot->meta.target = target;
	snapshot->meta.processes = UINT64_MAX;
	snapshot->meta.slow_sites = UINT64_MAX;
	assert_int_equal(rp_state__update(&s, snapshot, NULL, S, 0), 0);
	draw(&small, false, text);
	assert_memory_equal(text, target, small.width - strlen("RECORD") - 2);
	rp_state__free(&s);
}

/* What is hot in the first region, or in the target where there are no regions. */
static void check_samples(const struct size *size, bool utf8, bool regions, const char *golden)
{
	static char text[ROWS_MAX * WIDTH_MAX * 4];
	struct rp_snapshot *snapshot;

	if (regions)
		fixture_server(&server);
	else
		fixture_init(&server);
	samples_init(&server, regions ? 2 : 0);
	rp_state__init(&s, &(struct rp_state_opts){
				   .sort = rp_column__find("total"), .interval = 1, .utf8 = utf8});
	rp_state__resize(&s, size->rows, size->width);
	snapshot = fixture_snapshot(&server, RP_BY_NONE);
	snapshot->meta.probes *= regions;
	assert_int_equal(rp_state__update(&s, snapshot, NULL, 10 * S, 5 * S), 0);
	assert_int_equal(s.pane, regions ? RP_PANE_NONE : RP_PANE_SAMPLES);
	if (regions) {
		key(RP_KEY_ENTER);
		key(RP_KEY_BACK_TAB);
	}
	draw(size, false, text);
	assert_golden(golden, text);
	/* Of a record nothing can be traced. */
	assert_int_equal(strstr(text, "A traces") != NULL, !regions);
	s.axis = &(struct rp_axis){.end = S, .to = S};
	draw(size, false, text);
	assert_null(strstr(text, "A traces"));
	s.axis = NULL;
	/* They are offered once. */
	key(RP_KEY_ESCAPE);
	snapshot = fixture_snapshot(&server, RP_BY_NONE);
	snapshot->meta.probes *= regions;
	assert_int_equal(rp_state__update(&s, snapshot, NULL, 11 * S, 5 * S), 0);
	assert_int_equal(s.pane, RP_PANE_NONE);
	rp_state__free(&s);
	samples_free(&server);
}

static void test_samples(void **state)
{
	(void)state;
	check_samples(&small, false, true, "screen-80-samples-ascii.txt");
	check_samples(&usual, true, false, "screen-120-samples-alone.txt");
}

/* Half a minute later than the baseline, by which some have become slower, and one is new. */
static void check_baseline(const struct size *size, bool utf8, bool styles, bool tree,
			   const char *golden)
{
	static char text[ROWS_MAX * WIDTH_MAX * 4];
	struct rp_baseline baseline = {.file = "before.rpt"};
	struct rp_snapshot *snapshot;

	fixture_server(&server);
	snapshot = fixture_snapshot(&server, RP_BY_NONE);
	assert_int_equal(rp_baseline__of_snapshot(&baseline, snapshot), 0);
	rp_snapshot__free(snapshot);
	server.baseline = &baseline;
	server.regions[3].name = "stroll<int>(tree*)";
	memset(&server.hists[2], 0, sizeof(server.hists[2]));
	memset(&server.nodes[2].figures, 0, sizeof(server.nodes[2].figures));
	rp_state__init(&s, &(struct rp_state_opts){.sort = rp_column__find("total"),
						   .interval = 1,
						   .utf8 = utf8,
						   .tree = tree,
						   .baseline = true});
	rp_state__resize(&s, size->rows, size->width);
	for (uint64_t second = 10; second < 14; second++) {
		fixture_frames(&server, 3, 200, 2340000, 0, 20000, 1000);
		fixture_frames(&server, 2, 100, 1230000, 0, 20000, 1000);
		update(second);
	}
	draw(size, styles, text);
	assert_golden(golden, text);
	rp_state__free(&s);
	rp_baseline__free(&baseline);
}

static void test_baseline(void **state)
{
	(void)state;
	check_baseline(&small, true, false, false, "screen-80-baseline.txt");
	check_baseline(&small, true, true, false, "screen-80-baseline-styles.txt");
	check_baseline(&small, false, false, true, "screen-80-baseline-ascii.txt");
	check_baseline(&usual, true, false, true, "screen-120-baseline.txt");
	check_baseline(&wide, true, false, false, "screen-140-baseline.txt");
	check_baseline(&wide, true, true, false, "screen-140-baseline-styles.txt");
}

/* What stands in for figures until there are some; a file's name may be anything. */
static void test_start(void **state)
{
	static char text[ROWS_MAX * WIDTH_MAX * 4];

	(void)state;
	rp_state__init(&s, &(struct rp_state_opts){.sort = rp_column__find("total"),
						   .interval = 1,
						   .utf8 = true,
						   .target = "PID 4711 postgres"});
	strcpy(s.doing, "reading symbols of post\x1b[2Jgres");
	draw(&small, false, text);
	assert_golden("screen-80-start.txt", text);
	rp_state__free(&s);
}

/* Where threads slept in the first region: the last pane, which is there without samples. */
static void test_asleep(void **state)
{
	static char text[ROWS_MAX * WIDTH_MAX * 4];
	struct rp_sample_store *store = rp_sample_store__new(100, UINT64_MAX, false);
	uint32_t places[] = {sampled_place(store, "main", "src/main.c", 12),
			     sampled_place(store, "handle_request", "src/main.c", 30),
			     sampled_place(store, "futex_wait", "", 0)};
	struct rp_taken_sample at = {.node = 2, .end = RP_UNWIND_END_COMPLETE};

	(void)state;
	fixture_server(&server);
	at.call = rp_sample_store__call(store, 2, places, 3);
	rp_sample_store__add_sleep(store, &at, 1200000);
	at.call = rp_sample_store__call(store, 2, places, 2);
	rp_sample_store__add_sleep(store, &at, 34560);
	server.counts.samples = rp_sample_counts__of(store);
	server.counts.samples->off_cpu = true;
	rp_sample_store__put(store);
	rp_state__init(&s, &(struct rp_state_opts){
				   .sort = rp_column__find("total"), .interval = 1, .utf8 = true});
	rp_state__resize(&s, usual.rows, usual.width);
	assert_int_equal(
		rp_state__update(&s, fixture_snapshot(&server, RP_BY_NONE), NULL, 10 * S, 5 * S),
		0);
	key(RP_KEY_ENTER);
	key(RP_KEY_BACK_TAB);
	assert_int_equal(s.pane, RP_PANE_ASLEEP);
	draw(&usual, false, text);
	assert_golden("screen-120-asleep.txt", text);
	rp_state__free(&s);
	samples_free(&server);
}

/* Who ends the sleep of a region: so far nobody has counted that, and then somebody has. */
static void test_wakers(void **state)
{
	static char text[ROWS_MAX * WIDTH_MAX * 4];
	struct rp_waker_count counts[] = {{{3, 1}, {100, 1300000000}},
					  {{3, RP_WAKER_INTERRUPT}, {3, 2000000}}};
	struct rp_waker_counts wakers = {.item = counts, .n = 2};

	(void)state;
	show(true);
	rp_state__resize(&s, small.rows, small.width);
	key(RP_KEY_UP);
	key(RP_KEY_ENTER);
	key(RP_KEY_BACK_TAB);
	assert_int_equal(s.pane, RP_PANE_WAKERS);
	draw(&small, false, text);
	assert_non_null(strstr(text, "is not known yet"));
	server.counts.wakers = &wakers;
	update(43);
	draw(&small, false, text);
	assert_golden("screen-80-wakers.txt", text);
	rp_state__free(&s);
}

/* The lines of the pane alone. */
static char *draw_pane(const struct size *size, bool styles, char *text)
{
	static char all[ROWS_MAX * WIDTH_MAX * 4];
	char *line = all;

	rp_terminal__clear();
	draw(size, styles, all);
	for (size_t y = 0; y < size->rows; y++) {
		char *end = strchr(line, '\n');

		if (y >= s.layout.pane && y < s.layout.pane + s.layout.n_pane)
			text += sprintf(text, "|%.*s\n", (int)(end - line), line);
		line = end + 1;
	}
	return text;
}

/* Each pane in terminals with hardly room for it, from none to some lines and cells of it. */
static void test_panes_in_small_terminals(void **state)
{
	static const struct size sizes[] = {
		{80, 5},  {80, 6},  {80, 7},  {80, 8},	{80, 9},  {80, 15}, {80, 20}, {1, 8},
		{12, 8},  {17, 8},  {18, 8},  {26, 12}, {35, 12}, {44, 12}, {53, 12}, {64, 12},
		{28, 12}, {29, 12}, {30, 12}, {160, 5}, {160, 6}, {160, 9}, {180, 8},
	};
	static char text[1 << 19];
	struct rp_waker_count counts[] = {{{3, 1}, {100, 1300000000}},
					  {{3, 2}, {7, 1400000000}},
					  {{3, RP_WAKER_INTERRUPT}, {3, 2000000}}};
	struct rp_waker_counts wakers = {.item = counts, .n = 3};
	char *at = text;

	(void)state;
	show(true);
	samples_init(&server, 2);
	server.counts.wakers = &wakers;
	update(43);
	key(RP_KEY_UP);
	for (int pane = RP_PANE_HIST; pane < RP_PANE_END; pane++) {
		if (!rp_pane__is_there(&s, (enum rp_pane)pane))
			continue;
		rp_pane__open(&s, (enum rp_pane)pane);
		update(43);
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			assert_in_range(at - text, 0, sizeof(text) / 2);
			at += sprintf(at, "%s in %zu lines of %zu\n", rp_pane_titles[pane],
				      sizes[i].rows, sizes[i].width);
			at = draw_pane(&sizes[i], false, at);
		}
		at = draw_pane(&small, true, at);
	}
	assert_golden("screen-small-panes.txt", text);
	rp_state__free(&s);
	samples_free(&server);
}

/* In the tree, too: what is kept is that of the region. */
static void test_heat_of_a_path(void **state)
{
	static char table[1 << 16], tree[1 << 16];

	(void)state;
	show(true);
	key(RP_KEY_UP);
	rp_pane__open(&s, RP_PANE_HEAT);
	draw_pane(&small, false, table);
	key('t');
	assert_true(s.tree);
	draw_pane(&small, false, tree);
	assert_string_equal(tree, table);
	assert_non_null(strstr(tree, " now"));
	rp_state__free(&s);
}

static void test_menus(void **state)
{
	static const int sort[] = {RP_KEY_F0 + 6, 0}, columns[] = {'c', 0}, group[] = {'g', 0},
			 question[] = {RP_KEY_F0 + 9, 0}, help[] = {'?', 0};

	(void)state;
	check(&small, true, false, sort, "screen-80-sort.txt");
	check(&usual, true, false, columns, "screen-120-columns.txt");
	check(&small, false, false, group, "screen-80-group-ascii.txt");
	check(&small, true, false, question, "screen-80-detach.txt");
	check(&small, true, false, help, "screen-80-help.txt");
	check(&large, true, false, help, "screen-200-help.txt");
}

/* With UTF-8 and without; styles are what has a colour, or something else without colours. */
static void test_sizes(void **state)
{
	(void)state;
	check(&small, true, false, none, "screen-80.txt");
	check(&small, true, true, none, "screen-80-styles.txt");
	check(&small, false, false, none, "screen-80-ascii.txt");
	check(&usual, true, false, none, "screen-120.txt");
	check(&usual, true, true, none, "screen-120-styles.txt");
	check(&usual, false, false, none, "screen-120-ascii.txt");
	check(&wide, true, false, none, "screen-140.txt");
	check(&wide, true, true, none, "screen-140-styles.txt");
	check(&wide, false, false, none, "screen-140-ascii.txt");
	check(&large, true, false, none, "screen-200.txt");
	check(&large, true, true, none, "screen-200-styles.txt");
	check(&large, false, false, none, "screen-200-ascii.txt");
}

/* The columns that each width promises, with nothing of what the next one adds. */
static void test_promised_columns(void **state)
{
	static const struct {
		size_t width;
		const char *last;
	} promised[] = {{80, "MAX"}, {120, "TREND"}, {140, "BLOCKED"}};

	(void)state;
	show(true);
	for (size_t i = 0; i < 3; i++) {
		const char *last;

		rp_state__resize(&s, small.rows, promised[i].width);
		last = s.layout.cell[s.layout.n_cells - 1].column->title;
		assert_string_equal(last, promised[i].last);
		assert_true(s.layout.more);
	}
	rp_state__free(&s);
}

/* Columns that were asked for, in that order and no others, however wide the terminal is. */
static void test_asked_columns(void **state)
{
	static const char *const titles[] = {"REGION", "TREND", "%TIME", "BLOCKED"};
	struct rp_column_list list;

	(void)state;
	assert_null(rp_column_list__parse("trend,share,blocked,trend", &list));
	fixture_server(&server);
	rp_state__init(&s, &(struct rp_state_opts){.sort = rp_column__find("total"),
						   .columns = &list,
						   .interval = 1,
						   .utf8 = true});
	rp_state__resize(&s, small.rows, 200);
	update(10);
	assert_int_equal(s.layout.n_cells, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(s.layout.cell[i].column->title, titles[i]);
	rp_state__free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_promised_columns),
		cmocka_unit_test(test_asked_columns),
		cmocka_unit_test(test_panes),
		cmocka_unit_test(test_panes_in_small_terminals),
		cmocka_unit_test(test_heat_of_a_path),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_record_of_a_long_target),
		cmocka_unit_test(test_menus),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_baseline),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_asleep),
		cmocka_unit_test(test_wakers),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}

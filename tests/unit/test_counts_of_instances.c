// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Instances added up: the very figures that the kernel would have had of them. */
#include "counts_fixture.h"
#include "instances_fixture.h"
#include "record/event_filter.h"

enum { F = 1, G, LATE };

static const struct rp_row *row_of(const struct rp_snapshot *snapshot, const char *name,
				   const char *group)
{
	for (size_t i = 0; i < snapshot->n_rows; i++)
		if (!strcmp(snapshot->rows[i].name, name) &&
		    (!group || !strcmp(snapshot->rows[i].group, group)))
			return &snapshot->rows[i];
	return NULL;
}

/* f > g, f > f; two f at the top, one unwound, one open. */
static void tell_small_run(const struct rp_event_sink *sink)
{
	tell_run(sink, NULL);
	tell_region(sink, F, "f", RP_KIND_FUNCTION);
	tell_region(sink, G, "g", RP_KIND_MARKER);
	tell_node(sink, 2, TOLD_ROOT, F);
	tell_node(sink, 3, 2, G);
	tell_node(sink, 4, 2, F);
	tell_thread(sink, 1, 10, 10, "app");
	tell_timed(sink, 100,
		   (struct rp_event_instance){
			   .thread = 1, .node = 3, .ns = 700, .cpu = 300, .wait = 7});
	tell_timed(sink, 10,
		   (struct rp_event_instance){
			   .start = 70000, .thread = 1, .node = 4, .ns = 5000, .cpu = 1});
	tell(sink, (struct rp_event_instance){.thread = 1,
					      .node = 2,
					      .ns = 200000,
					      .child = 120000,
					      .cpu = 40000,
					      .wait = 1000});
	tell(sink, (struct rp_event_instance){.start = 300000,
					      .thread = 1,
					      .node = 2,
					      .ns = 20000000000,
					      .cpu = 19999999999,
					      .wait = 500});
	tell(sink, (struct rp_event_instance){.thread = 1, .node = 3, .ns = 9, .unwound = true});
	tell(sink, (struct rp_event_instance){
			   .start = 29999999991, .thread = 1, .node = 2, .ns = 9, .open = true});
	tell_end(sink, 30000000000);
}

/* The same from the kernel. */
static struct rp_snapshot *snapshot_of_kernel(struct fixture *f)
{
	struct rp_snapshot_opts opts = {0};
	struct rp_snapshot *snapshot;
	uint32_t root, node;

	fixture_init(f);
	fixture_region(f, "f", RP_KIND_FUNCTION, "/bin/app");
	fixture_region(f, "g", RP_KIND_MARKER, "/bin/app");
	root = fixture_root(f, 0, "");
	node = fixture_node(f, root, F);
	fixture_frames(f, node, 1, 200000, 120000, 40000, 1000);
	/* Its parts were told by other clocks: held within the whole. */
	fixture_frames(f, node, 1, 20000000000, 0, 19999999999, 1);
	f->nodes[node - 1].figures.entries++;
	fixture_frames(f, fixture_node(f, node, G), 100, 700, 0, 300, 7);
	f->nodes[2].figures.entries++;
	f->nodes[2].figures.unwound++;
	fixture_frames(f, fixture_node(f, node, F), 10, 5000, 0, 1, 0);
	f->counts.time = 30000000000;
	f->counts.lost[RP_LOST_DEPTH] = 3;
	snapshot = rp_snapshot__build(&f->counts, NULL, &opts);
	assert_non_null(snapshot);
	rp_snapshot__sort(snapshot, rp_column__find("name"), false);
	return snapshot;
}

/* But for when it was, which the kernel does not tell. */
static void assert_same_row(const struct rp_row *a, const struct rp_row *b)
{
	struct rp_row_figures f = a->f;

	assert_string_equal(a->name, b->name);
	assert_string_equal(a->object, b->object);
	assert_int_equal(a->kind, b->kind);
	assert_true(a->f.last);
	f.first = f.last = 0;
	assert_memory_equal(&f, &b->f, sizeof(f));
}

static void test_figures_are_those_of_the_kernel(void **state)
{
	struct rp_instance_counts *counts = rp_instance_counts__new(RP_BY_NONE);
	struct rp_event_sink sink = rp_instance_counts__sink(counts);
	struct rp_snapshot *ours, *kernels;
	struct fixture f;

	(void)state;
	tell_small_run(&sink);
	ours = snapshot_of(counts, RP_BY_NONE, 0);
	kernels = snapshot_of_kernel(&f);
	assert_int_equal(ours->duration, kernels->duration);
	assert_memory_equal(ours->lost, kernels->lost, sizeof(ours->lost));
	assert_int_equal(ours->n_rows, 2);
	assert_int_equal(kernels->n_rows, 2);
	for (size_t i = 0; i < 2; i++)
		assert_same_row(&ours->rows[i], &kernels->rows[i]);
	assert_int_equal(ours->n_tree, 3);
	assert_int_equal(kernels->n_tree, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_same_row(&ours->tree[i].row, &kernels->tree[i].row);
		assert_int_equal(ours->tree[i].parent, kernels->tree[i].parent);
	}
	/* Under recursion the outermost alone. */
	assert_int_equal(ours->rows[0].f.count, 12);
	assert_int_equal(ours->rows[0].f.total, 20000200000);
	assert_int_equal(ours->rows[0].f.open, 1);
	assert_int_equal(ours->rows[0].f.first, 0);
	assert_int_equal(ours->rows[0].f.last, 30000000000);
	assert_int_equal(ours->rows[1].f.last, 70000);
	assert_int_equal(ours->rows[1].f.unwound, 1);
	rp_snapshot__free(ours);
	rp_snapshot__free(kernels);
	rp_instance_counts__free(counts);
}

/* Two threads of one process, one of another; a thread number that came again. */
static void tell_threads(const struct rp_event_sink *sink)
{
	tell_run(sink, NULL);
	tell_region(sink, F, "f", RP_KIND_FUNCTION);
	tell_node(sink, 2, TOLD_ROOT, F);
	tell_thread(sink, 1, 10, 10, "app");
	tell_thread(sink, 2, 10, 11, "app");
	tell_thread(sink, 3, 20, 20, "web");
	tell_thread(sink, 4, 10, 11, "app");
	for (uint32_t thread = 1; thread <= 4; thread++)
		tell_timed(sink, 1u << thread,
			   (struct rp_event_instance){.thread = thread, .node = 2, .ns = 10});
	tell_end(sink, 100);
}

struct group_case {
	enum rp_by by;
	const char *group;
	uint64_t count;
};

static void test_groups_are_those_of_the_threads(void **state)
{
	static const struct group_case cases[] = {
		{RP_BY_PROCESS, "10 app", 22},	  {RP_BY_PROCESS, "20 web", 8},
		{RP_BY_THREAD, "10 app", 2},	  {RP_BY_THREAD, "11 app", 4},
		{RP_BY_THREAD, "11 app (2)", 16}, {RP_BY_THREAD, "20 web", 8},
		{RP_BY_COMMAND, "app", 22},	  {RP_BY_COMMAND, "web", 8},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rp_instance_counts *counts = rp_instance_counts__new(cases[i].by);
		struct rp_event_sink sink = rp_instance_counts__sink(counts);
		struct rp_snapshot *snapshot;
		const struct rp_row *row;

		tell_threads(&sink);
		snapshot = snapshot_of(counts, cases[i].by, 0);
		row = row_of(snapshot, "f", cases[i].group);
		assert_non_null(row);
		assert_int_equal(row->f.count, cases[i].count);
		rp_snapshot__free(snapshot);
		rp_instance_counts__free(counts);
	}
}

static void tell_file(const struct rp_event_sink *sink, const char *file, uint64_t n)
{
	tell_run(sink, file);
	tell_region(sink, F, "f", RP_KIND_FUNCTION);
	tell_node(sink, 2, TOLD_ROOT, F);
	tell_thread(sink, 1, 10, 10, "app");
	/* One in which others took all of the time: imbalance is of totals. */
	tell_timed(sink, 1,
		   (struct rp_event_instance){.thread = 1, .node = 2, .ns = 10, .child = 10});
	tell_timed(sink, n - 1, (struct rp_event_instance){.thread = 1, .node = 2, .ns = 10});
	RP_TELL(sink, left_out, 2, 1);
	tell_end(sink, 100);
}

/* One row for each record; of a name that is too long the end is told. */
static void test_groups_are_files(void **state)
{
	struct rp_instance_counts *counts = rp_instance_counts__new(RP_BY_FILE);
	struct rp_event_sink sink = rp_instance_counts__sink(counts);
	struct rp_snapshot *snapshot;
	char name[201] = "";

	(void)state;
	memset(name, 'x', 200);
	strcpy(name + 194, "/1.rpt");
	tell_file(&sink, "a.rpt", 3);
	tell_file(&sink, name, 4);
	tell_file(&sink, "a.rpt", 5);
	snapshot = snapshot_of(counts, RP_BY_FILE, 0);
	assert_int_equal(snapshot->n_rows, 2);
	assert_int_equal(row_of(snapshot, "f", "a.rpt")->f.count, 8);
	assert_int_equal(row_of(snapshot, "f", name + 200 - RP_TEXT_LEN)->f.count, 4);
	/* Totals are as counts: 8 is 4 / 3 of their mean. */
	assert_float_equal(row_of(snapshot, "f", "a.rpt")->f.imbalance, 8 / 6.0, 1e-9);
	assert_float_equal(snapshot->rows[0].f.imbalance, snapshot->rows[1].f.imbalance, 0);
	rp_snapshot__free(snapshot);
	rp_instance_counts__free(counts);
}

static void tell_labels(const struct rp_event_sink *sink, const char *first, const char *second)
{
	const char *words[] = {first, second};

	tell_run(sink, NULL);
	tell_region(sink, F, "f", RP_KIND_FUNCTION);
	for (uint32_t i = 0; i < 2; i++) {
		struct rp_text text = {0};
		struct rp_node node = {.parent = TOLD_ROOT,
				       .region = F,
				       .label = RP_TEXT_FIRST + i,
				       .flags = RP_NODE_LABELED | RP_NODE_TEXT | RP_NODE_VALID};

		strncpy(text.text, words[i], RP_TEXT_LEN - 1);
		assert_int_equal(RP_TELL(sink, text, i, &text), 0);
		assert_int_equal(RP_TELL(sink, node, 2 + i, &node), 0);
		tell_timed(sink, 1 + i, (struct rp_event_instance){.node = 2 + i, .ns = 10});
	}
	tell_end(sink, 100);
}

/* Two records: what one calls text 0 the other calls text 1. */
static void test_runs_are_joined_by_name(void **state)
{
	struct rp_instance_counts *counts = rp_instance_counts__new(RP_BY_LABEL);
	struct rp_event_sink sink = rp_instance_counts__sink(counts);
	struct rp_snapshot *snapshot;

	(void)state;
	tell_labels(&sink, "GET", "PUT");
	tell_labels(&sink, "PUT", "POST");
	snapshot = snapshot_of(counts, RP_BY_LABEL, 0);
	assert_int_equal(snapshot->n_rows, 3);
	assert_int_equal(row_of(snapshot, "f", "GET")->f.count, 1);
	assert_int_equal(row_of(snapshot, "f", "PUT")->f.count, 3);
	assert_int_equal(row_of(snapshot, "f", "POST")->f.count, 2);
	rp_snapshot__free(snapshot);
	rp_instance_counts__free(counts);
}

/* A damaged record: the time was taken all the same. */
static void test_what_was_not_told_has_no_name(void **state)
{
	struct rp_instance_counts *counts = rp_instance_counts__new(RP_BY_PROCESS);
	struct rp_event_sink sink = rp_instance_counts__sink(counts);
	struct rp_snapshot *snapshot;

	(void)state;
	tell_run(&sink, NULL);
	tell_region(&sink, RP_REGION_DYNAMIC, "made at run time", RP_KIND_MARKER);
	tell_node(&sink, 2, 77, LATE);
	tell_timed(&sink, 2, (struct rp_event_instance){.thread = 9, .node = 2, .ns = 10});
	tell_timed(&sink, 3, (struct rp_event_instance){.thread = 9, .node = 99, .ns = 10});
	tell_end(&sink, 100);
	snapshot = snapshot_of(counts, RP_BY_PROCESS, 0);
	assert_int_equal(snapshot->n_rows, 1);
	assert_string_equal(snapshot->rows[0].name, "?");
	assert_int_equal(snapshot->rows[0].f.count, 5);
	rp_snapshot__free(snapshot);
	rp_instance_counts__free(counts);
}

/* What is told again takes the place of what was told. */
static void test_regions_are_learned_of_later(void **state)
{
	struct rp_instance_counts *counts = rp_instance_counts__new(RP_BY_NONE);
	struct rp_event_sink sink = rp_instance_counts__sink(counts);
	struct rp_region_name late = {.name = "late",
				      .kind = RP_KIND_USDT,
				      .object = "/bin/app",
				      .stray = {.hits = 4, .unmatched = 4},
				      .ends_at_jump = true};
	struct rp_snapshot *snapshot;

	(void)state;
	tell_run(&sink, NULL);
	tell_region(&sink, LATE, "late", RP_KIND_USDT);
	tell_region(&sink, F, "f", RP_KIND_FUNCTION); /* it is not the last one */
	RP_TELL(&sink, region, LATE, &late);
	tell_end(&sink, 100);
	snapshot = snapshot_of(counts, RP_BY_NONE, 0);
	assert_int_equal(snapshot->n_rows, 1);
	assert_int_equal(snapshot->rows[0].f.unmatched, 4);
	assert_true(snapshot->rows[0].ends_at_jump);
	rp_snapshot__free(snapshot);
	rp_instance_counts__free(counts);
}

static void assert_same_region(const struct rp_region_name *a, const struct rp_region_name *b)
{
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->object, b->object);
	assert_string_equal(a->build_id, b->build_id);
	assert_int_equal(a->kind, b->kind);
	assert_memory_equal(&a->stray, &b->stray, sizeof(a->stray));
	assert_memory_equal(&a->cost, &b->cost, sizeof(a->cost));
	assert_int_equal(a->slow, b->slow);
	assert_int_equal(a->left_out, b->left_out);
	assert_int_equal(a->ends_at_jump, b->ends_at_jump);
}

/* All that is told of regions, also where it is told twice; counts have it for themselves. */
static void test_names_of_counts(void **state)
{
	static const struct rp_region_name told[] = {
		{.name = "a",
		 .object = "/bin/a",
		 .build_id = "0a",
		 .kind = RP_KIND_MARKER,
		 .stray = {1, 2, 3},
		 .cost = {4, 5},
		 .slow = true},
		{.name = "b",
		 .object = "/bin/b",
		 .build_id = "0b",
		 .kind = RP_KIND_USDT,
		 .left_out = true,
		 .ends_at_jump = true},
		{.name = "b", .object = "/bin/c", .build_id = "0c", .kind = RP_KIND_SPAN},
	};
	struct rp_instance_counts *counts = rp_instance_counts__new(RP_BY_NONE);
	struct rp_event_sink sink = rp_instance_counts__sink(counts);
	struct rp_counts_source source = rp_instance_counts__source(counts);
	struct rp_counts *first, *second;

	(void)state;
	tell_run(&sink, NULL);
	RP_TELL(&sink, region, 7, &told[1]);
	RP_TELL(&sink, region, 5, &told[1]);
	RP_TELL(&sink, region, 7, &told[0]);
	RP_TELL(&sink, region, 5, &told[2]);
	tell_end(&sink, 100);
	first = source.read(source.ctx);
	second = source.read(source.ctx);
	rp_instance_counts__free(counts);
	assert_int_equal(first->names.n_regions, 2);
	assert_same_region(&first->names.regions[0], &told[0]);
	assert_same_region(&first->names.regions[1], &told[2]);
	assert_ptr_not_equal(first->names.regions[0].name, second->names.regions[0].name);
	assert_ptr_not_equal(first->names.regions[0].object, second->names.regions[0].object);
	assert_ptr_not_equal(first->names.regions[0].build_id, second->names.regions[0].build_id);
	rp_counts__free(first);
	assert_same_region(&second->names.regions[0], &told[0]);
	assert_same_region(&second->names.regions[1], &told[2]);
	rp_counts__free(second);
}

/* What filters left out is told bit by bit; what was lost is of all regions. */
static void test_left_out_adds_up(void **state)
{
	static const enum rp_by with[] = {RP_BY_NONE, RP_BY_LABEL, RP_BY_FILE};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct rp_instance_counts *counts = rp_instance_counts__new(with[i]);
		struct rp_event_sink sink = rp_instance_counts__sink(counts);
		struct rp_counts_source source = rp_instance_counts__source(counts);
		const struct rp_figures *f;
		struct rp_counts *now;

		tell_run(&sink, "a.rpt");
		tell_region(&sink, F, "f", RP_KIND_FUNCTION);
		tell_node(&sink, 2, TOLD_ROOT, F);
		tell(&sink, (struct rp_event_instance){.node = 2, .ns = 10});
		RP_TELL(&sink, left_out, 2, 5);
		RP_TELL(&sink, lost, 2, 3);
		RP_TELL(&sink, left_out, 2, 7);
		RP_TELL(&sink, lost, 1, 4);
		tell_end(&sink, 100);
		now = source.read(source.ctx);
		assert_int_equal(now->n_nodes, 2);
		f = &now->nodes[1].figures;
		assert_int_equal(f->count, 1);
		assert_int_equal(f->entries, 13);
		assert_int_equal(f->skipped, 12);
		assert_int_equal(rp_instance_counts__lost(counts), 7);
		rp_counts__free(now);
		rp_instance_counts__free(counts);
	}
}

/* Calls that --min-duration left out: their row is there, and those below them are outermost. */
static void test_left_out_is_as_while_it_runs(void **state)
{
	struct rp_instance_counts *counts = rp_instance_counts__new(RP_BY_NONE);
	struct rp_event_sink sink = rp_instance_counts__sink(counts);
	struct rp_snapshot *snapshot;

	(void)state;
	tell_run(&sink, NULL);
	tell_region(&sink, F, "f", RP_KIND_FUNCTION);
	tell_region(&sink, G, "g", RP_KIND_FUNCTION);
	tell_node(&sink, 2, TOLD_ROOT, F);
	tell_node(&sink, 3, 2, F);
	tell_node(&sink, 4, TOLD_ROOT, G);
	tell(&sink, (struct rp_event_instance){.thread = 1, .node = 3, .ns = 10});
	RP_TELL(&sink, left_out, 2, 5);
	RP_TELL(&sink, left_out, 4, 6);
	RP_TELL(&sink, lost, 4, 2);
	tell_end(&sink, 100);
	snapshot = snapshot_of(counts, RP_BY_NONE, 0);
	assert_int_equal(snapshot->n_rows, 2);
	assert_int_equal(row_of(snapshot, "f", NULL)->f.total, 10);
	assert_int_equal(row_of(snapshot, "g", NULL)->f.count, 0);
	assert_int_equal(rp_instance_counts__lost(counts), 2);
	rp_snapshot__free(snapshot);
	rp_instance_counts__free(counts);
}

/* ---- the filter --------------------------------------------------------------------------- */

static struct rp_snapshot *filtered(const struct rp_event_filter_opts *opts,
				    void (*run)(const struct rp_event_sink *))
{
	struct rp_instance_counts *counts = rp_instance_counts__new(RP_BY_NONE);
	struct rp_event_sink last = rp_instance_counts__sink(counts), sink;
	struct rp_snapshot *snapshot;
	struct rp_event_filter *filter = rp_event_filter__new(opts, &last);

	assert_non_null(filter);
	sink = rp_event_filter__sink(filter);
	run(&sink);
	assert_int_equal(sink.close(sink.ctx), 0);
	snapshot = snapshot_of(counts, RP_BY_NONE, 0);
	rp_instance_counts__free(counts);
	return snapshot;
}

static void test_periods_add_up(void **state)
{
	uint64_t edges[] = {0, 700, 70000, 120001, 20000300000, 0}, f = 0, g = 0;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(edges) / sizeof(edges[0]); i++) {
		struct rp_event_filter_opts opts = {.from = edges[i], .to = edges[i + 1]};
		struct rp_snapshot *snapshot = filtered(&opts, tell_small_run);
		const struct rp_row *row = row_of(snapshot, "f", NULL);

		f += row ? row->f.count : 0;
		row = row_of(snapshot, "g", NULL);
		g += row ? row->f.count : 0;
		rp_snapshot__free(snapshot);
	}
	assert_int_equal(f, 12);
	assert_int_equal(g, 100);
}

/* f > f of which the outer one ended later: the inner ones are the outermost that are there. */
static void test_of_a_period_alone(void **state)
{
	struct rp_event_filter_opts opts = {.to = 120001};
	struct rp_snapshot *snapshot = filtered(&opts, tell_small_run);

	(void)state;
	assert_int_equal(snapshot->duration, 120001);
	assert_int_equal(row_of(snapshot, "f", NULL)->f.count, 10);
	assert_int_equal(row_of(snapshot, "f", NULL)->f.total, 50000);
	rp_snapshot__free(snapshot);
}

static void test_regions_alone(void **state)
{
	static const char *const globs[] = {"h*", "g*"};
	struct rp_event_filter_opts opts = {.regions = globs, .n_regions = 2};
	struct rp_snapshot *snapshot = filtered(&opts, tell_small_run);

	(void)state;
	assert_int_equal(snapshot->n_rows, 1);
	assert_int_equal(row_of(snapshot, "g", NULL)->f.count, 100);
	assert_int_equal(row_of(snapshot, "g", NULL)->f.total, 70000);
	/* In the tree they are below what they ran in. */
	assert_int_equal(snapshot->n_tree, 2);
	rp_snapshot__free(snapshot);
}

/* A glob that no region has, and a thread that never ran, are told apart from what had no time. */
static void test_what_is_in_no_record(void **state)
{
	static const char *const globs[] = {"nosuch*", "g*"};
	struct rp_event_filter_opts opts = {.regions = globs, .n_regions = 2, .thread = 999};
	struct rp_instance_counts *counts = rp_instance_counts__new(RP_BY_NONE);
	struct rp_event_sink last = rp_instance_counts__sink(counts), sink;
	struct rp_event_filter *filter = rp_event_filter__new(&opts, &last);

	(void)state;
	sink = rp_event_filter__sink(filter);
	assert_string_equal(rp_event_filter__unmatched(filter), "nosuch*");
	tell_threads(&sink);
	tell_small_run(&sink);
	assert_string_equal(rp_event_filter__unmatched(filter), "nosuch*");
	assert_int_equal(rp_event_filter__unseen_thread(filter), 999);
	assert_int_equal(sink.close(sink.ctx), 0);
	opts = (struct rp_event_filter_opts){.regions = globs + 1, .n_regions = 1, .thread = 11};
	last = rp_instance_counts__sink(counts);
	filter = rp_event_filter__new(&opts, &last);
	sink = rp_event_filter__sink(filter);
	tell_small_run(&sink);
	tell_threads(&sink);
	assert_null(rp_event_filter__unmatched(filter));
	assert_int_equal(rp_event_filter__unseen_thread(filter), 0);
	assert_int_equal(sink.close(sink.ctx), 0);
	rp_instance_counts__free(counts);
}

static void test_one_thread_alone(void **state)
{
	struct rp_event_filter_opts opts = {.thread = 11};
	struct rp_snapshot *snapshot = filtered(&opts, tell_threads);

	(void)state;
	assert_int_equal(row_of(snapshot, "f", NULL)->f.count, 20);
	rp_snapshot__free(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_figures_are_those_of_the_kernel),
		cmocka_unit_test(test_groups_are_those_of_the_threads),
		cmocka_unit_test(test_groups_are_files),
		cmocka_unit_test(test_runs_are_joined_by_name),
		cmocka_unit_test(test_what_was_not_told_has_no_name),
		cmocka_unit_test(test_regions_are_learned_of_later),
		cmocka_unit_test(test_names_of_counts),
		cmocka_unit_test(test_left_out_adds_up),
		cmocka_unit_test(test_left_out_is_as_while_it_runs),
		cmocka_unit_test(test_periods_add_up),
		cmocka_unit_test(test_of_a_period_alone),
		cmocka_unit_test(test_regions_alone),
		cmocka_unit_test(test_what_is_in_no_record),
		cmocka_unit_test(test_one_thread_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

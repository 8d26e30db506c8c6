// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Records: what the file holds is what was counted, for each path. Instances that were timed or
 * unwound, and those that were lost, are count + unwound of the snapshot of the same run; where
 * none was lost, their times add up to its times.
 */
#include "record_sums.h"

/* ---- those of a snapshot -------------------------------------------------------------------- */

static json_t *row_of(json_t *tree, json_int_t id)
{
	json_t *row;
	size_t i;

	json_array_foreach (tree, i, row)
		if (json_integer_value(json_object_get(row, "id")) == id)
			return row;
	fail_msg("no row %lld", id);
	return NULL;
}

static void path_of(json_t *tree, json_t *row, char *path)
{
	json_t *parent = json_object_get(row, "parent");
	size_t n;

	path[0] = '\0';
	if (json_is_integer(parent))
		path_of(tree, row_of(tree, json_integer_value(parent)), path);
	n = strlen(path);
	snprintf(path + n, PATH_LEN - n, "/%s", live_str(row, "name"));
}

/* Of all rows of that path, which differ in their labels. */
static uint64_t tree_sum(json_t *tree, const char *path, const char *key)
{
	char other[PATH_LEN];
	uint64_t sum = 0;
	json_t *row;
	size_t i;

	json_array_foreach (tree, i, row) {
		path_of(tree, row, other);
		if (!strcmp(path, other))
			sum += live_u64(row, key);
	}
	return sum;
}

static void assert_path(const struct record *r, json_t *tree, const char *path)
{
	struct sums got = sums_of(r, path);
	uint64_t count = tree_sum(tree, path, "count"), unwound = tree_sum(tree, path, "unwound");

	if (got.timed + got.unwound + got.lost != count + unwound)
		fail_msg("%s: %lu timed, %lu unwound, %lu lost, not %lu and %lu", path, got.timed,
			 got.unwound, got.lost, count, unwound);
	assert_int_equal(got.open, tree_sum(tree, path, "open"));
	if (got.lost)
		return;
	assert_int_equal(got.timed, count);
	assert_int_equal(got.ns, tree_sum(tree, path, "total_ns"));
	assert_int_equal(got.self, tree_sum(tree, path, "self_ns"));
	assert_int_equal(got.cpu, tree_sum(tree, path, "cpu_ns"));
	assert_int_equal(got.wait, tree_sum(tree, path, "wait_ns"));
}

/* Returns how many are missing. */
static uint64_t assert_same(const struct record *r, json_t *json)
{
	json_t *tree = live_array(json, "tree"), *row;
	uint64_t counted = 0, recorded = 0, open = 0, lost = 0;
	char path[PATH_LEN];
	size_t i;

	assert_true(json_array_size(tree) > 0);
	json_array_foreach (tree, i, row) {
		path_of(tree, row, path);
		assert_path(r, tree, path);
		counted += live_u64(row, "count") + live_u64(row, "unwound");
	}
	for (i = 0; i < NODES_MAX; i++) {
		recorded += r->node[i].timed + r->node[i].unwound;
		open += r->node[i].open;
		lost += r->node[i].lost;
	}
	assert_int_equal(recorded + lost, counted);
	assert_int_equal(r->figures.instances, recorded + open);
	assert_int_equal(live_u64(json_object_get(json, "lost"), "instances"), lost);
	assert_int_equal(r->lost[RP_LOST_INSTANCES], lost);
	assert_false(r->figures.cut);
	return lost;
}

/* ---- beside a live view --------------------------------------------------------------------- */

struct record_case {
	const char *target;
	const char *options;
};

static const struct record_case cases[] = {
	{"threads busy 4 2000", "-f outer -f middle -f inner"},
	{"threads short 100 20", "-f outer -f middle -f inner --attach perf"},
	{"threads deep 300 20", "-f nest"},
	{"functions counts 2 500", "-f leaf -f rec_*"},
	{"unwind throw 200", "-f first -f second -f third"},
	{"unwind exit 50", "-f third"},
	{"spans pool 2000", ""},
	{"spans disorder 300", ""},
	{"spans exec 100", ""},
	{"marks_c 2 200", ""},
	{"marks_names 2 100", ""},
	{"labels values 2 3000 50", "-f batch -f by_value --label arg0"},
	{"labels returns 100", "-f by_return --label ret"},
	{"threads busy 2 500", "-f outer -f middle -f inner --by thread"},
};

static struct record *record_beside(const struct record_case *c, json_t **json)
{
	const char *path = live_path("beside.rpt");
	char options[512];
	struct live_run run;

	snprintf(options, sizeof(options), "%s --record %s", c->options, path);
	run = live_trace(LIVE_COMMAND, c->target, options);
	*json = run.json;
	return read_record(path);
}

static void record_is_what_was_counted(void **state)
{
	json_t *json;
	struct record *r = record_beside(*state, &json);

	assert_int_equal(assert_same(r, json), 0);
	free_record(r);
}

/* Whole trees are left out of these, and the ring is too small for one of them. */
static const struct record_case parts[] = {
	{"threads busy 4 2000", "-f outer -f middle -f inner --every 7"},
	{"threads busy 4 5000", "-f outer -f middle -f inner --every 2 --max-ring 4k"},
	{"threads deep 300 20", "-f nest --every 3"},
	{"unwind throw 200", "-f first -f second -f third --every 3"},
	{"unwind exit 50", "-f third --every 4"},
	{"spans pool 2000", "--every 4"},
	{"labels values 16 3000 50", "-f batch -f by_value --label arg0 --every 5"},
	{"threads busy 2 2000", "-f outer -f middle -f inner --slower-than 1ms"},
	{"unwind throw 200", "-f first -f second -f third --slower-than 1ms"},
};

static void what_is_left_out_is_told(void **state)
{
	const struct record_case *c = *state;
	json_t *json, *tree, *row;
	struct record *r = record_beside(c, &json);
	char path[PATH_LEN];
	uint64_t left_out = 0;
	size_t i;

	tree = live_array(json, "tree");
	json_array_foreach (tree, i, row) {
		struct sums got;

		path_of(tree, row, path);
		got = sums_of(r, path);
		assert_int_equal(got.timed + got.unwound + got.lost + got.left_out,
				 tree_sum(tree, path, "count") + tree_sum(tree, path, "unwound"));
		left_out += got.left_out;
	}
	/* How slow calls are, is up to the machine. */
	assert_true(left_out > 0 || strstr(c->options, "--slower-than"));
	free_record(r);
}

/* The ring has room for 70 or so, and is emptied now and then: most find none. */
static void what_finds_no_room_is_counted(void **state)
{
	static const struct record_case c = {"threads busy 4 5000",
					     "-f outer -f middle -f inner --max-ring 4k"};
	json_t *json;
	struct record *r = record_beside(&c, &json);

	(void)state;
	assert_true(assert_same(r, json) > 0);
	live_assert_nothing_lost_but(json, "instances");
	free_record(r);
}

static void short_ones_are_left_out(void **state)
{
	static const struct record_case c = {"threads busy 2 500", "-f outer --min-duration 60s"};
	json_t *json;
	struct record *r = record_beside(&c, &json);

	(void)state;
	assert_int_equal(r->figures.instances, 0);
	assert_int_equal(sums_of(r, "/outer").left_out, 1000);
	free_record(r);
}

/* Whole trees: each outer has a middle and an inner, and a middle two inners. */
static void trees_are_sampled_whole(void **state)
{
	static const struct record_case c = {"threads busy 4 2000",
					     "-f outer -f middle -f inner --every 5"};
	json_t *json;
	struct record *r = record_beside(&c, &json);
	struct sums outer = sums_of(r, "/outer");

	(void)state;
	assert_in_range(outer.timed, 1, 7999);
	assert_int_equal(outer.timed + outer.left_out, 8000);
	assert_int_equal(sums_of(r, "/outer/middle").timed, outer.timed);
	assert_int_equal(sums_of(r, "/outer/inner").timed, outer.timed);
	assert_int_equal(sums_of(r, "/outer/middle/inner").timed, 2 * outer.timed);
	assert_int_equal(sums_of(r, "/outer/middle/inner").left_out, 2 * outer.left_out);
	assert_int_equal(live_sum(json, "outer", "count"), 8000);
	free_record(r);
}

/*
 * Samples go with their trees, of which one in ten is chosen: hardly any is longer than the time
 * between two samples, so that as good as never half of them are in chosen ones.
 */
static void samples_are_of_chosen_trees(void **state)
{
	static const struct record_case c = {"sampled alone 1000",
					     "-f seven -f three --sample --every 10"};
	json_t *json;
	struct record *r = record_beside(&c, &json);
	uint64_t taken = live_u64(json_object_get(json, "samples"), "taken");

	(void)state;
	assert_true(taken > 200);
	assert_true(r->figures.samples > 0);
	assert_true(2 * r->figures.samples < taken);
	free_record(r);
}

/* nap(0) and nap(300), which sleep so many ms. */
static void slow_trees_are_kept(void **state)
{
	static const struct record_case c = {"labels slow 3", "-f nap --slower-than 200ms"};
	json_t *json;
	struct record *r = record_beside(&c, &json);
	struct sums nap = sums_of(r, "/nap");

	(void)state;
	assert_int_equal(nap.timed, 3);
	assert_int_equal(nap.left_out, 3);
	assert_int_equal(live_sum(json, "nap", "count"), 6);
	free_record(r);
}

static int take_in_order(void *ctx, const struct rp_event_instance *instance)
{
	uint64_t *last = ctx, end = instance->start + instance->ns;

	assert_true(end >= *last);
	*last = end;
	return 0;
}

/* Calls that an exit shows to be left end before the one that it closes: they are inside of it. */
static void unwound_calls_end_inside(void **state)
{
	static const struct record_case c = {"functions jump 50", "-f catcher -f jumper"};
	uint64_t last = 0;
	const struct rp_event_sink sink = {.ctx = &last, .instance = take_in_order};
	json_t *json;
	struct record *r = record_beside(&c, &json);

	(void)state;
	assert_int_equal(sums_of(r, "/catcher/jumper").unwound, 50);
	read_into(&sink, live_path("beside.rpt"), NULL);
	free_record(r);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(samples_are_of_chosen_trees),
		cmocka_unit_test(what_finds_no_room_is_counted),
		cmocka_unit_test(short_ones_are_left_out),
		cmocka_unit_test(trees_are_sampled_whole),
		cmocka_unit_test(slow_trees_are_kept),
		cmocka_unit_test(unwound_calls_end_inside),
	};
	struct CMUnitTest tests[LIVE_COUNT(cases) + LIVE_COUNT(parts) + LIVE_COUNT(others)];
	size_t n = 0;

	for (size_t i = 0; i < LIVE_COUNT(cases); i++)
		tests[n++] = live_test(record_is_what_was_counted, &cases[i], "%s %s",
				       cases[i].target, cases[i].options);
	for (size_t i = 0; i < LIVE_COUNT(parts); i++)
		tests[n++] = live_test(what_is_left_out_is_told, &parts[i], "%s %s",
				       parts[i].target, parts[i].options);
	memcpy(&tests[n], others, sizeof(others));
	return live_main("record", tests, LIVE_COUNT(tests));
}

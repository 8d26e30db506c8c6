// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <jansson.h>
#include <math.h>

#include "counts_fixture.h"
#include "util/escape.h"

static struct fixture server;

static json_t *parse(const struct rp_snapshot *s)
{
	const struct rp_view_opts opts = {0};
	char *text = fixture_print("json", s, &opts);
	json_error_t error;
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!root)
		fail_msg("%s at line %d", error.text, error.line);
	free(text);
	return root;
}

static void assert_keys(json_t *object, const char *want)
{
	char keys[1024] = "";
	const char *key;
	json_t *value;

	assert_true(json_is_object(object));
	json_object_foreach (object, key, value) {
		strcat(keys, keys[0] ? " " : "");
		strcat(keys, key);
	}
	assert_string_equal(keys, want);
}

static uint64_t integer(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	assert_true(json_is_integer(value));
	return (uint64_t)json_integer_value(value);
}

static const char *string(json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	assert_non_null(value);
	return value;
}

static double real(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	assert_true(json_is_real(value));
	return json_real_value(value);
}

#define FIGURES                                                                                    \
	"name kind object count total_ns self_ns cpu_ns wait_ns blocked_ns min_ns max_ns mean_ns " \
	"stddev_ns p50_ns p90_ns p99_ns p999_ns open unwound ends_at_jump overlaps late"

static void test_golden(void **state)
{
	struct rp_snapshot *s = fixture_snapshot(&server, RP_BY_NONE);
	const struct rp_view_opts opts = {0};
	char *text = fixture_print("json", s, &opts);

	(void)state;
	assert_golden("snapshot.json", text);
	free(text);
	rp_snapshot__free(s);
}

/* The same document, for those who read line by line. */
static void test_one_line(void **state)
{
	const struct rp_view_opts opts = {.one_line = true};
	struct rp_snapshot *s = fixture_snapshot(&server, RP_BY_NONE);
	json_t *whole = parse(s), *line;
	char *text = fixture_print("json", s, &opts);

	(void)state;
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	line = json_loads(text, 0, NULL);
	assert_true(json_equal(line, whole));
	json_decref(line);
	json_decref(whole);
	free(text);
	rp_snapshot__free(s);
}

static void test_head(void **state)
{
	struct rp_snapshot *s = fixture_snapshot(&server, RP_BY_NONE);
	json_t *root = parse(s), *lost = json_object_get(root, "lost");
	size_t reasons = 0;

	(void)state;
	assert_keys(root, "schema version host kernel start_time duration_ns attach overhead lost "
			  "regions tree");
	assert_string_equal(string(root, "schema"), "rptrace-snapshot/1");
	assert_int_equal(integer(root, "duration_ns"), 10000000000);
	assert_keys(json_object_get(root, "attach"), "mode probes slow_sites left_out");
	assert_keys(json_object_get(root, "overhead"), "ns_per_region cpu_share");
	assert_true(real(json_object_get(root, "overhead"), "ns_per_region") == 870.5);
#define CHECK(symbol, key, meaning)                                                                \
	assert_int_equal(integer(lost, key), s->lost[RP_LOST_##symbol]);                           \
	reasons++;
	RP_LOST_REASONS(CHECK)
	assert_int_equal(integer(lost, "late_ns"), s->late_ns);
	assert_int_equal(json_object_size(lost), reasons + 1);
	json_decref(root);
	rp_snapshot__free(s);
}

/* Each of the totals of stacks is under its own key. */
static void test_totals_of_sleeps(void **state)
{
	struct rp_snapshot *s = fixture_snapshot(&server, RP_BY_NONE);
	struct rp_sampled asleep = {.lost = 102, .all = {.samples = 101}};
	json_t *root, *off_cpu;

	(void)state;
	asleep.totals = (struct rp_sample_totals){.taken = 1,
						  .truncated = 2,
						  .unresolved = 3,
						  .probes = 4,
						  .dropped = 5,
						  .no_room = 6,
						  .ends = {[RP_UNWIND_END_COMPLETE] = 7},
						  .dropped_ns = 8};
	s->asleep = &asleep;
	root = parse(s);
	off_cpu = json_object_get(root, "off_cpu");
	assert_int_equal(integer(off_cpu, "asleep_ns"), 101);
	assert_int_equal(integer(off_cpu, "lost"), 102);
	assert_int_equal(integer(off_cpu, "taken"), 1);
	assert_int_equal(integer(off_cpu, "truncated"), 2);
	assert_int_equal(integer(off_cpu, "unresolved"), 3);
	assert_int_equal(integer(off_cpu, "at_probes"), 4);
	assert_int_equal(integer(off_cpu, "dropped"), 5);
	assert_int_equal(integer(off_cpu, "no_room"), 6);
	assert_int_equal(integer(json_object_get(off_cpu, "stacks"), "complete"), 7);
	assert_int_equal(integer(off_cpu, "dropped_ns"), 8);
	json_decref(root);
	s->asleep = NULL;
	rp_snapshot__free(s);
}

/* Those that were never entered, too. */
static void test_left_out(void **state)
{
	struct rp_snapshot *s;
	json_t *root, *names;

	(void)state;
	server.regions[0].left_out = server.regions[4].left_out = true;
	s = fixture_snapshot(&server, RP_BY_PROCESS);
	root = parse(s);
	names = json_object_get(json_object_get(root, "attach"), "left_out");
	assert_int_equal(json_array_size(names), 2);
	assert_string_equal(json_string_value(json_array_get(names, 0)), "handle_request");
	assert_string_equal(json_string_value(json_array_get(names, 1)), "never");
	json_decref(root);
	rp_snapshot__free(s);
	server.regions[0].left_out = server.regions[4].left_out = false;
}

static void check_figures(json_t *object, const struct rp_row *row)
{
	char name[128];

	assert_string_equal(string(object, "name"), rp_escape(row->name, name, sizeof(name)));
	assert_string_equal(string(object, "kind"), rp_kind__name(row->kind));
	assert_string_equal(string(object, "object"), row->object);
	assert_int_equal(integer(object, "count"), row->f.count);
	assert_int_equal(integer(object, "total_ns"), row->f.total);
	assert_int_equal(integer(object, "self_ns"), row->f.self);
	assert_int_equal(integer(object, "blocked_ns"), row->f.blocked);
	assert_int_equal(integer(object, "min_ns"), row->f.min);
	assert_int_equal(integer(object, "p999_ns"), row->f.p999);
	assert_true(fabs(real(object, "mean_ns") - row->f.mean) <= row->f.mean * 1e-14);
	assert_true(fabs(real(object, "stddev_ns") - row->f.stddev) <= row->f.stddev * 1e-14);
	assert_int_equal(integer(object, "open"), row->f.open);
	assert_int_equal(integer(object, "unwound"), row->f.unwound);
}

static void test_rows_and_tree(void **state)
{
	struct rp_snapshot *s = fixture_snapshot(&server, RP_BY_PROCESS);
	json_t *root = parse(s), *list = json_object_get(root, "regions");

	(void)state;
	assert_int_equal(json_array_size(list), s->n_rows);
	for (size_t i = 0; i < s->n_rows; i++) {
		json_t *object = json_array_get(list, i);

		assert_keys(object, FIGURES " group probes_ns unmatched slow crossed");
		check_figures(object, &s->rows[i]);
		assert_string_equal(string(object, "group"), s->rows[i].group);
		assert_int_equal(integer(object, "unmatched"), s->rows[i].f.unmatched);
		assert_int_equal(json_is_true(json_object_get(object, "slow")), s->rows[i].slow);
	}
	list = json_object_get(root, "tree");
	assert_int_equal(json_array_size(list), s->n_tree);
	for (size_t i = 0; i < s->n_tree; i++) {
		json_t *object = json_array_get(list, i);

		assert_keys(object, "id parent " FIGURES " group probes_ns");
		check_figures(object, &s->tree[i].row);
		assert_int_equal(integer(object, "id"), s->tree[i].id);
		if (s->tree[i].parent)
			assert_int_equal(integer(object, "parent"), s->tree[i].parent);
		else
			assert_true(json_is_null(json_object_get(object, "parent")));
	}
	json_decref(root);
	rp_snapshot__free(s);
}

static void test_ungrouped_keys(void **state)
{
	struct rp_snapshot *s = fixture_snapshot(&server, RP_BY_NONE);
	json_t *root = parse(s);

	(void)state;
	assert_keys(json_array_get(json_object_get(root, "regions"), 0),
		    FIGURES " probes_ns unmatched slow crossed");
	assert_keys(json_array_get(json_object_get(root, "tree"), 0),
		    "id parent " FIGURES " probes_ns");
	json_decref(root);
	rp_snapshot__free(s);
}

/* Only where it was asked for. */
static void test_stuck(void **state)
{
	struct rp_snapshot *s = fixture_snapshot(&server, RP_BY_NONE);
	json_t *root, *list, *row;

	(void)state;
	s->open = fixture_open();
	root = parse(s);
	list = json_object_get(root, "stuck");
	assert_int_equal(json_array_size(list), 2);
	row = json_array_get(list, 1);
	assert_keys(row, "name kind object label path age_ns start_ns pid tid goroutine span "
			 "command");
	assert_string_equal(string(row, "name"), "lock\\x1b[2J");
	assert_string_equal(string(row, "kind"), "marker");
	assert_string_equal(string(row, "object"), "/bin/app");
	assert_string_equal(string(row, "label"), "-7");
	assert_string_equal(string(row, "path"), "request > lock\\x1b[2J");
	assert_string_equal(string(row, "command"), "x y");
	assert_int_equal(integer(row, "age_ns"), 5000000000);
	assert_int_equal(integer(row, "start_ns"), 1000000000);
	assert_int_equal(integer(row, "pid"), 42);
	assert_int_equal(integer(row, "tid"), 43);
	assert_true(json_is_null(json_object_get(row, "goroutine")));
	assert_true(json_is_null(json_object_get(row, "span")));
	row = json_array_get(list, 0);
	assert_true(json_is_null(json_object_get(row, "tid")));
	assert_string_equal(string(row, "goroutine"), "0xc0ffee");
	s->open->row[0].kind = RP_KIND_SPAN;
	s->open->row[0].span = UINT64_MAX;
	json_decref(root);
	root = parse(s);
	row = json_array_get(json_object_get(root, "stuck"), 0);
	assert_string_equal(string(row, "span"), "18446744073709551615");
	json_decref(root);

	s->open->stuck = 0;
	root = parse(s);
	assert_null(json_object_get(root, "stuck"));
	json_decref(root);
	rp_snapshot__free(s);
}

/* What JSON cannot say: integers past 63 bits, numbers that are none, text that is none. */
static void test_extremes(void **state)
{
	struct rp_row row = {.name = "\xed\xa0\x80\x01",
			     .f = {.total = UINT64_MAX, .mean = NAN, .stddev = INFINITY}};
	struct rp_snapshot s = {.rows = &row, .n_rows = 1};
	json_t *root = parse(&s), *object = json_array_get(json_object_get(root, "regions"), 0);

	(void)state;
	assert_int_equal(integer(object, "total_ns"), INT64_MAX);
	assert_true(real(object, "mean_ns") == 0);
	assert_true(real(object, "stddev_ns") == 0);
	assert_string_equal(string(object, "name"), "\\xed\\xa0\\x80\\x01");
	assert_int_equal(json_array_size(json_object_get(root, "tree")), 0);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_totals_of_sleeps),
		cmocka_unit_test(test_rows_and_tree),
		cmocka_unit_test(test_ungrouped_keys),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_one_line),
	};

	fixture_server(&server);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Records: what the file holds is what was counted, for each path. Instances that were timed or
 * unwound, and those that were lost, are count + unwound of the snapshot of the same run; where
 * none was lost, their times add up to its times.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live.h"
#include "record/reader.h"

/* ---- the sums of a record ------------------------------------------------------------------- */

#define REGIONS_MAX 64u
#define NODES_MAX   4096u
#define PATH_LEN    8192

struct sums {
	char *path; /* NULL: no such node */
	uint64_t timed, unwound, open, lost, left_out;
	uint64_t ns, self, cpu, wait; /* of the timed ones */
};

struct record {
	char region[REGIONS_MAX][64];
	struct sums node[NODES_MAX];
	size_t threads;
	uint64_t lost[RP_LOST_COUNT];
	struct rp_reader_figures figures;
};

static int take_region(void *ctx, uint32_t id, const struct rp_region_name *region)
{
	struct record *r = ctx;

	id = id >= RP_REGION_DYNAMIC ? id - RP_REGION_DYNAMIC + REGIONS_MAX / 2 : id;
	assert_true(id < REGIONS_MAX);
	snprintf(r->region[id], sizeof(r->region[id]), "%s", region->name);
	return 0;
}

static int take_node(void *ctx, uint32_t id, const struct rp_node *node)
{
	struct record *r = ctx;
	uint32_t region = node->region;
	const char *above;

	assert_true(id < NODES_MAX);
	free(r->node[id].path);
	region = region >= RP_REGION_DYNAMIC ? region - RP_REGION_DYNAMIC + REGIONS_MAX / 2
					     : region;
	if (!node->parent) {
		r->node[id].path = strdup("");
		return 0;
	}
	above = r->node[node->parent].path;
	assert_non_null(above);
	assert_true(asprintf(&r->node[id].path, "%s/%s", above, r->region[region]) > 0);
	return 0;
}

static int take_thread(void *ctx, const struct rp_event_thread *thread)
{
	struct record *r = ctx;

	assert_int_equal(thread->serial, ++r->threads);
	return 0;
}

static int take_instance(void *ctx, const struct rp_event_instance *instance)
{
	struct record *r = ctx;
	struct sums *sums = &r->node[instance->node];

	sums->unwound += instance->unwound;
	sums->open += instance->open;
	if (!rp_event_instance__is_timed(instance))
		return 0;
	sums->timed++;
	sums->ns += instance->ns;
	sums->self += instance->ns - instance->child;
	sums->cpu += instance->cpu;
	sums->wait += instance->wait;
	return 0;
}

static int take_lost(void *ctx, uint32_t node, uint64_t n)
{
	((struct record *)ctx)->node[node].lost += n;
	return 0;
}

static int take_left_out(void *ctx, uint32_t node, uint64_t n)
{
	((struct record *)ctx)->node[node].left_out += n;
	return 0;
}

static int take_end(void *ctx, const struct rp_event_end *end)
{
	memcpy(((struct record *)ctx)->lost, end->lost, sizeof(uint64_t) * RP_LOST_COUNT);
	return 0;
}

static struct record *read_record(const char *path)
{
	struct record *r = calloc(1, sizeof(*r));
	const struct rp_event_sink sink = {.ctx = r,
					   .region = take_region,
					   .node = take_node,
					   .thread = take_thread,
					   .instance = take_instance,
					   .lost = take_lost,
					   .left_out = take_left_out,
					   .end = take_end};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct rp_err err = {0};
	struct rp_reader *reader;

	assert_true(r && fd >= 0);
	if (rp_reader__open(fd, path, &reader, &err) || rp_reader__read(reader, &sink, &err))
		fail_msg("%s", err.cause);
	r->figures = *rp_reader__figures(reader);
	rp_reader__free(reader);
	close(fd);
	assert_int_equal(r->figures.n_damaged, 0);
	assert_int_equal(r->figures.nameless, 0);
	return r;
}

static void free_record(struct record *r)
{
	for (size_t i = 0; i < NODES_MAX; i++)
		free(r->node[i].path);
	free(r);
}

/* Nodes of one path differ in their labels. */
static struct sums sums_of(const struct record *r, const char *path)
{
	struct sums all = {0};

	for (size_t i = 0; i < NODES_MAX; i++) {
		const struct sums *one = &r->node[i];

		if (!one->path || strcmp(one->path, path))
			continue;
		all.timed += one->timed;
		all.unwound += one->unwound;
		all.open += one->open;
		all.lost += one->lost;
		all.left_out += one->left_out;
		all.ns += one->ns;
		all.self += one->self;
		all.cpu += one->cpu;
		all.wait += one->wait;
	}
	return all;
}

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

/* One call of main, of which a region in it is no more: what helps is told, and does. */
static void no_tree_chosen_is_told(void **state)
{
	struct live_proc *rptrace = live_rptrace("record --every 4294967295 -f main -o %s -- %s",
						 live_path("none.rpt"),
						 live_target_path("functions counts 1 10"));

	(void)state;
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->err,
			       "none of the outermost calls, which were of main: 1 left out, "));
	assert_non_null(strstr(rptrace->err, "hint: rptrace record --every 4294967295 -f main "));
	assert_non_null(strstr(rptrace->err, " -x main -- "));
}

/* Each run has a file of its own. */
static void name_of_the_file_is_made(void **state)
{
	const char *path = live_path("rank.%{LIVE_RANK}.%%.rpt");
	struct stat st;

	(void)state;
	setenv("LIVE_RANK", "7", 1);
	assert_int_equal(live_wait(live_rptrace("record -f leaf -o %s -- %s", path,
						live_target_path("functions counts 1 10"))),
			 0);
	assert_int_equal(stat(live_path("rank.7.%.rpt"), &st), 0);
	unsetenv("LIVE_RANK");
	assert_int_equal(live_wait(live_rptrace("record -f leaf -o %s -- %s", path,
						live_target_path("functions counts 1 10"))),
			 2);
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

static void size_ends_the_record(void **state)
{
	const char *path = live_path("small.rpt");
	struct live_proc *target = live_target("threads busy 2 100000");
	struct live_proc *rptrace = live_rptrace_ready(
		"record -p %d -f outer -f middle --max-size 64k -o %s", target->pid, path);
	struct record *r;

	(void)state;
	live_release(target);
	assert_int_equal(live_wait(rptrace), 0);
	kill(target->pid, SIGKILL);
	r = read_record(path);
	assert_false(r->figures.cut);
	assert_true(r->figures.instances > 0);
	free_record(r);
}

/* ---- a flight recorder ---------------------------------------------------------------------- */

static void await_file(const char *path)
{
	uint64_t until = live_deadline();
	struct stat st = {0};

	/* It is written at once: what is there is all of it, or the reader tells. */
	while (stat(path, &st) || !st.st_size)
		assert_true(live_tick(until));
}

/* Nothing is written until it is asked for, and each file is a record of its own. */
static void last_seconds_are_written_on_a_signal(void **state)
{
	const char *path = live_path("last.rpt"), *second = live_path("last.rpt.2");
	struct live_proc *target = live_target("threads busy 2 300");
	struct live_proc *rptrace = live_rptrace_ready(
		"record -p %d -f outer -f middle --last 1h -o %s", target->pid, path);
	struct stat st;
	struct record *r;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
	kill(rptrace->pid, SIGUSR1);
	await_file(path);
	live_finish(target);
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->err, "1200 instances in "));
	r = read_record(path);
	assert_int_equal(r->figures.instances, 0);
	assert_false(r->figures.cut);
	free_record(r);
	r = read_record(second);
	assert_int_equal(sums_of(r, "/outer").timed, 600);
	assert_false(r->figures.cut);
	free_record(r);
}

static void slow_call_writes_what_was_before(void **state)
{
	const char *path = live_path("slow.rpt");
	struct live_proc *target = live_target("labels slow 1");
	struct live_proc *rptrace = live_rptrace_ready(
		"record -p %d -f nap --last 1h --slower-than 200ms -o %s", target->pid, path);
	struct record *r;

	(void)state;
	live_finish(target);
	assert_int_equal(live_wait(rptrace), 0);
	r = read_record(path);
	assert_int_equal(sums_of(r, "/nap").timed, 2);
	free_record(r);
}

static void stuck_call_writes_what_was_before(void **state)
{
	const char *path = live_path("stuck.rpt");
	struct live_proc *target = live_target("stuck blocked");
	struct live_proc *rptrace = live_rptrace_ready(
		"record -p %d -f request --last 1h --stuck 100ms -o %s", target->pid, path);

	(void)state;
	live_release(target);
	await_file(path);
	kill(rptrace->pid, SIGINT);
	assert_int_equal(live_wait(rptrace), 0);
	free_record(read_record(path));
}

/* ---- rptrace record ------------------------------------------------------------------------- */

static void record_runs_a_command(void **state)
{
	const char *path = live_path("command.rpt");
	struct live_proc *rptrace = live_rptrace("record -o %s -f outer -- %s", path,
						 live_target_path("threads busy 2 300"));
	struct record *r;
	struct stat st;

	(void)state;
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->err, "600 instances in "));
	assert_non_null(strstr(rptrace->err, "\nrptrace: hint: rptrace report /"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	r = read_record(path);
	assert_int_equal(sums_of(r, "/outer").timed, 600);
	assert_int_equal(r->threads, 2);
	free_record(r);
}

static void what_is_open_at_the_end_is_there(void **state)
{
	const char *path = live_path("open.rpt");
	struct live_proc *target = live_target("stuck threads 5");
	struct live_proc *rptrace = live_rptrace_ready("record -p %d -f request -f lock_wait -o %s",
						       target->pid, path);
	uint64_t open = 0;
	struct record *r;

	(void)state;
	live_release(target);
	live_expect_line(target, "stuck", 1);
	kill(rptrace->pid, SIGINT);
	assert_int_equal(live_wait(rptrace), 0);
	r = read_record(path);
	for (size_t i = 0; i < NODES_MAX; i++)
		open += r->node[i].open;
	assert_int_equal(open, 10);
	assert_int_equal(r->threads, 5);
	free_record(r);
}

/* Blocks are written every half a second: those are read, whenever the end came. */
static void killed_recorder_leaves_a_record(void **state)
{
	off_t bytes = *(const off_t *)*state;
	const char *path = live_path("killed.rpt");
	struct live_proc *target = live_target("threads busy 2 100000");
	struct live_proc *rptrace = live_rptrace_ready("record -p %d -f outer -o %s", target->pid,
						       path);
	uint64_t until = live_deadline();
	struct stat st = {0};
	struct record *r;

	live_release(target);
	while (!stat(path, &st) && st.st_size < bytes)
		assert_true(live_tick(until));
	kill(rptrace->pid, SIGKILL);
	assert_int_equal(live_wait(rptrace), 128 + SIGKILL);
	kill(target->pid, SIGKILL);
	r = read_record(path);
	assert_true(r->figures.cut);
	assert_true(bytes < 5000 || sums_of(r, "/outer").timed > 0);
	free_record(r);
}

/* The target goes on, the command ends well, and what was written is read. */
static void full_disk_ends_the_record_alone(void **state)
{
	const char *path = live_path("full.rpt");
	struct live_proc *rptrace = live_start(
		"/usr/bin/prlimit --fsize=400000 %s record -o %s -f outer -f middle -f inner -- %s",
		live_program(), path, live_target_path("threads busy 2 20000"));
	struct record *r;

	(void)state;
	live_release(rptrace);
	live_expect_line(rptrace, "expect outer 40000", 1);
	assert_int_equal(live_wait(rptrace), 1);
	assert_non_null(strstr(rptrace->err, "ends early, as it cannot be written: "));
	r = read_record(path);
	assert_true(r->figures.cut);
	assert_true(r->figures.instances > 0);
	free_record(r);
}

static void nothing_starts_without_its_file(void **state)
{
	struct live_proc *rptrace = live_rptrace("record -o /dev/full -- %s",
						 live_target_path("threads busy 1 1"));

	(void)state;
	assert_int_equal(live_wait(rptrace), 1);
	assert_non_null(strstr(rptrace->err, "/dev/full cannot be written: "));
	assert_null(strstr(rptrace->out, "expect"));
}

static void summary_does_not_overwrite_the_record(void **state)
{
	const char *path = live_path("both.rpt");
	struct live_proc *rptrace = live_rptrace("--record %s -o %s --json -- %s", path, path,
						 live_target_path("threads busy 1 1"));

	(void)state;
	assert_int_equal(live_wait(rptrace), 2);
	assert_non_null(strstr(rptrace->err, "would overwrite the record"));
	assert_non_null(strstr(rptrace->err, "--record /var/tmp/rptrace.rpt"));
	assert_null(strstr(rptrace->out, "expect"));
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(what_finds_no_room_is_counted),
		cmocka_unit_test(short_ones_are_left_out),
		cmocka_unit_test(trees_are_sampled_whole),
		cmocka_unit_test(no_tree_chosen_is_told),
		cmocka_unit_test(name_of_the_file_is_made),
		cmocka_unit_test(slow_trees_are_kept),
		cmocka_unit_test(size_ends_the_record),
		cmocka_unit_test(last_seconds_are_written_on_a_signal),
		cmocka_unit_test(slow_call_writes_what_was_before),
		cmocka_unit_test(stuck_call_writes_what_was_before),
		cmocka_unit_test(record_runs_a_command),
		cmocka_unit_test(what_is_open_at_the_end_is_there),
		cmocka_unit_test(full_disk_ends_the_record_alone),
		cmocka_unit_test(nothing_starts_without_its_file),
		cmocka_unit_test(summary_does_not_overwrite_the_record),
	};
	static const off_t killed_at[] = {1, 5000, 40000, 160000};
	struct CMUnitTest tests[LIVE_COUNT(cases) + LIVE_COUNT(killed_at) + LIVE_COUNT(others)];
	size_t n = LIVE_COUNT(cases);

	for (size_t i = 0; i < LIVE_COUNT(cases); i++)
		tests[i] = live_test(record_is_what_was_counted, &cases[i], "%s %s",
				     cases[i].target, cases[i].options);
	for (size_t i = 0; i < LIVE_COUNT(killed_at); i++)
		tests[n++] = live_test(killed_recorder_leaves_a_record, &killed_at[i],
				       "a recorder is killed at %ld bytes", (long)killed_at[i]);
	memcpy(&tests[n], others, sizeof(others));
	return live_main("record", tests, LIVE_COUNT(tests));
}

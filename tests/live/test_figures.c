/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Times are right: where they went, whose they are, and how they add up. */
#include <stdlib.h>
#include <string.h>

#include "live.h"

/* Sums of per-frame readings, each right to some microseconds, may differ by so much. */
#define CPU_NOISE_NS 2000000

/* What the target said of itself, in ns. */
static uint64_t said(const struct live_run *run, const char *what)
{
	const char *at = strstr(run->said, what);

	assert_non_null(at);
	return strtoull(at + strlen(what), NULL, 10);
}

/*
 * Against what the kernel tells the target: CPU time is neither more nor less, however long
 * anything took and whatever else ran; and who asked to sleep was blocked for as long at the least.
 */
static void time_is_split(void **state)
{
	static const char *const asleep[] = {"sleeper", "mover"};
	struct live_run run = live_trace(LIVE_PID, "sleepspin",
					 "-f sleeper -f spinner -f mover -f all");
	json_t *spinner = live_region(run.json, "spinner"), *all = live_region(run.json, "all");
	uint64_t cpu = live_u64(spinner, "cpu_ns"), total = live_u64(spinner, "total_ns");
	uint64_t used = said(&run, "used ") + CPU_NOISE_NS;

	(void)state;
	live_assert_expected(&run, 4);
	live_assert_nothing_lost(run.json);
	live_assert_sound(run.json);

	assert_in_range(cpu, said(&run, "spun ") - CPU_NOISE_NS, used);
	for (size_t i = 0; i < LIVE_COUNT(asleep); i++) {
		json_t *row = live_region(run.json, asleep[i]);

		assert_true(live_u64(row, "blocked_ns") + CPU_NOISE_NS >= 20 * 5000000);
		assert_true(live_u64(row, "min_ns") >= 5000000);
		cpu += live_u64(row, "cpu_ns");
		total += live_u64(row, "total_ns");
	}
	assert_true(cpu <= used);
	assert_true(live_u64(all, "total_ns") >= total);
	assert_in_range(live_u64(all, "cpu_ns") + CPU_NOISE_NS, cpu, used + CPU_NOISE_NS);
}

static void recursion_counts_once(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "functions recursive 40 500",
					 "-f recurse -f leaf");
	const char *elapsed = strstr(run.said, "elapsed ");
	json_t *recurse = live_region(run.json, "recurse");
	uint64_t frames;

	(void)state;
	live_assert_expected(&run, 2);
	live_assert_sound(run.json);
	assert_non_null(elapsed);
	assert_true(live_u64(recurse, "total_ns") <= strtoull(elapsed + 8, NULL, 10));
	/* All frames together are far longer: mean is over frames. */
	frames = (uint64_t)json_number_value(json_object_get(recurse, "mean_ns")) *
		 live_u64(recurse, "count");
	assert_true(frames > 5 * live_u64(recurse, "total_ns"));
}

static json_t *child(json_t *tree, const json_t *parent, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach (tree, i, row) {
		json_t *id = json_object_get(row, "parent");

		if (parent ? json_is_null(id) || live_u64(row, "parent") != live_u64(parent, "id")
			   : !json_is_null(id))
			continue;
		if (strcmp(live_str(row, "name"), name) == 0)
			return row;
	}
	fail_msg("no %s there in the tree", name);
	return NULL;
}

static void tree_follows_calls(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "functions nested 300",
					 "-f outer -f middle -f inner");
	json_t *tree = live_array(run.json, "tree"), *outer, *middle, *inner;

	(void)state;
	live_assert_sound(run.json);
	assert_int_equal(json_array_size(tree), 3);
	outer = child(tree, NULL, "outer");
	middle = child(tree, outer, "middle");
	inner = child(tree, middle, "inner");
	assert_int_equal(live_u64(outer, "count"), 300);
	assert_int_equal(live_u64(middle, "count"), 900);
	assert_int_equal(live_u64(inner, "count"), 1800);
	assert_true(live_u64(middle, "total_ns") <= live_u64(outer, "total_ns"));
	assert_true(live_u64(inner, "total_ns") <= live_u64(middle, "total_ns"));
	assert_int_equal(live_u64(inner, "self_ns"), live_u64(inner, "total_ns"));
}

static void short_frames_are_left_out(void **state)
{
	static const struct {
		const char *options;
		uint64_t count;
	} rows[] = {{"-f sleeper --min-duration 1us", 20}, {"-f sleeper --min-duration 60s", 0}};

	(void)state;
	for (size_t i = 0; i < LIVE_COUNT(rows); i++) {
		struct live_run run = live_trace(LIVE_PID, "sleepspin", rows[i].options);

		assert_int_equal(live_sum(run.json, "sleeper", "count"), rows[i].count);
		live_assert_nothing_lost(run.json);
	}
}

/* Of as many naps of nothing as of 300 ms: within 12.5 %, and no shorter than they were. */
static void percentiles_tell_long_from_short(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "labels slow 5", "-f nap");
	json_t *nap = live_region(run.json, "nap");

	(void)state;
	assert_int_equal(live_u64(nap, "count"), 10);
	assert_true(live_u64(nap, "p90_ns") > 262000000);
	assert_true(live_u64(nap, "p90_ns") <= live_u64(nap, "max_ns"));
}

/*
 * What of its probes' cost a region has in its own time is measured by regions that are shorter
 * than any that are asked for. Of two calls the extremes are all there is, and stay as measured.
 */
static void cost_is_known_without_short_frames(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "sleepspin 2",
					 "-f all --min-duration 50ms --compensate");
	json_t *all = live_region(run.json, "all");

	(void)state;
	assert_int_equal(live_u64(all, "count"), 2);
	assert_true(live_u64(all, "total_ns") < live_u64(all, "min_ns") + live_u64(all, "max_ns"));
}

/* All that the snapshot promises beside regions. */
static void snapshot_is_complete(void **state)
{
	static const char *const reasons[] = {"threads",    "depth",	      "nodes",	"names",
					      "name_reads", "returns",	      "spans",	"unmatched",
					      "events",	    "unknown_events", "probes", "late"};
	struct live_run run = live_trace(LIVE_PID, "functions counts 1 100", "-f leaf");
	json_t *attach = json_object_get(run.json, "attach"), *leaf = live_region(run.json, "leaf");
	json_t *lost = json_object_get(run.json, "lost");
	json_t *overhead = json_object_get(run.json, "overhead");
	const char *mode = live_str(attach, "mode");

	(void)state;
	assert_true(*live_str(run.json, "version"));
	assert_true(*live_str(run.json, "host"));
	assert_true(*live_str(run.json, "kernel"));
	assert_non_null(strchr(live_str(run.json, "start_time"), 'T'));
	assert_true(live_u64(run.json, "duration_ns") > live_u64(leaf, "total_ns"));
	assert_true(!strcmp(mode, "session") || !strcmp(mode, "multi") || !strcmp(mode, "perf"));
	assert_true(live_u64(attach, "probes") >= 1);
	assert_true(live_u64(attach, "slow_sites") <= live_u64(attach, "probes"));
	assert_true(json_is_number(json_object_get(overhead, "ns_per_region")));
	assert_true(json_is_number(json_object_get(overhead, "cpu_share")));
	for (size_t i = 0; i < LIVE_COUNT(reasons); i++)
		assert_int_equal(live_u64(lost, reasons[i]), 0);
	assert_string_equal(live_str(leaf, "kind"), "function");
	assert_non_null(strstr(live_str(leaf, "object"), "functions"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_is_split),
		cmocka_unit_test(recursion_counts_once),
		cmocka_unit_test(tree_follows_calls),
		cmocka_unit_test(percentiles_tell_long_from_short),
		cmocka_unit_test(short_frames_are_left_out),
		cmocka_unit_test(cost_is_known_without_short_frames),
		cmocka_unit_test(snapshot_is_complete),
	};

	return live_main("figures", tests, LIVE_COUNT(tests));
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* --max-overhead: when the budget is asked, what its verdict does, and what is said of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/internal.h"
#include "util/clock.h"

#define LONG_NAME "a_region_whose_name_takes_a_hundred_characters_of_the_line_"

/* ---- a run that is made up ------------------------------------------------------------------- */

static struct {
	struct rp_verdict verdict;
	struct rp_row row[RP_BUDGET_AT_ONCE];
	bool can_judge;
	int drops; /* what leaving out returns */
	unsigned judged;
	size_t dropped;
	uint32_t last_dropped;
	rp_timer_fn on_period;
	uint64_t due;
	char said[1024];
} made;

static struct rp_run *run;

int rp_loop__timer(struct rp_loop *loop, rp_timer_fn fn, void *ctx, struct rp_timer **out)
{
	(void)loop;
	assert_ptr_equal(ctx, run);
	made.on_period = fn;
	*out = NULL;
	return 0;
}

void rp_timer__set(struct rp_timer *timer, uint64_t at)
{
	(void)timer;
	made.due = at;
}

uint64_t rp_targets__cpu(struct rp_targets *targets)
{
	(void)targets;
	return 0;
}

int rp_run__read(struct rp_run *of, struct rp_reading *out)
{
	(void)of;
	*out = (struct rp_reading){0};
	return 0;
}

bool rp_budget__can_judge(const struct rp_budget *budget, uint64_t cpu)
{
	(void)budget;
	(void)cpu;
	return made.can_judge;
}

int rp_budget__judge(struct rp_budget *budget, struct rp_reading *now,
		     const struct rp_snapshot_opts *opts, struct rp_verdict *out)
{
	(void)budget;
	(void)now;
	(void)opts;
	made.judged++;
	*out = made.verdict;
	return 0;
}

int rp_run__drop_regions(struct rp_run *of, const uint32_t *regions, size_t n, struct rp_err *err)
{
	(void)of;
	made.dropped += n;
	made.last_dropped = regions[n - 1];
	return made.drops ? rp_err__set(err, RP_EXIT_FAILED, made.drops, NULL, "no more room") : 0;
}

void rp_run__say(struct rp_run *of, const char *line, const char *cure)
{
	(void)of;
	assert_null(cure);
	strcat(strcat(made.said, line), "\n");
}

static int begin(void **state)
{
	static struct rp_opts opts;

	(void)state;
	memset(&made, 0, sizeof(made));
	opts.max_overhead = 0.05;
	run = calloc(1, sizeof(*run));
	assert_non_null(run);
	run->opts = &opts;
	run->cost_meter.costs.mark.whole = 100;
	made.can_judge = true;
	assert_int_equal(rp_run__watch_overhead(run), 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	free(run);
	return 0;
}

static void leaves_out(double share, const char *name)
{
	struct rp_verdict *v = &made.verdict;

	made.row[v->n] = (struct rp_row){.name = name, .region = (uint32_t)v->n + 7};
	v->rows[v->n] = &made.row[v->n];
	v->n++;
	v->share = share;
}

static void pass(uint64_t now)
{
	assert_int_equal(made.on_period(run, now), 0);
}

/* The first period begins, and is judged. */
static void judge(void)
{
	pass(0);
	pass(RP_NS_PER_S);
}

/* ---- when ------------------------------------------------------------------------------------ */

/* The first is short, and goes on for as long as it tells nothing. */
static void periods(void **state)
{
	(void)state;
	made.can_judge = false;
	pass(1000);
	assert_int_equal(made.due, 1000 + RP_NS_PER_S / 10);
	pass(2000);
	assert_int_equal(made.due, 2000 + RP_NS_PER_S / 10);
	assert_int_equal(made.judged, 0);
	made.can_judge = true;
	pass(3000);
	assert_int_equal(made.judged, 1);
	assert_int_equal(made.due, 3000 + RP_NS_PER_S);
	/* Regions are added. */
	rp_run__try_regions(run);
	assert_int_equal(made.due, 0);
	pass(4000);
	assert_int_equal(made.judged, 1);
	assert_int_equal(made.due, 4000 + RP_NS_PER_S / 10);
	assert_string_equal(made.said, "");
}

/* ---- what is said ---------------------------------------------------------------------------- */

static void what_goes_is_named(void **state)
{
	(void)state;
	leaves_out(0.0825, "hot");
	leaves_out(0.0825, "warm");
	judge();
	assert_string_equal(made.said, "probes took 8.2 % of the target's CPU: no longer traced: "
				       "hot, warm\n");
	assert_int_equal(made.dropped, 2);
	assert_int_equal(made.last_dropped, 8);
}

/* Clocks differ: there is no more than all. */
static void no_more_than_all(void **state)
{
	(void)state;
	leaves_out(1.7, "hot");
	judge();
	assert_non_null(strstr(made.said, "probes took 100.0 % of"));
}

static void those_without_room_are_counted(void **state)
{
	(void)state;
	leaves_out(0.5, LONG_NAME LONG_NAME);
	leaves_out(0.5, LONG_NAME LONG_NAME);
	leaves_out(0.5, "third");
	leaves_out(0.5, "fourth");
	leaves_out(0.5, "fifth");
	judge();
	assert_non_null(strstr(made.said, LONG_NAME " and 3 more\n"));
	assert_null(strstr(made.said, "third"));
	/* All that there are have been named. */
	made.said[0] = '\0';
	made.verdict.n = 2;
	pass(2 * RP_NS_PER_S);
	assert_null(strstr(made.said, "more"));
}

/* With a budget that keeps the last one, and something to spare, if there is any. */
static void nothing_is_left(void **state)
{
	(void)state;
	leaves_out(0.5, "dear");
	leaves_out(0.5, "cheap");
	made.verdict.alone = 0.101;
	judge();
	assert_non_null(strstr(made.said, "nothing that is called is traced any more: cheap costs "
					  "least, 10.1 % of the target's CPU; --max-overhead 13 "
					  "keeps it\n"));
	made.said[0] = '\0';
	made.verdict.alone = 0.8;
	pass(2 * RP_NS_PER_S);
	assert_non_null(strstr(made.said, "cheap costs least, 80.0 % of the target's CPU\n"));
}

/* Once, though it is true in each period. */
static void what_cannot_be_kept(void **state)
{
	(void)state;
	run->cost_meter.costs.mark.whole = 0;
	judge();
	assert_string_equal(made.said, "--max-overhead cannot be kept: what probes cost could not "
				       "be measured\n");
	pass(2 * RP_NS_PER_S);
	assert_int_equal(made.judged, 2);
	assert_int_equal(strlen(strchr(made.said, '\n')), 1);
}

/* What goes on costing is not said to be gone. */
static void what_cannot_go(void **state)
{
	(void)state;
	made.drops = -ENOMEM;
	leaves_out(0.5, "hot");
	judge();
	assert_string_equal(made.said, "--max-overhead cannot be kept: no more room\n");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(periods),		TEST(what_goes_is_named),
		TEST(no_more_than_all), TEST(those_without_room_are_counted),
		TEST(nothing_is_left),	TEST(what_cannot_be_kept),
		TEST(what_cannot_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What probes cost the target: held below a limit, and taken out of the figures. */
#include <stdlib.h>
#include <string.h>

#include "live.h"

#define CODE_BYTES 16

/* Probes of hot take half of the target's time at the least, those of rare next to nothing. */
static void the_hottest_goes(void **state)
{
	struct live_proc *target = live_target("lopsided"), *rptrace;
	json_t *json, *left_out;

	(void)state;
	rptrace = live_rptrace_ready(
		"-p %d -f hot -f rare --max-overhead 20 -b --format json -o %s", target->pid,
		live_path("overhead.json"));
	live_release(target);
	live_await_probes(target, "hot", CODE_BYTES, 0);
	live_release(target);
	assert_int_equal(live_wait(target), 0);
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->err, "no longer traced: hot\n"));
	json = live_load(live_path("overhead.json"));
	left_out = json_object_get(json_object_get(json, "attach"), "left_out");
	assert_int_equal(json_array_size(left_out), 1);
	assert_string_equal(json_string_value(json_array_get(left_out, 0)), "hot");
	assert_int_equal(live_sum(json, "rare", "count"), live_expected(target->out, "rare"));
	assert_in_range(live_sum(json, "hot", "count"), 1, live_expected(target->out, "hot"));
	live_assert_nothing_lost(json);
	live_assert_sound(json);
}

struct brood {
	double untraced, cpu; /* ns of the parent's CPU time, all children included */
	double ns_per_region;
};

static struct brood trace_brood(unsigned children, unsigned work, const char *options)
{
	struct live_proc *target = live_target("brood %u %u", children, work), *rptrace;
	struct brood brood;
	json_t *json, *overhead;

	rptrace = live_rptrace_ready("-p %d -f parent -f tiny --compensate %s -b --format json -o "
				     "%s",
				     target->pid, options, live_path("overhead.json"));
	live_release(target);
	assert_int_equal(live_wait(target), 0);
	assert_int_equal(live_wait(rptrace), 0);
	json = live_load(live_path("overhead.json"));
	overhead = json_object_get(json, "overhead");
	brood.untraced = atof(live_expect_line(target, "untraced ", 1));
	brood.cpu = (double)live_sum(json, "parent", "cpu_ns");
	brood.ns_per_region = json_real_value(json_object_get(overhead, "ns_per_region"));
	print_message("%u children of %.1f us, %.1f us for probes: %.0f ms untraced, %.0f ms "
		      "reported\n",
		      children, brood.untraced / children / 1e3, brood.ns_per_region / 1e3,
		      brood.untraced / 1e6, brood.cpu / 1e6);
	return brood;
}

#define ROUNDS	 6000 /* of a child, to begin with */
#define ATTEMPTS 3

static bool within_a_tenth(const struct brood *brood)
{
	return brood->cpu > 0.9 * brood->untraced && brood->cpu < 1.1 * brood->untraced;
}

/*
 * A parent with many children takes what it takes untraced, within a tenth. They are so long that
 * probes are a quarter of it all. On a machine that others use too, what anything takes changes
 * from one second to the next: hence the attempts.
 */
static void cost_is_taken_out(unsigned children, const char *options)
{
	struct brood some = trace_brood(10000, ROUNDS, options), all;
	double round = some.untraced / 10000 / ROUNDS;
	int attempt = 0;

	assert_true(some.ns_per_region > 0);
	do
		all = trace_brood(children, (unsigned)(3 * some.ns_per_region / round), options);
	while (!within_a_tenth(&all) && ++attempt < ATTEMPTS);
	assert_true(within_a_tenth(&all));
}

static void of_children_that_are_measured(void **state)
{
	(void)state;
	cost_is_taken_out(1000000, "");
}

static void of_children_that_are_too_short(void **state)
{
	(void)state;
	cost_is_taken_out(100000, "--min-duration 10ms");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hottest_goes),
		cmocka_unit_test(of_children_that_are_measured),
		cmocka_unit_test(of_children_that_are_too_short),
	};

	return live_main("overhead", tests, LIVE_COUNT(tests));
}

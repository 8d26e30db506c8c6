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

#define CHILDREN 20000
#define ROUNDS	 60000 /* of a child: probes take less than it does, whatever the machine */

/*
 * What a parent took, as it tells itself, is what is reported of it and what its children's probes
 * cost. Both rest on the cost that the calibration found in that very run, so that it does not
 * matter what else the machine does; how near that comes to the truth is for the benchmark to tell.
 */
static void cost_is_taken_out(void **state)
{
	const char *options = *state, *path = live_path("overhead.json");
	struct live_proc *target = live_target("brood %d %d", CHILDREN, ROUNDS), *rptrace;
	double took, reported, cost;
	json_t *json;

	rptrace = live_rptrace_ready("-p %d -f parent -f tiny --compensate %s -b --format json -o "
				     "%s",
				     target->pid, options, path);
	live_release(target);
	assert_int_equal(live_wait(target), 0);
	json = live_figures(rptrace, path);
	took = atof(live_expect_line(target, "took ", 1));
	reported = (double)live_sum(json, "parent", "cpu_ns");
	cost = CHILDREN *
	       json_real_value(json_object_get(json_object_get(json, "overhead"), "ns_per_region"));
	assert_true(cost > 0.001 * took);
	if (reported + cost < 0.995 * took || reported + cost > 1.005 * took)
		fail_msg("%.0f ns reported and %.0f of probes, but it took %.0f", reported, cost,
			 took);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hottest_goes),
		live_test(cost_is_taken_out, "", "cost is taken out of children that are measured"),
		live_test(cost_is_taken_out, "--min-duration 10ms",
			  "cost is taken out of children that are too short"),
	};

	return live_main("overhead", tests, LIVE_COUNT(tests));
}

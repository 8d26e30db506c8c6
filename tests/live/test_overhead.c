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

/* Where probes cost more than what is measured, how much more changes too much. */
#define SHARE_MAX 0.45
#define CHILDREN  1000000
#define WORK	  6000 /* about two microseconds */

/* A parent with a million children takes what it takes untraced, within a tenth. */
static void cost_is_taken_out(void **state)
{
	const char *options = *state;
	struct live_proc *target = live_target("brood %d %d", CHILDREN, WORK), *rptrace;
	double untraced = atof(live_expect_line(target, "untraced ", 1));
	double share, cpu;
	json_t *json;

	rptrace = live_rptrace_ready("-p %d -f parent -f tiny --compensate %s -b --format json -o "
				     "%s",
				     target->pid, options, live_path("overhead.json"));
	live_release(target);
	assert_int_equal(live_wait(target), 0);
	assert_int_equal(live_wait(rptrace), 0);
	json = live_load(live_path("overhead.json"));
	share = json_real_value(json_object_get(json_object_get(json, "overhead"), "cpu_share"));
	cpu = (double)live_sum(json, "parent", "cpu_ns");
	print_message("%s: %.0f ms untraced, %.0f ms measured, probes %.0f %%\n", options,
		      untraced / 1e6, cpu / 1e6, share * 100);
	if (share > SHARE_MAX)
		skip();
	assert_true(cpu > 0.9 * untraced && cpu < 1.1 * untraced);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hottest_goes),
		{"children that are measured", cost_is_taken_out, NULL, NULL, ""},
		{"children that are too short", cost_is_taken_out, NULL, NULL,
		 "--min-duration 10ms"},
	};

	return live_main("overhead", tests, LIVE_COUNT(tests));
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Of the whole system: what rings of mappings tell a run, and what they had no room for. */
#include "libbpf_fixture.h"

#include "mappings_fixture.h"
#include "run/internal.h"
#include "util/clock.h"

static struct rp_run run;
static char proc[64];

static int begin(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_plan_opts planned = {.whole_system = true};
	struct rp_err err;

	(void)state;
	forget_events();
	run = (struct rp_run){0};
	strcpy(proc, "/tmp/rptrace-events-XXXXXX");
	if (!mkdtemp(proc) || rp_plan__new(&planned, &run.plan, &err) ||
	    rp_mappings__new(&run.events.mappings, &err))
		return -1;
	opts.track_all = true;
	run.session = fake_session(&opts);
	run.targets = rp_targets__new(&(struct rp_targets_opts){.session = run.session,
								.ops = &rp_run__session_ops,
								.plan = run.plan,
								.proc = proc});
	return run.targets ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	rp_targets__free(run.targets);
	rp_mappings__free(run.events.mappings);
	rp_session__free(run.session);
	rp_plan__free(run.plan);
	return rmdir(proc);
}

/* Does anything wait to be looked at? */
static bool looks_again(void)
{
	return rp_targets__rescan(run.targets) >= 0;
}

/* Until nothing does. */
static void look(void)
{
	int ms;

	while ((ms = rp_targets__rescan(run.targets)) >= 0)
		usleep((useconds_t)ms * 1000);
}

/* Each of them is counted, and all processes are looked at for what it was. */
static void lost_mappings_are_events_lost(void **state)
{
	(void)state;
	look();
	fill(0, 0);
	assert_int_equal(rp_run__drain_all(&run), 0);
	assert_false(looks_again());
	put_lost(3);
	put_lost(4);
	assert_int_equal(rp_run__drain_all(&run), 0);
	assert_int_equal(rp_session__lost(run.session, RP_LOST_EVENTS), 7);
	assert_true(looks_again());
}

/* What a full ring has missed nobody can tell: it may be nothing. */
static void a_full_ring_is_a_reason_to_look(void **state)
{
	struct perf_event_header other = {.type = PERF_RECORD_COMM, .size = 8};

	(void)state;
	look();
	fill(0, 0);
	while (page->data_head + sizeof(other) <= RING)
		put(&other, sizeof(other));
	assert_int_equal(rp_run__drain_all(&run), 0);
	assert_int_equal(rp_session__lost(run.session, RP_LOST_EVENTS), 0);
	assert_true(looks_again());
	assert_int_equal(page->data_tail, page->data_head);
}

/* A program that ran without its probes before it was told of: for how long, the session adds up.
 */
static void what_was_late_is_added_up(void **state)
{
	const uint64_t began = rp_clock__now() - 5 * RP_NS_PER_S;
	const struct rp_event exec = {.header = {.type = RP_EVENT_EXEC, .length = sizeof(exec)},
				      .pid = 1 << 30,
				      .detail = 1234,
				      .time = began};

	(void)state;
	rp_targets__on_event(run.targets, &exec);
	assert_int_equal(rp_session__lost(run.session, RP_LOST_LATE), 1);
	assert_in_range(rp_session__late_ns(run.session), 5 * RP_NS_PER_S, rp_clock__now() - began);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lost_mappings_are_events_lost),
		TEST(a_full_ring_is_a_reason_to_look),
		TEST(what_was_late_is_added_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

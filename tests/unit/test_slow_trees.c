// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* --slower-than: whole trees are passed on, or nothing of them, and what is left out is counted. */
#include "record_fixture.h"

#include <errno.h>

#include "record/slow_trees.h"

#define LEAST 1000u

/* Nodes of the fixture. */
enum { OUTERMOST = 2, WITHIN = 3 };

struct test {
	struct told told;
	struct rp_event_sink next, sink;
};

static int close_nothing(void *ctx)
{
	(void)ctx;
	return 0;
}

static void begin(struct test *test)
{
	struct rp_slow_trees *trees;

	test->next = told_sink(&test->told);
	test->next.close = close_nothing;
	trees = rp_slow_trees__new(LEAST, &test->next);
	assert_non_null(trees);
	test->sink = rp_slow_trees__sink(trees);
	assert_int_equal(run_tell_ids(&test->sink), 0);
}

static void tell(struct test *test, uint32_t thread, uint32_t node, uint64_t start, uint64_t ns)
{
	const struct rp_event_instance instance = {
		.start = start, .ns = ns, .node = node, .thread = thread, .end_thread = thread};

	assert_int_equal(test->sink.instance(test->sink.ctx, &instance), 0);
}

static void tell_open(struct test *test, uint32_t thread, uint32_t node, uint64_t start,
		      uint64_t ns)
{
	const struct rp_event_instance instance = {
		.start = start, .ns = ns, .node = node, .thread = thread, .open = true};

	assert_int_equal(test->sink.instance(test->sink.ctx, &instance), 0);
}

static void finish(struct test *test)
{
	const uint64_t lost[RP_LOST_COUNT] = {0};
	const struct rp_event_end end = {
		.time = 9, .lost = lost, .cpu = 11, .samples = 12, .no_tables = 13, .late_ns = 14};

	assert_int_equal(test->sink.end(test->sink.ctx, &end), 0);
	assert_int_equal(test->sink.close(test->sink.ctx), 0);
	fflush(test->told.out);
	/* All else that is told at the end is passed on. */
	assert_non_null(strstr(test->told.text, " 11 12 13 14\n"));
}

static void assert_left_out(const struct test *test, uint32_t node, uint64_t n)
{
	char line[64];

	snprintf(line, sizeof(line), "left_out %u %lu\n", node, n);
	if (!strstr(test->told.text, line))
		fail_msg("no '%s' in:\n%s", line, test->told.text);
}

static void test_trees_are_whole(void **state)
{
	struct test test;

	(void)state;
	begin(&test);
	tell(&test, 1, WITHIN, 110, 10);
	tell(&test, 2, WITHIN, 120, 10); /* of a fast tree */
	tell(&test, 1, WITHIN, 130, 10);
	tell(&test, 2, OUTERMOST, 115, LEAST - 1);
	assert_int_equal(test.told.instances, 0);
	tell(&test, 1, OUTERMOST, 100, LEAST);
	assert_int_equal(test.told.instances, 3);
	tell(&test, 1, OUTERMOST, 2000, 1);
	finish(&test);
	assert_int_equal(test.told.instances, 3);
	assert_true(strstr(test.told.text, "instance 110 10") <
		    strstr(test.told.text, "instance 130 10"));
	assert_left_out(&test, OUTERMOST, 2);
	assert_left_out(&test, WITHIN, 1);
	told_free(&test.told);
}

/* The root that it was in has found no room in the kernel's ring. */
static void test_another_tree_takes_none_in(void **state)
{
	struct test test;

	(void)state;
	begin(&test);
	tell(&test, 1, WITHIN, 50, 10);
	tell(&test, 1, OUTERMOST, 100, LEAST);
	tell(&test, 1, WITHIN, 5000, 10); /* and of this one nothing comes any more */
	finish(&test);
	assert_int_equal(test.told.instances, 1);
	assert_left_out(&test, WITHIN, 2);
	told_free(&test.told);
}

static void test_spans_are_their_own_trees(void **state)
{
	struct rp_event_instance span = {.node = OUTERMOST, .ns = LEAST, .is_span = true};
	struct test test;

	(void)state;
	begin(&test);
	assert_int_equal(test.sink.instance(test.sink.ctx, &span), 0);
	span.ns--;
	assert_int_equal(test.sink.instance(test.sink.ctx, &span), 0);
	finish(&test);
	assert_int_equal(test.told.instances, 1);
	told_free(&test.told);
}

/* There is no memory for what is past the last node that there may be. */
static void test_nodes_are_bounded(void **state)
{
	struct rp_event_instance span = {.node = RP_NODES_MAX - 1, .is_span = true};
	struct test test;

	(void)state;
	begin(&test);
	assert_int_equal(test.sink.instance(test.sink.ctx, &span), 0);
	span.node++;
	assert_int_equal(test.sink.instance(test.sink.ctx, &span), -EINVAL);
	finish(&test);
	assert_left_out(&test, RP_NODES_MAX - 1, 1);
	told_free(&test.told);
}

static void test_trees_that_are_open_at_the_end(void **state)
{
	struct test test;

	(void)state;
	begin(&test);
	tell(&test, 1, WITHIN, 110, 10);
	tell(&test, 2, WITHIN, 110, 10);
	tell_open(&test, 1, OUTERMOST, 100, LEAST);
	tell_open(&test, 1, WITHIN, 900, 200);
	tell_open(&test, 2, OUTERMOST, 105, LEAST - 5);
	tell_open(&test, 2, WITHIN, 900, 200);
	finish(&test);
	assert_int_equal(test.told.instances, 3);
	assert_left_out(&test, OUTERMOST, 1);
	assert_left_out(&test, WITHIN, 2);
	told_free(&test.told);
}

/* How many instances the whole run is told to have lost. */
static unsigned long lost_at_the_end(const struct test *test)
{
	const char *at = strstr(test->told.text, "\nend ");

	assert_non_null(at);
	at += strlen("\nend ");
	for (int i = 0; i < 2 + RP_LOST_INSTANCES; i++)
		at = strchr(at, ' ') + 1;
	return strtoul(at, NULL, 10);
}

static void test_what_waits_is_bounded(void **state)
{
	struct test test;

	(void)state;
	begin(&test);
	for (uint64_t i = 0; i < RP_SLOW_TREES_WAITING_MAX + 3; i++)
		tell(&test, 1, WITHIN, 200, 1);
	tell(&test, 1, OUTERMOST, 100, LEAST);
	/* There is room again, and again. */
	for (int k = 0; k < 2; k++) {
		for (uint64_t i = 0; i < RP_SLOW_TREES_WAITING_MAX; i++)
			tell(&test, 1, WITHIN, 200, 1);
		tell(&test, 1, OUTERMOST, 100, 1);
	}
	finish(&test);
	assert_int_equal(test.told.instances, RP_SLOW_TREES_WAITING_MAX + 1);
	assert_left_out(&test, WITHIN, 2 * RP_SLOW_TREES_WAITING_MAX);
	assert_non_null(strstr(test.told.text, "\nlost 3 3\n"));
	assert_int_equal(lost_at_the_end(&test), 3);
	told_free(&test.told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees_are_whole),
		cmocka_unit_test(test_another_tree_takes_none_in),
		cmocka_unit_test(test_spans_are_their_own_trees),
		cmocka_unit_test(test_nodes_are_bounded),
		cmocka_unit_test(test_trees_that_are_open_at_the_end),
		cmocka_unit_test(test_what_waits_is_bounded),
	};

	return cmocka_run_group_tests_name("slow_trees", tests, NULL, NULL);
}

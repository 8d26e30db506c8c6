// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The slowest instances of each region, and what ran inside each of them. */
#include "counts_fixture.h"
#include "export/slowest.h"
#include "instances_fixture.h"

enum { REQUEST = 1, PARSE, QUERY, RELAY };

static struct rp_event_instance timed(uint32_t thread, uint32_t node, uint64_t start, uint64_t ns,
				      uint64_t child)
{
	return (struct rp_event_instance){.start = start,
					  .thread = thread,
					  .node = node,
					  .ns = ns,
					  .child = child,
					  .cpu = (ns - child) / 2,
					  .wait = 1};
}

/* Requests of two threads at the same time; each parses and queries, the slow ones more often. */
static void tell_requests(const struct rp_event_sink *sink, uint64_t slow)
{
	tell_run(sink, NULL);
	tell_region(sink, REQUEST, "request", RP_KIND_FUNCTION);
	tell_region(sink, PARSE, "parse\x1b", RP_KIND_FUNCTION);
	tell_region(sink, QUERY, "query", RP_KIND_USDT);
	tell_region(sink, RELAY, "relay", RP_KIND_SPAN);
	tell_node(sink, 2, TOLD_ROOT, REQUEST);
	tell_node(sink, 3, 2, PARSE);
	tell_node(sink, 4, 2, QUERY);
	tell_node(sink, 5, 4, PARSE);
	tell_node(sink, 6, TOLD_ROOT, RELAY);
	tell_thread(sink, 1, 10, 11, "server");
	tell_thread(sink, 2, 10, 12, "server");
	for (uint32_t thread = 1; thread <= 2; thread++)
		for (uint64_t i = 1; i <= 10; i++) {
			uint64_t start = 100000 * i, ns = 1000 * i + thread;

			tell(sink, timed(thread, 3, start + 1, 10, 0));
			if (i * 10 + thread == slow) {
				tell(sink, timed(thread, 5, start + 30, 40, 0));
				tell(sink, timed(thread, 4, start + 20, 100, 40));
				/* Inside another query, of which no end was seen. */
				tell(sink, timed(thread, 5, start + 131, 3, 0));
				tell(sink, (struct rp_event_instance){.start = start + 130,
								      .thread = thread,
								      .node = 4,
								      .ns = 7,
								      .unwound = true});
			}
			tell(sink, timed(thread, 2, start, ns, 10));
			/* Not inside, though it is deeper. */
			tell(sink, timed(thread, 3, start + ns + 5, 10, 0));
		}
	tell(sink, (struct rp_event_instance){.start = 5,
					      .thread = 1,
					      .node = 6,
					      .ns = 2000000,
					      .span = 9,
					      .is_span = true});
	tell(sink, (struct rp_event_instance){.thread = 1, .node = 2, .ns = 9999999, .open = true});
	tell_end(sink, 10000000);
}

static void tell_one(const struct rp_event_sink *sink)
{
	tell_requests(sink, 102);
}

static void tell_two(const struct rp_event_sink *sink)
{
	tell_requests(sink, 101);
	tell_requests(sink, 92);
}

/* To be freed. */
static char *slowest_of(void (*run)(const struct rp_event_sink *), unsigned n, bool json)
{
	struct rp_slowest *slowest = rp_slowest__new(n);
	struct rp_event_sink sink;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(slowest);
	assert_non_null(out);
	sink = rp_slowest__finder(slowest);
	run(&sink);
	sink = rp_slowest__gatherer(slowest);
	run(&sink);
	assert_int_equal(json ? rp_slowest__print_json(slowest, out)
			      : rp_slowest__print(slowest, out, true),
			 0);
	assert_int_equal(fclose(out), 0);
	rp_slowest__free(slowest);
	return text;
}

static void test_table(void **state)
{
	char *text = slowest_of(tell_one, 2, false);

	(void)state;
	assert_golden("slowest.table", text);
	free(text);
}

static void test_json(void **state)
{
	char *text = slowest_of(tell_one, 1, true);

	(void)state;
	assert_golden("slowest.json", text);
	free(text);
}

/* The second run has what the first one has not inside one of the same time. */
static void test_of_several_records(void **state)
{
	char *text = slowest_of(tell_two, 3, false);

	(void)state;
	assert_golden("slowest.two.table", text);
	free(text);
}

static void tell_nothing(const struct rp_event_sink *sink)
{
	tell_run(sink, NULL);
	tell_end(sink, 5);
}

static void test_of_nothing(void **state)
{
	char *text = slowest_of(tell_nothing, 3, false);

	(void)state;
	assert_string_equal(text, "no instance was timed\n");
	free(text);
}

/* So far apart that a difference of 32 bits has the wrong sign. */
static void tell_long(const struct rp_event_sink *sink)
{
	tell_run(sink, NULL);
	tell_region(sink, REQUEST, "request", RP_KIND_FUNCTION);
	tell_node(sink, 2, TOLD_ROOT, REQUEST);
	tell_thread(sink, 1, 10, 11, "server");
	tell(sink, timed(1, 2, 10, 3000000000, 0));
	tell(sink, timed(1, 2, 4000000000, 6000000000, 0));
	tell(sink, timed(1, 2, 11000000000, 500000000, 0));
	tell_end(sink, 12000000000);
}

static void test_long_ones(void **state)
{
	char *text = slowest_of(tell_long, 3, false);

	(void)state;
	assert_non_null(strstr(text, "\n1. 6.00 s at "));
	assert_non_null(strstr(text, "\n2. 3.00 s at "));
	assert_non_null(strstr(text, "\n3. 500 ms at "));
	free(text);
}

/* What begins and ends with it is inside; what began before, ends after, or is elsewhere is not. */
static void tell_bounds(const struct rp_event_sink *sink)
{
	tell_run(sink, NULL);
	tell_region(sink, REQUEST, "request", RP_KIND_FUNCTION);
	tell_region(sink, PARSE, "parse", RP_KIND_FUNCTION);
	tell_node(sink, 2, TOLD_ROOT, REQUEST);
	tell_node(sink, 3, 2, PARSE);
	for (uint32_t thread = 1; thread <= 2; thread++)
		tell_thread(sink, thread, 10, 10 + thread, "server");
	tell(sink, timed(2, 3, 120, 1, 0));
	tell(sink, timed(1, 3, 90, 2, 0));
	tell(sink, timed(1, 3, 99, 4, 0));
	tell(sink, timed(1, 3, 100, 8, 0));
	tell(sink, timed(1, 3, 150, 16, 0));
	tell(sink, timed(1, 3, 168, 32, 0));
	tell(sink, timed(1, 2, 100, 100, 56));
	tell(sink, timed(1, 3, 137, 64, 0));
	tell(sink, timed(1, 3, 200, 65, 0));
	tell_end(sink, 300);
}

static void test_bounds(void **state)
{
	char *text = slowest_of(tell_bounds, 1, true);

	(void)state;
	assert_non_null(strstr(text, "\"name\": \"parse\", \"count\": 3,"));
	assert_non_null(strstr(text, "\"total_ns\": 56,"));
	free(text);
}

/* A goroutine is on no thread of its own. */
static void tell_goroutine(const struct rp_event_sink *sink)
{
	const struct rp_event_thread thread = {
		.serial = 1, .pid = 10, .goroutine = 0xc0ffee, .comm = "server"};

	tell_run(sink, NULL);
	tell_region(sink, REQUEST, "request", RP_KIND_FUNCTION);
	tell_node(sink, 2, TOLD_ROOT, REQUEST);
	assert_int_equal(RP_TELL(sink, thread, &thread), 0);
	tell(sink, timed(1, 2, 100, 100, 0));
	tell_end(sink, 300);
}

static void test_goroutine(void **state)
{
	char *text = slowest_of(tell_goroutine, 1, false);

	(void)state;
	assert_non_null(strstr(text, "goroutine 0xc0ffee of 10 server"));
	assert_null(strstr(text, "thread"));
	free(text);
}

#define STEPS 45

/* One in the other, the outermost one the longest. */
static void tell_steps(const struct rp_event_sink *sink)
{
	tell_run(sink, NULL);
	tell_region(sink, REQUEST, "request", RP_KIND_FUNCTION);
	tell_region(sink, PARSE, "step", RP_KIND_FUNCTION);
	tell_thread(sink, 1, 10, 11, "server");
	for (uint32_t i = 0; i < STEPS; i++)
		tell_node(sink, i + 2, i + 1, i ? PARSE : REQUEST);
	for (uint32_t i = STEPS; i-- > 0;)
		tell(sink, timed(1, i + 2, 1000 + i, 100 + 2 * (STEPS - i), 0));
	tell_end(sink, 5000);
}

/* What is inside is moved to the right by its depth, up to some depth. */
static void test_indentation(void **state)
{
	char *text = slowest_of(tell_steps, 1, false), line[128];

	(void)state;
	for (int depth = 1; depth <= STEPS; depth++) {
		snprintf(line, sizeof(line), " 1  %*sstep\n", 2 * depth, "");
		assert_int_equal(strstr(text, line) != NULL, depth <= 40);
	}
	free(text);
}

#define DEEP 70000

/* Deeper than any stack is, as a record that was made to do harm may say. */
static void tell_deep(const struct rp_event_sink *sink)
{
	tell_run(sink, NULL);
	tell_region(sink, REQUEST, "request", RP_KIND_FUNCTION);
	for (uint32_t i = 2; i < DEEP; i++)
		tell_node(sink, i, i - 1, REQUEST);
	tell(sink, timed(1, DEEP - 1, 10, 10, 0));
	tell(sink, timed(1, 2, 0, 100, 10));
	tell_end(sink, 100);
}

static void test_too_deep(void **state)
{
	char *text = slowest_of(tell_deep, 1, true);

	(void)state;
	assert_non_null(strstr(text, "\"parent\": 0, \"name\": \"request\", \"count\": 1,"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_of_several_records),
		cmocka_unit_test(test_of_nothing),
		cmocka_unit_test(test_long_ones),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_goroutine),
		cmocka_unit_test(test_indentation),
		cmocka_unit_test(test_too_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

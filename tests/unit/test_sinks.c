// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What goes through a record, or a sink before others, comes out as it was told: each call of a
 * sink, with another value in each of its members. */
#include "record_fixture.h"

#include <errno.h>

#include "record/event_filter.h"
#include "record/relay.h"
#include "record/tee.h"

#define LONGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
_Static_assert(sizeof(LONGEST) == RP_TEXT_LEN + 1, "a text that is as long as there is room");

static const struct rp_event_run about = {
	.start = RUN_START,
	.wall = 1735787045000000000,
	.sample_hz = 997,
	.meta = {.version = "1.2",
		 .host = "here",
		 .kernel = "6.18",
		 .start_time = "2026-01-01T00:00:00+00:00",
		 .attach_mode = "session",
		 .probes = 12,
		 .slow_sites = 13,
		 .processes = 14,
		 .group_by = "thread",
		 .target = "demo",
		 .kept = "--last 5s",
		 .options = "--function 'a b'"},
};

static const struct rp_region_name regions[] = {
	{.name = "outer",
	 .object = "/bin/demo",
	 .build_id = "-09af",
	 .kind = RP_KIND_USDT,
	 .slow = true,
	 .stray = {.hits = 7, .unmatched = 3, .crossed = 1},
	 .cost = {.inside = 12.5, .whole = 99.25}},
	{.name = "inner", .object = "", .kind = RP_KIND_SPAN, .left_out = true},
	{.name = "jumps", .object = "", .kind = RP_KIND_FUNCTION, .ends_at_jump = true},
};

static const struct rp_text texts[] = {{.text = LONGEST, .cut = 1}, {.text = ""}};

static const struct rp_node nodes[] = {
	{.comm = "demo", .label = 41, .tgid = 42, .flags = RP_NODE_VALID},
	{.parent = 1, .region = 1, .flags = RP_NODE_VALID | RP_NODE_LATE},
	{.parent = 2,
	 .region = 2,
	 .label = ~0ull,
	 .flags = RP_NODE_VALID | RP_NODE_LABELED | RP_NODE_SIGNED},
	{.parent = 1, .region = 3, .flags = RP_NODE_VALID | RP_NODE_OTHER},
};

static const struct rp_event_thread threads[] = {
	{.serial = 1,
	 .tid = 43,
	 .pid = 42,
	 .started = 5,
	 .process_started = 4,
	 .comm = "fifteen letters",
	 .process_comm = "demo"},
	{.serial = 2, .pid = 44, .goroutine = 0xc000, .started = 6, .process_started = 3},
};

static const struct rp_event_instance instances[] = {
	{.start = RUN_START + 20,
	 .ns = 1000,
	 .child = 300,
	 .cpu = 500,
	 .wait = 200,
	 .node = 3,
	 .thread = 1,
	 .end_thread = 1,
	 .cpu_number = 7},
	{.start = RUN_START + 10,
	 .ns = 2000,
	 .node = 2,
	 .thread = 2,
	 .end_thread = 2,
	 .open = true},
	{.start = RUN_START,
	 .ns = 1ull << 40,
	 .span = ~0ull,
	 .node = 3,
	 .thread = 1,
	 .end_thread = 2,
	 .is_span = true,
	 .cpu_number = 8191},
	{.start = RUN_START + 5, .ns = 6, .node = 4, .thread = 2, .end_thread = 2, .unwound = true},
};

static const struct rp_place places[] = {
	{.function = "main", .file = "src/main.c", .line = 7, .object = "demo"},
	{.function = "deep", .file = "", .line = 1u << 31, .object = ""},
};

static const struct rp_sample_call calls[] = {
	{0}, {.parent = 1, .place = 1}, {.parent = 2, .place = 2}};

static const struct rp_taken_sample samples[] = {
	{.time = RUN_START + 30, .call = 3, .node = 2, .thread = 1, .tid = 43, .pid = 42, .end = 1},
	{.time = RUN_START + 29, .call = 2, .tid = 45, .pid = 44, .unresolved = true},
	{.time = RUN_START + 2000, .node = 3, .tid = 46, .pid = 47, .at_probe = true},
};

/* A call of a sink for each of an array; the first error is returned, nothing is told after it. */
#define TELL_EACH(array, call)                                                                     \
	for (uint32_t i = 0; !rc && i < COUNT(array); i++)                                         \
	rc = (call)

/* In the order of a reader. */
static int tell_all(const struct rp_event_sink *s)
{
	uint64_t lost[RP_LOST_COUNT];
	const struct rp_event_end end = {.time = RUN_START + 3000,
					 .lost = lost,
					 .cpu = 51,
					 .samples = 52,
					 .no_tables = 53,
					 .late_ns = 54};
	int rc = s->run(s->ctx, &about);

	for (uint64_t i = 0; i < RP_LOST_COUNT; i++)
		lost[i] = 100 + i;
	TELL_EACH(regions, s->region(s->ctx, i + 1, &regions[i]));
	TELL_EACH(texts, s->text(s->ctx, i, &texts[i]));
	TELL_EACH(nodes, s->node(s->ctx, i + 1, &nodes[i]));
	TELL_EACH(threads, s->thread(s->ctx, &threads[i]));
	TELL_EACH(instances, s->instance(s->ctx, &instances[i]));
	TELL_EACH(places, s->place(s->ctx, i + 1, &places[i]));
	TELL_EACH(calls, s->call(s->ctx, i + 1, &calls[i]));
	TELL_EACH(samples, s->sample(s->ctx, &samples[i]));
	if (!rc)
		rc = s->lost(s->ctx, 2, 61);
	if (!rc)
		rc = s->left_out(s->ctx, 3, 62);
	return rc ? rc : s->end(s->ctx, &end);
}

static int close_told(void *ctx)
{
	struct told *told = ctx;

	fprintf(told->out, "close\n");
	return 0;
}

static struct rp_event_sink closing_sink(struct told *told)
{
	struct rp_event_sink sink = told_sink(told);

	sink.close = close_told;
	return sink;
}

/* All calls that there are, also those that no record makes. */
static void tell_and_close(const struct rp_event_sink *sink)
{
	assert_int_equal(tell_all(sink), 0);
	assert_int_equal(sink->passed_over(sink->ctx, 4), 0);
	assert_int_equal(sink->close(sink->ctx), 0);
}

static void assert_told_all(struct told *told)
{
	struct told direct;
	struct rp_event_sink sink = closing_sink(&direct);

	tell_and_close(&sink);
	fflush(direct.out);
	fflush(told->out);
	assert_string_equal(told->text, direct.text);
	told_free(&direct);
	told_free(told);
}

/* ---- through a record ------------------------------------------------------------------------ */

static void test_each_member_comes_back_from_a_record(void **state)
{
	struct record_image image = {0};
	const struct rp_writer_opts opts = {.run = 1, .fn = image_take, .ctx = &image};
	struct rp_reader_figures figures;
	struct rp_event_sink sink;
	struct rp_writer *writer;
	struct told before, after;

	(void)state;
	assert_int_equal(rp_writer__new(&opts, &writer), 0);
	sink = rp_writer__sink(writer);
	assert_int_equal(tell_all(&sink), 0);
	assert_int_equal(sink.close(sink.ctx), 0);
	sink = told_sink(&before);
	assert_int_equal(tell_all(&sink), 0);
	fflush(before.out);
	assert_int_equal(run_read(image.at, image.n, &after, &figures), 0);
	assert_string_equal(before.text, after.text);
	assert_int_equal(figures.instances, COUNT(instances));
	assert_int_equal(figures.samples, COUNT(samples));
	assert_int_equal(figures.n_damaged + figures.unknown_blocks + figures.nameless, 0);
	told_free(&before);
	told_free(&after);
	free(image.at);
}

/* ---- through other sinks --------------------------------------------------------------------- */

static void test_a_relay_passes_all_on(void **state)
{
	struct told told;
	struct rp_event_sink next = closing_sink(&told), sink = rp_event_relay(&next);

	(void)state;
	tell_and_close(&sink);
	assert_told_all(&told);
}

static void test_a_filter_without_limits_passes_all_on(void **state)
{
	const struct rp_event_filter_opts none = {0};
	struct told told;
	struct rp_event_sink next = closing_sink(&told), sink;
	struct rp_event_filter *filter = rp_event_filter__new(&none, &next);

	(void)state;
	assert_non_null(filter);
	sink = rp_event_filter__sink(filter);
	tell_and_close(&sink);
	assert_told_all(&told);
}

static void test_a_tee_tells_each(void **state)
{
	struct told told[3];
	struct rp_event_tee tee = {.n = 3};
	struct rp_event_sink sink = rp_event_tee__sink(&tee);

	(void)state;
	for (size_t i = 0; i < 3; i++)
		tee.to[i] = closing_sink(&told[i]);
	tell_and_close(&sink);
	for (size_t i = 0; i < 3; i++)
		assert_told_all(&told[i]);
}

/* What is of no interest to one is told the others all the same. */
static void test_those_without_interest(void **state)
{
	struct told told, nothing;
	struct rp_event_tee tee = {.n = 2};
	struct rp_event_sink first = closing_sink(&nothing), sink = rp_event_tee__sink(&tee);

	(void)state;
	tee.to[0] = (struct rp_event_sink){
		.ctx = &nothing, .instance = first.instance, .close = first.close};
	tee.to[1] = closing_sink(&told);
	tell_and_close(&sink);
	assert_told_all(&told);
	assert_int_equal(nothing.instances, COUNT(instances));
	told_free(&nothing);
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* Fails at the call of this number; close is another one. */
struct failing {
	unsigned calls, fails_at;
	int rc;
	unsigned closed;
};

static int fail_at(struct failing *f)
{
	return ++f->calls == f->fails_at ? f->rc : 0;
}

#define FAILING_ONE(name, type)                                                                    \
	static int failing_##name(void *ctx, type told)                                            \
	{                                                                                          \
		(void)told;                                                                        \
		return fail_at(ctx);                                                               \
	}
#define FAILING_TWO(name, type, second)                                                            \
	static int failing_##name(void *ctx, type id, second told)                                 \
	{                                                                                          \
		(void)id;                                                                          \
		(void)told;                                                                        \
		return fail_at(ctx);                                                               \
	}

FAILING_ONE(run, const struct rp_event_run *)
FAILING_ONE(thread, const struct rp_event_thread *)
FAILING_ONE(instance, const struct rp_event_instance *)
FAILING_ONE(sample, const struct rp_taken_sample *)
FAILING_ONE(end, const struct rp_event_end *)
FAILING_TWO(region, uint32_t, const struct rp_region_name *)
FAILING_TWO(text, uint32_t, const struct rp_text *)
FAILING_TWO(node, uint32_t, const struct rp_node *)
FAILING_TWO(count, uint32_t, uint64_t)
FAILING_TWO(place, uint32_t, const struct rp_place *)
FAILING_TWO(call, uint32_t, const struct rp_sample_call *)

static int failing_close(void *ctx)
{
	struct failing *f = ctx;

	f->closed++;
	return f->rc;
}

static struct rp_event_sink failing_sink(struct failing *f)
{
	return (struct rp_event_sink){.ctx = f,
				      .run = failing_run,
				      .region = failing_region,
				      .text = failing_text,
				      .thread = failing_thread,
				      .node = failing_node,
				      .instance = failing_instance,
				      .left_out = failing_count,
				      .lost = failing_count,
				      .place = failing_place,
				      .call = failing_call,
				      .sample = failing_sample,
				      .end = failing_end,
				      .close = failing_close};
}

/* Which calls tell_all() makes: all that a sink is told of a run. */
static unsigned calls_of_all(void)
{
	struct failing none = {0};
	struct rp_event_sink sink = failing_sink(&none);

	assert_int_equal(tell_all(&sink), 0);
	return none.calls;
}

/* Whatever a sink fails at is what who tells it is told, and those behind it hear of it no more. */
static void test_errors_are_passed_back(void **state)
{
	unsigned n = calls_of_all();

	(void)state;
	for (unsigned at = 1; at <= n; at++) {
		struct failing relayed = {.fails_at = at, .rc = -ENOSPC}, first = relayed,
			       second = {0};
		struct rp_event_sink next = failing_sink(&relayed), sink = rp_event_relay(&next);
		struct rp_event_tee tee = {.to = {failing_sink(&first), failing_sink(&second)},
					   .n = 2};

		assert_int_equal(tell_all(&sink), -ENOSPC);
		assert_int_equal(relayed.calls, at);
		sink = rp_event_tee__sink(&tee);
		assert_int_equal(tell_all(&sink), -ENOSPC);
		assert_int_equal(first.calls, at);
		assert_int_equal(second.calls, at - 1);
	}
}

static void test_errors_behind_a_filter(void **state)
{
	const struct rp_event_filter_opts limits = {.regions = (const char *const[]){"*"},
						    .n_regions = 1};
	unsigned n = calls_of_all() - 1; /* but for the sample that is in no region */

	(void)state;
	for (unsigned at = 1; at <= n; at++) {
		struct failing failing = {.fails_at = at, .rc = -ENOSPC};
		struct rp_event_sink next = failing_sink(&failing), sink;
		struct rp_event_filter *filter = rp_event_filter__new(&limits, &next);

		assert_non_null(filter);
		sink = rp_event_filter__sink(filter);
		assert_int_equal(tell_all(&sink), -ENOSPC);
		assert_int_equal(failing.calls, at);
		assert_int_equal(sink.close(sink.ctx), -ENOSPC);
	}
}

/* All are closed; the first error is the one to tell. */
static void test_each_is_closed(void **state)
{
	struct failing failing[] = {{0}, {.rc = -ENOSPC}, {.rc = -EIO}};
	struct rp_event_tee tee = {.n = 3};
	struct rp_event_sink sink = rp_event_tee__sink(&tee);

	(void)state;
	for (size_t i = 0; i < 3; i++)
		tee.to[i] = failing_sink(&failing[i]);
	assert_int_equal(sink.close(sink.ctx), -ENOSPC);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(failing[i].closed, 1);
}

/* ---- what a filter lets through ----------------------------------------------------------------
 */

static char *filtered(const struct rp_event_filter_opts *opts)
{
	struct told told;
	struct rp_event_sink next = closing_sink(&told), sink;
	struct rp_event_filter *filter = rp_event_filter__new(opts, &next);
	char *text;

	assert_non_null(filter);
	sink = rp_event_filter__sink(filter);
	assert_int_equal(tell_all(&sink), 0);
	assert_int_equal(sink.close(sink.ctx), 0);
	fflush(told.out);
	text = strdup(told.text);
	told_free(&told);
	return text;
}

/* Which were told, in order: the numbers of instances, p: passed over, samples by their letters. */
static void assert_passed(const struct rp_event_filter_opts *opts, const char *want)
{
	char got[32] = "", *text = filtered(opts), *save = NULL;
	unsigned instance = 0;
	unsigned long time;

	for (const char *at = strtok_r(text, "\n", &save); at; at = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(at, "passed_over", 11)) {
			strcat(got, "p");
			instance++;
		} else if (!strncmp(at, "instance", 8)) {
			sprintf(got + strlen(got), "%u", instance++);
		}
		for (size_t i = 0; i < COUNT(samples) && sscanf(at, "sample %lu", &time) == 1; i++)
			if (samples[i].time == time)
				sprintf(got + strlen(got), "%c", (int)('a' + i));
	}
	assert_string_equal(got, want);
	free(text);
}

static void test_what_a_filter_lets_through(void **state)
{
	const char *const inner[] = {"nothing", "inn*"}, *const outer[] = {"outer"};

	(void)state;
	assert_passed(&(struct rp_event_filter_opts){0}, "0123abc");
	/* They end at 1020, 2010, later, and 11; samples are of 30, 29 and 2000. */
	assert_passed(&(struct rp_event_filter_opts){.from = 11}, "0123abc");
	assert_passed(&(struct rp_event_filter_opts){.from = 12}, "012pabc");
	assert_passed(&(struct rp_event_filter_opts){.from = 30}, "012pac");
	assert_passed(&(struct rp_event_filter_opts){.from = 1020}, "012pc");
	assert_passed(&(struct rp_event_filter_opts){.from = 1021}, "p12pc");
	assert_passed(&(struct rp_event_filter_opts){.to = 2010}, "0pp3abc");
	assert_passed(&(struct rp_event_filter_opts){.to = 2011}, "01p3abc");
	assert_passed(&(struct rp_event_filter_opts){.to = 2000}, "0pp3ab");
	assert_passed(&(struct rp_event_filter_opts){.from = 29, .to = 30}, "ppppb");
	assert_passed(&(struct rp_event_filter_opts){.thread = 43}, "0p2pa");
	assert_passed(&(struct rp_event_filter_opts){.thread = 45}, "ppppb");
	assert_passed(&(struct rp_event_filter_opts){.regions = inner, .n_regions = 2}, "0p2pc");
	/* What runs inside is of the region, but no instance of it. */
	assert_passed(&(struct rp_event_filter_opts){.regions = outer, .n_regions = 1}, "p1ppac");
	assert_passed(
		&(struct rp_event_filter_opts){.regions = outer, .n_regions = 1, .thread = 43},
		"ppppa");
}

static void assert_tells(const struct rp_event_filter_opts *opts, const char *what)
{
	char *text = filtered(opts);

	if (!strstr(text, what))
		fail_msg("no '%s' in:\n%s", what, text);
	free(text);
}

/* Those who show it are told what part of the run it is; it ends where the part does. */
static void test_what_a_filter_says_of_the_run(void **state)
{
	(void)state;
	assert_tells(&(struct rp_event_filter_opts){.text = "--from 2s", .from = 5},
		     " --from 2s 5\n");
	assert_tells(&(struct rp_event_filter_opts){0}, " - 0\n");
	assert_tells(&(struct rp_event_filter_opts){.to = 2999}, "\nend 1000000002999 ");
	assert_tells(&(struct rp_event_filter_opts){.to = 3001}, "\nend 1000000003000 ");
	assert_tells(&(struct rp_event_filter_opts){.from = 3001}, "\nend 1000000003000 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_member_comes_back_from_a_record),
		cmocka_unit_test(test_a_relay_passes_all_on),
		cmocka_unit_test(test_a_filter_without_limits_passes_all_on),
		cmocka_unit_test(test_a_tee_tells_each),
		cmocka_unit_test(test_those_without_interest),
		cmocka_unit_test(test_errors_are_passed_back),
		cmocka_unit_test(test_errors_behind_a_filter),
		cmocka_unit_test(test_each_is_closed),
		cmocka_unit_test(test_what_a_filter_lets_through),
		cmocka_unit_test(test_what_a_filter_says_of_the_run),
	};

	return cmocka_run_group_tests_name("sinks", tests, NULL, NULL);
}

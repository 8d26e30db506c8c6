// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Functions that run on the alternate signal stack of their thread, wherever that lies: the target
 * is unharmed, and every call is timed, or unwound and told.
 */
#include <stdlib.h>
#include <string.h>

#include "methods.h"

#define HANDLERS "-f dive -f handle -f inner -f after"

static uint64_t calls(const char *said, const char *name)
{
	char line[64];
	const char *at;

	snprintf(line, sizeof(line), "calls %s ", name);
	at = strstr(said, line);
	assert_non_null(at);
	return strtoull(at + strlen(line), NULL, 10);
}

static uint64_t figure(const struct live_run *run, const char *name, const char *key)
{
	return live_u64(live_region(run->json, name), key);
}

/* Calls of a function are all there, of which these were left by their exit. */
static void assert_calls(const struct live_run *run, const char *name, uint64_t by_exit)
{
	assert_int_equal(figure(run, name, "count"), by_exit);
	assert_int_equal(figure(run, name, "count") + figure(run, name, "unwound"),
			 calls(run->said, name));
	assert_int_equal(figure(run, name, "open"), 0);
}

static bool escapes(const struct live_run *run)
{
	return strstr(run->rptrace->line, " escape ") ||
	       (run->target && strstr(run->target->line, " escape "));
}

/* What returns probes must not see is unwound, and in the counter. */
static void all_told(const struct live_run *run)
{
	uint64_t lost = live_u64(json_object_get(run->json, "lost"), "stacks");
	uint64_t inner = figure(run, "inner", "count");
	uint64_t handled = figure(run, "handle", "count");
	uint64_t all = calls(run->said, "handle");
	uint64_t after = figure(run, "after", "count");
	uint64_t not_after = live_expected(run->said, "after") - after;

	/* After a jump, returns that it has left are pending: while the kernel has the lock of the
	 * mappings, to place RET sites, nobody can tell them from those of another stack. */
	assert_true(escapes(run) || !not_after);
	assert_int_equal(figure(run, "after", "unwound"), not_after);
	assert_calls(run, "dive", escapes(run) ? 0 : calls(run->said, "dive"));
	assert_calls(run, "inner", inner);
	assert_calls(run, "handle", handled);
	assert_true(!escapes(run) || !handled);
	/*
	 * The regions get RET sites in the middle, which may close a call that was counted as lost.
	 */
	assert_true(lost >= all - inner + not_after);
	assert_true(escapes(run) || lost - (all - inner + all - handled) <= 2);
	live_assert_nothing_lost_but(run->json, "stacks");
}

/* Where exits have probes of their own, other stacks are nothing special. */
static void all_timed(const struct live_run *run)
{
	all_told(run);
	assert_int_equal(figure(run, "after", "unwound"), 0);
	assert_int_equal(figure(run, "inner", "count"), calls(run->said, "inner"));
	assert_int_equal(live_u64(json_object_get(run->json, "lost"), "stacks"), 0);
}

/*
 * Nothing tells that stack from the thread's: the calls around the first handler look left, and are
 * told as unmatched when they return. From then on it is known that stacks share a mapping.
 */
static void hidden_holds(const struct live_run *run)
{
	assert_calls(run, "dive", calls(run->said, "dive") - 3);
	assert_calls(run, "inner", figure(run, "inner", "count"));
	assert_calls(run, "handle", figure(run, "handle", "count"));
	assert_int_equal(live_u64(json_object_get(run->json, "lost"), "unmatched"), 3);
}

#define EACH_WAY(place, by, ...)                                                                   \
	LIVE_CASE("handlers " place " return 3 200", HANDLERS, by, __VA_ARGS__),                   \
		LIVE_CASE("handlers " place " escape 3 200", HANDLERS, by, __VA_ARGS__)

/* Without sessions the kernel takes every return: exits have probes of their own from the start. */
#define NO_SESSIONS(place)                                                                         \
	LIVE_CASE("handlers " place " return 3 200", HANDLERS " --attach multi", BY_AUTO,          \
		  .holds = all_timed),                                                             \
		LIVE_CASE("handlers " place " return 3 200", HANDLERS " --attach perf", BY_AUTO,   \
			  .holds = all_timed)

static const struct live_case cases[] = {
	EACH_WAY("above", BY_AUTO, .holds = all_told, .lost = "stacks"),
	EACH_WAY("below", BY_AUTO, .holds = all_timed),
	EACH_WAY("apart", BY_AUTO, .holds = all_told, .lost = "stacks"),
	EACH_WAY("disarm", BY_AUTO, .holds = all_told, .lost = "stacks"),
	NO_SESSIONS("above"),
	NO_SESSIONS("apart"),
	NO_SESSIONS("disarm"),
	EACH_WAY("above", BY_SITES, .holds = all_timed),
	EACH_WAY("below", BY_SITES, .holds = all_timed),
	EACH_WAY("apart", BY_SITES, .holds = all_timed),
	EACH_WAY("disarm", BY_SITES, .holds = all_told),
	LIVE_CASE("handlers hidden return 3 200", HANDLERS, BY_AUTO, .holds = hidden_holds,
		  .lost = "stacks unmatched"),
	LIVE_CASE("handlers hidden return 3 200", HANDLERS, BY_SITES, .holds = hidden_holds,
		  .lost = "unmatched"),
};

/*
 * Two processes of one file, traced by one rptrace: neither is harmed by what looks at the other.
 */
static void of_one_file(void **state)
{
	const char *path = live_path("snapshot.json");
	struct live_proc *one = live_target("handlers above return 3 200");
	struct live_proc *other = live_target("handlers above return 3 200"), *rptrace;
	struct live_run run;

	(void)state;
	rptrace = live_rptrace_ready("-p %d,%d " HANDLERS " --json -o %s", one->pid, other->pid,
				     path);
	live_finish(one);
	live_finish(other);
	run.json = live_figures(rptrace, path);
	assert_int_equal(figure(&run, "dive", "count"), 2 * 600);
	assert_int_equal(figure(&run, "after", "count"), 2 * 200);
	assert_int_equal(figure(&run, "inner", "count") + figure(&run, "inner", "unwound"),
			 2 * 200);
	live_assert_nothing_lost_but(run.json, "stacks");
}

/* Each by an rptrace of its own, which binds its probes to it: exits have probes from the start. */
static void each_by_its_own(void **state)
{
	static const char *const paths[] = {"one.json", "other.json"};
	struct live_proc *targets[2], *rptraces[2];

	(void)state;
	for (size_t i = 0; i < 2; i++)
		targets[i] = live_target("handlers above return 3 200");
	for (size_t i = 0; i < 2; i++)
		rptraces[i] = live_rptrace_ready("-p %d " HANDLERS " --json -o %s", targets[i]->pid,
						 live_path(paths[i]));
	for (size_t i = 0; i < 2; i++)
		live_finish(targets[i]);
	for (size_t i = 0; i < 2; i++) {
		struct live_run run = {.json = live_figures(rptraces[i], live_path(paths[i]))};

		assert_int_equal(figure(&run, "dive", "count"), 600);
		assert_int_equal(figure(&run, "handle", "count"), 200);
		assert_int_equal(figure(&run, "inner", "count"), 200);
		live_assert_nothing_lost(run.json);
	}
}

/* The regions get RET sites by themselves: only calls before that are not timed. */
static void timed_from_then_on(void **state)
{
	const char *path = live_path("snapshot.json");
	struct live_proc *target = live_target("handlers above return 3 400 pause"), *rptrace;
	json_t *json;

	(void)state;
	rptrace = live_rptrace_ready("-p %d " HANDLERS " --json -o %s", target->pid, path);
	live_release(target);
	live_expect_line(target, "half", 1);
	live_await_idle();
	live_finish(target);
	json = live_figures(rptrace, path);
	assert_true(live_u64(live_region(json, "inner"), "count") >= 200);
	assert_true(live_u64(live_region(json, "handle"), "count") >= 200);
	for (const char *const *name = (const char *const[]){"inner", "handle", NULL}; *name;
	     name++)
		assert_int_equal(live_sum(json, *name, "count") + live_sum(json, *name, "unwound"),
				 400);
	live_assert_nothing_lost_but(json, "stacks");
}

int main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(timed_from_then_on),
		cmocka_unit_test(of_one_file),
		cmocka_unit_test(each_by_its_own),
	};

	return live_main_methods("stacks", cases, LIVE_COUNT(cases), single, LIVE_COUNT(single));
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * A target says the same and ends the same with rptrace and without, whatever it does to its
 * stacks, threads and processes; and what is counted of it is right.
 */
#include <string.h>

#include "methods.h"

#define NO_RETURN (BY_ALL & ~BY_RETURN)
#define CAROUSEL  "-f request -f parse -f reply -f serve -f pick"
#define MANY	  (BY_ALL & ~BY_PERF)

#define UNWIND	  "-f first -f second -f third -f relay"
#define JUMPS	  "-f descend -f around -f tail"
#define STEPS	  "-f inside -f step"
#define NESTED	  "-f outer -f middle -f inner"
#define GO                                                                                         \
	"-f main.descend -f main.yielding -f main.recovering -f main.leaf -f main.failing -f "     \
	"main.ending"
#define PANICS	       "-f panics::first -f panics::second -f panics::third"

#define HUGE_FUNCTIONS 20000
#define HUGE_CALLS     3

/* Every call is there, or in the counter of paths that came faster than room was made for them. */
static void huge_holds(const struct live_run *run)
{
	uint64_t calls = live_u64(json_object_get(run->json, "lost"), "nodes");
	json_t *rows = live_array(run->json, "regions"), *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		assert_true(live_u64(row, "count") <= HUGE_CALLS);
		calls += live_u64(row, "count");
	}
	assert_int_equal(calls, HUGE_FUNCTIONS * HUGE_CALLS);
}

/* Two of which one began first, and which end in that order. */
static void coroutines_hold(const struct live_run *run)
{
	live_assert_expected(run, 2);
	live_assert_rows(run->json);
}

/* Of one region whose calls overlap. */
static void turns_hold(const struct live_run *run)
{
	live_assert_expected(run, 1);
	live_assert_rows(run->json);
}

/*
 * Coroutines that take turns in any order: a call is below the last one on its own stack. Five
 * paths, and what was called before they were noticed. Main's own calls take no other's time.
 */
static void own_paths_hold(const struct live_run *run)
{
	json_t *tree = live_array(run->json, "tree"), *serve = live_find(run->json, "serve");
	uint64_t inside = serve ? live_u64(live_region(run->json, "pick"), "total_ns") : 0;

	live_assert_expected(run, serve ? 5 : 3);
	live_assert_rows(run->json);
	assert_in_range(json_array_size(tree), 3, 30);
	if (serve)
		assert_int_equal(live_u64(serve, "self_ns") + inside, live_u64(serve, "total_ns"));
}

/* A thousand at once, each of which has one call open. */
static void a_thousand_hold(const struct live_run *run)
{
	assert_int_equal(live_u64(live_region(run->json, "request"), "count"),
			 live_expected(run->said, "request"));
	live_assert_rows(run->json);
	/* What they began with was below each other; then all of it went to one path. */
	assert_int_equal(json_array_size(live_array(run->json, "tree")), 1);
}

/* With stacks in one mapping, which is noticed by and by: the first calls are told. */
static void few_paths_hold(const struct live_run *run)
{
	assert_in_range(json_array_size(live_array(run->json, "tree")), 3, 60);
	live_assert_rows(run->json);
}

/* Whose stacks lie in one mapping: the first call of the lower one looks left. The row says so. */
static void first_is_told(const struct live_run *run)
{
	json_t *row = live_region(run->json, "request");
	uint64_t lost = live_u64(json_object_get(run->json, "lost"), "unmatched");

	assert_true(lost <= 1);
	assert_int_equal(live_u64(row, "count") + live_u64(row, "unwound"),
			 live_expected(run->said, "request"));
	assert_int_equal(live_u64(row, "unwound"), lost);
	assert_int_equal(json_is_true(json_object_get(row, "crossed")), lost > 0);
}

/* Many functions were traced, and what came of it adds up. */
static void many_hold(const struct live_run *run)
{
	assert_true(live_u64(json_object_get(run->json, "attach"), "probes") >= 200);
	assert_true(json_array_size(live_array(run->json, "regions")) >= 20);
	live_assert_sound(run->json);
}

static const struct live_case cases[] = {
	/* Return probes are no choice where the unwinder must see the frames. */
	LIVE_CASE("unwind throw 1000", UNWIND, NO_RETURN),
	LIVE_CASE("unwind nested 1000", UNWIND, NO_RETURN),
	LIVE_CASE("unwind exit 100", UNWIND, NO_RETURN),
	LIVE_CASE("unwind cancel 100", UNWIND, NO_RETURN),

	LIVE_CASE("jumps over 5 200", JUMPS, BY_ALL),
	LIVE_CASE("jumps far 20 200", JUMPS, BY_ALL),
	LIVE_CASE("jumps twice 40 50", JUMPS, BY_ALL),
	LIVE_CASE("jumps over 200 20", JUMPS, BY_SITES),
	LIVE_CASE("jumps twice 200 20", JUMPS, BY_SITES),
	LIVE_CASE("jumps fifo 100", "-f work -f tail", NO_RETURN, .holds = coroutines_hold),
	LIVE_CASE("coroutines load 500", "-f request", NO_RETURN, .holds = turns_hold),
	LIVE_CASE("coroutines register 500", "-f request", NO_RETURN, .holds = turns_hold),
	LIVE_CASE("coroutines exchange 500", "-f request", NO_RETURN, .holds = turns_hold),
	LIVE_CASE("coroutines pop 500", "-f request", NO_RETURN, .holds = turns_hold),
	LIVE_CASE("coroutines add 500", "-f request", NO_RETURN, .holds = turns_hold),
	LIVE_CASE("coroutines choose 500", "-f request", NO_RETURN, .holds = turns_hold),
	LIVE_CASE("coroutines leave 500", "-f request", NO_RETURN, .holds = turns_hold),
	LIVE_CASE("sigcoroutines 500", "-f request", NO_RETURN, .holds = turns_hold),
	LIVE_CASE("coroutines load 500 together", "-f request", BY_AUTO | BY_SITES,
		  .lost = "unmatched", .holds = first_is_told),
	LIVE_CASE("carousel 8 200", CAROUSEL, NO_RETURN, .holds = own_paths_hold),
	LIVE_CASE("carousel 50 20 alone", CAROUSEL, NO_RETURN, .holds = own_paths_hold),
	LIVE_CASE("carousel 8 200 together", CAROUSEL, BY_AUTO, .lost = "unmatched",
		  .holds = few_paths_hold),
	LIVE_CASE("carousel 1000 2 alone", "-f request", BY_AUTO, .holds = a_thousand_hold),
	LIVE_CASE("jumps signal 5 200", "-f dive -f handle -f tail", BY_ALL),
	LIVE_CASE("jumps escape 5 200", "-f dive -f handle -f tail", BY_ALL),
	LIVE_CASE("jumps exit 100", "-f end_at -f tail", BY_ALL),
	LIVE_CASE("jumps cancel 100", "-f end_at -f tail", BY_ALL),

	LIVE_CASE("processes vfork 20", STEPS, BY_ALL),
	LIVE_CASE("processes clone 20", STEPS, BY_ALL),
	LIVE_CASE("processes fork 20", STEPS, BY_ALL),
	LIVE_CASE("processes exec 20", STEPS, BY_ALL),
	LIVE_CASE("processes takeover 20", STEPS, BY_ALL),
	LIVE_CASE("processes doomed 20", STEPS, BY_ALL),
	LIVE_CASE("processes seccomp 1000", STEPS, BY_ALL),
	LIVE_CASE("processes ptraced 100", STEPS, BY_ALL),
	LIVE_CASE("debugged", NESTED, BY_ALL),
	LIVE_CASE("dlopener again 100", "-f host_work -f plugin.so:plug_work", BY_ALL),

	LIVE_CASE("functions-static nested 300", NESTED, BY_ALL),
	LIVE_CASE("functions-fixed nested 300", NESTED, BY_ALL),
	LIVE_CASE("functions-hardened nested 300", NESTED, BY_ALL),
	LIVE_CASE("functions-plain nested 300", NESTED, BY_ALL),
	LIVE_CASE("functions-fast nested 300", NESTED, BY_ALL),
	LIVE_CASE("functions-clang nested 300", NESTED, BY_ALL),
	LIVE_CASE("huge 3", "-f part1_*", MANY, .lost = "nodes", .holds = huge_holds),

	LIVE_CASE("rust-panics 1000", PANICS, NO_RETURN),
	LIVE_CASE("go-growth 1 300 5", GO, NO_RETURN),
	LIVE_CASE("go-growth 100 200 5", GO, NO_RETURN),

	LIVE_CASE("/usr/bin/python3.11 %s/work.py",
		  "-f PyObject_* -f PyErr_* -f _PyEval_* -f PyDict_* -f PyLong_* -f PyUnicode_*",
		  MANY, .holds = many_hold),
	LIVE_CASE("/usr/bin/node %s/work.js", "-f v8::internal::Heap::* -f v8::internal::Runtime_*",
		  MANY & ~BY_RETURN, .holds = many_hold),
};

/* ---- seccomp --------------------------------------------------------------------------------- */

/* How rptrace, that can put no filter on to see what it does to return probes, would trace leaf. */
static const char *listed(struct live_proc *target, const char *options)
{
	struct live_proc *rptrace = live_start("%s last-filter %s list -p %d -f leaf %s",
					       live_target_path("processes"), live_program(),
					       target->pid, options);

	assert_int_equal(live_wait(rptrace), 0);
	return rptrace->out;
}

/* Any program may put a filter on later: where return probes are not known to pass it, none. */
static void no_return_probes_past_filters(void **state)
{
	struct live_proc *target = live_target("functions exit 0"), *doctor;
	bool passes;

	(void)state;
	doctor = live_start("%s last-filter %s doctor", live_target_path("processes"),
			    live_program());
	live_wait(doctor);
	passes = strstr(doctor->out, "breakpoints, which seccomp does not see");
	assert_true(passes || strstr(doctor->out, "could not be tried"));
	assert_int_equal(!strstr(listed(target, ""), "ret-sites"), passes);
	assert_null(strstr(listed(target, "--exit return"), "ret-sites"));
}

/* ---- where no method is safe ----------------------------------------------------------------- */

#define GO_TARGET "go-growth 1 5 1"

static void refused_for_go(void **state)
{
	struct live_proc *target, *rptrace;

	(void)state;
	live_need_target(GO_TARGET);
	target = live_target(GO_TARGET);
	rptrace = live_rptrace("-p %d -f main.stopping", target->pid);
	assert_int_equal(live_wait(rptrace), 3);
	assert_non_null(strstr(rptrace->err, "main.stopping cannot be traced: its exits are not "
					     "known: it never returns, and a return probe would "
					     "crash a Go program; --exit return overrides"));
	live_finish(target);
}

static void list_says_why(void **state)
{
	struct live_proc *rptrace;

	(void)state;
	live_need_target(GO_TARGET);
	rptrace = live_rptrace("list -f main.stopping -f main.leaf -- %s",
			       live_target_path(GO_TARGET));
	assert_int_equal(live_wait(rptrace), 0);
	assert_non_null(strstr(rptrace->out, "refused: main.stopping: its exits are not known"));
	assert_non_null(strstr(rptrace->out, "ret-sites"));
}

/* Beside others that can be traced it is left out, and that is said. */
static void refused_beside_others(void **state)
{
	struct live_case c = LIVE_CASE(GO_TARGET, "-f main.stopping -f main.descend", BY_AUTO);
	struct live_run run;

	(void)state;
	run = live_unharmed(&c, &live_methods[0]);
	assert_non_null(strstr(run.rptrace->err, "1 selected, but not traced: main.stopping"));
	assert_int_equal(live_sum(run.json, "main.descend", "count"), 5);
	live_assert_nothing_lost(run.json);
}

static void overridden_for_go(void **state)
{
	struct live_case c = LIVE_CASE(GO_TARGET, "-f main.stopping --exit return", BY_AUTO);
	struct live_run run;

	(void)state;
	run = live_unharmed(&c, &live_methods[0]);
	assert_non_null(strstr(run.rptrace->err, "tracing 1 region at 1 site"));
}

int main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(no_return_probes_past_filters),
		cmocka_unit_test(refused_for_go),
		cmocka_unit_test(list_says_why),
		cmocka_unit_test(refused_beside_others),
		cmocka_unit_test(overridden_for_go),
	};

	return live_main_methods("harmless", cases, LIVE_COUNT(cases), single, LIVE_COUNT(single));
}

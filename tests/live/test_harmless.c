/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * A target says the same and ends the same with rptrace and without, whatever it does to its
 * stacks, threads and processes; and what is counted of it is right.
 */
#include "methods.h"

#define NO_RETURN (BY_ALL & ~BY_RETURN)
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
	LIVE_CASE("jumps twice 40 50", JUMPS, BY_ALL),
	LIVE_CASE("jumps over 200 20", JUMPS, BY_SITES),
	LIVE_CASE("jumps twice 200 20", JUMPS, BY_SITES),
	LIVE_CASE("jumps fifo 100", "-f work -f tail", BY_ALL),
	LIVE_CASE("jumps signal 5 200", "-f dive -f handle -f tail", BY_ALL),
	LIVE_CASE("jumps escape 5 200", "-f dive -f handle -f tail", BY_ALL),
	LIVE_CASE("jumps exit 100", "-f end_at -f tail", BY_ALL),
	LIVE_CASE("jumps cancel 100", "-f end_at -f tail", BY_ALL),

	LIVE_CASE("processes vfork 20", STEPS, BY_ALL),
	LIVE_CASE("processes clone 20", STEPS, BY_ALL),
	LIVE_CASE("processes fork 20", STEPS, BY_ALL),
	LIVE_CASE("processes exec 20", STEPS, BY_ALL),
	LIVE_CASE("processes seccomp 1000", STEPS, BY_ALL),
	LIVE_CASE("processes ptraced 100", STEPS, BY_ALL),

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

int main(void)
{
	return live_main_methods("harmless", cases, LIVE_COUNT(cases), NULL, 0);
}

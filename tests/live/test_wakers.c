// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* --wakers: the time asleep in a region is charged to the region of who ended it. */
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attach/preempt_count.h"
#include "live.h"

#define ROUNDS 500

struct known {
	const char *target, *options;
	const char *sleeper;
	const char *kind, *waker; /* waker NULL: it is no region */
	unsigned least;		  /* sleeps: a timer may expire before the thread is asleep */
	unsigned percent;	  /* of the time: some kernels hide some interrupts */
};

static const struct known mutex = {"mutex", "", "lock_wait", "region", "locked", ROUNDS, 99};
static const struct known queue = {"queue", "", "take", "region", "put", ROUNDS, 99};
static const struct known pipes = {"pipe", "", "read_pipe", "region", "write_pipe", ROUNDS, 99};
static const struct known stranger = {"pipe", "--no-follow", "read_pipe", "untraced",
				      NULL,   ROUNDS,	     99};
static const struct known outside = {"outside", "", "read_pipe", "outside", NULL, ROUNDS, 99};
static const struct known timer = {"timer", "", "nap", "interrupt", NULL, 1, 50};
static const struct known grouped = {"mutex",  "--by thread", "lock_wait", "region",
				     "locked", ROUNDS,	      99};

static json_t *find_waking(json_t *row, const struct known *known)
{
	json_t *waking;
	size_t i;

	json_array_foreach (json_object_get(row, "wakers"), i, waking) {
		json_t *region = json_object_get(waking, "region");

		if (!strcmp(live_str(waking, "kind"), known->kind) &&
		    (known->waker ? !strcmp(json_string_value(region), known->waker)
				  : json_is_null(region)))
			return waking;
	}
	return NULL;
}

/*
 * Of a row that has nothing below it. What is of nobody known was mostly no sleep: an interrupt, or
 * another virtual machine, took the CPU. More than it was blocked is a clock that was read while it
 * was set.
 */
static void assert_woken(json_t *row, const struct known *known)
{
	uint64_t all = live_u64(row, "own_blocked_ns"), blocked = live_u64(row, "blocked_ns"),
		 seen = 0;
	json_t *waking = find_waking(row, known), *any;
	size_t i;

	json_array_foreach (json_object_get(row, "wakers"), i, any)
		if (strcmp(live_str(any, "kind"), "unknown") || live_u64(any, "count"))
			seen += live_u64(any, "blocked_ns");
	assert_non_null(waking);
	/* One that is woken before it has left the CPU did not sleep, whatever its state. */
	assert_true(live_u64(waking, "count") + known->least / 50 >= known->least);
	assert_true(100 * live_u64(waking, "blocked_ns") >= known->percent * seen);
	assert_true(all >= blocked);
	assert_true(10 * all <= 11 * blocked);
}

static void the_waker_is_known(void **state)
{
	const struct known *known = *state;
	char target[64], options[64];
	size_t i, found = 0;
	struct live_run run;
	json_t *row;

	snprintf(target, sizeof(target), "wakers %s %d", known->target, ROUNDS);
	snprintf(options, sizeof(options), "--wakers %s", known->options);
	run = live_trace(LIVE_PID, target, options);
	live_assert_nothing_lost(run.json);
	assert_woken(live_region(run.json, known->sleeper), known);
	json_array_foreach (live_array(run.json, "tree"), i, row)
		if (!strcmp(live_str(row, "name"), known->sleeper)) {
			assert_woken(row, known);
			found++;
		}
	assert_int_equal(found, 1);
}

static void nobody_asked(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "wakers mutex 10", "");

	(void)state;
	assert_null(json_object_get(live_region(run.json, "lock_wait"), "wakers"));
}

/* Of two places where it sleeps the first is told. */
static void past_the_bound(void **state)
{
	struct live_run run = live_trace(LIVE_PID, "wakers two 100", "--wakers --max-wakers 1");

	(void)state;
	live_assert_nothing_lost_but(run.json, "wakers");
	assert_int_equal(live_u64(json_object_get(run.json, "lost"), "wakers"), 50);
	assert_int_equal(
		live_u64(find_waking(live_region(run.json, "read_pipe"), &outside), "count"), 50);
	assert_null(find_waking(live_region(run.json, "read_more"), &outside));
}

/* The first process wants both places that there are, and leaves one for the second. */
static void shares(void **state)
{
	struct live_proc *greedy = live_target("wakers two 100"), *other, *rptrace;
	const char *path = live_path("figures.json");
	char said[96];
	json_t *json;

	(void)state;
	other = live_target("wakers outside 100");
	rptrace = live_rptrace_ready("--wakers --max-wakers 2 --by process -p %d,%d --json -o %s",
				     (int)greedy->pid, (int)other->pid, path);
	live_finish(greedy);
	live_finish(other);
	json = live_figures(rptrace, path);
	assert_int_equal(live_u64(json_object_get(json, "lost"), "wakers"), 50);
	snprintf(said, sizeof(said),
		 "process %d (wakers) has had its share of --max-wakers: ", (int)greedy->pid);
	assert_non_null(strstr(rptrace->err, said));
	assert_int_equal(live_sum_pid(json, "read_pipe", other->pid, "count"), 100);
}

/* ---- where the count of interrupts is -------------------------------------------------------- */

#define QUEUE_AT 4096
#define COUNT_AT 128

/* The types of a kernel that has its run queues and such a variable for each CPU. */
static struct btf *types_of(const char *count, const char *member)
{
	struct btf *btf = btf__new_empty();
	int number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED), queue, variable;

	btf__add_struct(btf, "sched_entity", 8);
	btf__add_field(btf, member, number, 0, 0);
	queue = btf__add_var(btf, "runqueues", BTF_VAR_GLOBAL_ALLOCATED, number);
	variable = btf__add_var(btf, count, BTF_VAR_GLOBAL_ALLOCATED, number);
	btf__add_datasec(btf, ".data..percpu", 8192);
	btf__add_datasec_var_info(btf, variable, COUNT_AT, 4);
	assert_int_equal(btf__add_datasec_var_info(btf, queue, QUEUE_AT, 4), 0);
	return btf;
}

static int find_count(const char *count, const char *member, int64_t *at)
{
	struct btf *btf = types_of(count, member);
	int rc = rp_preempt_count__find(btf, at);

	btf__free(btf);
	return rc;
}

static void interrupts_are_counted_somewhere(void **state)
{
	int64_t at;

	(void)state;
	assert_int_equal(find_count("__preempt_count", "cfs_rq", &at), 0);
#ifdef __x86_64__
	assert_int_equal(at, COUNT_AT - QUEUE_AT);
	assert_int_equal(find_count("pcpu_hot", "cfs_rq", &at), 0);
	assert_int_equal(at, COUNT_AT - QUEUE_AT);
	/* What is not known is not taken to be anywhere. */
	assert_int_equal(find_count("another", "cfs_rq", &at), -ENODATA);
	assert_int_equal(find_count("__preempt_count", "another", &at), -ENODATA);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		live_test(the_waker_is_known, &mutex, "mutex"),
		live_test(the_waker_is_known, &queue, "queue"),
		live_test(the_waker_is_known, &pipes, "pipe"),
		live_test(the_waker_is_known, &stranger, "stranger"),
		live_test(the_waker_is_known, &outside, "outside"),
		live_test(the_waker_is_known, &timer, "timer"),
		live_test(the_waker_is_known, &grouped, "by thread"),
		cmocka_unit_test(nobody_asked),
		cmocka_unit_test(past_the_bound),
		cmocka_unit_test(shares),
		cmocka_unit_test(interrupts_are_counted_somewhere),
	};

	return live_main("wakers", tests, LIVE_COUNT(tests));
}
